"""Six samplers with a planted fault, and one without, to try checks on (chapter 9).

Each fault is a slip of one line that raises no error and leaves chains that look healthy. A
check is worth what it sees of them: `FAULTS` names them all, and each runs like `metropolis`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hiertools._checks import (
    BoolArray,
    FloatArray,
    positive_number,
    whole_number,
)
from hiertools.calibration import Kernel, Sampler, last_draws
from hiertools.data import GroupedData
from hiertools.likelihood import log_likelihood
from hiertools.metropolis import Chain, LogDensity, begin
from hiertools.priors import Model
from hiertools.replicates import checked_model
from hiertools.rrandom import Rng, as_rng

Draws = dict[str, FloatArray]


class Place(NamedTuple):
    """Where the chains are, and what the sampler believes the log density there to be."""

    params: Draws
    log_density: FloatArray


Step = Callable[[Place, LogDensity, float, Any], tuple[Place, BoolArray]]


# --- one step of Metropolis: right, and wrong in four ways ---


def right_step(
    here: Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
) -> tuple[Place, BoolArray]:
    """Propose, compare, move or stay."""
    there = propose(here, log_posterior, proposal_sd, rng)
    log_ratio = there.log_density - here.log_density
    accepted = np.log(rng.random(log_ratio.shape)) < log_ratio
    return choose(accepted, there, here), accepted


def missing_jacobian(
    here: Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
) -> tuple[Place, BoolArray]:
    """Walk on the log of sigma, and compare densities of sigma: log(sigma'/sigma) is missing."""
    factor = np.exp(proposal_sd * rng.standard_normal(here.log_density.shape))
    new = here.params["sigma"] * factor
    there = propose(here, log_posterior, proposal_sd, rng, sigma=new)
    log_ratio = there.log_density - here.log_density
    accepted = np.log(rng.random(log_ratio.shape)) < log_ratio
    return choose(accepted, there, here), accepted


def wrong_accept_rule(
    here: Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
) -> tuple[Place, BoolArray]:
    """Compare a natural logarithm with one to base 10."""
    there = propose(here, log_posterior, proposal_sd, rng)
    log_ratio = there.log_density - here.log_density
    accepted = np.log10(rng.random(log_ratio.shape)) < log_ratio
    return choose(accepted, there, here), accepted


def rejected_draws_dropped(
    here: Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
) -> tuple[Place, BoolArray]:
    """Propose again until one is accepted, six times at most; so few draws repeat."""
    moved = np.zeros(here.log_density.shape, dtype=np.bool_)
    for _ in range(6):
        there, accepted = right_step(here, log_posterior, proposal_sd, rng)
        here = choose(accepted & ~moved, there, here)
        moved = moved | accepted
        if moved.all():
            break
    return here, moved


def stale_log_density(
    here: Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
) -> tuple[Place, BoolArray]:
    """Move, and forget to store the log density of the new place."""
    moved, accepted = right_step(here, log_posterior, proposal_sd, rng)
    return moved._replace(log_density=here.log_density), accepted


# --- log posteriors: right, and wrong in two ways ---


def right_log_posterior(model: Model, data: GroupedData, params: Draws) -> FloatArray:
    """Log prior plus log likelihood."""
    return model.log_posterior(data, params)


def sd_as_variance(
    model: Model,
    data: GroupedData,
    params: Draws,
) -> FloatArray:
    """Let sigma, a standard deviation, stand where the likelihood wants a variance."""
    sd = np.sqrt(np.maximum(params["sigma"], 0.0))
    instead = params | {"sigma": sd}
    return model.log_prior(params) + log_likelihood(data, instead)


def data_forgotten(
    model: Model,
    _data: GroupedData,
    params: Draws,
) -> FloatArray:
    """Leave the likelihood out: the prior in place of the posterior."""
    return model.log_prior(params)


# --- the collection ---


class Fault(NamedTuple):
    """A sampler and a log posterior; at most one of the two is wrong."""

    what: str
    """The slip, in a few words."""
    step: Step = right_step
    """One iteration."""
    log_posterior: Callable[[Model, GroupedData, Draws], FloatArray] = right_log_posterior
    """The log posterior that it walks on, a function of model, data and parameters."""

    def sample(
        self,
        log_posterior: LogDensity,
        start: Mapping[str, ArrayLike],
        *,
        proposal_sd: float,
        n_draws: int,
        rng: Rng,
    ) -> Chain:
        """Run this sampler on any log posterior, as `metropolis` does.

        Parameters
        ----------
        log_posterior : callable
            Takes a dict like `start`.
        start : dict
            Scalars and vectors by parameter name, or the same with a leading chain axis.
        proposal_sd : float
            Standard deviation of a step of every parameter.
        n_draws : int
        rng : int, numpy.random.Generator or RRandom

        Returns
        -------
        Chain

        Raises
        ------
        ValueError
            As `metropolis`.

        Examples
        --------
        >>> def log_density(params):
        ...     return -0.5 * params["z"] ** 2
        >>> narrow = FAULTS["wrong accept rule"]
        >>> chain = narrow.sample(log_density, {"z": 0.0}, proposal_sd=2, n_draws=4000, rng=1)
        >>> bool(chain.draws["z"].std() < 0.8)
        True
        """
        n_draws, rng = whole_number("n_draws", n_draws, least=1), as_rng(rng)
        proposal_sd = positive_number("proposal_sd", proposal_sd)
        layout, state = begin(log_posterior, start)
        here = Place(layout.by_name(state.position), state.log_density)
        places, moves = [], []
        for _ in range(n_draws):
            here, accepted = self.step(here, log_posterior, proposal_sd, rng)
            places.append(here)
            moves.append(accepted)
        axis = here.log_density.ndim
        draws = {name: np.stack([p.params[name] for p in places], axis=axis) for name in start}
        log_density = np.stack([p.log_density for p in places], axis=axis)
        return Chain(draws, log_density, np.stack(moves, axis=axis))

    def sampler(self, model: Model, *, proposal_sd: float) -> Sampler:
        """The sampler on its log posterior of a model, in the form that `chain_sampler` takes.

        Parameters
        ----------
        model : Unpooled, CompletePooling or Hierarchical
        proposal_sd : float

        Returns
        -------
        callable
            ``sampler(data, start, n_draws, rng) -> draws``

        Raises
        ------
        ValueError
            If `model` is no model of this package, or `proposal_sd` not above zero.

        Examples
        --------
        >>> from hiertools import CompletePooling
        >>> sampler = FAULTS["none"].sampler(CompletePooling(), proposal_sd=0.5)
        >>> data = GroupedData(y=[[1.0, 3.0], [2.0, 0.0]], x=[0, 1], group=[0, 0])
        >>> start = {"alpha": np.zeros((2, 1)), "beta": np.zeros((2, 1)), "sigma": np.ones(2)}
        >>> sampler(data, start, 5, np.random.default_rng(1))["sigma"].shape
        (2, 5)
        """
        checked_model(model)
        proposal_sd = positive_number("proposal_sd", proposal_sd)

        def sampler(data: GroupedData, start: Draws, n_draws: int, rng: Any) -> Draws:
            log_posterior = partial(self.log_posterior, model, data)
            chain = self.sample(
                log_posterior, start, proposal_sd=proposal_sd, n_draws=n_draws, rng=rng
            )
            return chain.draws

        return sampler

    def kernel(self, model: Model, *, proposal_sd: float) -> Kernel:
        """The same in the form that `joint_test` takes: where the chains are in the end.

        Parameters
        ----------
        model : Unpooled, CompletePooling or Hierarchical
        proposal_sd : float

        Returns
        -------
        callable
            ``kernel(data, params, n_steps, rng) -> params``

        Raises
        ------
        ValueError
            If `model` is no model of this package, or `proposal_sd` not above zero.

        Examples
        --------
        >>> from hiertools import CompletePooling
        >>> kernel = FAULTS["none"].kernel(CompletePooling(), proposal_sd=0.5)
        >>> data = GroupedData(y=[[1.0, 3.0], [2.0, 0.0]], x=[0, 1], group=[0, 0])
        >>> start = {"alpha": np.zeros((2, 1)), "beta": np.zeros((2, 1)), "sigma": np.ones(2)}
        >>> kernel(data, start, 5, np.random.default_rng(1))["sigma"].shape
        (2,)
        """
        return last_draws(self.sampler(model, proposal_sd=proposal_sd))


FAULTS = {
    "none": Fault("no fault: the control"),
    "missing Jacobian": Fault("walks on log sigma, compares densities of sigma", missing_jacobian),
    "sd used as variance": Fault("sigma where a variance is due", log_posterior=sd_as_variance),
    "wrong accept rule": Fault("log10 of the uniform number", wrong_accept_rule),
    "rejected draws dropped": Fault("keeps accepted draws only", rejected_draws_dropped),
    "stale log density": Fault("moves, keeps the old log density", stale_log_density),
    "data forgotten": Fault("prior in place of posterior", log_posterior=data_forgotten),
}
"""The faults by name; ``FAULTS["none"]`` is the right sampler, made of the same parts."""


# --- what the steps are made of ---


def propose(
    here: Place,
    log_posterior: LogDensity,
    proposal_sd: float,
    rng: Any,
    **instead: FloatArray,
) -> Place:
    """A normal step away, or where `instead` says."""
    params = {
        name: value + proposal_sd * rng.standard_normal(value.shape)
        for name, value in here.params.items()
    } | instead
    return Place(params, np.asarray(log_posterior(params)))


def choose(accepted: BoolArray, there: Place, here: Place) -> Place:
    """Chain by chain, there or here."""

    def either(new: FloatArray, old: FloatArray) -> FloatArray:
        chosen: FloatArray = np.where(
            accepted.reshape(accepted.shape + (1,) * (old.ndim - accepted.ndim)), new, old
        )
        return chosen

    params = {name: either(there.params[name], old) for name, old in here.params.items()}
    return Place(params, either(there.log_density, here.log_density))
