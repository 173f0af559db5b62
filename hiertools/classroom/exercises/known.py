"""Draws of one number against a normal distribution that they should be from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from hiertools._checks import FloatArray
from hiertools.classroom.verdicts import (
    FEWEST,
    LIMIT,
    TAIL,
    Verdict,
    agrees,
    deviations,
    disagrees,
    undecided,
)


def check_normal_draws(draws: ArrayLike, mean: float = 0.0, sd: float = 1.0) -> Verdict:
    """Draws of one chain: their mean, mean square and tails, in Monte Carlo errors.

    Parameters
    ----------
    draws : array_like of shape (n_draws,)
        After warm-up.
    mean, sd : float
        Of the normal distribution that they should be from.

    Returns
    -------
    Verdict
        "undecided" below a hundred effective draws.

    Examples
    --------
    >>> z = np.random.default_rng(1).standard_normal(2000)
    >>> check_normal_draws(z).outcome, check_normal_draws(z, sd=2.0).outcome
    ('agrees', 'disagrees')
    """
    z, problem = one_chain(draws)
    if problem:
        return disagrees(problem, "malformed draws")
    z = (z - mean) / sd
    edge = float(ndtri(1 - TAIL))
    looked_at = np.stack([z, z**2, z < -edge, z > edge], axis=-1)[None]
    share_sd = np.sqrt(TAIL * (1 - TAIL))
    expected = np.array([0.0, 1.0, TAIL, TAIL])
    found = deviations(looked_at, expected, np.array([1.0, np.sqrt(2.0), share_sd, share_sd]))
    if found.n_effective[0] < FEWEST:
        return undecided(
            f"too few effective draws to judge: {found.n_effective[0]:.0f}, and {FEWEST:.0f} are "
            "needed. Draw longer, or take steps of another size."
        )
    if (np.abs(found.z) < LIMIT).all():
        return agrees("your draws are from the target.")
    what = ("mean", "standard deviation", "lower tail", "upper tail")[np.abs(found.z).argmax()]
    far = np.abs(found.z).max()
    return disagrees(
        f"your draws are not from the target: their {what} is {far:.0f} Monte Carlo "
        "errors away from what it should be."
    )


def one_chain(draws: ArrayLike) -> tuple[FloatArray, str]:
    """Draws of one number as an array, or what is wrong with them.

    Parameters
    ----------
    draws : object
        Anything at all.

    Returns
    -------
    draws : ndarray of shape (n_draws,)
    problem : str
        Empty if there is none.
    """
    nothing, wanted = np.empty(0), "draws must be an array of numbers, one for each draw"
    try:
        raw = np.asarray(draws)
        array = raw.astype(np.float64) if raw.dtype.kind in "biuf" else nothing
    except (TypeError, ValueError, OverflowError):
        return nothing, f"{wanted}."
    if array.ndim != 1 or array.size < 8:
        return nothing, f"{wanted}; yours have shape {np.shape(raw)}."
    if not np.isfinite(array).all():
        return nothing, "some draws are NaN or infinite."
    return array, ""
