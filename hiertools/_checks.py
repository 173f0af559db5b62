"""What every public function asks of its input, in one place.

Each check returns the input in the form that the code works with, or raises a `ValueError`
that names the argument, says what came, and says how to mend it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST = 1e150  # larger numbers have squares that float64 cannot hold
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Params = Mapping[str, ArrayLike]


def float_array(name: str, value: ArrayLike) -> FloatArray:
    """`value` as an array of float64; NaN is refused, infinity is not."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        array = value
    else:
        try:
            if isinstance(value, np.ma.MaskedArray):  # np.asarray would bare what is masked
                value = np.ma.filled(value.astype(np.float64), np.nan)
            array = np.asarray(value)
            if array.dtype.kind not in "biufO":  # text, dates and complex numbers
                raise TypeError(array.dtype)
            array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"{name} must be a number or an array of numbers with equal row lengths, "
                f"got {_brief(value)}; convert it before you pass it"
            ) from None
    # A maximum passes NaN on, and is one cheap call in a loop that makes many.
    if math.isnan(np.maximum.reduce(array, axis=None, initial=-np.inf)):
        raise ValueError(
            f"{name} contains NaN ({int(np.isnan(array).sum())} of {array.size} values); "
            "drop the rows or repair the values first"
        )
    return array


def finite_array(name: str, value: ArrayLike) -> FloatArray:
    """`value` as an array of float64; NaN, infinity and what has no square are refused."""
    array = float_array(name, value)
    too_large = np.abs(array) > LARGEST
    if too_large.any():
        raise ValueError(
            f"{name} contains infinity or numbers beyond {LARGEST:g} ({int(too_large.sum())} of "
            f"{array.size} values); drop the rows, repair the values or change the units first"
        )
    return array


def finite_number(name: str, value: float) -> float:
    """`value` as a float; arrays, NaN and infinity are refused."""
    array = finite_array(name, value)
    if array.ndim != 0:
        raise ValueError(f"{name} must be one number, got an array of shape {array.shape}")
    return float(array)


def positive_number(name: str, value: float) -> float:
    """`value` as a float above zero."""
    number = finite_number(name, value)
    if number <= 0:
        raise ValueError(
            f"{name} must be above zero, got {value!r}; it is a standard deviation or a bound"
        )
    return number


def whole_number(name: str, value: int, *, least: int) -> int:
    """`value` as an int that is at least `least`; floats and booleans are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise ValueError(f"{name} must be a whole number of at least {least}, got {_brief(value)}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def run_length(n_draws: int, n_warmup: int) -> tuple[int, int]:
    """`n_draws` and `n_warmup` as an int of at least 1 and one of at least 0."""
    return whole_number("n_draws", n_draws, least=1), whole_number("n_warmup", n_warmup, least=0)


def parameter_arrays(
    params: Params,
    names: tuple[str, ...],
    *,
    n: int | None = None,
    y_axes: tuple[int, ...] = (),
) -> tuple[FloatArray, ...]:
    """The arrays of `names` out of `params`, with shapes that fit each other.

    `alpha` and `beta` are (..., n), every other parameter is (...); the leading axes broadcast.
    With `n` given, the last axis of alpha and beta must be n long. `y_axes` are the leading
    axes of replicated datasets, which broadcast with those of the parameters.
    """
    if not isinstance(params, Mapping):
        raise ValueError(f"params must be a dict of arrays by parameter name, got {_brief(params)}")
    missing = [name for name in names if name not in params]
    if missing:
        raise ValueError(
            f"params lacks {', '.join(missing)}; expected {', '.join(names)}, "
            f"got {', '.join(map(str, params)) or 'nothing'}"
        )
    arrays = tuple(float_array(name, params[name]) for name in names)
    leading = []
    for name, array in zip(names, arrays, strict=True):
        if name in ("alpha", "beta"):
            lines = array.shape[-1] if array.ndim else 0
            if lines == 0 or n not in (None, lines):
                raise ValueError(
                    f"{name} must have shape (..., {'n' if n is None else n}), one value for each "
                    f"individual on the last axis, got shape {array.shape}"
                )
            leading.append(array.shape[:-1])
        else:
            leading.append(array.shape)
    if y_axes:
        names, leading = ("y", *names), [y_axes, *leading]
    if len(set(leading)) > 1:
        broadcast_shapes(dict(zip(names, leading, strict=True)))
    if arrays[0].shape[-1:] != arrays[1].shape[-1:]:
        raise ValueError(
            f"alpha and beta must have the same last axis, got shapes {arrays[0].shape} "
            f"and {arrays[1].shape}"
        )
    return arrays


def broadcast_shapes(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The common shape of the leading axes, or a ValueError that lists them."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"the leading axes (draws or chains) do not fit together: {listed}; "
            "make them equal, or of length 1 where one value serves all"
        ) from None


def _brief(value: object) -> str:
    """`value` in at most 60 characters, for an error message."""
    text: Any = repr(value).replace("\n", " ")
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"
