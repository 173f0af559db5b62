"""Checks of functions that a student wrote: log likelihood, log prior, log posterior."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from hiertools._checks import FloatArray
from hiertools.classroom.density_faults import (
    DENSITY,
    jacobian_suspects,
    likelihood_suspects,
    prior_suspects,
)
from hiertools.classroom.numbers import Suspect, close
from hiertools.classroom.points import (
    Point,
    as_given,
    likelihood_points,
    posterior_points,
    prior_points,
)
from hiertools.classroom.verdicts import Verdict, agrees, disagrees
from hiertools.data import GroupedData
from hiertools.likelihood import log_likelihood
from hiertools.priors import Hierarchical, Model
from hiertools.rrandom import Rng, as_rng

Evaluate = Callable[[Point], Any]


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
    suspects = likelihood_suspects(data, points, expected)
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
        prior_suspects(model, points, expected),
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
    points = [{**p, **q} for p, q in posterior_points(data, model, rng)]
    plain = np.array([model.log_posterior(data, p) for p in points])
    jacobian = sum((np.log([p[name] for p in points]) for name in on_log_scale), np.zeros(8))
    given = [as_given(p, on_log_scale) for p in points]
    likelihood = np.array([log_likelihood(data, p) for p in points])
    suspects = [
        *jacobian_suspects(plain, points, on_log_scale),
        Suspect(
            "prior missing",
            likelihood + jacobian,
            "the log prior is missing: add it to the log likelihood.",
        ),
        Suspect(
            "likelihood missing",
            plain - likelihood + jacobian,
            "the log likelihood is missing: add it to the log prior.",
        ),
        *(
            Suspect(s.fault, s.value + plain - likelihood + jacobian, s.words)
            for s in likelihood_suspects(data, points, likelihood)
        ),
        *(
            Suspect(s.fault, s.value + likelihood + jacobian, s.words)
            for s in prior_suspects(model, points, plain - likelihood)
        ),
    ]
    return compare(
        function, given, plain + jacobian, suspects, name="log posterior", up_to_constant=True
    )


def compare(
    function: Evaluate,
    points: Sequence[Point],
    expected: FloatArray,
    suspects: Iterable[Suspect],
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
    suspects : iterable of Suspect
        Values of shape (n_points,) under known mistakes.
    name : str
    up_to_constant : bool
    n_terms : int
        Number of terms in the sum, to recognise one that was not added up.

    Returns
    -------
    Verdict
    """
    values = _evaluate(function, points, expected, name, n_terms)
    if isinstance(values, Verdict):
        return values

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
) -> FloatArray | Verdict:
    """The function at all points, or why that cannot be had."""
    if not callable(function):
        what = "is not there yet" if function in (None, ...) else "must be a function"
        return disagrees(f"your {name} {what}.", "not a function")
    values = np.empty(len(points))
    for k, point in enumerate(points):
        value = _value(function, point, name)
        if isinstance(value, Verdict):
            return value
        if value.size != 1:
            terms = value.size == n_terms
            summed = terms and close(value.sum(), expected[k], 1e-6 * abs(expected[k]))
            words = f"your {name} returns an array of shape {value.shape} instead of one number."
            fault = "not summed" if summed else "wrong shape"
            return disagrees(f"{words} Add its terms up." if summed else words, fault)
        values[k] = float(value.reshape(()))
    problem = _odd_values(values, name)
    return values if problem is None else problem


def _value(function: Evaluate, point: Point, name: str) -> FloatArray | Verdict:
    """What the function returns at one point, or why that is nothing to compare."""
    given = {key: np.array(v) for key, v in point.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = function(given)
            value = np.asarray(raw, dtype=np.float64) if raw is not None else None
    except Exception as error:
        words = f"your {name} stops with {type(error).__name__}: {str(error)[:300]}"
        return disagrees(words, "raises")
    if value is None:
        return disagrees(f"your {name} returns None: is `return` missing?", "None")
    if any(not np.array_equal(given[key], v) for key, v in point.items()):
        words = f"your {name} changes the parameters that it is given; work on a copy."
        return disagrees(words, "mutates")
    return value


def _odd_values(values: FloatArray, name: str) -> Verdict | None:
    """What is wrong with values that are no numbers, or all infinite."""
    if np.isnan(values).any():
        return disagrees(f"your {name} returns NaN at a point inside the support.", "NaN")
    if np.isinf(values).all():
        return disagrees(
            f"your {name} is {values[0]} everywhere. Was a product formed before the log was "
            "taken? It underflows to zero: sum logs instead.",
            "underflow",
        )
    return None


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
