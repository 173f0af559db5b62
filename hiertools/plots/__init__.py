"""Every picture of the book: one look, one colour for each model, one for the truth.

The functions draw what they are given and compute nothing. Each takes the axes to draw on and
returns them; without `ax` it draws on a new figure. `use_book_style` sets fonts and sizes that
stay legible on a phone. A module holds the pictures of a chapter; `style` has what all share.
"""

from hiertools.plots.better_samplers import benchmark, funnel, orbit
from hiertools.plots.calibration import rank_differences, truth_ranks
from hiertools.plots.comparison import (
    bias,
    caterpillar,
    comparison,
    error_curve,
    estimates_and_truth,
    pull,
    shrinkage,
)
from hiertools.plots.data import dots, grouped_data, likelihood_curve, lines
from hiertools.plots.diagnostics import autocorrelation, rank_plot
from hiertools.plots.metropolis import acceptance, known_answer, steps, trace
from hiertools.plots.style import (
    CHAIN_COLOURS,
    QUIET,
    STYLES,
    Style,
    book_style,
    new_figure,
    use_book_style,
)

__all__ = [
    "CHAIN_COLOURS",
    "QUIET",
    "STYLES",
    "Style",
    "acceptance",
    "autocorrelation",
    "benchmark",
    "bias",
    "book_style",
    "caterpillar",
    "comparison",
    "dots",
    "error_curve",
    "estimates_and_truth",
    "funnel",
    "grouped_data",
    "known_answer",
    "likelihood_curve",
    "lines",
    "new_figure",
    "orbit",
    "pull",
    "rank_differences",
    "rank_plot",
    "shrinkage",
    "steps",
    "trace",
    "truth_ranks",
    "use_book_style",
]
