"""Grouped data: several observations of each of several individuals (chapter 1)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiertools._checks import (
    FloatArray,
    finite_array,
    finite_number,
    positive_number,
    whole_number,
)
from hiertools.rrandom import Rng, as_rng


class GroupStatistics(NamedTuple):
    """All that the likelihood needs to know of each individual's data.

    Means are subtracted within each individual before anything is squared, so that data far
    from zero lose no digits.
    """

    m: FloatArray
    """Number of observations, shape (n,)."""
    x_mean: FloatArray
    """Mean of x, shape (n,)."""
    x_ss: FloatArray
    """Sum of squares of x about its mean, shape (n,)."""
    y_mean: FloatArray
    """Mean of y, shape (..., n)."""
    slope: FloatArray
    """Least-squares slope of y on x, zero where all x are equal, shape (..., n)."""
    rss: FloatArray
    """Sum of squared residuals about the least-squares line, shape (..., n)."""


@dataclass(frozen=True, eq=False, repr=False)
class GroupedData:
    """Observations y at x of n individuals, in long form: one row for each observation.

    Parameters
    ----------
    y : array_like of shape (N,) or (..., N)
        What was observed. Leading axes hold replicated datasets over the same x and group.
    x : array_like of shape (N,)
        The covariate.
    group : array_like of int, shape (N,)
        Whose row it is: 0 to n - 1, each at least once, in any order.
    labels : tuple, optional
        A name for each individual; 0 to n - 1 when left out.

    Attributes
    ----------
    n : int
        Number of individuals.

    Raises
    ------
    ValueError
        If y or x has NaN or infinity, lengths differ, there are no rows, or group is not
        0 to n - 1.

    See Also
    --------
    GroupedData.from_long : for groups with labels of any kind.

    Examples
    --------
    >>> GroupedData(y=[1.0, 2.0, 4.0], x=[0.0, 1.0, 0.0], group=[0, 0, 1])
    GroupedData(3 observations of 2 individuals, 1 to 2 each)
    """

    y: FloatArray
    x: FloatArray
    group: NDArray[np.int64]
    labels: tuple[Hashable, ...] = ()

    def __post_init__(self) -> None:
        y = finite_array("y", self.y)
        x = finite_array("x", self.x)
        group = _group_numbers(self.group)
        if x.ndim != 1 or y.shape[-1:] != x.shape or group.shape != x.shape:
            raise ValueError(
                "y, x and group must have one entry for each observation, "
                f"got shapes {y.shape}, {x.shape} and {group.shape}"
            )
        if x.size == 0 or y.size == 0:
            raise ValueError("y, x and group are empty; at least one observation is needed")
        n, present = int(group.max()) + 1, np.unique(group)
        if present.size < n:
            missing = int(np.argmax(present != np.arange(present.size)))
            raise ValueError(
                f"group has no row for individual {missing} of 0 to {n - 1}; number the "
                "individuals without gaps, or use GroupedData.from_long"
            )
        try:
            labels = tuple(self.labels) or tuple(range(n))
        except TypeError:
            raise ValueError(
                f"labels must be a sequence of {n} names, got {self.labels!r}"
            ) from None
        if len(labels) != n:
            raise ValueError(f"labels must name all {n} individuals, got {len(labels)} labels")
        for name, array in (("y", y), ("x", x), ("group", group)):
            object.__setattr__(self, name, _read_only(array))
        object.__setattr__(self, "labels", labels)

    @classmethod
    def from_long(cls, y: ArrayLike, x: ArrayLike, group: Iterable[Hashable]) -> GroupedData:
        """Anybody's data in long form: three columns of equal length.

        Parameters
        ----------
        y, x : array_like of shape (N,)
            Arrays, lists, or columns of a data frame.
        group : iterable of hashable, length N
            Whose row it is: names, numbers, tuples. Groups may differ in size.

        Returns
        -------
        GroupedData
            With `labels` in order of first appearance.

        Raises
        ------
        ValueError
            As for `GroupedData`; also for a label that is missing (NaN, None) or not hashable.

        Examples
        --------
        >>> data = GroupedData.from_long([1, 2, 4], [0, 1, 0], ["Ann", "Bo", "Ann"])
        >>> data.labels
        ('Ann', 'Bo')
        >>> data.group.tolist()
        [0, 1, 0]
        """
        numbers: dict[Hashable, int] = {}
        try:
            # tolist gives plain numbers and text, but would turn dates into plain numbers too.
            plain = isinstance(group, np.ndarray) and group.dtype.kind not in "mM"
            names: list[Hashable] = np.asarray(group).tolist() if plain else list(group)
            codes = [numbers.setdefault(name, len(numbers)) for name in names]
        except TypeError:
            raise ValueError(
                "group must be a sequence of hashable labels (names, numbers, tuples), "
                f"got {type(group).__name__}"
            ) from None
        missing = [name for name in numbers if name is None or _differs_from_itself(name)]
        if missing:
            raise ValueError(
                f"group has rows without a label ({missing[0]!r}); drop them or name them"
            )
        return cls(
            y=finite_array("y", y),
            x=finite_array("x", x),
            group=np.array(codes, dtype=np.int64),
            labels=tuple(numbers),
        )

    @property
    def n(self) -> int:
        """Number of individuals."""
        return len(self.labels)

    @cached_property
    def m(self) -> NDArray[np.int64]:
        """Number of observations of each individual, shape (n,)."""
        return _read_only(np.bincount(self.group, minlength=self.n))

    @cached_property
    def statistics(self) -> GroupStatistics:
        """The sufficient statistics of each individual, computed once (chapter 2)."""
        order = np.argsort(self.group, kind="stable")
        m = self.m
        first = np.cumsum(m) - m

        def total(values: FloatArray) -> FloatArray:
            sums: FloatArray = np.add.reduceat(values, first, axis=-1)
            return sums

        def mean_and_centred(values: FloatArray) -> tuple[FloatArray, FloatArray]:
            # Differences from the first value are small numbers even where the values are not.
            anchor = values[..., first]
            mean = anchor + total(values - np.repeat(anchor, m, axis=-1)) / m
            return mean, values - np.repeat(mean, m, axis=-1)

        x_mean, x = mean_and_centred(self.x[order])
        y_mean, y = mean_and_centred(self.y[..., order])
        x_ss = total(x**2)
        spread = x_ss > np.finfo(np.float64).tiny
        slope = np.where(spread, total(x * y), 0.0) / np.where(spread, x_ss, 1.0)
        rss = total((y - np.repeat(slope, m, axis=-1) * x) ** 2)
        statistics = (m.astype(np.float64), x_mean, x_ss, y_mean, slope, rss)
        return GroupStatistics(*map(_read_only, statistics))

    def __repr__(self) -> str:
        least, most = int(self.m.min()), int(self.m.max())
        each = f"{least}" if least == most else f"{least} to {most}"
        copies = f", {self.y.shape[:-1]} replicates" if self.y.ndim > 1 else ""
        return (
            f"GroupedData({self.x.size} observations of {self.n} individuals, {each} each{copies})"
        )


def simulate(
    n: int = 75,
    m: int = 5,
    *,
    mu_alpha: float = 2.0,
    sigma_alpha: float = 1.0,
    mu_beta: float = -2.0,
    sigma_beta: float = 1.0,
    sigma: float = 2.0,
    x_mean: float = 0.0,
    x_sd: float = 1.0,
    rng: Rng,
) -> tuple[GroupedData, dict[str, FloatArray]]:
    r"""Draw a population of lines, then noisy points on each line.

    .. math::
        \alpha_i \sim \mathrm{N}(\mu_\alpha, \sigma_\alpha), \quad
        \beta_i \sim \mathrm{N}(\mu_\beta, \sigma_\beta), \quad
        y_{ij} \sim \mathrm{N}(\alpha_i + \beta_i x_{ij}, \sigma)

    Parameters
    ----------
    n, m : int
        Number of individuals, and of observations of each; at least 1.
    mu_alpha, sigma_alpha : float
        Mean and standard deviation of the intercepts, in units of y.
    mu_beta, sigma_beta : float
        Mean and standard deviation of the slopes, in units of y per unit of x.
    sigma : float
        Standard deviation of y about its line.
    x_mean, x_sd : float
        Mean and standard deviation of the covariate.
    rng : int, numpy.random.Generator or RRandom
        With ``RRandom(1)`` and the default settings: the article's data.

    Returns
    -------
    data : GroupedData
        Rows run individual by individual.
    truth : dict of ndarray
        `alpha` and `beta` of shape (n,), and the five scalars, by parameter name.

    Raises
    ------
    ValueError
        If n or m is below 1, a standard deviation is not above zero, or `rng` is of the
        wrong kind.

    References
    ----------
    The setting is that of Bølstad (2018); chapter 1.

    Examples
    --------
    >>> from hiertools import RRandom
    >>> data, truth = simulate(rng=RRandom(1))
    >>> data
    GroupedData(375 observations of 75 individuals, 5 each)
    >>> truth["alpha"][:2].round(3).tolist()
    [1.374, 2.184]
    """
    n, m = whole_number("n", n, least=1), whole_number("m", m, least=1)
    mu_alpha, mu_beta = finite_number("mu_alpha", mu_alpha), finite_number("mu_beta", mu_beta)
    sigma_alpha = positive_number("sigma_alpha", sigma_alpha)
    sigma_beta = positive_number("sigma_beta", sigma_beta)
    sigma = positive_number("sigma", sigma)
    x_mean, x_sd = finite_number("x_mean", x_mean), positive_number("x_sd", x_sd)
    rng = as_rng(rng)

    # The order of these draws is the article's, so that R's stream gives the article's data:
    # x runs through all individuals before it comes to their second observations.
    alpha = np.asarray(rng.normal(mu_alpha, sigma_alpha, size=n))
    beta = np.asarray(rng.normal(mu_beta, sigma_beta, size=n))
    x = np.asarray(rng.normal(x_mean, x_sd, size=(m, n))).T
    y = np.asarray(rng.normal(alpha[:, None] + beta[:, None] * x, sigma))

    truth: dict[str, Any] = {"alpha": alpha, "beta": beta} | {
        name: np.float64(value)
        for name, value in (
            ("mu_alpha", mu_alpha),
            ("mu_beta", mu_beta),
            ("sigma_alpha", sigma_alpha),
            ("sigma_beta", sigma_beta),
            ("sigma", sigma),
        )
    }
    return GroupedData(y=y.ravel(), x=x.ravel(), group=np.repeat(np.arange(n), m)), truth


def grouped(data: GroupedData) -> GroupedData:
    """`data`, or a ValueError where it is something else."""
    if not isinstance(data, GroupedData):
        raise ValueError(
            f"data must be a GroupedData, got {type(data).__name__}; GroupedData.from_long makes "
            "one from three columns"
        )
    return data


def _group_numbers(group: ArrayLike) -> NDArray[np.int64]:
    """`group` as whole numbers from zero, or a ValueError."""
    numbers = finite_array("group", group)
    if ((numbers < 0) | (numbers > 2**53) | (numbers != np.floor(numbers))).any():
        raise ValueError(
            "group must hold whole numbers from 0 to n - 1; "
            "use GroupedData.from_long for labels of any kind"
        )
    return numbers.astype(np.int64)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A copy of `array` that nobody can change."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _differs_from_itself(label: Hashable) -> bool:
    """True of NaN and its relatives (NaT, NA), whose comparison is false or undecided."""
    try:
        return not bool(label == label)
    except (TypeError, ValueError):
        return True
