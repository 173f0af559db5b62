"""Checks of chapter 6's exercises."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray
from hiertools.article import replicate_article
from hiertools.classroom.exercises.known import one_chain
from hiertools.classroom.exercises.thinned import EVERY, LENGTH, N_CHAINS, worth_of_thinned
from hiertools.classroom.numbers import Suspect, check_number
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees, undecided
from hiertools.diagnostics import ess_bulk, ess_tail
from hiertools.metropolis import Chain

DIVIDE_BY_ESS = "divide by the root of the ESS, not of the number of draws."
ROOT = "divide by the square root of the ESS."

# --- thin it ---


def thin(n_draws: ArrayLike, ess: ArrayLike, mcse: ArrayLike) -> Verdict:
    """Numbers of draws, bulk ESS and MCSE of all draws, every 10th and every 100th."""
    draws, worth = N_CHAINS * LENGTH / EVERY, worth_of_thinned()
    slack, error = LIMIT * worth.error, 1 / np.sqrt(worth.ess)
    rows = "`[::10]` keeps every 10th chain; draws are on the second axis: `[:, ::10]`."
    first = "keep every 10th of all draws, `[:, ::10]`, not the first tenth of them."
    counts = [
        Suspect("one chain", draws / N_CHAINS, "count the draws of all four chains."),
        Suspect("chains thinned", draws[0] / np.array([1.0, 4.0, 4.0]), rows),
    ]
    values = [
        Suspect("first draws kept", worth.ess[0] / EVERY, first),
        Suspect("one chain", worth.ess / N_CHAINS, "this is one chain's; take all four together."),
        Suspect("draws counted", draws, "these are the draws; what are they worth?"),
    ]
    errors = [
        Suspect("posterior sd", 1.0, "this is the sd of the bell; its MCSE is asked for.", 10.0),
        Suspect("draws taken for independent", 1 / np.sqrt(draws), DIVIDE_BY_ESS),
        Suspect("root forgotten", 1 / worth.ess, ROOT),
        Suspect("first draws kept", error[0] * np.sqrt(EVERY), first),
    ]
    hint = "Four chains, 20,000 draws of each, proposal sd 0.3?"
    return (
        check_number(n_draws, draws, name="n_draws", suspects=counts, hint=hint)
        and check_number(
            ess, worth.ess, name="ess", within=slack * worth.ess, suspects=values, hint=hint
        )
        and check_number(mcse, error, name="mcse", within=slack * error, suspects=errors)
        and agrees("all nine are right.")
    )


# --- two decimals ---


def digits(mcse: ArrayLike, n_draws: ArrayLike) -> Verdict:
    """Monte Carlo error of 8,000 draws worth 500, and draws in all for a smaller one."""
    sd, ess, draws, wanted = 0.4, 500, 8000, 0.005
    error, needed = sd / np.sqrt(ess), (sd / wanted) ** 2
    right, root = draws * needed / ess, draws * error / wanted
    errors = [
        Suspect("draws taken for independent", sd / np.sqrt(draws), DIVIDE_BY_ESS),
        Suspect("root forgotten", sd / ess, ROOT),
    ]
    effective = "these are effective draws, and a draw of these chains is worth less than one."
    slower = "the error falls with the square root of the number of draws."
    counts = [
        Suspect("effective draws", needed, effective, needed / right),
        Suspect("one chain", right / N_CHAINS, "this is one chain's; all four are asked for."),
        Suspect("proportional", root, slower, root / right),
        Suspect("factor", right / draws, "this is how many times the draws.", 1 / draws),
        Suspect("those to come", right - draws, "count the draws that are there already, too."),
    ]
    return (
        check_number(mcse, error, name="mcse", decimals=4, suspects=errors)
        and check_number(n_draws, right, name="n_draws", within=0.02 * right, suspects=counts)
        and agrees("both are right.")
    )


# --- worth more than its draws ---

FEWEST_DRAWS = 1000


def antithetic(worth_mean: ArrayLike, worth_sd: ArrayLike, theta: ArrayLike) -> Verdict:
    """What a draw is worth for the mean, and for the sd, by the formula; and the chain itself."""
    twice = "in the variance of a sum each pair of draws counts twice."
    lag_0 = "the sum begins at lag 1; the 1 before it is lag 0."
    below = "negative correlations make the denominator smaller than 1."
    upside = "this is the denominator, or signs are lost: at odd lags correlations are negative."
    mean = [
        Suspect("upside down", 1 / 3, upside),
        Suspect("2 forgotten", 3 / 2, twice),
        Suspect("lag 0 in the sum", 3 / 7, lag_0),
        Suspect("at most 1", 1.0, below),
    ]
    sd = [
        Suspect("upside down", 5 / 3, "this is the denominator."),
        Suspect("2 forgotten", 3 / 4, twice),
        Suspect("lag 0 in the sum", 3 / 11, lag_0),
        Suspect("as for the mean", 3.0, "the sd is made of squares: how are they correlated?"),
    ]
    return (
        check_number(worth_mean, 3.0, name="worth_mean", decimals=2, suspects=mean)
        and check_number(worth_sd, 3 / 5, name="worth_sd", decimals=2, suspects=sd)
        and _antithetic_draws(theta)
        and agrees("both worths are right, and theta is as it should be.")
    )


def _antithetic_draws(theta: Any) -> Verdict:
    """Mean square and correlation of neighbours; the errors are those of a long chain."""
    chains, problem = _chains(theta)
    if problem:
        return disagrees(problem, "malformed draws")
    if chains.shape[0] > chains.shape[1]:
        words = "chains come first, draws second: theta[:, t] has a draw of each chain."
        return disagrees(words, "axes swapped")
    if chains.size < FEWEST_DRAWS:
        return undecided(f"too few draws to judge: give {FEWEST_DRAWS:,} or more.")
    with np.errstate(all="ignore"):
        square = np.mean(chains**2)
        neighbours = np.mean(chains[:, 1:] * chains[:, :-1]) / square
    noise = "the noise has variance 3/4, and its sd is the root of that."
    return check_number(
        np.nan_to_num([square, neighbours]),
        [1.0, -0.5],
        name="theta's mean square and neighbours' correlation",
        within=LIMIT * np.sqrt(np.array([2 / 0.6, 3 / 4]) / chains.size),
        suspects=[
            Suspect("variance used as sd", np.array([3 / 4, -0.5]), noise),
            Suspect("noise of sd 1", np.array([4 / 3, -0.5]), noise),
            Suspect("sign lost", np.array([1.0, 0.5]), "a draw should be followed by one across."),
            Suspect("independent", np.array([1.0, 0.0]), "no draw depends on the one before."),
        ],
    )


def _chains(draws: Any) -> tuple[FloatArray, str]:
    """Draws of one chain or several, chains first, or what is wrong with them."""
    try:
        shape, flat = np.shape(draws), np.ravel(draws)
    except (TypeError, ValueError, OverflowError):
        return np.empty(0), "theta must be an array of numbers."
    values, problem = one_chain(flat)
    if not problem and len(shape) not in (1, 2):
        problem = f"theta must have shape (n_chains, n_draws); yours has {shape}."
    return (values, problem) if problem else (values.reshape(-1, shape[-1]), "")


# --- which question? ---

WARMUP = 2000


def question(ess: ArrayLike) -> Verdict:
    """Bulk ESS of sigma, an intercept, the mean of all intercepts, and the log posterior."""
    found = _ess_of_questions()
    average = "average the intercepts of each draw first, and take the ESS of that."
    words = {
        "warm-up kept": "the first 2,000 draws are the warm-up, and still there.",
        "another chain": "this is the chain without pooling.",
        "tail, not bulk": "these are tail ESS.",
        "second individual": "Python counts from 0: individual 1 has index 0.",
        "mean of ESS": average,
        "mu_alpha": "the third is the mean of the 75 intercepts, and not mu_alpha.",
    }
    suspects = [Suspect(fault, found[fault], hint) for fault, hint in words.items()]
    return check_number(ess, found["right"], name="ess", decimals=0, suspects=suspects)


@lru_cache
def _ess_of_questions() -> dict[str, FloatArray]:
    """The four ESS in the article's chain: the right ones, and by mistake."""
    run = replicate_article()
    draws = {name: d[None, WARMUP:] for name, d in run.hierarchical.draws.items()}
    right, alpha, place = _ess(run.hierarchical), draws["alpha"], np.arange(4)
    each = ess_bulk({"alpha": alpha})["alpha"]
    mu = ess_bulk({"mu": draws["mu_alpha"]})["mu"]
    return {
        "right": right,
        "warm-up kept": _ess(run.hierarchical, warmup=0),
        "another chain": _ess(run.unpooled),
        "tail, not bulk": _ess(run.hierarchical, measure=ess_tail),
        "second individual": np.where(place == 1, each[1], right),
        "mean of ESS": np.where(place == 2, each.mean(), right),
        "mu_alpha": np.where(place == 2, mu, right),
    }


def _ess(chain: Chain, *, warmup: int = WARMUP, measure: Callable[..., Any] = ess_bulk) -> Any:
    alpha = chain.draws["alpha"]
    asked = [chain.draws["sigma"], alpha[:, 0], alpha.mean(axis=1), chain.log_density]
    return measure({"asked": np.stack(asked, axis=-1)[None, warmup:]})["asked"]


# --- how many chains? ---

N_RUNS = 1000


def how_many(enough: ArrayLike, noticed: ArrayLike) -> Verdict:
    """Chains that notice a second mode with 95 %, and how often six did in a simulation."""
    share, right = 1 - _alike(0.8, 6), _fewest(_alike)
    suspects = [
        Suspect("one mode only", _fewest(lambda w, c: w**c), "all may fall into the other, too."),
        Suspect("one too few", right - 1, "so many notice with less than 95 %: round up."),
        Suspect("other mode only", _fewest(lambda w, c: (1 - w) ** c), "most fall into the first."),
        Suspect(
            "5 % for 95 %",
            _fewest(lambda w, c: _alike(w, c) - 0.9),
            "with so many something goes *un*noticed with 95 %.",
        ),
    ]
    others = [
        Suspect("four chains", 1 - _alike(0.8, 4), "this is the share for four chains; take six."),
        Suspect("equal modes", 1 - _alike(0.5, 6), "modes are chosen with 0.8 and 0.2."),
    ]
    within = LIMIT * np.sqrt(share * (1 - share) / N_RUNS)
    hint = "They come in whole numbers: the least that will do."
    return (
        check_number(enough, right, name="enough", suspects=suspects, hint=hint)
        and check_number(noticed, share, name="noticed", within=within, suspects=others)
        and agrees("the numbers of chains and the share are right.")
    )


def _alike(w: float, c: int) -> float:
    """Chance that c chains all fall into the same mode."""
    return float(w**c + (1 - w) ** c)


def _fewest(chance: Callable[[float, int], float]) -> FloatArray:
    """Chains with which a chance is 5 % or less."""
    counts = [next(c for c in range(1, 100) if chance(w, c) <= 0.05) for w in (0.5, 0.8, 0.95)]
    return np.array(counts, dtype=np.float64)


CHECKS: dict[str, Check] = {
    "ex-diagnostics-thin": thin,
    "ex-diagnostics-digits": digits,
    "ex-diagnostics-antithetic": antithetic,
    "ex-diagnostics-question": question,
    "ex-diagnostics-how-many": how_many,
}
