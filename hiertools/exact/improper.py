"""Data that have no proper posterior: a perfect fit with observations to spare (chapter 7)."""

from __future__ import annotations

import numpy as np

from hiertools._checks import FloatArray
from hiertools.data import GroupedData, GroupStatistics
from hiertools.exact.truncated import Box


def _perfect_fit(statistics: GroupStatistics) -> bool:
    """Whether every line goes through all its points, but for rounding."""
    m, x, _, y, slope, rss = statistics
    size = float((np.abs(y) + np.abs(slope) * (1.0 + np.abs(x))).max())
    return bool(rss.sum() <= m.sum() * (64.0 * np.finfo(np.float64).eps * size) ** 2)


def _all_equal(values: FloatArray) -> bool:
    """Whether values are the same, but for rounding."""
    return values.size < 2 or bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


_IMPROPER = (
    "there is no proper posterior: {what} through all observations exactly, with observations "
    "to spare, so that the density grows without bound as {which} go to zero; check y for "
    "values that were computed from x, or add more individuals or digits"
)


def refuse_perfect_lines(statistics: GroupStatistics, box: Box) -> None:
    r"""Raise where the integral over sigma diverges at zero.

    There the density goes as :math:`\sigma^{-\nu}`, with one degree of freedom for each
    observation beyond what lines need, if lines in the box go through all observations.
    """
    m, x, s, y, slope, _ = statistics
    spare = m.sum() - np.where(s > 0, 2, 1).sum()
    if spare < 1 or not _perfect_fit(statistics):
        return
    alpha = y - slope * x
    inside = (alpha >= box.alpha_low) & (alpha <= box.alpha_high)
    inside &= (slope >= box.beta_low) & (slope <= box.beta_high)
    # With one distinct x many lines fit: does one of them cross the box?
    ends = x * box.beta_low, x * box.beta_high
    crosses = (y - np.maximum(*ends) <= box.alpha_high) & (y - np.minimum(*ends) >= box.alpha_low)
    if np.where(s > 0, inside, crosses).all():
        raise ValueError(_IMPROPER.format(what="lines go", which="sigma"))


def refuse_perfect_population(data: GroupedData) -> None:
    r"""Raise where the integral over the three standard deviations diverges at zero.

    Let some of them, sigma among them, go to zero together. If the lines that are left fit
    exactly, the density goes as their size to the power of minus the observations to spare,
    and the volume as its number of dimensions less one.
    """
    statistics = data.statistics
    m, x, s, y, slope, _ = statistics
    if not _perfect_fit(statistics):
        return
    sloped = s > 0
    if m.sum() > np.where(sloped, 2, 1).sum():
        raise ValueError(_IMPROPER.format(what="each individual's line goes", which="sigma"))
    # Lines that share their intercept, their slope, or both.
    fixed = np.concatenate([(y - slope * x)[sloped], y[~sloped & (x == 0)]])
    if fixed.size >= 3 and _all_equal(fixed):
        which = "sigma and sigma_alpha"
        raise ValueError(_IMPROPER.format(what="lines of one intercept go", which=which))
    if sloped.sum() >= 3 and _all_equal(slope[sloped]):
        which = "sigma and sigma_beta"
        raise ValueError(_IMPROPER.format(what="lines of one slope go", which=which))
    whole = GroupedData(data.y, data.x, np.zeros(data.y.size, dtype=np.int64)).statistics
    spare = m.sum() - (2 if whole.x_ss[0] > 0 else 1)
    if spare >= 3 and _perfect_fit(whole):
        which = "the three standard deviations"
        raise ValueError(_IMPROPER.format(what="one line goes", which=which))
