"""Checks of functions that a student wrote: log likelihood, log prior, log posterior."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from hiertools._checks import FloatArray
from hiertools.classroom.numbers import Suspect, close
from hiertools.classroom.verdicts import Verdict, agrees, disagrees
from hiertools.data import GroupedData
from hiertools.likelihood import LOG_SQRT_2PI, log_likelihood, log_normal
from hiertools.priors import CompletePooling, Hierarchical, Model
from hiertools.rrandom import Rng, as_rng

Point = dict[str, FloatArray]
Evaluate = Callable[[Point], Any]
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


def check_log_likelihood(
    function: Callable[[GroupedData, Point], Any],
    data: GroupedData,
    *,
    rng: Rng = 0,
    up_to_constant: bool = False,
) -> Verdict:
    """A student's log likelihood against ours at random points.

    Parameters
    ----------
    function : callable
        ``function(data, params)`` with params as in `log_likelihood`, one point at a time.
    data : GroupedData
    rng : int, numpy.random.Generator or RRandom
        Draws the points.
    up_to_constant : bool
        Let a term pass that does not depend on the parameters.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from hiertools import log_likelihood, simulate
    >>> data, _ = simulate(4, 3, rng=1)
    >>> check_log_likelihood(log_likelihood, data)
    ✓ agrees: your log likelihood equals ours at 8 random points.
    """
    points = likelihood_points(data, as_rng(rng))
    expected = np.array([log_likelihood(data, p) for p in points])
    suspects = _likelihood_suspects(data, points, expected)
    return compare(
        partial(function, data) if callable(function) else function,
        points,
        expected,
        suspects,
        name="log likelihood",
        up_to_constant=up_to_constant,
        n_terms=data.y.size,
    )


def check_log_prior(
    function: Evaluate, model: Model, *, n: int = 3, rng: Rng = 0, up_to_constant: bool = True
) -> Verdict:
    """A student's log prior against the model's: inside its support, and outside.

    Parameters
    ----------
    function : callable
        ``function(params)``, params as in ``model.log_prior``, one point at a time.
    model : Unpooled, CompletePooling or Hierarchical
    n : int
        Number of individuals.
    rng : int, numpy.random.Generator or RRandom
    up_to_constant : bool
        Let a term pass that does not depend on the parameters.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from hiertools import Hierarchical
    >>> check_log_prior(lambda params: 0.0, Hierarchical()).outcome
    'disagrees'
    """
    points = prior_points(model, n, as_rng(rng))
    expected = np.array([model.log_prior(p) for p in points])
    inside = compare(
        function,
        points,
        expected,
        _prior_suspects(model, points, expected),
        name="log prior",
        up_to_constant=up_to_constant,
    )
    return inside and _check_support(function, model, points[0])


def check_log_posterior(
    function: Evaluate,
    data: GroupedData,
    model: Model,
    *,
    on_log_scale: Sequence[str] = (),
    rng: Rng = 0,
) -> Verdict:
    r"""A student's log posterior against the model's, up to a constant.

    With a standard deviation on the log scale the density gains a Jacobian,

    .. math:: \log p(\log\sigma \mid y) = \log p(\sigma \mid y) + \log \sigma .

    Parameters
    ----------
    function : callable
        ``function(params)``, one point at a time. A parameter of `on_log_scale` comes as its
        log, under a name that says so: ``log_sigma`` in place of ``sigma``.
    data : GroupedData
    model : Unpooled, CompletePooling or Hierarchical
    on_log_scale : sequence of str
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    Verdict

    References
    ----------
    Chapters 4 and 8.

    Examples
    --------
    >>> from hiertools import Unpooled, simulate
    >>> data, _ = simulate(3, 4, rng=1)
    >>> def log_posterior(params):
    ...     sigma = np.exp(params["log_sigma"])
    ...     return Unpooled().log_posterior(data, {**params, "sigma": sigma})
    >>> check_log_posterior(log_posterior, data, Unpooled(), on_log_scale=["sigma"]).fault
    'missing Jacobian'
    """
    rng = as_rng(rng)
    points = [{**p, **q} for p, q in _posterior_points(data, model, rng)]
    plain = np.array([model.log_posterior(data, p) for p in points])
    jacobian = sum((np.log([p[name] for p in points]) for name in on_log_scale), np.zeros(8))
    shown = [_shown(p, on_log_scale) for p in points]
    likelihood = np.array([log_likelihood(data, p) for p in points])
    suspects = [
        *_jacobian_suspects(plain, points, on_log_scale),
        Suspect("prior missing", likelihood + jacobian, "the log prior is missing."),
        Suspect("likelihood missing", plain - likelihood + jacobian, "the log likelihood is gone."),
        *(
            Suspect(s.fault, s.value + plain - likelihood + jacobian, s.words)
            for s in _likelihood_suspects(data, points, likelihood)
        ),
        *(
            Suspect(s.fault, s.value + likelihood + jacobian, s.words)
            for s in _prior_suspects(model, points, plain - likelihood)
        ),
    ]
    return compare(
        function, shown, plain + jacobian, suspects, name="log posterior", up_to_constant=True
    )


def compare(
    function: Evaluate,
    points: Sequence[Point],
    expected: FloatArray,
    suspects: Sequence[Suspect],
    *,
    name: str,
    up_to_constant: bool,
    n_terms: int = 0,
) -> Verdict:
    """A function's values at some points against what they should be, and what they betray.

    Parameters
    ----------
    function : callable
    points : sequence of dict
    expected : ndarray of shape (n_points,)
    suspects : sequence of Suspect
        Values of shape (n_points,) under known mistakes.
    name : str
    up_to_constant : bool
    n_terms : int
        Number of terms in the sum, to recognise one that was not added up.

    Returns
    -------
    Verdict
    """
    values, problem = _evaluate(function, points, expected, name, n_terms)
    if problem is not None:
        return problem

    def same(wanted: FloatArray) -> bool:
        shift = np.median(values - wanted) if up_to_constant else 0.0
        scale = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)))
        return close(values - shift, wanted, 1e-8 * scale)

    def fits(suspect: Suspect) -> bool:
        if suspect.fault == DENSITY:  # so small that any small number is near it
            return close(values, suspect.value, 1e-6 * suspect.value)
        return same(np.asarray(suspect.value))

    with np.errstate(all="ignore"):
        if same(expected):
            return agrees(f"your {name} equals ours at {len(points)} random points.")
        for suspect in suspects:
            if not close(suspect.value, expected, 1e-6) and fits(suspect):
                return disagrees(f"{name}: {suspect.words}", suspect.fault)
    if np.ptp(values - expected) <= 1e-8 * max(1.0, float(np.abs(expected).max())):
        return disagrees(
            f"{name}: it differs from ours by a constant, {values[0] - expected[0]:.4g}.",
            "constant missing",
        )
    worst = int(np.argmax(np.abs(values - expected)))
    return disagrees(
        f"{name}: at a random point yours is {values[worst]:.6g}, and it should be "
        f"{expected[worst]:.6g}."
    )


def _evaluate(
    function: Evaluate, points: Sequence[Point], expected: FloatArray, name: str, n_terms: int
) -> tuple[FloatArray, Verdict | None]:
    """The function at all points, or why that cannot be had."""
    nothing = np.empty(0)
    if not callable(function):
        what = "is not there yet" if function in (None, ...) else "must be a function"
        return nothing, disagrees(f"your {name} {what}.", "not a function")
    values = np.empty(len(points))
    for k, point in enumerate(points):
        given = {key: np.array(v) for key, v in point.items()}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                raw = function(given)
                array = np.asarray(raw, dtype=np.float64) if raw is not None else None
        except Exception as error:
            return nothing, disagrees(
                f"your {name} stops with {type(error).__name__}: {str(error)[:300]}", "raises"
            )
        if array is None:
            return nothing, disagrees(f"your {name} returns None: is `return` missing?", "None")
        if array.size != 1:
            fault, hint = "wrong shape", ""
            if array.size == n_terms and close(array.sum(), expected[k], 1e-6 * abs(expected[k])):
                fault, hint = "not summed", " Add its terms up."
            shape = array.shape
            words = f"your {name} returns an array of shape {shape} instead of one number.{hint}"
            return nothing, disagrees(words, fault)
        if any(not np.array_equal(given[key], v) for key, v in point.items()):
            return nothing, disagrees(
                f"your {name} changes the parameters that it is given; work on a copy.", "mutates"
            )
        values[k] = float(array.reshape(()))
    if np.isnan(values).any():
        return nothing, disagrees(f"your {name} returns NaN at a point inside the support.", "NaN")
    if np.isinf(values).all():
        return nothing, disagrees(
            f"your {name} is {values[0]} everywhere. Was a product formed before the log was "
            "taken? It underflows to zero: sum logs instead.",
            "underflow",
        )
    return values, None


def likelihood_points(data: GroupedData, rng: Any, n_points: int = 8) -> list[Point]:
    """Random lines near the data and noise levels from a third to three times their spread."""
    centre, spread = float(data.y.mean()), float(data.y.std()) or 1.0
    return [
        {
            "alpha": centre + spread * rng.standard_normal(data.n),
            "beta": spread * rng.standard_normal(data.n),
            "sigma": np.asarray(spread * math.exp(rng.uniform(-1.1, 1.1))),
        }
        for _ in range(n_points)
    ]


def prior_points(model: Model, n: int, rng: Any, n_points: int = 8) -> list[Point]:
    """Random points inside the support; every standard deviation differs from 1."""
    if isinstance(model, Hierarchical):
        return [_population_point(model, n, rng) for _ in range(n_points)]
    return [model.sample_prior(n, rng) for _ in range(n_points)]


def _population_point(model: Hierarchical, n: int, rng: Any) -> Point:
    mu_alpha, mu_beta = rng.standard_normal(2) * 2.0
    sds = {
        name: np.asarray(getattr(model, f"{name}_high") * rng.uniform(0.1, 0.6))
        for name in ("sigma_alpha", "sigma_beta", "sigma")
    }
    return {
        "alpha": mu_alpha + sds["sigma_alpha"] * rng.standard_normal(n),
        "beta": mu_beta + sds["sigma_beta"] * rng.standard_normal(n),
        "mu_alpha": np.asarray(mu_alpha),
        "mu_beta": np.asarray(mu_beta),
        **sds,
    }


def _posterior_points(data: GroupedData, model: Model, rng: Any) -> Iterator[tuple[Point, Point]]:
    """Points inside the prior's support whose likelihood is not absurd."""
    lines = likelihood_points(data, rng)
    n = 1 if isinstance(model, CompletePooling) else data.n
    high = 0.9 * float(getattr(model, "sigma_high", math.inf))
    for prior, near in zip(prior_points(model, data.n, rng), lines, strict=True):
        line = {name: near[name][:n] for name in ("alpha", "beta")}
        yield prior, line | {"sigma": np.minimum(near["sigma"], high)}


def _shown(point: Point, on_log_scale: Sequence[str]) -> Point:
    """The point as the student's function gets it."""
    kept = {name: v for name, v in point.items() if name not in on_log_scale}
    return kept | {f"log_{name}": np.log(point[name]) for name in on_log_scale}


def _likelihood_suspects(
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


def _jacobian_suspects(
    plain: FloatArray, points: Sequence[Point], on_log_scale: Sequence[str]
) -> Iterator[Suspect]:
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


def _prior_suspects(model: Model, points: Sequence[Point], right: FloatArray) -> list[Suspect]:
    suspects = [
        Suspect("density, not its log", np.exp(right), "this is the density, not its log."),
        Suspect("wrong sign", -right, "the sign is wrong: this is minus the log prior."),
    ]
    if not isinstance(model, Hierarchical):
        return suspects

    def lines(change: Callable[[FloatArray], FloatArray], *names: str) -> FloatArray:
        """The log prior with the population's sd changed."""
        changed: FloatArray = right.copy()
        for k, p in enumerate(points):
            for name in names:
                value, mean, sd = p[name], p[f"mu_{name}"], p[f"sigma_{name}"]
                changed[k] += log_normal(value, mean, change(sd)).sum()
                changed[k] -= log_normal(value, mean, sd).sum()
        return changed

    def without(*names: str) -> FloatArray:
        rest: FloatArray = right.copy()
        for k, p in enumerate(points):
            for name in names:
                rest[k] -= log_normal(p[name], p[f"mu_{name}"], p[f"sigma_{name}"]).sum()
        return rest

    def hyper(alpha_sd: float | None, beta_sd: float | None) -> FloatArray:
        value: FloatArray = right.copy()
        for name, sd in (("alpha", alpha_sd), ("beta", beta_sd)):
            mean, own = getattr(model, f"mu_{name}_mean"), getattr(model, f"mu_{name}_sd")
            mu = np.array([p[f"mu_{name}"] for p in points])
            value = value - log_normal(mu, mean, own)
            value = value if sd is None else value + log_normal(mu, mean, sd)
        return value

    a, b = model.mu_alpha_sd, model.mu_beta_sd
    log_sd = np.array([np.log(p["sigma_alpha"]) + np.log(p["sigma_beta"]) for p in points])
    n = points[0]["alpha"].shape[-1]
    both = ("alpha", "beta")
    sd_words = "sigma_alpha and sigma_beta are standard deviations, not variances."
    return [
        *suspects,
        Suspect("sd used as variance", lines(np.sqrt, *both), sd_words),
        Suspect("variance used as sd", lines(np.square, *both), sd_words),
        *(Suspect("sd used as variance", lines(np.sqrt, k), sd_words) for k in both),
        Suspect(
            "log sigma missing",
            right + n * log_sd,
            "the terms -log(sigma_alpha) and -log(sigma_beta) are missing, one for each line.",
        ),
        Suspect(
            "log sigma counted once",
            right + (n - 1) * log_sd,
            "-log(sigma_alpha) and -log(sigma_beta) belong in the sum once for each line.",
        ),
        Suspect("population missing", without(*both), "the lines' own prior is missing."),
        *(
            Suspect("population missing", without(k), f"the prior of the {k}_i is missing.")
            for k in both
        ),
        Suspect("hyperprior missing", hyper(None, None), "the priors of the means are missing."),
        Suspect(
            "sd used as variance",
            hyper(math.sqrt(a), math.sqrt(b)),
            "the 3 in the prior N(0, 3) of the means is a standard deviation, not a variance.",
        ),
    ]


def _check_support(function: Evaluate, model: Model, point: Point) -> Verdict:
    """Outside the support the log prior is minus infinity, and nothing raises."""
    outside = [("sigma", -0.5), ("sigma", 1.1 * float(getattr(model, "sigma_high", 10.0)))]
    if isinstance(model, Hierarchical):
        outside += [("sigma_alpha", -0.5), ("sigma_beta", -0.5)]
        outside += [("sigma_alpha", 1.1 * model.sigma_alpha_high)]
    for name, value in outside:
        given = {key: np.array(v) for key, v in point.items()} | {name: np.asarray(value)}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                got = float(np.asarray(function(given), dtype=np.float64).reshape(()))
        except Exception as error:
            return disagrees(
                f"at {name} = {value:g}, outside the support, your log prior stops with "
                f"{type(error).__name__}; it should return -inf. Check the bounds first.",
                "support forgotten",
            )
        if got != -math.inf:
            return disagrees(
                f"at {name} = {value:g}, outside the support, your log prior is {got:.4g}; it "
                "should be -inf. Check the bounds first.",
                "support forgotten",
            )
    return agrees("your log prior equals ours inside the support, and is -inf outside.")
