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
import scipy
from numpy.polynomial import legendre
from numpy.typing import NDArray

from hiertools._checks import FloatArray
from hiertools.exact.quadrature import Panels, gauss_legendre, panel_points, refine, zoom
from hiertools.likelihood import LOG_SQRT_2PI


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


class BoxMarginal(NamedTuple):
    """What lines' likelihoods, cut off by their box, say of one of the coordinates."""

    panels: Panels
    """Panels along the coordinate; `piece` tells whose."""
    series: FloatArray
    """Legendre series of the density in each panel, shape (order, n_panels)."""
    log_mass: FloatArray
    """Log of the integral of the likelihood over the box, shape (n,)."""
    mean: FloatArray
    var: FloatArray

    def share_below(self, level: FloatArray) -> FloatArray:
        """The share of each line's integral that lies below its level, shape (n,)."""
        lower, upper = self.panels.lower[:, 0], self.panels.upper[:, 0]
        whose = self.panels.piece
        xi = np.clip(2.0 * (level[whose] - lower) / (upper - lower) - 1.0, -1.0, 1.0)
        parts = legendre.legval(xi, legendre.legint(self.series, lbnd=-1.0), tensor=False)
        share: FloatArray = np.clip(
            np.bincount(whose, weights=parts, minlength=len(level)), 0.0, 1.0
        ).astype(np.float64)
        return share


def free_log_mass(lines: Lines) -> FloatArray:
    """Log of the integral of each line's likelihood with no box; S must not be zero."""
    log_mass: FloatArray = 2.0 * (LOG_SQRT_2PI + np.log(lines.sigma)) - 0.5 * np.log(
        lines.m * lines.s
    )
    return log_mass


def free_moments(lines: Lines) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean and variance of alpha, and of beta, with no box: the least-squares line's."""
    m, x, s, y, slope, sigma = lines
    return y - slope * x, sigma**2 * (1.0 / m + x**2 / s), slope + 0.0 * sigma, sigma**2 / s


def outside_share(lines: Lines, box: Box) -> FloatArray:
    """An upper bound on how much of each line's normal density lies outside the box."""
    with np.errstate(divide="ignore", invalid="ignore"):  # S = 0 is dealt with below
        beta_sd = lines.sigma / np.sqrt(lines.s)
        alpha_sd = np.sqrt(lines.sigma**2 / lines.m + (beta_sd * lines.x) ** 2)
    share = np.zeros_like(lines.m)
    for low, high, centre, sd in (
        (box.alpha_low, box.alpha_high, lines.y - lines.slope * lines.x, alpha_sd),
        (box.beta_low, box.beta_high, lines.slope, beta_sd),
    ):
        share += scipy.special.ndtr(np.stack([low - centre, centre - high]) / sd).sum(axis=0)
    return np.where(lines.s > 0, share, 1.0)


def log_slope_density(beta: FloatArray, lines: Lines, box: Box) -> FloatArray:
    """Log of the likelihood at a slope, with alpha integrated over its side of the box."""
    sd = lines.sigma / np.sqrt(lines.m)
    centre = lines.y - beta * lines.x
    miss = (beta - lines.slope) / lines.sigma
    side = _log_normal_integral(box.alpha_low, box.alpha_high, centre, sd)
    density: FloatArray = side - 0.5 * lines.s * miss**2
    return density


def log_intercept_density(alpha: FloatArray, lines: Lines, box: Box) -> FloatArray:
    r"""Log of the likelihood at an intercept, with beta integrated over its side of the box.

    .. math::
        m (\bar y - \alpha - \beta \bar x)^2 + S (\beta - \hat\beta)^2
        = q (\beta - c)^2 + \frac{m S}{q} (\alpha - \hat\alpha)^2, \qquad
        q = S + m \bar x^2, \quad
        c = \hat\beta + \frac{m \bar x}{q} (\hat\alpha - \alpha)
    """
    m, x, s, y, slope, sigma = lines
    miss = y - slope * x - alpha
    q = s + m * x**2
    known = q > 0  # where not, the data say nothing of beta, and m alone weighs alpha
    q = np.where(known, q, 1.0)
    side = _log_normal_integral(
        box.beta_low, box.beta_high, slope + m * x / q * miss, sigma / np.sqrt(q)
    )
    side = np.where(known, side, np.log(box.beta_high - box.beta_low))
    weight = np.where(known, m * s / q, m)
    density: FloatArray = side - 0.5 * weight * (miss / sigma) ** 2
    return density


def _log_normal_integral(low: Any, high: Any, centre: FloatArray, sd: FloatArray) -> FloatArray:
    """Log of the integral of exp(-(t - centre)^2 / (2 sd^2)) between two bounds."""
    between = log_ndtr_between((low - centre) / sd, (high - centre) / sd)
    integral: FloatArray = LOG_SQRT_2PI + np.log(sd) + between
    return integral


def log_ndtr_between(low: FloatArray, high: FloatArray) -> FloatArray:
    """Log of the standard normal probability between two bounds, exact far out in the tails."""
    low, high = np.where(low > 0, -high, low), np.where(low > 0, -low, high)
    with np.errstate(divide="ignore"):
        result: FloatArray = np.log(scipy.special.ndtr(high) - scipy.special.ndtr(low))
        far = high < -30.0
        log_high = scipy.special.log_ndtr(high[far])
        result[far] = log_high + np.log(-np.expm1(scipy.special.log_ndtr(low[far]) - log_high))
    return result


def box_marginal(name: str, lines: Lines, box: Box) -> BoxMarginal:
    """Integrate each line's likelihood over the box, by panels along one coordinate.

    Parameters
    ----------
    name : {"alpha", "beta"}
        The coordinate; the other is integrated out in closed form.
    lines : Lines
    box : Box

    Returns
    -------
    BoxMarginal
    """
    n = len(lines.m)
    log_density = log_intercept_density if name == "alpha" else log_slope_density

    def records(whose: NDArray[np.int64], points: FloatArray) -> FloatArray:
        return log_density(points[:, 0], lines.take(whose), box)[:, None]

    lower = np.full((n, 1), getattr(box, f"{name}_low"))
    upper = np.full((n, 1), getattr(box, f"{name}_high"))
    lower, upper = zoom(records, lower, upper, separate=True)
    panels = refine(records, lower, upper, separate=True, tolerance=1e-6)

    order, whose = panels.records.shape[1], panels.piece
    _, weights, to_series = gauss_legendre(order)
    half = 0.5 * (panels.upper - panels.lower)
    log_f = panels.records[..., 0]
    top = np.full(n, -np.inf)
    np.maximum.at(top, whose, log_f.max(axis=1))
    density = np.exp(log_f - top[whose, None]) * half
    total = np.bincount(whose, weights=density @ weights, minlength=n)
    density /= total[whose, None]

    def expected(values: FloatArray) -> FloatArray:
        sums = np.bincount(whose, weights=(density * values) @ weights, minlength=n)
        return sums.astype(np.float64)

    points = panel_points(panels.lower, panels.upper, order)[..., 0]
    mean = expected(points)
    var = expected((points - mean[whose, None]) ** 2)
    return BoxMarginal(panels, to_series @ density.T, top + np.log(total), mean, var)


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
    log_below = scipy.special.log_ndtr(low)
    z = scipy.special.ndtri_exp(np.logaddexp(log_below, log_u + log_ndtr_between(low, high)))
    alpha: FloatArray = np.clip(centre + sd * sign * z, box.alpha_low, box.alpha_high)
    return alpha
