"""Estimates beside the truth, and what pooling does to them (chapter 5)."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hiertools.plots.style import QUIET, STYLES, axes_or_new


def estimates_and_truth(
    alpha: ArrayLike,
    beta: ArrayLike,
    truth: Mapping[str, ArrayLike],
    *,
    style: str,
    rmse: dict[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Each individual's estimated intercept and slope, tied to its true ones.

    Parameters
    ----------
    alpha, beta : array_like of shape (n,)
        Estimates.
    truth : dict of array_like
        With `alpha` and `beta`, each of shape (n,).
    style : str
        A key of `STYLES`.
    rmse : dict of float, optional
        With `alpha` and `beta`: written in the corner.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = estimates_and_truth([1.0], [2.0], {"alpha": [0.0], "beta": [0.0]}, style="unpooled")
    >>> len(ax.lines)  # a tie, the truth, the estimate
    3
    """
    ax = axes_or_new(ax)
    look, quiet = STYLES[style], STYLES["truth"]
    true_a, true_b = np.asarray(truth["alpha"]), np.asarray(truth["beta"])
    a, b = np.broadcast_to(alpha, true_a.shape), np.broadcast_to(beta, true_b.shape)
    gap = np.full(true_a.shape, np.nan)  # one line with gaps is drawn sooner than many lines
    ties = (np.stack(ends, axis=-1).ravel() for ends in ((a, true_a, gap), (b, true_b, gap)))
    ax.plot(*ties, color=quiet.colour, lw=0.7, alpha=0.6)
    ax.plot(
        true_a,
        true_b,
        quiet.marker,
        color=quiet.colour,
        ms=4,
        alpha=0.6,
        mew=0,
        label=quiet.label,
    )
    ax.plot(a, b, look.marker, color=look.colour, ms=4, mew=0, label=look.label)
    if rmse is not None:
        corner = rf"RMSE $\alpha$ {rmse['alpha']:.2f}, $\beta$ {rmse['beta']:.2f}"
        ax.annotate(corner, (1, 1), (0, -2), "axes fraction", "offset points", ha="right", va="top")
    ax.set(xlabel=r"$\alpha$", ylabel=r"$\beta$", title=look.label)
    return ax


def comparison(
    estimates: Mapping[str, Mapping[str, ArrayLike]],
    truth: Mapping[str, ArrayLike],
    *,
    rmse: dict[str, dict[str, float]] | None = None,
) -> Figure:
    """The article's figure: a panel for each model, all on the same scale.

    Parameters
    ----------
    estimates : dict of dict of array_like
        By model (a key of `STYLES`), then `alpha` and `beta`, each of shape (n,) or (1,).
    truth : dict of array_like
        With `alpha` and `beta`, each of shape (n,).
    rmse : dict of dict of float, optional
        By model, then `alpha` and `beta`.

    Returns
    -------
    Figure

    Examples
    --------
    >>> one = {"alpha": [1.0], "beta": [2.0]}
    >>> len(comparison({"unpooled": one, "hierarchical": one}, one).axes)
    2
    """
    figure, axes = plt.subplots(
        len(estimates), figsize=(5.2, 4.2 * len(estimates)), sharex=True, sharey=True, squeeze=False
    )
    for ax, (style, estimate) in zip(axes.flat, estimates.items(), strict=True):
        estimates_and_truth(
            estimate["alpha"],
            estimate["beta"],
            truth,
            style=style,
            rmse=None if rmse is None else rmse[style],
            ax=ax,
        )
    return figure


def shrinkage(
    before: Mapping[str, ArrayLike],
    after: Mapping[str, ArrayLike],
    centre: tuple[float, float] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    r"""Arrows from each individual's unpooled estimate to its partially pooled one.

    Parameters
    ----------
    before, after : dict of array_like
        With `alpha` and `beta`, each of shape (n,).
    centre : tuple of float, optional
        The population's mean intercept and slope.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> one, two = {"alpha": [1.0], "beta": [2.0]}, {"alpha": [0.5], "beta": [1.0]}
    >>> shrinkage(one, two).get_xlabel() == r"$\alpha$"
    True
    """
    ax = axes_or_new(ax)
    alpha, beta = np.asarray(before["alpha"]), np.asarray(before["beta"])
    ax.quiver(
        alpha,
        beta,
        np.asarray(after["alpha"]) - alpha,
        np.asarray(after["beta"]) - beta,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.004,
        headwidth=4,
        color=QUIET,
    )
    for points, style in ((before, "unpooled"), (after, "hierarchical")):
        look = STYLES[style]
        ax.plot(
            points["alpha"],
            points["beta"],
            look.marker,
            color=look.colour,
            ms=3.5,
            mew=0,
            label=look.label,
        )
    if centre is not None:
        ax.plot(*centre, "P", color="black", ms=8, label="population mean")
    ax.set(xlabel=r"$\alpha$", ylabel=r"$\beta$")
    ax.legend()
    return ax


def bias(truth: ArrayLike, bias: ArrayLike, *, style: str, ax: Axes | None = None) -> Axes:
    """Each individual's bias against its true value; zero is where there is none.

    Parameters
    ----------
    truth, bias : array_like of shape (n,)
    style : str
        A key of `STYLES`.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> bias([1.0, 2.0], [0.1, -0.1], style="unpooled").get_ylabel()
    'bias'
    """
    ax = axes_or_new(ax)
    look = STYLES[style]
    ax.axhline(0, color="black", lw=0.8)
    ax.plot(truth, bias, look.marker, color=look.colour, ms=4, mew=0)
    ax.set(xlabel=r"true $\alpha_i$", ylabel="bias", title=look.label)
    return ax


def error_curve(size: ArrayLike, error: ArrayLike, *, style: str, ax: Axes | None = None) -> Axes:
    """An error against a sample size, both on log scales.

    Parameters
    ----------
    size, error : array_like of shape (k,)
    style : str
        A key of `STYLES`.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> error_curve([1, 10], [1.0, 0.3], style="unpooled").get_yscale()
    'log'
    """
    ax = axes_or_new(ax)
    look = STYLES[style]
    ax.loglog(size, error, look.line, marker=look.marker, color=look.colour, label=look.label)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("{x:g}")
    ax.tick_params(which="minor", labelsize="small")
    return ax


def caterpillar(
    interval: ArrayLike,
    truth: ArrayLike,
    *,
    style: str,
    xlabel: str = r"$\alpha_i$",
    ax: Axes | None = None,
) -> Axes:
    r"""Every individual's interval, in order of its true value; those that miss it stand out.

    Parameters
    ----------
    interval : array_like of shape (n, 2)
        Lower and upper ends.
    truth : array_like of shape (n,)
    style : str
        A key of `STYLES`.
    xlabel : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> caterpillar([[0.0, 1.0]], [0.5], style="unpooled").get_xlabel() == r"$\alpha_i$"
    True
    """
    ax = axes_or_new(ax)
    truth, (low, high) = np.asarray(truth), np.asarray(interval).T
    order = np.argsort(truth)
    truth, low, high = truth[order], low[order], high[order]
    rank, held = np.arange(truth.size), (low <= truth) & (truth <= high)
    look = STYLES[style]
    ax.hlines(rank[held], low[held], high[held], color=look.colour, lw=1, alpha=0.55)
    ax.hlines(rank[~held], low[~held], high[~held], color="black", lw=1.8, label="misses the truth")
    ax.plot(truth, rank, STYLES["truth"].marker, color=QUIET, ms=2.5, label="truth")
    ax.set(xlabel=xlabel, ylabel="individual, by true value", title=look.label, yticks=[])
    return ax


def pull(
    grid: ArrayLike,
    density: Mapping[str, ArrayLike],
    centres: Mapping[str, float],
    *,
    ax: Axes | None = None,
) -> Axes:
    r"""What the population says, what the own data say, and the compromise between them.

    Parameters
    ----------
    grid : array_like of shape (k,)
        Values of the individual's parameter.
    density : dict of array_like
        By style (keys of `STYLES`): "complete" the population, "unpooled" the own data,
        "hierarchical" both together; each of shape (k,).
    centres : dict of float
        Where each of the three has its middle.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> one = {"complete": [1.0], "unpooled": [1.0], "hierarchical": [1.0]}
    >>> pull([0.0], one, {name: 0.0 for name in one}).get_yticks().tolist()
    []
    """
    ax = axes_or_new(ax)
    names = {"complete": "population", "unpooled": "own data", "hierarchical": "both"}
    for style, name in names.items():
        look = STYLES[style]
        ax.plot(grid, density[style], look.line, color=look.colour, label=name)
        ax.plot(centres[style], 0, look.marker, color=look.colour, ms=9, clip_on=False, zorder=3)
    ax.annotate(
        "",
        (centres["hierarchical"], 0.06),
        (centres["unpooled"], 0.06),
        xycoords=("data", "axes fraction"),
        arrowprops={"arrowstyle": "->", "color": "black", "lw": 1.6},
    )
    ax.set(xlabel=r"$\alpha_i$", yticks=[])
    ax.legend(loc="upper left")
    return ax
