"""What a check says, and how far draws may stray by chance alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hiertools._checks import FloatArray

AGREES, DISAGREES, UNDECIDED = "agrees", "disagrees", "undecided"
FEWEST = 100.0
"""Effective draws below which no verdict is given: the error of an average is then not known."""
LIMIT = 5.0
"""Monte Carlo errors beyond which draws disagree; chance alone does that once in thousands."""
HARDLY_KNOWN = 400.0
"""Effective draws of a chain that may still take itself for better than it is."""
TAIL = 0.05
"""Share of the posterior in each tail that is looked at."""


@dataclass(frozen=True)
class Verdict:
    """What a check found; true where the answer agrees.

    Parameters
    ----------
    outcome : str
        "agrees", "disagrees" or "undecided".
    message : str
        In the words of the chapter, for the student.
    fault : str
        Name of the fault that was recognised, or empty; of an answer that agrees, one to look for.

    Examples
    --------
    >>> bool(Verdict("disagrees", "sigma is negative"))
    False
    """

    outcome: str
    message: str
    fault: str = ""

    def __bool__(self) -> bool:
        return self.outcome == AGREES

    def __repr__(self) -> str:
        sign = {AGREES: "✓", DISAGREES: "✗"}.get(self.outcome, "?")
        return f"{sign} {self.outcome}: {self.message}"

    def require(self) -> Verdict:
        """Itself; or, unless the answer agrees, an error with the message.

        Returns
        -------
        Verdict

        Raises
        ------
        AssertionError
        """
        if not self:
            raise AssertionError(self.message)
        return self


Check = Callable[..., Verdict]
"""Takes what a student answers."""


def agrees(message: str) -> Verdict:
    """The verdict on a right answer."""
    return Verdict(AGREES, message)


def disagrees(message: str, fault: str = "") -> Verdict:
    """The verdict on a wrong answer, with the name of the fault if it is known."""
    return Verdict(DISAGREES, message, fault)


def undecided(message: str) -> Verdict:
    """The verdict where there is too little to judge by."""
    return Verdict(UNDECIDED, message)


class Deviations(NamedTuple):
    """How far averages of draws lie from what they should be; one entry for each average."""

    z: FloatArray
    """In units of Monte Carlo error."""
    n_effective: FloatArray
    """Effective draws behind each average."""


def deviations(
    values: FloatArray, mean: FloatArray, sd: FloatArray, *, error: float = 0.0
) -> Deviations:
    r"""Averages over chains against known expectations.

    .. math:: z = \frac{\bar f - \mathrm{E} f}{\mathrm{sd}(f)} \Big/
        \sqrt{1 / \mathrm{ESS} + \text{error}}

    Parameters
    ----------
    values : ndarray of shape (n_chains, n_draws, k)
        A function of the draws at each draw.
    mean, sd : ndarray of shape (k,)
        Its expectation and standard deviation under the posterior.
    error : float
        Error variance of `mean` in units of `sd` squared, where it is an average itself.

    Returns
    -------
    Deviations

    References
    ----------
    Vehtari et al. (2021); chapter 6.
    """
    n_effective = effective_draws(values)
    z = (values.mean(axis=(0, 1)) - mean) / sd / np.sqrt(1.0 / n_effective + error)
    return Deviations(z, n_effective)


def effective_draws(values: FloatArray) -> FloatArray:
    """How many independent draws would tell as much of each mean.

    Parameters
    ----------
    values : ndarray of shape (n_chains, n_draws, k)

    Returns
    -------
    ndarray of shape (k,)
        At least 1; 1 for what never moves.
    """
    from arviz_stats.base import array_stats

    n_draws = values.shape[1]
    if n_draws < 8:
        return np.ones(values.shape[2:])
    centred = values - values[:1, :1]
    moves = np.ptp(centred[:, : n_draws // 2], axis=1).any(axis=0)
    moves &= np.ptp(centred[:, n_draws // 2 :], axis=1).any(axis=0)
    scale = np.abs(centred).max(axis=(0, 1))
    ess = np.ones(values.shape[2:])
    if moves.any():
        unit = centred[..., moves] / scale[moves]
        found = array_stats.ess(unit, chain_axis=0, draw_axis=1, method="mean")
        ess[moves] = np.nan_to_num(found, nan=1.0)
    n_values = values.shape[0] * n_draws
    return np.clip(ess, 1.0, n_values)


def error_variance(n_effective: FloatArray, least: float) -> FloatArray:
    r"""Squared Monte Carlo errors of averages, in units of the posterior's variance.

    .. math:: \frac{1}{\mathrm{ESS}} \Big(1 + \frac{400}{\text{least ESS}}\Big)

    The second factor is there since ESS is an estimate: a chain whose slowest parameter is worth
    a few hundred draws has hardly seen the posterior, and all its averages can be off by more than
    it knows. Without the factor right blockwise chains disagreed about once in thirty.

    Parameters
    ----------
    n_effective : ndarray
        Effective draws behind each average.
    least : float
        Of the parameter of the same chains that has fewest.

    Returns
    -------
    ndarray
        Of the shape of `n_effective`.
    """
    return (1.0 + HARDLY_KNOWN / least) / n_effective


def columns(draws: Mapping[str, FloatArray], *, n_axes: int) -> tuple[FloatArray, list[str]]:
    """Draws of every parameter side by side, and what each column is called.

    Parameters
    ----------
    draws : dict of ndarray
    n_axes : int
        How many leading axes are chains and draws.

    Returns
    -------
    values : ndarray of shape (..., k)
    names : list of str
        Such as "sigma" and "alpha[3]".
    """
    parts, names = [], []
    for name, array in draws.items():
        part = np.asarray(array, dtype=np.float64)
        scalar = part.ndim == n_axes
        parts.append(part[..., None] if scalar else part)
        names += [name] if scalar else [f"{name}[{i}]" for i in range(part.shape[-1])]
    return np.concatenate(parts, axis=-1), names
