r"""A line's normal posterior, cut off by the box of its prior (chapter 7).

Given sigma, the likelihood of one individual's line is

.. math::
    \exp\Big(-\frac{m (\bar y - \alpha - \beta \bar x)^2
    + S (\beta - \hat\beta)^2}{2 \sigma^2}\Big),

a normal density in two dimensions, or a ridge without end where S is zero. A flat prior cuts
it off at the sides of a box. Over alpha that integral is a difference of normal distribution
functions; over beta it is left to panels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri_exp

from hiertools._checks import FloatArray
from hiertools.likelihood import LOG_SQRT_2PI
from hiertools.quadrature import gauss_legendre, panel_points, refine, zoom


class Lines(NamedTuple):
    """Sufficient statistics of lines, and the residual sd that goes with each, shape (n,)."""

    m: FloatArray
    x: FloatArray
    s: FloatArray
    y: FloatArray
    slope: FloatArray
    sigma: FloatArray

    def take(self, which: Any) -> Lines:
        """Those that an index or a mask picks."""
        return Lines(*(v[which] for v in self))


class Box(NamedTuple):
    """Bounds of the flat priors: numbers, or one for each line."""

    alpha_low: Any
    alpha_high: Any
    beta_low: Any
    beta_high: Any


class BoxMoments(NamedTuple):
    """Integral, mean and variance of lines within their box, shape (n,)."""

    log_mass: FloatArray
    """Log of the integral of the likelihood over the box."""
    mean_alpha: FloatArray
    var_alpha: FloatArray
    mean_beta: FloatArray
    var_beta: FloatArray


def free_moments(lines: Lines) -> BoxMoments:
    """The same without a box: least-squares lines and their variances; S must not be zero."""
    m, x, s, y, slope, sigma = lines
    square = sigma**2
    log_mass = 2.0 * LOG_SQRT_2PI + np.log(square) - 0.5 * np.log(m * s)
    return BoxMoments(
        log_mass, y - slope * x, square * (1.0 / m + x**2 / s), slope + 0.0 * square, square / s
    )


def outside_share(lines: Lines, box: Box) -> FloatArray:
    """An upper bound on how much of each line's normal density lies outside the box."""
    with np.errstate(divide="ignore"):
        beta_sd = lines.sigma / np.sqrt(lines.s)
        alpha_sd = np.sqrt(lines.sigma**2 / lines.m + (beta_sd * lines.x) ** 2)
    share = np.zeros_like(beta_sd)
    for low, high, centre, sd in (
        (box.alpha_low, box.alpha_high, lines.y - lines.slope * lines.x, alpha_sd),
        (box.beta_low, box.beta_high, lines.slope, beta_sd),
    ):
        share += ndtr((low - centre) / sd) + ndtr((centre - high) / sd)
    return np.where(lines.s > 0, share, 1.0)


def log_slope_density(beta: FloatArray, lines: Lines, box: Box) -> FloatArray:
    """Log of the likelihood with alpha integrated over its side of the box."""
    sd = lines.sigma / np.sqrt(lines.m)
    centre = lines.y - beta * lines.x
    log_share = log_ndtr_between((box.alpha_low - centre) / sd, (box.alpha_high - centre) / sd)
    miss = (beta - lines.slope) / lines.sigma
    result: FloatArray = LOG_SQRT_2PI + np.log(sd) + log_share - 0.5 * lines.s * miss**2
    return result


def log_ndtr_between(low: FloatArray, high: FloatArray) -> FloatArray:
    """Log of the standard normal probability between two bounds, exact far out in the tails."""
    low, high = np.where(low > 0, -high, low), np.where(low > 0, -low, high)
    log_high = log_ndtr(high)
    with np.errstate(divide="ignore"):
        result: FloatArray = log_high + np.log(-np.expm1(log_ndtr(low) - log_high))
    return result


def box_moments(lines: Lines, box: Box) -> BoxMoments:
    """Integrate each line's likelihood over the box, by panels in beta.

    Parameters
    ----------
    lines : Lines
    box : Box

    Returns
    -------
    BoxMoments
    """
    n = len(lines.m)
    sides = Box(*(np.broadcast_to(np.asarray(side, dtype=float), n) for side in box))

    def records(which: NDArray[np.int64], points: FloatArray) -> FloatArray:
        side = Box(*(v[which] for v in sides))
        return log_slope_density(points[:, 0], lines.take(which), side)[:, None]

    lower, upper = sides.beta_low[:, None], sides.beta_high[:, None]
    lower, upper = zoom(records, lower, upper, separate=True)
    panels = refine(records, lower, upper, separate=True, tolerance=1e-4)

    order = panels.records.shape[1]
    which = np.repeat(panels.piece, order)
    beta = panel_points(panels.lower, panels.upper, order).ravel()
    half = 0.5 * (panels.upper - panels.lower)
    log_f = panels.records[..., 0].ravel()
    top = np.full(n, -np.inf)
    np.maximum.at(top, which, log_f)
    mass = np.exp(log_f - top[which]) * (half * gauss_legendre(order)[1]).ravel()

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(which, weights=mass * values, minlength=n)

    whole = total(np.ones_like(mass))
    alpha, var = _alpha_moments(beta, lines.take(which), Box(*(v[which] for v in sides)))
    mean_alpha, mean_beta = total(alpha) / whole, total(beta) / whole
    return BoxMoments(
        top + np.log(whole),
        mean_alpha,
        total(var + (alpha - mean_alpha[which]) ** 2) / whole,
        mean_beta,
        total((beta - mean_beta[which]) ** 2) / whole,
    )


def _alpha_moments(beta: FloatArray, lines: Lines, box: Box) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of a normal alpha, given beta, between its bounds."""
    sd = lines.sigma / np.sqrt(lines.m)
    centre = lines.y - beta * lines.x
    a, b = (box.alpha_low - centre) / sd, (box.alpha_high - centre) / sd
    log_share = log_ndtr_between(a, b) + LOG_SQRT_2PI
    at_a, at_b = np.exp(-0.5 * a * a - log_share), np.exp(-0.5 * b * b - log_share)
    shift = at_a - at_b
    var = sd**2 * np.maximum(1.0 + a * at_a - b * at_b - shift**2, 0.0)
    return centre + sd * shift, var


def draw_in_box(lines: Lines, box: Box, rng: Any) -> tuple[FloatArray, FloatArray]:
    """One draw of (alpha, beta) for each line.

    Draw without the box and throw away what falls outside; where that is hopeless, draw beta
    by rejection from a uniform distribution and alpha from its normal between the bounds.
    """
    n = len(lines.m)
    alpha, beta = np.full(n, np.nan), np.full(n, np.nan)
    left = np.flatnonzero(lines.s > 0)
    for _ in range(20):
        some = lines.take(left)
        z = rng.standard_normal((2, left.size))
        b = some.slope + some.sigma / np.sqrt(some.s) * z[0]
        a = some.y - b * some.x + some.sigma / np.sqrt(some.m) * z[1]
        inside = (b >= box.beta_low) & (b <= box.beta_high)
        inside &= (a >= box.alpha_low) & (a <= box.alpha_high)
        alpha[left[inside]], beta[left[inside]] = a[inside], b[inside]
        left = left[~inside]
        if left.size == 0:
            break
    rest = np.flatnonzero(np.isnan(beta))
    if rest.size:
        beta[rest] = _draw_slopes(lines.take(rest), box, rng)
        alpha[rest] = _draw_alpha(beta[rest], lines.take(rest), box, rng)
    return alpha, beta


def _draw_slopes(lines: Lines, box: Box, rng: Any) -> FloatArray:
    """Slopes with alpha integrated out, by rejection from where their density is."""

    def records(which: NDArray[np.int64], points: FloatArray) -> FloatArray:
        return log_slope_density(points[:, 0], lines.take(which), box)[:, None]

    n = len(lines.m)
    low, high = np.full((n, 1), float(box.beta_low)), np.full((n, 1), float(box.beta_high))
    low, high = (side[:, 0] for side in zoom(records, low, high, separate=True))
    grid = low + (high - low) * np.linspace(0.0, 1.0, 33)[:, None]
    # Between points of the grid the density may rise a little above both.
    bound = log_slope_density(grid, lines, box).max(axis=0) + 0.5
    beta, left = np.empty(n), np.arange(n)
    while left.size:
        b = low[left] + (high - low)[left] * rng.random(left.size)
        log_ratio = log_slope_density(b, lines.take(left), box) - bound[left]
        keep = np.log(rng.random(left.size)) < log_ratio
        beta[left[keep]] = b[keep]
        left = left[~keep]
    return beta


def _draw_alpha(beta: FloatArray, lines: Lines, box: Box, rng: Any) -> FloatArray:
    """Intercepts given slopes: a normal between two bounds, by its inverse."""
    sd = lines.sigma / np.sqrt(lines.m)
    centre = lines.y - beta * lines.x
    low, high = (box.alpha_low - centre) / sd, (box.alpha_high - centre) / sd
    # The inverse is exact in the lower tail; bounds in the upper one are mirrored.
    sign = np.where(low > 0, -1.0, 1.0)
    low, high = np.where(low > 0, -high, low), np.where(low > 0, -low, high)
    log_u = np.log(rng.random(beta.size))
    z = ndtri_exp(np.logaddexp(log_ndtr(low), log_u + log_ndtr_between(low, high)))
    return np.clip(centre + sd * sign * z, box.alpha_low, box.alpha_high)
