"""The look of every picture: one style for each model, one for the truth (chapter 1)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike


class Style(NamedTuple):
    """How one thing looks in every figure: colour, and marker and line for those who see none."""

    label: str
    colour: str
    marker: str
    line: str


# Okabe and Ito (2008), the green of Tol (2021): they differ for colour-blind readers too.
STYLES = {
    "unpooled": Style("no pooling", "#D55E00", "s", "--"),
    "complete": Style("complete pooling", "#117733", "D", ":"),
    "hierarchical": Style("partial pooling", "#0072B2", "o", "-"),
    "truth": Style("truth", "#8C8C8C", "o", "-"),
}

CHAIN_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

QUIET = "#8C8C8C"


_BOOK_STYLE: Any = {
    "figure.figsize": (5.2, 3.3),
    "figure.dpi": 96,
    "figure.constrained_layout.use": True,
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=CHAIN_COLOURS),
    "lines.linewidth": 1.6,
    "svg.hashsalt": "hiertools",  # the same picture twice is the same file twice
}


def use_book_style() -> None:
    """Set Matplotlib's fonts, sizes and grid to those of the book.

    Examples
    --------
    >>> use_book_style()
    >>> mpl.rcParams["axes.spines.top"]
    False
    """
    mpl.rcParams.update(_BOOK_STYLE)


def book_style() -> AbstractContextManager[None]:
    """Matplotlib's settings as of the book inside a ``with``, and as they were after it.

    Returns
    -------
    context manager

    Examples
    --------
    >>> with book_style():
    ...     mpl.rcParams["legend.frameon"]
    False
    """
    return mpl.rc_context(_BOOK_STYLE)


def new_figure(rows: int = 1, columns: int = 1, height: float = 3.3) -> tuple[Figure, Any]:
    """An empty figure of the book's width, and its axes.

    Parameters
    ----------
    rows, columns : int
        Number of panels.
    height : float
        Of the whole figure, in inches; the width is that of the book.

    Returns
    -------
    figure : Figure
    axes : Axes, or ndarray of Axes where there are several

    Examples
    --------
    >>> figure, axes = new_figure(columns=2)
    >>> axes.shape
    (2,)
    """
    return plt.subplots(rows, columns, figsize=(5.2, height))


def axes_or_new(ax: Axes | None) -> Axes:
    """The axes to draw on: those given, or those of a new figure."""
    return plt.subplots()[1] if ax is None else ax


def truth_line(ax: Axes, value: float, *, vertical: bool) -> None:
    """A dashed line where the truth is."""
    draw = ax.axvline if vertical else ax.axhline
    draw(value, color="black", lw=1.2, ls="--", label="truth")


def draw_contours(ax: Axes, contours: tuple[ArrayLike, ArrayLike, ArrayLike]) -> None:
    """The contours of a log density, quietly, behind what moves on it."""
    first, second, log_density = (np.asarray(part) for part in contours)
    # Drops of half the square of 1 to 4: the contours of 1 to 4 sds of a normal density.
    levels = log_density.max() - 0.5 * np.arange(4, 0, -1) ** 2
    ax.contour(first, second, log_density, levels, colors=QUIET, linewidths=0.9, linestyles="solid")
