"""Nodes against accuracy: three rules for an integral over three sds (chapter 7)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from hiertools._checks import FloatArray
from hiertools.data import simulate
from hiertools.exact import ExactPosterior, exact_posterior
from hiertools.exact.quadrature import gauss_legendre
from hiertools.exact.rays import RayModel
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import new_figure, panels
from hiertools.priors import SDS, Hierarchical
from hiertools.rrandom import RRandom

HIGH: Final = 10.0
LEAST: Final = 0.1
"""Where cells that are equal on the log scale begin: somewhere they must."""
POINTS: Final = (4, 8, 12, 16, 24, 32)
RULES: Final = {
    "cells": "equal cells",
    "log": "equal cells in log sd",
    "gauss": "Gauss-Legendre nodes",
}
LOOKS: Final = {"cells": ("#D55E00", "s--"), "log": ("#117733", "D:"), "gauss": ("#0072B2", "o-")}
WHERE: Final = {
    "few": "3 individuals, the whole box",
    "many": "75 individuals, the whole box",
    "found": "75 individuals, where the posterior is",
}


def rule(name: str, k: int, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """Points and weights of a rule with k points between low and high, each of shape (k,)."""
    if name == "gauss":
        nodes, weights, _ = gauss_legendre(k)
        return low + 0.5 * (high - low) * (nodes + 1), 0.5 * (high - low) * weights
    middles: FloatArray = (np.arange(k) + 0.5) / k
    if name == "cells":
        return low + (high - low) * middles, np.full(k, (high - low) / k)
    low = max(low, LEAST)
    points: FloatArray = low * np.exp(np.log(high / low) * middles)
    return points, np.log(high / low) / k * points


@lru_cache(maxsize=2)
def _problem(n: int) -> tuple[RayModel, ExactPosterior]:
    """Data of n individuals with five observations each, and the answer."""
    data, _ = simulate(n, 5, rng=RRandom(1))
    return RayModel(data.statistics, Hierarchical()), exact_posterior(data, Hierarchical())


def individuals(where: str) -> int:
    """How many there are."""
    return 3 if where == "few" else 75


def region(where: str) -> list[tuple[float, float]]:
    """Low and high ends of the three sds: the prior's box, or what matters of it."""
    if where != "found":
        return [(0.0, HIGH)] * 3
    answer = _problem(individuals(where))[1]
    means = np.array([answer.mean[name] for name in SDS])
    reach = 8 * np.array([answer.sd[name] for name in SDS])
    ends = np.clip([means - reach, means + reach], 0.0, HIGH)
    return [(float(low), float(high)) for low, high in ends.T]


class RuleNumbers(NamedTuple):
    """What a rule makes of the posterior of sigma_alpha."""

    points: FloatArray
    density: FloatArray
    """The rule's posterior density at its points."""
    mean: float
    error: float
    """Of the mean, in posterior sds."""


@lru_cache(maxsize=256)
def rule_numbers(*, where: str, name: str, k: int) -> RuleNumbers:
    """Sum over k points along each of the three axes."""
    rules = [rule(name, k, *ends) for ends in region(where)]
    points, weights = rules[0]
    height = _summed_over_others(individuals(where), points, *rules[1:])
    density = height / (height @ weights)
    mean = float(density * weights @ points)
    answer = _problem(individuals(where))[1]
    error = abs(mean - float(answer.mean["sigma_alpha"])) / float(answer.sd["sigma_alpha"])
    return RuleNumbers(points, density, mean, error)


def _summed_over_others(
    n: int, alpha: FloatArray, beta_rule: tuple[FloatArray, ...], sigma_rule: tuple[FloatArray, ...]
) -> FloatArray:
    """p(y | sds) over its evidence, summed over sigma_beta and sigma, at values of sigma_alpha."""
    model, answer = _problem(n)
    grid = np.meshgrid(alpha, beta_rule[0], sigma_rule[0], indexing="ij")
    a, b, s = (values.ravel() for values in grid)
    *_, given = model.given_sds(a, b, s)
    joint = np.exp(given.log_likelihood - answer.log_evidence).reshape(grid[0].shape)
    summed: FloatArray = np.einsum("abs,b,s->a", joint, beta_rule[1], sigma_rule[1]) / HIGH**3
    return summed


@lru_cache(maxsize=2)
def _curve(n: int) -> tuple[FloatArray, FloatArray]:
    """The exact density of sigma_alpha, for a picture."""
    grid = np.linspace(0.001, HIGH if n < 10 else 2.5, 100)
    others = [rule("gauss", 40, *ends) for ends in region("few" if n < 10 else "found")[1:]]
    return grid, _summed_over_others(n, grid, *others)


def nodes_frame(*, k: int, name: str, where: str) -> Frame:
    """Above, the density and the rule's points on it; below, the error of all three rules."""
    it, n = rule_numbers(where=where, name=name, k=k), individuals(where)
    answer, (grid, density) = _problem(n)[1], _curve(n)
    figure = new_figure(5.4)
    above = panels(figure, 1, 1, bottom=3.1)[0, 0]
    above.plot(grid, density, color="black", lw=1.2, label="exact")
    seen = it.points <= grid[-1]
    colour, look = LOOKS[name]
    above.plot(it.points[seen], it.density[seen], look[0], color=colour, label=RULES[name])
    above.vlines(it.points[seen], 0, it.density[seen], color=colour, lw=1.0)
    above.set(xlim=(0, grid[-1]), ylim=(0, 1.8 * density.max()), yticks=[])
    above.set(title=f"posterior of $\\sigma_\\alpha$, {WHERE[where]}")
    above.legend(loc="upper right")
    below = panels(figure, 1, 1, left=0.72, top=3.0)[0, 0]
    for other, (its_colour, its_look) in LOOKS.items():
        errors = [rule_numbers(where=where, name=other, k=points).error for points in POINTS]
        below.semilogy(POINTS, errors, its_look, color=its_colour, label=RULES[other], ms=4)
    below.axvline(k, color="black", lw=1.2, ls="--")
    below.set(xlabel="points along each axis", ylabel="error, posterior sds", ylim=(1e-10, 30))
    below.legend(loc="lower left", fontsize="small")
    exact = float(answer.mean["sigma_alpha"])
    alt = f"""The posterior density of sigma alpha for {n} individuals, and {RULES[name]} on it, {k}
        in all, of which {int(seen.sum())} lie in the picture; the rule gives a mean of
        {it.mean:.4f}, exact is {exact:.4f}. Below, the error of three rules
        against the number of points: at {POINTS[-1]} points {_errors(where)}."""
    reading = f"""With {k} points along each axis, {k**3:,} in all, {RULES[name]} put the mean of
        σ_alpha at {it.mean:.4f}; exactly it is {exact:.4f}, so the error is {_sds(it.error)}.
        {_remark(name, n)}"""
    return Frame(figure, alt, reading)


def _errors(where: str) -> str:
    last = {name: rule_numbers(where=where, name=name, k=POINTS[-1]).error for name in RULES}
    return ", ".join(f"{_sds(error)} for {RULES[name]}" for name, error in last.items())


def _sds(error: float) -> str:
    return f"{error:.1e} posterior sds" if error < 0.001 else f"{error:.3f} posterior sds"


def _remark(name: str, n: int) -> str:
    if name == "log":
        share = float(_problem(n)[1].cdf("sigma_alpha", LEAST))
        return f"""Below {LEAST} these cells see nothing, and {100 * share:.1f} % of the posterior
            is there."""
    return ""


def nodes_explorer() -> Explorer:
    """Points, rule and individuals: how an integral over three sds gets right (chapter 7).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> rule_numbers(where="few", name="gauss", k=32).error < 1e-4
    True
    """
    return Explorer(
        "nodes-explorer",
        nodes_frame,
        (
            Control("k", "points along each axis", POINTS, 8, tuple(range(4, 33, 2))),
            Control(
                "name", "rule", tuple(RULES), "cells", kind="choice", words=tuple(RULES.values())
            ),
            Control(
                "where",
                "data and region",
                tuple(WHERE),
                "few",
                kind="choice",
                words=tuple(WHERE.values()),
            ),
        ),
        grids=(("k", "name", "where"),),
    )
