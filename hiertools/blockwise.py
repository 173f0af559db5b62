"""Metropolis within Gibbs: one block of parameters at a time (chapter 8).

Given the population, individuals know nothing of each other. So all of them may be moved at
once and each accepted or refused by itself, where one decision for all would refuse nearly
every move of a useful size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import (
    BoolArray,
    FloatArray,
    broadcast_shapes,
    finite_array,
    parameter_arrays,
    positive_number,
    run_length,
)
from hiertools.data import GroupedData, GroupStatistics, grouped
from hiertools.likelihood import log_likelihood_from_statistics, log_normal, squared_residuals
from hiertools.metropolis import Chain
from hiertools.priors import Hierarchical
from hiertools.rrandom import Rng, as_rng

BEST_RATE = 0.4
"""The acceptance rate at which a random walk in one or two dimensions gets on fastest."""
LINES, POPULATION = Hierarchical.parameter_names[:2], Hierarchical.parameter_names[2:]


def blockwise_metropolis(
    data: GroupedData,
    model: Hierarchical,
    start: Mapping[str, ArrayLike],
    *,
    proposal_sd: float = 0.5,
    n_draws: int,
    n_warmup: int = 0,
    rng: Rng,
) -> Chain:
    r"""Metropolis within Gibbs: one block of parameters at a time, each judged by itself.

    Given the population the individuals are independent. The ratio for the line of individual
    i has its own terms alone, and all n lines are proposed and judged at once:

    .. math::
        \log p_i = \log \mathrm{N}(\alpha_i \mid \mu_\alpha, \sigma_\alpha)
        + \log \mathrm{N}(\beta_i \mid \mu_\beta, \sigma_\beta)
        + \sum_j \log \mathrm{N}(y_{ij} \mid \alpha_i + \beta_i x_{ij}, \sigma) .

    Then the two means and the three standard deviations, one after the other. Each of these
    steps leaves the posterior invariant, and so does their sequence.

    Parameters
    ----------
    data : GroupedData
        Replicated datasets on y's leading axis give each chain data of its own.
    model : Hierarchical
    start : dict
        Every parameter by name, with or without a leading chain axis.
    proposal_sd : float
        Standard deviation of every step where warm-up begins, in the parameter's units.
    n_draws : int
        Number of draws after warm-up, for each chain.
    n_warmup : int
        Number of iterations in which the step of each line, and of each of the other five
        parameters, is moved towards an acceptance rate of 0.4. All chains share their steps.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    Chain
        `accepted` says whether anything moved; whether one parameter did, its draws tell.

    Raises
    ------
    ValueError
        If a parameter is missing, has NaN or the wrong shape, or the start is outside the
        support; if `model` is not hierarchical; if a setting is out of its range.

    References
    ----------
    Metropolis et al. (1953) moved one particle at a time; Gelman et al. (2013), section 11.3;
    chapter 8.

    Examples
    --------
    >>> from hiertools import simulate
    >>> data, _ = simulate(n=20, rng=1)
    >>> model = Hierarchical()
    >>> start = model.sample_prior(data.n, rng=2, n_draws=4)
    >>> chains = blockwise_metropolis(data, model, start, n_draws=300, n_warmup=200, rng=3)
    >>> chains.draws["alpha"].shape
    (4, 300, 20)
    """
    n_draws, n_warmup = run_length(n_draws, n_warmup)
    rng, first_sd = as_rng(rng), positive_number("proposal_sd", proposal_sd)
    params = starting_point(data, model, start)
    step_sd: dict[str, Any] = {"lines": np.full(data.n, first_sd)}
    step_sd |= dict.fromkeys(POPULATION, first_sd)

    record = Record(params, n_draws)
    for t in range(-n_warmup, n_draws):
        params, moved = blockwise_step(data.statistics, model, params, step_sd, rng)
        if t < 0:
            gain = 1.0 / np.sqrt(t + n_warmup + 1.0)
            for block, sd in step_sd.items():
                rate = moved[block].reshape(-1, *np.shape(sd)).mean(axis=0)
                step_sd[block] = sd * np.exp(gain * (rate - BEST_RATE))
        else:
            lines_moved = moved.pop("lines").any(axis=-1)
            record.keep(t, params, np.any([lines_moved, *moved.values()], axis=0))
    return record.chain(data, model)


def blockwise_step(
    statistics: GroupStatistics,
    model: Hierarchical,
    params: dict[str, FloatArray],
    step_sd: Mapping[str, Any],
    rng: Any,
) -> tuple[dict[str, FloatArray], dict[str, BoolArray]]:
    """One sweep: every line by itself, then each parameter of the population.

    Parameters
    ----------
    statistics : GroupStatistics
    model : Hierarchical
    params : dict
        Where the chains stand.
    step_sd : dict
        Standard deviations of the steps: `lines` of shape (n,), the others by parameter name.
    rng : numpy.random.Generator or RRandom

    Returns
    -------
    params : dict
        Where they stand now.
    moved : dict of ndarray of bool
        `lines` of shape (..., n), the others of shape (...) by parameter name.
    """
    z = rng.standard_normal((2, *params["alpha"].shape))
    proposal = params | {k: params[k] + step_sd["lines"] * z[i] for i, k in enumerate(LINES)}
    log_ratio = log_own_terms(statistics, proposal) - log_own_terms(statistics, params)
    moved = {"lines": _accept(log_ratio, rng)}
    params = params | {k: np.where(moved["lines"], proposal[k], params[k]) for k in LINES}

    log_density = _log_density(statistics, model, params)
    for name in POPULATION:
        step = step_sd[name] * rng.standard_normal(log_density.shape)
        proposal = params | {name: params[name] + step}
        log_density_there = _log_density(statistics, model, proposal)
        moved[name] = _accept(log_density_there - log_density, rng)
        params = params | {name: np.where(moved[name], proposal[name], params[name])}
        log_density = np.where(moved[name], log_density_there, log_density)
    return params, moved


def log_own_terms(statistics: GroupStatistics, params: Mapping[str, FloatArray]) -> FloatArray:
    r"""The terms of the log posterior that hold an individual's line, shape (..., n).

    Parameters
    ----------
    statistics : GroupStatistics
    params : dict
        Inside the support.

    Returns
    -------
    ndarray of shape (..., n)
    """
    alpha, beta = params["alpha"], params["beta"]
    mu_alpha, mu_beta, sigma_alpha, sigma_beta, sigma = (
        params[name][..., None] for name in POPULATION
    )
    own_terms: FloatArray = (
        log_normal(alpha, mu_alpha, sigma_alpha)
        + log_normal(beta, mu_beta, sigma_beta)
        - 0.5 * squared_residuals(statistics, alpha, beta) / sigma**2
        - statistics.m * np.log(sigma)
    )
    return own_terms


class Record:
    """The draws of a run, as they come in."""

    def __init__(self, params: dict[str, FloatArray], n_draws: int) -> None:
        self.draws = {name: np.empty((n_draws, *value.shape)) for name, value in params.items()}
        self.moved = np.empty((n_draws, *params["sigma"].shape), dtype=np.bool_)

    def keep(self, t: int, params: Mapping[str, FloatArray], moved: Any) -> None:
        """Store draw t."""
        for name, value in params.items():
            self.draws[name][t] = value
        self.moved[t] = moved

    def chain(self, data: GroupedData, model: Hierarchical) -> Chain:
        """All of them, with the chain axis first."""
        # While the draw axis is first, chains meet data of their own on the axis before the last.
        log_density = _log_density(data.statistics, model, self.draws)
        draw_axis = self.moved.ndim - 1
        draws = {name: np.moveaxis(values, 0, draw_axis) for name, values in self.draws.items()}
        return Chain(
            draws, np.moveaxis(log_density, 0, draw_axis), np.moveaxis(self.moved, 0, draw_axis)
        )


def starting_point(
    data: GroupedData, model: Hierarchical, start: Mapping[str, ArrayLike]
) -> dict[str, FloatArray]:
    """`start` as arrays with a common chain axis or none, or a ValueError.

    Parameters
    ----------
    data : GroupedData
    model : Hierarchical
    start : dict

    Returns
    -------
    dict of ndarray
        Copies, in the order of `model.parameter_names`.
    """
    if not isinstance(model, Hierarchical):
        raise ValueError(
            "model must be Hierarchical(): this sampler is made for partial pooling, got "
            f"{model if isinstance(model, type) else type(model).__name__}; metropolis takes any"
        )
    names, y_axes = model.parameter_names, grouped(data).y.shape[:-1]
    arrays = parameter_arrays(start, names, n=data.n, y_axes=y_axes)
    shapes = {
        name: a.shape[: a.ndim - (name in LINES)] for name, a in zip(names, arrays, strict=True)
    }
    chains = broadcast_shapes({"y": y_axes, **shapes})
    if len(chains) > 1 or 0 in chains:
        raise ValueError(
            "start must have one leading axis, for chains, or none; with the replicates in data "
            f"it has shape {chains}"
        )
    params = {
        name: np.broadcast_to(
            finite_array(f"start[{name!r}]", a), (*chains, data.n) if name in LINES else chains
        ).copy()
        for name, a in zip(names, arrays, strict=True)
    }
    log_density = model.log_posterior(data, params)
    if not (log_density > -np.inf).all():
        raise ValueError(
            f"start is outside the support: the log posterior there is {log_density}; standard "
            "deviations must be above zero and within the prior's bounds"
        )
    return params


def _log_density(
    statistics: GroupStatistics, model: Hierarchical, params: Mapping[str, FloatArray]
) -> FloatArray:
    """The log posterior of parameters that have been checked."""
    alpha, beta, sigma = params["alpha"], params["beta"], params["sigma"]
    log_prior = model._log_prior(*(params[name] for name in model.parameter_names))
    return log_prior + log_likelihood_from_statistics(statistics, alpha, beta, sigma)


def _accept(log_ratio: FloatArray, rng: Any) -> BoolArray:
    """Metropolis' decision, for each entry by itself."""
    accepted: BoolArray = rng.random(log_ratio.shape) < np.exp(np.minimum(log_ratio, 0.0))
    return accepted
