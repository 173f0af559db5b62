"""NumPyro's NUTS at its defaults, the chains side by side."""

from protocol import MU_SD, SD_HIGH, Job


def main():
    """Draw, on the clock."""
    job = Job()
    import jax
    import numpyro
    from jax_clock import CompileClock
    from numpyro import deterministic, plate, sample
    from numpyro.distributions import Normal, Uniform
    from numpyro.infer import MCMC, NUTS

    numpyro.set_host_device_count(job.n_chains)
    job.lap("import")
    compiling = CompileClock()

    def model(x, group, y):
        mu_alpha, mu_beta = (sample(f"mu_{name}", Normal(0.0, MU_SD)) for name in ("alpha", "beta"))
        sigma_alpha = sample("sigma_alpha", Uniform(0.0, SD_HIGH))
        sigma_beta = sample("sigma_beta", Uniform(0.0, SD_HIGH))
        sigma = sample("sigma", Uniform(0.0, SD_HIGH))
        with plate("individuals", job.n):
            z_alpha, z_beta = sample("z_alpha", Normal()), sample("z_beta", Normal())
        alpha = deterministic("alpha", mu_alpha + sigma_alpha * z_alpha)
        beta = deterministic("beta", mu_beta + sigma_beta * z_beta)
        with plate("observations", len(y)):
            sample("y", Normal(alpha[group] + beta[group] * x, sigma), obs=y)

    mcmc = MCMC(
        NUTS(model),
        num_warmup=job.n_warmup,
        num_samples=job.n_draws,
        num_chains=job.n_chains,
        chain_method="parallel",
        progress_bar=False,
    )
    mcmc.run(jax.random.key(job.seed), job.x, job.group, job.y)
    draws = jax.block_until_ready(mcmc.get_samples(group_by_chain=True))
    job.lap("sampling")
    job.move(compiling.seconds, source="sampling", to="compile")
    job.finish(draws, "numpyro", "jax")


if __name__ == "__main__":
    main()
