"""Interactive figures of the chapters: each a function of a few settings, moved by sliders.

Every explorer is made of two steps, numbers and a picture of them. The first is a pure function of
the settings; `explorer.Explorer` gives the whole its two faces.
"""

from __future__ import annotations

from typing import Final

from hiertools.explorers.comparison import comparison_explorer
from hiertools.explorers.data import data_explorer
from hiertools.explorers.funnel import funnel_explorer
from hiertools.explorers.leapfrog import leapfrog_explorer
from hiertools.explorers.nodes import nodes_explorer
from hiertools.explorers.pooling import pooling_explorer
from hiertools.explorers.sampler import sampler_explorer
from hiertools.explorers.shrinkage import shrinkage_explorer
from hiertools.explorers.stepper import metropolis_stepper

EXPLORERS: Final = (
    data_explorer,
    metropolis_stepper,
    sampler_explorer,
    shrinkage_explorer,
    pooling_explorer,
    comparison_explorer,
    nodes_explorer,
    funnel_explorer,
    leapfrog_explorer,
)
"""All of them, in the order of the book."""

__all__ = [
    "EXPLORERS",
    "comparison_explorer",
    "data_explorer",
    "funnel_explorer",
    "leapfrog_explorer",
    "metropolis_stepper",
    "nodes_explorer",
    "pooling_explorer",
    "sampler_explorer",
    "shrinkage_explorer",
]
