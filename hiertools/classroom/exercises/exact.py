"""Checks of chapter 7's exercises."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from hiertools._checks import FloatArray
from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.numbers import Suspect, check_number
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees
from hiertools.data import GroupedData
from hiertools.exact import ExactPosterior, exact_posterior
from hiertools.priors import CompletePooling, Hierarchical, Unpooled

# --- a known case ---

N_KNOWN = 200


def known(one: Any, by_integral: ArrayLike, by_hand: ArrayLike) -> Verdict:
    """Mean and sd of the slope of one individual: exactly, and by least squares."""
    fit = _check_data(one)
    if not fit:
        return fit
    answers = _known_answers(one)
    suspects, others = (
        [Suspect(fault, answers[fault], words) for fault, words in faults.items()]
        for faults in (FAULTS_OF_EXACT, FAULTS_OF_FORMULA)
    )
    right, formula = answers["posterior"], answers["formula"]
    hint = "Is the model that of complete pooling, and are the data those that you hand in?"
    return (
        check_number(
            by_integral, right, name="by_integral", decimals=4, suspects=suspects, hint=hint
        )
        and check_number(by_hand, formula, name="by_hand", decimals=4, suspects=others)
        and agrees("both means and both sds are right.")
    )


def _check_data(one: Any) -> Verdict:
    """Whether they are data that the exercise asks for."""
    if not isinstance(one, GroupedData):
        words = "one must be the data: the first of the two things that `simulate` returns."
        return disagrees(words, "no data")
    if one.n != 1 or one.y.shape != (N_KNOWN,):
        words = f"one individual with {N_KNOWN} observations is asked for"
        return disagrees(f"{words}; yours: {one.n} with {one.y.shape[-1]} in all.", "other sizes")
    s = one.statistics
    inside = max(np.abs(one.y).max(), abs(s.slope[0])) < 50 and s.rss[0] < 8**2 * N_KNOWN
    if not (inside and s.x_ss[0] > 1 and s.rss[0] > 0.01):
        words = "these data are on another scale than the model's priors: take those of `simulate`."
        return disagrees(words, "another scale")
    return agrees("the data are as they should be.")


FAULTS_OF_EXACT = {
    "formula": "this is by least squares; the posterior is asked for.",
    "intercept": "these are of alpha, the intercept.",
}
FAULTS_OF_FORMULA = {
    "posterior": "this is the posterior; the formula is asked for.",
    "divided by n": "divide RSS by the observations less two: two numbers make a line.",
    "variance used as sd": "sigma hat is a standard deviation: take the root.",
    "S_xx, not its root": "divide by the square root of S_xx.",
    "y, not residuals": "sigma hat is the spread about the line, and not that of y.",
}


def _known_answers(one: GroupedData) -> dict[str, FloatArray]:
    """Mean and sd of a line's number, right and wrong."""
    pooled, s = exact_posterior(one, CompletePooling()), one.statistics
    rss, x_ss = s.rss[0], s.x_ss[0]
    sigma = np.sqrt(rss / (N_KNOWN - 2))
    errors = {
        "formula": sigma / np.sqrt(x_ss),
        "divided by n": np.sqrt(rss / N_KNOWN / x_ss),
        "variance used as sd": sigma**2 / np.sqrt(x_ss),
        "S_xx, not its root": sigma / x_ss,
        "y, not residuals": one.y.std() / np.sqrt(x_ss),
    }
    return {fault: np.array([s.slope[0], error]) for fault, error in errors.items()} | {
        "posterior": _mean_and_sd(pooled, "beta"),
        "intercept": _mean_and_sd(pooled, "alpha"),
    }


def _mean_and_sd(posterior: ExactPosterior, name: str) -> FloatArray:
    return np.array([posterior.mean[name][0], posterior.sd[name][0]])


# --- draws are draws ---

N_DRAWS, N_REFERENCE = 4000, 40_000


def draws(share: ArrayLike, error: ArrayLike) -> Verdict:
    """Share of draws in which one slope is above another, and its standard error."""
    shares = _shares()
    p = shares["right"]
    within = LIMIT * np.sqrt(p * (1 - p) * (1 / N_DRAWS + 1 / N_REFERENCE))
    words = {
        "intercepts": "these are the intercepts; the slopes are asked for.",
        "individuals 2 and 3": "Python counts from 0: individual 1 has index 0.",
        "another model": "this is the posterior without pooling.",
    }
    suspects = [Suspect(fault, shares[fault], hint) for fault, hint in words.items()]
    return (
        check_number(share, p, name="share", within=within, suspects=suspects)
        and _check_error(error, np.ravel(share).item())
        and agrees("both are right.")
    )


def _check_error(error: ArrayLike, share: float) -> Verdict:
    """The standard error of a student's own share."""
    one = np.sqrt(share * (1 - share))
    suspects = [
        Suspect("one draw's", one, "this is the sd of a single yes or no: 4,000 were drawn."),
        Suspect("root forgotten", one / N_DRAWS, "divide by the root of 4,000."),
    ]
    return check_number(error, one / np.sqrt(N_DRAWS), name="error", decimals=3, suspects=suspects)


@lru_cache
def _shares() -> dict[str, float]:
    """How often a number of one individual is above that of the next."""
    found, other = (posterior.sample(N_REFERENCE, rng=0) for posterior in _exact())
    return {
        "right": _above(found["beta"], 0),
        "intercepts": _above(found["alpha"], 0),
        "individuals 2 and 3": _above(found["beta"], 1),
        "another model": _above(other["beta"], 0),
    }


def _above(draws: FloatArray, i: int) -> float:
    return float(np.mean(draws[:, i] > draws[:, i + 1]))


# --- the log scale misses the edge ---

EDGE = 0.3


def log_scale(below: ArrayLike, moved: ArrayLike) -> Verdict:
    """Probability below the edge, and how far the mean moves without it, in Monte Carlo errors.

    A node stands for a stretch, and the edge cuts through some: a tenth of each is let pass.
    """
    found = _moves()
    right = found["right"]
    words = {
        "weights not made to add up": "what is left must add up to one again: divide by its sum.",
        "weights missing": "nodes are no draws: each counts with its weight.",
        "sd of what is left": "the Monte Carlo error is that of the whole posterior.",
        "posterior sds": "this is in posterior sds; a Monte Carlo error is sd / sqrt(4000).",
        "not in Monte Carlo errors": "this is the move itself; divide it by the Monte Carlo error.",
        "variance of the mean": "a Monte Carlo error is sd / sqrt(4000).",
    }
    suspects = [Suspect(k, found[k], hint, abs(found[k] / right)) for k, hint in words.items()]
    share = _exact()[0].cdf("sigma_alpha", EDGE)
    return (
        check_number(below, share, name="below", within=0.1 * share)
        and check_number(moved, right, name="moved", within=0.1 * right, suspects=suspects)
        and agrees("both are right.")
    )


@lru_cache
def _moves() -> dict[str, float]:
    r"""How far the mean moves, right and wrong.

    With F the distribution function and e the edge, the part of the mean that is lost is

    .. math:: \int_0^e s \, p(s) \, ds = e F(e) - \int_0^e F(s) \, ds .
    """
    exact = _exact()[0]
    mean, sd = float(exact.mean["sigma_alpha"]), float(exact.sd["sigma_alpha"])
    points, weights = np.polynomial.legendre.leggauss(12)
    below = exact.cdf("sigma_alpha", 0.5 * EDGE * (points + 1))
    share = float(exact.cdf("sigma_alpha", EDGE))
    lost = EDGE * share - 0.5 * EDGE * float(weights @ below)
    kept = exact.nodes["sigma_alpha"] >= EDGE
    nodes, weights = exact.nodes["sigma_alpha"][kept], exact.weights[kept]
    rest = (mean - lost) / (1 - share)
    rest_sd = float(np.sqrt(np.average((nodes - rest) ** 2, weights=weights)))
    move, error = rest - mean, sd / np.sqrt(N_DRAWS)
    return {
        "right": move / error,
        "weights not made to add up": (float(weights @ nodes) - mean) / error,
        "weights missing": (float(nodes.mean()) - mean) / error,
        "sd of what is left": move / (rest_sd / np.sqrt(N_DRAWS)),
        "posterior sds": move / sd,
        "not in Monte Carlo errors": move,
        "variance of the mean": move / (sd / N_DRAWS),
    }


# --- evidence with pencil and paper ---


def evidence(log_evidence: ArrayLike) -> Verdict:
    """Log evidence of the model without pooling, on the article's data."""
    right = _log_evidence()
    n = article_data()[0].n
    box, high = np.log(200), np.log(10)
    suspects = [
        Suspect("prior of sigma", right + high, "sigma has a prior too: U(0, 10)."),
        Suspect("no box", right + 2 * n * box, "the priors' densities, 1/200 each, are missing."),
        Suspect("half the box", right + n * box, "intercept and slope have a factor 1/200 each."),
        Suspect("one box", right + 2 * (n - 1) * box, "each individual has a factor 1/200^2."),
        Suspect(
            "m for m - 2", _log_evidence(gone=0), "two powers of sigma went into the integral."
        ),
        Suspect("no roots", _log_evidence(root=0), "the factor (m S_xx)^(-1/2) is missing."),
        Suspect("root forgotten", _log_evidence(root=2), "m S_xx stands under a square root."),
        Suspect(
            "half missing", _log_evidence(half=1), "the exponent has RSS over *twice* sigma^2."
        ),
        Suspect("sd used as variance", _log_evidence(power=1), "sigma is to be squared."),
        Suspect("not integrated", _log_evidence(peak=True), "this is the peak; integrate."),
        Suspect("log to base 10", right / np.log(10), "take the natural logarithm."),
    ]
    hint = "The steps of a grid count too. Subtract the largest log before you take exponentials."
    return check_number(
        log_evidence, right, name="log_evidence", within=0.01, suspects=suspects, hint=hint
    )


def _log_evidence(
    *, gone: int = 2, root: float = 1, half: float = 0.5, power: int = 2, peak: bool = False
) -> float:
    """By the formula of the exercise, or with something in it gone wrong."""
    s = article_data()[0].statistics
    sigma = np.linspace(0, 10, 10_001)[1:]
    noise = sigma**power
    log_f = -0.5 * np.sum(s.m - gone) * np.log(2 * np.pi * noise) - half * np.sum(s.rss) / noise
    log_f += -2 * s.m.size * np.log(200) - 0.5 * root * np.sum(np.log(s.m * s.x_ss)) - np.log(10)
    return float(log_f.max() if peak else logsumexp(log_f) + np.log(sigma[0]))


@lru_cache
def _exact() -> tuple[ExactPosterior, ExactPosterior]:
    """Posteriors of the article's data: with partial pooling, and with none."""
    data = article_data()[0]
    return exact_posterior(data, Hierarchical()), exact_posterior(data, Unpooled())


CHECKS: dict[str, Check] = {
    "ex-exact-known": known,
    "ex-exact-draws": draws,
    "ex-exact-log": log_scale,
    "ex-exact-evidence": evidence,
}
