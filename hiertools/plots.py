"""Every picture of the book: one look, one colour for each model, one for the truth.

The functions draw what they are given and compute nothing. Each takes the axes to draw on and
returns them; without `ax` it draws on a new figure. `use_book_style` sets fonts and sizes that
stay legible on a phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hiertools.benchmark import Benchmark, effective_rate
from hiertools.data import GroupedData


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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    ax.plot(grid, log_likelihood, color="black")
    if truth is not None:
        _truth_line(ax, truth, vertical=True)
    ax.set(xlabel=xlabel, ylabel="log likelihood")
    return ax


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
    ax = _axes(ax)
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
        _truth_line(ax, truth, vertical=False)
    ax.set(xlabel="iteration", ylabel=ylabel)
    return ax


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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    curves = np.atleast_2d(np.asarray(rho))
    names = labels if labels is not None else [f"chain {k + 1}" for k in range(len(curves))]
    for k, (curve, name) in enumerate(zip(curves, names, strict=True)):
        line = ("-", "--", "-.", ":")[k % 4]
        ax.plot(curve, line, color=CHAIN_COLOURS[k % len(CHAIN_COLOURS)], label=name)
    ax.axhline(0, color="black", lw=0.8)
    ax.set(xlabel="lag, iterations", ylabel="autocorrelation", ylim=(None, 1.05))
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
    ax = _axes(ax)
    look = STYLES[style]
    ax.semilogx(
        proposal_sd, accept_rate, look.line, marker=look.marker, color=look.colour, label=look.label
    )
    ax.set(xlabel="proposal sd", ylabel="acceptance rate", ylim=(0, 1))
    return ax


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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
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
    >>> len(known_answer(plt.figure().add_subplot(), 0.0, 1.0).lines)
    1
    """
    ax.axhspan(mean - 2 * sd, mean + 2 * sd, color="#009E73", alpha=0.15, lw=0)
    ax.axhline(mean, color="black", lw=1.2, ls="--", label=label)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    _contours(ax, contours)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    _contours(ax, contours)
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


_GROUPS = {
    "exact": ("ours, no chain", "#117733", "D"),
    "chain": ("ours, chains", "#0072B2", "o"),
    "peer": ("peers", "#D55E00", "s"),
}
_SECONDS = {"sampling": "sampling alone", "whole": "whole process"}
_CONVERGED = 1.05


def _contours(ax: Axes, contours: tuple[ArrayLike, ArrayLike, ArrayLike]) -> None:
    first, second, log_density = (np.asarray(part) for part in contours)
    # Drops of half the square of 1 to 4: the contours of 1 to 4 sds of a normal density.
    levels = log_density.max() - 0.5 * np.arange(4, 0, -1) ** 2
    ax.contour(first, second, log_density, levels, colors=QUIET, linewidths=0.9, linestyles="solid")


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots()[1] if ax is None else ax


def _truth_line(ax: Axes, value: float, *, vertical: bool) -> None:
    draw = ax.axvline if vertical else ax.axhline
    draw(value, color="black", lw=1.2, ls="--", label="truth")
