"""What Hamiltonian Monte Carlo and NUTS share: the run, its warm-up, its records (chapter 8)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiertools._checks import (
    BoolArray,
    FloatArray,
    finite_array,
    finite_number,
    positive_number,
    run_length,
)
from hiertools.rrandom import Rng, as_rng

LEAST_WARMUP = 20
TARGET_METHODS = ("log_density_and_gradient", "to_params", "from_params")
STRETCHES = (0.0, 0.02, 0.05, 0.12, 0.3, 0.7, 1.0)
"""Where warm-up pauses: the scale is measured over each of these stretches but the last."""


class Target(Protocol):
    """What a sampler that follows gradients asks of a distribution; `Coordinates` has it all."""

    def log_density_and_gradient(self, z: FloatArray, /) -> tuple[FloatArray, FloatArray]:
        """The log density of z, shape (...), and its gradient, shape (..., dim)."""

    def to_params(self, z: FloatArray, /) -> dict[str, FloatArray]:
        """The parameters at z."""

    def from_params(self, params: Mapping[str, ArrayLike], /) -> FloatArray:
        """The z of these parameters."""


class HamiltonianChain(NamedTuple):
    """What `hmc` and `nuts` leave behind: a `Chain`, and how the paths went.

    Axes are (n_draws, ...) for one chain and (n_chains, n_draws, ...) for several.
    """

    draws: dict[str, FloatArray]
    """The draws of each parameter."""
    log_density: FloatArray
    """The log density at each draw, in the coordinates of the target (Jacobian included)."""
    accepted: NDArray[np.bool_]
    """Whether the chain moved."""
    divergent: NDArray[np.bool_]
    """Whether a path went astray: steps too long for the curve of the density there."""
    n_gradients: NDArray[np.int64]
    """How many times the density and its gradient were computed for each draw."""
    step_size: FloatArray
    """Step size after warm-up, shape () or (n_chains,)."""

    @property
    def accept_rate(self) -> FloatArray:
        """Share of draws that differ from the one before: a number, or shape (n_chains,)."""
        rate: FloatArray = self.accepted.mean(axis=-1)
        return rate


class Point(NamedTuple):
    """A place on the surface, for each chain."""

    z: FloatArray
    """Shape (..., dim)."""
    log_density: FloatArray
    """Shape (...)."""
    gradient: FloatArray
    """Shape (..., dim)."""


class Outcome(NamedTuple):
    """One iteration of every chain, each of shape (...)."""

    point: Point
    """Where it has led."""
    accept_prob: FloatArray
    """How well the steps kept the energy, from 0 to 1: what warm-up steers by."""
    moved: BoolArray
    divergent: BoolArray
    n_gradients: Any


Kernel = Callable[[Target, Point, FloatArray, FloatArray, Any], Outcome]
"""Takes target, point, step size (...), scale (..., dim) and generator."""


def choose(first: BoolArray, one: Point, other: Point) -> Point:
    """`one` for the chains in `first`, else `other`."""
    wide = first[..., None]
    return Point(
        np.where(wide, one.z, other.z),
        np.where(first, one.log_density, other.log_density),
        np.where(wide, one.gradient, other.gradient),
    )


class DualAveraging:
    r"""Steer the step size of each chain towards a mean acceptance probability.

    After t iterations with acceptance probabilities a,

    .. math::
        \log \epsilon_{t+1} = \log(10\,\epsilon_1)
        - \frac{\sqrt t}{0.05\,(t + 10)} \sum_{k \le t} (\delta - a_k) :

    too many refusals shorten the steps. What is kept in the end is a mean of log epsilon in
    which late iterations count most.

    Parameters
    ----------
    step_size : ndarray
        Where to begin.
    target_accept : float
        delta.

    References
    ----------
    Nesterov (2009); Hoffman and Gelman (2014), section 3.2; chapter 8.
    """

    def __init__(self, step_size: FloatArray, target_accept: float) -> None:
        self.delta, self.t = target_accept, 0
        self.centre = np.log(10.0 * step_size)
        self.shortfall = np.zeros_like(self.centre)
        self.log_step = np.log(step_size)
        self.mean_log_step = np.zeros_like(self.centre)

    def update(self, accept_prob: FloatArray) -> FloatArray:
        """The step size for the next iteration."""
        self.t += 1
        self.shortfall += (self.delta - accept_prob - self.shortfall) / (self.t + 10.0)
        self.log_step = self.centre - math.sqrt(self.t) / 0.05 * self.shortfall
        weight = self.t**-0.75
        self.mean_log_step = weight * self.log_step + (1.0 - weight) * self.mean_log_step
        step_size: FloatArray = np.exp(self.log_step)
        return step_size

    @property
    def step_size(self) -> FloatArray:
        """The step size to keep."""
        step_size: FloatArray = np.exp(self.mean_log_step if self.t else self.log_step)
        return step_size


def run(
    kernel: Kernel,
    target: Target,
    start: Mapping[str, ArrayLike],
    step_size: float | None,
    scale: ArrayLike | None,
    target_accept: float,
    n_draws: int,
    n_warmup: int,
    rng: Rng,
) -> HamiltonianChain:
    """Warm up, draw, and keep the books: what `hmc` and `nuts` share."""
    n_draws, n_warmup = run_length(n_draws, n_warmup)
    if not 0.0 < finite_number("target_accept", target_accept) < 1.0:
        raise ValueError(f"target_accept must be between 0 and 1, got {target_accept}")
    if n_warmup == 0 and step_size is None:
        raise ValueError("step_size must be given where there is no warm-up to find it")
    if 0 < n_warmup < LEAST_WARMUP:
        raise ValueError(f"n_warmup must be 0 or at least {LEAST_WARMUP}, got {n_warmup}")
    rng, point = as_rng(rng), _begin(target, start)
    first = 0.1 if step_size is None else positive_number("step_size", step_size)
    eps = np.full(point.log_density.shape, first)
    units = _scale(scale, point.z.shape[-1])
    if n_warmup:
        point, eps, units = _warm_up(
            kernel, target, point, eps, units, target_accept, n_warmup, rng
        )

    outcomes = []
    for _ in range(n_draws):
        outcomes.append(kernel(target, point, eps, units, rng))
        point = outcomes[-1].point
    draw_axis = point.log_density.ndim

    def stacked(values: list[Any]) -> Any:
        return np.moveaxis(np.array(values), 0, draw_axis)

    draws = target.to_params(np.array([outcome.point.z for outcome in outcomes]))
    shape = point.log_density.shape
    return HamiltonianChain(
        {name: np.moveaxis(value, 0, draw_axis) for name, value in draws.items()},
        stacked([outcome.point.log_density for outcome in outcomes]),
        stacked([outcome.moved for outcome in outcomes]),
        stacked([outcome.divergent for outcome in outcomes]),
        stacked([np.broadcast_to(outcome.n_gradients, shape) for outcome in outcomes]),
        eps,
    )


def _warm_up(
    kernel: Kernel,
    target: Target,
    point: Point,
    step_size: FloatArray,
    scale: FloatArray,
    target_accept: float,
    n_warmup: int,
    rng: Any,
) -> tuple[Point, FloatArray, FloatArray]:
    """Find a step size for each chain, and one scale for all.

    In each stretch dual averaging looks for the step size; after it the scale becomes the
    standard deviation that the coordinates had, and the search begins again.
    """
    ends, n_left = (np.array(STRETCHES) * n_warmup).astype(int), n_warmup
    for n_iterations in np.diff(ends).tolist():
        search, seen = DualAveraging(step_size, target_accept), []
        for _ in range(n_iterations):
            outcome = kernel(target, point, step_size, scale, rng)
            point, step_size = outcome.point, search.update(outcome.accept_prob)
            seen.append(point.z)
        step_size = search.step_size
        n_left -= n_iterations
        if n_left and n_iterations > 1:
            # A few draws tell little; a trace of the old scale keeps the new from zero.
            variance = np.var(seen, axis=0).reshape(-1, scale.size).mean(axis=0)
            weight = n_iterations / (n_iterations + 5.0)
            scale = np.sqrt(weight * variance + (1.0 - weight) * 0.001 * scale**2)
    return point, step_size, scale


def _begin(target: Target, start: Mapping[str, ArrayLike]) -> Point:
    """The point at the start, where the density must be above zero."""
    missing = [n for n in TARGET_METHODS if not callable(getattr(target, n, None))]
    if missing:
        raise ValueError(
            f"target must have {', '.join(missing)}: take centred(data, model) or "
            f"noncentred(data, model), got {type(target).__name__}"
        )
    z = finite_array("the start's z", target.from_params(start))
    if z.ndim not in (1, 2) or z.size == 0:
        raise ValueError(f"start must have one leading axis, for chains, or none; z is {z.shape}")
    log_density, gradient = target.log_density_and_gradient(z)
    point = Point(z, np.asarray(log_density), np.asarray(gradient))
    if not np.isfinite(point.log_density).all():
        raise ValueError(
            f"start is outside the support: the log density there is {log_density}; begin where "
            "the density is above zero"
        )
    return point


def _scale(scale: ArrayLike | None, dim: int) -> FloatArray:
    """`scale` as one positive number for each coordinate."""
    if scale is None:
        return np.ones(dim)
    units = finite_array("scale", scale)
    if units.shape not in ((), (dim,)) or not (units > 0.0).all():
        raise ValueError(
            f"scale must be above zero, one number or one for each of {dim} coordinates, "
            f"got {scale!r:.60}"
        )
    return np.broadcast_to(units, (dim,)).copy()
