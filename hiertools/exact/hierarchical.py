"""The exact posterior under partial pooling: three standard deviations are left (chapter 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hiertools._checks import FloatArray
from hiertools.data import GroupedData
from hiertools.exact.chunks import CHUNK
from hiertools.exact.improper import refuse_perfect_population
from hiertools.exact.individuals import (
    Conditional,
    Individuals,
    draw_all_lines,
    line_moments,
)
from hiertools.exact.posterior import (
    ExactPosterior,
    all_but,
    bound_message,
    mean_and_sd,
    mean_var_pairs,
)
from hiertools.exact.quadrature import Panels, panel_points, refine, thin, zoom
from hiertools.exact.rays import WATCHED, LevelLines, RayModel, Rays
from hiertools.exact.readout import draw_points, mixture_quantile, share_below
from hiertools.priors import Hierarchical


class Rule(NamedTuple):
    """Nodes of a panel along an axis, and when a panel is fine enough; see `refine`."""

    order: int
    tolerance: float


FEW, MANY, BETWEEN = Rule(12, 1e-5), Rule(20, 2e-2), Rule(12, 1e-4)
"""For posteriors of few and of many individuals, and for polynomials between the nodes."""

MOST = 500
"""Nodes along a ray. On the prior's scale a few dozen will do."""


class HierarchicalPosterior(ExactPosterior):
    """Partial pooling: three standard deviations are left to quadrature."""

    def __init__(self, data: GroupedData, model: Hierarchical) -> None:
        refuse_perfect_population(data)
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
        keep = all_but(mass.sum(axis=1), dropped)
        weights = mass[keep].sum(axis=1)
        along, weights = mass[keep] / weights[:, None], weights / weights.sum()
        a, b = (at.by_ray(ratio)[keep, 0] for ratio in (at.rays.a, at.rays.b))
        square = (along * at.by_ray(at.sigma)[keep] ** 2).sum(axis=1)
        mu = _over_rows(along, Conditional(*(at.by_ray(v)[keep] for v in at.given)))

        def of_lines(who: Individuals) -> FloatArray:
            both = mean_var_pairs(line_moments(who, a, b, square, mu))
            return np.stack([np.stack(mean_and_sd(weights, *pair)) for pair in both])

        alpha, beta = self._by_individual(len(weights), of_lines)
        base_alpha, base_beta = self._model.reference
        mu_alpha = mean_and_sd(weights, mu.mu_alpha, mu.var_alpha)
        mu_beta = mean_and_sd(weights, mu.mu_beta, mu.var_beta)
        return {
            "alpha": (alpha[0] + base_alpha, alpha[1]),
            "beta": (beta[0] + base_beta, beta[1]),
            "mu_alpha": (mu_alpha[0] + base_alpha, mu_alpha[1]),
            "mu_beta": (mu_beta[0] + base_beta, mu_beta[1]),
        } | {name: mean_and_sd(self.weights, v, 0.0 * v) for name, v in self.nodes.items()}

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
            both = mean_var_pairs(line_moments(who, a, b, square, given))
            return np.stack([mixture_quantile(weights, m, np.sqrt(v), prob) for m, v in both])

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
        keep = all_but(weight, 1e-9)
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

        def records(panel: NDArray[np.int64], xi: FloatArray) -> FloatArray:
            half = 0.5 * (panels.upper - panels.lower)[panel]
            points = panels.lower[panel] + half * (xi[:, :2] + 1.0)
            rays = model.rays(panels.piece[panel], points)
            log_f = model.log_joint(rays, xi[:, 2])[0] + np.log(half.prod(axis=1))
            return np.column_stack([log_f, rays.columns()])

        _, xi, recorded = draw_points(log_height, records, n_draws, rng)
        rays = Rays.from_columns(recorded[:, 1:])
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
        base_alpha, base_beta = model.reference
        alpha, beta = draw_all_lines(model.individuals, draws, model.reference, rng)
        draws["mu_alpha"] += base_alpha
        draws["mu_beta"] += base_beta
        return {"alpha": alpha, "beta": beta, **draws}

    def _near_bounds(self) -> Iterator[str]:
        for name, high in self._bounds.items():
            if self.weights[self.nodes[name] > 0.9 * high].sum() < 1e-3:
                continue  # no need to look more closely
            share = 1.0 - self._share_below(name, 0.99 * high)[0]
            if share > 0.01:
                yield bound_message(name, f"{name}_high", high, share, "Hierarchical")


def _find_region(model: RayModel) -> tuple[FloatArray, FloatArray]:
    """Where the rays are that matter, with as many nodes along each as it takes."""
    while model.order <= MOST:
        lower, upper = zoom(model.records, np.zeros((3, 2)), np.ones((3, 2)))
        if _finer_rule_agrees(model, lower, upper):
            return lower, upper
    raise ValueError(
        f"the data lie so far from the prior that {MOST} nodes along a ray do not integrate the "
        "posterior; put y and x on the prior's scale (take off their mean, divide by their sd), "
        "or give Hierarchical means and bounds near the data"
    )


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
    finer = model.records(piece, points)[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):  # where they are worlds apart
        difference = np.exp(log_f - log_f.max()) * np.expm1(finer - log_f)
    agrees = bool(np.abs(difference).max() < 1e-7)
    model.order, model.reach = (order, reach) if agrees else (3 * order // 2, 1.2 * reach)
    return agrees


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
