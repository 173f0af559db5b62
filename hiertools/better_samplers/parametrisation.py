r"""The posterior in coordinates that know no bounds, centred and non-centred (chapter 8).

Samplers that follow a gradient want coordinates zeta (in code, z) that may be any real
numbers. A standard deviation between 0 and its bound h becomes the logit of its share of h; a
line is described either as it is or by its distance from the population's mean, in the
population's units:

.. math::
    \lambda = \log\frac{\sigma}{h - \sigma}, \qquad
    \text{centred: } \zeta_i = \alpha_i, \qquad
    \text{non-centred: } \zeta_i = \eta_i = \frac{\alpha_i - \mu_\alpha}{\sigma_\alpha} .

A density changes with its coordinates: it is multiplied by the Jacobian, by which z is
stretched into parameters, :math:`|d\sigma / d\lambda| = \sigma (1 - \sigma / h)` for a standard
deviation and :math:`\sigma_\alpha` for each non-centred intercept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray, broadcast_shapes, float_array
from hiertools.better_samplers.blockwise import starting_point
from hiertools.data import GroupedData, GroupStatistics, grouped
from hiertools.likelihood import LOG_SQRT_2PI
from hiertools.priors import SDS, Hierarchical


@dataclass(frozen=True)
class Coordinates:
    """The hierarchical posterior as a density of a vector z; made by `centred` and `noncentred`.

    Parameters
    ----------
    data : GroupedData
        Replicated datasets on y's leading axis give each chain data of its own.
    model : Hierarchical
    is_centred : bool
        Whether z holds the lines themselves, or their standardised distances from the mean.

    Attributes
    ----------
    dim : int
        Length of z: 2 n + 5.

    Raises
    ------
    ValueError
        If `data` or `model` is of another kind.

    References
    ----------
    Papaspiliopoulos, Roberts and Sköld (2007); Betancourt and Girolami (2015); chapter 8.

    Examples
    --------
    >>> from hiertools import simulate
    >>> data, truth = simulate(n=20, rng=1)
    >>> target = noncentred(data, Hierarchical())
    >>> z = target.from_params(truth)
    >>> log_density, gradient = target.log_density_and_gradient(z)
    >>> log_density.shape, gradient.shape
    ((), (45,))
    """

    data: GroupedData
    model: Hierarchical
    is_centred: bool

    def __post_init__(self) -> None:
        grouped(self.data)
        if not isinstance(self.model, Hierarchical):
            raise ValueError(
                "model must be Hierarchical(): only partial pooling has two forms, got "
                f"{type(self.model).__name__}"
            )

    @property
    def dim(self) -> int:
        """Length of z."""
        return 2 * self.data.n + 5

    def log_density(self, z: ArrayLike) -> FloatArray:
        """Log density of z: the log posterior plus the log of the Jacobian.

        Parameters
        ----------
        z : array_like of shape (..., dim)

        Returns
        -------
        ndarray of shape (...)
            -inf where z is so large that a parameter has no value.

        Raises
        ------
        ValueError
            If z has NaN or the wrong shape.

        Examples
        --------
        >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
        >>> round(float(centred(data, Hierarchical()).log_density(np.zeros(7))), 6)
        -18.507491
        """
        return self.log_density_and_gradient(z)[0]

    def log_density_and_gradient(self, z: ArrayLike) -> tuple[FloatArray, FloatArray]:
        r"""The log density and its gradient, both by hand.

        With :math:`g_i = \partial \log p(y \mid \cdot) / \partial \alpha_i`, the gradient for
        an intercept and its population is, up to the priors of the latter,

        .. math::
            \text{centred: } \quad
            \frac{\partial}{\partial \alpha_i} &= g_i - \frac{\eta_i}{\sigma_\alpha}, &
            \frac{\partial}{\partial \mu_\alpha} &= \frac{\sum_i \eta_i}{\sigma_\alpha}, &
            \frac{\partial}{\partial \log \sigma_\alpha} &= \sum_i (\eta_i^2 - 1), \\
            \text{non-centred: } \quad
            \frac{\partial}{\partial \eta_i} &= g_i \sigma_\alpha - \eta_i, &
            \frac{\partial}{\partial \mu_\alpha} &= \sum_i g_i, &
            \frac{\partial}{\partial \log \sigma_\alpha} &= \sigma_\alpha \sum_i g_i \eta_i .

        Parameters
        ----------
        z : array_like of shape (..., dim)

        Returns
        -------
        log_density : ndarray of shape (...)
        gradient : ndarray of shape (..., dim)
            Zero where the log density is -inf.

        Raises
        ------
        ValueError
            If z has NaN or the wrong shape.

        Examples
        --------
        >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
        >>> _, gradient = centred(data, Hierarchical()).log_density_and_gradient(np.zeros(7))
        >>> gradient.round(3).tolist()
        [0.16, 0.12, 0.0, 0.0, -0.5, -0.5, -0.8]
        """
        z = self._checked(z)
        n, mu_mean, mu_sd = self.data.n, *self._prior
        own, mu, u = self._split(z)
        with np.errstate(all="ignore"):  # where this overflows, the answer is -inf
            lines, sds = self._lines(own, mu, u)
            spread = sds[..., :2]
            value, by_lines, by_log_sigma = log_likelihood_and_gradient(
                self.data.statistics, lines[..., 0, :], lines[..., 1, :], sds[..., 2]
            )
            if self.is_centred:
                eta = (own - mu[..., None]) / spread[..., None]
                by_own, by_mu = by_lines - eta / spread[..., None], eta.sum(axis=-1) / spread
                by_log_spread = (eta * eta).sum(axis=-1) - n
                value = value - n * np.log(spread).sum(axis=-1)
            else:
                eta = own
                by_own, by_mu = by_lines * spread[..., None] - eta, by_lines.sum(axis=-1)
                by_log_spread = spread * (by_lines * eta).sum(axis=-1)
            distance, rest = (mu - mu_mean) / mu_sd, scipy.special.expit(-u)
            value = value - 0.5 * (
                (eta * eta).sum(axis=(-2, -1)) + (distance * distance).sum(axis=-1)
            )
            # A flat prior times the Jacobian: s (1 - s) for an sd that is s times its bound.
            value = value + scipy.special.log_expit([u, -u]).sum(axis=(0, -1))
            value = value - 2 * (n + 1) * LOG_SQRT_2PI - np.log(mu_sd).sum()

            gradient = np.empty(z.shape)
            g_own, g_mu, g_u = self._split(gradient)
            g_own[...], g_mu[...] = by_own, by_mu - distance / mu_sd
            g_u[..., :2], g_u[..., 2] = by_log_spread, by_log_sigma
            g_u[...] = g_u * rest + 2.0 * rest - 1.0
        lost = ~(np.isfinite(value) & np.isfinite(gradient).all(axis=-1))
        if lost.any():
            value = np.where(lost, -np.inf, value)
            gradient = np.where(lost[..., None], 0.0, gradient)
        return value, gradient

    def to_params(self, z: ArrayLike) -> dict[str, FloatArray]:
        """The parameters at z.

        Parameters
        ----------
        z : array_like of shape (..., dim)

        Returns
        -------
        dict of ndarray
            `alpha` and `beta` of shape (..., n), the others of shape (...).

        Raises
        ------
        ValueError
            If z has NaN or the wrong shape.

        Examples
        --------
        >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
        >>> params = noncentred(data, Hierarchical()).to_params([1, 0, 2, 0, 0, 0, 0])
        >>> float(params["sigma_alpha"]), params["alpha"].tolist()
        (5.0, [7.0])
        """
        own, mu, u = self._split(self._checked(z))
        lines, sds = self._lines(own, mu, u)
        parts = [lines[..., 0, :], lines[..., 1, :], mu[..., 0], mu[..., 1]]
        parts += [sds[..., 0], sds[..., 1], sds[..., 2]]
        return dict(zip(self.model.parameter_names, parts, strict=True))

    def from_params(self, params: Mapping[str, ArrayLike]) -> FloatArray:
        """The z at which the parameters are these.

        Parameters
        ----------
        params : dict
            Every parameter by name, with or without one leading axis.

        Returns
        -------
        ndarray of shape (..., dim)

        Raises
        ------
        ValueError
            If a parameter is missing, has NaN or the wrong shape, or is outside the support;
            if a standard deviation is exactly at its bound, for which no z stands.

        Examples
        --------
        >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
        >>> target = noncentred(data, Hierarchical())
        >>> target.from_params(target.to_params([1, 0, 2, 0, 0, 0, 0])).tolist()
        [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]
        """
        params = starting_point(self.data, self.model, params)
        columns = []
        for line in ("alpha", "beta"):
            mu, sd = (params[f"{name}_{line}"][..., None] for name in ("mu", "sigma"))
            columns.append(params[line] if self.is_centred else (params[line] - mu) / sd)
        columns += [params["mu_alpha"][..., None], params["mu_beta"][..., None]]
        shares = np.stack([params[name] for name in SDS], axis=-1) / self._highs
        if (shares == 1.0).any():
            raise ValueError(
                f"one of {', '.join(SDS)} is at its bound ({self._highs}), for which no z "
                "stands; begin a little below"
            )
        columns.append(scipy.special.logit(shares))
        return np.concatenate(columns, axis=-1)

    @cached_property
    def _highs(self) -> FloatArray:
        """Upper bounds of the three standard deviations."""
        return np.array([getattr(self.model, f"{name}_high") for name in SDS])

    @cached_property
    def _prior(self) -> tuple[FloatArray, FloatArray]:
        """Means and sds of the priors of the two means."""
        model = self.model
        means = np.array([model.mu_alpha_mean, model.mu_beta_mean])
        return means, np.array([model.mu_alpha_sd, model.mu_beta_sd])

    def _split(self, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Views of z: lines (..., 2, n), their means (..., 2), logits of the sds (..., 3)."""
        n = self.data.n
        own = z[..., : 2 * n].reshape(*z.shape[:-1], 2, n)
        return own, z[..., 2 * n : 2 * n + 2], z[..., 2 * n + 2 :]

    def _lines(
        self, own: FloatArray, mu: FloatArray, u: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Lines (..., 2, n) and standard deviations (..., 3)."""
        sds = self._highs * scipy.special.expit(u)
        return own if self.is_centred else mu[..., None] + sds[..., :2, None] * own, sds

    def _checked(self, z: ArrayLike) -> FloatArray:
        array = float_array("z", z)
        if array.shape[-1:] != (self.dim,):
            raise ValueError(f"z must have shape (..., {self.dim}), got shape {array.shape}")
        broadcast_shapes({"y": self.data.y.shape[:-1], "z": array.shape[:-1]})
        return array


def centred(data: GroupedData, model: Hierarchical) -> Coordinates:
    r"""Coordinates in which a line is described as it is: alpha, beta.

    They serve well where each individual's own data say much: m large beside
    :math:`\sigma^2 / \sigma_\alpha^2`. Where they say little, alpha is drawn together around
    its mean as sigma_alpha nears zero, and the density has the shape of a funnel.

    Parameters
    ----------
    data : GroupedData
    model : Hierarchical

    Returns
    -------
    Coordinates

    Raises
    ------
    ValueError
        If `data` or `model` is of another kind.

    Examples
    --------
    >>> from hiertools import simulate
    >>> data, truth = simulate(n=20, rng=1)
    >>> centred(data, Hierarchical()).from_params(truth)[0] == truth["alpha"][0]
    np.True_
    """
    return Coordinates(data, model, is_centred=True)


def noncentred(data: GroupedData, model: Hierarchical) -> Coordinates:
    r"""Coordinates in which a line is its distance from the mean in units of the sd.

    .. math:: \alpha_i = \mu_\alpha + \sigma_\alpha \eta_i, \qquad \eta_i \sim \mathrm{N}(0, 1)

    In the prior, eta knows nothing of its population: there is no funnel. It comes back from
    the other side where data are many, since they pin down alpha and not eta.

    Parameters
    ----------
    data : GroupedData
    model : Hierarchical

    Returns
    -------
    Coordinates

    Raises
    ------
    ValueError
        If `data` or `model` is of another kind.

    Examples
    --------
    >>> from hiertools import simulate
    >>> data, truth = simulate(n=20, rng=1)
    >>> round(float(noncentred(data, Hierarchical()).from_params(truth)[0]), 6)
    0.345584
    """
    return Coordinates(data, model, is_centred=False)


def log_likelihood_and_gradient(
    statistics: GroupStatistics, alpha: FloatArray, beta: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""The log likelihood and its derivatives from sufficient statistics.

    With :math:`e_i = \bar y_i - \alpha_i - \beta_i \bar x_i` and q the squared residuals,

    .. math::
        \frac{\partial}{\partial \alpha_i} = \frac{m_i e_i}{\sigma^2}, \quad
        \frac{\partial}{\partial \beta_i}
        = \frac{m_i \bar x_i e_i + S_i (\hat\beta_i - \beta_i)}{\sigma^2}, \quad
        \frac{\partial}{\partial \log \sigma} = \frac{q}{\sigma^2} - N .

    Parameters
    ----------
    statistics : GroupStatistics
    alpha, beta : ndarray of shape (..., n)
    sigma : ndarray of shape (...)

    Returns
    -------
    value : ndarray of shape (...)
    by_lines : ndarray of shape (..., 2, n)
        By alpha and by beta.
    by_log_sigma : ndarray of shape (...)
    """
    m, x, s, y, slope, rss = statistics
    n_observations, t = m.sum(), sigma**-2.0
    e, f = y - alpha - beta * x, slope - beta
    level, steep = m * e, s * f
    q = (rss + level * e + steep * f).sum(axis=-1) * t
    by_lines = np.stack([level, x * level + steep], axis=-2) * t[..., None, None]
    return -0.5 * q - n_observations * (np.log(sigma) + LOG_SQRT_2PI), by_lines, q - n_observations
