"""The article's data, which many exercises use."""

from __future__ import annotations

from functools import lru_cache

from hiertools._checks import FloatArray
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
