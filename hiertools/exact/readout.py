"""What is read off a rule's nodes: shares, quantiles, independent draws (chapter 7)."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import scipy
from numpy.polynomial import legendre
from numpy.typing import NDArray

from hiertools._checks import FloatArray
from hiertools.exact.quadrature import gauss_legendre


def share_below(mass: FloatArray, height: FloatArray, rate: FloatArray) -> tuple[float, float]:
    r"""How much mass lies where `height` is below zero, and how fast that share grows.

    Along each line mass and height are polynomials of :math:`\xi \in (-1, 1)`, known at
    Gauss-Legendre nodes; the height rises or falls through zero at most once. The root of the
    one is the limit of the integral of the other.

    Parameters
    ----------
    mass : ndarray of shape (n_lines, order)
        Density at the nodes times Gauss-Legendre weight.
    height : ndarray of shape (n_lines, order)
    rate : ndarray of shape (n_lines, order)
        How fast the height falls as the level in question rises.

    Returns
    -------
    share, density : float
        The mass below the level, and its derivative with respect to the level.
    """
    _, weights, to_series = gauss_legendre(mass.shape[1])
    curve = to_series @ height.T
    ends = legendre.legval(np.array([-1.0, 1.0]), curve)
    cross = (ends[:, 0] < 0) != (ends[:, 1] < 0)
    share = float(mass[~cross & (height[:, 0] < 0)].sum())
    if not cross.any():
        return share, 0.0
    curve, ends, mass = curve[:, cross], ends[cross], mass[cross]
    root = line_roots(curve, ends)
    series = to_series @ (mass / weights).T
    left = legendre.legval(root, legendre.legint(series, lbnd=-1.0), tensor=False)
    below = np.where(ends[:, 1] > ends[:, 0], left, mass.sum(axis=1) - left)
    slope = np.abs(legendre.legval(root, legendre.legder(curve), tensor=False))
    pace = legendre.legval(root, to_series @ rate[cross].T, tensor=False) / slope
    density = legendre.legval(root, series, tensor=False) * pace
    return share + float(below.sum()), float(density.sum())


def line_roots(curve: FloatArray, ends: FloatArray) -> FloatArray:
    """Where Legendre series (order, n_lines) that change sign over (-1, 1) are zero.

    Newton's method inside a bracket; lines that have arrived are left alone.
    """
    slope = legendre.legder(curve)
    low, high = np.full(curve.shape[1], -1.0), np.ones(curve.shape[1])
    root = low + 2.0 * ends[:, 0] / (ends[:, 0] - ends[:, 1])
    left = np.arange(root.size)
    for _ in range(60):
        x = root[left]
        value = legendre.legval(x, curve[:, left], tensor=False)
        before = (value < 0) == (ends[left, 0] < 0)
        low[left], high[left] = np.where(before, x, low[left]), np.where(before, high[left], x)
        with np.errstate(all="ignore"):
            step = x - value / legendre.legval(x, slope[:, left], tensor=False)
        middle = 0.5 * (low[left] + high[left])
        root[left] = np.where((step > low[left]) & (step < high[left]), step, middle)
        left = left[np.abs(root[left] - x) > 1e-11]
        if left.size == 0:
            break
    return root


def mixture_quantile(
    weights: FloatArray, means: FloatArray, sds: FloatArray, prob: float
) -> FloatArray:
    r"""Quantiles of mixtures of normals: the root of a sum of normal distribution functions.

    .. math:: \sum_k w_k \Phi\big((q - \mu_k) / \sigma_k\big) = p

    Parameters
    ----------
    weights : ndarray of shape (n_parts,)
        They add up to one.
    means, sds : ndarray of shape (n_parts, n)
    prob : float

    Returns
    -------
    ndarray of shape (n,)
    """
    # A mixture's quantile lies between the least and the greatest quantile of its parts.
    parts = means + scipy.special.ndtri(prob) * sds
    low, high = parts.min(axis=0), parts.max(axis=0)
    x: FloatArray = weights @ parts
    for _ in range(100):
        z = (x - means) / sds
        excess = weights @ scipy.special.ndtr(z) - prob
        low, high = np.where(excess < 0, x, low), np.where(excess > 0, x, high)
        density = weights @ (np.exp(-0.5 * z * z) / sds) / np.sqrt(2.0 * np.pi)
        with np.errstate(all="ignore"):
            step = x - excess / density
        step = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        moved = np.abs(step - x)
        x = step
        if (moved <= 1e-10 * (np.abs(x) + sds[0])).all():
            break
    return x


def monotone_roots(
    function: Callable[[FloatArray], FloatArray],
    level: float,
    low: FloatArray,
    high: FloatArray,
) -> FloatArray:
    """Where functions that rise from below a level at `low` to above it at `high` reach it.

    False position, with the value at an end that stays put halved (the Illinois rule).

    Parameters
    ----------
    function : callable
        (n,) -> (n,), each entry a function of its own.
    level : float
    low, high : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,)
    """
    low, high = low.copy(), high.copy()
    f_low, f_high = function(low) - level, function(high) - level
    width, was_below = high - low, np.zeros(len(low), dtype=np.int64)
    for _ in range(100):
        with np.errstate(all="ignore"):
            x = high - f_high * (high - low) / (f_high - f_low)
        x = np.where((x > low) & (x < high), x, 0.5 * (low + high))
        f = function(x) - level
        below = np.where(f < 0, 1, -1)
        f_high = np.where(f < 0, np.where(was_below == 1, 0.5, 1.0) * f_high, f)
        f_low = np.where(f < 0, f, np.where(was_below == -1, 0.5, 1.0) * f_low)
        moved = np.minimum(x - low, high - x)
        low, high = np.where(f < 0, x, low), np.where(f < 0, high, x)
        was_below = below
        if ((moved < 1e-11 * width) | (np.abs(f) < 1e-12)).all():
            break
    return x


def draw_points(
    log_height: FloatArray,
    records: Callable[[NDArray[np.int64], FloatArray], FloatArray],
    n_draws: int,
    rng: Any,
    slack: float = 0.3,
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Independent draws from a density that is known at the nodes of panels, by rejection.

    Every node owns a little box, as wide as its Gauss-Legendre weights. A node is proposed by
    the volume of its box times a bound on the density there, then a point anywhere in the box,
    and the point is kept as often as the true density at the point asks for.

    Parameters
    ----------
    log_height : ndarray of shape (n_panels, order_1, ..., order_d)
        Log density at the nodes, over the unit in which every panel is (-1, 1)^d.
    records : callable
        (panel (M,), xi (M, d)) -> (M, k): the same log density at any point, and whatever else
        is known of the point by then.
    n_draws : int
    rng : numpy.random.Generator or RRandom
    slack : float
        By how much the log density in a box may rise above its node and its sides.

    Returns
    -------
    panel : ndarray of int, shape (n_draws,)
    xi : ndarray of shape (n_draws, d)
    recorded : ndarray of shape (n_draws, k)
    """
    shape, top = log_height.shape, log_height.max()
    weights = [gauss_legendre(order)[1] for order in shape[1:]]
    volume = reduce(np.multiply.outer, weights)
    bound = log_height - top
    for axis in range(1, len(shape)):
        bound = _up_to_the_sides(bound, axis)
    bound = bound + slack
    cumulative = np.cumsum(np.exp(bound) * volume)
    kept_share = (np.exp(log_height - top) * volume).sum() / cumulative[-1]
    kept: list[tuple[NDArray[np.int64], FloatArray, FloatArray]] = []
    missing = n_draws
    while missing > 0:
        size = int(1.05 * missing / max(kept_share, 0.1)) + 16
        flat = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
        node = np.unravel_index(np.minimum(flat, cumulative.size - 1), shape)
        left = [(np.cumsum(w) - w)[i] for w, i in zip(weights, node[1:], strict=True)]
        wide = [w[i] for w, i in zip(weights, node[1:], strict=True)]
        xi = np.stack(left, axis=1) - 1.0 + np.stack(wide, axis=1) * rng.random((size, len(left)))
        recorded = records(node[0], xi)
        log_ratio = recorded[:, 0] - top - bound[node]
        if log_ratio.max() > 0.0:  # it was no bound: begin anew with a higher one
            return draw_points(log_height, records, n_draws, rng, slack + 2.0 * log_ratio.max())
        keep = np.flatnonzero(np.log(rng.random(size)) < log_ratio)[:missing]
        kept.append((node[0][keep], xi[keep], recorded[keep]))
        missing -= keep.size
    panel, xi, recorded = (np.concatenate(part) for part in zip(*kept, strict=True))
    return panel, xi, recorded


def _up_to_the_sides(log_height: FloatArray, axis: int) -> FloatArray:
    """The greatest of each node's value and those at its box's two sides along an axis.

    A side is about half-way to the next node, and so is the log density there.
    """
    values = np.moveaxis(log_height, axis, 0)
    greatest, at_side = values.copy(), 0.5 * (values[1:] + values[:-1])
    greatest[1:] = np.maximum(greatest[1:], at_side)
    greatest[:-1] = np.maximum(greatest[:-1], at_side)
    return np.moveaxis(greatest, 0, axis)
