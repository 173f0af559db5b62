"""R's random numbers, so that Python can walk through somebody else's R run.

A seed fixes a random stream only together with its generator. The article drew its data and
its chains in R; to get the same data and the same chains, we need R's generator, not NumPy's.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hiertools._checks import FloatArray, finite_array, whole_number

Size = int | tuple[int, ...] | None

_TO_UNIT = 2.3283064365386963e-10  # R's constant: one 32-bit output becomes a number in [0, 1)
_HALF_STEP = 2.328306437080797e-10 / 2  # ... and is kept inside (0, 1) by half a step
_TWO_TO_27 = 134217728  # R's normals glue two uniforms together for their fine digits


class RRandom:
    """R's default generator behind the method names of `numpy.random.Generator`.

    Uniform numbers come from the Mersenne Twister, normal numbers from the inverse of the
    normal distribution function at a uniform of 53 random bits (R's "Inversion").

    Parameters
    ----------
    seed : int
        What R's ``set.seed`` takes: a whole number from -2147483647 to 2147483647.

    Raises
    ------
    ValueError
        If `seed` is not such a number.

    Notes
    -----
    Follows R since version 1.7 (2003). The generator is that of Matsumoto and Nishimura (1998).
    Normal quantiles are SciPy's; they differ from R's (Wichura, 1988) in the last bit or two.
    Chapter 1 uses it for the article's data and chapter 4 for the article's chains.

    Examples
    --------
    The first numbers that R prints after ``set.seed(1)``:

    >>> rng = RRandom(1)
    >>> rng.random(3).round(7).tolist()
    [0.2655087, 0.3721239, 0.5728534]
    >>> RRandom(1).standard_normal(2).round(7).tolist()
    [-0.6264538, 0.1836433]
    """

    def __init__(self, seed: int) -> None:
        whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
        if not whole or abs(int(seed)) >= 2**31:
            raise ValueError(
                f"seed must be a whole number from -2147483647 to 2147483647, as in R, got {seed!r}"
            )
        self._bits = np.random.MT19937()
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": _scramble(int(seed)), "pos": 624},
        }

    def random(self, size: Size = None) -> FloatArray | float:
        """Uniform numbers in (0, 1), as R's ``runif`` draws them.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; one float when left out.

        Returns
        -------
        float or ndarray of shape `size`

        Raises
        ------
        ValueError
            If `size` is not a shape.

        Examples
        --------
        >>> round(RRandom(1).random(), 7)
        0.2655087
        """
        shape = _shape(size)
        uniform = self._uniform(math.prod(shape)).reshape(shape)
        return uniform if size is not None else float(uniform)

    def uniform(
        self, low: ArrayLike = 0.0, high: ArrayLike = 1.0, size: Size = None
    ) -> FloatArray | float:
        """Uniform numbers in (low, high), as R's ``runif(size, low, high)`` draws them.

        Parameters
        ----------
        low, high : float or array_like
            Bounds, low <= high. Where they are equal the answer is that bound and, as in R,
            nothing is drawn.
        size : int or tuple of int, optional
            Shape of the result; that of `low` and `high` together when left out.

        Returns
        -------
        float or ndarray of shape `size`

        Raises
        ------
        ValueError
            If a bound is not finite, `low` exceeds `high`, or the shapes do not fit.

        Examples
        --------
        >>> RRandom(1).uniform(0, 10, size=2).round(6).tolist()
        [2.655087, 3.721239]
        """
        low, high = finite_array("low", low), finite_array("high", high)
        shape = _common_shape(size, low, high)
        if (low > high).any():
            raise ValueError(f"low must not exceed high, got low {low} and high {high}")
        width = np.broadcast_to(high - low, shape)
        result = np.broadcast_to(low, shape).copy()
        drawn = width > 0
        result[drawn] += width[drawn] * self._uniform(int(drawn.sum()))
        return result if shape or size is not None else float(result)

    def standard_normal(self, size: Size = None) -> FloatArray | float:
        """Standard normal numbers, as R's ``rnorm`` draws them.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; one float when left out.

        Returns
        -------
        float or ndarray of shape `size`

        Raises
        ------
        ValueError
            If `size` is not a shape.

        Examples
        --------
        >>> round(RRandom(1).standard_normal(), 7)
        -0.6264538
        """
        shape = _shape(size)
        normal = self._normal(math.prod(shape)).reshape(shape)
        return normal if size is not None else float(normal)

    def normal(
        self, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0, size: Size = None
    ) -> FloatArray | float:
        """Normal numbers, as R's ``rnorm(size, loc, scale)`` draws them.

        Parameters
        ----------
        loc : float or array_like
            Mean.
        scale : float or array_like
            Standard deviation, zero or more. Where it is zero the answer is `loc` and, as in
            R, nothing is drawn.
        size : int or tuple of int, optional
            Shape of the result; that of `loc` and `scale` together when left out.

        Returns
        -------
        float or ndarray of shape `size`

        Raises
        ------
        ValueError
            If `loc` or `scale` is not finite, `scale` is negative, or the shapes do not fit.

        Examples
        --------
        >>> RRandom(1).normal(2, 1, size=2).round(6).tolist()
        [1.373546, 2.183643]
        """
        loc, scale = finite_array("loc", loc), finite_array("scale", scale)
        shape = _common_shape(size, loc, scale)
        if (scale < 0).any():
            raise ValueError(f"scale must not be negative, got {scale}")
        result = np.broadcast_to(loc, shape).copy()
        scale = np.broadcast_to(scale, shape)
        drawn = scale > 0
        result[drawn] += scale[drawn] * self._normal(int(drawn.sum()))
        return result if shape or size is not None else float(result)

    def _uniform(self, count: int) -> FloatArray:
        uniform = np.asarray(self._bits.random_raw(count) * _TO_UNIT, dtype=np.float64)
        np.maximum(uniform, _HALF_STEP, out=uniform)
        np.minimum(uniform, 1.0 - _HALF_STEP, out=uniform)
        return uniform

    def _normal(self, count: int) -> FloatArray:
        uniform = self._uniform(2 * count)
        coarse, fine = uniform[0::2], uniform[1::2]
        share_below = (np.floor(_TWO_TO_27 * coarse) + fine) / _TWO_TO_27
        quantile: FloatArray = scipy.special.ndtri(share_below)
        return quantile


Rng = int | np.random.Generator | RRandom
"""What every function that draws takes as `rng`."""


def as_rng(rng: Rng) -> np.random.Generator | RRandom:
    """The generator that `rng` stands for.

    Parameters
    ----------
    rng : int, numpy.random.Generator or RRandom
        A seed (not negative), or a generator, which is passed through and advances as it is
        used.

    Returns
    -------
    numpy.random.Generator or RRandom

    Raises
    ------
    ValueError
        If `rng` is of another kind; there is no default, so that every draw can be repeated.

    Examples
    --------
    >>> int(as_rng(1).integers(100)) == int(np.random.default_rng(1).integers(100))
    True
    """
    if isinstance(rng, np.random.Generator | RRandom):
        return rng
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    raise ValueError(
        "rng must be a seed (a whole number, not negative), a numpy.random.Generator or an "
        f"RRandom, got {type(rng).__name__} {rng!r:.60}; for example "
        "rng=np.random.default_rng(1)"
    )


def streams(rng: np.random.Generator | RRandom, n: int) -> list[np.random.Generator]:
    """Generators of their own for n parts of a job, which may then be done in any order.

    One number drawn from `rng` seeds them all, so that `rng` moves on, and calling again gives
    others.

    Parameters
    ----------
    rng : numpy.random.Generator or RRandom
    n : int

    Returns
    -------
    list of numpy.random.Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> first, second = streams(rng, 2)
    >>> first.random() == second.random() or first.random() == streams(rng, 1)[0].random()
    False
    """
    seed = int(rng.random() * 2**53)
    return [np.random.default_rng([seed, k]) for k in range(n)]


def _scramble(seed: int) -> np.ndarray:
    """R's way from a seed to the 624 words of the Mersenne Twister's state."""
    word = seed % 2**32
    words = []
    for _ in range(50 + 625):
        word = (69069 * word + 1) % 2**32
        words.append(word)
    return np.array(words[51:], dtype=np.uint32)


def _shape(size: Size) -> tuple[int, ...]:
    lengths = () if size is None else size if isinstance(size, tuple) else (size,)
    return tuple(whole_number("size", length, least=0) for length in lengths)


def _common_shape(size: Size, a: FloatArray, b: FloatArray) -> tuple[int, ...]:
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
        if size is not None:
            np.broadcast_to(np.broadcast_to(False, shape), _shape(size))
    except ValueError:
        raise ValueError(f"shapes do not fit: {a.shape}, {b.shape} and size {size!r}") from None
    return shape if size is None else _shape(size)
