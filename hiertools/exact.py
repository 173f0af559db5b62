"""The exact posterior of the three models, with no Markov chain (chapter 7).

Whatever is normal given the standard deviations is integrated out in closed form; the one or
three standard deviations that are left go to the panels of `quadrature`.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from hiertools._checks import FloatArray, finite_array, finite_number, whole_number
from hiertools.data import GroupedData, GroupStatistics
from hiertools.likelihood import LOG_SQRT_2PI
from hiertools.priors import CompletePooling, Hierarchical, Model, Unpooled
from hiertools.quadrature import (
    Panels,
    draw_points,
    gauss_legendre,
    mixture_quantile,
    monotone_roots,
    panel_points,
    refine,
    share_below,
    thin,
    zoom,
)
from hiertools.rays import (
    WATCHED,
    Conditional,
    Individuals,
    LevelLines,
    RayModel,
    Rays,
    draw_lines,
    line_moments,
)
from hiertools.rrandom import Rng, as_rng
from hiertools.truncated import (
    Box,
    BoxMarginal,
    Lines,
    box_marginal,
    draw_in_box,
    free_log_mass,
    free_moments,
    outside_share,
)


class Rule(NamedTuple):
    """Nodes of a panel along an axis, and when a panel is fine enough; see `refine`."""

    order: int
    tolerance: float


FEW, MANY, BETWEEN = Rule(12, 1e-5), Rule(20, 2e-2), Rule(12, 1e-4)
"""For posteriors of few and of many individuals, and for polynomials between the nodes."""
CHUNK = 50_000
"""Entries of a temporary array (nodes by individuals), so that memory stays bounded."""


def exact_posterior(data: GroupedData, model: Model) -> ExactPosterior:
    r"""The posterior by integration: means, sds, intervals, independent draws, evidence.

    .. math:: p(\theta \mid y) = \int p(\theta \mid y, \sigma_\cdot)\,
        p(\sigma_\cdot \mid y)\,d\sigma_\cdot

    Given the standard deviations everything else is normal, and done in closed form. Over the
    standard deviations a deterministic rule finds its own region and refines itself.

    Parameters
    ----------
    data : GroupedData
        One dataset; groups may differ in size.
    model : Unpooled, CompletePooling or Hierarchical

    Returns
    -------
    ExactPosterior

    Warns
    -----
    UserWarning
        If over 1 % of the posterior lies within 1 % of a prior bound: the data are then on
        another scale than the prior.

    Raises
    ------
    ValueError
        If the model is none of the three, `data` holds replicated datasets, or there is no
        proper posterior, because lines fit perfectly with observations to spare.

    References
    ----------
    Gelman et al. (2013), sections 5.4 and 14.2; chapter 7.

    Examples
    --------
    >>> from hiertools import Hierarchical, RRandom, rmse, simulate
    >>> data, truth = simulate(rng=RRandom(1))
    >>> posterior = exact_posterior(data, Hierarchical())
    >>> round(float(rmse(posterior.mean["alpha"], truth["alpha"])), 4)
    0.7361
    >>> posterior.interval(0.9)["sigma"].round(3).tolist()
    [2.054, 2.381]
    >>> posterior.sample(1000, rng=1)["beta"].shape
    (1000, 75)
    """
    posterior = integrate(data, model)
    for message in posterior._near_bounds():
        warnings.warn(message, UserWarning, stacklevel=2)
    return posterior


def integrate(data: GroupedData, model: Model) -> ExactPosterior:
    """`exact_posterior` without its look at the prior's bounds, for many small datasets in a row.

    With few individuals that look takes most of the time. Parameters and exceptions are those
    of `exact_posterior`.

    Returns
    -------
    ExactPosterior
    """
    if not isinstance(data, GroupedData):
        raise ValueError(
            f"data must be GroupedData, got {type(data).__name__}; GroupedData.from_long makes "
            "it from three columns"
        )
    if data.y.ndim > 1:
        raise ValueError(
            f"data must hold one dataset, got y of shape {data.y.shape}; make a GroupedData of "
            "each replicate, y[k], and call exact_posterior for each"
        )
    if isinstance(model, Hierarchical):
        return HierarchicalPosterior(data, model)
    if isinstance(model, Unpooled | CompletePooling):
        return FlatPosterior(data, model)
    raise ValueError(
        "model must be Unpooled(), CompletePooling() or Hierarchical(), got "
        f"{model if isinstance(model, type) else type(model).__name__}"
    )


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
        x = mean + float(ndtri(prob)) * sd
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


class HierarchicalPosterior(ExactPosterior):
    """Partial pooling: three standard deviations are left to quadrature."""

    def __init__(self, data: GroupedData, model: Hierarchical) -> None:
        _refuse_perfect_population(data)
        self._bounds = {
            "sigma_alpha": model.sigma_alpha_high,
            "sigma_beta": model.sigma_beta_high,
            "sigma": model.sigma_high,
        }
        self._model = RayModel(data.statistics, model)
        self._region = _find_region(self._model)
        self._level_lines: dict[str, list[LevelLines]] = {}
        # Of many individuals the posterior is nearly normal in the sds: wide panels will do,
        # where their nodes are many. Of few it has long tails, and needs many panels.
        rule, dropped = (FEW, 1e-16) if data.n < 50 else (MANY, 1e-9)
        self._at = self._model.nodes(self._panels(rule))
        self.log_evidence = self._at.log_evidence
        self.weights = self._at.mass.ravel()
        sigma, rays = self._at.sigma, self._at.rays
        self.nodes = {
            "sigma_alpha": (sigma * np.sqrt(rays.a)).ravel(),
            "sigma_beta": (sigma * np.sqrt(rays.b)).ravel(),
            "sigma": sigma.ravel(),
        }
        moments = self._moments(dropped)
        self.mean = {name: mean for name, (mean, _) in moments.items()}
        self.sd = {name: sd for name, (_, sd) in moments.items()}

    def _moments(self, dropped: float) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Mean and sd of every parameter, over each ray first: it shares its weights.

        The least probable rays, `dropped` in all, are left out.
        """
        at = self._at
        mass = at.by_ray(at.mass)
        keep = _all_but(mass.sum(axis=1), dropped)
        weights = mass[keep].sum(axis=1)
        along, weights = mass[keep] / weights[:, None], weights / weights.sum()
        a, b = (at.by_ray(ratio)[keep, 0] for ratio in (at.rays.a, at.rays.b))
        square = (along * at.by_ray(at.sigma)[keep] ** 2).sum(axis=1)
        mu = _over_rows(along, Conditional(*(at.by_ray(v)[keep] for v in at.given)))

        def of_lines(who: Individuals) -> FloatArray:
            pairs = _pairs(line_moments(who, a, b, square, mu))
            return np.stack([np.stack(_mean_and_sd(weights, *pair)) for pair in pairs])

        alpha, beta = self._by_individual(len(weights), of_lines)
        base_alpha, base_beta = self._model.reference
        mu_alpha = _mean_and_sd(weights, mu.mu_alpha, mu.var_alpha)
        mu_beta = _mean_and_sd(weights, mu.mu_beta, mu.var_beta)
        return {
            "alpha": (alpha[0] + base_alpha, alpha[1]),
            "beta": (beta[0] + base_beta, beta[1]),
            "mu_alpha": (mu_alpha[0] + base_alpha, mu_alpha[1]),
            "mu_beta": (mu_beta[0] + base_beta, mu_beta[1]),
        } | {name: _mean_and_sd(self.weights, v, 0.0 * v) for name, v in self.nodes.items()}

    def _panels(self, rule: Rule) -> Panels:
        return refine(
            self._model.records,
            *self._region,
            order=rule.order,
            tolerance=rule.tolerance,
            n_watched=WATCHED,
        )

    def _by_individual(
        self, rows: int, function: Callable[[Individuals], FloatArray]
    ) -> FloatArray:
        """What `function` says of the individuals, a chunk at a time."""
        who = self._model.individuals
        step = max(1, CHUNK // rows)
        starts = range(0, len(who.m), step)
        return np.concatenate([function(who.take(slice(i, i + step))) for i in starts], axis=-1)

    def _share_below(self, name: str, level: float) -> tuple[float, float]:
        # An sd may go to zero or to infinity where a ray does; sd / (sd + typical) is tame.
        typical = float(self.mean[name])
        mark, rate = level / (level + typical), typical / (level + typical) ** 2
        parts = [
            share_below(mass, sd / (sd + typical) - mark, np.full_like(sd, rate))
            for mass, sd in self._lines_of(name)
        ]
        share, density = np.sum(parts, axis=0)
        return float(share), float(density)

    def _lines_of(self, name: str) -> list[LevelLines]:
        """Lines through the nodes along which a standard deviation changes, made once."""
        if name not in self._level_lines:
            across = self._at.panels.records.shape[1]
            panels = self._at.panels if across == BETWEEN.order else self._panels(BETWEEN)
            self._level_lines[name] = self._model.level_lines(name, panels)
        return self._level_lines[name]

    def _quantile(self, prob: float) -> dict[str, FloatArray]:
        weights, a, b, square, given = self._thin_nodes
        base_alpha, base_beta = self._model.reference

        def of_lines(who: Individuals) -> FloatArray:
            pairs = _pairs(line_moments(who, a, b, square, given))
            return np.stack([mixture_quantile(weights, m, np.sqrt(v), prob) for m, v in pairs])

        alpha, beta = self._by_individual(len(weights), of_lines)
        means = np.stack([given.mu_alpha, given.mu_beta], axis=1)
        sds = np.sqrt(np.stack([given.var_alpha, given.var_beta], axis=1))
        mu_alpha, mu_beta = mixture_quantile(weights, means, sds, prob)
        return {
            "alpha": alpha + base_alpha,
            "beta": beta + base_beta,
            "mu_alpha": mu_alpha + base_alpha,
            "mu_beta": mu_beta + base_beta,
        } | {name: self._sd_quantile(name, prob) for name in self._bounds}

    @cached_property
    def _thin_nodes(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, Conditional]:
        """Fewer nodes that serve as well: a few along each ray, and no ray without weight."""
        at, model = self._at, self._model
        mass = at.by_ray(at.mass)
        weight = mass.sum(axis=1)
        keep = _all_but(weight, 1e-9)
        n_along = 3 if model.prior.n_observations > 100 else 6
        along, log_sigma = thin(
            mass[keep] / weight[keep, None], np.log(at.by_ray(at.sigma)[keep]), n_along
        )
        columns = at.panels.records[..., WATCHED:].reshape(len(weight), -1)[keep]
        rays = Rays.from_columns(columns).stretched()
        given = model.given(rays.sums, np.exp(log_sigma))
        weights = along * (weight[keep, None] / weight[keep].sum())
        return (
            weights.ravel(),
            np.repeat(rays.a, n_along),
            np.repeat(rays.b, n_along),
            np.exp(2.0 * log_sigma).ravel(),
            Conditional(*(v.ravel() for v in given)),
        )

    def _sample(self, n_draws: int, rng: Any) -> dict[str, FloatArray]:
        model, panels, log_height = self._model, self._at.panels, self._at.log_height

        def rays_at(panel: NDArray[np.int64], xi: FloatArray) -> tuple[Rays, FloatArray]:
            half = 0.5 * (panels.upper - panels.lower)[panel]
            points = panels.lower[panel] + half * (xi[:, :2] + 1.0)
            return model.rays(panels.piece[panel], points), half.prod(axis=1)

        def log_density(panel: NDArray[np.int64], xi: FloatArray) -> FloatArray:
            rays, volume = rays_at(panel, xi)
            return model.log_joint(rays, xi[:, 2])[0] + np.log(volume)

        panel, xi = draw_points(log_height, log_density, n_draws, rng)
        rays, _ = rays_at(panel, xi)
        sigma = np.exp(rays.log_sigma(xi[:, 2]))
        given = model.given(rays.sums, sigma)
        z = rng.standard_normal((2, n_draws))
        beyond = np.sqrt(given.var_beta) * z[0]
        tilt = given.cov / given.var_beta
        mu_alpha = given.mu_alpha + tilt * beyond
        mu_alpha += np.sqrt(np.maximum(given.var_alpha - tilt * given.cov, 0.0)) * z[1]
        draws = {
            "mu_alpha": mu_alpha,
            "mu_beta": given.mu_beta + beyond,
            "sigma_alpha": sigma * np.sqrt(rays.a),
            "sigma_beta": sigma * np.sqrt(rays.b),
            "sigma": sigma,
        }
        columns = {name: values[:, None] for name, values in draws.items()}
        lines = self._by_individual(
            n_draws,
            lambda who: np.stack(
                draw_lines(who, columns, rng.standard_normal((2, n_draws, len(who.m))))
            ),
        )
        base_alpha, base_beta = model.reference
        draws["mu_alpha"] += base_alpha
        draws["mu_beta"] += base_beta
        return {"alpha": lines[0] + base_alpha, "beta": lines[1] + base_beta, **draws}

    def _near_bounds(self) -> Iterator[str]:
        for name, high in self._bounds.items():
            if self.weights[self.nodes[name] > 0.9 * high].sum() < 1e-3:
                continue  # no need to look more closely
            share = 1.0 - self._share_below(name, 0.99 * high)[0]
            if share > 0.01:
                yield _bound_message(name, f"{name}_high", high, share, "Hierarchical")


class FlatPosterior(ExactPosterior):
    """No pooling and complete pooling: lines with flat priors, and one residual sd.

    Given sigma every line is normal, cut off at the sides of its prior's box. A line with less
    than 1e-10 outside is taken as it is (`free`); the others are integrated over the box.
    """

    def __init__(self, data: GroupedData, model: Unpooled | CompletePooling) -> None:
        self._model = model
        self._pooled = isinstance(model, CompletePooling)
        statistics = data.statistics
        if self._pooled:
            statistics = GroupedData(
                data.y, data.x, np.zeros(data.y.size, dtype=np.int64)
            ).statistics
        self._bounds = {"sigma": model.sigma_high}
        self._box = Box(model.alpha_low, model.alpha_high, model.beta_low, model.beta_high)
        m, x, s, y, slope, rss = statistics
        self._lines = Lines(m, x, s, y, slope, np.ones_like(m))
        self._rss, self._n_observations = float(rss.sum()), float(m.sum())
        _refuse_perfect_lines(statistics, self._box)
        self._find_nodes()
        self._integrate()

    def _find_nodes(self) -> None:
        """Panels over sigma: lines without their box first, to see which need one."""
        low, high = np.zeros((1, 1)), np.full((1, 1), self._bounds["sigma"])
        lines = self._lines
        bounded = lines.s > 0
        # A box with the estimate inside only ever makes large values of sigma less probable,
        # so that the region without boxes reaches far enough.
        if (outside_share(_at(lines.take(bounded), 1e-9), self._box) < 0.5).all():
            self._free = np.ones_like(bounded)
            _, top = zoom(self._records, low, high)
        else:
            top = high
        self._free = outside_share(_at(lines, float(top[0, 0])), self._box) < 1e-10
        low, high = zoom(self._records, low, high)
        panels = refine(self._records, low, high, order=16, tolerance=1e-6)
        sigma = panel_points(panels.lower, panels.upper, 16)[..., 0]
        log_height = panels.records[..., 0] + np.log(0.5 * (panels.upper - panels.lower))
        mass = np.exp(log_height - log_height.max()) * gauss_legendre(16)[1]
        self.log_evidence = float(log_height.max() + np.log(mass.sum()))
        self._panels, self._log_height = panels, log_height
        self._mass, self._sigma = mass / mass.sum(), sigma
        self.nodes, self.weights = {"sigma": sigma.ravel()}, self._mass.ravel()

    def _records(self, _: NDArray[np.int64], points: FloatArray) -> FloatArray:
        r"""Log of likelihood times prior of sigma, lines integrated out, shape (M, 1).

        .. math:: -N \log(\sigma \sqrt{2 \pi}) - \frac{\mathrm{RSS}}{2 \sigma^2}
            + \sum_i \log \int_{\mathrm{box}} \cdots \, d\alpha_i\,d\beta_i
        """
        sigma, box = points[:, 0], self._box
        log_f = -0.5 * self._rss / sigma**2 - self._n_observations * (np.log(sigma) + LOG_SQRT_2PI)
        log_f -= np.log(self._bounds["sigma"])
        area = np.log(box.alpha_high - box.alpha_low) + np.log(box.beta_high - box.beta_low)
        log_f -= len(self._free) * area
        free = self._lines.take(self._free & (self._lines.s > 0))
        constant = free_log_mass(free).sum()
        log_f += constant + 2.0 * len(free.m) * np.log(sigma)
        if not self._free.all():
            log_f += self._boxed("beta", sigma, lambda marginal: marginal.log_mass).sum(axis=1)
        return log_f[:, None]

    def _boxed(
        self, name: str, sigma: FloatArray, what: Callable[[BoxMarginal], FloatArray]
    ) -> FloatArray:
        """Something about the lines that need a box, shape (n_sigma, n_boxed), by chunks."""
        lines = self._lines.take(~self._free)
        step = max(1, 20_000 // len(lines.m))
        parts = [
            what(box_marginal(name, _repeat(lines, sigma[i : i + step]), self._box))
            for i in range(0, len(sigma), step)
        ]
        return np.concatenate(parts).reshape(len(sigma), -1)

    def _integrate(self) -> None:
        weights, sigma = self.weights, self.nodes["sigma"]
        square = float(weights @ sigma**2)
        with np.errstate(divide="ignore", invalid="ignore"):  # lines with S = 0 are not free
            free = free_moments(_at(self._lines, 1.0))
        self.mean, self.sd = {}, {}
        for name, (mean, var) in zip(("alpha", "beta"), _pairs(free), strict=True):
            self.mean[name], self.sd[name] = mean, np.sqrt(square * var)
            if not self._free.all():
                both = self._boxed(name, sigma, lambda marginal: np.stack(marginal[-2:], axis=-1))
                means, variances = np.moveaxis(both.reshape(len(sigma), -1, 2), -1, 0)
                moments = _mean_and_sd(weights, means, variances)
                self.mean[name][~self._free], self.sd[name][~self._free] = moments
        self.mean["sigma"], self.sd["sigma"] = _mean_and_sd(weights, sigma, 0.0 * sigma)

    def _share_below(self, name: str, level: float) -> tuple[float, float]:  # noqa: ARG002
        return share_below(self._mass, self._sigma - level, np.ones_like(self._sigma))

    def _quantile(self, prob: float) -> dict[str, FloatArray]:
        # A free line is its estimate plus sigma times a normal: one quantile serves all.
        sigma = self.nodes["sigma"][:, None]
        z = mixture_quantile(self.weights, 0.0 * sigma, sigma, prob)
        unit = np.sqrt(float(self.weights @ sigma[:, 0] ** 2))
        result = {name: self.mean[name] + z * self.sd[name] / unit for name in ("alpha", "beta")}
        if not self._free.all():
            for name in ("alpha", "beta"):
                result[name][~self._free] = self._boxed_quantile(name, prob)
        return result | {"sigma": self._sd_quantile("sigma", prob)}

    def _boxed_quantile(self, name: str, prob: float) -> FloatArray:
        """Quantiles of the lines that need a box, a chunk of lines at a time."""
        low, high = (getattr(self._box, f"{name}_{end}") for end in ("low", "high"))
        parts = []
        for share in self._boxed_shares(name):
            ends = np.full(share.n, low), np.full(share.n, high)
            parts.append(monotone_roots(share, prob, *ends))
        return np.concatenate(parts)

    def _boxed_shares(self, name: str) -> Iterator[_Share]:
        """Functions from levels (n,) to posterior shares below them, of n lines at a time."""
        keep = _all_but(self.weights, 1e-12)
        weights, sigma = self.weights[keep], self.nodes["sigma"][keep]
        lines = self._lines.take(~self._free)
        step = max(1, 20_000 // len(sigma))
        for i in range(0, len(lines.m), step):
            some = lines.take(slice(i, i + step))
            yield _Share(len(some.m), weights, box_marginal(name, _repeat(some, sigma), self._box))

    def _sample(self, n_draws: int, rng: Any) -> dict[str, FloatArray]:
        panels = self._panels

        # Where lines need a box, sigma's density is dear; the panels' own polynomials have it.
        to_series = gauss_legendre(panels.records.shape[1])[2]
        series = to_series @ np.exp(self._log_height - self._log_height.max()).T

        def log_density(panel: NDArray[np.int64], xi: FloatArray) -> FloatArray:
            height = legendre.legval(xi[:, 0], series[:, panel], tensor=False)
            log_f: FloatArray = np.log(np.maximum(height, 1e-300)) + self._log_height.max()
            return log_f

        panel, xi = draw_points(self._log_height, log_density, n_draws, rng)
        half = 0.5 * (panels.upper - panels.lower)[panel, 0]
        sigma = panels.lower[panel, 0] + half * (xi[:, 0] + 1.0)
        n = len(self._free)
        alpha, beta = np.empty((n_draws, n)), np.empty((n_draws, n))
        step = max(1, CHUNK // n_draws)
        for i in range(0, n, step):
            which = np.arange(i, min(i + step, n))
            for some, cut in ((which[self._free[which]], False), (which[~self._free[which]], True)):
                if some.size:
                    shape = (n_draws, some.size)
                    lines = _repeat(self._lines.take(some), sigma)
                    box = self._box if cut else Box(-np.inf, np.inf, -np.inf, np.inf)
                    drawn = draw_in_box(lines, box, rng)
                    alpha[:, some], beta[:, some] = (v.reshape(shape) for v in drawn)
        return {"alpha": alpha, "beta": beta, "sigma": sigma}

    def _near_bounds(self) -> Iterator[str]:
        kind = type(self._model).__name__
        high = self._bounds["sigma"]
        share = 1.0 - self._share_below("sigma", 0.99 * high)[0]
        if share > 0.01:
            yield _bound_message("sigma", "sigma_high", high, share, kind)
        for name in ("alpha", "beta"):
            near = self._share_near_sides(name)
            if (near > 0.01).any():
                yield _side_message(name, self._box, near, kind)

    def _share_near_sides(self, name: str) -> FloatArray:
        """Posterior share of each line within 1 % of a side of the box."""
        low, high = (getattr(self._box, f"{name}_{end}") for end in ("low", "high"))
        margin = 0.01 * (high - low)
        mean, sd = self.mean[name], self.sd[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            share: FloatArray = ndtr((low + margin - mean) / sd) + ndtr((mean - high + margin) / sd)
        if not self._free.all():
            boxed = [
                f(np.full(f.n, low + margin)) + 1.0 - f(np.full(f.n, high - margin))
                for f in self._boxed_shares(name)
            ]
            share[~self._free] = np.concatenate(boxed)
        return share


@dataclass(frozen=True)
class _Share:
    """The posterior share of n lines below levels, a mean over the nodes of sigma."""

    n: int
    weights: FloatArray
    marginal: BoxMarginal

    def __call__(self, level: FloatArray) -> FloatArray:
        n_nodes = len(self.weights)
        shares = self.marginal.share_below(np.tile(level, n_nodes)).reshape(n_nodes, -1)
        share: FloatArray = self.weights @ shares
        return share


def _at(lines: Lines, sigma: float) -> Lines:
    """Lines with the same sigma for all."""
    return lines._replace(sigma=np.full_like(lines.m, sigma))


def _repeat(lines: Lines, sigma: FloatArray) -> Lines:
    """Every line with each sigma in turn, shape (n_sigma * n,)."""
    tiled = (np.tile(v, len(sigma)) for v in lines)
    return Lines(*tiled)._replace(sigma=np.repeat(sigma, len(lines.m)))


def _side_message(name: str, box: Box, near: FloatArray, model: str) -> str:
    low, high = (getattr(box, f"{name}_{end}") for end in ("low", "high"))
    return (
        f"{int((near > 0.01).sum())} of {near.size} posteriors of {name} have over 1 % within 1 % "
        f"of a prior bound, {name}_low={low:g} or {name}_high={high:g}: the prior, not the data, "
        "decides. Individuals with few or nearly equal x always do; where all do, the data are on "
        f"another scale: rescale y and x or widen the prior, for example {model}({name}_low="
        f"{10 * low:g}, {name}_high={10 * high:g})"
    )


def _find_region(model: RayModel) -> tuple[FloatArray, FloatArray]:
    """Where the rays are that matter, with as many nodes along each as it takes."""
    while True:
        lower, upper = zoom(model.records, np.zeros((3, 2)), np.ones((3, 2)))
        if _finer_rule_agrees(model, lower, upper):
            return lower, upper


def _finer_rule_agrees(model: RayModel, lower: FloatArray, upper: FloatArray) -> bool:
    """Whether twice the nodes over a longer stretch of some rays give the same integrals.

    Leaves the model with more nodes and a longer stretch where they do not.
    """
    piece = np.flatnonzero((upper > lower).all(axis=1))
    points = panel_points(lower[piece], upper[piece], 5)
    piece, points = np.repeat(piece, 25), points.reshape(-1, 2)
    order, reach = model.order, model.reach
    log_f = model.records(piece, points)[:, 0]
    model.order, model.reach = 2 * order, 1.5 * reach
    difference = np.exp(log_f - log_f.max()) * np.expm1(model.records(piece, points)[:, 0] - log_f)
    agrees = bool(np.abs(difference).max() < 1e-7) or order > 500
    model.order, model.reach = (order, reach) if agrees else (3 * order // 2, 1.2 * reach)
    return agrees


def _mean_and_sd(
    weights: FloatArray, means: FloatArray, variances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Law of total variance: the mean variance, and the variance of the means."""
    mean = weights @ means
    return mean, np.sqrt(weights @ (variances + (means - mean) ** 2))


def _pairs(moments: tuple[FloatArray, ...]) -> list[tuple[FloatArray, FloatArray]]:
    """(mean, variance) of alpha, and of beta."""
    return [(moments[0], moments[1]), (moments[2], moments[3])]


def _all_but(weights: FloatArray, share: float) -> NDArray[np.int64]:
    """Which weights are left when the smallest, no more than `share` in all, are dropped."""
    order = np.argsort(weights)
    dropped = int(np.searchsorted(np.cumsum(weights[order]), share * weights.sum()))
    return order[dropped:]


def _over_rows(weights: FloatArray, given: Conditional) -> Conditional:
    """Mean and covariance of the population means over each row."""

    def over(values: FloatArray) -> FloatArray:
        total: FloatArray = (weights * values).sum(axis=1)
        return total

    alpha, beta = over(given.mu_alpha), over(given.mu_beta)
    d_alpha, d_beta = given.mu_alpha - alpha[:, None], given.mu_beta - beta[:, None]
    return Conditional(
        over(given.log_likelihood),
        alpha,
        beta,
        over(given.var_alpha + d_alpha**2),
        over(given.var_beta + d_beta**2),
        over(given.cov + d_alpha * d_beta),
    )


def _bound_message(name: str, field: str, bound: float, share: float, model: str) -> str:
    return (
        f"About {100 * share:.0f} % of the posterior of {name} lies within 1 % of its prior bound, "
        f"{field}={bound:g}: the prior, not the data, decides. If the data are on another scale, "
        f"rescale y and x or widen the prior, for example {model}({field}={10 * bound:g})"
    )


def _perfect_fit(statistics: GroupStatistics) -> bool:
    """Whether every line goes through all its points, but for rounding."""
    m, x, _, y, slope, rss = statistics
    size = float((np.abs(y) + np.abs(slope) * (1.0 + np.abs(x))).max())
    return bool(rss.sum() <= m.sum() * (64.0 * np.finfo(np.float64).eps * size) ** 2)


def _all_equal(values: FloatArray) -> bool:
    """Whether values are the same, but for rounding."""
    return values.size < 2 or bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


_IMPROPER = (
    "there is no proper posterior: {what} through all observations exactly, with observations "
    "to spare, so that the density grows without bound as {which} go to zero; check y for "
    "values that were computed from x, or add more individuals or digits"
)


def _refuse_perfect_lines(statistics: GroupStatistics, box: Box) -> None:
    r"""Raise where the integral over sigma diverges at zero.

    There the density goes as :math:`\sigma^{-\nu}`, with one degree of freedom for each
    observation beyond what lines need, if lines in the box go through all observations.
    """
    m, x, s, y, slope, _ = statistics
    spare = m.sum() - np.where(s > 0, 2, 1).sum()
    if spare < 1 or not _perfect_fit(statistics):
        return
    alpha = y - slope * x
    inside = (alpha >= box.alpha_low) & (alpha <= box.alpha_high)
    inside &= (slope >= box.beta_low) & (slope <= box.beta_high)
    # With one distinct x many lines fit: does one of them cross the box?
    ends = x * box.beta_low, x * box.beta_high
    crosses = (y - np.maximum(*ends) <= box.alpha_high) & (y - np.minimum(*ends) >= box.alpha_low)
    if np.where(s > 0, inside, crosses).all():
        raise ValueError(_IMPROPER.format(what="lines go", which="sigma"))


def _refuse_perfect_population(data: GroupedData) -> None:
    r"""Raise where the integral over the three standard deviations diverges at zero.

    Let some of them, sigma among them, go to zero together. If the lines that are left fit
    exactly, the density goes as their size to the power of minus the observations to spare,
    and the volume as its number of dimensions less one.
    """
    statistics = data.statistics
    m, x, s, y, slope, _ = statistics
    if not _perfect_fit(statistics):
        return
    sloped = s > 0
    if m.sum() > np.where(sloped, 2, 1).sum():
        raise ValueError(_IMPROPER.format(what="each individual's line goes", which="sigma"))
    # Lines that share their intercept, their slope, or both.
    fixed = np.concatenate([(y - slope * x)[sloped], y[~sloped & (x == 0)]])
    if fixed.size >= 3 and _all_equal(fixed):
        which = "sigma and sigma_alpha"
        raise ValueError(_IMPROPER.format(what="lines of one intercept go", which=which))
    if sloped.sum() >= 3 and _all_equal(slope[sloped]):
        which = "sigma and sigma_beta"
        raise ValueError(_IMPROPER.format(what="lines of one slope go", which=which))
    whole = GroupedData(data.y, data.x, np.zeros(data.y.size, dtype=np.int64)).statistics
    spare = m.sum() - (2 if whole.x_ss[0] > 0 else 1)
    if spare >= 3 and _perfect_fit(whole):
        which = "the three standard deviations"
        raise ValueError(_IMPROPER.format(what="one line goes", which=which))
