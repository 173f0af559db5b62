"""Interactive figures of the chapters: each a function of a few settings, moved by sliders.

Every explorer is made of two steps, numbers and a picture of them. The first is a pure function of
the settings; `explorer` gives the whole its two faces.
"""

from __future__ import annotations

import warnings
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.article import article_start
from hiertools.comparison import rmse
from hiertools.data import GroupedData, simulate
from hiertools.exact import ExactPosterior, exact_posterior
from hiertools.explorer import Control, Explorer, Frame
from hiertools.metropolis import metropolis
from hiertools.priors import CompletePooling, Hierarchical, Model, Unpooled
from hiertools.rrandom import RRandom

MODELS: Final[dict[str, Model]] = {
    "unpooled": Unpooled(),
    "complete": CompletePooling(),
    "hierarchical": Hierarchical(),
}
SIZES: Final = (5, 10, 25, 75, 200)
OBSERVATIONS: Final = (2, 3, 5, 20, 100)
FINE_SIZES: Final = (*range(5, 30), *range(30, 100, 5), *range(100, 201, 10))
FINE_OBSERVATIONS: Final = (*range(2, 20), *range(20, 101, 5))
FINE_SDS: Final = tuple(round(0.1 * k, 1) for k in range(1, 51))


def _figure(height: float) -> Figure:
    """An empty figure of the book's width, outside pyplot's list of open ones."""
    return Figure(figsize=(5.2, height), layout="constrained")


# --- chapter 1: grouped data ---------------------------------------------------------------------


class DataNumbers(NamedTuple):
    """What the data explorer shows: data, true and fitted lines, and how far slopes spread."""

    data: GroupedData
    truth: dict[str, FloatArray]
    fitted: dict[str, FloatArray]
    sd_true: float
    sd_fitted: float
    n_outside: int


SLOPE_RANGE: Final = (-12.0, 8.0)


def data_numbers(
    *, n: int, m: int, sigma_alpha: float, sigma_beta: float, sigma: float
) -> DataNumbers:
    """Data drawn with these settings, and a line fitted to each individual alone."""
    data, truth = simulate(
        n, m, sigma_alpha=sigma_alpha, sigma_beta=sigma_beta, sigma=sigma, rng=RRandom(1)
    )
    s = data.statistics
    fitted = {"alpha": s.y_mean - s.slope * s.x_mean, "beta": s.slope}
    outside = (s.slope < SLOPE_RANGE[0]) | (s.slope > SLOPE_RANGE[1])
    sd_true, sd_fitted = float(truth["beta"].std()), float(s.slope.std())
    return DataNumbers(data, truth, fitted, sd_true, sd_fitted, int(outside.sum()))


def data_frame(**settings: Any) -> Frame:
    """Five individuals with their true and their fitted lines; below, everybody's slopes."""
    it = data_numbers(**settings)
    figure = _figure(5.4)
    grid = figure.add_gridspec(2, 2, height_ratios=(1.5, 1))
    left = figure.add_subplot(grid[0, 0])
    right = figure.add_subplot(grid[0, 1], sharex=left, sharey=left)
    for ax, lines, title in ((left, it.truth, "true lines"), (right, it.fitted, "fitted lines")):
        plots.grouped_data(it.data, range(5), alpha=lines["alpha"], beta=lines["beta"], ax=ax)
        ax.set(title=title, xlim=(-3, 3), ylim=(-11, 15))
        ax.label_outer()
    below = figure.add_subplot(grid[1, :])
    plots.dots(
        {"truth": it.truth["beta"], "unpooled": it.fitted["beta"]},
        xlabel=r"slope $\beta_i$",
        ax=below,
    )
    below.set(xlim=SLOPE_RANGE)
    n, m = settings["n"], settings["m"]
    outside = f" {it.n_outside} of them lie outside the picture." if it.n_outside else ""
    alt = f"""Five of {n} individuals with {m} observations each, on the left with their true
        lines, on the right with lines fitted to each alone. Below, true slopes from
        {it.truth["beta"].min():.1f} to {it.truth["beta"].max():.1f} and fitted slopes from
        {it.fitted["beta"].min():.1f} to {it.fitted["beta"].max():.1f}.{outside}"""
    reading = f"""The true slopes of {n} individuals have standard deviation {it.sd_true:.2f}; fitted
        to {m} observations each, with noise of {settings["sigma"]:g}, the slopes have
        {it.sd_fitted:.2f}, {_times(it.sd_fitted / it.sd_true)}.{outside}"""
    return Frame(figure, alt, reading)


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times as much" if ratio >= 1.05 else "about as much"


def data_explorer() -> Explorer:
    """Grouped data of any size: what n, m and the three standard deviations do (chapter 1).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> frame = data_explorer().frame(n=10, m=3)
    >>> frame.reading.split(";")[0]
    'The true slopes of 10 individuals have standard deviation 0.66'
    """
    sds = (0.2, 0.5, 1.0, 2.0, 4.0)
    return Explorer(
        "data-explorer",
        data_frame,
        (
            Control("n", "individuals, n", SIZES, 75, FINE_SIZES),
            Control("m", "observations of each, m", OBSERVATIONS, 5, FINE_OBSERVATIONS),
            Control("sigma_alpha", "sd of intercepts, σ_alpha", sds, 1.0, FINE_SDS),
            Control("sigma_beta", "sd of slopes, σ_beta", sds, 1.0, FINE_SDS),
            Control("sigma", "sd of the noise, σ", sds, 2.0, FINE_SDS),
        ),
        grids=(("n", "m"), ("sigma_beta", "sigma"), ("sigma_alpha",)),
    )
