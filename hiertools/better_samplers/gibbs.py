r"""Gibbs: draw each block of parameters from its distribution given all others (chapter 8).

Given the rest, every block of this model has a distribution that can be drawn from directly:
lines and means are normal, and the squares of the standard deviations are inverse gamma. No
proposal, nothing to tune, nothing refused.

Below, :math:`m, \bar x, S, \bar y, \hat\beta` are an individual's sufficient statistics
(chapter 2). v is the variance of its mean about the population's line at :math:`\bar x`, w
the weight of its own data in its intercept, and D tells how much its own data say of its slope:

.. math::
    v_i = \sigma_\alpha^2 + \frac{\sigma^2}{m_i}, \qquad w_i = \frac{\sigma_\alpha^2}{v_i},
    \qquad D_i = 1 + \sigma_\beta^2 \Big(\frac{S_i}{\sigma^2} + \frac{\bar x_i^2}{v_i}\Big) .
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray, run_length
from hiertools.better_samplers.blockwise import Record, starting_point
from hiertools.data import GroupedData, GroupStatistics
from hiertools.likelihood import squared_residuals
from hiertools.metropolis import Chain
from hiertools.priors import SDS, Hierarchical
from hiertools.rrandom import Rng, as_rng

Params = dict[str, FloatArray]


def gibbs(
    data: GroupedData,
    model: Hierarchical,
    start: Mapping[str, ArrayLike],
    *,
    n_draws: int,
    n_warmup: int = 0,
    collapse: bool = True,
    interweave: bool = True,
    rng: Rng,
) -> Chain:
    """Sample the hierarchical posterior by drawing every block given the others.

    A sweep draws the two means, then all lines, then the three standard deviations. Each step
    leaves the posterior invariant, and so does their sequence.

    Parameters
    ----------
    data : GroupedData
        Replicated datasets on y's leading axis give each chain data of its own.
    model : Hierarchical
    start : dict
        Every parameter by name, with or without a leading chain axis.
    n_draws : int
        Number of draws after warm-up, for each chain.
    n_warmup : int
        Number of sweeps before the first draw that is kept. Nothing is tuned in them.
    collapse : bool
        Draw the means with the lines integrated out, rather than given the lines.
    interweave : bool
        Draw `sigma_alpha` and `sigma_beta` twice in each sweep: given the lines, and then
        given the lines' distances from the mean in units of the standard deviation.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    Chain
        Everything is accepted.

    Raises
    ------
    ValueError
        If a parameter is missing, has NaN or the wrong shape, or the start is outside the
        support; if `model` is not hierarchical; if a setting is out of its range; if lines fit
        the data perfectly.

    References
    ----------
    Geman and Geman (1984); Gelfand and Smith (1990); Liu (1994) for collapsing; Yu and Meng
    (2011) for interweaving; chapter 8.

    Examples
    --------
    >>> from hiertools import simulate
    >>> data, _ = simulate(n=20, rng=1)
    >>> model = Hierarchical()
    >>> start = model.sample_prior(data.n, rng=2, n_draws=4)
    >>> chains = gibbs(data, model, start, n_draws=300, n_warmup=100, rng=3)
    >>> chains.draws["sigma"].shape, bool(1.5 < chains.draws["sigma"].mean() < 2.5)
    ((4, 300), True)
    """
    n_draws, n_warmup = run_length(n_draws, n_warmup)
    rng, params, statistics = as_rng(rng), starting_point(data, model, start), data.statistics
    record = Record(params, n_draws)
    draw_means = draw_means_without_lines if collapse else draw_means_given_lines
    for t in range(-n_warmup, n_draws):
        params = draw_means(statistics, model, params, rng)
        params = draw_lines(statistics, params, rng)
        params = draw_sds(statistics, model, params, rng)
        if interweave:
            params = stretch_lines(statistics, model, params, rng)
        if t >= 0:
            record.keep(t, params, True)
    return record.chain(data, model)


def draw_means_given_lines(
    statistics: GroupStatistics,  # noqa: ARG001 (given the lines, the data say nothing of their mean)
    model: Hierarchical,
    params: Params,
    rng: Any,
) -> Params:
    r"""Draw `mu_alpha` and `mu_beta` given the lines: a mean with a normal prior.

    .. math::
        \mu_\alpha \mid \cdot \sim \mathrm{N}\big(h / P,\ 1 / \sqrt{P}\big), \qquad
        P = \frac{n}{\sigma_\alpha^2} + \frac{1}{3^2}, \qquad
        h = \frac{\sum_i \alpha_i}{\sigma_\alpha^2} + \frac{0}{3^2}
    """
    n = params["alpha"].shape[-1]
    means = {}
    for line in ("alpha", "beta"):
        mean, sd = getattr(model, f"mu_{line}_mean"), getattr(model, f"mu_{line}_sd")
        variance = params[f"sigma_{line}"] ** 2
        precision = n / variance + sd**-2.0
        centre = (params[line].sum(axis=-1) / variance + mean * sd**-2.0) / precision
        means[f"mu_{line}"] = centre + rng.standard_normal(centre.shape) / np.sqrt(precision)
    return params | means


def draw_means_without_lines(
    statistics: GroupStatistics, model: Hierarchical, params: Params, rng: Any
) -> Params:
    r"""Draw `mu_alpha` and `mu_beta` with all lines integrated out.

    What the individuals tell of the two means adds up to a 2 x 2 precision and a vector,

    .. math::
        P = \sum_i \frac{1}{v_i D_i} \begin{pmatrix}
        1 + \sigma_\beta^2 S_i / \sigma^2 & \bar x_i \\
        \bar x_i & \bar x_i^2 + v_i S_i / \sigma^2 \end{pmatrix}, \qquad
        h = \sum_i \frac{1}{v_i D_i} \begin{pmatrix}
        \bar y_i + (\bar y_i - \hat\beta_i \bar x_i)\, \sigma_\beta^2 S_i / \sigma^2 \\
        \bar x_i \bar y_i + \hat\beta_i\, v_i S_i / \sigma^2 \end{pmatrix},

    to which the prior adds :math:`1 / 3^2` on the diagonal. The lines have to be drawn next:
    those in `params` belong to the means of before.
    """
    _, x, _, y, slope, _ = statistics
    v, steep, d = _variances(statistics, params)
    weight = 1.0 / (v * d)
    gain, known = params["sigma_beta"][..., None] ** 2 * steep, v * steep
    prior_alpha, prior_beta = model.mu_alpha_sd**-2.0, model.mu_beta_sd**-2.0

    p_alpha = (weight * (1.0 + gain)).sum(axis=-1) + prior_alpha
    p_both = (weight * x).sum(axis=-1)
    p_beta = (weight * (x * x + known)).sum(axis=-1) + prior_beta
    h_alpha = (weight * (y + gain * (y - slope * x))).sum(axis=-1)
    h_alpha = h_alpha + prior_alpha * model.mu_alpha_mean
    h_beta = (weight * (x * y + slope * known)).sum(axis=-1) + prior_beta * model.mu_beta_mean

    # The slope's mean first, with that of the intercept integrated out; then the other given it.
    z = rng.standard_normal((2, *h_beta.shape))
    precision = p_beta - p_both**2 / p_alpha
    mu_beta = (h_beta - p_both * h_alpha / p_alpha) / precision + z[0] / np.sqrt(precision)
    mu_alpha = (h_alpha - p_both * mu_beta) / p_alpha + z[1] / np.sqrt(p_alpha)
    return params | {"mu_alpha": mu_alpha, "mu_beta": mu_beta}


def draw_lines(statistics: GroupStatistics, params: Params, rng: Any) -> Params:
    r"""Draw all lines given the population: first every slope, then every intercept given it.

    With :math:`r_i = \bar y_i - \mu_\alpha - \mu_\beta \bar x_i` and
    :math:`b_i = \beta_i - \mu_\beta`,

    .. math::
        b_i &\sim \mathrm{N}\Big(\frac{\sigma_\beta^2}{D_i} \Big[
        \frac{S_i (\hat\beta_i - \mu_\beta)}{\sigma^2} + \frac{\bar x_i r_i}{v_i}\Big],\
        \frac{\sigma_\beta}{\sqrt{D_i}}\Big) \\
        \alpha_i - \mu_\alpha &\sim \mathrm{N}\Big(w_i (r_i - b_i \bar x_i),\
        \sqrt{w_i}\,\frac{\sigma}{\sqrt{m_i}}\Big)
    """
    m, x, _, y, slope, _ = statistics
    mu_alpha, mu_beta, sigma_alpha, sigma_beta, sigma = _population(params)
    v, steep, d = _variances(statistics, params)
    z = rng.standard_normal((2, *params["alpha"].shape))

    r = y - mu_alpha - mu_beta * x
    b = sigma_beta**2 / d * (steep * (slope - mu_beta) + x * r / v)
    b = b + sigma_beta / np.sqrt(d) * z[0]
    a = sigma_alpha**2 / v * (r - b * x) + sigma_alpha * sigma / np.sqrt(m * v) * z[1]
    return params | {"alpha": mu_alpha + a, "beta": mu_beta + b}


def draw_sds(statistics: GroupStatistics, model: Hierarchical, params: Params, rng: Any) -> Params:
    """Draw the three standard deviations, each from the squares of what it is the sd of."""
    alpha, beta = params["alpha"], params["beta"]
    off_alpha, off_beta = alpha - params["mu_alpha"][..., None], beta - params["mu_beta"][..., None]
    squares = np.stack(
        [
            (off_alpha * off_alpha).sum(axis=-1),
            (off_beta * off_beta).sum(axis=-1),
            squared_residuals(statistics, alpha, beta).sum(axis=-1),
        ],
        axis=-1,
    )
    n = alpha.shape[-1]
    count = np.array([n, n, statistics.m.sum()])
    high = np.array([model.sigma_alpha_high, model.sigma_beta_high, model.sigma_high])
    sds = draw_sd(squares, count, high, rng)
    return params | {name: sds[..., k] for k, name in enumerate(SDS)}


def draw_sd(square: FloatArray, count: Any, high: Any, rng: Any) -> FloatArray:
    r"""Draw a standard deviation, flat on (0, high), given normal values whose mean is known.

    With n values whose squares add up to q,

    .. math::
        p(\sigma \mid \cdot) \propto \sigma^{-n} e^{-q / 2 \sigma^2}, \qquad
        t = \frac{q}{2 \sigma^2} \sim \mathrm{Gamma}\Big(\frac{n - 1}{2}\Big)
        \text{ where } t \ge t_0 = \frac{q}{2\,\mathrm{high}^2} :

    an inverse gamma distribution for the square, cut off at the bound. Its shape is
    (n - 1) / 2 and not n / 2, since a prior that is flat for a standard deviation is not flat
    for its square. With Q the upper incomplete gamma function, :math:`Q(t) = u\,Q(t_0)` for a
    uniform u.

    Parameters
    ----------
    square : ndarray
        q, above zero.
    count : int or ndarray
        n, at least 1; broadcasts with `square`.
    high : float or ndarray
        The bound; broadcasts with `square`.
    rng : numpy.random.Generator or RRandom

    Returns
    -------
    ndarray of the shape of `square`

    Raises
    ------
    ValueError
        If `square` is zero: the density then grows without end towards zero.
    """
    if not (square > 0.0).all():
        raise ValueError(
            "the sum of squares that a standard deviation is drawn from is zero: lines fit the "
            "data perfectly, and the posterior is improper; add observations or noise"
        )
    low = np.asarray(0.5 * square / high / high)
    shape = np.broadcast_to(0.5 * (np.asarray(count) - 1.0), low.shape)
    share = scipy.special.gammaincc(shape, low)
    t = scipy.special.gammainccinv(shape, (1.0 - rng.random(low.shape)) * share)
    # Far out share is too small a number, and for one value its gamma function is infinite.
    hard = (share < 1e-290) | (shape == 0.0)
    if hard.any():
        t = np.asarray(t)
        t[hard] = low[hard] * np.exp(_log_excess(shape[hard], low[hard], rng))
    sd: FloatArray = np.minimum(np.sqrt(0.5 * square / t), high)
    return sd


def stretch_lines(
    statistics: GroupStatistics, model: Hierarchical, params: Params, rng: Any
) -> Params:
    r"""Draw `sigma_alpha` once more, the lines following it; then `sigma_beta` likewise.

    In the coordinates :math:`\eta_i = (\alpha_i - \mu_\alpha) / \sigma_\alpha` the standard
    deviation is a regression slope of the data on eta, with a flat prior. Kept are the eta, so
    all :math:`\alpha_i - \mu_\alpha` are multiplied by one factor c, and so is the sd:

    .. math::
        c \sim \mathrm{N}\Big(\frac{\sum_i m_i a_i r_i}{\sum_i m_i a_i^2},\
        \frac{\sigma}{\sqrt{\sum_i m_i a_i^2}}\Big), \qquad
        a_i = \alpha_i - \mu_\alpha, \quad r_i = \bar y_i - \beta_i \bar x_i - \mu_\alpha .

    A negative c turns the eta round, which their normal distribution does not mind. A factor
    that leads beyond the prior's bound is refused.
    """
    m, x, s, y, slope, _ = statistics
    mu_alpha, mu_beta, _, _, sigma = _population(params)
    a, b = params["alpha"] - mu_alpha, params["beta"] - mu_beta
    r, f = y - mu_alpha - mu_beta * x, slope - mu_beta

    sd, high = params["sigma_alpha"], model.sigma_alpha_high
    c = _factor(m * a * a, m * a * (r - b * x), sigma, high / sd, rng)
    a, sigma_alpha = c[..., None] * a, np.abs(c) * sd

    sd, high = params["sigma_beta"], model.sigma_beta_high
    c = _factor((s + m * x * x) * b * b, b * (s * f + m * x * (r - a)), sigma, high / sd, rng)
    b, sigma_beta = c[..., None] * b, np.abs(c) * sd

    lines = {"alpha": mu_alpha + a, "beta": mu_beta + b}
    return params | lines | {"sigma_alpha": sigma_alpha, "sigma_beta": sigma_beta}


def _factor(
    information: FloatArray, score: FloatArray, sigma: FloatArray, most: FloatArray, rng: Any
) -> FloatArray:
    """The factor c of `stretch_lines`, or 1 where it is beyond the bound."""
    total = information.sum(axis=-1)
    c = score.sum(axis=-1) / total
    c = c + sigma[..., 0] / np.sqrt(total) * rng.standard_normal(c.shape)
    inside = (np.abs(c) <= most) & (c != 0.0)
    factor: FloatArray = np.where(inside, c, 1.0)
    return factor


def _population(params: Params) -> list[FloatArray]:
    """The five parameters of the population, ready to meet individuals on the last axis."""
    names = ("mu_alpha", "mu_beta", "sigma_alpha", "sigma_beta", "sigma")
    return [params[name][..., None] for name in names]


def _variances(
    statistics: GroupStatistics, params: Params
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """v and D of the equations at the head of this module, and S / sigma^2 between them."""
    m, x, s, *_ = statistics
    _, _, sigma_alpha, sigma_beta, sigma = _population(params)
    v = sigma_alpha**2 + sigma**2 / m
    steep = s / sigma**2
    return v, steep, 1.0 + sigma_beta**2 * (steep + x * x / v)


def _log_excess(shape: FloatArray, low: FloatArray, rng: Any) -> FloatArray:
    r"""Log of t / low for t of density :math:`t^{k - 1} e^{-t}` beyond `low`, by rejection.

    The log v has density :math:`\exp(k v - t_0 (e^v - 1))`. Far out an exponential
    distribution touches it at v = 0. Close to zero (only for k = 0 is this called there) it is
    nearly flat up to :math:`-\log t_0`, and a uniform distribution serves.
    """
    v, left = np.empty_like(low), np.arange(low.size)
    while left.size:
        t0, u = low[left], rng.random((2, left.size))
        close = t0 < 1.0
        trial = np.where(
            close, u[0] * np.log(750.0 / t0), -np.log1p(-u[0]) / np.abs(t0 - shape[left])
        )
        tangent = np.where(close, 0.0, trial)
        keep = np.log1p(-u[1]) < -t0 * (np.expm1(trial) - tangent)
        v[left[keep]] = trial[keep]
        left = left[~keep]
    return v
