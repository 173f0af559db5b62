"""Checks of averages and intervals that a student made from draws, or otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray
from hiertools.classroom.draws import N_REFERENCE, Answer, answer_key
from hiertools.classroom.numbers import numeric
from hiertools.classroom.verdicts import (
    FEWEST,
    LIMIT,
    Verdict,
    agrees,
    disagrees,
    effective_draws,
    error_variance,
    undecided,
)
from hiertools.data import GroupedData
from hiertools.exact import ExactPosterior
from hiertools.priors import CompletePooling, Hierarchical, Model, Unpooled


def check_estimate(
    value: ArrayLike,
    data: GroupedData,
    model: Model,
    parameter: str,
    *,
    draws: ArrayLike | None = None,
    within: float = 0.1,
) -> Verdict:
    """A posterior mean that a student wrote against the exact one.

    Parameters
    ----------
    value : array_like
        Of the parameter's shape: a number, or (n,) for the lines.
    data : GroupedData
    model : Unpooled, CompletePooling or Hierarchical
    parameter : str
    draws : array_like, optional
        The draws that it was made from: (n_draws, ...) or (n_chains, n_draws, ...). They tell
        the Monte Carlo error.
    within : float
        Without draws: how far off it may be, in posterior standard deviations.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from hiertools import Hierarchical, Unpooled, exact_posterior, simulate
    >>> data, _ = simulate(12, 5, rng=1)
    >>> other = exact_posterior(data, Unpooled()).mean["alpha"]
    >>> check_estimate(other, data, Hierarchical(), "alpha").fault
    'another model'
    """
    answer = answer_key(data, model).posterior
    mean, sd = np.asarray(answer.mean[parameter]), np.asarray(answer.sd[parameter])
    got, problem = numeric(value, mean.shape, f"your estimate of {parameter}")
    if problem or got is None:
        return disagrees(problem, "not a number")
    slack = within * sd
    if draws is not None:
        n_effective = _n_effective(draws, mean.shape)
        if n_effective is None:
            words = f"the draws of {parameter} must have shape (n_draws, ...)"
            return disagrees(f"{words}; yours have {np.shape(draws)}.", "malformed draws")
        if n_effective.min() < FEWEST:
            return undecided(_too_few(parameter, float(n_effective.min())))
        slack = LIMIT * sd * np.sqrt(error_variance(n_effective, float(n_effective.min())))
    if (np.abs(got - mean) <= slack).all():
        return agrees(f"your estimate of {parameter} agrees with the exact posterior mean.")
    for fault, other, words in _other_estimates(answer, data, model, parameter):
        if np.shape(other) == mean.shape and (np.abs(got - other) <= np.minimum(slack, sd)).all():
            return disagrees(f"your estimate of {parameter} {words}", fault)
    k = np.unravel_index(int(np.argmax(np.abs(got - mean) / slack)), mean.shape)
    which = f"[{', '.join(map(str, k))}]" if k else ""
    side = "above" if got[k] > mean[k] else "below"
    return disagrees(
        f"your estimate of {parameter}{which} is {got[k]:.4g}, which is "
        f"{abs(got[k] - mean[k]) / sd[k]:.1f} posterior standard deviations {side} the exact "
        "posterior mean."
    )


def check_interval(
    value: ArrayLike,
    data: GroupedData,
    model: Model,
    parameter: str,
    *,
    prob: float = 0.9,
    draws: ArrayLike | None = None,
    within: float = 0.02,
) -> Verdict:
    """An equal-tailed interval that a student wrote, judged by the probability below each end.

    Parameters
    ----------
    value : array_like
        Shape (2,) for a number, (n, 2) for the lines: lower end, upper end.
    data : GroupedData
    model : Unpooled, CompletePooling or Hierarchical
    parameter : str
    prob : float
        Posterior probability that the interval should hold.
    draws : array_like, optional
        The draws that it was made from; they tell the Monte Carlo error.
    within : float
        Without draws: how far off the probability below an end may be.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from hiertools import Unpooled, exact_posterior, simulate
    >>> data, _ = simulate(3, 6, rng=1)
    >>> posterior = exact_posterior(data, Unpooled())
    >>> check_interval(posterior.interval(0.9)["sigma"], data, Unpooled(), "sigma").outcome
    'agrees'
    >>> check_interval(posterior.interval(0.5)["sigma"], data, Unpooled(), "sigma").fault
    'another probability'
    """
    answer = answer_key(data, model)
    shape = np.shape(answer.posterior.mean[parameter])
    got, problem = numeric(value, (*shape, 2), f"your interval of {parameter}")
    if problem or got is None:
        return disagrees(problem, "not a number")
    if (got[..., 0] >= got[..., 1]).any():
        return disagrees("the lower end comes first, the upper end second.", "ends swapped")
    tail = 0.5 * (1 - prob)
    wanted = np.array([tail, 1 - tail])
    below = _share_below(got, answer, parameter)
    slack = np.full(below.shape, within)
    if draws is not None:
        n_effective = _n_effective(draws, shape)
        if n_effective is None or n_effective.min() < FEWEST:
            least = 0.0 if n_effective is None else float(n_effective.min())
            return undecided(_too_few(parameter, least))
        error = 3 * error_variance(n_effective, float(n_effective.min())) + 1 / N_REFERENCE
        error = np.sqrt(tail * (1 - tail) * error)
        slack = np.broadcast_to(LIMIT * np.asarray(error)[..., None], below.shape)
    if (np.abs(below - wanted) <= slack).all():
        return agrees(f"your interval of {parameter} agrees with the exact posterior.")
    held = float(np.mean(below[..., 1] - below[..., 0]))
    words = f"your interval of {parameter} holds {held:.0%} of the posterior instead of {prob:.0%}"
    for fault, shares, hint in _other_intervals(prob):
        if (np.abs(below - np.array(shares)) <= np.maximum(slack, 0.01)).all():
            return disagrees(f"{words}. {hint}", fault)
    if held < 0.5 * prob:
        hint = "Was a standard error used in place of the posterior's standard deviation?"
        return disagrees(f"{words}. {hint}", "standard error, not sd")
    low, high = (float(v) for v in np.abs(below - wanted).reshape(-1, 2).max(axis=0))
    side = "lower" if low > high else "upper"
    return disagrees(f"{words}; its {side} end is the one further off.")


def _other_estimates(
    answer: ExactPosterior, data: GroupedData, model: Model, parameter: str
) -> Iterator[tuple[str, Any, str]]:
    sd = np.asarray(answer.sd[parameter])
    yield "sd, not mean", sd, "is the posterior's standard deviation; its mean is asked for."
    yield "variance, not mean", sd**2, "is the posterior's variance; its mean is asked for."
    for other in (Unpooled(), CompletePooling(), Hierarchical()):
        if type(other) is not type(model) and parameter in other.parameter_names:
            mean = np.asarray(answer_key(data, other).posterior.mean[parameter])
            if mean.shape == (1,) and sd.ndim == 1:
                mean = np.broadcast_to(mean, sd.shape)
            words = {
                "Unpooled": "is the posterior mean without pooling.",
                "CompletePooling": "is the posterior mean under complete pooling.",
                "Hierarchical": "is the posterior mean under partial pooling.",
            }
            yield "another model", mean, words[type(other).__name__]


def _other_intervals(prob: float) -> Iterator[tuple[str, tuple[float, float], str]]:
    tail = 0.5 * (1 - prob)
    yield (
        "whole tail on each side",
        (1 - prob, prob),
        f"Each tail should hold half of what is left, {tail:.1%}.",
    )
    yield "one-sided", (0.0, prob), "Cut both tails, not only the upper one."
    for other in (0.5, 0.68, 0.8, 0.9, 0.95, 0.99):
        if abs(other - prob) > 0.01:
            shares = (0.5 * (1 - other), 0.5 * (1 + other))
            yield "another probability", shares, f"It looks like an interval of {other:.0%}."


def _share_below(ends: FloatArray, answer: Answer, parameter: str) -> FloatArray:
    """Posterior probability below each end."""
    at = [i for i, name in enumerate(answer.names) if name.split("[")[0] == parameter]
    flat = ends.reshape(len(at), 2)
    shares = [np.searchsorted(answer.draws[:, k], flat[i]) for i, k in enumerate(at)]
    return np.reshape(shares, ends.shape) / N_REFERENCE


def _n_effective(draws: ArrayLike, shape: tuple[int, ...]) -> FloatArray | None:
    """Effective draws of each number, or None where the draws have another shape."""
    array = np.asarray(draws, dtype=np.float64)
    core = array.ndim - len(shape)
    if core not in (1, 2) or array.shape[core:] != shape or not np.isfinite(array).all():
        return None
    array = array if core == 2 else array[None]
    flat = array.reshape(*array.shape[:2], -1)
    return effective_draws(flat).reshape(shape)


def _too_few(parameter: str, n_effective: float) -> str:
    return (
        f"too few effective draws of {parameter} to judge: {n_effective:.0f}, and {FEWEST:.0f} "
        "are needed. Draw longer or tune the proposal."
    )
