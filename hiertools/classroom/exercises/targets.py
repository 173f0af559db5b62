"""A target of Hamiltonian paths that should lack its Jacobian, at random points (chapter 8)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from hiertools._checks import FloatArray
from hiertools.better_samplers.parametrisation import Coordinates
from hiertools.classroom.numbers import close
from hiertools.classroom.verdicts import Verdict, agrees, disagrees


def check_target(target: Any, form: Coordinates) -> Verdict:
    """A target against ours in the same coordinates, less the Jacobian, at random points.

    Parameters
    ----------
    target : object
        Has the method ``log_density_and_gradient``.
    form : Coordinates

    Returns
    -------
    Verdict
    """
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
