"""Ranks of the truth among draws (chapter 9)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hiertools.plots.style import CHAIN_COLOURS, QUIET, axes_or_new


def truth_ranks(
    counts: ArrayLike, *, band: tuple[float, float] | None = None, ax: Axes | None = None
) -> Axes:
    """A histogram of the ranks of the truth among draws; flat where the draws are right.

    Parameters
    ----------
    counts : array_like of shape (n_bins,)
        From `hiertools.Ranks.counts`.
    band : tuple of float, optional
        Counts between which a bin of uniform ranks mostly lies.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> truth_ranks([5, 3, 4], band=(1.0, 8.0)).get_ylabel()
    'datasets'
    """
    ax = axes_or_new(ax)
    heights = np.asarray(counts, dtype=np.float64)
    places = (np.arange(heights.size) + 0.5) / heights.size
    ax.bar(places, heights, 0.9 / heights.size, color=CHAIN_COLOURS[0], alpha=0.75)
    if band is not None:
        ax.axhspan(*band, color=QUIET, alpha=0.3, lw=0)
    ax.axhline(heights.mean(), color="black", lw=1, ls="--")
    ax.set_xticks([0, 0.5, 1], ["lowest", "middle", "highest"])
    ax.locator_params(axis="y", integer=True)
    ax.grid(visible=False)
    ax.set(xlabel="rank of the truth among its draws", ylabel="datasets", xlim=(0, 1))
    return ax


def rank_differences(
    shares: Mapping[str, ArrayLike],
    band: tuple[ArrayLike, ArrayLike] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Cumulated shares of ranks, less what uniform ranks have; level where the draws are right.

    Parameters
    ----------
    shares : dict of array_like, each of shape (n_bins + 1,)
        By label: the share of ranks in the first 0, 1, ..., n_bins bins.
    band : tuple of array_like, each of shape (n_bins + 1,), optional
        Lowest and highest shares, from `hiertools.uniformity.uniform_band`.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> len(rank_differences({"sigma": [0.0, 0.4, 1.0]}).get_lines())
    2
    """
    ax = axes_or_new(ax)
    for k, (label, values) in enumerate(shares.items()):
        line = ("-", "--", "-.", ":")[k % 4]
        x = np.linspace(0, 1, np.size(values))
        colour = CHAIN_COLOURS[k % len(CHAIN_COLOURS)]
        ax.plot(x, np.asarray(values) - x, line, color=colour, label=label)
    if band is not None:
        lower, upper = (np.asarray(edge) for edge in band)
        x = np.linspace(0, 1, lower.size)
        ax.fill_between(x, lower - x, upper - x, color=QUIET, alpha=0.3, lw=0)
    ax.axhline(0, color="black", lw=0.8)
    ax.set_xticks([0, 0.5, 1], ["lowest", "middle", "highest"])
    ax.set(xlabel="rank of the truth among its draws", ylabel="excess share of ranks", xlim=(0, 1))
    return ax
