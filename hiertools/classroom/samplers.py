"""Check of a whole sampler that a student wrote.

The check runs it twice where it can converge: on one skewed parameter, where every known
mistake has a distribution of its own to be recognised by, and on the posterior of three
individuals.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from hiertools._checks import FloatArray
from hiertools.classroom.draws import answer_key, check_draws
from hiertools.classroom.faulty import (
    EDGES,
    MISTAKES,
    N_CELLS,
    OTHER_SDS,
    SHAPE,
    START,
    STEP,
    Shares,
    log_target,
    simulated,
)
from hiertools.classroom.verdicts import (
    LIMIT,
    Deviations,
    Verdict,
    agrees,
    columns,
    deviations,
    disagrees,
    effective_draws,
)
from hiertools.data import GroupedData
from hiertools.priors import Model, Unpooled

N_SKEWED, N_PEOPLE = 12_000, 16_000
SLOWEST, PEOPLE_STEP = 300.0, 0.2
PEOPLE_START = {"alpha": np.full(3, 0.8), "beta": np.full(3, -1.3), "sigma": np.asarray(1.0)}


@dataclass(frozen=True)
class Skewed:
    """Log density of a gamma distribution of shape 3, up to a constant; -inf below zero."""

    def __call__(self, params: Mapping[str, Any]) -> float:
        """Log density at one point."""
        return float(log_target({"sigma": np.asarray(params["sigma"]).reshape(())}))


@dataclass(frozen=True)
class LogPosterior:
    """A model's log posterior given data, as a function of the parameters alone."""

    data: GroupedData
    model: Model

    def __call__(self, params: Mapping[str, Any]) -> FloatArray:
        """Log posterior at one point or several."""
        return self.model.log_posterior(self.data, params)


class Run(NamedTuple):
    """What a student's sampler returned, put in order."""

    draws: dict[str, FloatArray]
    log_density: FloatArray | None
    accepted: FloatArray | None


def check_sampler(sampler: Callable[..., Any], *, seed: int = 0) -> Verdict:
    """A student's Metropolis sampler: its bookkeeping, and what it converges to.

    Parameters
    ----------
    sampler : callable
        ``sampler(log_posterior, start, proposal_sd=, n_draws=, rng=)`` as `metropolis`.
        Returns a dict of draws, or a record with `draws`, or a tuple that begins with such a
        dict. `log_density` and `accepted` are looked at where they are returned.
    seed : int

    Returns
    -------
    Verdict

    References
    ----------
    Chapters 4 and 9.

    Examples
    --------
    >>> from hiertools import metropolis
    >>> check_sampler(metropolis).outcome
    'agrees'
    """
    skewed, problem = _run(sampler, Skewed(), {"sigma": START}, STEP, N_SKEWED, seed)
    if problem is not None:
        return problem
    checks: tuple[Callable[[], Verdict | None], ...] = (
        lambda: _check_bookkeeping(skewed, Skewed()),
        lambda: _check_seed(sampler, seed),
        lambda: _check_skewed(skewed.draws["sigma"]),
        lambda: _check_three_people(sampler, seed),
    )
    return next(verdict for check in checks if (verdict := check()) is not None)


def _run(
    sampler: Callable[..., Any],
    target: Callable[[Mapping[str, Any]], Any],
    start: Mapping[str, Any],
    proposal_sd: float,
    n_draws: int,
    seed: int,
) -> tuple[Run, Verdict | None]:
    """One run, put in order, or what is wrong with it."""
    nothing = Run({}, None, None)
    if not callable(sampler):
        return nothing, disagrees("your sampler is not there yet.", "not a function")
    given = {name: np.array(value, dtype=np.float64) for name, value in start.items()}
    rng = np.random.default_rng([21, seed])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = sampler(target, given, proposal_sd=proposal_sd, n_draws=n_draws, rng=rng)
    except Exception as error:
        words = f"your sampler stops with {type(error).__name__}: {str(error)[:300]}"
        return nothing, disagrees(words, "raises")
    if any(not np.array_equal(given[name], value) for name, value in start.items()):
        return nothing, disagrees("your sampler changes the start that it is given.", "mutates")
    return _tidy_run(raw, start, n_draws)


def _tidy_run(raw: Any, start: Mapping[str, Any], n_draws: int) -> tuple[Run, Verdict | None]:
    nothing = Run({}, None, None)
    first = raw[0] if isinstance(raw, tuple) and not hasattr(raw, "draws") and raw else raw
    by_name = getattr(first, "draws", first)
    if not isinstance(by_name, Mapping) or not set(start) <= set(by_name):
        words = f"your sampler should return a dict with the draws of {', '.join(start)}."
        return nothing, disagrees(words, "malformed draws")
    draws = {}
    for name, value in start.items():
        shape = np.shape(value)
        try:
            array: FloatArray = np.asarray(by_name[name], dtype=np.float64)
        except (TypeError, ValueError):
            return nothing, disagrees(f"the draws of {name} are no array.", "malformed draws")
        if array.size == 0 or array.shape[1:] != shape:
            words = f"the draws of {name} should have shape {(n_draws, *shape)}"
            return nothing, disagrees(f"{words}; yours have {array.shape}.", "malformed draws")
        draws[name] = array
    lengths = {len(array) for array in draws.values()}
    if lengths != {n_draws}:
        return nothing, _wrong_length(draws, n_draws)
    extra = {}
    for field in ("log_density", "accepted"):
        found = np.asarray(getattr(first, field, ()))
        extra[field] = found if found.shape == (n_draws,) else None
    return Run(draws, **extra), None


def _wrong_length(draws: dict[str, FloatArray], n_draws: int) -> Verdict:
    length = min(len(array) for array in draws.values())
    if length == n_draws + 1:
        words = "there is one draw too many: the start is not a draw."
        return disagrees(words, "start counted as a draw")
    if length < n_draws:
        return disagrees(
            f"of {n_draws} iterations only {length} left a draw. A rejected proposal repeats the "
            "last draw; it is not left out.",
            "rejected draws dropped",
        )
    return disagrees(f"there are {length} draws where n_draws is {n_draws}.", "malformed draws")


def _check_bookkeeping(run: Run, target: Callable[[Mapping[str, Any]], Any]) -> Verdict | None:
    """The stored log density is the function at the stored draw; `accepted` says "it moved"."""
    z = run.draws["sigma"]
    if not np.isfinite(z).all():
        return disagrees("your draws hold NaN or infinity.", "NaN")
    if (z == z[0]).all():
        return disagrees("the chain never moves.", "never moves")
    if (z <= 0).any():
        return disagrees(
            f"{(z <= 0).mean():.0%} of the draws lie where the log density is -inf. Such a "
            "proposal must be rejected: exp(-inf) is zero, and no u is below that.",
            "wrong accept rule",
        )
    if run.log_density is not None:
        at = np.array([target({"sigma": v}) for v in z[:500]])
        if not np.allclose(run.log_density[:500].astype(np.float64), at, atol=1e-8):
            return disagrees(
                "the stored log density is not that of the stored draw. After a move the log "
                "density must be the new one; after a rejection, the old one.",
                "stale log density",
            )
    if run.accepted is not None:
        moved = np.diff(z, prepend=START) != 0
        if not np.array_equal(run.accepted.astype(bool), moved):
            words = "`accepted` should be true exactly where the draw differs from the last one."
            return disagrees(words, "accepted is wrong")
    return None


def _check_seed(sampler: Callable[..., Any], seed: int) -> Verdict | None:
    """The same rng gives the same chain, and another another."""
    args = (Skewed(), {"sigma": START}, STEP, 60)
    (a, _), (b, _), (c, _) = (_run(sampler, *args, s) for s in (seed, seed, seed + 1))
    if not (a.draws and b.draws and c.draws):
        return None
    if not np.array_equal(a.draws["sigma"], b.draws["sigma"]):
        words = "two runs with the same rng differ: take all random numbers from `rng`."
        return disagrees(words, "rng not used")
    if np.array_equal(a.draws["sigma"], c.draws["sigma"]):
        words = "two runs with different rng are the same: take all random numbers from `rng`."
        return disagrees(words, "rng not used")
    return None


def _check_skewed(z: FloatArray) -> Verdict | None:
    """Shares of draws in eight cells that should hold an eighth each."""
    kept = z[1000:]
    repeats = float((np.diff(kept) == 0).mean())
    if repeats == 0:
        return disagrees(
            "no draw repeats the one before, although some proposals must have been rejected. "
            "A rejected proposal repeats the last draw.",
            "rejected draws dropped",
        )
    right = np.full(N_CELLS, 1 / N_CELLS)
    if _agrees_with(kept, right):
        return _check_step(kept, repeats)
    off, rule = "your draws are not from the target.", "wrong accept rule"
    if words := _fault_of_moves(z):
        return disagrees(f"{off} {words}", rule)
    strays = {fault: _stray(kept, simulated(fault)) for fault in MISTAKES}
    nearest = min(strays, key=lambda fault: strays[fault])
    if strays[nearest] < 1.5 * LIMIT:  # wrong for certain; what is left is to name it
        as_in_chapter_9 = nearest.split(":")[0]
        return disagrees(f"{off} {MISTAKES[nearest].words}", as_in_chapter_9)
    if words := _threshold(z):
        return disagrees(f"{off} {words}", rule)
    mean, sd = float(kept.mean()), float(kept.std())
    return disagrees(
        f"on a skewed target with mean {SHAPE:g} and sd {SHAPE**0.5:.2f} your draws have mean "
        f"{mean:.2f} and sd {sd:.2f}, which is more than Monte Carlo error. Check the accept rule "
        "and what is stored after a rejection.",
    )


def _fault_of_moves(z: FloatArray) -> str:
    """What the moves tell of the accept rule: how much worse a draw may be than the last."""
    log_density = (SHAPE - 1) * np.log(z) - z
    gain = np.diff(log_density)[np.diff(z) != 0]
    worst = float(np.exp(gain.min()))
    if worst >= 1:
        return (
            "No worse proposal was ever accepted. It should be, with the probability of the "
            "ratio: compare u with exp(log ratio), or log(u) with the log ratio."
        )
    if log_density[-2000:].mean() < -8:
        return (
            "The chain flees to where the density is low: the ratio is the proposal's density over "
            "the present one's, and u must be below it."
        )
    return ""


def _threshold(z: FloatArray) -> str:
    """Whether moves get worse by a fixed factor at most; a right run's do by any."""
    gain = np.diff((SHAPE - 1) * np.log(z) - z)[np.diff(z) != 0]
    worst = float(np.exp(gain.min()))
    if worst < 0.02 or len(gain) < 200:
        return ""
    return (
        f"No move ever lowered the density to less than {worst:.2f} of what it was: u must be "
        "drawn anew, between 0 and 1, in each iteration."
    )


def _error(share: float, n_draws: int) -> float:
    """How far a share of repeats may be off; they come in runs, which doubles the variance."""
    return LIMIT * float(np.sqrt(2 * share * (1 - share) / n_draws))


def _in_cells(z: FloatArray, shares: FloatArray) -> Deviations:
    """The shares of draws in the cells against those expected."""
    cells = (np.searchsorted(EDGES, z)[:, None] == np.arange(N_CELLS)).astype(np.float64)
    sd = np.sqrt(np.maximum(shares * (1 - shares), 1e-4))
    return deviations(cells[None], shares, sd, error=1e-5)


def _agrees_with(z: FloatArray, shares: FloatArray) -> bool:
    found = _in_cells(z, shares)
    # A right sampler has far more effective draws than this; one that is stuck has fewer.
    enough = np.sqrt(np.maximum(SLOWEST / found.n_effective, 1.0))
    return bool((np.abs(found.z * enough) < LIMIT).all())


def _stray(z: FloatArray, made: Shares) -> float:
    """How far draws are from what a mistake makes: the worst of its shares, in errors."""
    worst = float(np.abs(_in_cells(z, made.cells).z).max())
    same = np.diff(z) == 0
    for share, expected in (
        (same.mean(), made.repeats),
        ((same[1:] & same[:-1]).mean(), made.double_repeats),
    ):
        error = np.sqrt(2 * (share * (1 - share) + 1e-4) / len(z))
        worst = max(worst, abs(float(share) - expected) / float(error))
    return worst


def _check_step(z: FloatArray, repeats: float) -> Verdict | None:
    """Whether the step is the one that was asked for, the target being right."""
    expected = simulated().repeats
    error = _error(repeats, len(z))
    if abs(repeats - expected) < error:
        return None
    for fault, words in (
        ("variance used as sd", "the step's sd is proposal_sd squared"),
        ("sd used as variance", "the step's sd is the square root of proposal_sd"),
        ("proposal_sd not used", "the step's sd is 1 whatever proposal_sd is"),
    ):
        if abs(repeats - simulated(fault).repeats) < error:
            return disagrees(
                f"the target is right, but {words}: {1 - repeats:.0%} of proposals are accepted "
                f"where it should be {1 - expected:.0%}.",
                fault,
            )
    return None


@lru_cache(maxsize=1)
def three_people() -> LogPosterior:
    """The posterior of the sampler's second trial: three individuals, no pooling."""
    x = np.tile([-1.5, -0.9, -0.5, -0.1, 0.1, 0.5, 0.9, 1.5], 3)
    group = np.repeat(np.arange(3), 8)
    noise = np.random.default_rng(23).standard_normal(24)
    y = np.array([1.0, 0.0, 2.0])[group] + np.array([-2.0, -1.0, -1.5])[group] * x + noise
    return LogPosterior(GroupedData(y, x, group), Unpooled())


def prepare() -> None:
    """Compute what every check of a sampler needs, once, before a process is copied."""
    for fault in ("", *MISTAKES, *OTHER_SDS):
        simulated(fault)
    effective_draws(np.arange(16.0).reshape(1, 16, 1))  # its import takes seconds
    answer_key(three_people().data, three_people().model)


def _check_three_people(sampler: Callable[..., Any], seed: int) -> Verdict:
    verdict = _try_three_people(sampler, N_PEOPLE, seed)
    if verdict.outcome == "undecided":  # one run in a hundred is that slow: then a longer one
        verdict = _try_three_people(sampler, 3 * N_PEOPLE, seed + 1000)
    return verdict


def _try_three_people(sampler: Callable[..., Any], n_draws: int, seed: int) -> Verdict:
    target = three_people()
    run, problem = _run(sampler, target, PEOPLE_START, PEOPLE_STEP, n_draws, seed)
    if problem is not None:
        return problem
    kept = {name: array[2000:] for name, array in run.draws.items()}
    steps = np.diff(columns(kept, n_axes=1)[0], axis=0)
    moved = steps[(steps != 0).any(axis=1)]
    if len(moved) and np.linalg.matrix_rank(moved) < steps.shape[1]:
        return disagrees(
            "with several parameters they do not move freely: each needs a normal step of its own.",
            "one step for all",
        )
    verdict = check_draws(kept, target.data, target.model)
    if verdict:
        return agrees("your sampler keeps its books, and samples what it should on two targets.")
    return Verdict(verdict.outcome, f"on three individuals: {verdict.message}", verdict.fault)
