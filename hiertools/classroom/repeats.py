"""Whether a Metropolis chain keeps its rejected draws: what its moves say of its repeats."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hiertools._checks import FloatArray

LARGEST_LOSS = float(np.log(20.0))
"""Moves that lose more log density are too rare to count on."""
MEMORY = 0.5
"""Lag-one correlation above which a parameter walks, rather than being drawn anew."""


class Repeats(NamedTuple):
    """Draws that repeat the one before."""

    seen: int
    expected: float
    """As many as the moves let expect, or 0 where they are no random walk's."""

    @property
    def missing(self) -> bool:
        """Whether most of them are not there."""
        return self.expected > 50 and self.seen < 0.5 * self.expected


def repeats_of_a_walk(values: FloatArray, log_density: FloatArray) -> Repeats:
    r"""Count the draws that repeat the one before, and those that should.

    A symmetric proposal that changes the density by a factor r is accepted with probability
    min(1, r). So an accepted one stands for 1/min(1, r) that were proposed, whatever the steps,
    and the moves of a chain tell how many proposals were refused between them:

    .. math:: \mathrm{E}(\text{repeats}) \ge \sum_{\text{moves}} \Big(\frac{1}{\min(1, r)} - 1\Big)
        \, [\,r > 1/20\,]

    That is so for random walks which move all parameters at once. Gibbs and Hamiltonian samplers
    owe no repeats: they are known by parameters that remember little from one draw to the next;
    samplers that move one part after the other, by draws that changed in part.

    Parameters
    ----------
    values : ndarray of shape (n_chains, n_draws, k)
    log_density : ndarray of shape (n_chains, n_draws)
        Log posterior of each draw.

    Returns
    -------
    Repeats

    References
    ----------
    Chapter 4.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> walk = np.cumsum(rng.normal(size=(1, 1000, 1)), axis=1)
    >>> repeats_of_a_walk(walk, rng.normal(size=(1, 1000))).missing
    True
    """
    changed = np.diff(values, axis=1) != 0
    moved = changed.any(axis=-1)
    seen = int((~moved).sum())
    in_part = moved & ~changed.all(axis=-1)
    if in_part.sum() > 0.01 * moved.sum() or not (_memory(values) > MEMORY).all():
        return Repeats(seen, 0.0)
    with np.errstate(invalid="ignore"):  # draws outside the support
        loss = np.maximum(-np.diff(log_density, axis=1)[moved], 0.0)
    return Repeats(seen, float(np.expm1(loss[loss < LARGEST_LOSS]).sum()))


def _memory(values: FloatArray) -> FloatArray:
    """Lag-one correlation of each column, all chains together."""
    centred = values - values.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        memory: FloatArray = (centred[:, 1:] * centred[:, :-1]).mean(axis=(0, 1)) / (
            centred**2
        ).mean(axis=(0, 1))
    return memory
