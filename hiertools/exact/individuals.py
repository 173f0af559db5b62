"""Each individual's line, once the population is known: moments and draws (chapter 7)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hiertools._checks import FloatArray
from hiertools.exact.chunks import CHUNK, on_all_cores
from hiertools.rrandom import streams


class Individuals(NamedTuple):
    """Each individual's data about a reference line, each of shape (n,)."""

    m: FloatArray
    """Number of observations."""
    x: FloatArray
    """Mean of x."""
    s: FloatArray
    """Sum of squares of x about its mean."""
    level: FloatArray
    """Mean of y, less the reference line there."""
    slope: FloatArray
    """Least-squares slope, less the reference line's."""
    intercept: FloatArray
    """Least-squares intercept, less the reference line's."""

    def take(self, which: slice) -> Individuals:
        """Some of them."""
        return Individuals(*(v[which] for v in self))


class Conditional(NamedTuple):
    """The posterior given the sds: the two means are normal about these values."""

    log_likelihood: FloatArray
    """log p(y | sds): lines and means are integrated out."""
    mu_alpha: FloatArray
    mu_beta: FloatArray
    """Expected means, less the reference line's intercept and slope."""
    var_alpha: FloatArray
    var_beta: FloatArray
    cov: FloatArray


def line_moments(
    who: Individuals, a: FloatArray, b: FloatArray, sigma_square: FloatArray, mu: Conditional
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    r"""Mean and variance of every intercept and slope, given the sds.

    An individual's line is a weighted mean of its own and the population's. With
    D as in `RayModel.sums` the population's weights in alpha are

    .. math:: J = \frac{1}{D} \begin{pmatrix} 1 + B q & -A m \bar x \\
        -B m \bar x & 1 + A m \end{pmatrix}, \qquad q = S + m \bar x^2,

    the variance given the means is :math:`\sigma^2 A (1 + B q) / D`, and what is not known of
    the means adds :math:`J\,\mathrm{Cov}(\mu)\,J^T`.

    Parameters
    ----------
    who : Individuals
    a, b, sigma_square : ndarray of shape (n_nodes,)
        The two ratios, and sigma squared.
    mu : Conditional
        The population's line given the sds, each of shape (n_nodes,).

    Returns
    -------
    mean_alpha, var_alpha, mean_beta, var_beta : ndarray of shape (n_nodes, n)
        Means less the reference line.
    """
    a, b, sigma_square = a[:, None], b[:, None], sigma_square[:, None]
    _, mu_alpha, mu_beta, var_alpha, var_beta, cov = (v[:, None] for v in mu)
    m, x, s, level, slope, intercept = who
    am, bmx = 1.0 + a * m, b * (m * x)
    share = 1.0 / (am * (1.0 + b * s) + bmx * x)
    own_alpha = (a * (m * level) + (a * b) * (m * s * intercept)) * share
    own_beta = (b * (m * x * level + s * slope) + (a * b) * (m * s * slope)) * share
    j11, j12 = (1.0 + b * (s + m * x**2)) * share, a * (-m * x) * share
    j21, j22 = -bmx * share, am * share
    return (
        own_alpha + j11 * mu_alpha + j12 * mu_beta,
        j11 * (sigma_square * a + j11 * var_alpha + j12 * (2.0 * cov)) + j12**2 * var_beta,
        own_beta + j21 * mu_alpha + j22 * mu_beta,
        j22 * (sigma_square * b + j22 * var_beta + j21 * (2.0 * cov)) + j21**2 * var_alpha,
    )


def draw_lines(
    who: Individuals, draws: dict[str, FloatArray], normal: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Intercepts and slopes given means (less the reference line) and sds.

    The slope first, with the intercept integrated out; then the intercept given the slope,
    which is a mean with a normal prior. With :math:`A = (\sigma_\alpha / \sigma)^2`,
    :math:`B = (\sigma_\beta / \sigma)^2` and :math:`w = 1 / (A + 1/m)`, the variances are

    .. math:: \mathrm{var}(\beta_i) = \frac{\sigma_\beta^2}{1 + B (S + w \bar x^2)}, \qquad
        \mathrm{var}(\alpha_i \mid \beta_i) = \sigma_\alpha^2\, \frac{w}{m} .

    Parameters
    ----------
    who : Individuals
    draws : dict
        The five population parameters, each of shape (n_draws, 1).
    normal : ndarray of shape (2, n_draws, n)
        Standard normal draws.

    Returns
    -------
    alpha, beta : ndarray of shape (n_draws, n)
        Less the reference line.
    """
    mu_alpha, mu_beta, sigma = draws["mu_alpha"], draws["mu_beta"], draws["sigma"]
    a, b = (draws["sigma_alpha"] / sigma) ** 2, (draws["sigma_beta"] / sigma) ** 2
    w = 1.0 / (a + 1.0 / who.m)
    wx = w * who.x
    share = 1.0 / (1.0 + b * (who.s + wx * who.x))
    level, slope = who.level - mu_alpha - who.x * mu_beta, who.slope - mu_beta
    beyond = b * (wx * level + who.s * slope) * share
    beyond += draws["sigma_beta"] * np.sqrt(share) * normal[0]
    alpha = mu_alpha + (a * w) * (level - who.x * beyond)
    alpha += draws["sigma_alpha"] * np.sqrt(w / who.m) * normal[1]
    return alpha, mu_beta + beyond


def draw_all_lines(
    who: Individuals, draws: dict[str, FloatArray], reference: tuple[float, float], rng: Any
) -> tuple[FloatArray, FloatArray]:
    """Intercepts and slopes for many draws of the population, a few draws at a time.

    Every few draws have a generator of their own, so that the result does not depend on which of
    them is made first: where there is much to do, all cores do it.

    Parameters
    ----------
    who : Individuals
    draws : dict
        The five population parameters, each of shape (n_draws,); means less the reference line.
    reference : tuple of float
        That line's intercept and slope.
    rng : numpy.random.Generator or RRandom

    Returns
    -------
    alpha, beta : ndarray of shape (n_draws, n)
    """
    n_draws, n = len(draws["sigma"]), len(who.m)
    lines = np.empty((2, n_draws, n))
    rows = max(1, CHUNK // n)
    starts = range(0, n_draws, rows)

    def fill(start: int, rng: np.random.Generator) -> None:
        some = slice(start, start + rows)
        columns = {name: values[some, None] for name, values in draws.items()}
        drawn = draw_lines(who, columns, rng.standard_normal(lines[:, some].shape))
        for line, values, base in zip(lines, drawn, reference, strict=True):
            np.add(values, base, out=line[some])

    on_all_cores(fill, starts, streams(rng, len(starts)))
    return lines[0], lines[1]
