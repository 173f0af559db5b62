"""One individual between its own data and the population (chapter 5)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from hiertools import plots
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import FINE_SDS, new_figure, panels
from hiertools.likelihood import normal_log_density


class ShrinkageNumbers(NamedTuple):
    """One individual without slope: its own data, the population, and both together."""

    weight: float
    """Of the own data in the estimate."""
    estimate: float
    centres: dict[str, float]
    sds: dict[str, float]


POPULATION_MEAN: Final = 2.0


def shrinkage_numbers(*, between: float, within: float, m: int, own: float) -> ShrinkageNumbers:
    r"""The posterior of one mean: :math:`w = (m/\sigma^2) / (m/\sigma^2 + 1/\sigma_\alpha^2)`."""
    of_data, of_population = m / within**2, 1 / between**2
    weight = of_data / (of_data + of_population)
    estimate = weight * own + (1 - weight) * POPULATION_MEAN
    centres = {"complete": POPULATION_MEAN, "unpooled": own, "hierarchical": estimate}
    precisions = (of_population, of_data, of_data + of_population)
    sds = {name: p**-0.5 for name, p in zip(centres, precisions, strict=True)}
    return ShrinkageNumbers(weight, estimate, centres, sds)


def shrinkage_frame(**settings: Any) -> Frame:
    """Three densities, and the arrow from the own mean to the estimate."""
    it = shrinkage_numbers(**settings)
    grid = np.linspace(-4, 12, 801)
    density = {
        name: np.exp(normal_log_density(grid, it.centres[name], it.sds[name]))
        for name in it.centres
    }
    # Each as high as the others: what counts is where they lie, and how wide.
    density = {name: values / values.max() for name, values in density.items()}
    figure = new_figure(3.2)
    ax = panels(figure, 1, 1, left=0.2, top=0.15)[0, 0]
    plots.pull(grid, density, it.centres, ax=ax)
    ax.set(xlim=(-4, 12), ylim=(0, 1.08))
    own, m, sd = settings["own"], settings["m"], it.sds["hierarchical"]
    alt = f"""Three bell curves: the population about {POPULATION_MEAN:.1f} with sd
        {it.sds["complete"]:.2f}, the individual's own mean {own:.1f} with sd
        {it.sds["unpooled"]:.2f}, and both together about {it.estimate:.2f} with sd {sd:.2f}.
        An arrow leads from {own:.1f} to {it.estimate:.2f}."""
    reading = f"""With {m} observation{"s" if m > 1 else ""} the individual's own data have a weight
        of {it.weight:.2f}: its mean of {own:.1f} is pulled by {abs(own - it.estimate):.2f} to
        {it.estimate:.2f}, give or take {sd:.2f}."""
    return Frame(figure, alt, reading)


def shrinkage_explorer() -> Explorer:
    """One individual between its own data and the population (chapter 5).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> round(shrinkage_numbers(between=1.0, within=2.0, m=4, own=6.0).weight, 6)
    0.5
    """
    sds = (0.2, 0.5, 1.0, 2.0, 4.0)
    means = (2.0, 3.5, 5.0, 6.0, 8.0)
    return Explorer(
        "shrinkage-explorer",
        shrinkage_frame,
        (
            Control("between", "sd between individuals, σ_alpha", sds, 1.0, FINE_SDS),
            Control("within", "sd within, σ", sds, 2.0, FINE_SDS),
            Control("m", "its observations, m_i", (1, 2, 5, 20, 100), 5, tuple(range(1, 101))),
            Control("own", "mean of its observations", means, 6.0, _tenths(-3, 11)),
        ),
        grids=(("between", "within"), ("between", "m"), ("own",)),
    )


def _tenths(low: int, high: int) -> tuple[float, ...]:
    return tuple(k / 10 for k in range(10 * low, 10 * high + 1))
