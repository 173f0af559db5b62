"""Integrals by Gauss and Legendre: panels that halve themselves until they are right (chapter 7).

A density in one or two coordinates is integrated over a box in three steps: `zoom` finds the
part of the box where there is any of it, `refine` halves that part until a polynomial follows
the density in every panel, and Gauss-Legendre weights do the sum. `exact` uses them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from hiertools._checks import FloatArray

NEGLIGIBLE = 34.0
"""Log densities this far below the top are left out: exp(-34) is 2e-15."""

MAX_HALVINGS = 60

Records = Callable[[NDArray[np.int64], FloatArray], FloatArray]
"""(which box (M,), points (M, d)) -> (M, k); the first of the k columns is the log density."""


class Panels(NamedTuple):
    """Boxes, and what is known at the Gauss-Legendre nodes of each."""

    piece: NDArray[np.int64]
    """Which of the boxes that the search began with, shape (n_panels,)."""
    lower: FloatArray
    upper: FloatArray
    """Corners, shape (n_panels, d)."""
    records: FloatArray
    """Log density first, then whatever else was computed, shape (n_panels, p, ..., p, k)."""


@lru_cache(maxsize=32)
def gauss_legendre(order: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Nodes and weights on (-1, 1), and the matrix from values at the nodes to a polynomial.

    The coefficient of the Legendre polynomial :math:`P_k` is
    :math:`\frac{2k + 1}{2} \sum_j w_j P_k(\xi_j) f(\xi_j)`.
    """
    nodes, weights = legendre.leggauss(order)
    to_series = (np.arange(order) + 0.5)[:, None] * legendre.legvander(nodes, order - 1).T * weights
    return nodes, weights, to_series


def panel_points(lower: FloatArray, upper: FloatArray, order: int) -> FloatArray:
    """The nodes of panels (n_panels, d), shape (n_panels, order, ..., order, d)."""
    nodes = gauss_legendre(order)[0]
    n_panels, d = lower.shape
    grid = np.stack(np.meshgrid(*[nodes] * d, indexing="ij"), axis=-1)
    wide = (n_panels, *[1] * d, d)
    half = (0.5 * (upper - lower)).reshape(wide)
    return (0.5 * (upper + lower)).reshape(wide) + half * grid


def zoom(
    records: Records,
    lower: FloatArray,
    upper: FloatArray,
    *,
    separate: bool = False,
    grid: int = 9,
) -> tuple[FloatArray, FloatArray]:
    """Shrink boxes to where the density is; a box without any of it comes back empty.

    Every round lays a grid over each box and keeps the part around the points that are not
    negligible beside the best point of all; it stops when hardly anything is cut off.

    Parameters
    ----------
    records : callable
        See `Records`.
    lower, upper : ndarray of shape (n_boxes, d)
    separate : bool
        Whether each box holds a density of its own, rather than a part of one density.
    grid : int
        Points along each axis.

    Returns
    -------
    lower, upper : ndarray of shape (n_boxes, d)
    """
    n_boxes, d = lower.shape
    fractions = (np.arange(grid) + 0.5) / grid
    cells = np.stack(np.meshgrid(*[fractions] * d, indexing="ij"), axis=-1).reshape(-1, d)
    lower, upper = lower.copy(), upper.copy()
    active = np.arange(n_boxes)
    best = np.full(n_boxes, -np.inf)
    while active.size:
        width = upper[active] - lower[active]
        points = lower[active, None] + width[:, None] * cells
        piece = np.repeat(active, len(cells))
        log_f = records(piece, points.reshape(-1, d))[:, 0].reshape(len(active), -1)
        highest = log_f.max(axis=1)
        best[active] = np.maximum(best[active], highest)
        # The bar is the highest point of the box's own grid, not one that an earlier grid hit by
        # luck: so a box is only given up once it has been looked at closely, and never emptied.
        near = log_f >= highest[:, None] - NEGLIGIBLE
        first = np.where(near[..., None], cells, 1.0).min(axis=1) - 1.0 / grid
        last = np.where(near[..., None], cells, 0.0).max(axis=1) + 1.0 / grid
        lower[active] += np.maximum(first, 0.0) * width
        upper[active] -= np.maximum(1.0 - last, 0.0) * width
        shrunk = ((upper[active] - lower[active]) < 0.7 * width).any(axis=1)
        active = active[shrunk]
    if not separate:
        empty = best < best.max() - NEGLIGIBLE
        upper[empty] = lower[empty]
    return lower, upper


def refine(
    records: Records,
    lower: FloatArray,
    upper: FloatArray,
    *,
    separate: bool = False,
    order: int = 12,
    tolerance: float = 1e-3,
    n_watched: int = 1,
) -> Panels:
    """Halve panels until a polynomial follows the density in each.

    In every panel the density is written as a sum of Legendre polynomials. Where the last
    coefficients along an axis are not small beside the whole integral, the panel is cut in two
    across that axis.

    Parameters
    ----------
    records : callable
        See `Records`.
    lower, upper : ndarray of shape (n_boxes, d)
        Boxes of no volume are skipped.
    separate : bool
        Whether each box holds a density of its own, rather than a part of one density.
    order : int
        Nodes of a panel along each axis.
    tolerance : float
        What the last coefficients may be, as a share of the integral. A sum over Gauss nodes
        is right for polynomials of twice the degree, and so errs by far less.
    n_watched : int
        How many of the first columns are log densities that the panels must follow.

    Returns
    -------
    Panels
    """
    n_boxes, d = lower.shape
    piece = np.flatnonzero((upper > lower).all(axis=1))
    lower, upper = lower[piece], upper[piece]
    sums = [_RunningTotal(n_boxes if separate else 1) for _ in range(n_watched)]
    done: list[Panels] = []
    for _ in range(MAX_HALVINGS):
        points = panel_points(lower, upper, order)
        values = records(np.repeat(piece, order**d), points.reshape(-1, d))
        values = values.reshape(*points.shape[:-1], -1)
        whole, volume = piece if separate else np.zeros_like(piece), (upper - lower).prod(axis=1)
        looks = [sums[k].look(values[..., k], volume, whole) for k in range(n_watched)]
        rough = np.any([tail > tolerance for _, tail in looks], axis=0)
        split = rough.any(axis=1)
        for one, (mass, _) in zip(sums, looks, strict=True):
            one.add(mass[~split], whole[~split])
        done.append(Panels(piece[~split], lower[~split], upper[~split], values[~split]))
        piece, lower, upper = _halves(piece[split], lower[split], upper[split], rough[split])
        if piece.size == 0:
            return Panels(*(np.concatenate(parts) for parts in zip(*done, strict=True)))
    raise RuntimeError(f"no polynomial follows the density after {MAX_HALVINGS} halvings")


class _RunningTotal:
    """The integral over finished panels, of one density or of several side by side."""

    def __init__(self, n: int) -> None:
        self.mass, self.log_unit = np.zeros(n), np.full(n, -np.inf)

    def look(
        self, log_f: FloatArray, volume: FloatArray, whole: NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray]:
        """Mass of panels (n_panels,), and their last coefficients as a share of the integral."""
        old = self.log_unit.copy()
        np.maximum.at(self.log_unit, whole, log_f.reshape(len(whole), -1).max(axis=1))
        risen = self.log_unit > old
        self.mass[risen] *= np.exp(old[risen] - self.log_unit[risen])
        unit = self.log_unit[whole].reshape(-1, *[1] * (log_f.ndim - 1))
        mass, tail = _mass_and_tail(np.exp(log_f - unit), volume)
        # What is finished, and what is at hand.
        total = self.mass + np.bincount(whole, weights=mass, minlength=self.mass.size)
        return mass, tail / total[whole, None]

    def add(self, mass: FloatArray, whole: NDArray[np.int64]) -> None:
        """Count panels as finished."""
        self.mass += np.bincount(whole, weights=mass, minlength=self.mass.size)


def _mass_and_tail(f: FloatArray, volume: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Integral of each panel (n_panels,), and last coefficients along each axis (n_panels, d)."""
    series = f * volume.reshape(-1, *[1] * (f.ndim - 1))
    to_series = gauss_legendre(f.shape[1])[2]
    for axis in range(1, f.ndim):
        series = np.moveaxis(np.tensordot(series, to_series, axes=(axis, 1)), -1, axis)
    size = np.abs(series)
    tails = [
        np.take(size, [-2, -1], axis=axis).reshape(len(f), -1).max(axis=1)
        for axis in range(1, f.ndim)
    ]
    return series.reshape(len(f), -1)[:, 0], np.stack(tails, axis=1)


def _halves(
    piece: NDArray[np.int64], lower: FloatArray, upper: FloatArray, rough: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Panels cut in two across every axis that is rough."""
    for axis in range(lower.shape[1]):
        cut = rough[:, axis]
        middle = 0.5 * (lower[cut, axis] + upper[cut, axis])
        left_upper, right_lower = upper.copy(), lower[cut].copy()
        left_upper[cut, axis], right_lower[:, axis] = middle, middle
        piece, rough = np.append(piece, piece[cut]), np.concatenate([rough, rough[cut]])
        lower = np.concatenate([lower, right_lower])
        upper = np.concatenate([left_upper, upper[cut]])
    return piece, lower, upper


def halve(panels: Panels, across: NDArray[np.bool_], records: Records) -> Panels:
    """Panels with some of them cut in two across the axes that `across` (n_panels, d) names."""
    cut = across.any(axis=1)
    piece, lower, upper = _halves(
        panels.piece[cut], panels.lower[cut], panels.upper[cut], across[cut]
    )
    order, d = panels.records.shape[1], lower.shape[1]
    points = panel_points(lower, upper, order)
    values = records(np.repeat(piece, order**d), points.reshape(-1, d))
    halves = Panels(piece, lower, upper, values.reshape(*points.shape[:-1], -1))
    rest = Panels(panels.piece[~cut], panels.lower[~cut], panels.upper[~cut], panels.records[~cut])
    return Panels(*(np.concatenate(pair) for pair in zip(rest, halves, strict=True)))


def thin(weights: FloatArray, values: FloatArray, n_nodes: int) -> tuple[FloatArray, FloatArray]:
    r"""Few nodes in place of many: the Gauss rule of each row's distribution.

    The rule with `n_nodes` nodes has the row's own moments up to degree
    :math:`2 n_\mathrm{nodes} - 1`. Its nodes are the eigenvalues of a small matrix, made of the
    coefficients in the recurrence of the row's orthogonal polynomials.

    Parameters
    ----------
    weights, values : ndarray of shape (n_rows, n)
        Weights add up to one in each row.
    n_nodes : int

    Returns
    -------
    weights, values : ndarray of shape (n_rows, n_nodes)

    References
    ----------
    Golub and Welsch (1969).
    """
    centre = (weights * values).sum(axis=1, keepdims=True)
    scale = np.sqrt((weights * (values - centre) ** 2).sum(axis=1, keepdims=True))
    z = (values - centre) / scale
    matrix = np.zeros((len(z), n_nodes, n_nodes))
    before, now = np.zeros_like(z), np.ones_like(z)
    link = np.zeros((len(z), 1))
    for k in range(n_nodes):
        middle = (weights * z * now**2).sum(axis=1, keepdims=True)
        matrix[:, k, k] = middle[:, 0]
        following = (z - middle) * now - link * before
        link = np.sqrt((weights * following**2).sum(axis=1, keepdims=True))
        if k + 1 < n_nodes:
            matrix[:, k, k + 1] = matrix[:, k + 1, k] = link[:, 0]
            before, now = now, following / link
    nodes, vectors = np.linalg.eigh(matrix)
    return vectors[:, 0, :] ** 2, centre + scale * nodes
