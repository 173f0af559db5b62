"""Three models against the truth, with exact estimates (chapter 5)."""

from __future__ import annotations

import warnings
from typing import Any, Final, NamedTuple

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.comparison import rmse
from hiertools.data import simulate
from hiertools.exact import exact_posterior
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import (
    FINE_OBSERVATIONS,
    FINE_SDS,
    FINE_SIZES,
    MODELS,
    OBSERVATIONS,
    SIZES,
    WINDOW,
    new_figure,
    panels,
)
from hiertools.rrandom import RRandom


class ComparisonNumbers(NamedTuple):
    """Exact estimates of the three models beside the truth."""

    truth: dict[str, FloatArray]
    mean: dict[str, dict[str, FloatArray]]
    """Posterior means by model, then by parameter."""
    rmse: dict[str, dict[str, float]]
    """By model, then `alpha` and `beta`."""
    leans_on_prior: bool
    """Whether a prior's bound shapes an estimate without pooling."""


def comparison_numbers(*, n: int, m: int, sigma: float, seed: int) -> ComparisonNumbers:
    """Data drawn with these settings, and the exact posterior means of the three models."""
    data, truth = simulate(n, m, sigma=sigma, rng=RRandom(seed))
    mean = {}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for name, model in MODELS.items():
            mean[name] = exact_posterior(data, model).mean
    for warning in heard:
        if not issubclass(warning.category, UserWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    errors = {
        name: {p: float(rmse(means[p], truth[p])) for p in ("alpha", "beta")}
        for name, means in mean.items()
    }
    leans = any(issubclass(warning.category, UserWarning) for warning in heard)
    return ComparisonNumbers(truth, mean, errors, leans)


def comparison_frame(**settings: Any) -> Frame:
    """Estimates and truth without and with pooling; below, the way from one to the other."""
    it = comparison_numbers(**settings)
    none, one, some = (it.mean[name] for name in MODELS)
    figure = new_figure(6.4)
    above = panels(figure, 1, 2, bottom=3.45)[0]
    for ax, name in zip(above, ("unpooled", "hierarchical"), strict=True):
        means = it.mean[name]
        plots.estimates_and_truth(means["alpha"], means["beta"], it.truth, style=name, ax=ax)
        ax.set(**WINDOW)
        ax.label_outer()
    below = panels(figure, 1, 1, top=3.55)[0, 0]
    plots.shrinkage(none, some, ax=below)
    look = plots.STYLES["complete"]
    one_line = (float(one["alpha"][0]), float(one["beta"][0]))
    below.plot(*one_line, look.marker, color=look.colour, ms=8, ls="", label=look.label)
    below.set(**WINDOW)
    below.legend(loc="upper right")
    outside = sum(
        not (-3 <= a <= 7 and -7 <= b <= 3)
        for a, b in zip(none["alpha"], none["beta"], strict=True)
    )
    n, m = settings["n"], settings["m"]
    errors = " ".join(
        f"{plots.STYLES[name].label}: {error['alpha']:.2f} and {error['beta']:.2f}."
        for name, error in it.rmse.items()
    )
    alt = f"""Posterior means of {n} individuals with {m} observations each, tied to the truth.
        Without pooling the slopes run from {none["beta"].min():.1f} to {none["beta"].max():.1f},
        with partial pooling from {some["beta"].min():.1f} to {some["beta"].max():.1f}. Below,
        arrows lead from the former to the latter; the estimate of complete pooling is intercept
        {one_line[0]:.1f}, slope {one_line[1]:.1f}.
        {f"{outside} estimates without pooling lie outside the picture." if outside else ""}"""
    best = min(it.rmse, key=lambda name: sum(it.rmse[name].values()))
    reading = f"""Root mean squared error of intercepts and slopes. {errors} Smallest in sum:
        {plots.STYLES[best].label}.
        {LEANING if it.leans_on_prior else ""}"""
    return Frame(figure, alt, reading)


LEANING: Final = """Some individuals have so few data that without pooling the bounds of the flat
    prior shape their estimates."""


def comparison_explorer() -> Explorer:
    """Three models against the truth, with exact estimates: n, m, noise, luck (chapter 5).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> frame = comparison_explorer().frame(m=100)
    >>> "partial pooling: 0.19" in " ".join(frame.reading.split())
    True
    """
    return Explorer(
        "comparison-explorer",
        comparison_frame,
        (
            Control("n", "individuals, n", SIZES, 75, FINE_SIZES),
            Control("m", "observations of each, m", OBSERVATIONS, 5, FINE_OBSERVATIONS),
            Control("sigma", "sd of the noise, σ", (0.2, 0.5, 1.0, 2.0, 4.0), 2.0, FINE_SDS),
            Control("seed", "Another dataset", (1, 2, 3, 4), 1, tuple(range(1, 51)), kind="again"),
        ),
        grids=(("n", "m"), ("m", "seed"), ("n", "seed"), ("sigma",)),
    )
