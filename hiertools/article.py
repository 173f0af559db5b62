"""The article's whole run, from its seed to its table (chapter 4)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from hiertools._checks import FloatArray, whole_number
from hiertools.comparison import posterior_mean, rmse
from hiertools.data import GroupedData, simulate
from hiertools.metropolis import Chain, metropolis
from hiertools.priors import Hierarchical, Model, Unpooled
from hiertools.rrandom import Rng, RRandom, as_rng

PROPOSAL_SD_UNPOOLED = 0.125
PROPOSAL_SD_HIERARCHICAL = 0.1


class Replication(NamedTuple):
    """What the article's listing computes."""

    data: GroupedData
    truth: dict[str, FloatArray]
    """The parameters that the data were drawn with, by name."""
    unpooled: Chain
    hierarchical: Chain
    rmse: dict[str, float]
    """RMSE of posterior means: `alpha_unpooled`, `beta_unpooled`, `alpha_hierarchical`,
    `beta_hierarchical`."""


def replicate_article(seed: int = 1, n: int = 75, m: int = 5, n_draws: int = 10_000) -> Replication:
    """Follow the article's listing on R's random stream, step by step.

    Data, a chain of the unpooled model, a chain of the hierarchical model, posterior means
    after a warm-up of a fifth of the draws, RMSE against the truth.

    Parameters
    ----------
    seed : int
        What R's ``set.seed`` takes.
    n, m : int
        Individuals, at least 2, and observations of each, at least 1.
    n_draws : int
        Iterations of each chain, a multiple of 5.

    Returns
    -------
    Replication

    Raises
    ------
    ValueError
        If n is below 2, m below 1 or n_draws not a multiple of 5 (there R's listing fails or
        leaves out a draw), or `seed` is none that R takes.
    KeyboardInterrupt
        If interrupted: half a run would not be the article's.

    References
    ----------
    Bølstad (2018). Acceptance rates and posterior means agree with R 4.2.2 to nine decimals.

    Examples
    --------
    >>> run = replicate_article(n=5, m=3, n_draws=50)
    >>> run.hierarchical.draws["alpha"].shape
    (50, 5)
    """
    n, m = whole_number("n", n, least=2), whole_number("m", m, least=1)
    n_draws = whole_number("n_draws", n_draws, least=5)
    if n_draws % 5:
        raise ValueError(f"n_draws must be a multiple of 5, got {n_draws}; a fifth is warm-up")
    rng = RRandom(seed)
    data, truth = simulate(n, m, rng=rng)
    # One stream serves all: the second chain begins where the first has stopped drawing.
    unpooled = _run(data, Unpooled(), PROPOSAL_SD_UNPOOLED, n_draws, rng)
    hierarchical = _run(data, Hierarchical(), PROPOSAL_SD_HIERARCHICAL, n_draws, rng)
    errors = {
        f"{name}_{model}": float(rmse(estimate[name], truth[name]))
        for model, estimate in (
            ("unpooled", posterior_mean(unpooled.draws, n_draws // 5)),
            ("hierarchical", posterior_mean(hierarchical.draws, n_draws // 5)),
        )
        for name in ("alpha", "beta")
    }
    return Replication(data, truth, unpooled, hierarchical, errors)


def article_start(model: Model, n: int, rng: Rng) -> dict[str, FloatArray]:
    """Starting values as the article draws them: near the truth, which it knows.

    Parameters
    ----------
    model : Unpooled or Hierarchical
    n : int
        Number of individuals.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    dict of ndarray
        The model's parameters in the order of its `parameter_names`.

    Raises
    ------
    ValueError
        If the model is neither of the two, n is below 1 or `rng` is of the wrong kind.

    Examples
    --------
    >>> start = article_start(Unpooled(), 75, RRandom(1))
    >>> start["alpha"].shape
    (75,)
    """
    if not isinstance(model, Unpooled | Hierarchical):
        raise ValueError(f"model must be Unpooled or Hierarchical, got {model!r}")
    n, rng = whole_number("n", n, least=1), as_rng(rng)
    start = {"alpha": rng.normal(2.0, 0.75, n), "beta": rng.normal(-2.0, 0.75, n)}
    if isinstance(model, Hierarchical):
        start |= {"mu_alpha": rng.normal(2.0, 0.25), "mu_beta": rng.normal(-2.0, 0.25)}
        start |= {name: rng.uniform(0.75, 1.25) for name in ("sigma_alpha", "sigma_beta")}
    start["sigma"] = rng.uniform(1.75, 2.25)
    return {name: np.asarray(value) for name, value in start.items()}


def _run(data: GroupedData, model: Model, proposal_sd: float, n_draws: int, rng: RRandom) -> Chain:
    chain = metropolis(
        partial(model.log_posterior, data),
        article_start(model, data.n, rng),
        proposal_sd=proposal_sd,
        n_draws=n_draws,
        rng=rng,
    )
    if chain.log_density.size < n_draws:
        raise KeyboardInterrupt
    return chain
