"""Bayesian hierarchical modelling, one chapter a module.

``import hiertools`` gives the names below. Pictures live in `hiertools.plots`, which is
imported by itself, so that whoever wants numbers alone need not load Matplotlib.
"""

from hiertools.article import Replication, article_start, replicate_article
from hiertools.benchmark import Benchmark, Measured, Spread, load_benchmark
from hiertools.comparison import (
    ErrorParts,
    coverage,
    error_parts,
    posterior_interval,
    posterior_mean,
    rmse,
)
from hiertools.data import GroupedData, GroupStatistics, simulate
from hiertools.diagnostics import (
    autocorrelation,
    ess_bulk,
    ess_tail,
    mcse_mean,
    rank_counts,
    rhat,
    summarize,
    to_arviz,
)
from hiertools.exact import exact_posterior
from hiertools.likelihood import (
    log_likelihood,
    log_likelihood_loop,
    log_likelihood_vectorized,
    normal_log_density,
)
from hiertools.metropolis import Chain, metropolis
from hiertools.priors import CompletePooling, Hierarchical, Unpooled
from hiertools.rrandom import RRandom, as_rng
from hiertools.summary import Summary

__version__ = "0.1.0"

__all__ = [
    "Benchmark",
    "Chain",
    "CompletePooling",
    "ErrorParts",
    "GroupStatistics",
    "GroupedData",
    "Hierarchical",
    "Measured",
    "RRandom",
    "Replication",
    "Spread",
    "Summary",
    "Unpooled",
    "article_start",
    "as_rng",
    "autocorrelation",
    "coverage",
    "error_parts",
    "ess_bulk",
    "ess_tail",
    "exact_posterior",
    "load_benchmark",
    "log_likelihood",
    "log_likelihood_loop",
    "log_likelihood_vectorized",
    "mcse_mean",
    "metropolis",
    "normal_log_density",
    "posterior_interval",
    "posterior_mean",
    "rank_counts",
    "replicate_article",
    "rhat",
    "rmse",
    "simulate",
    "summarize",
    "to_arviz",
]
