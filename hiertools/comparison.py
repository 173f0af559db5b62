"""Estimates beside the truth: their error, and how often an interval holds it (chapter 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray, finite_array, finite_number, whole_number


def rmse(estimate: ArrayLike, truth: ArrayLike) -> FloatArray:
    r"""Root mean squared error over individuals.

    .. math::
        \mathrm{RMSE}(\hat\alpha) = \sqrt{\tfrac1n \sum_{i=1}^n (\hat\alpha_i - \alpha_i)^2}

    Parameters
    ----------
    estimate, truth : array_like of shape (..., n)
        In the same units; leading axes broadcast. A last axis of 1 is one estimate for all.

    Returns
    -------
    ndarray of shape (...)
        In the units of the input.

    Raises
    ------
    ValueError
        If the shapes do not fit, there is nothing to compare, or a value is not finite.

    Examples
    --------
    >>> round(float(rmse([1.0, 3.0], [0.0, 3.0])), 6)
    0.707107
    """
    error = _difference(estimate, truth)
    result: FloatArray = np.sqrt((error**2).mean(axis=-1))
    return result


def posterior_mean(draws: Mapping[str, ArrayLike], warmup: int = 0) -> dict[str, FloatArray]:
    """Mean of the draws of one chain after its warm-up, parameter by parameter.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_draws, ...)
        One chain's draws.
    warmup : int
        How many of the first draws to leave out.

    Returns
    -------
    dict of ndarray, each of shape (...)

    Raises
    ------
    ValueError
        If `draws` is no dict of arrays with a draw axis, `warmup` leaves no draw, or a draw is
        not finite.

    Examples
    --------
    >>> float(posterior_mean({"sigma": [9.0, 2.0, 3.0]}, warmup=1)["sigma"])
    2.5
    """
    return {name: kept.mean(axis=0) for name, kept in _after_warmup(draws, warmup).items()}


def posterior_interval(
    draws: Mapping[str, ArrayLike], prob: float = 0.9, warmup: int = 0
) -> dict[str, FloatArray]:
    """Equal-tailed interval of the draws of one chain, parameter by parameter.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_draws, ...)
        One chain's draws.
    prob : float
        Posterior probability inside, between 0 and 1.
    warmup : int
        How many of the first draws to leave out.

    Returns
    -------
    dict of ndarray, each of shape (..., 2)
        Lower and upper end on the last axis.

    Raises
    ------
    ValueError
        As `posterior_mean`; also if `prob` is not between 0 and 1.

    Examples
    --------
    >>> draws = {"sigma": np.arange(101.0)}
    >>> posterior_interval(draws, prob=0.9)["sigma"].round(6).tolist()
    [5.0, 95.0]
    """
    prob = finite_number("prob", prob)
    if not 0 < prob < 1:
        raise ValueError(f"prob must be between 0 and 1, got {prob}")
    ends = [(1 - prob) / 2, (1 + prob) / 2]
    return {
        name: np.moveaxis(np.quantile(kept, ends, axis=0), 0, -1)
        for name, kept in _after_warmup(draws, warmup).items()
    }


def coverage(interval: ArrayLike, truth: ArrayLike) -> FloatArray:
    """Share of individuals whose interval holds their true value.

    Parameters
    ----------
    interval : array_like of shape (..., n, 2)
        Lower and upper ends. An n of 1 is one interval for all.
    truth : array_like of shape (..., n)

    Returns
    -------
    ndarray of shape (...)
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes do not fit, there is nothing to compare, or a value is not finite.

    Examples
    --------
    >>> float(coverage([[0.0, 1.0], [0.0, 1.0]], [0.5, 2.0]))
    0.5
    """
    interval = finite_array("interval", interval)
    if interval.ndim < 2 or interval.shape[-1] != 2:
        raise ValueError(
            f"interval must have shape (..., n, 2), lower and upper end last, got {interval.shape}"
        )
    lower_is_below = _difference(interval[..., 0], truth) <= 0
    upper_is_above = _difference(interval[..., 1], truth) >= 0
    share: FloatArray = (lower_is_below & upper_is_above).mean(axis=-1)
    return share


class ErrorParts(NamedTuple):
    """Mean squared error over repeated datasets, and the two parts that it is the sum of."""

    bias: FloatArray
    """Mean error of each individual's estimate, shape (n,)."""
    variance: FloatArray
    """Variance of each individual's estimate, shape (n,)."""
    mse: FloatArray
    """Mean squared error of each individual's estimate: bias**2 + variance, shape (n,)."""


def error_parts(estimates: ArrayLike, truth: ArrayLike) -> ErrorParts:
    r"""Split the mean squared error over repeated datasets into bias and variance.

    .. math::
        \mathrm{E}\big[(\hat\alpha_i - \alpha_i)^2\big]
        = \big(\mathrm{E}[\hat\alpha_i] - \alpha_i\big)^2 + \mathrm{Var}(\hat\alpha_i)

    Parameters
    ----------
    estimates : array_like of shape (n_datasets, n)
        Estimates from datasets that share the same truth.
    truth : array_like of shape (n,)

    Returns
    -------
    ErrorParts

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no dataset, or a value is not finite.

    Examples
    --------
    >>> parts = error_parts([[1.0], [3.0]], [0.0])
    >>> float(parts.bias[0]), float(parts.variance[0]), float(parts.mse[0])
    (2.0, 1.0, 5.0)
    """
    error = _difference(estimates, truth)
    if error.ndim != 2 or np.ndim(truth) != 1:
        raise ValueError(
            "estimates must have shape (n_datasets, n) and truth shape (n,), "
            f"got {np.shape(estimates)} and {np.shape(truth)}"
        )
    return ErrorParts(error.mean(axis=0), error.var(axis=0), (error**2).mean(axis=0))


def _difference(estimate: ArrayLike, truth: ArrayLike) -> FloatArray:
    """estimate - truth, with the individuals on the last axis."""
    estimate, truth = finite_array("estimate", estimate), finite_array("truth", truth)
    fits = estimate.ndim > 0 and truth.ndim > 0
    fits = fits and estimate.shape[-1] in (1, truth.shape[-1])
    try:
        difference: FloatArray = estimate - truth
    except ValueError:
        fits = False
    if not fits or difference.size == 0:
        raise ValueError(
            "estimate and truth must have the same individuals on the last axis, "
            f"got shapes {estimate.shape} and {truth.shape}"
        )
    return difference


def _after_warmup(draws: Mapping[str, ArrayLike], warmup: int) -> dict[str, FloatArray]:
    """The draws that are kept, each with its draw axis first."""
    warmup = whole_number("warmup", warmup, least=0)
    if not isinstance(draws, Mapping) or not draws:
        raise ValueError(
            f"draws must be a dict of arrays by parameter name, got {type(draws).__name__}; "
            "of a Chain, take chain.draws"
        )
    kept = {}
    for name, values in draws.items():
        array = finite_array(f"draws[{name!r}]", values)
        if array.ndim == 0 or array.shape[0] <= warmup:
            raise ValueError(
                f"warmup leaves no draw of {name}: draws have shape {array.shape}, warmup is "
                f"{warmup}"
            )
        kept[name] = array[warmup:]
    return kept
