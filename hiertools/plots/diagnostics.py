"""Ranks and autocorrelations of chains (chapter 6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hiertools.plots.style import CHAIN_COLOURS, axes_or_new


def rank_plot(counts: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """A histogram of ranks for each chain, one above the other; flat where chains have mixed.

    Parameters
    ----------
    counts : array_like of shape (n_chains, n_bins)
        From `hiertools.rank_counts`.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = rank_plot([[3, 1], [1, 3]])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['chain 1', 'chain 2']
    """
    ax = axes_or_new(ax)
    heights = np.asarray(counts, dtype=np.float64)
    n_chains, n_bins = heights.shape
    level = heights.mean() / heights.max()
    for k, row in enumerate(0.85 * heights / heights.max()):
        colour = CHAIN_COLOURS[k % len(CHAIN_COLOURS)]
        places = (np.arange(n_bins) + 0.5) / n_bins
        ax.bar(places, -row, 0.9 / n_bins, bottom=k + 0.5, color=colour, alpha=0.75)
        label = "all alike" if k == 0 else None
        ax.axhline(k + 0.5 - 0.85 * level, color="black", lw=1, ls="--", label=label)
    ax.set_yticks(range(n_chains), [f"chain {k + 1}" for k in range(n_chains)])
    ax.set_xticks([0, 0.5, 1], ["lowest", "middle", "highest"])
    ax.grid(visible=False)
    ax.set(xlabel="rank among the draws of all chains", ylim=(n_chains - 0.45, -0.5))
    return ax


def autocorrelation(
    rho: ArrayLike, *, labels: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """How much draws resemble those of so many iterations before.

    Parameters
    ----------
    rho : array_like of shape (n_lags + 1,) or (n_curves, n_lags + 1)
        From `hiertools.autocorrelation`; lag 0 comes first.
    labels : sequence of str, optional
        A name for each curve.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> autocorrelation([1.0, 0.5, 0.25]).get_xlabel()
    'lag, iterations'
    """
    ax = axes_or_new(ax)
    curves = np.atleast_2d(np.asarray(rho))
    names = labels if labels is not None else [f"chain {k + 1}" for k in range(len(curves))]
    for k, (curve, name) in enumerate(zip(curves, names, strict=True)):
        line = ("-", "--", "-.", ":")[k % 4]
        ax.plot(curve, line, color=CHAIN_COLOURS[k % len(CHAIN_COLOURS)], label=name)
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel="lag, iterations", ylabel="autocorrelation", ylim=(None, 1.05))
    return ax
