"""BlackJAX's NUTS after its window adaptation, at the defaults, a device for each chain."""

import os

from protocol import MU_SD, POPULATION, SD_HIGH, Job


def main():
    """Draw, on the clock."""
    job = Job()
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={job.n_chains}"
    import blackjax
    import jax
    import jax.numpy as jnp
    from jax.scipy.stats import norm

    job.lap("import")
    y, x, group = jnp.asarray(job.y), jnp.asarray(job.x), jnp.asarray(job.group)
    names = ("sigma_alpha", "sigma_beta", "sigma")

    def parameters(z):
        p = {f"mu_{name}": z[f"mu_{name}"] for name in ("alpha", "beta")}
        p |= {name: SD_HIGH * jax.nn.sigmoid(z[name]) for name in names}
        lines = {name: p[f"mu_{name}"] + p[f"sigma_{name}"] * z[name] for name in ("alpha", "beta")}
        return p | lines

    def log_density(z):
        p = parameters(z)
        log_p = norm.logpdf(p["mu_alpha"], 0.0, MU_SD) + norm.logpdf(p["mu_beta"], 0.0, MU_SD)
        # The standard deviations are uniform; what is left is the Jacobian of their coordinates.
        log_p += sum(jax.nn.log_sigmoid(z[name]) + jax.nn.log_sigmoid(-z[name]) for name in names)
        log_p += norm.logpdf(z["alpha"]).sum() + norm.logpdf(z["beta"]).sum()
        return log_p + norm.logpdf(y, p["alpha"][group] + p["beta"][group] * x, p["sigma"]).sum()

    def one_chain(key):
        key_start, key_warmup, key_draws = jax.random.split(key, 3)
        sizes = dict.fromkeys(POPULATION, ()) | {"alpha": (job.n,), "beta": (job.n,)}
        keys = jax.random.split(key_start, len(sizes))
        start = {
            name: jax.random.uniform(k, size, minval=-2.0, maxval=2.0)
            for k, (name, size) in zip(keys, sizes.items(), strict=True)
        }
        warmup = blackjax.window_adaptation(blackjax.nuts, log_density)
        (state, tuned), _ = warmup.run(key_warmup, start, num_steps=job.n_warmup)
        step = blackjax.nuts(log_density, **tuned).step

        def one_draw(state, key):
            state, _ = step(key, state)
            return state, parameters(state.position)

        return jax.lax.scan(one_draw, state, jax.random.split(key_draws, job.n_draws))[1]

    keys = jax.random.split(jax.random.key(job.seed), job.n_chains)
    compiled = jax.pmap(one_chain).lower(keys).compile()
    job.lap("compile")
    draws = jax.block_until_ready(compiled(keys))
    job.finish(draws, "blackjax", "jax")


if __name__ == "__main__":
    main()
