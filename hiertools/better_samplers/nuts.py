r"""NUTS: a path that grows until it would turn back (chapter 8).

The number of steps is Hamiltonian Monte Carlo's awkward setting: with too few the ball hardly
leaves, with too many it comes back. The No-U-Turn Sampler doubles its path, forwards or
backwards at random, until the two ends would come closer to each other. What it takes of the path
is one point, drawn by the weights :math:`e^{-H}` with a preference for the newer half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiertools._checks import BoolArray, FloatArray, whole_number
from hiertools.better_samplers.adaptation import (
    HamiltonianChain,
    Outcome,
    Point,
    Target,
    choose,
    run,
)
from hiertools.better_samplers.hamiltonian import DIVERGED, energy, leapfrog
from hiertools.rrandom import Rng


class Path(NamedTuple):
    """A stretch of path for each chain: what is left of it once its points are forgotten."""

    end: Point
    """The end where it grows."""
    momentum: FloatArray
    """The momentum there, shape (..., dim)."""
    chosen: Point
    """One of its points, drawn with probabilities proportional to exp(-H)."""
    log_weight: FloatArray
    """Log of the sum of exp(-H) over its points, relative to the start, shape (...)."""
    accept_sum: FloatArray
    """Sum over its points of the probability with which each would have been accepted."""
    n_steps: NDArray[np.int64]
    """How many points it has."""
    stopped: BoolArray
    """Whether it has turned back, or gone astray."""
    divergent: BoolArray
    """Whether it has gone astray."""


def nuts(
    target: Target,
    start: Mapping[str, ArrayLike],
    *,
    max_depth: int = 10,
    step_size: float | None = None,
    scale: ArrayLike | None = None,
    target_accept: float = 0.8,
    n_draws: int,
    n_warmup: int,
    rng: Rng,
) -> HamiltonianChain:
    """The No-U-Turn Sampler: Hamiltonian Monte Carlo that finds the length of its paths.

    All chains take their steps together; a chain whose path is complete waits for the others.

    Parameters
    ----------
    target : Coordinates
        `centred(data, model)`, `noncentred(data, model)`, or anything with their methods.
    start : dict
        Parameters by name, with or without a leading chain axis.
    max_depth : int
        How often a path may double: it has at most ``2 ** max_depth - 1`` steps.
    step_size : float, optional
        Size of the steps in units of `scale`. Left out, or with warm-up: tuned by it.
    scale : array_like of shape (dim,), optional
        About the standard deviation of each coordinate. 1 where left out; warm-up replaces it
        by what it sees.
    target_accept : float
        The mean acceptance probability along a path that warm-up steers for.
    n_draws : int
        Number of draws after warm-up, for each chain.
    n_warmup : int
        Number of iterations of warm-up: 0 (`step_size` is needed then), or at least 20. After
        it steps and scale are fixed, and every draw leaves the target invariant.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    HamiltonianChain

    Raises
    ------
    ValueError
        If the start lacks parameters, has NaN or is outside the support; if a setting is out
        of its range: `step_size` and `scale` are above zero.

    References
    ----------
    Hoffman and Gelman (2014); Betancourt (2017), appendix A, for the draw from the path;
    chapter 8.

    Examples
    --------
    >>> from hiertools import Hierarchical, noncentred, simulate
    >>> data, _ = simulate(n=20, rng=1)
    >>> target = noncentred(data, Hierarchical())
    >>> start = Hierarchical().sample_prior(20, rng=2, n_draws=4)
    >>> run = nuts(target, start, n_draws=100, n_warmup=100, rng=3)
    >>> run.draws["alpha"].shape, run.n_gradients.shape
    ((4, 100, 20), (4, 100))
    """
    max_depth = whole_number("max_depth", max_depth, least=1)

    def kernel(
        target: Target, point: Point, step_size: FloatArray, scale: FloatArray, rng: Any
    ) -> Outcome:
        return nuts_step(target, point, step_size, scale, max_depth, rng)

    return run(kernel, target, start, step_size, scale, target_accept, n_draws, n_warmup, rng)


def nuts_step(
    target: Target,
    point: Point,
    step_size: FloatArray,
    scale: FloatArray,
    max_depth: int,
    rng: Any,
) -> Outcome:
    r"""One iteration: double the path until it turns, and draw one of its points.

    The new half gives the draw with probability :math:`\min(1, W_\text{new} / W_\text{old})`,
    W the sums of :math:`e^{-H}`: a preference for what is far from the start. A half that turns
    within itself is thrown away, since from its own points the path would have stopped before.

    Parameters
    ----------
    target : Coordinates
    point : Point
    step_size : ndarray of shape (...)
    scale : ndarray of shape (dim,)
    max_depth : int
    rng : numpy.random.Generator or RRandom

    Returns
    -------
    Outcome
    """
    chains = point.log_density.shape
    momentum = rng.standard_normal(point.z.shape)
    h_start = energy(point, momentum)
    ends = {-1: (point, momentum), 1: (point, momentum)}
    chosen, log_weight = point, np.zeros(chains)
    growing, divergent = np.ones(chains, dtype=np.bool_), np.zeros(chains, dtype=np.bool_)
    accept_sum, n_gradients = np.zeros(chains), np.zeros(chains, dtype=np.int64)

    for depth in range(max_depth):
        forward = rng.random(chains) < 0.5
        end = choose(forward, ends[1][0], ends[-1][0])
        end_momentum = np.where(forward[..., None], ends[1][1], ends[-1][1])
        signed_step = np.where(forward, step_size, -step_size)
        new = grow(target, end, end_momentum, signed_step, scale, 2**depth, growing, h_start, rng)
        accept_sum, n_gradients = accept_sum + new.accept_sum, n_gradients + new.n_steps
        divergent, growing = divergent | new.divergent, ~new.stopped

        take = growing & (np.log1p(-rng.random(chains)) < new.log_weight - log_weight)
        chosen = choose(take, new.chosen, chosen)
        log_weight = np.where(growing, np.logaddexp(log_weight, new.log_weight), log_weight)
        for side, here in ((1, growing & forward), (-1, growing & ~forward)):
            end, end_momentum = ends[side]
            end_momentum = np.where(here[..., None], new.momentum, end_momentum)
            ends[side] = (choose(here, new.end, end), end_momentum)
        (left, p_left), (right, p_right) = ends[-1], ends[1]
        growing = growing & ~turns_back((right.z - left.z) / scale, p_left, p_right)
        if not growing.any():
            break
    moved = (chosen.z != point.z).any(axis=-1)
    return Outcome(chosen, accept_sum / n_gradients, moved, divergent, n_gradients)


def grow(
    target: Target,
    point: Point,
    momentum: FloatArray,
    step_size: FloatArray,
    scale: FloatArray,
    n_steps: int,
    growing: BoolArray,
    h_start: FloatArray,
    rng: Any,
) -> Path:
    """A new half of the path: `n_steps` leapfrog steps, a power of two.

    Steps 1 to 2, 3 to 4, 1 to 4 and so on must not turn back either: these are the paths that
    would have been complete had they begun there.

    Parameters
    ----------
    target : Coordinates
    point : Point
        The end of the path from which it grows.
    momentum : ndarray of shape (..., dim)
    step_size : ndarray of shape (...)
        Negative where it grows backwards.
    scale : ndarray of shape (dim,)
    n_steps : int
    growing : ndarray of bool, shape (...)
        Which chains take part.
    h_start : ndarray of shape (...)
        The energy at the start of the whole path.
    rng : numpy.random.Generator or RRandom

    Returns
    -------
    Path
    """
    chains = step_size.shape
    chosen, log_weight = point, np.full(chains, -np.inf)
    stopped, divergent = ~growing, np.zeros(chains, dtype=np.bool_)
    accept_sum, count = np.zeros(chains), np.zeros(chains, dtype=np.int64)
    trail, direction = [], np.sign(step_size)[..., None] / scale
    for k in range(1, n_steps + 1):
        with np.errstate(all="ignore"):  # a path that went astray has an infinite energy
            point, momentum = leapfrog(target, point, momentum, step_size, scale)
            gained = h_start - energy(point, momentum)
            gained = np.where(gained > -np.inf, gained, -np.inf)
            accept_sum += np.where(stopped, 0.0, np.exp(np.minimum(gained, 0.0)))
            count += ~stopped
            divergent |= ~stopped & (gained < -DIVERGED)
            stopped = stopped | divergent

            log_weight = np.logaddexp(log_weight, gained)
            take = ~stopped & (np.log1p(-rng.random(chains)) < gained - log_weight)
            chosen = choose(take, point, chosen)
            trail.append((point.z, momentum))
            for size in (2**power for power in range(1, n_steps.bit_length())):
                if k % size == 0:
                    z, p = trail[k - size]
                    stopped = stopped | turns_back(direction * (point.z - z), p, momentum)
        if stopped.all():
            break
    return Path(point, momentum, chosen, log_weight, accept_sum, count, stopped, divergent)


def turns_back(away: FloatArray, p_first: FloatArray, p_last: FloatArray) -> BoolArray:
    r"""Whether the ends of a path would come closer to each other if they rolled on.

    .. math:: (\zeta_\text{last} - \zeta_\text{first}) \cdot v_\text{first} < 0 \quad\text{or}\quad
        (\zeta_\text{last} - \zeta_\text{first}) \cdot v_\text{last} < 0

    Parameters
    ----------
    away : ndarray of shape (..., dim)
        From the first end, in time, to the last, in units of the scale.
    p_first, p_last : ndarray of shape (..., dim)
        Momentum at the two ends; which is which does not matter.

    Returns
    -------
    ndarray of bool, shape (...)
    """
    turned: BoolArray = ((away * p_first).sum(axis=-1) < 0) | ((away * p_last).sum(axis=-1) < 0)
    return turned
