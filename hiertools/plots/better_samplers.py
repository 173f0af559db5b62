"""The funnel, a path of leapfrog steps, samplers side by side (chapter 8)."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hiertools.benchmark import Benchmark, effective_rate
from hiertools.plots.style import STYLES, axes_or_new, draw_contours

_GROUPS = {
    "exact": ("ours, no chain", "#117733", "D"),
    "chain": ("ours, chains", "#0072B2", "o"),
    "peer": ("peers", "#D55E00", "s"),
}
_SECONDS = {"sampling": "sampling alone", "whole": "whole process"}
_CONVERGED = 1.05


def funnel(coordinate: ArrayLike, sd: ArrayLike, *, xlabel: str, ax: Axes | None = None) -> Axes:
    r"""Draws of one coordinate against the population's standard deviation, that on a log scale.

    Parameters
    ----------
    coordinate, sd : array_like of shape (n_draws,)
        Draws of an individual's coordinate, and of `sigma_alpha` or `sigma_beta`.
    xlabel : str
        The coordinate's symbol.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> funnel([0.0, 1.0], [0.1, 1.0], xlabel="alpha").get_xlabel()
    'alpha'
    """
    ax = axes_or_new(ax)
    colour = STYLES["hierarchical"].colour
    log_sd = np.log10(np.asarray(sd))
    ax.plot(coordinate, log_sd, ".", color=colour, ms=3, alpha=0.4, rasterized=True)
    ax.axvline(0, color="black", lw=1.0, ls="--")
    # Ticks by hand: a log axis takes several times as long to draw as the dots on it.
    decades = range(int(np.floor(log_sd.min())), int(np.ceil(log_sd.max())) + 1)
    ax.set_yticks(list(decades), [f"{10.0**k:g}" for k in decades])
    ax.set(xlabel=xlabel, ylabel=r"$\sigma_\alpha$")
    return ax


def orbit(
    contours: tuple[ArrayLike, ArrayLike, ArrayLike],
    path: ArrayLike,
    *,
    turned: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A path of leapfrog steps on a density of two parameters.

    Parameters
    ----------
    contours : tuple of array_like
        Values of the first parameter, of the second, and the log density, shape (k2, k1).
    path : array_like of shape (n_steps + 1, 2)
        From the start to the end.
    turned : int, optional
        The step after which the path came back, to be marked.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> surface = np.zeros((2, 2)) - [[1.0, 2.0], [3.0, 9.0]]
    >>> len(orbit(([0, 1], [0, 1], surface), [[0.5, 0.5], [0.6, 0.4]]).lines)
    3
    """
    ax = axes_or_new(ax)
    draw_contours(ax, contours)
    points, look = np.asarray(path), STYLES["hierarchical"]
    ax.plot(*points.T, "-o", color=look.colour, lw=1.0, ms=3, alpha=0.7)
    ax.plot(*points[0], "D", color="black", ms=6, ls="", label="start")
    ax.plot(*points[-1], "X", color=STYLES["unpooled"].colour, ms=8, ls="", label="end")
    if turned is not None:
        ax.plot(*points[turned], "s", mfc="none", mec="black", ms=11, ls="", label="turns back")
    ax.set(xlabel=r"$\alpha_1$", ylabel=r"$\beta_1$")
    ax.legend(loc="lower left")
    return ax


def benchmark(result: Benchmark, *, by: str = "whole", ax: Axes | None = None) -> Axes:
    """Effective draws a second of every sampler, on a log scale, the fastest on top.

    A line goes from the least to the most of its runs. Hollow markers are chains that have not
    converged: their R-hat is above 1.05, and their draws are of no use.

    Parameters
    ----------
    result : Benchmark
        Of one dataset: ``load_benchmark(path).of(75)``.
    by : str
        ``"sampling"`` or ``"whole"``: which seconds.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `by` is neither, or no sampler has draws.

    Examples
    --------
    >>> benchmark(Benchmark("", "", {}, {}, ()))
    Traceback (most recent call last):
    ValueError: result has no sampler with draws; nothing to show
    """
    rates = [(row, rate) for row in result.rows if (rate := effective_rate(row, by)) is not None]
    if not rates:
        raise ValueError("result has no sampler with draws; nothing to show")
    rates.sort(key=lambda pair: pair[1].median)
    ax = plt.subplots(figsize=(5.2, 1.0 + 0.27 * len(rates)))[1] if ax is None else ax
    for height, (row, rate) in enumerate(rates):
        _, colour, marker = _GROUPS[row.group]
        fill = colour if row.rhat is not None and row.rhat.median <= _CONVERGED else "white"
        ax.plot([rate.low, rate.high], [height, height], color=colour, lw=3, alpha=0.4)
        ax.plot(rate.median, height, marker, color=colour, mfc=fill)
    for name, colour, marker in _GROUPS.values():
        ax.plot([], [], marker, color=colour, label=name)
    ax.plot([], [], "o", color="black", mfc="white", label="not converged")
    ax.set_yticks(range(len(rates)), [row.label for row, _ in rates])
    ax.set(xscale="log", xlabel=f"effective draws / s, {_SECONDS[by]}")
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.legend(loc="lower right")
    return ax
