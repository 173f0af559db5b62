"""Checks of chapter 2's exercises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray
from hiertools.classroom.densities import Evaluate, compare
from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.numbers import Suspect, check_number
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees

# --- heads, and nothing left ---


def coin(k: ArrayLike, log_probability: ArrayLike) -> Verdict:
    """Number of heads whose probability underflows, and its log."""
    right, smallest_normal = 1, np.finfo(np.float64).tiny
    while 0.5**right > 0.0:
        right += 1
    digits = 1.0 - float(np.log2(smallest_normal))
    suspects = [
        Suspect("one too few", right - 1, "there `0.5**k` is the smallest number above zero."),
        Suspect("digits lost", digits, "there digits begin to be lost, but it is not yet zero."),
    ]
    log = right * np.log(0.5)
    logs = [
        Suspect("log of zero", -np.inf, "0.5**k is zero already: multiply k by the log of 0.5."),
        Suspect("log to base 10", log / np.log(10), "use np.log, the natural logarithm."),
        Suspect("log to base 2", log / np.log(2), "use np.log, the natural logarithm."),
    ]
    return (
        check_number(k, right, name="k", suspects=suspects)
        and check_number(log_probability, log, name="log_probability", decimals=1, suspects=logs)
        and agrees("both are right.")
    )


# --- the best noise level ---


def best_sigma(best: ArrayLike) -> Verdict:
    """Where the log likelihood is highest along sigma, at the true lines."""
    data, truth = article_data()
    residual = data.y - truth["alpha"][data.group] - truth["beta"][data.group] * data.x
    squares, n_obs = float(np.sum(residual**2)), data.y.size
    right, fitted = np.sqrt(squares / n_obs), np.sqrt(data.statistics.rss.sum() / n_obs)
    size = float(np.abs(residual).mean())
    suspects = [
        Suspect("sum, not mean", np.sqrt(squares), "divide the sum of squares by N."),
        Suspect("n, not N", np.sqrt(squares / data.n), "N counts observations, not individuals."),
        Suspect("N - 1", np.sqrt(squares / (n_obs - 1)), "divide by N, as the formula says."),
        Suspect("not squared", size, "square the residuals before the mean."),
        Suspect("mean taken off", residual.std(), "`.std()` takes the residuals' mean off first."),
        Suspect("fitted lines", fitted, "take the residuals about the true lines."),
        Suspect("true sigma", truth["sigma"], "this made the data; which one fits them best?"),
        Suspect("read off the grid", round(right, 2), "use the formula: the grid is coarse."),
    ]
    return check_number(best, right, name="best", decimals=3, suspects=suspects)


# --- trust the identity ---

WHO = 3
Squares = Callable[[float, float], Any]


def identity(direct: Squares, by_sums: Squares) -> Verdict:
    """Sum of squared residuals as a function of the line: from observations, from six sums."""
    data = article_data()[0]
    lines = np.random.default_rng(2).normal(size=(10, 2))
    points = [{"a": np.asarray(a), "b": np.asarray(b)} for a, b in lines]
    right = np.array([_squares(WHO, a, b) for a, b in lines])

    def check(function: Squares, name: str, suspects: list[Suspect]) -> Verdict:
        return compare(
            _of_point(function, "a", "b"),
            points,
            right,
            suspects,
            name=name,
            up_to_constant=False,
            n_terms=int(data.statistics.m[WHO]),
        )

    return (
        check(direct, "direct", _wrong_residuals(lines, right))
        and check(by_sums, "by_sums", _wrong_sums(lines, right))
        and agrees("both are right, and so they are equal.")
    )


def _squares(who: int, a: float, b: float) -> float:
    data = article_data()[0]
    rows = data.group == who
    return float(np.sum((data.y[rows] - a - b * data.x[rows]) ** 2))


def _of_point(function: Any, *names: str) -> Evaluate:
    """A student's function of numbers as one of a point, which `compare` calls."""
    if not callable(function):
        return function  # type: ignore[no-any-return]
    return lambda point: function(*(point[name].item() for name in names))


def _wrong_residuals(lines: FloatArray, right: FloatArray) -> list[Suspect]:
    """Mistakes that either function may have."""
    data = article_data()[0]
    neighbour = np.array([_squares(WHO - 1, a, b) for a, b in lines])
    all_rows = np.array([np.sum((data.y - a - b * data.x) ** 2) for a, b in lines])
    rows = data.group == WHO
    plain = [np.sum(data.y[rows] - a - b * data.x[rows]) for a, b in lines]
    individual = "this is another individual: they are counted from 0, as in `data.group`."
    return [
        Suspect("another individual", neighbour, individual),
        Suspect("all individuals", all_rows, f"take the rows of individual {WHO} alone."),
        Suspect("mean, not sum", right / rows.sum(), "this is the mean of squares, not the sum."),
        Suspect("not squared", np.array(plain), "square the residuals before they are added up."),
        Suspect("root taken", np.sqrt(right), "this is the root of the sum of squares."),
    ]


def _wrong_sums(lines: FloatArray, right: FloatArray) -> list[Suspect]:
    """Mistakes in the identity, each a part that is gone or spoiled."""
    m, x_mean, x_ss, y_mean, slope, rss = (s[WHO] for s in article_data()[0].statistics)
    a, b = lines.T
    miss, turn = y_mean - a - b * x_mean, b - slope
    return [
        Suspect("RSS missing", right - rss, "the part that no line can explain is missing."),
        Suspect("slope's miss missing", right - x_ss * turn**2, "the miss in slope is missing."),
        Suspect("height's miss missing", right - m * miss**2, "the miss at the means is missing."),
        Suspect(
            "m missing", right - (m - 1) * miss**2, "each observation misses the means: m times."
        ),
        Suspect(
            "S_xx missing", right + (1 - x_ss) * turn**2, "the miss in slope counts S_xx times."
        ),
        Suspect(
            "intercept, not height",
            right + m * ((y_mean - a) ** 2 - miss**2),
            "compare the heights at the mean of x: the line's is a + b times that mean.",
        ),
        *_wrong_residuals(lines, right),
    ]


# --- a noise level that is too good to be true ---

MANY, M = 100_000, 5
"""Individuals that are to be simulated, and observations of each."""


def bias(article: ArrayLike, simulated: ArrayLike, factor: Callable[[int], Any]) -> Verdict:
    """Noise level of the highest likelihood, lines free: in two datasets, and by what factor."""
    sigma = float(article_data()[1]["sigma"])
    right = sigma * np.sqrt((M - 2) / M)
    # The residuals of all lines add up to a chi-squared variable of MANY (M - 2) degrees.
    within = LIMIT * right / np.sqrt(2 * MANY * (M - 2))
    unbiased = "this is not too small: are the lines fitted, and is the sum divided by N?"
    suspects = [
        Suspect("not too small", sigma, unbiased),
        Suspect("no observations to spare", 0.0, f"each individual should have {M} observations."),
        Suspect("variance, not sd", right**2, "this is a variance: take its root.", scale=2.0),
    ]
    return (
        _check_highest(article)
        and check_number(simulated, right, name="simulated", within=within, suspects=suspects)
        and _check_factor(factor)
        and agrees("all three are right.")
    )


def _check_highest(article: ArrayLike) -> Verdict:
    data, truth = article_data()
    rss, n_obs = data.statistics.rss, data.y.size
    residual = data.y - truth["alpha"][data.group] - truth["beta"][data.group] * data.x
    common = np.polyval(np.polyfit(data.x, data.y, 1), data.x)
    corrected = np.sqrt(rss.sum() / (n_obs - 2 * data.n))
    suspects = [
        Suspect("true lines", np.sqrt(np.mean(residual**2)), "let the lines be free: fit them."),
        Suspect("one line for all", (data.y - common).std(), "each individual has its own line."),
        Suspect("corrected", corrected, "the likelihood is highest where the sum is over N."),
        Suspect("mean of roots", float(np.sqrt(rss / M).mean()), "sum over all before the root."),
        Suspect("n, not N", np.sqrt(rss.mean()), "N counts observations, not individuals."),
    ]
    right = np.sqrt(rss.sum() / n_obs)
    return check_number(article, right, name="article", decimals=3, suspects=suspects)


def _check_factor(factor: Callable[[int], Any]) -> Verdict:
    m = np.array([3, 4, 5, 10, 50])
    right = np.sqrt((m - 2) / m)
    used = "each line uses more than one number of the individual's observations up."
    suspects = [
        Suspect("variance, not sd", right**2, "this is the variance's factor."),
        Suspect("upside down", 1 / right, "upside down: the estimate is too small."),
        Suspect("a mean, not a line", np.sqrt((m - 1) / m), used),
        Suspect("bias, not factor", 1 - right, "this is what is lost; what is left is asked for."),
    ]
    points = [{"m": np.asarray(value)} for value in m]
    function = _of_point(factor, "m")
    return compare(function, points, right, suspects, name="factor", up_to_constant=False)


CHECKS: dict[str, Check] = {
    "ex-likelihood-coin": coin,
    "ex-likelihood-sigma": best_sigma,
    "ex-likelihood-identity": identity,
    "ex-likelihood-bias": bias,
}
