"""Log densities under known mistakes, to know a mistake by what it makes of random points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from hiertools._checks import FloatArray
from hiertools.classroom.numbers import Suspect
from hiertools.classroom.points import Point
from hiertools.data import GroupedData
from hiertools.likelihood import LOG_SQRT_2PI, log_normal
from hiertools.priors import Hierarchical, Model

DENSITY = "density, not its log"
LIKELIHOOD_FAULTS = {
    "sd used as variance": (
        "sigma is a standard deviation, and your function treats it as a variance. "
        "The residual is divided by sigma, and then squared."
    ),
    "variance used as sd": (
        "your function uses sigma squared where the standard deviation belongs. "
        "Divide the residual by sigma itself, and subtract log(sigma)."
    ),
    "density, not its log": "this is the likelihood, not its log. Sum log densities instead.",
    "log sigma missing": "the term -log(sigma) is missing: one for each observation.",
    "log sigma counted once": (
        "-log(sigma) is subtracted once. Each observation has a density of its own, so it is "
        "subtracted once for each observation."
    ),
    "constant missing": "the constant -log(sqrt(2 pi)) of each observation is missing.",
    "half missing": "the squared residual belongs in the sum with a factor of one half.",
    "wrong sign": "the sign is wrong: this is minus the log likelihood.",
    "mean, not sum": "this is the mean over observations; the log likelihood is their sum.",
    "log to base 10": "this is the logarithm to base 10; use np.log, the natural one.",
    "slope missing": "the slopes are not used: the line is alpha + beta * x.",
    "intercept missing": "the intercepts are not used: the line is alpha + beta * x.",
    "one line for all": (
        "all observations are compared with the first individual's line. "
        "alpha[data.group] picks each observation's own."
    ),
}


def likelihood_suspects(
    data: GroupedData, points: Sequence[Point], right: FloatArray
) -> list[Suspect]:
    """Each known mistake's value at each point."""
    rows = [_likelihood_mistakes(data, p, float(v)) for p, v in zip(points, right, strict=True)]
    return [
        Suspect(fault, np.array([row[fault] for row in rows]), words)
        for fault, words in LIKELIHOOD_FAULTS.items()
    ]


def _likelihood_mistakes(data: GroupedData, point: Point, right: float) -> Mapping[str, float]:
    alpha, beta = (np.broadcast_to(point[k], (data.n,))[data.group] for k in ("alpha", "beta"))
    sigma, x, y, n = float(point["sigma"]), data.x, data.y, data.y.size
    line = alpha + beta * x
    squares = float(((y - line) ** 2).sum()) / sigma**2

    def total(mean: FloatArray, sd: float = sigma) -> float:
        return float(log_normal(y, mean, sd).sum())

    return {
        "sd used as variance": total(line, math.sqrt(sigma)),
        "variance used as sd": total(line, sigma**2),
        "density, not its log": math.exp(min(right, 700.0)),
        "log sigma missing": right + n * math.log(sigma),
        "log sigma counted once": right + (n - 1) * math.log(sigma),
        "constant missing": right + n * LOG_SQRT_2PI,
        "half missing": right - 0.5 * squares,
        "wrong sign": -right,
        "mean, not sum": right / n,
        "log to base 10": right / math.log(10.0),
        "slope missing": total(alpha),
        "intercept missing": total(beta * x),
        "one line for all": total(alpha[data.group == 0][0] + beta[data.group == 0][0] * x),
    }


def jacobian_suspects(
    plain: FloatArray, points: Sequence[Point], on_log_scale: Sequence[str]
) -> Iterator[Suspect]:
    """Mistakes of a change of scale; `plain` is the log density of the sds themselves."""
    if not on_log_scale:
        return
    logs = {name: np.log([p[name] for p in points]) for name in on_log_scale}
    whole = sum(logs.values(), np.zeros(len(points)))
    named = ", ".join(f"log_{name}" for name in on_log_scale)
    yield Suspect(
        "missing Jacobian",
        plain,
        f"the Jacobian is missing. In terms of {named} the density has a factor more: add the "
        "log of each standard deviation.",
    )
    for name, log in logs.items():
        words = f"the Jacobian of log_{name} is missing: add log {name}."
        yield Suspect("missing Jacobian", plain + whole - log, words)
    words = "the Jacobian has the wrong sign: add log sigma, don't subtract it."
    yield Suspect("wrong sign of the Jacobian", plain - whole, words)
    factor = plain + sum((np.exp(log) for log in logs.values()), np.zeros(len(points)))
    words = "the Jacobian was added as it is: on the log scale, add its log, log sigma."
    yield Suspect("Jacobian, not its log", factor, words)


def prior_suspects(model: Model, points: Sequence[Point], right: FloatArray) -> Iterator[Suspect]:
    """A log prior's values at each point under known mistakes; `right` are the right ones."""
    yield Suspect(DENSITY, np.exp(right), "this is the density, not its log.")
    yield Suspect("wrong sign", -right, "the sign is wrong: this is minus the log prior.")
    if isinstance(model, Hierarchical):
        yield from _population_suspects(points, right)
        yield from _hyperprior_suspects(model, points, right)


def _population_suspects(points: Sequence[Point], right: FloatArray) -> Iterator[Suspect]:
    """Mistakes in the lines' own prior."""
    words = "sigma_alpha and sigma_beta are standard deviations, not variances."
    missing = {
        ("alpha", "beta"): "the lines' own prior is missing.",
        ("alpha",): "the prior of the alpha_i is missing.",
        ("beta",): "the prior of the beta_i is missing.",
    }
    for names, gone in missing.items():
        rest = right - _lines(points, names)
        yield Suspect("sd used as variance", rest + _lines(points, names, np.sqrt), words)
        yield Suspect("variance used as sd", rest + _lines(points, names, np.square), words)
        yield Suspect("population missing", rest, gone)
    n = points[0]["alpha"].shape[-1]
    log_sd = np.array([np.log(p["sigma_alpha"] * p["sigma_beta"]) for p in points])
    terms = "-log(sigma_alpha) and -log(sigma_beta)"
    words = f"the terms {terms} are missing, one for each line."
    yield Suspect("log sigma missing", right + n * log_sd, words)
    words = f"{terms} belong in the sum once for each line."
    yield Suspect("log sigma counted once", right + (n - 1) * log_sd, words)


def _lines(
    points: Sequence[Point],
    names: Sequence[str],
    change: Callable[[FloatArray], FloatArray] = np.positive,
) -> FloatArray:
    """Log prior of all alpha_i, or beta_i, or both, at each point; the population's sd changed."""
    return np.array(
        [
            sum(log_normal(p[k], p[f"mu_{k}"], change(p[f"sigma_{k}"])).sum() for k in names)
            for p in points
        ]
    )


def _hyperprior_suspects(
    model: Hierarchical, points: Sequence[Point], right: FloatArray
) -> Iterator[Suspect]:
    """Mistakes in the priors of the population's means."""

    def of_means(change: Callable[[float], float]) -> FloatArray:
        at = [np.array([p[name] for p in points]) for name in ("mu_alpha", "mu_beta")]
        alpha = log_normal(at[0], model.mu_alpha_mean, change(model.mu_alpha_sd))
        return alpha + log_normal(at[1], model.mu_beta_mean, change(model.mu_beta_sd))

    rest = right - of_means(float)
    yield Suspect("hyperprior missing", rest, "the priors of the means are missing.")
    words = "the 3 in the prior N(0, 3) of the means is a standard deviation, not a variance."
    yield Suspect("sd used as variance", rest + of_means(math.sqrt), words)
