r"""The hierarchical model with its lines and means integrated out, along rays (chapter 7).

Given the three standard deviations everything is normal, and the lines and the two means go
out in closed form. What is left of the data are three numbers' worth of freedom, and two
thirds of the work depends on the ratios

.. math:: A = \sigma_\alpha^2 / \sigma^2, \qquad B = \sigma_\beta^2 / \sigma^2

alone: all points with the same A and B, a ray from the origin, share the same shrinkage of
every individual. One pass over the individuals serves a whole ray.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hiertools._checks import FloatArray
from hiertools.data import GroupStatistics
from hiertools.exact.chunks import CHUNK, on_all_cores
from hiertools.exact.individuals import Conditional, Individuals
from hiertools.exact.quadrature import Panels, gauss_legendre, halve
from hiertools.priors import Hierarchical

WATCHED = 4
"""Columns of `RayModel.records` that panels must follow."""
MAX_HALVINGS = 3


class RaySums(NamedTuple):
    """What the individuals add up to on each ray, shape (n_rays,). sigma = 1 throughout."""

    log_det: FloatArray
    """Sum of log D over individuals."""
    weight: FloatArray
    """Sum of m / D: how well the population's line is known at `x`."""
    x: FloatArray
    """Mean of x under those weights."""
    alpha_weight: FloatArray
    beta_weight: FloatArray
    """What is known of either mean besides."""
    level_score: FloatArray
    alpha_score: FloatArray
    beta_score: FloatArray
    """The same three weights times what they weigh."""
    squares: FloatArray
    """All squares about the reference line, the least-squares residuals included."""


class Rays(NamedTuple):
    """Rays, and the stretch of each that matters, shape (n_rays,)."""

    a: FloatArray
    b: FloatArray
    """The ratios A and B."""
    sigma_max: FloatArray
    """Residual sd where the ray leaves the prior's box."""
    log_low: FloatArray
    log_width: FloatArray
    """Where the stretch begins, and how long it is, in log sigma."""
    sums: RaySums

    def columns(self) -> FloatArray:
        """Everything side by side, shape (n_rays, k)."""
        return np.column_stack([*self[:-1], *self.sums])

    @classmethod
    def from_columns(cls, columns: FloatArray) -> Rays:
        """Rays from columns of shape (..., k)."""
        fields = np.moveaxis(columns, -1, 0)
        a, b, sigma_max, log_low, log_width = fields[:5]
        return cls(a, b, sigma_max, log_low, log_width, RaySums(*fields[5:]))

    def stretched(self) -> Rays:
        """The same with a new last axis, to go with several points on each ray."""
        return Rays.from_columns(np.stack([*self[:-1], *self.sums], axis=-1)[..., None, :])

    def log_sigma(self, xi: FloatArray) -> FloatArray:
        """Log of the residual sd at xi in (-1, 1) along the stretch."""
        log_sigma: FloatArray = self.log_low + 0.5 * self.log_width * (xi + 1.0)
        return log_sigma


class PopulationPrior(NamedTuple):
    """The normal prior of the two means, about the reference line, and the data's size."""

    alpha: float
    beta: float
    alpha_weight: float
    """One over the variance."""
    beta_weight: float
    n_observations: float


class Nodes(NamedTuple):
    """Points on the rays and the posterior probability that each stands for.

    Four axes: panels, two directions across the rays, and the way along each ray.
    """

    panels: Panels
    rays: Rays
    sigma: FloatArray
    given: Conditional
    log_height: FloatArray
    """Log density over the unit in which every panel is (-1, 1)^3."""
    mass: FloatArray
    """Density times Gauss-Legendre weights; adds up to one."""
    log_evidence: float

    def by_ray(self, values: FloatArray) -> FloatArray:
        """Values at the nodes with one row for each ray."""
        return np.broadcast_to(values, self.mass.shape).reshape(-1, self.mass.shape[-1])


class LevelLines(NamedTuple):
    """Lines through the nodes, for the share of the posterior below a level of one sd."""

    mass: FloatArray
    """Posterior probability of the nodes of each line, shape (n_lines, order)."""
    sd: FloatArray
    """The sd in question at those nodes."""


class RayModel:
    """Sums over individuals for any ray.

    Parameters
    ----------
    statistics : GroupStatistics
    model : Hierarchical
    """

    def __init__(self, statistics: GroupStatistics, model: Hierarchical) -> None:
        m, x, s, y, slope, rss = statistics
        self.rss = float(rss.sum())
        self.x_centre = float((m * x).sum() / m.sum())
        # The reference line takes the data's size out of every sum of squares that follows.
        beta = float((s * slope).sum() / s.sum()) if s.sum() > 0 else model.mu_beta_mean
        alpha = float((y - beta * x).mean())
        self.reference = (alpha, beta)
        self.prior = PopulationPrior(
            model.mu_alpha_mean - alpha,
            model.mu_beta_mean - beta,
            model.mu_alpha_sd**-2.0,
            model.mu_beta_sd**-2.0,
            float(m.sum()),
        )
        self.highs = (model.sigma_alpha_high, model.sigma_beta_high, model.sigma_high)
        self.order, self.reach = 32, 34.0
        level, steep = y - alpha - beta * x, slope - beta
        self.individuals = Individuals(m, x, s, level, steep, level - x * steep)
        self._determinant, self._columns = _columns(self.individuals, x - self.x_centre)

    def sums(self, a: FloatArray, b: FloatArray) -> RaySums:
        r"""One pass over the individuals, for rays of ratios A and B of shape (n_rays,).

        .. math:: D_i = (1 + A m_i)(1 + B S_i) + B m_i \bar x_i^2

        All terms are positive: nothing cancels.
        """
        ratios = np.stack([a, b, a * b], axis=1)
        n, n_rays = len(self._columns), len(a)
        log_det, c = np.zeros(n_rays), np.zeros((n_rays, self._columns.shape[1]))
        wide = min(n, 500)
        tall = CHUNK // wide

        def add_up(start: int) -> None:
            rays = slice(start, start + tall)
            for i in range(0, n, wide):
                who = slice(i, i + wide)
                d = 1.0 + ratios[rays] @ self._determinant[:, who]
                log_det[rays] += np.log(d).sum(axis=1)
                c[rays] += (1.0 / d) @ self._columns[who]

        on_all_cores(add_up, range(0, n_rays, tall))
        weight, wx, wxx, s, ms, e, xe, ms_i, sf, msf, ee, ms_ii, msff = c.T
        x = wx / weight
        spread = np.maximum(wxx - wx * x, 0.0)
        return RaySums(
            log_det=log_det,
            weight=weight,
            x=self.x_centre + x,
            alpha_weight=b * ms,
            beta_weight=a * ms + s + spread,
            level_score=e,
            alpha_score=b * ms_i,
            beta_score=xe - x * e + a * msf + sf,
            squares=self.rss + ee + b * ms_ii + a * msff,
        )

    def given(self, rays: RaySums, sigma: FloatArray) -> Conditional:
        r"""Integrate the two means out, at residual sds `sigma` that broadcast with the rays.

        The weights of data and prior add up to a 2 x 2 precision of the means; in terms of
        W at x, and of what is known of alpha and beta besides, its determinant is

        .. math:: (A + W) B + A W x^2.
        """
        p, t = self.prior, sigma**-2.0
        w, x = rays.weight * t, rays.x
        a, b = p.alpha_weight + rays.alpha_weight * t, p.beta_weight + rays.beta_weight * t
        level = rays.level_score * t
        h_alpha = p.alpha_weight * p.alpha + rays.alpha_score * t
        h_beta = p.beta_weight * p.beta + rays.beta_score * t
        det = (a + w) * b + a * w * x * x
        mu_alpha = (b * (level + h_alpha) + w * x * (x * h_alpha - h_beta)) / det
        mu_beta = ((a + w) * h_beta + x * (a * level - w * h_alpha)) / det
        squares = (
            self.squares_about(rays, mu_alpha, mu_beta) * t
            + p.alpha_weight * (mu_alpha - p.alpha) ** 2
            + p.beta_weight * (mu_beta - p.beta) ** 2
        )
        log_likelihood = 0.5 * (
            p.n_observations * np.log(t / (2.0 * np.pi))
            - rays.log_det
            - squares
            - np.log(det / (p.alpha_weight * p.beta_weight))
        )
        return Conditional(
            log_likelihood, mu_alpha, mu_beta, (b + w * x * x) / det, (a + w) / det, -w * x / det
        )

    def given_sds(
        self, sigma_alpha: FloatArray, sigma_beta: FloatArray, sigma: FloatArray
    ) -> tuple[tuple[FloatArray, FloatArray], FloatArray, Conditional]:
        """`given` at any sds of shape (k,); with the ratios A and B, and sigma squared."""
        a, b = (sigma_alpha / sigma) ** 2, (sigma_beta / sigma) ** 2
        return (a, b), sigma**2, self.given(self.sums(a, b), sigma)

    @staticmethod
    def squares_about(rays: RaySums, mu_alpha: Any, mu_beta: Any) -> FloatArray:
        """Weighted squares of the data about a population line (less the reference line)."""
        level = mu_alpha + rays.x * mu_beta
        cross = rays.level_score * level + rays.alpha_score * mu_alpha + rays.beta_score * mu_beta
        own = (
            rays.weight * level**2 + rays.alpha_weight * mu_alpha**2 + rays.beta_weight * mu_beta**2
        )
        squares: FloatArray = np.maximum(rays.squares - 2.0 * cross + own, 0.0)
        return squares

    def directions(
        self, piece: NDArray[np.int64], points: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        r"""Where rays leave the prior's box: sds on its three far sides.

        The box :math:`(0, H_\alpha] \times (0, H_\beta] \times (0, H]` is made of three
        pyramids with their tips at the origin: in piece 0 the ray meets the side where sigma is
        at its bound, in piece 1 that of sigma_alpha, in piece 2 that of sigma_beta. Points
        (u, v) in the unit square say where.
        """
        u, v = points[..., 0], points[..., 1]
        high_alpha, high_beta, high = self.highs
        return (
            high_alpha * np.where(piece == 1, 1.0, u),
            high_beta * np.where(piece == 2, 1.0, v),
            high * np.select([piece == 0, piece == 1], [1.0, u], v),
        )

    def rays(self, piece: NDArray[np.int64], points: FloatArray) -> Rays:
        """The rays through points (M, 2) of the far sides `piece` (M,)."""
        max_alpha, max_beta, sigma_max = self.directions(piece, points)
        a, b = (max_alpha / sigma_max) ** 2, (max_beta / sigma_max) ** 2
        sums = self.sums(a, b)
        least, typical = self.typical_sigma(sums, sigma_max)
        low, high = self._stretch(np.log(sigma_max / typical))
        # Where the means could fit the data better than their prior has it, smaller values of
        # sigma are not as improbable as they look from here.
        low = low + np.minimum(np.log(least / typical), 0.0)
        return Rays(a, b, sigma_max, np.log(typical) + low, high - low, sums)

    def log_joint(self, rays: Rays, xi: FloatArray) -> tuple[FloatArray, Conditional]:
        r"""Log of likelihood times prior over du dv dxi, and what it was made of.

        With :math:`r = \sigma / \sigma_{\max}` the prior's volume is
        :math:`r^2\,dr\,du\,dv = r^3\,d\log\sigma\,du\,dv`.
        """
        log_sigma = rays.log_sigma(xi)
        given = self.given(rays.sums, np.exp(log_sigma))
        volume = 3.0 * (log_sigma - np.log(rays.sigma_max)) + np.log(0.5 * rays.log_width)
        return given.log_likelihood + volume, given

    def records(self, piece: NDArray[np.int64], points: FloatArray) -> FloatArray:
        """Log density of rays, integrated along each; then the columns of `Rays`.

        Columns 1 to 3 weigh the density by the square of each sd: long tails may hold little
        probability and most of a variance.
        """
        rays = self.rays(piece, points)
        nodes, weights, _ = gauss_legendre(self.order)
        along = rays.stretched()
        log_f = self.log_joint(along, nodes)[0]
        log_square = 2.0 * along.log_sigma(nodes)
        total, squared = (_log_sum(v, weights) for v in (log_f, log_f + log_square))
        log_a, log_b = np.log(rays.a), np.log(rays.b)
        watched = [total, squared, squared + log_a, squared + log_b]
        return np.column_stack([*watched, rays.columns()])

    def nodes(self, panels: Panels) -> Nodes:
        """Weigh the nodes of panels over the rays."""
        xi, along, _ = gauss_legendre(self.order)
        across = gauss_legendre(panels.records.shape[1])[1]
        rays = Rays.from_columns(panels.records[..., WATCHED:]).stretched()
        log_joint, given = self.log_joint(rays, xi)
        volume = (0.5 * (panels.upper - panels.lower)).prod(axis=1)
        log_height = log_joint + np.log(volume)[:, None, None, None]
        top = log_height.max()
        mass = np.exp(log_height - top) * across[:, None, None] * across[:, None] * along
        total = mass.sum()
        evidence = float(top + np.log(total))
        sigma = np.exp(rays.log_sigma(xi))
        return Nodes(panels, rays, sigma, given, log_height, mass / total, evidence)

    def level_lines(self, name: str, panels: Panels) -> list[LevelLines]:
        """Lines along which one of the sds rises or falls, made of the nodes of panels.

        A sum over nodes sees a level as a staircase; along lines the step is where it should
        be. Lines run where the sd changes fastest from node to node, so that the stairs that
        are left, from line to line, are small beside the lines. Panels where no one direction
        is the fastest everywhere are halved.
        """
        order, found = self.order, []
        for halvings in range(MAX_HALVINGS + 1):
            self.order = 3 * order
            at = self.nodes(panels)
            self.order = order
            ratio = {"sigma_alpha": at.rays.a, "sigma_beta": at.rays.b}.get(name, np.ones(1))
            log_sd = np.log(at.sigma) + 0.5 * np.log(ratio)
            axes, across = _fastest(log_sd, at.mass, order)
            if halvings == MAX_HALVINGS or not across.any():
                break
            panels = halve(panels, across, self.records)
        for axis in (1, 2, 3):
            lines = LevelLines(
                *(
                    np.moveaxis(v[axes == axis], axis, -1).reshape(-1, v.shape[axis])
                    for v in (at.mass, np.exp(log_sd))
                )
            )
            keep = lines.mass.sum(axis=1) > 1e-14
            if keep.any():
                found.append(LevelLines(*(v[keep] for v in lines)))
        return found

    def typical_sigma(self, rays: RaySums, sigma_max: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Residual sds on each ray: the least that the data allow, and one in their middle.

        The second is the root mean square about the expected line, which itself depends a little
        on sigma: three rounds are enough for a place to start from, and keep it a smooth
        function of the ray. The first is that about the line that fits best.
        """
        n = self.prior.n_observations
        square = self.squares_about(rays, self.prior.alpha, self.prior.beta) / n
        rounding = 1e-14 * square + (1e-14 * sigma_max) ** 2

        def about_the_line_at(sigma: FloatArray) -> FloatArray:
            expected = self.given(rays, sigma)
            square = self.squares_about(rays, expected.mu_alpha, expected.mu_beta) / n
            root: FloatArray = np.sqrt(square + rounding)
            return root

        typical = np.sqrt(square + rounding)
        for _ in range(3):
            typical = about_the_line_at(np.minimum(typical, sigma_max))
        return about_the_line_at(1e-3 * np.minimum(typical, sigma_max)), typical

    def _stretch(self, log_max: FloatArray) -> tuple[FloatArray, FloatArray]:
        r"""Where a ray's density matters, in :math:`\tau = \log \sigma - \log` typical sigma.

        But for the means, the density in tau is that of a scale parameter,

        .. math:: -(N - 3)\,\tau - \tfrac{N}{2} e^{-2 \tau},

        cut off at the prior's bound. Ends are `reach` below the top, or somewhat further.
        """
        n, reach = self.prior.n_observations, self.reach
        high = np.minimum(self._high(), log_max)
        mode = 0.5 * math.log(n / (n - 3.0)) if n > 3 else np.inf
        top = np.minimum(mode, high)
        # A parabola with the slope and curvature at the top falls less than the density does.
        curvature = n * np.exp(-2.0 * top)
        slope = np.maximum(curvature - (n - 3.0), 0.0)
        low = top - 2.0 * reach / (slope + np.sqrt(slope**2 + 4.0 * reach * curvature))
        fall = 2.0 * (reach + 5.0 * abs(n - 3.0)) / n
        wall = -0.5 * np.log(np.exp(-2.0 * np.minimum(top, 0.0)) + fall)
        return np.maximum(low, wall), high

    def _high(self) -> float:
        """The upper end where no bound comes first; means that are free weigh as two."""
        n, high = self.prior.n_observations, 0.01 / math.sqrt(self.prior.n_observations)
        while high < 46.0 and (n - 5.0) * high + 0.5 * n * math.expm1(-2.0 * high) < self.reach:
            high *= 1.1
        return high


def _log_sum(log_values: FloatArray, weights: FloatArray) -> FloatArray:
    """Log of the weighted sum along each row."""
    top = log_values.max(axis=1)
    total: FloatArray = top + np.log(np.exp(log_values - top[:, None]) @ weights)
    return total


def _fastest(
    log_sd: FloatArray, mass: FloatArray, order: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The axis along which an sd changes fastest in each panel; and where to halve panels.

    Speed is change from node to node; along the rays, with nodes as they were before they were
    made denser. A panel is halved where its slowest change along the axis is less than others'
    fastest, but for a factor that a line's smoothness makes harmless.
    """
    matters = mass > 1e-6 * mass.max()
    slowest, fastest = [], []
    for axis, n in ((1, mass.shape[1]), (2, mass.shape[2]), (3, order)):
        nodes = gauss_legendre(mass.shape[axis])[0]
        gaps = np.diff(nodes).reshape(-1, *[1] * (3 - axis))
        speed = np.abs(np.diff(log_sd, axis=axis)) / gaps * (2.0 / n)
        counts = np.take(matters, range(mass.shape[axis] - 1), axis=axis)
        slowest.append(np.where(counts, speed, np.inf).min(axis=(1, 2, 3)))
        fastest.append(np.where(counts, speed, 0.0).max(axis=(1, 2, 3)))
    slow, fast = np.stack(slowest), np.stack(fastest)
    others = np.stack(
        [fast[[1, 2]].max(axis=0), fast[[0, 2]].max(axis=0), fast[[0, 1]].max(axis=0)]
    )
    with np.errstate(invalid="ignore"):
        margin = np.where(np.isfinite(slow), slow, 0.0) - others / 1.5
    axes = 1 + margin.argmax(axis=0)
    unclear = (margin.max(axis=0) < 0) & (mass.sum(axis=(1, 2, 3)) > 1e-7)
    # Halving slows the change across the rays; the faster of the two goes first.
    across = unclear[:, None] & (fast[:2] == fast[:2].max(axis=0)).T
    return axes, across


def _columns(who: Individuals, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What D is a sum of, (3, n), and what is divided by D and summed, (n, 13)."""
    m, s, e, f, i = who.m, who.s, who.level, who.slope, who.intercept
    ms = m * s
    columns = [m, m * x, m * x * x, s, ms, m * e, m * x * e, ms * i, s * f, ms * f]
    columns += [m * e * e + s * f * f, ms * i * i, ms * f * f]
    return np.stack([m, s + m * who.x**2, ms]), np.stack(columns, axis=1)
