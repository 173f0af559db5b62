"""The exact posterior under no pooling and complete pooling: flat priors, in a box (chapter 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.polynomial import legendre
from numpy.typing import NDArray

from hiertools._checks import FloatArray
from hiertools.data import GroupedData
from hiertools.exact.chunks import CHUNK
from hiertools.exact.improper import refuse_perfect_lines
from hiertools.exact.posterior import (
    ExactPosterior,
    all_but,
    bound_message,
    mean_and_sd,
    mean_var_pairs,
)
from hiertools.exact.quadrature import gauss_legendre, panel_points, refine, zoom
from hiertools.exact.readout import draw_points, mixture_quantile, monotone_roots, share_below
from hiertools.exact.truncated import (
    Box,
    BoxMarginal,
    Lines,
    box_marginal,
    draw_in_box,
    free_log_mass,
    free_moments,
    outside_share,
)
from hiertools.likelihood import LOG_SQRT_2PI
from hiertools.priors import CompletePooling, Unpooled


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
        refuse_perfect_lines(statistics, self._box)
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
        for name, (mean, var) in zip(("alpha", "beta"), mean_var_pairs(free), strict=True):
            self.mean[name], self.sd[name] = mean, np.sqrt(square * var)
            if not self._free.all():
                both = self._boxed(name, sigma, lambda marginal: np.stack(marginal[-2:], axis=-1))
                means, variances = np.moveaxis(both.reshape(len(sigma), -1, 2), -1, 0)
                moments = mean_and_sd(weights, means, variances)
                self.mean[name][~self._free], self.sd[name][~self._free] = moments
        self.mean["sigma"], self.sd["sigma"] = mean_and_sd(weights, sigma, 0.0 * sigma)

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
        keep = all_but(self.weights, 1e-12)
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

        def records(panel: NDArray[np.int64], xi: FloatArray) -> FloatArray:
            height = legendre.legval(xi[:, 0], series[:, panel], tensor=False)
            log_f: FloatArray = np.log(np.maximum(height, 1e-300)) + self._log_height.max()
            return log_f[:, None]

        panel, xi, _ = draw_points(self._log_height, records, n_draws, rng)
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
            yield bound_message("sigma", "sigma_high", high, share, kind)
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
            outside = np.stack([low + margin - mean, mean - high + margin]) / sd
            share: FloatArray = scipy.special.ndtr(outside).sum(axis=0)
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
