"""What every exact posterior answers: means, sds, intervals, draws, marginals (chapter 7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hiertools._checks import FloatArray, finite_array, finite_number, whole_number
from hiertools.rrandom import Rng, as_rng


class ExactPosterior(ABC):
    """What is known of the parameters once the data are in.

    Attributes
    ----------
    mean, sd : dict of ndarray
        Posterior mean and standard deviation by parameter: `alpha` and `beta` of shape (n,),
        or (1,) under complete pooling; the others of shape ().
    log_evidence : float
        Log of p(y), prior and likelihood both normalised.
    nodes : dict of ndarray, each of shape (n_nodes,)
        The points at which the integral over the standard deviations was evaluated.
    weights : ndarray of shape (n_nodes,)
        The posterior probability that each node stands for; they add up to one.
    """

    mean: dict[str, FloatArray]
    sd: dict[str, FloatArray]
    log_evidence: float
    nodes: dict[str, FloatArray]
    weights: FloatArray
    _bounds: dict[str, float]
    """Upper bounds of the standard deviations."""

    def interval(self, prob: float = 0.9) -> dict[str, FloatArray]:
        """Equal-tailed interval of every parameter.

        Parameters
        ----------
        prob : float
            Posterior probability inside, between 0 and 1.

        Returns
        -------
        dict of ndarray, each of shape (..., 2)
            Lower and upper end on the last axis.

        Raises
        ------
        ValueError
            If prob is not between 0 and 1.
        """
        prob = finite_number("prob", prob)
        if not 0 < prob < 1:
            raise ValueError(f"prob must be between 0 and 1, got {prob}")
        low, high = self._quantile(0.5 * (1.0 - prob)), self._quantile(0.5 * (1.0 + prob))
        return {name: np.stack([low[name], high[name]], axis=-1) for name in self.mean}

    def sample(self, n_draws: int, rng: Rng) -> dict[str, FloatArray]:
        """Independent draws of all parameters, each from the posterior itself.

        Parameters
        ----------
        n_draws : int
        rng : int, numpy.random.Generator or RRandom

        Returns
        -------
        dict of ndarray, each of shape (n_draws, ...)

        Raises
        ------
        ValueError
            If n_draws is below 1 or `rng` is of the wrong kind.
        """
        return self._sample(whole_number("n_draws", n_draws, least=1), as_rng(rng))

    def marginal(self, name: str, grid: ArrayLike) -> FloatArray:
        """Posterior density of one of the standard deviations, for a picture.

        It follows from how the nodes' share below a level grows, and is right to within 1 %;
        `cdf` is right to within 1e-5.

        Parameters
        ----------
        name : str
            `sigma`, or `sigma_alpha` or `sigma_beta` under partial pooling.
        grid : array_like
            Values of that parameter.

        Returns
        -------
        ndarray of the shape of `grid`
            Zero outside the prior's bounds.

        Raises
        ------
        ValueError
            If `name` is no standard deviation of the model, or `grid` is not finite.
        """
        return self._over_grid(name, grid)[..., 1]

    def cdf(self, name: str, grid: ArrayLike) -> FloatArray:
        """Posterior probability that a standard deviation is at most so large.

        Parameters and exceptions are those of `marginal`.

        Returns
        -------
        ndarray of the shape of `grid`
        """
        return self._over_grid(name, grid)[..., 0]

    def _over_grid(self, name: str, grid: ArrayLike) -> FloatArray:
        """Share below and density at each value, on a new last axis."""
        if name not in self._bounds:
            raise ValueError(f"name must be one of {', '.join(self._bounds)}, got {name!r}")
        values, high = finite_array("grid", grid), self._bounds[name]
        pairs = [
            self._share_below(name, v) if 0 < v < high else (float(v > 0), 0.0)
            for v in values.ravel().tolist()
        ]
        return np.array(pairs, dtype=np.float64).reshape(*values.shape, 2)

    def _sd_quantile(self, name: str, prob: float) -> FloatArray:
        """Newton's method for a standard deviation, kept inside a bracket that closes in."""
        low, high = 0.0, self._bounds[name]
        mean, sd = float(self.mean[name]), float(self.sd[name])
        x = mean + float(scipy.special.ndtri(prob)) * sd
        for _ in range(100):
            x = x if low < x < high else 0.5 * (low + high)
            share, density = self._share_below(name, x)
            low, high = (x, high) if share < prob else (low, x)
            step = (prob - share) / density if density > 0 else np.inf
            x += step
            if abs(step) < 1e-10 * sd or high - low < 1e-11 * sd:
                break
        return np.asarray(x)[()]

    @abstractmethod
    def _share_below(self, name: str, level: float) -> tuple[float, float]:
        """Share of a standard deviation's posterior below a level, and its density there."""

    @abstractmethod
    def _quantile(self, prob: float) -> dict[str, FloatArray]:
        """One quantile of every parameter."""

    @abstractmethod
    def _sample(self, n_draws: int, rng: Any) -> dict[str, FloatArray]:
        """Draws, for input that has been checked."""

    @abstractmethod
    def _near_bounds(self) -> Iterator[str]:
        """A message for every prior bound that the posterior leans on."""


def mean_and_sd(
    weights: FloatArray, means: FloatArray, variances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Law of total variance: the mean variance, and the variance of the means."""
    mean = weights @ means
    return mean, np.sqrt(weights @ (variances + (means - mean) ** 2))


def mean_var_pairs(moments: tuple[FloatArray, ...]) -> list[tuple[FloatArray, FloatArray]]:
    """(mean, variance) of alpha, and of beta."""
    return [(moments[0], moments[1]), (moments[2], moments[3])]


def all_but(weights: FloatArray, share: float) -> NDArray[np.int64]:
    """Which weights are left when the smallest, no more than `share` in all, are dropped."""
    order = np.argsort(weights)
    dropped = int(np.searchsorted(np.cumsum(weights[order]), share * weights.sum()))
    return order[dropped:]


def bound_message(name: str, field: str, bound: float, share: float, model: str) -> str:
    """That a prior bound decides, and what to do about it."""
    return (
        f"About {100 * share:.0f} % of the posterior of {name} lies within 1 % of its prior bound, "
        f"{field}={bound:g}: the prior, not the data, decides. If the data are on another scale, "
        f"rescale y and x or widen the prior, for example {model}({field}={10 * bound:g})"
    )
