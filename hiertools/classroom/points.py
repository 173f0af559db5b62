"""Random points at which a student's function is tried."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hiertools._checks import FloatArray
from hiertools.data import GroupedData
from hiertools.priors import CompletePooling, Hierarchical, Model

Point = dict[str, FloatArray]


def likelihood_points(data: GroupedData, rng: Any, n_points: int = 8) -> list[Point]:
    """Random lines near the data and noise levels from a third to three times their spread."""
    centre, spread = float(data.y.mean()), float(data.y.std()) or 1.0
    return [
        {
            "alpha": centre + spread * rng.standard_normal(data.n),
            "beta": spread * rng.standard_normal(data.n),
            "sigma": np.asarray(spread * math.exp(rng.uniform(-1.1, 1.1))),
        }
        for _ in range(n_points)
    ]


def prior_points(model: Model, n: int, rng: Any, n_points: int = 8) -> list[Point]:
    """Random points inside the support; every standard deviation differs from 1."""
    if isinstance(model, Hierarchical):
        return [_population_point(model, n, rng) for _ in range(n_points)]
    return [model.sample_prior(n, rng) for _ in range(n_points)]


def _population_point(model: Hierarchical, n: int, rng: Any) -> Point:
    mu_alpha, mu_beta = rng.standard_normal(2) * 2.0
    sds = {
        name: np.asarray(getattr(model, f"{name}_high") * rng.uniform(0.1, 0.6))
        for name in ("sigma_alpha", "sigma_beta", "sigma")
    }
    return {
        "alpha": mu_alpha + sds["sigma_alpha"] * rng.standard_normal(n),
        "beta": mu_beta + sds["sigma_beta"] * rng.standard_normal(n),
        "mu_alpha": np.asarray(mu_alpha),
        "mu_beta": np.asarray(mu_beta),
        **sds,
    }


def posterior_points(data: GroupedData, model: Model, rng: Any) -> Iterator[tuple[Point, Point]]:
    """Points inside the prior's support whose likelihood is not absurd."""
    lines = likelihood_points(data, rng)
    n = 1 if isinstance(model, CompletePooling) else data.n
    high = 0.9 * float(getattr(model, "sigma_high", math.inf))
    for prior, near in zip(prior_points(model, data.n, rng), lines, strict=True):
        line = {name: near[name][:n] for name in ("alpha", "beta")}
        yield prior, line | {"sigma": np.minimum(near["sigma"], high)}


def as_given(point: Point, on_log_scale: Sequence[str]) -> Point:
    """The point as the student's function gets it."""
    kept = {name: v for name, v in point.items() if name not in on_log_scale}
    return kept | {f"log_{name}": np.log(point[name]) for name in on_log_scale}
