"""PyMC's own NUTS, or with "step": "metropolis" in the job its Metropolis, at the defaults."""

from protocol import Job


def main():
    """Draw, on the clock."""
    job = Job()
    import pymc as pm
    from pymc_model import model_of

    job.lap("import")
    with model_of(job):
        step = pm.Metropolis() if job.settings.get("step") == "metropolis" else None
        trace = pm.sample(
            job.n_draws,
            tune=job.n_warmup,
            chains=job.n_chains,
            step=step,
            random_seed=job.seed,
            progressbar=False,
            compute_convergence_checks=False,
        )
    # PyMC says itself how long its chains took; what came before was compiling.
    job.lap("compile")
    job.move(trace.posterior.attrs["sampling_time"], source="compile", to="sampling")
    job.finish(trace.posterior, "pymc", "pytensor")


if __name__ == "__main__":
    main()
