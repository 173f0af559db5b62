"""Are ranks uniform? An exact test, and a band to draw around them (chapter 9)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from hiertools._checks import FloatArray, finite_array, finite_number, whole_number


class Ranks(NamedTuple):
    """Where the truth stands among the draws, dataset by dataset; uniform if all is right."""

    ranks: dict[str, NDArray[np.int64]]
    """By quantity: how many draws are below the truth, 0 to n_draws, shape (n_replicates,)."""
    n_draws: int
    """Number of draws of each dataset."""

    def p_values(self, n_bins: int = 20) -> dict[str, float]:
        """How often uniform ranks would stray as far, quantity by quantity; see `uniformity`.

        Parameters
        ----------
        n_bins : int
            Number of equal bins; it must divide n_draws + 1.

        Returns
        -------
        dict of float

        Raises
        ------
        ValueError
            If `n_bins` does not divide n_draws + 1.

        Examples
        --------
        >>> p = Ranks({"sigma": np.arange(100)}, n_draws=99).p_values()
        >>> round(p["sigma"], 6)
        1.0
        """
        counts = {name: self.counts(name, n_bins) for name in self.ranks}
        return {name: uniformity(values) for name, values in counts.items()}

    def counts(self, name: str, n_bins: int = 20) -> NDArray[np.int64]:
        """How many ranks of a quantity fall into each of equal bins.

        Parameters
        ----------
        name : str
            A key of `ranks`.
        n_bins : int
            Number of equal bins; it must divide n_draws + 1.

        Returns
        -------
        ndarray of int, shape (n_bins,)

        Raises
        ------
        ValueError
            If there is no such quantity or `n_bins` does not divide n_draws + 1.

        Examples
        --------
        >>> Ranks({"sigma": np.array([0, 0, 3])}, n_draws=3).counts("sigma", n_bins=2)
        array([2, 1])
        """
        n_bins = whole_number("n_bins", n_bins, least=2)
        if (self.n_draws + 1) % n_bins:
            raise ValueError(
                f"n_bins must divide the {self.n_draws + 1} possible ranks, got {n_bins}; bins "
                "that hold unequal numbers of them would not be uniform"
            )
        if name not in self.ranks:
            raise ValueError(f"name must be one of {', '.join(self.ranks)}, got {name!r}")
        bins = self.ranks[name] * n_bins // (self.n_draws + 1)
        return np.bincount(bins, minlength=n_bins)


def uniformity(counts: ArrayLike) -> float:
    r"""p value of the largest surprise among the cumulated counts of equal bins.

    Of R uniform ranks the number :math:`C_k` in the first k of K bins is Binomial(R, k/K). The
    least probable of them, by its smaller tail, is the statistic; its distribution comes from a
    recursion over the bins, so that the p value is exact at any R. Where the tail is below 1e-9,
    2 (K - 1) times the tail is returned instead, an upper bound that is of the same order.

    Parameters
    ----------
    counts : array_like of int, shape (K,)
        At least two bins, and one rank in all.

    Returns
    -------
    float
        The probability that uniform ranks stray at least as far.

    Raises
    ------
    ValueError
        If `counts` is of another shape, has NaN, a share or a negative number, or adds up to zero.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022); chapter 9.

    Examples
    --------
    >>> round(uniformity([10, 0]), 6) == round(2 * 0.5**10, 6)
    True
    """
    numbers = finite_array("counts", counts)
    if numbers.ndim != 1 or numbers.size < 2 or (numbers != np.abs(np.round(numbers))).any():
        raise ValueError(f"counts must be whole numbers, one for each bin, got {counts!r:.60}")
    if not numbers.any():
        raise ValueError(f"counts must hold at least one rank, got {counts!r:.60}")
    below = np.cumsum(numbers).astype(np.int64)
    tails, below = _tails(int(below[-1]), len(below)), below[:-1]
    least = float(tails[np.arange(len(below)), below].min())
    return 2 * len(below) * least if least < 1e-9 else _stray(tails, least * (1 + 1e-9))


def uniform_band(
    n_replicates: int, n_bins: int = 20, prob: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Between which shares all cumulated shares of uniform ranks stay together, for a picture.

    Parameters
    ----------
    n_replicates, n_bins : int
    prob : float
        Probability (at least) that no share leaves the band.

    Returns
    -------
    lower, upper : ndarray of shape (n_bins + 1,)
        Lowest and highest share of ranks in the first 0, 1, ..., n_bins bins.

    Raises
    ------
    ValueError
        If `n_replicates` is below 1, `n_bins` below 2, or `prob` not between 0 and 1.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022); chapter 9.

    Examples
    --------
    >>> lower, upper = uniform_band(100, n_bins=4)
    >>> lower.tolist(), upper.tolist()
    ([0.0, 0.15, 0.39, 0.65, 1.0], [0.0, 0.35, 0.61, 0.85, 1.0])
    """
    n_replicates = whole_number("n_replicates", n_replicates, least=1)
    n_bins, prob = whole_number("n_bins", n_bins, least=2), finite_number("prob", prob)
    if not 0 < prob < 1:
        raise ValueError(f"prob must be between 0 and 1, got {prob}")
    tails = _tails(n_replicates, n_bins)
    low, high = (1 - prob) / (2 * n_bins), 1 - prob  # one edge alone strays with up to twice this
    for _ in range(40):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if _stray(tails, middle) <= 1 - prob else (low, middle)
    inside = tails > low
    lower, upper = inside.argmax(axis=1), n_replicates - inside[:, ::-1].argmax(axis=1)
    ends = [[0], [n_replicates]]
    band = [np.concatenate([ends[0], edge, ends[1]]) / n_replicates for edge in (lower, upper)]
    return band[0], band[1]


def _tails(n_replicates: int, n_bins: int) -> FloatArray:
    """Smaller tail of each possible count at each inner edge, shape (n_bins - 1, R + 1)."""
    c, share = np.arange(n_replicates + 1.0), np.arange(1, n_bins)[:, None] / n_bins
    at_least = np.where(c == 0, 1.0, scipy.special.bdtrc(np.maximum(c - 1, 0), n_replicates, share))
    tails: FloatArray = np.minimum(scipy.special.bdtr(c, n_replicates, share), at_least)
    return tails


def _stray(tails: FloatArray, limit: float) -> float:
    """Probability that some edge's tail is at most `limit`, by a recursion over the edges."""
    n_edges, n_counts = tails.shape
    counts, mass = np.zeros(1, dtype=np.int64), np.ones(1)
    for k in range(n_edges):
        inside = np.flatnonzero(tails[k] > limit)
        left = n_counts - 1 - counts[:, None]
        mass = mass @ _binomial(inside - counts[:, None], left, 1 / (n_edges + 1 - k))
        counts = inside
    return max(1.0 - float(mass.sum()), 0.0)


def _binomial(k: NDArray[np.int64], n: NDArray[np.int64], share: float) -> FloatArray:
    """Binomial probability of k of n; zero where k is not among 0 to n."""
    possible = (k >= 0) & (k <= n)
    k = np.where(possible, k, 0)
    log_gamma = scipy.special.gammaln
    log_ways = log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1)
    value = np.exp(log_ways + k * np.log(share) + (n - k) * np.log1p(-share))
    probability: FloatArray = np.where(possible, value, 0.0)
    return probability
