"""Does the code draw from the posterior that the model has? Two checks by simulation (chapter 9).

Parameters from the prior and data from the model are a draw from their joint distribution, and
the parameters a draw from the posterior given those data. Whatever claims to draw from the
posterior can be held against them: one step on (`joint_test`), or side by side (`sbc`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiertools._checks import FloatArray, float_array, whole_number
from hiertools.data import GroupedData
from hiertools.exact import integrate
from hiertools.priors import Model
from hiertools.replicates import checked_model, draw_joint, quantities
from hiertools.rrandom import Rng, as_rng
from hiertools.uniformity import Ranks

Kernel = Callable[[GroupedData, dict[str, FloatArray], int, Any], Mapping[str, Any]]
"""``kernel(data, params, n_steps, rng)``: every replicate's parameters, `n_steps` steps on."""
Sampler = Callable[[GroupedData, dict[str, FloatArray], int, Any], Mapping[str, Any]]
"""``sampler(data, truth, n_draws, rng)``: draws of shape (n_replicates, n_draws, ...)."""


def joint_test(
    kernel: Kernel,
    model: Model,
    *,
    design: GroupedData,
    n_replicates: int = 1500,
    n_steps: int,
    rng: Rng,
) -> dict[str, float]:
    r"""Do steps of a sampler leave the posterior as it is? The paired joint test.

    A draw :math:`(\theta_0, y)` of the joint distribution, and k steps of the kernel given y:
    if the kernel leaves the posterior invariant, :math:`(\theta_k, y)` is a draw of the same
    distribution, and for any function f

    .. math::
        \mathrm{E}\big[f(\theta_k, y) - f(\theta_0, y)\big] = 0, \qquad
        z_f = \frac{\text{mean of the differences}}{\text{their sd} / \sqrt{R}} .

    f is each of `quantities`, and the square of each that is no logarithm.

    Parameters
    ----------
    kernel : callable
        ``kernel(data, params, n_steps, rng) -> params``: `data` has y of shape
        (n_replicates, N), `params` are arrays of shape (n_replicates, ...), each replicate
        with data of its own. The model is the kernel's to know.
    model : Unpooled, CompletePooling or Hierarchical
        Its prior makes the truths. Take one about as wide as its posteriors (see Notes).
    design : GroupedData
        Whose x and group every dataset has; its y is not used.
    n_replicates : int
        At least 2. For half the smallest bias that can be seen, take four times as many.
    n_steps : int
        Enough to leave the neighbourhood of the start; more cost time and show more.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    dict of float
        z by function. Infinite where the kernel left the support of the model.

    Raises
    ------
    ValueError
        If an argument is of the wrong kind, or the kernel returns other parameters or shapes
        than it was given, NaN, or in all replicates what it was given.

    Notes
    -----
    The replicates are independent, so by the central limit theorem z is standard normal however
    slowly the chain mixes: no warm-up, no autocorrelation. ``abs(z) < 5`` for 27 functions raises
    a false alarm in at most 27 * 5.7e-7 = 1.5e-5 of runs of a correct kernel.

    A kernel that hardly moves passes: this is a test of invariance, not of mixing. And under
    priors far wider than the posterior, such as U(-100, 100), steps of the posterior's size never
    meet the prior's edge, and the squares drown in values of 100**2. Hence narrow priors here: the
    code is the same, and each of its branches gets its turn.

    References
    ----------
    Geweke (2004), whose test compares one long chain with independent draws; paired replicates
    need no estimate of autocorrelation. Gandy and Scott (2020); chapter 9.

    Examples
    --------
    >>> from functools import partial
    >>> from hiertools import CompletePooling, metropolis, simulate
    >>> model = CompletePooling(-3, 3, -3, 3, 4)
    >>> def kernel(data, params, n_steps, rng):
    ...     log_posterior = partial(model.log_posterior, data)
    ...     chain = metropolis(log_posterior, params, proposal_sd=0.5, n_draws=n_steps, rng=rng)
    ...     return {name: draws[:, -1] for name, draws in chain.draws.items()}
    >>> design, _ = simulate(n=3, m=4, rng=1)
    >>> z = joint_test(kernel, model, design=design, n_replicates=400, n_steps=5, rng=2)
    >>> max(map(abs, z.values())) < 5
    True
    """
    n_replicates = whole_number("n_replicates", n_replicates, least=2)
    _function("kernel", kernel)
    n_steps, rng = whole_number("n_steps", n_steps, least=1), as_rng(rng)
    data, before = draw_joint(model, design, n_replicates, rng)
    after = _returned("kernel", kernel(data, _copy(before), n_steps, rng), before)
    if all(np.allclose(after[name], before[name], 1e-9, 1e-9) for name in before):
        raise ValueError(
            "kernel returned in all replicates the parameters it was given; it must take n_steps "
            "steps, some of them accepted"
        )
    first, last = quantities(model, data, before), quantities(model, data, after)
    with np.errstate(all="ignore"):  # infinite values make z infinite
        differences = {name: last[name] - first[name] for name in first}
        for name in [name for name in first if not name.startswith("log_")]:
            differences[f"{name}**2"] = last[name] ** 2 - first[name] ** 2
    return {name: _z_score(difference) for name, difference in differences.items()}


def last_draws(sampler: Sampler) -> Kernel:
    """A sampler as a kernel for `joint_test`: where its chains are after so many draws.

    Parameters
    ----------
    sampler : callable
        ``sampler(data, start, n_draws, rng) -> draws`` of shape (n_replicates, n_draws, ...).

    Returns
    -------
    callable
        ``kernel(data, params, n_steps, rng) -> params``

    Examples
    --------
    >>> def still(data, start, n_draws, rng):
    ...     return {"sigma": np.repeat(start["sigma"][:, None], n_draws, axis=1)}
    >>> last_draws(still)(None, {"sigma": np.ones(4)}, 9, 1)
    {'sigma': array([1., 1., 1., 1.])}
    """
    _function("sampler", sampler)

    def kernel(
        data: GroupedData, params: dict[str, FloatArray], n_steps: int, rng: Any
    ) -> dict[str, FloatArray]:
        draws = _returned(
            "sampler", sampler(data, params, n_steps, rng), _repeated(params, n_steps)
        )
        return {name: values[:, -1] for name, values in draws.items()}

    return kernel


def sbc(
    sampler: Sampler,
    model: Model,
    *,
    design: GroupedData,
    n_replicates: int = 300,
    n_draws: int = 99,
    rng: Rng,
) -> Ranks:
    r"""Simulation-based calibration: the rank of the truth among draws from its posterior.

    Truth and draws are L + 1 draws from the same posterior, if the sampler is right; none of
    them is special, and so

    .. math::
        r = \#\{l : f(\theta_l, y) < f(\theta_0, y)\} \ \text{is uniform on}\ 0, \dots, L .

    Parameters
    ----------
    sampler : callable
        ``sampler(data, truth, n_draws, rng) -> draws`` of shape (n_replicates, n_draws, ...),
        for `data` with y of shape (n_replicates, N). See `exact_sampler` and `chain_sampler`.
    model : Unpooled, CompletePooling or Hierarchical
        Its prior makes the truths.
    design : GroupedData
        Whose x and group every dataset has; its y is not used.
    n_replicates : int
        Number of datasets.
    n_draws : int
        L, the number of draws for each; one less than a round number, for even bins.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    Ranks
        Of each of `quantities`. Ties, to nine digits, are broken at random.

    Raises
    ------
    ValueError
        If an argument is of the wrong kind, or the sampler returns other parameters or shapes
        than it should, or NaN.

    Notes
    -----
    The draws must be independent given the data, or else the truth must have no special place
    among them (`chain_sampler`). The next L states of a chain that starts elsewhere are bunched
    together: the truth too often lies outside the bunch, and ranks pile up at both ends
    though the sampler is right.

    References
    ----------
    Talts et al. (2018); Modrák et al. (2023) for the log likelihood; chapter 9.

    Examples
    --------
    >>> from hiertools import CompletePooling, simulate
    >>> model = CompletePooling(-3, 3, -3, 3, 4)
    >>> design, _ = simulate(n=3, m=4, rng=1)
    >>> found = sbc(exact_sampler(model), model, design=design, n_replicates=20, rng=2)
    >>> min(found.p_values().values()) > 1e-4
    True
    """
    _function("sampler", sampler)
    n_draws, rng = whole_number("n_draws", n_draws, least=1), as_rng(rng)
    data, truth = draw_joint(model, design, n_replicates, rng)
    drawn = sampler(data, _copy(truth), n_draws, rng)
    draws = _returned("sampler", drawn, _repeated(truth, n_draws))
    of_truth = quantities(model, data, truth)
    each = GroupedData(data.y[:, None], data.x, data.group)
    of_draws = quantities(model, each, draws)
    return Ranks({name: _rank(of_truth[name], of_draws[name], rng) for name in of_truth}, n_draws)


def exact_sampler(model: Model) -> Sampler:
    """For `sbc`: independent draws from the exact posterior, one dataset after the other.

    Parameters
    ----------
    model : Unpooled, CompletePooling or Hierarchical

    Returns
    -------
    callable
        ``sampler(data, truth, n_draws, rng)``; it makes no use of `truth`.

    Examples
    --------
    >>> from hiertools import CompletePooling
    >>> data = GroupedData(y=[[1.0, 3.0, 4.0], [2.0, 0.0, 1.0]], x=[0, 1, 2], group=[0, 0, 0])
    >>> exact_sampler(CompletePooling())(data, {}, 5, np.random.default_rng(1))["alpha"].shape
    (2, 5, 1)
    """
    checked_model(model)

    def sampler(
        data: GroupedData, _truth: dict[str, FloatArray], n_draws: int, rng: Any
    ) -> dict[str, FloatArray]:
        datasets = (GroupedData(y, data.x, data.group) for y in data.y)
        draws = [integrate(dataset, model).sample(n_draws, rng) for dataset in datasets]
        return {name: np.stack([d[name] for d in draws]) for name in draws[0]}

    return sampler


def chain_sampler(sampler: Sampler, *, thin: int = 1) -> Sampler:
    r"""For `sbc`: the truth at a random place of a chain, which runs from it both ways.

    Two walks start at the truth. The first, run backwards, the truth, and the second are one
    stationary chain in which the truth has a place like any other. For a reversible sampler
    (Metropolis, Hamiltonian) this holds exactly: ranks are uniform however slowly the chain mixes.
    For one that is not, such as Gibbs in a fixed order, a step backwards is not a step forwards;
    `thin` until draws are nearly independent.

    Parameters
    ----------
    sampler : callable
        ``sampler(data, start, n_draws, rng) -> draws`` of shape (n_replicates, n_draws, ...), for
        `data` with y of shape (n_replicates, N): the draws of so many chains, without warm-up.
    thin : int
        Iterations from one draw to the next. More iterations, more faults that show.

    Returns
    -------
    callable
        ``sampler(data, truth, n_draws, rng)``.

    Raises
    ------
    ValueError
        If `thin` is below 1.

    References
    ----------
    Besag and Clifford (1989); Gandy and Scott (2020); chapter 9.

    Examples
    --------
    >>> def still(data, start, n_draws, rng):
    ...     return {"sigma": np.repeat(start["sigma"][:, None], n_draws, axis=1)}
    >>> draws = chain_sampler(still, thin=2)(None, {"sigma": np.ones(4)}, 9, 1)
    >>> draws["sigma"].shape
    (4, 9)
    """
    _function("sampler", sampler)
    thin = whole_number("thin", thin, least=1)

    def both_ways(
        data: GroupedData, truth: dict[str, FloatArray], n_draws: int, rng: Any
    ) -> dict[str, FloatArray]:
        rng, like = as_rng(rng), _repeated(truth, n_draws * thin)
        walks = (sampler(data, _copy(truth), n_draws * thin, rng) for _ in range(2))
        first, second = (_returned("sampler", walk, like) for walk in walks)
        n_first = np.floor(rng.random(len(truth["sigma"])) * (n_draws + 1))
        is_first = np.arange(n_draws) < n_first[:, None]
        draws = {}
        for name in truth:
            one, other = (walk[name][:, thin - 1 :: thin] for walk in (first, second))
            mask = is_first.reshape(is_first.shape + (1,) * (one.ndim - 2))
            draws[name] = np.where(mask, one, other[:, ::-1])
        return draws

    return both_ways


def _function(name: str, value: Any) -> None:
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {type(value).__name__}")


def _rank(truth: FloatArray, draws: FloatArray, rng: Any) -> NDArray[np.int64]:
    """How many draws are below the truth; of those equal to it, a random number.

    A sampler in coordinates of its own returns a draw that stayed at the truth with rounding
    errors, hence equal means to nine digits.
    """
    with np.errstate(invalid="ignore"):  # infinity less infinity: neither below nor near
        above, near = draws - truth[:, None], 1e-9 * (1.0 + np.abs(truth[:, None]))
        below, equal = (above < -near).sum(axis=1), (np.abs(above) <= near).sum(axis=1)
    ranks: NDArray[np.int64] = below + np.floor(rng.random(len(truth)) * (equal + 1)).astype(int)
    return ranks


def _z_score(differences: FloatArray) -> float:
    """Mean in units of its standard error: 0 where nothing differs, inf beyond the support."""
    if not np.isfinite(differences).all():
        return float("inf")
    standard_error = differences.std(ddof=1) / np.sqrt(differences.size)
    return float(differences.mean() / standard_error) if standard_error > 0 else 0.0


def _copy(params: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    return {name: value.copy() for name, value in params.items()}


def _repeated(params: Mapping[str, FloatArray], n_draws: int) -> dict[str, FloatArray]:
    """`params` with a draw axis after the first, of the shape that draws have."""
    return {
        name: np.broadcast_to(value[:, None], (len(value), n_draws, *value.shape[1:]))
        for name, value in params.items()
    }


def _returned(who: str, params: Any, like: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """What a kernel or a sampler returned, with the names and shapes of `like`."""
    if not isinstance(params, Mapping) or set(params) != set(like):
        got = ", ".join(map(str, params)) if isinstance(params, Mapping) else type(params).__name__
        raise ValueError(f"{who} must return a dict with {', '.join(like)}, got {got}")
    arrays = {name: float_array(name, params[name]) for name in like}
    for name, array in arrays.items():
        if array.shape != like[name].shape:
            raise ValueError(
                f"{who} must return {name} of shape {like[name].shape}, got {array.shape}"
            )
    return arrays
