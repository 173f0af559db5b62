"""From complete pooling to none by one slider (chapter 5)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.comparison import rmse
from hiertools.data import GroupedData, simulate
from hiertools.exact.individuals import line_moments
from hiertools.exact.rays import RayModel
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import WINDOW, new_figure, panels
from hiertools.priors import Hierarchical
from hiertools.rrandom import RRandom


class PoolingNumbers(NamedTuple):
    """Estimates given the population's sds, and the error along the whole way."""

    truth: dict[str, FloatArray]
    estimate: dict[str, FloatArray]
    error: dict[str, float]
    curve: dict[str, FloatArray]
    """RMSE of `alpha` and `beta` at each of `SCALES`."""
    best: dict[str, float]
    """The scale at which each is least."""


SCALES: Final = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)


def lines_given_sds(
    data: GroupedData, *, sigma_alpha: float, sigma_beta: float, sigma: float
) -> dict[str, FloatArray]:
    """Posterior means of all lines under partial pooling, the three sds given."""
    model = RayModel(data.statistics, Hierarchical())
    sds = (np.array([sd]) for sd in (sigma_alpha, sigma_beta, sigma))
    ratios, square, mu = model.given_sds(*sds)
    alpha, _, beta, _ = line_moments(model.individuals, *ratios, square, mu)
    base_alpha, base_beta = model.reference
    return {"alpha": alpha[0] + base_alpha, "beta": beta[0] + base_beta}


def pooling_numbers(*, scale: float, seed: int) -> PoolingNumbers:
    """The lines at one scale of the true sds, and their error at this and all other scales."""
    truth, estimate = _lines_at(scale, seed)
    curve = _error_curve(seed)
    error = {p: float(rmse(estimate[p], truth[p])) for p in curve}
    best = {p: SCALES[int(np.argmin(errors))] for p, errors in curve.items()}
    return PoolingNumbers(truth, estimate, error, curve, best)


def _lines_at(scale: float, seed: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """The truth, and the lines estimated with the true sds times `scale`."""
    data, truth = simulate(rng=RRandom(seed))
    sds = {name: scale * float(truth[name]) for name in ("sigma_alpha", "sigma_beta")}
    return truth, lines_given_sds(data, **sds, sigma=float(truth["sigma"]))


@lru_cache(maxsize=4)
def _error_curve(seed: int) -> dict[str, FloatArray]:
    way = [_lines_at(scale, seed) for scale in SCALES]
    return {
        p: np.array([float(rmse(lines[p], truth[p])) for truth, lines in way])
        for p in ("alpha", "beta")
    }


def pooling_frame(**settings: Any) -> Frame:
    """The estimates at one scale; below, their error along the whole way."""
    it, scale = pooling_numbers(**settings), float(settings["scale"])
    figure = new_figure(6.0)
    above = panels(figure, 1, 1, bottom=2.6)[0, 0]
    estimate = it.estimate
    plots.estimates_and_truth(
        estimate["alpha"], estimate["beta"], it.truth, style="hierarchical", rmse=it.error, ax=above
    )
    above.set(title=f"sds of the population times {scale:g}", **WINDOW)
    above.legend(loc="lower left")
    below = panels(figure, 1, 1, top=4.0)[0, 0]
    for name, style in (("alpha", "hierarchical"), ("beta", "unpooled")):
        plots.error_curve(SCALES, it.curve[name], style=style, ax=below)
        below.lines[-1].set_label(rf"$\{name}$")
    below.axvline(scale, color="black", lw=1.2, ls="--")
    below.set(xlabel="scale of both sds", ylabel="RMSE", yscale="linear")
    below.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    below.set_xticks([], minor=True)
    below.legend(loc="upper center", ncols=2)
    spread = {p: float(np.std(estimate[p])) for p in ("alpha", "beta")}
    alt = f"""Estimates of 75 lines tied to the truth, with the sds of the population times
        {scale:g}: the intercepts' standard deviation is {spread["alpha"]:.2f}, the slopes'
        {spread["beta"]:.2f}. Below, the error against the scale: for intercepts
        {it.curve["alpha"][0]:.2f} at the left, least at {it.best["alpha"]:g}, and
        {it.curve["alpha"][-1]:.2f} at the right."""
    reading = f"""With the population's sds times {scale:g} the root mean squared error is
        {it.error["alpha"]:.2f} for intercepts and {it.error["beta"]:.2f} for slopes. {_way(scale)}
        Of the scales in the lower panel {it.best["alpha"]:g} serves the intercepts best,
        {it.best["beta"]:g} the slopes."""
    return Frame(figure, alt, reading)


def _way(scale: float) -> str:
    if scale < 0.05:
        return "All individuals are as good as one: complete pooling."
    if scale > 20:
        return "Nobody learns from the others: no pooling."
    return "Between complete pooling on the left and no pooling on the right."


def pooling_explorer() -> Explorer:
    """One slider from complete pooling to none (chapter 5).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> "complete pooling" in pooling_explorer().frame(scale=0.01).reading
    True
    """
    fine = {float(f"{scale:.2g}") for scale in np.geomspace(0.01, 100, 41)}
    return Explorer(
        "pooling-explorer",
        pooling_frame,
        (
            Control("scale", "σ_alpha and σ_beta times", SCALES, 1.0, (*sorted(fine | {*SCALES}),)),
            Control("seed", "Another dataset", (1, 2, 3, 4), 1, tuple(range(1, 51)), kind="again"),
        ),
        grids=(("scale", "seed"),),
    )
