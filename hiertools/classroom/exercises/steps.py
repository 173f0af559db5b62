"""A student's step of a sampler, tried from one place on a known target (chapter 9)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from hiertools import faults
from hiertools._checks import FloatArray
from hiertools.classroom.numbers import Suspect, check_number
from hiertools.classroom.verdicts import LIMIT, Verdict, disagrees
from hiertools.faults import Step

RATIOS = np.array([0.2, 0.5, 1.0, 3.0])
"""Ratios of densities, there over here, at which a step is tried."""
N_TRIED = 20_000
"""Chains that are tried at each."""


class Tried(NamedTuple):
    """What a step did, or what is wrong with it."""

    shares: FloatArray
    """The share of moves at each ratio."""
    problem: Verdict | None


def try_step(step: Step, proposal_sd: float, power: float = 0.0) -> Tried:
    """A step from sigma = 1 on a target with known ratios of densities, times a power of sigma.

    Parameters
    ----------
    step : callable
        As those of `hiertools.faults`; or anything.
    proposal_sd : float
    power : float

    Returns
    -------
    Tried
    """
    if not callable(step):
        words = "a step is a function of here, log_posterior, proposal_sd, rng: `faults.right_step`"
        return Tried(RATIOS, disagrees(f"{words} is one.", "not a function"))
    ratio = np.repeat(RATIOS, N_TRIED)
    here = faults.Place(
        {"alpha": 0 * ratio[:, None], "beta": 0 * ratio[:, None], "sigma": 0 * ratio + 1},
        0 * ratio,
    )

    def log_posterior(params: Mapping[str, Any]) -> FloatArray:
        sigma = np.asarray(params["sigma"], dtype=np.float64)
        with np.errstate(all="ignore"):
            there = np.log(ratio) + power * np.log(sigma)
        return np.where(sigma == 1.0, 0.0, np.where(sigma > 0, there, -np.inf))

    given = faults.Place({k: v.copy() for k, v in here.params.items()}, 0 * ratio)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            place, accepted = step(given, log_posterior, proposal_sd, np.random.default_rng(9))
            sigma = np.asarray(place.params["sigma"], dtype=np.float64).reshape(ratio.shape)
            stored = np.asarray(place.log_density, dtype=np.float64).reshape(ratio.shape)
            moved = np.asarray(accepted, dtype=np.bool_).reshape(ratio.shape)
    except Exception as error:
        words = f"your step stops with {type(error).__name__}: {str(error)[:300]}"
        return Tried(RATIOS, disagrees(f"{words} See `faults.right_step`.", "raises"))
    if not np.array_equal(moved, sigma != 1.0):
        words = "`accepted` should be true exactly where the chain has moved."
        return Tried(RATIOS, disagrees(words, "accepted is wrong"))
    if not np.allclose(stored, np.where(moved, log_posterior({"sigma": sigma}), 0.0)):
        words = "the stored log density is not that of the place where the step has led."
        return Tried(RATIOS, disagrees(words, "stale log density"))
    return Tried(moved.reshape(len(RATIOS), N_TRIED).mean(axis=1), None)


def check_shares(
    shares: FloatArray, right: FloatArray, suspects: list[Suspect], hint: str
) -> Verdict:
    """Shares of moves against what they should be.

    Their standard error is at most half of one over the root of the number of chains.

    Parameters
    ----------
    shares, right : ndarray of shape (4,)
    suspects : list of Suspect
    hint : str
        Where to look, if no mistake is recognised.

    Returns
    -------
    Verdict
    """
    within = LIMIT * np.sqrt(0.25 / N_TRIED)
    found = check_number(shares, right, name="step", within=within, suspects=suspects)
    if found or found.fault in {suspect.fault for suspect in suspects}:
        return found
    worst = int(np.argmax(np.abs(shares - right)))
    ratio, share = RATIOS[worst], shares[worst]
    return disagrees(
        f"where the density there is {ratio:g} times that here, your step moves {share:.0%} of the "
        f"time. {hint}"
    )
