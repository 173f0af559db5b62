"""Metropolis samplers with a mistake each: what they would converge to, to know them by.

The mistakes of `hiertools.faults`, and more ways to make some of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaincinv

from hiertools._checks import BoolArray, FloatArray
from hiertools.faults import (
    Place,
    Step,
    choose,
    missing_jacobian,
    propose,
    rejected_draws_dropped,
    right_step,
    stale_log_density,
    wrong_accept_rule,
)
from hiertools.metropolis import LogDensity

SHAPE, START, STEP = 3.0, 6.0, 3.5
"""Of the skewed target, a gamma distribution; where a run starts; and its proposal sd."""
N_CELLS = 8
EDGES: FloatArray = gammaincinv(SHAPE, np.arange(1, N_CELLS) / N_CELLS)
"""Between cells of equal probability under the target."""
N_CHAINS, N_WARMUP, N_KEPT = 4000, 300, 250


def power_of_ratio(power: float) -> Step:
    """A step that compares u with a power of the ratio."""

    def step(
        here: Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
    ) -> tuple[Place, BoolArray]:
        there = propose(here, log_posterior, proposal_sd, rng)
        log_ratio = power * (there.log_density - here.log_density)
        accepted = np.log(rng.random(log_ratio.shape)) < log_ratio
        return choose(accepted, there, here), accepted

    return step


def renewed_always(
    here: Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
) -> tuple[Place, BoolArray]:
    """Store the log density of the proposal, accepted or not."""
    there = propose(here, log_posterior, proposal_sd, rng)
    accepted = np.log(rng.random(here.log_density.shape)) < there.log_density - here.log_density
    return choose(accepted, there, here)._replace(log_density=there.log_density), accepted


class Mistake(NamedTuple):
    """A wrong step, and what to say of it."""

    step: Step
    words: str


MISTAKES = {
    "wrong accept rule: square root": Mistake(
        power_of_ratio(0.5),
        "It is what comes out where half the log ratio is used: the ratio is exp of the whole "
        "difference.",
    ),
    "wrong accept rule: squared": Mistake(
        power_of_ratio(2.0),
        "It is what comes out where the log ratio is counted twice.",
    ),
    "wrong accept rule: base 10": Mistake(
        wrong_accept_rule,
        "It is what comes out where the logarithm of u is to base 10 and the log density a natural "
        "one: use np.log.",
    ),
    "rejected draws dropped: tried again": Mistake(
        rejected_draws_dropped,
        "It is what comes out where a rejected proposal is followed by another one, until one is "
        "accepted: a rejected proposal repeats the last draw.",
    ),
    "missing Jacobian": Mistake(
        missing_jacobian,
        "It is what comes out of a walk on the log scale that compares densities of sigma itself: "
        "the Jacobian is missing.",
    ),
    "stale log density: never renewed": Mistake(
        stale_log_density,
        "It is what comes out where the present log density stays that of the start: renew it "
        "after each move.",
    ),
    "stale log density: renewed always": Mistake(
        renewed_always,
        "It is what comes out where the log density is renewed after a rejection too: it must "
        "stay that of the present draw.",
    ),
}
"""By name; the words before the colon are those of chapter 9."""
OTHER_SDS = {
    "variance used as sd": STEP**2,
    "sd used as variance": STEP**0.5,
    "proposal_sd not used": 1.0,
}
"""Proposal sds that are not the one asked for; the target is right all the same."""


class Shares(NamedTuple):
    """What long runs of a sampler on the skewed target look like."""

    cells: FloatArray
    """Share of draws in each of the eight cells, shape (8,)."""
    repeats: float
    """Share of draws that repeat the one before."""
    double_repeats: float
    """Share of draws that repeat the two before."""


@lru_cache(maxsize=32)
def simulated(mistake: str = "") -> Shares:
    """Shares of a sampler with that mistake, or with a proposal sd that is off, or with neither."""
    step = MISTAKES[mistake].step if mistake in MISTAKES else right_step
    sd, rng = OTHER_SDS.get(mistake, STEP), np.random.default_rng(22)
    start = {"sigma": np.full(N_CHAINS, START)}
    here = Place(start, log_target(start))
    counts, repeats, double = np.zeros(N_CELLS), 0.0, 0.0
    last = np.ones(N_CHAINS, dtype=np.bool_)
    for t in range(N_WARMUP + N_KEPT):
        with np.errstate(invalid="ignore"):  # -inf less -inf, where both are outside
            here, accepted = step(here, log_target, sd, rng)
        if t >= N_WARMUP:
            cells = np.searchsorted(EDGES, here.params["sigma"])
            counts += np.bincount(cells, minlength=N_CELLS)
            repeats += float((~accepted).mean())
            double += float((~accepted & ~last).mean())
        last = accepted
    return Shares(counts / counts.sum(), repeats / N_KEPT, double / N_KEPT)


def log_target(params: dict[str, FloatArray]) -> FloatArray:
    """The skewed target's log density, of the shape of sigma; -inf below zero."""
    z = params["sigma"]
    inside = z > 0
    log_z = np.log(np.where(inside, z, 1.0))
    value: FloatArray = np.where(inside, (SHAPE - 1) * log_z - z, -np.inf)
    return value
