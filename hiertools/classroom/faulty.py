"""Metropolis samplers with a mistake each: what they would converge to, to know them by."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import gammaincinv

from hiertools._checks import BoolArray, FloatArray

SHAPE, START, STEP = 3.0, 6.0, 2.5
"""Of the skewed target, a gamma distribution; where a run starts; and its proposal sd."""
N_CELLS = 8
EDGES: FloatArray = gammaincinv(SHAPE, np.arange(1, N_CELLS) / N_CELLS)
"""Between cells of equal probability under the target."""
FAULTS = {
    "wrong accept rule: square root": (
        "It is what comes out where half the log ratio is used: the ratio is exp of the whole "
        "difference."
    ),
    "wrong accept rule: squared": "It is what comes out where the log ratio is counted twice.",
    "wrong accept rule: base 10": (
        "It is what comes out where the logarithm of u is to base 10 and the log density a natural "
        "one: use np.log."
    ),
    "rejected draws dropped: tried again": (
        "It is what comes out where a rejected proposal is followed by another one, until one is "
        "accepted: a rejected proposal repeats the last draw."
    ),
    "missing Jacobian": (
        "It is what comes out of a walk on the log scale that compares densities of sigma itself: "
        "the Jacobian is missing."
    ),
    "stale log density: never renewed": (
        "It is what comes out where the present log density stays that of the start: renew it "
        "after each move."
    ),
    "stale log density: renewed always": (
        "It is what comes out where the log density is renewed after a rejection too: it must "
        "stay that of the present draw."
    ),
}
"""What to say of each; the words before the colon are the name that chapter 9 uses."""
N_CHAINS, N_WARMUP, N_KEPT = 4000, 300, 250


class Simulated:
    """Long runs of a sampler with one mistake, on the skewed target of `check_sampler`."""

    def __call__(self, fault: str) -> FloatArray:
        """Share of draws in each of the eight cells, shape (8,)."""
        return self._run(fault)[0]

    def repeats(self, fault: str) -> float:
        """Share of draws that repeat the one before."""
        return self._run(fault)[1]

    def double_repeats(self, fault: str) -> float:
        """Share of draws that repeat the two before."""
        return self._run(fault)[2]

    @staticmethod
    @lru_cache(maxsize=32)
    def _run(fault: str) -> tuple[FloatArray, float, float]:
        rng = np.random.default_rng(22)
        sd = {"variance used as sd": STEP**2, "sd used as variance": STEP**0.5}.get(fault, STEP)
        sd = 1.0 if fault == "proposal_sd not used" else sd
        z = np.full(N_CHAINS, START)
        held = log_target(z)
        counts, repeats, double = np.zeros(N_CELLS), 0.0, 0.0
        last = np.ones(N_CHAINS, dtype=np.bool_)
        for t in range(N_WARMUP + N_KEPT):
            accepted = np.zeros(N_CHAINS, dtype=np.bool_)
            for _ in range(6 if fault.endswith("tried again") else 1):
                new, log_new = propose(fault, z, sd, rng)
                with np.errstate(invalid="ignore"):  # -inf less -inf, where both are outside
                    log_ratio = log_new - held
                moved = accept(fault, log_ratio, rng.random(N_CHAINS)) & ~accepted
                held = renew(fault, held, log_new, moved)
                z, accepted = np.where(moved, new, z), accepted | moved
            if t >= N_WARMUP:
                counts += np.bincount(np.searchsorted(EDGES, z), minlength=N_CELLS)
                repeats += float((~accepted).mean())
                double += float((~accepted & ~last).mean())
            last = accepted
        return counts / counts.sum(), repeats / N_KEPT, double / N_KEPT


faulty_shares = Simulated()


def log_target(z: FloatArray) -> FloatArray:
    """The skewed target's log density, shape of z."""
    inside = z > 0
    value: FloatArray = np.where(
        inside, (SHAPE - 1) * np.log(np.where(inside, z, 1.0)) - z, -np.inf
    )
    return value


def propose(
    fault: str, z: FloatArray, sd: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """A step from each place, and the log density there."""
    step = sd * rng.standard_normal(N_CHAINS)
    new = z * np.exp(step) if fault == "missing Jacobian" else z + step
    return new, log_target(new)


def accept(fault: str, log_ratio: FloatArray, u: FloatArray) -> BoolArray:
    """Whether each proposal is accepted, under the mistake."""
    rule = fault.partition(": ")[2]
    with np.errstate(over="ignore"):
        ratio = np.exp(log_ratio)
    power = {"square root": 0.5, "squared": 2.0, "base 10": np.log(10.0)}.get(rule)
    if power is not None:
        ratio = ratio**power
    accepted: BoolArray = u < ratio
    return accepted


def renew(fault: str, held: FloatArray, log_new: FloatArray, accepted: BoolArray) -> FloatArray:
    """The log density that is compared next time."""
    if fault.endswith("never renewed"):
        return held
    if fault.endswith("renewed always"):
        return log_new
    return np.where(accepted, log_new, held)
