r"""Hamiltonian Monte Carlo: roll over the density instead of stumbling about on it (chapter 8).

Each chain is a ball at zeta that gets a random momentum v, and then rolls without friction on the
surface :math:`-\log \pi(\zeta)`. The energy

.. math:: H(\zeta, v) = -\log \pi(\zeta) + \tfrac12 \sum_k v_k^2

stays the same on its exact path, so the far end of a long roll is a proposal that would always
be accepted. The computer's path is made of steps, and what they lose of the energy decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray, whole_number
from hiertools.adaptation import HamiltonianChain, Outcome, Point, Target, choose, run
from hiertools.rrandom import Rng

DIVERGED = 1000.0
"""A path that has lost so much energy has left the surface."""

FAR = 1e100
"""Where a path is put that has run into NaN: its energy, being infinite, has it refused."""


def hmc(
    target: Target,
    start: Mapping[str, ArrayLike],
    *,
    n_leapfrog: int,
    step_size: float | None = None,
    scale: ArrayLike | None = None,
    target_accept: float = 0.8,
    n_draws: int,
    n_warmup: int,
    rng: Rng,
) -> HamiltonianChain:
    """Hamiltonian Monte Carlo with paths of a fixed number of steps.

    Parameters
    ----------
    target : Coordinates
        `centred(data, model)`, `noncentred(data, model)`, or anything with their methods.
    start : dict
        Parameters by name, with or without a leading chain axis.
    n_leapfrog : int
        Number of steps of a path. Their size varies at random by a fifth either way, so that
        no path comes round to where it began again and again.
    step_size : float, optional
        Size of the steps in units of `scale`. Left out, or with warm-up: tuned by it.
    scale : array_like of shape (dim,), optional
        About the standard deviation of each coordinate: the units in which the ball rolls.
        1 where left out; warm-up replaces it by what it sees.
    target_accept : float
        The mean acceptance probability that warm-up steers for, between 0 and 1.
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
    Duane et al. (1987); Neal (2011); chapter 8.

    Examples
    --------
    >>> from hiertools import Hierarchical, noncentred, simulate
    >>> data, _ = simulate(n=20, rng=1)
    >>> target = noncentred(data, Hierarchical())
    >>> start = Hierarchical().sample_prior(20, rng=2, n_draws=4)
    >>> run = hmc(target, start, n_leapfrog=8, n_draws=100, n_warmup=100, rng=3)
    >>> run.draws["alpha"].shape, run.step_size.shape
    ((4, 100, 20), (4,))
    """
    n_leapfrog = whole_number("n_leapfrog", n_leapfrog, least=1)

    def kernel(
        target: Target, point: Point, step_size: FloatArray, scale: FloatArray, rng: Any
    ) -> Outcome:
        jitter = 0.8 + 0.4 * rng.random(step_size.shape)
        return hmc_step(target, point, jitter * step_size, scale, n_leapfrog, rng)

    return run(kernel, target, start, step_size, scale, target_accept, n_draws, n_warmup, rng)


def leapfrog(
    target: Target, point: Point, momentum: FloatArray, step_size: FloatArray, scale: FloatArray
) -> tuple[Point, FloatArray]:
    r"""One step of the ball: half a push, a whole move, half a push.

    .. math::
        v \leftarrow v + \tfrac{\epsilon}{2}\, s\, \nabla \log \pi(\zeta), \qquad
        \zeta \leftarrow \zeta + \epsilon\, s\, v, \qquad
        v \leftarrow v + \tfrac{\epsilon}{2}\, s\, \nabla \log \pi(\zeta)

    With -epsilon the ball rolls back to where it came from, and no volume is gained or lost:
    that is why the energy alone decides about a path.

    Parameters
    ----------
    target : Coordinates
    point : Point
    momentum : ndarray of shape (..., dim)
    step_size : ndarray of shape (...)
        epsilon, of either sign.
    scale : ndarray of shape (..., dim) or (dim,)
        s, the units of each coordinate.

    Returns
    -------
    point : Point
    momentum : ndarray of shape (..., dim)
    """
    reach = step_size[..., None] * scale
    momentum = momentum + 0.5 * reach * point.gradient
    z = np.fmin(point.z + reach * momentum, FAR)
    point = Point(z, *target.log_density_and_gradient(z))
    return point, momentum + 0.5 * reach * point.gradient


def energy(point: Point, momentum: FloatArray) -> FloatArray:
    """H: minus the log density, plus half the squared length of the momentum."""
    h: FloatArray = 0.5 * (momentum * momentum).sum(axis=-1) - point.log_density
    return h


def hmc_step(
    target: Target,
    point: Point,
    step_size: FloatArray,
    scale: FloatArray,
    n_leapfrog: int,
    rng: Any,
) -> Outcome:
    r"""One iteration: a random push, a path, and Metropolis' decision about its end.

    .. math:: \text{accept with probability } \min(1,\ e^{H(\text{start}) - H(\text{end})})

    Parameters
    ----------
    target, point, step_size, scale
        As for `leapfrog`.
    n_leapfrog : int
    rng : numpy.random.Generator or RRandom

    Returns
    -------
    Outcome
    """
    momentum = rng.standard_normal(point.z.shape)
    end, end_momentum = point, momentum
    with np.errstate(all="ignore"):  # a path that went astray ends at -inf, and is refused
        for _ in range(n_leapfrog):
            end, end_momentum = leapfrog(target, end, end_momentum, step_size, scale)
        lost = energy(end, end_momentum) - energy(point, momentum)
        accept_prob = np.where(lost < np.inf, np.exp(-np.maximum(lost, 0.0)), 0.0)
    accepted = rng.random(accept_prob.shape) < accept_prob
    return Outcome(
        choose(accepted, end, point), accept_prob, accepted, ~(lost < DIVERGED), n_leapfrog
    )
