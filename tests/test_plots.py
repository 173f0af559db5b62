"""Plots draw what they are given, on the axes they are given, in colours that can be told apart."""

import inspect
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from hiertools import load_benchmark, plots, simulate

mpl.use("Agg")
RESULT = Path(__file__).parents[1] / "benchmarks" / "results" / "samplers.json"


def lines_of(n):
    return {"alpha": np.linspace(0, 1, n), "beta": np.linspace(-1, 0, n)}


CALLS = {
    "benchmark": lambda ax: plots.benchmark(load_benchmark(RESULT).of(75), ax=ax),
    "grouped_data": lambda ax: plots.grouped_data(simulate(n=6, rng=1)[0], ax=ax),
    "dots": lambda ax: plots.dots({"truth": np.arange(4.0), "unpooled": np.arange(4.0)}, ax=ax),
    "lines": lambda ax: plots.lines(**lines_of(4), ax=ax),
    "likelihood_curve": lambda ax: plots.likelihood_curve([1, 2], [0.0, 1.0], truth=1.5, ax=ax),
    "trace": lambda ax: plots.trace(np.arange(9.0), warmup=3, truth=2.0, ax=ax),
    "rank_plot": lambda ax: plots.rank_plot([[3, 1, 0], [1, 2, 1]], ax=ax),
    "autocorrelation": lambda ax: plots.autocorrelation([[1.0, 0.5], [1.0, 0.2]], ax=ax),
    "truth_ranks": lambda ax: plots.truth_ranks([5, 3, 4], band=(1.0, 8.0), ax=ax),
    "rank_differences": lambda ax: plots.rank_differences(
        {"sigma": [0.0, 0.4, 1.0]}, ([0.0, 0.3, 1.0], [0.0, 0.7, 1.0]), ax=ax
    ),
    "acceptance": lambda ax: plots.acceptance([0.1, 1], [0.9, 0.1], style="unpooled", ax=ax),
    "estimates_and_truth": lambda ax: plots.estimates_and_truth(
        **lines_of(4), truth=lines_of(4), style="unpooled", ax=ax
    ),
    "shrinkage": lambda ax: plots.shrinkage(lines_of(4), lines_of(4), (0.0, 0.0), ax=ax),
    "bias": lambda ax: plots.bias([1.0, 2.0], [0.0, 0.1], style="complete", ax=ax),
    "error_curve": lambda ax: plots.error_curve([1, 10], [1.0, 0.5], style="complete", ax=ax),
    "known_answer": lambda ax: plots.known_answer(ax or plt.subplots()[1], 0.0, 1.0),
    "pull": lambda ax: plots.pull(
        np.arange(3.0),
        dict.fromkeys(("complete", "unpooled", "hierarchical"), np.ones(3)),
        dict.fromkeys(("complete", "unpooled", "hierarchical"), 1.0),
        ax=ax,
    ),
    "steps": lambda ax: plots.steps(
        (np.arange(2), np.arange(2), np.eye(2)), [[0.0, 0.0], [1.0, 1.0]], [0.5, 0.5], ax=ax
    ),
    "funnel": lambda ax: plots.funnel([0.0, 0.1], [0.2, 2.0], xlabel="z", ax=ax),
    "orbit": lambda ax: plots.orbit(
        (np.arange(2), np.arange(2), np.eye(2)), [[0.0, 0.0], [1.0, 1.0]], turned=1, ax=ax
    ),
    "caterpillar": lambda ax: plots.caterpillar([[0, 1], [2, 3]], [0.5, 9.0], style="truth", ax=ax),
}


def test_every_plot_that_takes_axes_is_called_here():
    takes_axes = {
        name
        for name, function in inspect.getmembers(plots, inspect.isfunction)
        if function.__module__.startswith(plots.__name__)
        and not name.startswith("_")
        and "ax" in inspect.signature(function).parameters
    }
    assert takes_axes == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_draws_on_the_axes_it_is_given_and_returns_them(name):
    figure, (left, right) = plt.subplots(1, 2)
    assert CALLS[name](left) is left
    assert left.has_data()
    assert not right.has_data()
    figure.canvas.draw()


@pytest.mark.parametrize("name", CALLS)
def test_makes_a_figure_of_its_own_without_axes(name):
    before = set(plt.get_fignums())
    ax = CALLS[name](None)
    assert len(set(plt.get_fignums()) - before) == 1
    assert ax.has_data()


def test_estimates_and_truth_stand_where_their_numbers_say():
    estimate, truth = lines_of(3), {"alpha": np.array([5.0, 6, 7]), "beta": np.array([8.0, 9, 10])}
    ax = plots.estimates_and_truth(
        **estimate, truth=truth, style="hierarchical", rmse={"alpha": 0.123, "beta": 4.567}
    )
    ties, light, dark = ax.lines
    np.testing.assert_array_equal(dark.get_xydata(), np.transpose(list(estimate.values())))
    np.testing.assert_array_equal(light.get_xydata(), np.transpose(list(truth.values())))
    for axis, name in enumerate(("alpha", "beta")):
        ends = ties.get_xydata()[:, axis].reshape(3, 3)  # from, to, and a gap
        np.testing.assert_array_equal(ends[:, :2], np.transpose([estimate[name], truth[name]]))
        assert np.isnan(ends[:, 2]).all()
    assert ["0.12" in text.get_text() and "4.57" in text.get_text() for text in ax.texts] == [True]


def test_complete_pooling_shows_one_estimate_for_everybody():
    ax = plots.estimates_and_truth([1.0], [2.0], lines_of(3), style="complete")
    assert ax.lines[-1].get_xydata().tolist() == [[1.0, 2.0]] * 3


def test_rank_plot_has_a_row_for_each_chain_with_bars_as_high_as_its_counts():
    counts = np.array([[3, 1, 0], [1, 2, 5]])
    ax = plots.rank_plot(counts)
    for k, bars in enumerate(ax.containers):
        heights = [-bar.get_height() for bar in bars]
        np.testing.assert_allclose(np.divide(heights, heights[1]), counts[k] / counts[k][1])
        bottoms = {round(bar.get_y(), 6) for bar in bars}
        assert bottoms == {k + 0.5}  # the axis points down: chain 1 is on top
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_autocorrelation_draws_a_curve_for_each_chain_from_lag_zero():
    rho = np.array([[1.0, 0.5, 0.2], [1.0, 0.1, 0.0]])
    ax = plots.autocorrelation(rho, labels=["slow", "quick"])
    for curve, line in zip(rho, ax.lines, strict=False):
        np.testing.assert_array_equal(line.get_xydata(), np.transpose([range(3), curve]))
    assert [text.get_text() for text in ax.legend().get_texts()] == ["slow", "quick"]
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()


def test_caterpillar_marks_the_intervals_that_miss():
    ax = plots.caterpillar([[0, 1], [2, 3], [4, 5]], [0.5, 9.0, 4.5], style="hierarchical")
    held, missed = ax.collections
    assert len(held.get_segments()) == 2
    assert missed.get_segments()[0][:, 0].tolist() == [2, 3]


def test_arrows_lead_from_before_to_after():
    before, after = lines_of(3), {"alpha": np.zeros(3), "beta": np.ones(3)}
    arrows = plots.shrinkage(before, after).collections[0]
    np.testing.assert_allclose(arrows.XY, np.transpose(list(before.values())))
    np.testing.assert_allclose(arrows.U, after["alpha"] - before["alpha"])
    np.testing.assert_allclose(arrows.V, after["beta"] - before["beta"])


def contrast(one, other):
    """Contrast ratio of WCAG 2: 1 for equal colours, 21 for black on white."""

    def luminance(colour):
        c = np.array(to_rgb(colour))
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("style", plots.STYLES)
def test_every_style_can_be_seen_on_white(style):
    # WCAG 2.1 asks for 3 to 1 of what a graphic needs to be understood (1.4.11).
    assert contrast(plots.STYLES[style].colour, "white") >= 3


def in_the_dark(colour):
    """What dark mode makes of a colour: theme/static/book.css, and CSS Filter Effects."""
    inverted = 0.92 - 0.84 * np.array(to_rgb(colour))
    hue_turned = [[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]]
    return np.clip(hue_turned @ inverted, 0, 1)


@pytest.mark.parametrize("style", plots.STYLES)
def test_every_style_can_be_seen_in_dark_mode(style):
    assert contrast(in_the_dark(plots.STYLES[style].colour), in_the_dark("white")) >= 3


def test_styles_differ_without_colour():
    looks = [(s.marker, s.line) for s in plots.STYLES.values() if s.label != "truth"]
    assert len(set(looks)) == len(looks)


def test_colours_differ_for_the_colour_blind():
    # Machado, Oliveira and Fernandes (2009), severity 1: how red- and green-blind people see.
    seen_as = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                   [-0.011820, 0.042940, 0.968881]],
    }  # fmt: skip
    for matrix in seen_as.values():
        colours = [np.array(matrix) @ to_rgb(s.colour) for s in plots.STYLES.values()]
        nearest = min(np.linalg.norm(a - b) for a, b in combinations(colours, 2))
        assert nearest > 0.15
