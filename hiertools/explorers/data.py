"""Grouped data, by their sizes and their spreads (chapter 1)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.data import GroupedData, simulate
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import (
    FINE_OBSERVATIONS,
    FINE_SDS,
    FINE_SIZES,
    OBSERVATIONS,
    SIZES,
    new_figure,
    panels,
)
from hiertools.rrandom import RRandom


class DataNumbers(NamedTuple):
    """What the data explorer shows: data, true and fitted lines, and how far slopes spread."""

    data: GroupedData
    truth: dict[str, FloatArray]
    fitted: dict[str, FloatArray]
    spread: dict[str, tuple[float, float]]
    """Standard deviation of the true and of the fitted lines' `alpha` and `beta`."""
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
    spread = {p: (float(truth[p].std()), float(fitted[p].std())) for p in fitted}
    return DataNumbers(data, truth, fitted, spread, int(outside.sum()))


def data_frame(**settings: Any) -> Frame:
    """Five individuals with their true and their fitted lines; below, everybody's slopes."""
    it = data_numbers(**settings)
    figure = new_figure(5.4)
    above = panels(figure, 1, 2, bottom=2.45)[0]
    for ax, lines, title in zip(above, (it.truth, it.fitted), ("true", "fitted"), strict=True):
        plots.grouped_data(it.data, range(5), alpha=lines["alpha"], beta=lines["beta"], ax=ax)
        ax.set(title=f"{title} lines", xlim=(-3, 3), ylim=(-11, 15))
        ax.label_outer()
    below = panels(figure, 1, 1, left=1.1, top=3.7)[0, 0]
    slopes = {"truth": it.truth["beta"], "unpooled": it.fitted["beta"]}
    plots.dots(slopes, xlabel=r"slope $\beta_i$", ax=below)
    below.set(xlim=SLOPE_RANGE)
    n, m, sigma = (settings[name] for name in ("n", "m", "sigma"))
    outside = f" {it.n_outside} of them lie outside the picture." if it.n_outside else ""
    (sd_alpha, sd_alpha_fitted), (sd, sd_fitted) = it.spread["alpha"], it.spread["beta"]
    true, fitted = it.truth["beta"], it.fitted["beta"]
    alt = f"""Five of {n} individuals with {m} observations each, on the left with their true
        lines, on the right with lines fitted to each alone; the true intercepts run from
        {it.truth["alpha"][:5].min():.1f} to {it.truth["alpha"][:5].max():.1f}. Below, true slopes
        from {true.min():.1f} to {true.max():.1f} and fitted slopes from {fitted.min():.1f} to
        {fitted.max():.1f}.{outside}"""
    reading = f"""The true slopes of {n} individuals have standard deviation {sd:.2f}; fitted
        to {m} observations each, with noise of {sigma:g}, the slopes have {sd_fitted:.2f},
        {_times(sd_fitted / sd)}.{outside} Intercepts: {sd_alpha:.2f}, and fitted
        {sd_alpha_fitted:.2f}."""
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
    'The true slopes of 10 individuals have standard deviation 1.01'
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
