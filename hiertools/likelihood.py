"""How probable the data are under given lines (chapter 2).

The same number three ways: one term for each observation, as the equation is written; all
observations at once; and from a few sums for each individual. The last is the one that every
other module uses.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray, Params, finite_array, float_array, parameter_arrays
from hiertools.data import GroupedData, GroupStatistics, grouped

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
LIKELIHOOD_PARAMETERS = ("alpha", "beta", "sigma")


def normal_log_density(value: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> FloatArray:
    r"""Log density of a normal distribution.

    .. math::
        \log \mathrm{N}(y \mid \mu, \sigma)
        = -\tfrac12 \Big(\frac{y - \mu}{\sigma}\Big)^2 - \log \sigma - \tfrac12 \log 2\pi

    Parameters
    ----------
    value, mean, sd : array_like
        Broadcast against each other; `sd` is a standard deviation above zero.

    Returns
    -------
    ndarray
        On the natural-log scale; -inf where `sd` is not above zero or an argument is infinite.

    Raises
    ------
    ValueError
        If an argument contains NaN or is no number, or the shapes do not fit.

    Examples
    --------
    >>> round(float(normal_log_density(1.0, 0.0, 2.0)), 6)
    -1.737086
    """
    value, mean, sd = float_array("value", value), float_array("mean", mean), float_array("sd", sd)
    with np.errstate(all="ignore"):  # where this overflows, the answer is -inf
        log_density = log_normal(value, mean, sd)
        inside = (sd > 0) & (log_density == log_density)
    result: FloatArray = np.where(inside, log_density, -np.inf)[()]
    return result


def log_normal(value: FloatArray, mean: FloatArray | float, sd: FloatArray | float) -> FloatArray:
    """The equation of `normal_log_density`, for callers that have checked their input."""
    z = (value - mean) / sd
    log_density: FloatArray = -0.5 * z**2 - np.log(sd) - LOG_SQRT_2PI
    return log_density


def log_likelihood_loop(data: GroupedData, params: Params) -> float:
    r"""Log likelihood as the equation is written: one term for each observation.

    .. math::
        \log p(y \mid \alpha, \beta, \sigma)
        = \sum_{i=1}^{n} \sum_{j=1}^{m_i}
        \log \mathrm{N}(y_{ij} \mid \alpha_i + \beta_i x_{ij}, \sigma)

    Parameters
    ----------
    data : GroupedData
        One dataset, y of shape (N,).
    params : dict
        `alpha`, `beta` of shape (n,) and `sigma`, a number.

    Returns
    -------
    float
        On the natural-log scale; -inf where `sigma` is not above zero.

    Raises
    ------
    ValueError
        As `log_likelihood`; also if a parameter is infinite.

    Examples
    --------
    >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
    >>> round(log_likelihood_loop(data, {"alpha": [1.0], "beta": [1.0], "sigma": 2.0}), 6)
    -3.349171
    """
    alpha, beta, sigma = _finite_parameters(data, params, leading_axes=False)
    total = 0.0
    for y, x, i in zip(data.y, data.x, data.group, strict=True):
        total += float(normal_log_density(y, alpha[i] + beta[i] * x, sigma))
    return total


def log_likelihood_vectorized(data: GroupedData, params: Params) -> FloatArray:
    """Log likelihood of all observations at once: the same sum without a Python loop.

    Parameters
    ----------
    data : GroupedData
    params : dict
        `alpha`, `beta` of shape (..., n) and `sigma` of shape (...).

    Returns
    -------
    ndarray of shape (...)
        On the natural-log scale; -inf where `sigma` is not above zero.

    Raises
    ------
    ValueError
        As `log_likelihood`; also if a parameter is infinite.

    Examples
    --------
    >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
    >>> params = {"alpha": [1.0], "beta": [1.0], "sigma": 2.0}
    >>> round(float(log_likelihood_vectorized(data, params)), 6)
    -3.349171
    """
    alpha, beta, sigma = _finite_parameters(data, params)
    line = alpha[..., data.group] + beta[..., data.group] * data.x
    terms = normal_log_density(data.y, line, sigma[..., None])
    total: FloatArray = terms.sum(axis=-1)
    return total


def log_likelihood(data: GroupedData, params: Params) -> FloatArray:
    r"""Log likelihood from each individual's sufficient statistics.

    The squared residuals of individual i about any line add up from three known parts: about
    its own least-squares line, the line's miss at the mean of x, and the slope's miss.

    .. math::
        \sum_j (y_{ij} - \alpha_i - \beta_i x_{ij})^2
        = \mathrm{RSS}_i + m_i (\bar y_i - \alpha_i - \beta_i \bar x_i)^2
        + S_{xx,i} (\beta_i - \hat\beta_i)^2

    Parameters
    ----------
    data : GroupedData
        Replicated datasets on y's leading axes are broadcast against the parameters' leading
        axes.
    params : dict
        `alpha`, `beta` of shape (..., n), or (..., 1) where all individuals share one line,
        and `sigma` of shape (...). Other entries are ignored.

    Returns
    -------
    ndarray of shape (...)
        On the natural-log scale; -inf where `sigma` is not above zero or a parameter is
        infinite.

    Raises
    ------
    ValueError
        If a parameter is missing, contains NaN, or does not fit in shape.

    References
    ----------
    Gelman et al. (2013), section 14.2; chapter 2.

    Examples
    --------
    >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
    >>> params = {"alpha": [1.0], "beta": [1.0], "sigma": 2.0}
    >>> round(float(log_likelihood(data, params)), 6)
    -3.349171
    """
    alpha, beta, sigma = parameter_arrays(
        params, LIKELIHOOD_PARAMETERS, y_axes=grouped(data).y.shape[:-1]
    )
    for name, array in (("alpha", alpha), ("beta", beta)):
        if array.shape[-1] not in (1, data.n):
            raise ValueError(
                f"{name} must have shape (..., {data.n}), one value for each individual, or "
                f"(..., 1), got shape {array.shape}"
            )
    return log_likelihood_from_statistics(data.statistics, alpha, beta, sigma)


def log_likelihood_from_statistics(
    statistics: GroupStatistics, alpha: FloatArray, beta: FloatArray, sigma: FloatArray
) -> FloatArray:
    """The sum behind `log_likelihood`, for callers that have checked their input.

    Parameters
    ----------
    statistics : GroupStatistics
    alpha, beta : ndarray of shape (..., n) or (..., 1)
    sigma : ndarray of shape (...)

    Returns
    -------
    ndarray of shape (...)
    """
    n_observations = np.add.reduce(statistics.m)
    with np.errstate(all="ignore"):  # sigma <= 0 and infinite parameters are masked below
        squares = np.add.reduce(squared_residuals(statistics, alpha, beta), axis=-1)
        value = -0.5 * squares / sigma / sigma - n_observations * (np.log(sigma) + LOG_SQRT_2PI)
        inside = (sigma > 0) & (value == value)
    result: FloatArray = np.where(inside, value, -np.inf)[()]
    return result


def squared_residuals(
    statistics: GroupStatistics, alpha: FloatArray, beta: FloatArray
) -> FloatArray:
    """Each individual's squared residuals about its line, added up: shape (..., n)."""
    m, x_mean, x_ss, y_mean, slope, rss = statistics
    squares: FloatArray = (
        rss + m * (y_mean - alpha - beta * x_mean) ** 2 + x_ss * (beta - slope) ** 2
    )
    return squares


def _finite_parameters(
    data: GroupedData, params: Params, *, leading_axes: bool = True
) -> tuple[FloatArray, ...]:
    """alpha, beta and sigma, for the two forms that spell the sum out."""
    arrays = parameter_arrays(
        params, LIKELIHOOD_PARAMETERS, n=grouped(data).n, y_axes=data.y.shape[:-1]
    )
    if not leading_axes and data.y.ndim + sum(array.ndim for array in arrays) > 3:
        raise ValueError(
            "the loop takes one dataset and one value of each parameter, got leading axes; use "
            "log_likelihood_vectorized"
        )
    return tuple(map(finite_array, LIKELIHOOD_PARAMETERS, arrays))
