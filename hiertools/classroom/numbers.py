"""Checks of a number that a student wrote."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray
from hiertools.classroom.verdicts import Verdict, agrees, disagrees


class Suspect(NamedTuple):
    """What an answer would be under a known mistake."""

    fault: str
    """Its name."""
    value: FloatArray | float
    """The answer that it gives."""
    words: str
    """What to tell the student."""
    scale: float = 1.0
    """What the error that is let pass is multiplied by."""


def check_number(
    value: ArrayLike,
    expected: ArrayLike,
    *,
    name: str = "your number",
    decimals: int | None = None,
    rel: float = 1e-6,
    within: ArrayLike = 0.0,
    suspects: Sequence[Suspect] = (),
    hint: str = "",
) -> Verdict:
    """A number, or an array of numbers, against the right one.

    Parameters
    ----------
    value : array_like
        What the student wrote.
    expected : array_like
        The right answer, of the shape that is asked for.
    name : str
        What to call it.
    decimals : int, optional
        The answer may be rounded to so many decimals.
    rel : float
        Relative error that is let pass.
    within : array_like
        Error that is let pass where the number was found by simulation.
    suspects : sequence of Suspect
        Mistakes of this exercise, looked for before the common ones.
    hint : str
        Where to look, if no mistake is recognised.

    Returns
    -------
    Verdict
        Names the fault where the answer is the variance in place of the standard deviation or
        the other way round, the density in place of its log or the other way round, has the
        wrong sign, is a percentage, the reciprocal, or what is left to one.

    Examples
    --------
    >>> check_number(4.0, 2.0, name="sigma")
    ✗ disagrees: sigma: this is the square of the right answer. Is it a variance where a standard \
deviation is asked for?
    >>> check_number(0.33, 1 / 3, decimals=2)
    ✓ agrees: your number is right.
    """
    expected = np.asarray(expected, dtype=np.float64)
    got, problem = numeric(value, expected.shape, name)
    if problem or got is None:
        return disagrees(problem, "not a number")
    slack = np.maximum(rel * np.abs(expected) + 1e-12, within)
    if decimals is not None:
        slack = np.maximum(slack, 0.5 * 10.0**-decimals * (1 + 1e-6))
    if close(got, expected, slack):
        return agrees(f"{name} is right.")
    for suspect in chain(suspects, _suspects(expected)):
        theirs = np.broadcast_to(np.asarray(suspect.value, dtype=np.float64), expected.shape)
        if close(got, theirs, suspect.scale * slack) and not close(theirs, expected, slack):
            return disagrees(f"{name}: {suspect.words}", suspect.fault)
    if decimals is not None and close(got, expected, 20 * slack):
        return disagrees(f"{name} is near: give it to {decimals} decimals.", "rounded too far")
    return disagrees(f"{name} is {brief(got)}, which is not the right answer. {hint}".rstrip())


def _suspects(expected: FloatArray) -> Iterator[Suspect]:
    with np.errstate(all="ignore"):
        yield Suspect(
            "variance, not sd",
            expected**2,
            "this is the square of the right answer. "
            "Is it a variance where a standard deviation is asked for?",
        )
        yield Suspect(
            "sd, not variance",
            np.sqrt(expected),
            "this is the square root of the right answer. "
            "Is it a standard deviation where a variance is asked for?",
        )
        yield Suspect(
            "density, not its log",
            np.exp(expected),
            "this is the exponential of the right answer. Did you forget to take the log?",
        )
        yield Suspect(
            "log, not the number",
            np.log(expected),
            "this is the log of the right answer. Take its exponential.",
        )
        yield Suspect("wrong sign", -expected, "the sign is wrong.")
        words = "this is a percentage; give it as a share."
        yield Suspect("percent", 100 * expected, words, scale=100.0)
        yield Suspect("reciprocal", 1 / expected, "this is one over the right answer.")
        yield Suspect(
            "complement",
            1 - expected,
            "this is one minus the right answer: the share of the others.",
        )


def numeric(value: object, shape: tuple[int, ...], name: str) -> tuple[FloatArray | None, str]:
    """A student's answer as an array of the right shape, or what is wrong with it.

    Parameters
    ----------
    value : object
        Anything at all.
    shape : tuple of int
    name : str
        What to call it.

    Returns
    -------
    array : ndarray or None
    problem : str
        Empty if there is none.
    """
    if value is None or value is ...:
        return None, f"{name} is not there yet: put your answer in place of the three dots."
    if callable(value):
        return None, f"{name} is a function: call it, and give what it returns."
    array: FloatArray | None = None
    try:
        raw = np.asarray(value)
        array = raw.astype(np.float64) if raw.dtype.kind in "biuf" else None
    except (TypeError, ValueError, OverflowError):
        pass
    if array is None:
        kind = type(value).__name__
        return None, f"{name} must be a number or an array of numbers, not {kind}."
    if array.shape != shape and array.size == math.prod(shape) == 1:
        array = array.reshape(shape)
    if array.shape != shape:
        wanted = "one number" if shape == () else f"an array of shape {shape}"
        return None, f"{name} must be {wanted}; yours has shape {array.shape}."
    if np.isnan(array).any():
        return None, f"{name} is NaN, which is no number: was something divided by zero?"
    return array, ""


def close(a: FloatArray | float, b: FloatArray | float, slack: FloatArray | float) -> bool:
    """Whether two arrays agree everywhere within `slack`; the same infinity agrees."""
    with np.errstate(invalid="ignore"):
        return bool(np.all((a == b) | (np.abs(np.subtract(a, b)) <= slack)))


def brief(value: FloatArray) -> str:
    """A number in four digits, or the first few of an array."""
    if value.ndim == 0:
        return f"{float(value):.4g}"
    shown = ", ".join(f"{v:.4g}" for v in value.ravel()[:4])
    return f"[{shown}{', ...' if value.size > 4 else ''}]"
