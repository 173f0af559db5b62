"""What chains in small steps are worth when they are thinned, with no chain run (chapter 6)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hiertools._checks import FloatArray

STEP, N_CHAINS, LENGTH = 0.3, 4, 20_000
EVERY = np.array([1, 10, 100])
"""Which draws are kept: every one, every 10th, every 100th."""


class Worth(NamedTuple):
    """What the thinned chains are worth in the long run."""

    ess: FloatArray
    error: FloatArray
    """Standard error of its estimate, as a share of it."""


@lru_cache
def worth_of_thinned() -> Worth:
    r"""From the spectrum of the chain, whose steps are a matrix on a grid.

    With eigenvalues :math:`\lambda_j`, and :math:`c_j` the share of theta's variance along each,
    draws that are k iterations apart have the autocorrelation

    .. math:: \rho_t = \sum_j c_j \lambda_j^{k t} ,

    whose sum over t is geometric. An estimate adds up correlations, two at a time, until they are
    lost in noise: at lag w say, one more included. It has a relative variance of about
    2 (2 w + 1) over the number of draws.
    """
    values, share = _spectrum()
    n_draws, power = N_CHAINS * LENGTH / EVERY, values[:, None] ** EVERY
    ess = n_draws / (1 + 2 * share @ (power / (1 - power)))
    rho = np.einsum("j,jkt->kt", share, power[..., None] ** np.arange(1, 500))
    window = 2 + np.argmax(rho < 1 / np.sqrt(ess)[:, None], axis=1)
    return Worth(ess, np.sqrt(2 * (2 * window + 1) / n_draws))


def _spectrum() -> tuple[FloatArray, FloatArray]:
    """Eigenvalues of a Metropolis step in the bell, and shares of theta's variance."""
    grid = np.linspace(-6.0, 6.0, 241)
    log_p = -0.5 * grid**2
    uphill = np.minimum(0.0, log_p - log_p[:, None])
    move = np.exp(uphill - 0.5 * (np.subtract.outer(grid, grid) / STEP) ** 2)
    move *= (grid[1] - grid[0]) / (STEP * np.sqrt(2 * np.pi))
    np.fill_diagonal(move, 0.0)
    np.fill_diagonal(move, 1.0 - move.sum(axis=1))
    root_p = np.exp(0.5 * log_p)
    values, vectors = np.linalg.eigh(move * root_p[:, None] / root_p)  # symmetric by balance
    theta = root_p * grid
    share = (vectors.T @ theta) ** 2 / np.sum(theta**2)
    return values[:-1], share[:-1]  # the last, 1, belongs to the distribution itself
