"""A chain and the walk that makes it (chapter 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hiertools.plots.style import (
    CHAIN_COLOURS,
    QUIET,
    STYLES,
    axes_or_new,
    draw_contours,
    truth_line,
)


def trace(
    draws: ArrayLike,
    *,
    warmup: int = 0,
    truth: float | None = None,
    ylabel: str = "draw",
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draws in the order in which the chain made them, the warm-up shaded.

    Parameters
    ----------
    draws : array_like of shape (n_draws,) or (n_chains, n_draws)
        One parameter.
    warmup : int
        How many of the first draws to shade.
    truth : float, optional
    ylabel : str
        The parameter's symbol.
    labels : sequence of str, optional
        A name for each chain.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> len(trace(np.zeros((3, 10))).lines)
    3
    """
    ax = axes_or_new(ax)
    chains = np.atleast_2d(np.asarray(draws))
    names = labels if labels is not None else [f"chain {k + 1}" for k in range(len(chains))]
    for k, (chain, name) in enumerate(zip(chains, names, strict=True)):
        colour = CHAIN_COLOURS[k % len(CHAIN_COLOURS)]
        # Thousands of points are a picture, not a drawing: as vectors they would weigh too much.
        ax.plot(chain, color=colour, lw=0.7, label=name, rasterized=chains.size > 2000)
    if warmup:
        ax.axvspan(0, warmup, color=QUIET, alpha=0.2, lw=0)
        ax.annotate("warm-up", (0, 1), (3, -3), "axes fraction", "offset points", va="top")
    if truth is not None:
        truth_line(ax, truth, vertical=False)
    ax.set(xlabel="iteration", ylabel=ylabel)
    return ax


def acceptance(
    proposal_sd: ArrayLike, accept_rate: ArrayLike, *, style: str, ax: Axes | None = None
) -> Axes:
    """Acceptance rate against proposal sd, the latter on a log scale.

    Parameters
    ----------
    proposal_sd, accept_rate : array_like of shape (k,)
    style : str
        A key of `STYLES`.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> acceptance([0.1, 1.0], [0.6, 0.1], style="unpooled").get_xscale()
    'log'
    """
    ax = axes_or_new(ax)
    look = STYLES[style]
    ax.semilogx(
        proposal_sd, accept_rate, look.line, marker=look.marker, color=look.colour, label=look.label
    )
    ax.set(xlabel="proposal sd", ylabel="acceptance rate", ylim=(0, 1))
    return ax


def steps(
    contours: tuple[ArrayLike, ArrayLike, ArrayLike],
    path: ArrayLike,
    proposal: ArrayLike | None = None,
    *,
    accepted: bool = False,
    ax: Axes | None = None,
) -> Axes:
    r"""A walk on a posterior of two parameters, and the step that is proposed next.

    Parameters
    ----------
    contours : tuple of array_like
        Values of the first parameter, of the second, and the log density, shape (k2, k1).
    path : array_like of shape (t, 2)
        Where the chain has been; the last is where it stands.
    proposal : array_like of shape (2,), optional
    accepted : bool
        Whether the proposal is.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> surface = np.zeros((2, 2)) - [[1.0, 2.0], [3.0, 9.0]]
    >>> steps(([0, 1], [0, 1], surface), [[0.5, 0.5]]).get_ylabel() == r"$\beta_1$"
    True
    """
    ax = axes_or_new(ax)
    draw_contours(ax, contours)
    points = np.asarray(path)
    ax.plot(*points.T, "-o", color=STYLES["hierarchical"].colour, lw=0.8, ms=3, alpha=0.6)
    if proposal is not None:
        colour, marker = ("#117733", "o") if accepted else ("#D55E00", "X")
        arrow = {"arrowstyle": "->", "color": colour, "lw": 1.6}
        ax.annotate("", tuple(np.asarray(proposal)), tuple(points[-1]), arrowprops=arrow)
        name = "proposal, accepted" if accepted else "proposal, refused"
        ax.plot(*np.asarray(proposal), marker, color=colour, ms=8, ls="", label=name)
    ax.plot(*points[-1], "D", color="black", ms=6, ls="", label="where the chain stands")
    ax.set(xlabel=r"$\alpha_1$", ylabel=r"$\beta_1$")
    ax.legend(loc="upper right")
    return ax


def known_answer(
    ax: Axes, mean: float, sd: float, *, label: str = "exact mean, 2 sds either side"
) -> Axes:
    """Behind draws, what they should come to: the exact posterior's mean, and a band about it.

    Parameters
    ----------
    ax : Axes
    mean, sd : float
        Of one parameter.
    label : str

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> len(known_answer(plt.figure().add_subplot(), 0.0, 1.0).lines)
    1
    """
    ax.axhspan(mean - 2 * sd, mean + 2 * sd, color="#009E73", alpha=0.15, lw=0)
    ax.axhline(mean, color="black", lw=1.2, ls="--", label=label)
    return ax
