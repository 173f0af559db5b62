"""Our samplers, under the same protocol as the peers: draws without a chain, and six chains.

Chains start at draws from the prior, all four side by side in one process. The plain Metropolis
sampler is the article's: its proposal sd, and its start close to the truth.
"""

import importlib
from functools import partial

import numpy as np
from protocol import Job


def draw(job, name, data, rng):
    """The draws of one sampler, each of shape (n_chains, n_draws, ...)."""
    import hiertools as ht
    from hiertools.article import PROPOSAL_SD_HIERARCHICAL

    model = ht.Hierarchical()
    chains = (job.n_chains, job.n_draws)
    if name == "exact":
        draws = ht.exact_posterior(data, model).sample(chains[0] * chains[1], rng)
        return {key: values.reshape(*chains, *values.shape[1:]) for key, values in draws.items()}

    log_posterior = partial(model.log_posterior, data)
    if name == "metropolis":
        starts = [ht.article_start(model, data.n, rng) for _ in range(job.n_chains)]
        start = {key: np.stack([one[key] for one in starts]) for key in starts[0]}
        n_iterations = job.n_warmup + job.n_draws
        how = {"proposal_sd": PROPOSAL_SD_HIERARCHICAL, "n_draws": n_iterations, "rng": rng}
        chain = ht.metropolis(log_posterior, start, **how)
        return {key: values[:, job.n_warmup :] for key, values in chain.draws.items()}

    start = model.sample_prior(data.n, rng, n_draws=job.n_chains)
    how = {"n_draws": job.n_draws, "n_warmup": job.n_warmup, "rng": rng}
    if name == "tuned":
        return ht.tuned_metropolis(log_posterior, start, **how).draws
    if name == "gibbs":
        return ht.gibbs(data, model, start, **how).draws
    if name == "blockwise":
        return ht.blockwise_metropolis(data, model, start, **how).draws
    target = ht.noncentred(data, model)
    if name == "hmc":
        return ht.hmc(target, start, n_leapfrog=8 if job.n < 500 else 24, **how).draws
    return ht.nuts(target, start, **how).draws


def main():
    """Draw, on the clock."""
    job = Job()
    sampler = job.settings["sampler"]
    import hiertools

    if sampler != "exact":
        importlib.import_module("scipy.special")  # else loaded at its first use, while sampling
    job.lap("import")
    data = hiertools.GroupedData(y=job.y, x=job.x, group=job.group)
    rng = np.random.default_rng(job.seed)
    job.finish(draw(job, sampler, data, rng), "hiertools", "numpy", "scipy")


if __name__ == "__main__":
    main()
