"""Bayesian hierarchical modelling, one chapter a module.

``import hiertools`` gives the names below. Pictures live in `hiertools.plots`, which is
imported by itself, so that whoever wants numbers alone need not load Matplotlib.
"""

from hiertools.article import Replication, article_start, replicate_article
from hiertools.comparison import (
    ErrorParts,
    coverage,
    error_parts,
    posterior_interval,
    posterior_mean,
    rmse,
)
from hiertools.data import GroupedData, GroupStatistics, simulate
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

__version__ = "0.1.0"

__all__ = [
    "Chain",
    "CompletePooling",
    "ErrorParts",
    "GroupStatistics",
    "GroupedData",
    "Hierarchical",
    "RRandom",
    "Replication",
    "Unpooled",
    "article_start",
    "as_rng",
    "coverage",
    "error_parts",
    "exact_posterior",
    "log_likelihood",
    "log_likelihood_loop",
    "log_likelihood_vectorized",
    "metropolis",
    "normal_log_density",
    "posterior_interval",
    "posterior_mean",
    "replicate_article",
    "rmse",
    "simulate",
]
