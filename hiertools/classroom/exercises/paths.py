"""What Hamiltonian paths of four lengths are worth on the article's posterior (chapter 8)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hiertools._checks import FloatArray
from hiertools.better_samplers.hamiltonian import hmc
from hiertools.better_samplers.parametrisation import noncentred
from hiertools.classroom.exercises.article import article_data
from hiertools.diagnostics import ess_bulk
from hiertools.exact import exact_posterior
from hiertools.priors import Hierarchical

LENGTHS, N_STEPS, N_CHAINS, STEP_SIZE = np.array([1, 2, 8, 32]), 800, 8, 0.2
"""Steps of a path; steps in all of each chain; chains; size of a step."""
ERROR_OF_RATE = 0.15
"""Standard deviation of the log of a rate: at most this for each length, in 1,200 runs."""
N_KEY = 3
"""Runs that the key is the mean of."""


@lru_cache
def rates_by_length() -> FloatArray:
    """Bulk ESS of a typical intercept for 1,000 gradients, by length of path: runs of our own.

    Of every third intercept, which saves time and changes the median by a few hundredths.

    Returns
    -------
    ndarray of shape (4,)
    """
    data, model = article_data()[0], Hierarchical()
    target = noncentred(data, model)
    draws = exact_posterior(data, model).sample(3000, rng=8)
    scale = target.from_params(draws).std(axis=0)
    start = {name: values[: N_CHAINS * N_KEY] for name, values in draws.items()}
    found = []
    for n in LENGTHS:
        settings = {"n_leapfrog": n, "n_draws": N_STEPS // n, "n_warmup": 0}
        run = hmc(target, start, step_size=STEP_SIZE, scale=scale, rng=8, **settings)
        alpha = run.draws["alpha"][..., ::3]
        groups = alpha.reshape(N_KEY, N_CHAINS, *alpha.shape[1:])
        ess = np.array([ess_bulk({"alpha": group})["alpha"] for group in groups])
        found.append(np.median(ess, axis=1).mean())
    rates: FloatArray = np.array(found) * 1000 / (N_CHAINS * N_STEPS)
    return rates
