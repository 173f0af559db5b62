"""Samplers that know the model better than a random walk does (chapter 8).

Random walks that tune themselves (`tuned`) or move one block at a time (`blockwise`); Gibbs, which
draws each block given the others (`gibbs`); and those that follow a gradient (`hamiltonian`,
`nuts`), in coordinates that know no bounds (`parametrisation`).
"""

from hiertools.better_samplers.adaptation import HamiltonianChain
from hiertools.better_samplers.blockwise import blockwise_metropolis
from hiertools.better_samplers.gibbs import gibbs
from hiertools.better_samplers.hamiltonian import hmc
from hiertools.better_samplers.nuts import nuts
from hiertools.better_samplers.parametrisation import Coordinates, centred, noncentred
from hiertools.better_samplers.tuned import Tuned, tune, tuned_metropolis

__all__ = [
    "Coordinates",
    "HamiltonianChain",
    "Tuned",
    "blockwise_metropolis",
    "centred",
    "gibbs",
    "hmc",
    "noncentred",
    "nuts",
    "tune",
    "tuned_metropolis",
]
