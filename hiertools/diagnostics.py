"""How far to trust a chain: R-hat, effective sample size, Monte Carlo error (chapter 6)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hiertools._checks import FloatArray, finite_array, whole_number
from hiertools.metropolis import Chain
from hiertools.summary import Summary

Draws = Mapping[str, ArrayLike] | Chain


def summarize(draws: Draws) -> Summary:
    """Mean and sd of each parameter, and how far the draws can be trusted.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_chains, n_draws, ...), or Chain
        Draws after warm-up. Of one chain, give ``{name: values[None]}``, or its `Chain`; any
        other record with a dict `draws` will do.

    Returns
    -------
    Summary
        A table for the eye, with `.columns` underneath. A parameter whose draws are all equal
        has NaN for its R-hat, effective sample sizes and Monte Carlo error: a chain that never
        moved has measured nothing.

    Raises
    ------
    ValueError
        If `draws` is neither, a chain axis is missing, a draw is NaN or infinite, a chain has
        fewer than 4 draws, or parameters differ in chains or draws.

    References
    ----------
    Vehtari et al. (2021); chapter 6.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> summary = summarize({"mu": rng.normal(size=(4, 1000)), "tau": np.ones((4, 1000))})
    >>> summary
    4 chains, each of 1,000 draws
           mean     sd   MCSE  R-hat  bulk ESS  tail ESS
    mu   -0.010  1.003  0.016  1.002      4039      3404
    tau       1      0    nan    nan       nan       nan
    One chain or more never moved in: tau.
    nan: all draws are equal, or nearly all; there is nothing to measure.
    >>> bool(summary.columns["rhat"][0] < 1.01)
    True
    """
    arrays = _checked(draws)
    n_chains, n_draws = next(iter(arrays.values())).shape[:2]
    names, parts, stuck = [], [], []
    for name, array in arrays.items():
        rows = [name + _index(k) for k in np.ndindex(array.shape[2:])]
        flat = np.moveaxis(array.reshape(n_chains, n_draws, -1), -1, 0)
        still = (flat == flat[:, :, :1]).all(axis=2).any(axis=1)
        names += rows
        stuck += [row for row, never in zip(rows, still, strict=True) if never]
        parts.append(np.array([_numbers(one) for one in flat]))
    columns = ("mean", "sd", "mcse", "rhat", "ess_bulk", "ess_tail")
    numbers = dict(zip(columns, np.concatenate(parts).T, strict=True))
    return Summary({"name": names} | numbers, n_chains, n_draws, tuple(stuck))


def rhat(draws: Draws) -> dict[str, FloatArray]:
    r"""How much the chains differ from each other, next to how much each varies in itself.

    Every chain is cut in halves, so that a drift shows too, also in a single chain. With W the
    mean variance within a half, B the variance of the halves' means, and k draws in each half,

    .. math:: \hat R = \sqrt{\frac{k - 1}{k} + \frac{B}{W}} ,

    computed of the draws' normal scores, and of the normal scores of their distances from the
    median: the larger of the two. Near 1 where chains agree; above 1.01 they have not mixed.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_chains, n_draws, ...), or Chain

    Returns
    -------
    dict of ndarray, each of shape (...)
        About 1 or larger; inf where each half stands still at a place of its own; NaN where all
        draws are equal.

    Raises
    ------
    ValueError
        As `summarize`.

    References
    ----------
    Vehtari et al. (2021); chapter 6.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(4, 1000))
    >>> apart = draws + [[0], [0], [0], [1]]  # the last chain is somewhere else
    >>> {name: float(value.round(2)) for name, value in rhat({"a": draws, "b": apart}).items()}
    {'a': 1.0, 'b': 1.09}
    """
    return _each(_rhat, draws)


def ess_bulk(draws: Draws) -> dict[str, FloatArray]:
    """How many independent draws would tell as much about the middle of the posterior.

    That of the mean of the draws' normal scores, all chains together.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_chains, n_draws, ...), or Chain

    Returns
    -------
    dict of ndarray, each of shape (...)
        NaN where all draws are equal.

    Raises
    ------
    ValueError
        As `summarize`.

    References
    ----------
    Vehtari et al. (2021); computed by arviz-stats; chapter 6.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(4, 1000))
    >>> bool(3500 < ess_bulk({"a": draws})["a"] < 4500)
    True
    """
    return _each(_ess_bulk, draws)


def ess_tail(draws: Draws) -> dict[str, FloatArray]:
    """How many independent draws would tell as much about the tails of the posterior.

    The smaller of two: those of the shares of draws below their 5 % and 95 % quantiles.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_chains, n_draws, ...), or Chain

    Returns
    -------
    dict of ndarray, each of shape (...)
        NaN where all draws are equal, or so many that no draw lies in either tail.

    Raises
    ------
    ValueError
        As `summarize`.

    References
    ----------
    Vehtari et al. (2021); computed by arviz-stats; chapter 6.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(4, 1000))
    >>> bool(3000 < ess_tail({"a": draws})["a"] < 5000)
    True
    """
    return _each(_ess_tail, draws)


def mcse_mean(draws: Draws) -> dict[str, FloatArray]:
    r"""Monte Carlo standard error: how far the draws' mean is from the posterior's, typically.

    .. math:: \mathrm{MCSE} = \frac{\mathrm{sd}}{\sqrt{\mathrm{ESS}}}

    with the effective sample size of the mean.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_chains, n_draws, ...), or Chain

    Returns
    -------
    dict of ndarray, each of shape (...)
        In the parameter's units; NaN where all draws are equal.

    Raises
    ------
    ValueError
        As `summarize`.

    References
    ----------
    Vehtari et al. (2021); computed by arviz-stats; chapter 6.

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(size=(4, 1000))
    >>> round(float(mcse_mean({"a": draws})["a"]), 3)  # 1 / sqrt(4000) = 0.016
    0.016
    """
    return _each(_mcse_mean, draws)


def autocorrelation(x: ArrayLike, n_lags: int) -> FloatArray:
    r"""Correlation of the draws with those a number of iterations before.

    .. math:: \rho_t = \frac{\sum_s (x_s - \bar x)(x_{s+t} - \bar x)}{\sum_s (x_s - \bar x)^2}

    Parameters
    ----------
    x : array_like of shape (..., n_draws)
        One parameter, one chain or several; each is centred at its own mean.
    n_lags : int
        The largest lag, below n_draws.

    Returns
    -------
    ndarray of shape (..., n_lags + 1)
        Lag 0, where it is 1, comes first. NaN for a chain that never moved.

    Raises
    ------
    ValueError
        If x has no draws, NaN or infinity, or `n_lags` is not between 0 and n_draws - 1.

    Examples
    --------
    >>> autocorrelation([1.0, 2.0, 3.0, 4.0], n_lags=2).round(3).tolist()
    [1.0, 0.25, -0.3]
    """
    x, n_lags = finite_array("x", x), whole_number("n_lags", n_lags, least=0)
    n_draws = x.shape[-1] if x.ndim else 0
    if x.size == 0 or n_lags >= n_draws:
        raise ValueError(
            f"n_lags must be below the number of draws, got n_lags {n_lags} and x of shape "
            f"{x.shape}, draws on its last axis"
        )
    x = x - x[..., :1]  # a chain that never moved is now exactly zero
    width = np.abs(x).max(axis=-1, keepdims=True)
    x = x / np.where(width > 0, width, 1.0)
    x = x - x.mean(axis=-1, keepdims=True)
    # As many zeros as draws keep the end of the chain from meeting its beginning.
    power = np.abs(np.fft.rfft(x, 2 * n_draws)) ** 2
    covariance = np.fft.irfft(power, 2 * n_draws)[..., : n_lags + 1]
    with np.errstate(invalid="ignore"):
        rho: FloatArray = covariance / covariance[..., :1]
    return rho


def rank_counts(x: ArrayLike, n_bins: int = 20) -> NDArray[np.int64]:
    """How many draws of each chain have low, middling and high ranks among all draws.

    Where chains have mixed, each has about the same number in every bin.

    Parameters
    ----------
    x : array_like of shape (n_chains, n_draws)
        One parameter. Draws that are equal share their mean rank.
    n_bins : int
        Into how many bins, equally wide, the ranks 1 to n_chains * n_draws are sorted.

    Returns
    -------
    ndarray of int, shape (n_chains, n_bins)

    Raises
    ------
    ValueError
        If x is of another shape, or has NaN or infinity, or `n_bins` is below 1.

    References
    ----------
    Vehtari et al. (2021); chapter 6.

    Examples
    --------
    >>> rank_counts([[1.0, 2.0, 3.0, 8.0], [4.0, 5.0, 6.0, 7.0]], n_bins=2).tolist()
    [[3, 1], [1, 3]]
    """
    from scipy.stats import rankdata

    x, n_bins = finite_array("x", x), whole_number("n_bins", n_bins, least=1)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"x must have shape (n_chains, n_draws), got {x.shape}")
    ranks = rankdata(x, axis=None).reshape(x.shape)
    bins = np.minimum((n_bins * (ranks - 0.5) / x.size).astype(np.int64), n_bins - 1)
    return np.array([np.bincount(row, minlength=n_bins) for row in bins])


def to_arviz(draws: Draws) -> Any:
    """What ArviZ reads: a DataTree with a posterior, its dimensions named.

    Parameters
    ----------
    draws : dict of array_like, each of shape (n_chains, n_draws, ...), or Chain

    Returns
    -------
    xarray.DataTree
        Group `posterior` with dimensions chain and draw first; of a Chain also a group
        `sample_stats` with `lp`, the log density, and `accepted`.

    Raises
    ------
    ValueError
        As `summarize`.
    ImportError
        If arviz-base is not installed.

    Examples
    --------
    >>> tree = to_arviz({"mu": np.zeros((4, 100)), "alpha": np.zeros((4, 100, 3))})
    >>> tree["posterior"]["alpha"].dims
    ('chain', 'draw', 'alpha_dim_0')
    """
    groups: dict[str, dict[str, Any]] = {"posterior": dict(_checked(draws))}
    try:
        import arviz_base
    except ImportError:
        raise ImportError(
            "to_arviz needs arviz-base: pip install arviz-base, or all of ArviZ"
        ) from None
    fields = {"lp": "log_density", "accepted": "accepted"}
    stats: dict[str, Any] = {name: getattr(draws, field, None) for name, field in fields.items()}
    if all(values is not None for values in stats.values()):
        groups["sample_stats"] = {name: np.atleast_2d(v) for name, v in stats.items()}
    return arviz_base.from_dict(groups)


def _each(measure: Callable[[FloatArray], float], draws: Draws) -> dict[str, FloatArray]:
    """One measure of every number that was sampled, by parameter."""
    result = {}
    for name, array in _checked(draws).items():
        shape = array.shape[2:]
        values = [measure(array[(slice(None), slice(None), *k)]) for k in np.ndindex(shape)]
        result[name] = np.array(values, dtype=np.float64).reshape(shape)
    return result


def _numbers(x: FloatArray) -> tuple[float, ...]:
    """A row of numbers from draws of shape (n_chains, n_draws)."""
    unit, first, width = _to_unit(x)
    mean, sd = first + width * unit.mean(), width * unit.std(ddof=1)
    return mean, sd, _mcse_mean(x), _rhat(x), _ess_bulk(x), _ess_tail(x)


def _rhat(x: FloatArray) -> float:
    halves = _halves(x)
    distance = np.abs(halves - np.median(halves))
    return float(np.fmax(_rhat_of(_normal_scores(halves)), _rhat_of(_normal_scores(distance))))


def _rhat_of(z: FloatArray) -> float:
    """R-hat of chains of shape (n_chains, n_draws), as in the docstring of `rhat`."""
    k = z.shape[1]
    within = (z - z[:, :1]).var(axis=1, ddof=1).mean()  # exactly zero where nothing moves
    between = z.mean(axis=1).var(ddof=1) if np.ptp(z) > 0 else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sqrt((k - 1) / k + np.divide(between, within)))


def _ess_bulk(x: FloatArray) -> float:
    return _ess(x, "bulk")


def _ess_tail(x: FloatArray) -> float:
    low, high = (_ess(x <= np.quantile(x, share), "mean") for share in (0.05, 0.95))
    return float(np.fmin(low, high))


def _mcse_mean(x: FloatArray) -> float:
    unit, _, width = _to_unit(x)
    return float(width * unit.std(ddof=1) / np.sqrt(_ess(unit, "mean")))


def _ess(x: NDArray[Any], method: str) -> float:
    """Effective sample size by arviz-stats; NaN of what never varies, where it says n."""
    from arviz_stats.base import array_stats

    # Ranks know no scale. Of other draws, here of range one, it takes less than that for no motion.
    least = 1e-15 if method == "mean" else 0.0
    if np.ptp(_halves(x).astype(np.float64)) <= least:
        return math.nan
    return float(array_stats.ess(x, chain_axis=0, draw_axis=1, method=method))


def _to_unit(x: FloatArray) -> tuple[FloatArray, float, float]:
    """Draws moved and scaled to a range of one, so that no scale is too small or too large."""
    first, width = float(x.flat[0]), float(np.ptp(x))
    return (x - first) / (width or 1.0), first, width


def _halves(x: NDArray[Any]) -> NDArray[Any]:
    """Each chain cut in two; of an odd number of draws the middle one is left out."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, -half:]])


def _normal_scores(x: FloatArray) -> FloatArray:
    """What draws of a normal distribution with the same ranks would be, about."""
    from scipy.stats import rankdata

    ranks = rankdata(x, axis=None).reshape(x.shape)
    scores: FloatArray = scipy.special.ndtri((ranks - 3 / 8) / (x.size + 1 / 4))
    return scores


def _checked(draws: Draws) -> dict[str, FloatArray]:
    """Draws by parameter, each of shape (n_chains, n_draws, ...), the first two the same."""
    held = getattr(draws, "draws", None)
    if isinstance(held, Mapping):  # a record of a sampler knows how many chains it holds
        log_density: Any = getattr(draws, "log_density", None)
        one = np.ndim(log_density) == 1
        draws = {name: np.asarray(v)[None] if one else v for name, v in held.items()}
    if not isinstance(draws, Mapping) or not draws:
        raise ValueError(
            "draws must be a dict of arrays (n_chains, n_draws, ...) by parameter name, or a "
            f"Chain, got {'an empty dict' if isinstance(draws, Mapping) else type(draws).__name__}"
        )
    arrays = {str(name): finite_array(f"draws[{name!r}]", v) for name, v in draws.items()}
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    one_chain = "of one chain give {name: values[None] for name, values in draws.items()}"
    if any(array.ndim < 2 or array.size == 0 for array in arrays.values()):
        raise ValueError(
            f"draws must have a chain axis and a draw axis, (n_chains, n_draws, ...); {one_chain}; "
            f"got {shapes}"
        )
    leading = {array.shape[:2] for array in arrays.values()}
    if len(leading) > 1:
        raise ValueError(
            "draws must have the same chains and draws for every parameter, (n_chains, n_draws, "
            f"...); got {shapes}"
        )
    n_chains, n_draws = leading.pop()
    if n_chains > n_draws:
        raise ValueError(
            f"draws have {n_chains} chains of {n_draws} draws, more chains than draws; the chain "
            f"axis comes first, and {one_chain}; got {shapes}"
        )
    if n_draws < 4:
        raise ValueError(f"draws must have at least 4 draws in each chain, got {shapes}")
    return arrays


def _index(k: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, k))}]" if k else ""
