"""nutpie's NUTS in Rust, on PyMC's model compiled by Numba, at its defaults."""

from protocol import Job


def main():
    """Draw, on the clock."""
    job = Job()
    import nutpie
    from pymc_model import model_of

    job.lap("import")
    compiled = nutpie.compile_pymc_model(model_of(job))
    job.lap("compile")
    trace = nutpie.sample(
        compiled,
        draws=job.n_draws,
        tune=job.n_warmup,
        chains=job.n_chains,
        seed=job.seed,
        progress_bar=False,
    )
    job.finish(trace.posterior, "nutpie", "pymc", "numba")


if __name__ == "__main__":
    main()
