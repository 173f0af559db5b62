"""The article's data and chains, which many exercises use: made once."""

from __future__ import annotations

from functools import lru_cache

from hiertools._checks import FloatArray
from hiertools.article import Replication, replicate_article
from hiertools.data import GroupedData, simulate
from hiertools.rrandom import RRandom


@lru_cache
def article_data() -> tuple[GroupedData, dict[str, FloatArray]]:
    """The article's data and their truth, without its chains.

    Returns
    -------
    data : GroupedData
    truth : dict of ndarray
    """
    return simulate(rng=RRandom(1))


@lru_cache
def article_run() -> Replication:
    """The article's chains, which take seconds.

    Returns
    -------
    Replication
    """
    return replicate_article()
