"""Bayesian hierarchical modelling, one chapter a module.

``import hiertools`` gives the names below. Pictures live in `hiertools.plots`, which is
imported by itself, so that whoever wants numbers alone need not load Matplotlib.
"""

from hiertools.adaptation import HamiltonianChain
from hiertools.article import Replication, article_start, replicate_article
from hiertools.benchmark import Benchmark, load_benchmark
from hiertools.blockwise import blockwise_metropolis
from hiertools.calibration import (
    chain_sampler,
    exact_sampler,
    joint_test,
    last_draws,
    sbc,
)
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
from hiertools.gibbs import gibbs
from hiertools.hamiltonian import hmc
from hiertools.likelihood import (
    log_likelihood,
    log_likelihood_loop,
    log_likelihood_vectorized,
    normal_log_density,
)
from hiertools.metropolis import Chain, metropolis
from hiertools.nuts import nuts
from hiertools.parametrisation import Coordinates, centred, noncentred
from hiertools.priors import CompletePooling, Hierarchical, Unpooled
from hiertools.rrandom import RRandom, as_rng
from hiertools.summary import Summary
from hiertools.tuned import Tuned, tune, tuned_metropolis
from hiertools.uniformity import Ranks

__version__ = "0.1.0"

__all__ = [
    "Benchmark",
    "Chain",
    "CompletePooling",
    "Coordinates",
    "ErrorParts",
    "GroupStatistics",
    "GroupedData",
    "HamiltonianChain",
    "Hierarchical",
    "RRandom",
    "Ranks",
    "Replication",
    "Summary",
    "Tuned",
    "Unpooled",
    "article_start",
    "as_rng",
    "autocorrelation",
    "blockwise_metropolis",
    "centred",
    "chain_sampler",
    "coverage",
    "error_parts",
    "ess_bulk",
    "ess_tail",
    "exact_posterior",
    "exact_sampler",
    "gibbs",
    "hmc",
    "joint_test",
    "last_draws",
    "load_benchmark",
    "log_likelihood",
    "log_likelihood_loop",
    "log_likelihood_vectorized",
    "mcse_mean",
    "metropolis",
    "noncentred",
    "normal_log_density",
    "nuts",
    "posterior_interval",
    "posterior_mean",
    "rank_counts",
    "replicate_article",
    "rhat",
    "rmse",
    "sbc",
    "simulate",
    "summarize",
    "to_arviz",
    "tune",
    "tuned_metropolis",
]
