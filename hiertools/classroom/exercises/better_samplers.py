"""Checks of chapter 8's exercises."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, gammaincc

from hiertools._checks import FloatArray
from hiertools.better_samplers.adaptation import Point
from hiertools.better_samplers.hamiltonian import energy, leapfrog
from hiertools.better_samplers.parametrisation import Coordinates, noncentred
from hiertools.classroom.densities import compare
from hiertools.classroom.draws import check_draws, tidy_draws
from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.exercises.paths import (
    ERROR_OF_RATE,
    LENGTHS,
    N_CHAINS,
    N_KEY,
    N_STEPS,
    rates_by_length,
)
from hiertools.classroom.exercises.targets import check_target
from hiertools.classroom.numbers import Suspect, brief, check_number, close, numeric
from hiertools.classroom.verdicts import DISAGREES, LIMIT, Check, Verdict, agrees, disagrees
from hiertools.data import GroupedData
from hiertools.exact import ExactPosterior, exact_posterior
from hiertools.priors import CompletePooling, Hierarchical

HIGH = 10.0
"""The bound of each standard deviation's flat prior."""


@lru_cache
def _exact() -> ExactPosterior:
    """The answer key of the article's data."""
    return exact_posterior(article_data()[0], Hierarchical())


# --- half the step ---

TIME = 0.5


def order(ratios: ArrayLike, more_steps: ArrayLike) -> Verdict:
    """How the energy error falls with the step, and what half the error costs.

    The factor is 4 but for terms of higher order, which from this start are below 0.01.
    """
    falls = [
        Suspect("power", 2.0, "this is the power of the step size; the factor is asked for."),
        Suspect(
            "upside down", 0.25, "divide the error of the longer steps by that of the shorter."
        ),
        Suspect(
            "longer path", _ratios_of_longer_paths(), "more steps must be shorter: the time is 0.5."
        ),
    ]
    costs = [
        Suspect("first order", 2.0, "the error falls as the square of the step size."),
        Suspect("squared twice", 4.0, "so many times as many steps make the error a sixteenth."),
        Suspect("longer steps", np.sqrt(0.5), "this is how long the steps are, in old ones."),
    ]
    start = "Is the start at the posterior means, and the momentum 1 in every coordinate?"
    law = "By which power of the step size does the error fall?"
    return (
        check_number(
            ratios, np.full(2, 4.0), name="ratios", within=0.05, suspects=falls, hint=start
        )
        and check_number(
            more_steps, np.sqrt(2.0), name="more_steps", decimals=2, suspects=costs, hint=law
        )
        and agrees("both are right.")
    )


@lru_cache
def _ratios_of_longer_paths() -> FloatArray:
    """The ratios where 200 and 400 steps are as long as each of 100."""
    target = noncentred(article_data()[0], Hierarchical())
    z = target.from_params(_exact().mean)
    units, step = np.ones(z.size), np.asarray(TIME / 100)
    first = point = Point(z, *target.log_density_and_gradient(z))
    momentum, errors = units, []
    for k in range(1, 401):
        point, momentum = leapfrog(target, point, momentum, step, units)
        if k in (100, 200, 400):
            errors.append(float(energy(point, momentum) - energy(first, units)))
    ratios: FloatArray = np.divide(errors[:-1], errors[1:])
    return ratios


# --- how long a path? ---


def length(rates: ArrayLike) -> Verdict:
    """Effective draws of a typical intercept for 1,000 gradients, with paths of four lengths.

    Rates are compared in logs. That of the key is off as one of the student's is, but for the root
    of `N_KEY`.
    """
    got, problem = numeric(rates, LENGTHS.shape, "rates")
    if problem or got is None:
        return disagrees(problem, "not a number")
    if not (got > 0).all():
        return disagrees("rates: effective draws are more than none.", "not above zero")
    slack = LIMIT * ERROR_OF_RATE * np.sqrt(1 + 1 / N_KEY)
    if close(np.log(got), np.log(rates_by_length()), slack):
        return agrees("the four rates are right.")
    for fault, wrong, words in _wrong_rates():
        if close(np.log(got), np.log(wrong), slack):
            return disagrees(f"rates: {words}", fault)
    if (got < rates_by_length()).all():
        words = "all are too low. Is it the non-centred form, and the median of the 75 intercepts?"
        return disagrees(f"rates: {words}", "too low")
    return disagrees(
        f"rates: they are {brief(got)}, and one is off by more than chance allows. Are there eight "
        "chains, each with 800 steps of 0.2 in all?"
    )


def _wrong_rates() -> list[tuple[str, FloatArray, str]]:
    """Rates under known mistakes, each with its name."""
    typical, gradients = rates_by_length(), N_CHAINS * N_STEPS
    still = "the eight chains are worth about eight draws, as if none had moved. Are the steps in "
    still += "units of the posterior sds, and do the chains begin at exact draws?"
    return [
        ("stands still", 0 * typical + 1200 * N_CHAINS / gradients, still),
        ("for draws", typical * LENGTHS, "these are for 1,000 draws; count the gradients."),
        (
            "not for 1,000",
            typical * gradients / 1000,
            "divide by the gradients of all eight chains together, in thousands.",
        ),
        ("for one gradient", typical / 1000, "these are for one gradient."),
    ]


# --- half a degree of freedom ---

N_PEOPLE, SQUARES = 5, 5.0
"""Individuals, and the sum of their squared distances from the mean."""
N_DRAWS = 100_000


def shape(by_grid: ArrayLike, right: ArrayLike, wrong: ArrayLike) -> Verdict:
    """Mean of sigma_alpha on a grid, with the shape (n - 1)/2, and with the shape n/2."""
    flat, other = _mean_of_sd(N_PEOPLE), _mean_of_sd(N_PEOPLE + 1)
    both = [
        Suspect("shape n/2", other, "this is the mean with the shape n/2: whose prior is that?"),
        Suspect("mode", np.sqrt(SQUARES / N_PEOPLE), "the density is highest here; take its mean."),
        Suspect(
            "mean of the square",
            _mean_of_sd(N_PEOPLE, power=2),
            "this is the mean of the square of sigma_alpha.",
            5.0,  # the square of a draw is that much more uncertain
        ),
    ]
    swapped = Suspect("shape (n - 1)/2", flat, "this is the mean with the shape (n - 1)/2.")
    return (
        check_number(by_grid, flat, name="by_grid", within=0.002, suspects=both)
        and check_number(right, flat, name="right", within=_error_of_mean(N_PEOPLE), suspects=both)
        and check_number(
            wrong, other, name="wrong", within=_error_of_mean(N_PEOPLE + 1), suspects=[swapped]
        )
        and agrees("all three are right.")
    )


def _mean_of_sd(count: int, power: int = 1) -> float:
    r"""Mean of a power of a standard deviation, flat on (0, h), given `count` normal values.

    With t = q / 2 sigma^2 and k = (count - 1)/2,

    .. math:: \mathrm{E}\,\sigma^p = (q/2)^{p/2}\,\Gamma(k - p/2, t_0) / \Gamma(k, t_0) .
    """
    k, low = 0.5 * (count - 1), 0.5 * SQUARES / HIGH**2

    def upper(a: float) -> float:
        return float(gamma(a) * gammaincc(a, low))

    return float((SQUARES / 2) ** (power / 2) * upper(k - power / 2) / upper(k))


def _error_of_mean(count: int) -> float:
    """How far the mean of the draws may be off."""
    variance = _mean_of_sd(count, power=2) - _mean_of_sd(count) ** 2
    return float(LIMIT * np.sqrt(variance / N_DRAWS))


# --- forget the Jacobian ---

LogPrior = Callable[[float], Any]


def jacobian(target: Any, few: Any, log_prior: LogPrior) -> Verdict:
    """A target that leaves out its Jacobian, the data, and the prior that it amounts to."""
    if not isinstance(few, GroupedData) or few.y.ndim > 1 or few.statistics.m.tolist() != [4] * 8:
        words = "few must be the data: 8 individuals with 4 observations each."
        return disagrees(words, "not data")
    if isinstance(target, type):
        words = "target is a class: give one that was made with the data, as `centred` returns one."
        return disagrees(words, "not a target")
    if not callable(getattr(target, "log_density_and_gradient", None)):
        words = "target must be an object with the method log_density_and_gradient(z)."
        return disagrees(words, "not a target")
    forms = [Coordinates(few, Hierarchical(), is_centred) for is_centred in (False, True)]
    found = [check_target(target, form) for form in forms]
    verdict = next((v for v in found if v), None) or next((v for v in found if v.fault), found[0])
    return verdict and _check_log_prior(log_prior)


def _check_log_prior(log_prior: LogPrior) -> Verdict:
    """The prior of sigma_alpha that is flat in its logit."""
    if not callable(log_prior):
        words = "log_prior must be a function of sigma_alpha: log density, up to a constant."
        return disagrees(words, "not a function")
    sigma = np.array([0.05, 0.4, 1.3, 3.0, 7.0, 9.8])
    jacobian = np.log(sigma) + np.log1p(-sigma / HIGH)
    suspects = [
        Suspect("flat", 0 * sigma, "it is flat in lambda, and so not in sigma_alpha."),
        Suspect(
            "upside down", jacobian, "this is |d sigma / d lambda|; it is |d lambda / d sigma|."
        ),
        Suspect("one end", -np.log(sigma), "this is right near zero. And near h?"),
        *(
            Suspect("density, not its log", h * np.exp(-jacobian), "take the log of it.")
            for h in (1.0, 1.0 / HIGH)
        ),
    ]
    points = [{"sigma_alpha": np.asarray(value)} for value in sigma]
    found = compare(
        lambda point: log_prior(float(point["sigma_alpha"])),
        points,
        -jacobian,
        suspects,
        name="log_prior",
        up_to_constant=True,
    )
    if found:
        return agrees("the target lacks what it should, and you know which prior it uses.")
    if found.fault:
        return found
    words = "log_prior is not the right one. By what is a density multiplied in other coordinates?"
    return disagrees(words)


# --- Gibbs for complete pooling ---

LINE = ("alpha", "beta")


def pooled(draws: Any) -> Verdict:
    """Draws of one line for everybody and sigma, against the exact posterior."""
    data, model = article_data()[0], CompletePooling()
    by_name = _with_columns(getattr(draws, "draws", draws))
    found = check_draws(by_name, data, model)
    if found.outcome != DISAGREES or found.fault:
        return found
    values, _ = tidy_draws(by_name, model, data.n)
    sds = values[..., :2].std(axis=(0, 1))
    slack = LIMIT / np.sqrt(2 * values.shape[0] * values.shape[1])
    for fault, wrong, words in _wrong_spreads(data):
        if close(sds, wrong, slack * wrong):
            return disagrees(f"{found.message} {words}", fault)
    return found


def _with_columns(draws: Any) -> Any:
    """The line's draws as one column each, where they come as plain numbers."""
    if not isinstance(draws, dict):
        return draws
    return {name: _column(value) if name in LINE else value for name, value in draws.items()}


def _column(value: Any) -> Any:
    """An array of plain numbers with an axis for the one line; anything else as it is."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return value
    return array[:, None] if array.ndim == 1 else value


def _wrong_spreads(data: GroupedData) -> list[tuple[str, FloatArray, str]]:
    """Standard deviations of alpha and beta under mistakes of the line's draw."""
    columns = np.column_stack([np.ones(data.y.size), data.x])
    inverse = np.linalg.inv(columns.T @ columns)
    unit, count = np.sqrt(np.diag(inverse)), data.y.size
    sigma = float(exact_posterior(data, CompletePooling()).mean["sigma"])
    return [
        ("sigma forgotten", unit, "The line's covariance lacks sigma squared."),
        (
            "sd used as variance",
            np.sqrt(sigma) * unit,
            "The line's covariance has sigma squared, and its root has sigma.",
        ),
        (
            "covariance, not its root",
            sigma * np.sqrt(np.diag(inverse @ inverse)),
            "Normal numbers are multiplied by a root of the covariance, not by itself.",
        ),
        (
            "inverse forgotten",
            sigma * np.sqrt(np.diag(columns.T @ columns)),
            "The covariance has the inverse of X'X.",
        ),
        (
            "individuals counted",
            sigma * np.sqrt((count - 3) / (data.n - 3)) * unit,
            "Sigma is that of all observations' distances from the line; count these.",
        ),
    ]


CHECKS: dict[str, Check] = {
    "ex-samplers-order": order,
    "ex-samplers-length": length,
    "ex-samplers-shape": shape,
    "ex-samplers-jacobian": jacobian,
    "ex-samplers-pooled": pooled,
}
