"""Grouped data, and the lines behind them (chapters 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hiertools.data import GroupedData
from hiertools.plots.style import CHAIN_COLOURS, STYLES, axes_or_new, truth_line


def grouped_data(
    data: GroupedData,
    individuals: ArrayLike = (0, 1, 2, 3, 4),
    *,
    alpha: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Observations of a few individuals, each in a colour of its own, with their lines if given.

    Parameters
    ----------
    data : GroupedData
    individuals : array_like of int
        Whose data to draw, at most six.
    alpha, beta : array_like of shape (n,), optional
        The lines to draw.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from hiertools import simulate
    >>> grouped_data(simulate(n=6, rng=1)[0]).get_xlabel()
    'x'
    """
    ax = axes_or_new(ax)
    chosen = list(np.asarray(individuals, dtype=np.int64))
    for i, colour, marker in zip(chosen, CHAIN_COLOURS, "osD^vP", strict=False):
        rows = data.group == i
        x, y = data.x[rows], data.y[rows]
        ax.plot(x, y, marker, color=colour, label=f"{data.labels[i]}")
        if alpha is not None and beta is not None:
            ends = np.array([data.x.min(), data.x.max()])
            ax.plot(ends, np.asarray(alpha)[i] + np.asarray(beta)[i] * ends, color=colour, lw=1.2)
    ax.set(xlabel="x", ylabel="y")
    return ax


def dots(
    values: Mapping[str, ArrayLike], *, xlabel: str = r"$\beta_i$", ax: Axes | None = None
) -> Axes:
    """A row of dots for each collection of values, so that their spreads can be compared.

    Parameters
    ----------
    values : dict of array_like
        By style (a key of `STYLES`), each of shape (n,).
    xlabel : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = dots({"truth": [1.0, 2.0], "unpooled": [0.0, 3.0]})
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['truth', 'no pooling']
    """
    ax = plt.subplots(figsize=(5.2, 0.7 + 0.6 * len(values)))[1] if ax is None else ax
    looks = [STYLES[style] for style in values]
    for row, (look, points) in enumerate(zip(looks, values.values(), strict=True)):
        # Golden-ratio steps keep near values apart, the same way each time.
        height = row + 0.5 * ((np.arange(np.size(points)) * 0.618034) % 1 - 0.5)
        ax.plot(points, height, look.marker, color=look.colour, ms=4, mew=0, alpha=0.7)
    ax.set_yticks(range(len(values)), [look.label for look in looks])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel)
    return ax


def lines(
    alpha: ArrayLike,
    beta: ArrayLike,
    *,
    style: str = "hierarchical",
    x_range: tuple[float, float] = (-3.0, 3.0),
    ax: Axes | None = None,
) -> Axes:
    r"""Lines y = alpha + beta x, thin enough that many show their spread.

    Parameters
    ----------
    alpha, beta : array_like of shape (n,)
    style : str
        A key of `STYLES`.
    x_range : tuple of float
        Where each line begins and ends.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> len(lines([1.0, 2.0], [0.0, 1.0]).lines)
    2
    """
    ax = axes_or_new(ax)
    x = np.asarray(x_range)
    y = np.ravel(alpha)[:, None] + np.ravel(beta)[:, None] * x
    ax.plot(x, y.T, color=STYLES[style].colour, lw=0.8, alpha=0.45)
    ax.set(xlabel="x", ylabel="y", title=STYLES[style].label)
    return ax


def likelihood_curve(
    grid: ArrayLike,
    log_likelihood: ArrayLike,
    *,
    truth: float | None = None,
    xlabel: str = r"$\sigma$",
    ax: Axes | None = None,
) -> Axes:
    """The log likelihood along one parameter, and the value that the data were made with.

    Parameters
    ----------
    grid, log_likelihood : array_like of shape (k,)
    truth : float, optional
    xlabel : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> likelihood_curve([1, 2, 3], [-9.0, -5.0, -7.0]).get_ylabel()
    'log likelihood'
    """
    ax = axes_or_new(ax)
    ax.plot(grid, log_likelihood, color="black")
    if truth is not None:
        truth_line(ax, truth, vertical=True)
    ax.set(xlabel=xlabel, ylabel="log likelihood")
    return ax
