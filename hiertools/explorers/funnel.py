"""The funnel of a population sd, in both forms of the model (chapter 8)."""

from __future__ import annotations

import warnings
from typing import Any, Final, NamedTuple

import numpy as np

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.data import simulate
from hiertools.exact import exact_posterior
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import new_figure, panels
from hiertools.priors import Hierarchical
from hiertools.rrandom import RRandom

N_DRAWS: Final = 1500


class FunnelNumbers(NamedTuple):
    """Independent draws of one individual in both coordinates, and their shape."""

    sigma_alpha: FloatArray
    coordinate: dict[str, FloatArray]
    """By form: `centred` the distance from the mean, `noncentred` the same in sds."""
    widening: dict[str, float]
    """How many times as wide it is in the upper third of sigma_alpha as in the lower."""
    correlation: dict[str, float]
    """Of its size with log sigma_alpha."""
    weight: float
    """Of an individual's own data in its intercept, at the posterior mean of the sds."""


def funnel_numbers(*, n: int, m: int, sigma_alpha: float) -> FunnelNumbers:
    """The exact posterior of data with these settings, for the individual farthest out."""
    data, _ = simulate(n, m, sigma_alpha=sigma_alpha, rng=RRandom(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few data may lean on a prior's bound
        exact = exact_posterior(data, Hierarchical())
    draws = exact.sample(N_DRAWS, np.random.default_rng([8, 1]))
    sd = draws["sigma_alpha"]
    i = int(np.argmax(np.abs(exact.mean["alpha"] - exact.mean["mu_alpha"])))
    distance = draws["alpha"][:, i] - draws["mu_alpha"]
    coordinate = {"centred": distance, "noncentred": distance / sd}
    low, high = np.quantile(sd, [1 / 3, 2 / 3])
    widening = {k: float(v[sd > high].std() / v[sd < low].std()) for k, v in coordinate.items()}
    correlation = {
        k: float(np.corrcoef(np.abs(v), np.log(sd))[0, 1]) for k, v in coordinate.items()
    }
    own = float(exact.mean["sigma_alpha"]) ** 2
    weight = own / (own + float(exact.mean["sigma"]) ** 2 / m)
    return FunnelNumbers(sd, coordinate, widening, correlation, weight)


def funnel_frame(**settings: Any) -> Frame:
    """The same draws twice: in centred and in non-centred coordinates."""
    it = funnel_numbers(**settings)
    figure = new_figure(3.6)
    labels = {"centred": r"$\alpha_i - \mu_\alpha$", "noncentred": r"$\eta_i$"}
    titles = {"centred": "centred", "noncentred": "non-centred"}
    for ax, form in zip(panels(figure, 1, 2)[0], labels, strict=True):
        plots.funnel(it.coordinate[form], it.sigma_alpha, xlabel=labels[form], ax=ax)
        ax.set(title=titles[form], xlim=(-6, 6), ylim=(-2.6, 1.1))
        ax.label_outer()
    n, m = settings["n"], settings["m"]
    small = float(np.mean(it.sigma_alpha < 0.1))
    better = "non-centred" if it.weight < 0.5 else "centred"
    alt = f"""Draws from the exact posterior of {n} individuals with {m} observations each, of
        the individual farthest out, against sigma alpha on a log scale from
        {it.sigma_alpha.min():.3f} to {it.sigma_alpha.max():.2f}. From the lower third of sigma
        alpha to the upper, the centred coordinate becomes {it.widening["centred"]:.1f} times
        as wide, the non-centred {it.widening["noncentred"]:.1f} times."""
    reading = f"""From the lower third of σ_alpha to the upper the centred cloud becomes
        {it.widening["centred"]:.1f} times as wide, the non-centred
        {it.widening["noncentred"]:.1f} times; the correlation of its distance from the middle
        with log σ_alpha is {it.correlation["centred"]:.2f} and
        {it.correlation["noncentred"]:.2f}. Share of the posterior with σ_alpha below 0.1:
        {small:.1%}. An individual's own data have weight {it.weight:.2f} in its intercept, which
        speaks for {better} coordinates."""
    return Frame(figure, alt, reading)


def funnel_explorer() -> Explorer:
    """The funnel in both coordinates: n, m and the true sigma_alpha (chapter 8).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> "speaks for centred" in " ".join(funnel_explorer().frame(m=100).reading.split())
    True
    """
    sizes, observations = (5, 10, 25, 75, 200), (2, 5, 10, 20, 100)
    sds = (0.1, 0.3, 1.0, 2.0, 4.0)
    fine = (*range(5, 30), *range(30, 100, 5), *range(100, 201, 10))
    fine_m = (*range(2, 20), *range(20, 101, 5))
    fine_sds = tuple(round(0.1 * k, 1) for k in range(1, 51))
    return Explorer(
        "funnel-explorer",
        funnel_frame,
        (
            Control("n", "individuals, n", sizes, 75, fine),
            Control("m", "observations of each, m", observations, 5, fine_m),
            Control("sigma_alpha", "true sd of intercepts, σ_alpha", sds, 1.0, fine_sds),
        ),
        grids=(("n", "m"), ("m", "sigma_alpha")),
        kind="png",
    )
