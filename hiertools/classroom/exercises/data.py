"""Checks of chapter 1's exercises."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.numbers import Suspect, check_number
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees
from hiertools.data import GroupedData

MU_BETA, SIGMA_ALPHA, SIGMA_BETA, SIGMA = -2.0, 1.0, 1.0, 2.0
"""The article's settings."""
MANY = 100_000
"""Individuals that are to be simulated."""
ALIKE = 0.001
"""Standard deviations of twins' lines."""


def twins(twins: Any, same: Any, spread: ArrayLike) -> Verdict:
    """Standard deviation of fitted slopes where all individuals are the same."""
    if not isinstance(twins, GroupedData) or not isinstance(same, dict):
        words = "twins and same must be the two things that `simulate` returns: data and truth."
        return disagrees(words, "not data")
    alpha, beta = (np.asarray(same.get(name)) for name in ("alpha", "beta"))
    if alpha.shape != (twins.n,) or beta.shape != (twins.n,):
        return disagrees("`same` is not the truth of these data.", "another truth")
    if max(alpha.std(), beta.std()) > 10 * ALIKE:
        words = f"your individuals differ: are sigma_alpha and sigma_beta both {ALIKE}?"
        return disagrees(words, "not twins")
    slopes = twins.statistics.slope
    suspects = [
        Suspect(
            "true slopes", beta.std(), "this is the spread of the true slopes, not the fitted."
        ),
        Suspect("n - 1", slopes.std(ddof=1), "divide by n: `.std()` does."),
    ]
    return check_number(spread, slopes.std(), name="spread", decimals=3, suspects=suspects)


def icc(formula: ArrayLike, simulation: ArrayLike) -> Verdict:
    """Correlation of two observations of one individual."""
    right = SIGMA_ALPHA**2 / (SIGMA_ALPHA**2 + SIGMA**2)
    sds = Suspect(
        "sds, not variances",
        SIGMA_ALPHA / (SIGMA_ALPHA + SIGMA),
        "the formula has variances: square the standard deviations.",
    )
    by_formula = check_number(formula, right, name="formula", decimals=3, suspects=[sds])
    by_simulation = check_number(
        simulation,
        right,
        name="simulation",
        within=LIMIT * (1 - right**2) / np.sqrt(MANY),
        suspects=_wrong_pairs(),
        hint="Correlate the first observations of all individuals with the second ones.",
    )
    return by_formula and by_simulation and agrees("formula and simulation are right.")


def _wrong_pairs() -> list[Suspect]:
    """Correlations that come out of other pairs of observations."""
    mean_square = MU_BETA**2 + SIGMA_BETA**2  # of a slope: what it adds to y's variance
    varying = SIGMA_ALPHA**2 / (SIGMA_ALPHA**2 + SIGMA**2 + mean_square)
    strangers = "rows run individual by individual; you have paired different individuals."
    return [
        Suspect("x varies", varying, "both observations should stand at x = 0: set x_sd."),
        Suspect("strangers paired", 0.0, strangers),
        Suspect("itself", 1.0, "an observation is paired with itself, or there is no noise."),
    ]


def width(predicted: ArrayLike, seen: ArrayLike) -> Verdict:
    """Spread of fitted slopes: by the formula, and in the data; the article's, then many."""
    x_ss = article_data()[0].statistics.x_ss
    right = np.array([_predicted(np.mean(1 / x_ss)), _predicted(1 / (10 - 3))])
    other = np.array([_predicted(1 / x_ss.mean()), _predicted(1 / (10 - 1))])
    power = np.array([np.mean(1 / x_ss), 1 / (10 - 3)])
    suspects = [
        Suspect("one over the mean", other, "take the mean of 1/S_xx, not one over the mean."),
        Suspect("noise alone", SIGMA * np.sqrt(power), "the true slopes differ too: add theirs."),
        Suspect(
            "sd used as variance",
            np.sqrt(SIGMA_BETA**2 + SIGMA * power),
            "the formula has the noise's variance, and sigma is its standard deviation.",
        ),
    ]
    by_formula = check_number(
        predicted, right, name="predicted", within=[0.005, 0.01], suspects=suspects
    )
    return by_formula and _check_seen(seen, float(right[1])) and agrees("all four are right.")


def _check_seen(seen: ArrayLike, many: float) -> Verdict:
    slopes = article_data()[0].statistics.slope
    true = article_data()[1]["beta"].std()
    right = np.array([slopes.std(), many])
    truth = Suspect(
        "true slopes", np.array([true, SIGMA_BETA]), "the spread of the fitted slopes is asked."
    )
    within = [0.005, LIMIT * _error_of_sd()]
    return check_number(seen, right, name="seen", within=within, suspects=[truth])


def _predicted(mean_reciprocal: Any) -> float:
    """Standard deviation of fitted slopes."""
    return float(np.sqrt(SIGMA_BETA**2 + SIGMA**2 * mean_reciprocal))


def _error_of_sd() -> float:
    """Standard error of the sd of fitted slopes of many individuals with ten observations each.

    1/S_xx of ten standard normal x has mean 1/7 and mean square 1/35. A slope given S_xx is
    normal, so that its fourth central moment is three times the mean of its squared variance.
    """
    variance = SIGMA_BETA**2 + SIGMA**2 / 7
    fourth = 3 * (SIGMA_BETA**4 + 2 * SIGMA_BETA**2 * SIGMA**2 / 7 + SIGMA**4 / 35)
    return float(np.sqrt((fourth - variance**2) / MANY) / (2 * np.sqrt(variance)))


def centre(correlation: ArrayLike) -> Verdict:
    """Correlation of intercept and slope after x has moved by 5."""
    right = _correlation(-5.0 * SIGMA_BETA**2)
    suspects = [
        Suspect("still independent", 0.0, "alpha' contains beta, so they cannot be independent."),
        Suspect(
            "variances for sds",
            -5 * SIGMA_BETA**2 / (SIGMA_ALPHA**2 + 25 * SIGMA_BETA**2),
            "divide the covariance by the product of the two standard deviations.",
        ),
        Suspect("covariance", -5 * SIGMA_BETA**2, "this is the covariance, not the correlation."),
        Suspect(
            "5 not squared",
            -5 * SIGMA_BETA / np.sqrt(SIGMA_ALPHA**2 + 5 * SIGMA_BETA**2),
            "the variance of 5 beta is 25 times that of beta.",
        ),
    ]
    return check_number(
        correlation,
        right,
        name="correlation",
        within=LIMIT * (1 - right**2) / np.sqrt(MANY),
        suspects=suspects,
        hint="Write alpha' in terms of alpha and beta first.",
    )


def _correlation(covariance: float) -> float:
    return float(covariance / np.sqrt(SIGMA_ALPHA**2 + 25 * SIGMA_BETA**2) / SIGMA_BETA)


CHECKS: dict[str, Check] = {
    "ex-data-twins": twins,
    "ex-data-icc": icc,
    "ex-data-width": width,
    "ex-data-centre": centre,
}
