"""Random-walk Metropolis: a walk that visits each place as often as it should (chapter 4)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiertools._checks import FloatArray, finite_array, positive_number, whole_number
from hiertools.rrandom import Rng, as_rng

LogDensity = Callable[[dict[str, FloatArray]], Any]


class Chain(NamedTuple):
    """What a sampler leaves behind, one row for each iteration.

    Axes are (n_draws, ...) for one chain and (n_chains, n_draws, ...) for several. The start
    is not among the draws; a rejected proposal repeats the draw before it.
    """

    draws: dict[str, FloatArray]
    """The draws of each parameter."""
    log_density: FloatArray
    """The log density at each draw, shape (n_draws,) or (n_chains, n_draws)."""
    accepted: NDArray[np.bool_]
    """Whether the proposal of each iteration was accepted, of the same shape."""

    @property
    def accept_rate(self) -> FloatArray:
        """Share of proposals that were accepted: a number, or shape (n_chains,)."""
        rate: FloatArray = self.accepted.mean(axis=-1)
        return rate


class State(NamedTuple):
    """Where the chains stand."""

    position: FloatArray
    """All parameters side by side, shape (d,) or (n_chains, d)."""
    log_density: FloatArray
    """The log density there, shape () or (n_chains,)."""


def metropolis(
    log_posterior: LogDensity,
    start: Mapping[str, ArrayLike],
    *,
    proposal_sd: float | Mapping[str, float],
    n_draws: int,
    rng: Rng,
    progress: bool = False,
) -> Chain:
    r"""Sample a distribution by a random walk that is sometimes refused a step.

    Each iteration proposes :math:`\theta' = \theta + s z` with standard normal z, and moves
    there with probability

    .. math:: \min\!\big(1,\ p(\theta') / p(\theta)\big);

    otherwise it stays. This leaves the distribution with density proportional to p invariant.

    Parameters
    ----------
    log_posterior : callable
        Takes a dict like `start`; returns the log density, up to a constant: a number, or
        shape (n_chains,) if the start has a leading chain axis. -inf outside the support.
    start : dict
        Where to begin: scalars and vectors by parameter name, or the same with a leading
        chain axis, for many chains at once.
    proposal_sd : float or dict of float
        Standard deviation of a step, in the parameter's units; one number for all parameters
        or one for each by name.
    n_draws : int
        Number of iterations, and so of draws, for each chain.
    rng : int, numpy.random.Generator or RRandom
        Each iteration draws one normal for each parameter in the order of `start`, then one
        uniform, for all chains; an RRandom thus makes the chain that R makes.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Chain

    Warns
    -----
    RuntimeWarning
        If the run is interrupted from the keyboard: the chain then holds what was drawn.

    Raises
    ------
    ValueError
        If the start is empty, not finite or outside the support; if `proposal_sd` is not above
        zero or does not name the parameters of the start; if `n_draws` is below 1; if `rng` is
        of the wrong kind; if `log_posterior` is no function, or returns NaN, +inf, what is no
        real number, or an unexpected shape.

    References
    ----------
    Metropolis et al. (1953); Gelman et al. (2013), section 11.2; chapter 4.

    Examples
    --------
    A standard normal distribution, one chain and then three:

    >>> def log_density(params):
    ...     return -0.5 * params["z"] ** 2
    >>> chain = metropolis(log_density, {"z": 0.0}, proposal_sd=2.4, n_draws=1000, rng=1)
    >>> chain.draws["z"].shape, bool(0.3 < chain.accept_rate < 0.6)
    ((1000,), True)
    >>> chains = metropolis(log_density, {"z": [-1, 0, 1]}, proposal_sd=2.4, n_draws=1000, rng=1)
    >>> chains.draws["z"].shape
    (3, 1000)
    """
    n_draws, rng = whole_number("n_draws", n_draws, least=1), as_rng(rng)
    layout, state = begin(log_posterior, start)
    step_sd = _step_sd(proposal_sd, layout, state.position.shape[-1])

    chain_shape = state.log_density.shape
    positions = np.empty((n_draws, *state.position.shape))
    log_density = np.empty((n_draws, *chain_shape))
    accepted = np.empty((n_draws, *chain_shape), dtype=np.bool_)

    n_done = 0
    try:
        for t in _iterations(n_draws, progress):
            state, accepted[t] = metropolis_step(state, log_posterior, layout, step_sd, rng)
            positions[t], log_density[t] = state
            n_done = t + 1
    except KeyboardInterrupt:
        if n_done == 0:
            raise
        warnings.warn(
            f"interrupted: the chain holds the {n_done} of {n_draws} draws made so far",
            RuntimeWarning,
            stacklevel=2,
        )
    # The iteration axis was first while drawing; in the answer the chain axis is.
    draw_axis = len(chain_shape)
    positions, log_density, accepted = (
        np.moveaxis(a[:n_done], 0, draw_axis) for a in (positions, log_density, accepted)
    )
    return Chain(layout.by_name(positions), log_density, accepted)


def metropolis_step(
    state: State, log_posterior: LogDensity, layout: Layout, step_sd: Any, rng: Any
) -> tuple[State, NDArray[np.bool_]]:
    r"""One iteration: propose, compare, move or stay.

    .. math::
        \theta' = \theta + s z, \qquad
        \text{accept if } u < \exp\big(\log p(\theta') - \log p(\theta)\big)

    Parameters
    ----------
    state : State
    log_posterior : callable
        As for `metropolis`.
    layout : Layout
        Which part of the position is which parameter.
    step_sd : float or ndarray of shape (d,)
        Standard deviation of the step.
    rng : numpy.random.Generator or RRandom

    Returns
    -------
    state : State
        The proposal where it was accepted, else the state that came in.
    accepted : ndarray of bool, shape () or (n_chains,)

    Raises
    ------
    ValueError
        If `log_posterior` returns NaN or +inf.
    """
    proposal = state.position + step_sd * rng.standard_normal(state.position.shape)
    log_density = _evaluate(log_posterior, layout.by_name(proposal), state.log_density.shape)

    log_ratio = log_density - state.log_density
    accepted = rng.random(log_ratio.shape) < np.exp(np.minimum(log_ratio, 0.0))

    position = np.where(accepted[..., None], proposal, state.position)
    return State(position, np.where(accepted, log_density, state.log_density)), accepted


class Layout(NamedTuple):
    """Which columns of a position hold which parameter."""

    columns: dict[str, slice | int]
    """A slice for a vector, a single column for a scalar."""

    def by_name(self, position: FloatArray) -> dict[str, FloatArray]:
        """Views into `position`, shape (..., d), as a dict of parameters."""
        return {name: position[..., column] for name, column in self.columns.items()}


def begin(log_posterior: LogDensity, start: Mapping[str, ArrayLike]) -> tuple[Layout, State]:
    """The layout and the first state; the log density there tells how many chains there are."""
    if not isinstance(start, Mapping) or not start:
        raise ValueError(
            f"start must be a dict of numbers by parameter name, got {type(start).__name__}"
        )
    if not callable(log_posterior):
        raise ValueError(f"log_posterior must be a function, got {type(log_posterior).__name__}")
    arrays = {name: finite_array(f"start[{name!r}]", value) for name, value in start.items()}
    log_density = _evaluate(log_posterior, {k: v.copy() for k, v in arrays.items()}, None)
    chain_shape = log_density.shape
    if len(chain_shape) > 1 or any(
        a.size == 0 or a.shape[: len(chain_shape)] != chain_shape or a.ndim > len(chain_shape) + 1
        for a in arrays.values()
    ):
        shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise ValueError(
            "start must hold scalars and vectors, all with the same leading chain axis or none, "
            f"and log_posterior must return one number for each chain; got {shapes}, and a log "
            f"density of shape {chain_shape}"
        )
    if not (log_density > -np.inf).all():
        raise ValueError(
            f"start is outside the support: log_posterior there is {log_density}; begin where "
            "the density is above zero"
        )

    columns: dict[str, slice | int] = {}
    width = 0
    for name, a in arrays.items():
        is_scalar = a.ndim == len(chain_shape)
        length = 1 if is_scalar else a.shape[-1]
        columns[name] = width if is_scalar else slice(width, width + length)
        width += length
    position = np.concatenate([a.reshape((*chain_shape, -1)) for a in arrays.values()], axis=-1)
    return Layout(columns), State(position, log_density)


def _evaluate(
    log_posterior: LogDensity, params: dict[str, FloatArray], shape: tuple[int, ...] | None
) -> FloatArray:
    """The log density as an array, refused where it is NaN or +inf or of another shape."""
    log_density = np.asarray(log_posterior(params))
    if log_density.dtype.kind not in "biuf" or not (log_density < np.inf).all():
        raise ValueError(
            f"log_posterior returned {log_density}; it must return a finite number, or -inf "
            "outside the support"
        )
    if shape is not None and log_density.shape != shape:
        raise ValueError(
            f"log_posterior returned shape {log_density.shape}, but {shape} at the start"
        )
    return log_density.astype(np.float64, copy=False)


def _step_sd(
    proposal_sd: float | Mapping[str, float], layout: Layout, width: int
) -> float | FloatArray:
    """`proposal_sd` as one number or as one for each column."""
    if not isinstance(proposal_sd, Mapping):
        return positive_number("proposal_sd", proposal_sd)
    if set(proposal_sd) != set(layout.columns):
        raise ValueError(
            f"proposal_sd must name the parameters of start ({', '.join(layout.columns)}), "
            f"got {', '.join(map(str, proposal_sd)) or 'nothing'}"
        )
    step_sd = np.empty(width)
    for name, column in layout.columns.items():
        step_sd[column] = positive_number(f"proposal_sd[{name!r}]", proposal_sd[name])
    return step_sd


def _iterations(n_draws: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(n_draws)
    from tqdm.auto import tqdm

    bar: Iterable[int] = tqdm(range(n_draws), unit="draw")
    return bar
