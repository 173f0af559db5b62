"""Three models that differ in one thing: what they say of the lines before any data (chapter 3).

Each model is a frozen record of its prior's constants. It knows its log prior, its log
posterior, and how to draw from its prior.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hiertools._checks import (
    BoolArray,
    FloatArray,
    Params,
    finite_number,
    parameter_arrays,
    positive_number,
    whole_number,
)
from hiertools.data import GroupedData, grouped
from hiertools.likelihood import LOG_SQRT_2PI, log_likelihood_from_statistics, log_normal
from hiertools.rrandom import Rng, as_rng

SDS = ("sigma_alpha", "sigma_beta", "sigma")
"""The standard deviations of partial pooling, by name."""


class Model(ABC):
    """What the three models share: the posterior is the likelihood times the prior."""

    parameter_names: ClassVar[tuple[str, ...]]
    """Names of the parameters, in the order in which they are drawn and proposed."""
    _one_line: ClassVar[bool] = False
    """Whether all individuals share one line."""

    def log_prior(self, params: Params) -> FloatArray:
        """Log density of the prior.

        Parameters
        ----------
        params : dict
            Every parameter of the model by name: `alpha`, `beta` of shape (..., n), or (..., 1)
            under complete pooling; the others of shape (...).

        Returns
        -------
        ndarray of shape (...)
            On the natural-log scale, normalised; -inf outside the support.

        Raises
        ------
        ValueError
            If a parameter is missing, contains NaN, or does not fit in shape.

        Examples
        --------
        >>> params = {"alpha": [2.0], "beta": [-2.0], "sigma": 2.0}
        >>> round(float(CompletePooling().log_prior(params)), 6)
        -12.89922
        """
        n = 1 if self._one_line else None
        return self._log_prior(*parameter_arrays(params, self.parameter_names, n=n))

    def log_posterior(self, data: GroupedData, params: Params) -> FloatArray:
        r"""Log density of the posterior, up to a constant that depends on the data alone.

        .. math:: \log p(\theta \mid y) = \log p(y \mid \theta) + \log p(\theta) + \mathrm{const}

        Parameters
        ----------
        data : GroupedData
        params : dict
            As for `log_prior`.

        Returns
        -------
        ndarray of shape (...)
            On the natural-log scale; -inf outside the support.

        Raises
        ------
        ValueError
            If a parameter is missing, contains NaN, or does not fit in shape.

        Examples
        --------
        >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
        >>> params = {"alpha": [1.0], "beta": [1.0], "sigma": 2.0}
        >>> round(float(Unpooled().log_posterior(data, params)), 6)
        -16.248391
        """
        y_axes = grouped(data).y.shape[:-1]
        n = 1 if self._one_line else data.n
        arrays = parameter_arrays(params, self.parameter_names, n=n, y_axes=y_axes)
        alpha, beta, sigma = arrays[0], arrays[1], arrays[-1]
        log_prior = self._log_prior(*arrays)
        log_posterior: FloatArray = log_prior + log_likelihood_from_statistics(
            data.statistics, alpha, beta, sigma
        )
        return log_posterior

    @abstractmethod
    def sample_prior(
        self, n: int, rng: Rng, *, n_draws: int | None = None
    ) -> dict[str, FloatArray]:
        """Draw parameters from the prior."""

    @abstractmethod
    def _log_prior(self, *params: FloatArray) -> FloatArray:
        """Log prior of checked arrays in the order of `parameter_names`."""

    def _keep(self, check: Callable[[str, float], float], *names: str) -> None:
        """Each prior constant as the float that `check` makes of it."""
        for name in names:
            object.__setattr__(self, name, check(name, getattr(self, name)))


@dataclass(frozen=True)
class _FlatPriors(Model):
    """Uniform priors on lines and residual sd; whose lines they are is for the subclass."""

    alpha_low: float = -100.0
    alpha_high: float = 100.0
    beta_low: float = -100.0
    beta_high: float = 100.0
    sigma_high: float = 10.0

    parameter_names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "sigma")

    def __post_init__(self) -> None:
        self._keep(finite_number, "alpha_low", "alpha_high", "beta_low", "beta_high")
        self._keep(positive_number, "sigma_high")
        for name in ("alpha", "beta"):
            low, high = getattr(self, f"{name}_low"), getattr(self, f"{name}_high")
            if low >= high:
                raise ValueError(f"{name}_low must be below {name}_high, got {low} and {high}")

    def sample_prior(
        self, n: int, rng: Rng, *, n_draws: int | None = None
    ) -> dict[str, FloatArray]:
        """Draw parameters from the prior.

        Parameters
        ----------
        n : int
            Number of individuals, at least 1.
        rng : int, numpy.random.Generator or RRandom
        n_draws : int, optional
            Number of draws; one draw without a draw axis when left out.

        Returns
        -------
        dict of ndarray
            `alpha` and `beta` of shape (n,) or (n_draws, n), with one line for all in place
            of n under complete pooling; `sigma` of shape () or (n_draws,).

        Raises
        ------
        ValueError
            If n or n_draws is below 1 or `rng` is of the wrong kind.

        Examples
        --------
        >>> draws = Unpooled().sample_prior(75, rng=1, n_draws=3)
        >>> draws["alpha"].shape, draws["sigma"].shape
        ((3, 75), (3,))
        """
        n = whole_number("n", n, least=1)
        lines = 1 if self._one_line else n
        shape = _draw_shape(n_draws)
        rng = as_rng(rng)
        return {
            "alpha": np.asarray(rng.uniform(self.alpha_low, self.alpha_high, (*shape, lines))),
            "beta": np.asarray(rng.uniform(self.beta_low, self.beta_high, (*shape, lines))),
            "sigma": np.asarray(rng.uniform(0.0, self.sigma_high, shape)),
        }

    def _log_prior(self, *params: FloatArray) -> FloatArray:
        alpha, beta, sigma = params
        inside = (
            (np.minimum.reduce(alpha, axis=-1) >= self.alpha_low)
            & (np.maximum.reduce(alpha, axis=-1) <= self.alpha_high)
            & (np.minimum.reduce(beta, axis=-1) >= self.beta_low)
            & (np.maximum.reduce(beta, axis=-1) <= self.beta_high)
            & _within(sigma, self.sigma_high)
        )
        log_volume = alpha.shape[-1] * (
            np.log(self.alpha_high - self.alpha_low) + np.log(self.beta_high - self.beta_low)
        ) + np.log(self.sigma_high)
        log_prior: FloatArray = np.where(inside, -log_volume, -np.inf)[()]
        return log_prior


@dataclass(frozen=True)
class Unpooled(_FlatPriors):
    r"""No pooling: every individual has a line of its own, and no line tells of another.

    .. math::
        \alpha_i \sim \mathrm{U}(-100, 100), \quad \beta_i \sim \mathrm{U}(-100, 100), \quad
        \sigma \sim \mathrm{U}(0, 10)

    Parameters
    ----------
    alpha_low, alpha_high : float
        Bounds of every intercept, in units of y.
    beta_low, beta_high : float
        Bounds of every slope, in units of y per unit of x.
    sigma_high : float
        Upper bound of the residual standard deviation, in units of y.

    Raises
    ------
    ValueError
        If a lower bound is not below its upper bound, or `sigma_high` is not above zero.

    References
    ----------
    Gelman and Hill (2007), section 12.2; chapter 3.

    Examples
    --------
    >>> Unpooled().parameter_names
    ('alpha', 'beta', 'sigma')
    """


@dataclass(frozen=True)
class CompletePooling(_FlatPriors):
    r"""Complete pooling: one line for everybody, under the same flat priors.

    .. math::
        \alpha \sim \mathrm{U}(-100, 100), \quad \beta \sim \mathrm{U}(-100, 100), \quad
        \sigma \sim \mathrm{U}(0, 10)

    `alpha` and `beta` have shape (..., 1): the last axis stays, and broadcasts over
    individuals.

    Parameters
    ----------
    alpha_low, alpha_high : float
        Bounds of the intercept, in units of y.
    beta_low, beta_high : float
        Bounds of the slope, in units of y per unit of x.
    sigma_high : float
        Upper bound of the residual standard deviation, in units of y.

    Raises
    ------
    ValueError
        If a lower bound is not below its upper bound, or `sigma_high` is not above zero.

    References
    ----------
    Gelman and Hill (2007), section 12.2; chapter 3.

    Examples
    --------
    >>> CompletePooling().sample_prior(75, rng=1)["alpha"].shape
    (1,)
    """

    _one_line: ClassVar[bool] = True


@dataclass(frozen=True)
class Hierarchical(Model):
    r"""Partial pooling: the lines come from a population that is estimated along with them.

    .. math::
        \alpha_i &\sim \mathrm{N}(\mu_\alpha, \sigma_\alpha), \quad
        \beta_i \sim \mathrm{N}(\mu_\beta, \sigma_\beta) \\
        \mu_\alpha, \mu_\beta &\sim \mathrm{N}(0, 3), \quad
        \sigma_\alpha, \sigma_\beta, \sigma \sim \mathrm{U}(0, 10)

    Parameters
    ----------
    mu_alpha_mean, mu_alpha_sd : float
        Mean and standard deviation of the prior of `mu_alpha`, in units of y.
    mu_beta_mean, mu_beta_sd : float
        Mean and standard deviation of the prior of `mu_beta`, in units of y per unit of x.
    sigma_alpha_high, sigma_beta_high, sigma_high : float
        Upper bounds of the three standard deviations; their lower bound is zero.

    Raises
    ------
    ValueError
        If a standard deviation or a bound is not above zero, or a mean is not finite.

    References
    ----------
    Gelman et al. (2013), chapters 5 and 15; Gelman (2006) for flat priors on standard
    deviations; chapter 3.

    Examples
    --------
    >>> Hierarchical().parameter_names
    ('alpha', 'beta', 'mu_alpha', 'mu_beta', 'sigma_alpha', 'sigma_beta', 'sigma')
    """

    mu_alpha_mean: float = 0.0
    mu_alpha_sd: float = 3.0
    mu_beta_mean: float = 0.0
    mu_beta_sd: float = 3.0
    sigma_alpha_high: float = 10.0
    sigma_beta_high: float = 10.0
    sigma_high: float = 10.0

    parameter_names: ClassVar[tuple[str, ...]] = (
        "alpha",
        "beta",
        "mu_alpha",
        "mu_beta",
        "sigma_alpha",
        "sigma_beta",
        "sigma",
    )

    def __post_init__(self) -> None:
        self._keep(finite_number, "mu_alpha_mean", "mu_beta_mean")
        self._keep(positive_number, "mu_alpha_sd", "mu_beta_sd")
        self._keep(positive_number, "sigma_alpha_high", "sigma_beta_high", "sigma_high")

    def sample_prior(
        self, n: int, rng: Rng, *, n_draws: int | None = None
    ) -> dict[str, FloatArray]:
        """Draw parameters from the prior: the population first, then its individuals.

        Parameters
        ----------
        n : int
            Number of individuals, at least 1.
        rng : int, numpy.random.Generator or RRandom
        n_draws : int, optional
            Number of draws; one draw without a draw axis when left out.

        Returns
        -------
        dict of ndarray
            `alpha` and `beta` of shape (n,) or (n_draws, n); the others of shape () or
            (n_draws,).

        Raises
        ------
        ValueError
            If n or n_draws is below 1 or `rng` is of the wrong kind.

        Examples
        --------
        >>> draws = Hierarchical().sample_prior(75, rng=1, n_draws=3)
        >>> draws["alpha"].shape, draws["sigma_alpha"].shape
        ((3, 75), (3,))
        """
        n = whole_number("n", n, least=1)
        shape = _draw_shape(n_draws)
        rng = as_rng(rng)
        mu_alpha = np.asarray(rng.normal(self.mu_alpha_mean, self.mu_alpha_sd, shape))
        mu_beta = np.asarray(rng.normal(self.mu_beta_mean, self.mu_beta_sd, shape))
        sigma_alpha = np.asarray(rng.uniform(0.0, self.sigma_alpha_high, shape))
        sigma_beta = np.asarray(rng.uniform(0.0, self.sigma_beta_high, shape))
        sigma = np.asarray(rng.uniform(0.0, self.sigma_high, shape))
        return {
            "alpha": _population(mu_alpha, sigma_alpha, n, rng),
            "beta": _population(mu_beta, sigma_beta, n, rng),
            "mu_alpha": mu_alpha,
            "mu_beta": mu_beta,
            "sigma_alpha": sigma_alpha,
            "sigma_beta": sigma_beta,
            "sigma": sigma,
        }

    def _log_prior(self, *params: FloatArray) -> FloatArray:
        alpha, beta, mu_alpha, mu_beta, sigma_alpha, sigma_beta, sigma = params
        with np.errstate(all="ignore"):  # what is outside the support is masked below
            value = (
                _log_population(alpha, mu_alpha, sigma_alpha)
                + _log_population(beta, mu_beta, sigma_beta)
                + log_normal(mu_alpha, self.mu_alpha_mean, self.mu_alpha_sd)
                + log_normal(mu_beta, self.mu_beta_mean, self.mu_beta_sd)
                - sum(map(math.log, (self.sigma_alpha_high, self.sigma_beta_high, self.sigma_high)))
            )
        inside = (
            _within(sigma_alpha, self.sigma_alpha_high)
            & _within(sigma_beta, self.sigma_beta_high)
            & _within(sigma, self.sigma_high)
            & (value == value)
        )
        log_prior: FloatArray = np.where(inside, value, -np.inf)[()]
        return log_prior


def _log_population(values: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Sum over the last axis of the log densities of `values` in a normal population."""
    z = (values - mean[..., None]) / sd[..., None]
    total: FloatArray = -0.5 * np.add.reduce(z * z, axis=-1) - values.shape[-1] * (
        np.log(sd) + LOG_SQRT_2PI
    )
    return total


def _population(mean: FloatArray, sd: FloatArray, n: int, rng: Rng) -> FloatArray:
    """n draws from each normal population, on a new last axis."""
    standard = np.asarray(as_rng(rng).standard_normal((*mean.shape, n)))
    drawn: FloatArray = mean[..., None] + sd[..., None] * standard
    return drawn


def _within(sd: FloatArray, high: float) -> BoolArray:
    """True where 0 < sd <= high: the support of a uniform prior on a standard deviation."""
    inside: BoolArray = (sd > 0) & (sd <= high)
    return inside


def _draw_shape(n_draws: int | None) -> tuple[int, ...]:
    return () if n_draws is None else (whole_number("n_draws", n_draws, least=1),)
