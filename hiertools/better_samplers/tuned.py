"""Random-walk Metropolis whose steps are tuned while it warms up (chapter 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray, run_length, whole_number
from hiertools.metropolis import Chain, LogDensity, metropolis
from hiertools.rrandom import Rng, as_rng

BEST_RATE = 0.234
"""The acceptance rate at which a random walk in many dimensions gets on fastest."""


class Tuned(NamedTuple):
    """Where warm-up has led: what `metropolis` needs to go on."""

    start: dict[str, FloatArray]
    """The last draw of every chain."""
    proposal_sd: dict[str, float]
    """Standard deviation of the steps, by parameter name."""


def tune(
    log_posterior: LogDensity,
    start: Mapping[str, ArrayLike],
    *,
    proposal_sd: float | Mapping[str, float] = 0.1,
    n_warmup: int,
    rng: Rng,
) -> Tuned:
    r"""Find steps of the right size: ten stretches of Metropolis, a correction after each.

    In the first seven, steps are made proportional to the spread that each parameter has shown;
    the last three change their common factor s alone. It follows the share r of accepted
    proposals. In many dimensions :math:`r \approx 2\,\Phi(-c s)` for some c, so the factor that
    would have given a rate of 0.234 is

    .. math:: s \leftarrow s\,\frac{\Phi^{-1}(0.234 / 2)}{\Phi^{-1}(r / 2)} .

    Parameters
    ----------
    log_posterior, start, rng
        As for `metropolis`. All chains share their steps.
    proposal_sd : float or dict of float
        Where to begin.
    n_warmup : int
        Number of iterations, at least 10.

    Returns
    -------
    Tuned

    Raises
    ------
    ValueError
        As `metropolis`; also if `n_warmup` is below 10.

    References
    ----------
    Roberts, Gelman and Gilks (1997) for the rate and the equation; chapter 8.

    Examples
    --------
    Two parameters, one a hundred times as wide as the other:

    >>> def log_density(params):
    ...     return -0.5 * (params["a"] ** 2 + (params["b"] / 100) ** 2)
    >>> tuned = tune(log_density, {"a": 0.0, "b": 0.0}, n_warmup=5000, rng=1)
    >>> 30 < tuned.proposal_sd["b"] / tuned.proposal_sd["a"] < 300
    True
    """
    n_warmup, rng = whole_number("n_warmup", n_warmup, least=10), as_rng(rng)
    for k, n_draws in enumerate(np.diff(np.linspace(0, n_warmup, 11).astype(int)).tolist()):
        chain = metropolis(log_posterior, start, proposal_sd=proposal_sd, n_draws=n_draws, rng=rng)
        draw_axis = chain.accepted.ndim - 1
        last = {p: np.moveaxis(d, draw_axis, 0)[-1].copy() for p, d in chain.draws.items()}
        spread = {p: np.sqrt(d.var(axis=draw_axis).mean()) for p, d in chain.draws.items()}
        begun = (
            proposal_sd if isinstance(proposal_sd, Mapping) else dict.fromkeys(last, proposal_sd)
        )
        steps = {p: float(begun[p]) for p in last}
        if k < 7 and min(spread.values()) > 0:
            size = np.exp(np.mean([np.log(steps[p] / spread[p]) for p in steps]))
            steps = {p: float(size * spread[p]) for p in steps}
        rate = np.clip(chain.accepted.mean(), 1e-12, 1.0 - 1e-12)
        wanted, found = scipy.special.ndtri([0.5 * BEST_RATE, 0.5 * rate])
        factor = np.clip(wanted / found, 0.2, 5.0)
        steps = {p: float(factor * sd) for p, sd in steps.items()}
        start, proposal_sd = last, steps
    return Tuned(last, steps)


def tuned_metropolis(
    log_posterior: LogDensity,
    start: Mapping[str, ArrayLike],
    *,
    proposal_sd: float | Mapping[str, float] = 0.1,
    n_draws: int,
    n_warmup: int,
    rng: Rng,
) -> Chain:
    """Random-walk Metropolis whose steps are tuned in warm-up, and fixed after it.

    A chain that went on tuning would depend on all of its past, and need not leave the
    posterior invariant.

    Parameters
    ----------
    log_posterior, start
        As for `metropolis`.
    proposal_sd : float or dict of float
        Where tuning begins; the steps themselves if there is no warm-up.
    n_draws : int
        Number of draws after warm-up, for each chain.
    n_warmup : int
        Number of iterations of warm-up: 0, or at least 10. They are not among the draws.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    Chain

    Raises
    ------
    ValueError
        As `metropolis`; also if `n_warmup` is below 0, or from 1 to 9.

    References
    ----------
    Roberts, Gelman and Gilks (1997); chapter 8.

    Examples
    --------
    >>> def log_density(params):
    ...     return -0.5 * (params["z"] / 50) ** 2
    >>> start = {"z": [0.0, 0.0]}
    >>> chains = tuned_metropolis(log_density, start, n_draws=1000, n_warmup=1000, rng=1)
    >>> chains.draws["z"].shape, bool(chains.draws["z"].std() > 30)
    ((2, 1000), True)
    """
    n_draws, n_warmup = run_length(n_draws, n_warmup)
    rng = as_rng(rng)
    if n_warmup:
        start, proposal_sd = tune(
            log_posterior, start, proposal_sd=proposal_sd, n_warmup=n_warmup, rng=rng
        )
    return metropolis(log_posterior, start, proposal_sd=proposal_sd, n_draws=n_draws, rng=rng)
