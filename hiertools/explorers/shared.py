"""What several explorers share: settings, the article's data, panels at fixed places."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from matplotlib.figure import Figure

from hiertools.data import GroupedData, simulate
from hiertools.exact import ExactPosterior, exact_posterior
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
WINDOW: Final = {"xlim": (-3, 7), "ylim": (-7, 3)}
"""Of intercepts and slopes, where many settings are compared."""


def new_figure(height: float) -> Figure:
    """An empty figure of the book's width, outside pyplot's list of open ones.

    Its panels are placed by hand: so they stay where they are when the numbers change, and a
    move takes half the time.
    """
    figure = Figure(figsize=(5.2, height))
    figure.set_layout_engine("none")
    return figure


def panels(figure: Figure, rows: int, columns: int, **place: Any) -> Any:
    """Axes on a grid with room for labels; `place` in inches from the figure's edges."""
    width, height = figure.get_size_inches()
    inches = {"left": 0.62, "right": 0.12, "bottom": 0.5, "top": 0.3} | place
    grid = figure.add_gridspec(
        rows,
        columns,
        left=inches["left"] / width,
        right=1 - inches["right"] / width,
        bottom=inches["bottom"] / height,
        top=1 - inches["top"] / height,
        wspace=place.get("wspace", 0.12),
        hspace=place.get("hspace", 0.2),
    )
    return grid.subplots(squeeze=False)


@lru_cache(maxsize=1)
def article_data() -> GroupedData:
    """The article's data."""
    return simulate(rng=RRandom(1))[0]


@lru_cache(maxsize=2)
def article_answer(model: str) -> ExactPosterior:
    """The exact posterior of the article's data."""
    return exact_posterior(article_data(), MODELS[model])
