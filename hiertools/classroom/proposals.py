"""Check of a proposal that a student wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hiertools._checks import FloatArray
from hiertools.classroom.verdicts import LIMIT, Verdict, agrees, disagrees

N_STEPS = 4000


def check_proposal(
    propose: Callable[..., Any], *, proposal_sd: float = 0.3, n_parameters: int = 3, seed: int = 0
) -> Verdict:
    r"""A student's random-walk proposal: centred, of the right width, every step its own.

    .. math:: \theta' = \theta + s z, \qquad z \sim \mathrm{N}(0, 1)

    Parameters
    ----------
    propose : callable
        ``propose(position, proposal_sd, rng)``, a position of shape (n_parameters,) in and out.
    proposal_sd : float
    n_parameters : int
        At least 2.
    seed : int

    Returns
    -------
    Verdict
        With 4,000 steps, means and variances are known to 5 standard errors: a right proposal
        fails once in several 100,000 times.

    References
    ----------
    Chapter 4.

    Examples
    --------
    >>> def propose(position, proposal_sd, rng):
    ...     return position + rng.normal(0, proposal_sd**2, size=position.shape)
    >>> check_proposal(propose).fault
    'variance used as sd'
    """
    rng = np.random.default_rng([20, seed])
    at = np.array([4.0, -2.5, 0.8, 7.0, -1.0, 2.0, 0.1, -6.0])[:n_parameters]
    steps, problem = _steps(propose, at, proposal_sd, rng)
    if problem is not None:
        return problem
    z = steps / proposal_sd
    if (np.ptp(z, axis=0) == 0).all():
        return disagrees("your proposal is always the same: no random numbers are used.", "fixed")
    if (np.ptp(z, axis=0) == 0).any():
        return disagrees("one of the parameters is never moved.", "a parameter never moves")
    correlation = np.asarray(np.corrcoef(z.T))[np.triu_indices(n_parameters, 1)]
    if (np.abs(correlation) > 0.99).any():
        return disagrees(
            "all parameters take the same step: draw one normal number for each of them.",
            "one step for all",
        )
    root_n = np.sqrt(N_STEPS)
    if (np.abs(z.mean(axis=0)) > LIMIT * z.std(axis=0) / root_n).any():
        return _not_centred(z, at, proposal_sd)
    width = z.std(axis=0)
    if (np.abs(width - 1) > LIMIT / np.sqrt(2 * N_STEPS)).any():
        return _wrong_width(width, proposal_sd)
    if (np.abs(correlation) > LIMIT / root_n).any():
        return disagrees("the steps of different parameters are correlated.")
    share = (np.abs(z) < 1).mean(axis=0)
    if (np.abs(share - 0.6827) > LIMIT * np.sqrt(0.6827 * 0.3173 / N_STEPS)).any():
        return disagrees(
            "the steps have the right sd, but they are not normal: draw them with "
            "rng.standard_normal or rng.normal.",
            "not normal",
        )
    return agrees("your proposal is centred, and its steps are normal and of the right sd.")


def _steps(
    propose: Callable[..., Any], at: FloatArray, sd: float, rng: np.random.Generator
) -> tuple[FloatArray, Verdict | None]:
    """Many steps from one place, or why they cannot be had."""
    nothing = np.empty(0)
    if not callable(propose):
        return nothing, disagrees("your proposal is not there yet.", "not a function")
    steps = np.empty((N_STEPS, at.size))
    for k in range(N_STEPS):
        given = at.copy()
        try:
            new = propose(given, sd, rng)
            array = np.asarray(new, dtype=np.float64)
        except Exception as error:
            words = f"your proposal stops with {type(error).__name__}: {str(error)[:300]}"
            return nothing, disagrees(words, "raises")
        if new is None:
            return nothing, disagrees("your proposal returns None: is `return` missing?", "None")
        if array.shape != at.shape:
            words = f"your proposal returns shape {array.shape} instead of {at.shape}."
            return nothing, disagrees(words, "wrong shape")
        if not np.array_equal(given, at):
            return nothing, disagrees(
                "your proposal changes the position that it is given. The sampler still needs "
                "it, if the proposal is rejected: return a new array.",
                "mutates",
            )
        steps[k] = array - at
    if not np.isfinite(steps).all():
        return nothing, disagrees("your proposal returns NaN or infinity.", "NaN")
    return steps, None


def _not_centred(z: FloatArray, at: FloatArray, sd: float) -> Verdict:
    if (np.abs(z.mean(axis=0) + at / sd) < LIMIT * z.std(axis=0) / np.sqrt(N_STEPS)).all():
        return disagrees(
            "the proposal is centred at zero: add the step to the position.", "position not added"
        )
    if (z > 0).all():
        return disagrees("all steps go up: a step must be as likely down.", "one-sided")
    return disagrees("the proposal is not centred at the position: its mean step is not zero.")


def _wrong_width(width: FloatArray, sd: float) -> Verdict:
    slack = LIMIT / np.sqrt(2 * N_STEPS)
    if (np.abs(width / sd - 1) < slack).all():
        return disagrees(
            "the step's sd is proposal_sd squared. NumPy's normal takes the standard deviation, "
            "not the variance.",
            "variance used as sd",
        )
    if (np.abs(width * np.sqrt(sd) - 1) < slack).all():
        return disagrees(
            "the step's sd is the square root of proposal_sd, which is a standard deviation "
            "already.",
            "sd used as variance",
        )
    if (np.abs(width * sd - 1) < slack).all():
        return disagrees("the step's sd is 1: multiply it by proposal_sd.", "proposal_sd not used")
    shown = ", ".join(f"{v:.3g}" for v in width * sd)
    return disagrees(f"the steps have the sds {shown} where proposal_sd is {sd:g}.")
