"""Checks of chapter 5's exercises."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray
from hiertools.article import Replication, replicate_article
from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.numbers import Suspect, check_number, numeric
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees
from hiertools.comparison import coverage, posterior_interval, rmse
from hiertools.data import simulate
from hiertools.exact import exact_posterior
from hiertools.priors import CompletePooling, Hierarchical, Model, Unpooled

# --- the cheapest estimate ---


def cheapest(always_two: ArrayLike, least: ArrayLike) -> Verdict:
    """RMSE of the number 2 for every intercept, and of the best number for all."""
    data, truth = article_data()
    alpha, beta = truth["alpha"], truth["beta"]
    complete = rmse(exact_posterior(data, CompletePooling()).mean["alpha"], alpha)
    error, spread = float(rmse([2.0], alpha)), float(alpha.std())
    off = np.abs(2.0 - alpha)
    suspects = [
        Suspect("slopes", rmse([2.0], beta), "these are slopes; intercepts are asked for."),
        Suspect("slopes", rmse([-2.0], beta), "these are slopes; intercepts are asked for."),
        Suspect("best number", spread, "this is the error of the best number, not of 2."),
        Suspect("mean error", 2.0 - float(alpha.mean()), "square the errors before their mean."),
        Suspect("not squared", float(off.mean()), "square the errors before their mean."),
    ]
    best = [
        Suspect("always 2", error, "2 is near the best number, and not the best."),
        Suspect("complete pooling", complete, "its number is near the best; which is best?", 4.0),
        Suspect("population", truth["sigma_alpha"], "it is these 75 that count, not all people."),
        Suspect("n - 1", alpha.std(ddof=1), "the mean of squares divides by n."),
        Suspect("an estimate each", 0.0, "one number for all, not one for each."),
    ]
    return (
        check_number(always_two, error, name="always_two", decimals=3, suspects=suspects)
        and check_number(least, spread, name="least", decimals=4, suspects=best)
        and agrees("both are right.")
    )


# --- half of the time ---

WARMUP = 2000


def half(by_chain: ArrayLike, by_exact: ArrayLike, luck: ArrayLike) -> Verdict:
    """Coverage of 50 % intervals of slopes, from the chain and exactly, and its sd by luck."""
    n = article_data()[0].n
    sd = np.sqrt(0.5 * 0.5 / n)
    suspects = [
        Suspect("number of intervals", n * sd, "divide by the number of intervals: of the share."),
        Suspect("root of n forgotten", 0.5 / n, "the sd of a share falls with the root of n."),
        Suspect("two sds", 2 * sd, "one standard deviation is asked for."),
        Suspect("sd of one", 0.5, "this is the sd of a single interval's hit or miss."),
    ]
    return (
        check_number(luck, sd, name="luck", decimals=3, suspects=suspects)
        and _check_by_chain(by_chain)
        and _check_by_exact(by_exact)
        and agrees("all three are right.")
    )


def _check_by_chain(share: ArrayLike) -> Verdict:
    prob = "an interval of 50 % leaves a quarter of the draws on each side."
    suspects = [
        Suspect("intercepts", _by_chain("alpha"), "these are intercepts; slopes are asked for."),
        Suspect("another model", _by_chain(pooling=False), "this is the chain without pooling."),
        Suspect("warm-up kept", _by_chain(warmup=0), "leave out the warm-up: 2,000 draws."),
        Suspect("another probability", _by_chain(prob=0.9), prob),
        Suspect("another probability", _by_chain(prob=0.25), prob),
    ]
    return check_number(share, _by_chain(), name="by_chain", decimals=2, suspects=suspects)


def _check_by_exact(share: ArrayLike) -> Verdict:
    right, intercepts = _by_exact()
    suspects = [
        Suspect("chain again", _by_chain(), "this is the chain's share again."),
        Suspect("intercepts", intercepts, "these are intercepts; slopes are asked for."),
    ]
    return check_number(share, right, name="by_exact", decimals=2, suspects=suspects)


@lru_cache
def _by_chain(
    line: str = "beta", *, prob: float = 0.5, warmup: int = WARMUP, pooling: bool = True
) -> float:
    """Coverage by the article's chain."""
    run = _article_run()
    draws = (run.hierarchical if pooling else run.unpooled).draws[line]
    interval = posterior_interval({line: draws}, prob, warmup)[line]
    return float(coverage(interval, run.truth[line]))


@lru_cache
def _article_run() -> Replication:
    return replicate_article()


@lru_cache
def _by_exact() -> tuple[float, float]:
    """Coverage by the exact posterior: of slopes, of intercepts."""
    data, truth = article_data()
    interval = exact_posterior(data, Hierarchical()).interval(0.5)
    shares = [float(coverage(interval[line], truth[line])) for line in ("beta", "alpha")]
    return shares[0], shares[1]


# --- the weight, checked ---

MANY, M = 200_000, 5
MU_ALPHA, SIGMA_ALPHA, SIGMA = 2.0, 1.0, 2.0


def weight(w: ArrayLike, slope: ArrayLike, intercept: ArrayLike) -> Verdict:
    """Weight of an individual's own data, and the regression of its intercept on its mean."""
    noise = SIGMA**2 / M
    right = SIGMA_ALPHA**2 / (SIGMA_ALPHA**2 + noise)
    # Error variance of a regression's coefficients: about its line alpha has variance w noise.
    error = np.sqrt(right * noise / MANY / (SIGMA_ALPHA**2 + noise))
    at_zero = error * np.sqrt(SIGMA_ALPHA**2 + noise + MU_ALPHA**2)
    rest = MU_ALPHA * (1 - right)
    precision = "a precision is one over a variance: square both standard deviations."
    by_sds = [Suspect("sds, not variances", M / SIGMA / (M / SIGMA + 1 / SIGMA_ALPHA), precision)]
    forgotten = Suspect("mu forgotten", 1 - right, "this is the weight of the population's mean.")
    zero = Suspect("regressed the other way", 0.0, "regress alpha on the means of y.")
    return (
        check_number(w, right, name="w", decimals=3, suspects=by_sds)
        and check_number(
            slope, right, name="slope", within=LIMIT * error, suspects=_wrong_slopes(rest)
        )
        and check_number(
            intercept, rest, name="intercept", within=LIMIT * at_zero, suspects=[forgotten, zero]
        )
        and agrees("all three are right.")
    )


def _wrong_slopes(intercept: float) -> list[Suspect]:
    def slope(noise: float) -> float:
        return SIGMA_ALPHA**2 / (SIGMA_ALPHA**2 + noise)

    one, root, square = slope(SIGMA**2), slope(SIGMA / M), slope(SIGMA**4 / M)
    return [
        Suspect("order swapped", intercept, "`np.polyfit` returns the slope first."),
        Suspect("regressed the other way", 1.0, "this is y's mean on alpha: swap the two."),
        Suspect("one observation", one, "regress on the mean of five observations, not on one."),
        Suspect("sum, not mean", slope(SIGMA**2 / M) / M, "regress on the mean, not on the sum."),
        Suspect("sd used as variance", root, "sigma is the sd of the noise, not its variance."),
        Suspect(
            "variance used as sd", square, "`normal` takes the sd of the noise, not its square."
        ),
    ]


# --- when is complete pooling good enough? ---

SDS = (1.0, 0.5, 0.2, 0.05)
SEEDS = range(5)
"""Of the datasets that the exercise asks for at each standard deviation."""


def complete(complete: ArrayLike, hierarchical: ArrayLike) -> Verdict:
    """Mean RMSE of intercepts under two models, where people differ less and less."""
    one = _check_errors(complete, CompletePooling(), "complete", swapped=Hierarchical())
    return (
        one
        and _check_errors(hierarchical, Hierarchical(), "hierarchical", swapped=CompletePooling())
        and agrees("both are right.")
    )


def _check_errors(errors: ArrayLike, model: Model, name: str, *, swapped: Model) -> Verdict:
    right, problem = _errors(model), numeric(errors, (len(SDS),), name)[1]
    plain = check_number(errors, right, name=name, decimals=3)
    if plain or problem:
        return plain
    suspects = [  # these take a second or two
        Suspect("models swapped", _errors(swapped), "this is the other model."),
        Suspect("another model", _errors(Unpooled()), "this is no pooling."),
        Suspect("slopes", _errors(model, "beta"), "these are slopes; intercepts are asked for."),
        Suspect(
            "slopes differ",
            _errors(model, sigma_beta=1.0),
            "set sigma_beta too: slopes differ as much as ever.",
        ),
        Suspect("order reversed", right[::-1], "begin with the largest standard deviation."),
    ]
    hint = "Are the datasets those of `rng=0` to `rng=4`, and the estimates exact posterior means?"
    return check_number(errors, right, name=name, decimals=3, suspects=suspects, hint=hint)


@lru_cache
def _errors(model: Model, line: str = "alpha", *, sigma_beta: float | None = None) -> FloatArray:
    """RMSE at each standard deviation of the population, averaged over the datasets."""

    def error(sd: float, seed: int) -> float:
        data, truth = simulate(sigma_alpha=sd, sigma_beta=sigma_beta or sd, rng=seed)
        return float(rmse(exact_posterior(data, model).mean[line], truth[line]))

    return np.array([np.mean([error(sd, seed) for seed in SEEDS]) for sd in SDS])


# --- regression to the mean ---

N_DATASETS = 100


def best(alpha_again: Any, unpooled: ArrayLike, hierarchical: ArrayLike) -> Verdict:
    """By how much the highest estimate exceeds that individual's truth, under two models."""
    shape = (N_DATASETS, article_data()[0].n)
    estimates = {}
    for name in ("unpooled", "hierarchical"):
        value = alpha_again.get(name) if isinstance(alpha_again, Mapping) else None
        array, problem = numeric(value, shape, f'alpha_again["{name}"]')
        if problem or array is None:
            words = "alpha_again must be the chapter's: estimates by model, one row a dataset."
            return disagrees(words, "not the estimates")
        estimates[name] = array
    none, some = estimates["unpooled"], estimates["hierarchical"]
    return (
        _check_excess(unpooled, none, some, "unpooled")
        and _check_excess(hierarchical, some, none, "hierarchical")
        and agrees("both are right.")
    )


def _check_excess(
    excess: ArrayLike, estimates: FloatArray, others: FloatArray, name: str
) -> Verdict:
    alpha = article_data()[1]["alpha"]
    top = estimates.max(axis=1).mean()
    talent = estimates[:, alpha.argmax()].mean() - alpha.max()
    suspects = [
        Suspect("models swapped", _excess(others), "these are the other model's winners."),
        Suspect("best in truth", talent, "the prize goes to the highest estimate, not the best."),
        Suspect("another's truth", top - alpha.max(), "compare the winner with its own truth."),
        Suspect(
            "distance to the mean", top - alpha.mean(), "compare the winner with its own truth."
        ),
        Suspect(
            "no winner", (estimates - alpha).mean(), "this is over all: pick the winner first."
        ),
    ]
    return check_number(excess, _excess(estimates), name=name, decimals=2, suspects=suspects)


def _excess(estimates: FloatArray) -> float:
    """Mean over datasets of the highest estimate less the truth of the same individual."""
    winner_truth = article_data()[1]["alpha"][estimates.argmax(axis=1)]
    return float(np.mean(estimates.max(axis=1) - winner_truth))


CHECKS: dict[str, Check] = {
    "ex-comparison-mean": cheapest,
    "ex-comparison-half": half,
    "ex-comparison-weight": weight,
    "ex-comparison-complete": complete,
    "ex-comparison-best": best,
}
