"""Checks of chapter 4's exercises."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray
from hiertools.article import article_start
from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.exercises.known import check_normal_draws, one_chain
from hiertools.classroom.numbers import Suspect, check_number, close
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees
from hiertools.metropolis import metropolis
from hiertools.priors import Unpooled

# --- two step sizes ---

N_CHAINS = 16


def steps(rates: ArrayLike) -> Verdict:
    """Acceptance rates with small steps of sigma, and with the same steps for all."""
    runs = np.array([_accept_rates(step) for step in (0.02, 0.125)])
    right = runs.mean(axis=1)
    within = LIMIT * runs.std(axis=1, ddof=1) * np.sqrt(1 + 1 / N_CHAINS)
    suspects = [
        Suspect("order swapped", right[::-1], "the first rate belongs to the small steps."),
        Suspect("one rate twice", right[[0, 0]], "both are of small steps of sigma."),
        Suspect("one rate twice", right[[1, 1]], "both are of steps of 0.125 for all."),
        Suspect("rejected", 1 - right, "these are the shares of rejected proposals."),
    ]
    hint = "Are the model, the data, the start and the number of iterations as they should be?"
    found = check_number(rates, right, name="rates", within=within, suspects=suspects, hint=hint)
    return found and agrees("both rates are right.")


@lru_cache
def _accept_rates(sigma_step: float) -> FloatArray:
    """Acceptance rates of several chains of the exercise."""
    rng, data = np.random.default_rng(4), article_data()[0]
    starts = [article_start(Unpooled(), data.n, rng) for _ in range(N_CHAINS)]
    chain = metropolis(
        partial(Unpooled().log_posterior, data),
        {name: np.stack([start[name] for start in starts]) for name in starts[0]},
        proposal_sd={"alpha": 0.125, "beta": 0.125, "sigma": sigma_step},
        n_draws=5000,
        rng=rng,
    )
    return np.asarray(chain.accept_rate)


# --- your own sampler ---

START = 10.0


def own(draws: ArrayLike) -> Verdict:
    """Draws of a standard normal, from a chain that began far away."""
    z, problem = one_chain(draws)
    if problem:
        return disagrees(problem, "malformed draws")
    if (z[:8] > 0.5 * START).all():
        words = "the walk from 10 to the target is still among your draws: drop the warm-up."
        return disagrees(words, "warm-up kept")
    found = check_normal_draws(z)
    if found.outcome != "undecided" and (np.diff(z) != 0).all():
        words = "no draw repeats the one before: a rejected proposal repeats the last draw."
        return disagrees(words, "rejected draws dropped")
    if found:
        return found
    for fault, sd, words in OTHER_WIDTHS:
        if check_normal_draws(z, sd=sd):
            return disagrees(f"{found.message} {words}", fault)
    return found


OTHER_WIDTHS = (
    ("half missing", np.sqrt(0.5), "Is the one half missing in the log density?"),
    ("square root", np.sqrt(2.0), "Is the ratio the square root of what it should be?"),
)


# --- forget the repeats ---


class Known(NamedTuple):
    """What is known of a chain of sigma with steps of sd 1, all lines held at the truth."""

    sd: float
    sd_of_accepted: float
    accept_rate: float


def repeats(exact_sd: ArrayLike, sd_all: ArrayLike, sd_accepted: ArrayLike) -> Verdict:
    """Standard deviation of sigma: on the grid, of all draws, and of accepted proposals alone."""
    key = _known_chain()
    error = LIMIT * key.sd / np.sqrt(2 * 50_000 * key.accept_rate / 2)
    dropped = Suspect("repeats forgotten", key.sd_of_accepted, "repeated draws count, each time.")
    kept = Suspect("repeats kept", key.sd, "only the draws at which the chain moved are asked for.")
    return (
        check_number(exact_sd, key.sd, name="exact_sd", within=0.02 * key.sd)
        and check_number(sd_all, key.sd, name="sd_all", within=error, suspects=[dropped])
        and check_number(
            sd_accepted, key.sd_of_accepted, name="sd_accepted", within=error, suspects=[kept]
        )
        and agrees("all three are right.")
    )


@lru_cache
def _known_chain() -> Known:
    r"""The chain's long-run averages, by sums over a grid.

    Accepted proposals arrive at b from everywhere,

    .. math:: \int p(a) \, q(b \mid a) \min\{1, p(b) / p(a)\} \, da = p(b) A(b),

    with A(b) the chance to be accepted from b: their density is p times A.
    """
    data, truth = article_data()
    line = truth["alpha"][data.group] + truth["beta"][data.group] * data.x
    square = float(np.sum((data.y - line) ** 2))
    grid = np.linspace(1.5, 3.0, 1501)
    log_p = -data.y.size * np.log(grid) - square / (2 * grid**2)
    p = np.exp(log_p - log_p.max())
    proposed = np.exp(-0.5 * np.subtract.outer(grid, grid) ** 2) / np.sqrt(2 * np.pi)
    ratio = np.exp(np.minimum(0.0, -np.subtract.outer(log_p, log_p)))
    accept = (proposed * ratio).sum(axis=1) * (grid[1] - grid[0])
    rate = float(np.average(accept, weights=p))
    return Known(_sd(grid, p), _sd(grid, p * accept), rate)


def _sd(grid: FloatArray, weight: FloatArray) -> float:
    mean = np.average(grid, weights=weight)
    return float(np.sqrt(np.average((grid - mean) ** 2, weights=weight)))


# --- a walk on the log scale ---

LogDensity = Callable[[Any], Any]


def hastings(log_ratio: Callable[[LogDensity, float, float], Any]) -> Verdict:
    """The log of the acceptance ratio of a walk on the log scale, as a function."""
    if not callable(log_ratio):
        words = "log_ratio must be a function of log_p, the place `here` and the proposal `there`."
        return disagrees(words, "not a function")
    pairs = [(2.0, 3.1), (3.1, 2.0), (0.4, 5.0), (7.5, 0.9), (1.2, 1.3)]
    change = np.array([_log_gamma(b) - _log_gamma(a) for a, b in pairs])
    factor = np.array([np.log(b / a) for a, b in pairs])
    values, problem = _values(log_ratio, pairs)
    if problem:
        return disagrees(problem, "raises")
    right = change + factor
    if _same(values, right) or _same(values, np.minimum(0.0, right)):
        return agrees("your rule restores the balance.")
    for suspect in _wrong_rules(change, factor):
        if _same(values, np.asarray(suspect.value)):
            return disagrees(suspect.words, suspect.fault)
    return disagrees(
        "your rule does not restore the balance. Write down q(b | a) for a proposal b from a, then "
        "q(a | b), and divide."
    )


def _log_gamma(sigma: Any) -> Any:
    """Log density of a gamma distribution of shape 3, up to a constant: any target would do."""
    return 2.0 * np.log(sigma) - sigma


def _values(
    log_ratio: Callable[[LogDensity, float, float], Any], pairs: Sequence[tuple[float, float]]
) -> tuple[FloatArray, str]:
    """A student's log ratio at each pair of places, or why it cannot be had."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = [float(log_ratio(_log_gamma, a, b)) for a, b in pairs]
    except Exception as error:
        return np.empty(0), f"log_ratio stops with {type(error).__name__}: {str(error)[:300]}"
    return np.array(values), ""


def _wrong_rules(change: FloatArray, factor: FloatArray) -> list[Suspect]:
    right = change + factor
    return [
        Suspect(
            "missing Jacobian",
            change,
            "the correction is missing: the proposal from a to b is not as dense as the one back.",
        ),
        Suspect(
            "missing Jacobian", np.minimum(0.0, change), "the correction is missing from the ratio."
        ),
        Suspect(
            "upside down",
            change - factor,
            "the correction is upside down: the density of the way back stands above.",
        ),
        Suspect("density, not its log", np.exp(right), "this is the ratio; its log is asked for."),
        Suspect(
            "density, not its log",
            np.exp(np.minimum(0.0, right)),
            "this is the probability to accept; its log is asked for.",
        ),
        Suspect("log forgotten", change + np.exp(factor), "take the log of the correction too."),
        Suspect("wrong sign", -right, "the sign is wrong: `there` stands above, `here` below."),
    ]


def _same(a: FloatArray, b: FloatArray) -> bool:
    return close(a, b, 1e-6)


CHECKS: dict[str, Check] = {
    "ex-metropolis-steps": steps,
    "ex-metropolis-own": own,
    "ex-metropolis-repeats": repeats,
    "ex-metropolis-hastings": hastings,
}
