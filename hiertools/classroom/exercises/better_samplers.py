"""Checks of chapter 8's exercises."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, gammaincc

from hiertools._checks import FloatArray
from hiertools.better_samplers.adaptation import Point
from hiertools.better_samplers.hamiltonian import energy, hmc, leapfrog
from hiertools.better_samplers.parametrisation import Coordinates, noncentred
from hiertools.classroom.densities import compare
from hiertools.classroom.draws import check_draws, tidy_draws
from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.numbers import Suspect, check_number, close
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees
from hiertools.data import GroupedData
from hiertools.diagnostics import ess_bulk
from hiertools.exact import ExactPosterior, exact_posterior
from hiertools.priors import CompletePooling, Hierarchical

HIGH = 10.0
"""The bound of each standard deviation's flat prior."""


@lru_cache
def _exact() -> ExactPosterior:
    """The answer key of the article's data."""
    return exact_posterior(article_data()[0], Hierarchical())


# --- half the step ---


def order(ratios: ArrayLike, more_steps: ArrayLike) -> Verdict:
    """How the energy error falls with the step, and what half the error costs."""
    factor = Suspect("power", 2.0, "this is the power of the step size; the factor is asked for.")
    suspects = [
        factor,
        Suspect("upside down", 0.25, "divide the error of the longer steps by that of the shorter."),
        Suspect(
            "longer path", _ratios_of_longer_paths(), "more steps must be shorter: the time is 0.5."
        ),
    ]
    hint = "Is the start at the posterior means, and the momentum 1 in every coordinate?"
    fall = check_number(
        ratios, np.full(2, 4.0), name="ratios", within=0.05, suspects=suspects, hint=hint
    )
    costs = [
        Suspect("first order", 2.0, "the error falls as the square of the step size."),
        Suspect("squared twice", 4.0, "so many times as many steps make the error a sixteenth."),
        Suspect("fewer steps", np.sqrt(0.5), "this is how long the steps are, in old ones."),
    ]
    cost = fall and check_number(
        more_steps, np.sqrt(2.0), name="more_steps", decimals=2, suspects=costs
    )
    return cost and agrees("both are right.")


@lru_cache
def _ratios_of_longer_paths() -> FloatArray:
    """The ratios where the steps stay as long as the first path's."""
    target = noncentred(article_data()[0], Hierarchical())
    z = target.from_params(_exact().mean)
    first, momentum = Point(z, *target.log_density_and_gradient(z)), np.ones(z.size)
    point, push, errors = first, momentum, []
    for k in range(1, 401):
        point, push = leapfrog(target, point, push, np.asarray(0.005), momentum)
        if k in (100, 200, 400):
            errors.append(float(energy(point, push) - energy(first, momentum)))
    ratios: FloatArray = np.divide(errors[:-1], errors[1:])
    return ratios


# --- how long a path? ---
LENGTHS, N_GRADIENTS = (1, 4, 16, 64), 3200
"""Steps of a path, and steps in all of each chain."""


def length(rates: ArrayLike) -> Verdict:
    """Effective draws for 1,000 gradients, with paths of four lengths."""
    return agrees("")


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
    if not isinstance(few, GroupedData) or few.statistics.m.tolist() != [4] * 8:
        words = "few must be the data: 8 individuals with 4 observations each."
        return disagrees(words, "not data")
    if not callable(getattr(target, "log_density_and_gradient", None)):
        words = "target must be an object with the method log_density_and_gradient(z)."
        return disagrees(words, "not a target")
    forms = [Coordinates(few, Hierarchical(), is_centred) for is_centred in (False, True)]
    found = [_check_target(target, form) for form in forms]
    verdict = next((v for v in found if v), None) or next((v for v in found if v.fault), found[0])
    return verdict and _check_log_prior(log_prior)


def _check_target(target: Any, form: Coordinates) -> Verdict:
    """A target against ours in the same coordinates, less the Jacobian, at random points."""
    prior = form.model.sample_prior(form.data.n, np.random.default_rng(8), n_draws=8)
    z = form.from_params(prior)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pairs = [target.log_density_and_gradient(row.copy()) for row in z]
            value = np.array([float(pair[0]) for pair in pairs])
            gradient = np.array([np.asarray(pair[1], dtype=np.float64) for pair in pairs])
    except Exception as error:
        words = f"your target stops with {type(error).__name__}: {str(error)[:300]}"
        return disagrees(words, "raises")
    if gradient.shape != z.shape:
        words = f"the gradient should have shape {z.shape[1:]}; yours has {gradient.shape[1:]}."
        return disagrees(words, "wrong shape")
    full, slope = form.log_density_and_gradient(z)
    share = 1.0 / (1.0 + np.exp(-z[:, -3:]))
    ends = np.log(share), np.log1p(-share)
    lost = value - full
    if not _constant(lost + (ends[0] + ends[1]).sum(axis=-1)):
        return _fault_of_target(lost, *ends)
    right = slope.copy()
    right[:, -3:] -= 1.0 - 2.0 * share
    if close(gradient, right, 1e-6 * np.abs(slope).max()):
        return agrees("your target is what it should be.")
    kept = close(gradient, slope, 1e-6 * np.abs(slope).max())
    words = "it still has" if kept else "it is not that of your log density: what is left of"
    return disagrees(
        f"the log density is as asked for, but look at the gradient: {words} the derivatives of "
        "the terms that you left out.",
        "gradient kept" if kept else "gradient",
    )


def _fault_of_target(lost: FloatArray, low: FloatArray, high: FloatArray) -> Verdict:
    """What a target has lost of the Jacobian, in place of all of it."""
    for left, fault, words in (
        (0 * low, "Jacobian kept", "nothing is left out: the Jacobian is still there."),
        (low, "one end", "the term log(1 - sigma / h) is still there."),
        (high, "one end", "the term log(sigma) is still there."),
        (-low - high, "wrong sign", "the terms are there twice: they are to be left out."),
        ((low + high) * [1, 0, 0], "one sd", "leave the terms of all three sds out."),
        ((low + high) * [0, 0, 1], "one sd", "leave the terms of all three sds out."),
    ):
        if _constant(lost + left.sum(axis=-1)):
            return disagrees(f"the log density of your target: {words}", fault)
    return disagrees(
        "your target differs from the right one by something else than the terms "
        "log(sigma) + log(1 - sigma / h) of the three standard deviations."
    )


def _constant(values: FloatArray) -> bool:
    """Whether they differ by rounding at most; the log densities they come from are hundreds."""
    return bool(np.isfinite(values).all() and np.ptp(values) < 1e-6)


def _check_log_prior(log_prior: LogPrior) -> Verdict:
    """The prior of sigma_alpha that is flat in its logit."""
    if not callable(log_prior):
        words = "log_prior must be a function of sigma_alpha: log density, up to a constant."
        return disagrees(words, "not a function")
    sigma = np.array([0.05, 0.4, 1.3, 3.0, 7.0, 9.8])
    jacobian = np.log(sigma) + np.log1p(-sigma / HIGH)
    suspects = [
        Suspect("flat", 0 * sigma, "it is flat in lambda, and so not in sigma_alpha."),
        Suspect("upside down", jacobian, "this is |d sigma / d lambda|; you need |d lambda / d s|."),
        Suspect("one end", -np.log(sigma), "this is right near zero. And near h?"),
        Suspect("density, not its log", np.exp(-jacobian), "take the log of it."),
    ]
    points = [{"sigma_alpha": np.asarray(value)} for value in sigma]
    return compare(
        lambda point: log_prior(float(point["sigma_alpha"])),
        points,
        -jacobian,
        suspects,
        name="log_prior",
        up_to_constant=True,
    )


# --- Gibbs for complete pooling ---


def pooled(draws: Any) -> Verdict:
    """Draws of one line for everybody and sigma, against the exact posterior."""
    data, model = article_data()[0], CompletePooling()
    by_name = _with_columns(getattr(draws, "draws", draws))
    found = check_draws(by_name, data, model)
    if found or found.fault == "malformed draws":
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
    return {
        name: value[:, None] if name in ("alpha", "beta") and np.ndim(value) == 1 else value
        for name, value in draws.items()
    }


def _wrong_spreads(data: GroupedData) -> list[tuple[str, FloatArray, str]]:
    """Standard deviations of alpha and beta under mistakes of the line's draw."""
    X = np.column_stack([np.ones(data.y.size), data.x])
    inverse = np.linalg.inv(X.T @ X)
    unit = np.sqrt(np.diag(inverse))
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
            sigma * np.sqrt(np.diag(X.T @ X)),
            "The covariance has the inverse of X'X.",
        ),
    ]


CHECKS: dict[str, Check] = {
    "ex-samplers-order": order,
    "ex-samplers-length": length,
    "ex-samplers-shape": shape,
    "ex-samplers-jacobian": jacobian,
    "ex-samplers-pooled": pooled,
}
