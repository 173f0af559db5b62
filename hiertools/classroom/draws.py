"""Checks of draws against the exact posterior.

Two runs of a right sampler differ, so an answer is judged in units of Monte Carlo error, and
not at all where a chain holds too few effective draws to know that error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hiertools._checks import FloatArray
from hiertools.classroom.repeats import Repeats, repeats_of_a_walk
from hiertools.classroom.verdicts import (
    AGREES,
    FEWEST,
    LIMIT,
    TAIL,
    UNDECIDED,
    Deviations,
    Verdict,
    columns,
    disagrees,
    effective_draws,
    error_variance,
)
from hiertools.data import GroupedData
from hiertools.exact import ExactPosterior, exact_posterior
from hiertools.priors import CompletePooling, Hierarchical, Model

DROPPED = "rejected draws dropped"
_TOO_FEW_REPEATS = (
    "Look at one thing: hardly a draw repeats the one before, although steps like these must often "
    "have been refused. If this is every draw of a Metropolis chain, rejected draws are missing: "
    "a rejected proposal repeats the last draw (check_sampler can tell)."
)
N_REFERENCE = 40_000
"""Independent exact draws that stand for the posterior's tails."""


class Answer(NamedTuple):
    """The exact posterior, all parameters side by side."""

    posterior: ExactPosterior
    names: list[str]
    """What each column is called."""
    mean: FloatArray
    sd: FloatArray
    """Of each column, shape (k,)."""
    low: FloatArray
    high: FloatArray
    """Ends of the tails, shape (k,)."""
    draws: FloatArray
    """Independent draws, each column sorted, shape (N_REFERENCE, k)."""


def answer_key(data: GroupedData, model: Model) -> Answer:
    """The exact posterior of a student's data: computed, not stored.

    Parameters
    ----------
    data : GroupedData
    model : Unpooled, CompletePooling or Hierarchical

    Returns
    -------
    Answer
    """
    return _answer_key(data.y.tobytes(), data.x.tobytes(), data.group.tobytes(), model)


@lru_cache(maxsize=8)
def _answer_key(y: bytes, x: bytes, group: bytes, model: Model) -> Answer:
    data = GroupedData(np.frombuffer(y), np.frombuffer(x), np.frombuffer(group, dtype=np.int64))
    posterior = exact_posterior(data, model)
    draws, names = columns(posterior.sample(N_REFERENCE, rng=0), n_axes=1)
    draws = np.sort(draws, axis=0)
    low, high = np.quantile(draws, [TAIL, 1 - TAIL], axis=0)
    mean, sd = (columns(d, n_axes=0)[0] for d in (posterior.mean, posterior.sd))
    return Answer(posterior, names, mean, sd, low, high, draws)


def check_draws(draws: object, data: GroupedData, model: Model) -> Verdict:
    """Draws of all parameters against the exact posterior, in units of Monte Carlo error.

    Of each parameter three averages are compared: its mean, and the shares of draws in the
    posterior's two tails of 5 %.

    Parameters
    ----------
    draws : dict of ndarray, or Chain
        After warm-up. One chain, ``alpha`` and ``beta`` of shape (n_draws, n) and the others
        (n_draws,), or several with a leading chain axis.
    data : GroupedData
    model : Unpooled, CompletePooling or Hierarchical

    Returns
    -------
    Verdict
        "undecided" where any mean rests on fewer than a hundred effective draws. Whether rejected
        draws are kept hardly shows in averages: where the moves let expect more repeats than
        there are, the message says so, and `fault` too, while the outcome stays what it is.

    References
    ----------
    Chapters 6 and 7.

    Examples
    --------
    >>> from hiertools import Unpooled, exact_posterior, simulate
    >>> data, _ = simulate(3, 6, rng=1)
    >>> independent = exact_posterior(data, Unpooled()).sample(2000, rng=2)
    >>> check_draws(independent, data, Unpooled()).outcome
    'agrees'
    """
    values, problem = tidy_draws(draws, model, data.n)
    if problem:
        return disagrees(problem, "malformed draws")
    answer, repeats = answer_key(data, model), _repeats(values, data, model)
    look = f" {_TOO_FEW_REPEATS}" if repeats.missing else ""
    suspicion = DROPPED if repeats.missing else ""
    n_effective = effective_draws(values)
    worst = int(np.argmin(n_effective))
    if n_effective[worst] < FEWEST:
        words = (
            f"too few effective draws to judge: {answer.names[worst]} has "
            f"{n_effective[worst]:.0f}, and {FEWEST:.0f} are needed. Draw longer, tune the "
            "proposal, or drop more warm-up."
        )
        return Verdict(UNDECIDED, words + look, suspicion)
    found = posterior_deviations(values, answer)
    if (np.abs(found.z) < LIMIT).all():
        words = (
            "your draws agree with the exact posterior: no average is further than "
            f"{np.abs(found.z).max():.1f} Monte Carlo errors from it."
        )
        return Verdict(AGREES, words + look, suspicion)
    fault, words = _fault_of_draws(values, data, model, answer)
    if repeats.missing and not fault:
        fault, words = DROPPED, look
    return disagrees(_where(values, found, answer) + words, fault)


def _repeats(values: FloatArray, data: GroupedData, model: Model) -> Repeats:
    """How many draws repeat the one before, and how many should."""
    params, at = {}, 0
    for name in model.parameter_names:
        width = lines(model, data.n) if name in ("alpha", "beta") else 1
        part = values[..., at : at + width]
        params[name] = part if name in ("alpha", "beta") else part[..., 0]
        at += width
    if min(values.shape[:2]) == 0:
        return Repeats(0, 0.0)
    return repeats_of_a_walk(values, model.log_posterior(data, params))


def tidy_draws(draws: object, model: Model, n: int) -> tuple[FloatArray, str]:
    """Draws of all parameters side by side, in the model's order, or what is wrong with them.

    Parameters
    ----------
    draws : object
        What a student passed.
    model : Model
    n : int
        Number of individuals.

    Returns
    -------
    values : ndarray of shape (n_chains, n_draws, k)
    problem : str
        Empty if there is none.
    """
    by_name = getattr(draws, "draws", draws)
    empty = np.empty((1, 0, 0))
    if not isinstance(by_name, Mapping):
        return empty, "draws must be a dict of arrays by parameter name, or a Chain."
    missing = [name for name in model.parameter_names if name not in by_name]
    if missing:
        return empty, f"draws of {', '.join(missing)} are missing."
    parts, lengths = [], set()
    for name in model.parameter_names:
        width = (lines(model, n),) if name in ("alpha", "beta") else ()
        try:
            part = np.asarray(by_name[name], dtype=np.float64)
        except (TypeError, ValueError):
            return empty, f"the draws of {name} are no array of numbers."
        core = part.ndim - len(width)
        if core not in (1, 2) or part.shape[core:] != width:
            return empty, (
                f"the draws of {name} should have shape {('n_draws', *width)}, with one row for "
                f"each draw; yours have shape {part.shape}.".replace("'", "")
            )
        if not np.isfinite(part).all():
            return empty, f"the draws of {name} hold NaN or infinity."
        part = part if core == 2 else part[None]
        lengths.add(part.shape[:2])
        parts.append(part if width else part[..., None])
    if len(lengths) > 1:
        return empty, f"parameters have different numbers of draws: {sorted(lengths)}."
    return np.concatenate(parts, axis=-1), ""


def lines(model: Model, n: int) -> int:
    """How many lines a model has for n individuals.

    Parameters
    ----------
    model : Model
    n : int

    Returns
    -------
    int
    """
    return 1 if isinstance(model, CompletePooling) else n


def posterior_deviations(values: FloatArray, answer: Answer) -> Deviations:
    """Means and tail shares of draws against the exact posterior.

    Parameters
    ----------
    values : ndarray of shape (n_chains, n_draws, k)
    answer : Answer

    Returns
    -------
    Deviations
        Both of shape (3, k): means, lower tails, upper tails. A tail is never credited with
        more effective draws than its parameter's mean, since a chain that has hardly been
        there looks independent where it is not.
    """
    means = effective_draws(values)
    sd = np.full(answer.mean.shape, np.sqrt(TAIL * (1 - TAIL)))
    z = [(values.mean(axis=(0, 1)) - answer.mean) / answer.sd]
    n_effective = [means]
    for inside in (values < answer.low, values > answer.high):
        share = inside.mean(axis=(0, 1))
        known = np.where(share > 0, effective_draws(inside.astype(np.float64)), np.inf)
        n_effective.append(np.minimum(known, means))
        z.append((share - TAIL) / sd)
    error = error_variance(np.stack(n_effective), float(means.min()))
    error[1:] += 1 / N_REFERENCE
    return Deviations(np.stack(z) / np.sqrt(error), np.stack(n_effective))


def _where(values: FloatArray, found: Deviations, answer: Answer) -> str:
    """The parameter that is worst off, in words."""
    row, k = np.unravel_index(int(np.argmax(np.abs(found.z))), found.z.shape)
    name, far = answer.names[int(k)], abs(float(found.z[row, k]))
    if row == 0:
        mean = float(values[..., k].mean())
        side = "high" if mean > answer.mean[k] else "low"
        what = f"the mean of {name}, {mean:.3g}, is too {side}"
    else:
        beyond = values[..., k] < answer.low[k] if row == 1 else values[..., k] > answer.high[k]
        side = "lower" if row == 1 else "upper"
        what = f"{beyond.mean():.1%} of the draws of {name} lie in the {side} tail of {TAIL:.0%}"
    return f"your draws disagree with the exact posterior: {what} ({far:.0f} Monte Carlo errors)."


def _fault_of_draws(
    values: FloatArray, data: GroupedData, model: Model, answer: Answer
) -> tuple[str, str]:
    """The mistake under which these draws would be right, if one is known."""
    if (np.ptp(values, axis=(0, 1)) == 0).any():
        return "a parameter never moves", " One parameter never moves."
    for fault, other, words in _other_answers(data, model, answer):
        if (np.abs(posterior_deviations(values, other).z) < LIMIT).all():
            return fault, f" {words}"
    k = {name: i for i, name in enumerate(answer.names)}
    collapsed = [k[n] for n in ("sigma_alpha", "sigma_beta") if n in k]
    if collapsed and (np.median(values[..., collapsed], axis=(0, 1)) < answer.low[collapsed]).any():
        words = " A standard deviation runs towards zero: is a Jacobian missing?"
        return "missing Jacobian", words
    return "", ""


def _other_answers(
    data: GroupedData, model: Model, answer: Answer
) -> Iterator[tuple[str, Answer, str]]:
    """What draws would be of under known mistakes."""
    posterior = answer.posterior
    draws, names = columns(posterior.sample(N_REFERENCE, rng=0), n_axes=1)
    sigma = draws[:, names.index("sigma")]
    yield (
        "missing Jacobian",
        _of_draws(posterior, names, draws, 1 / sigma),
        "It is what comes out where the Jacobian of log sigma is missing.",
    )
    squared = draws.copy()
    squared[:, names.index("sigma")] = sigma**2
    high = float(getattr(model, "sigma_high", np.inf))
    yield (
        "sd used as variance",
        _of_draws(posterior, names, squared, sigma * (sigma**2 < high)),
        "It is what comes out where the likelihood takes sigma for a variance.",
    )
    prior, _ = columns(model.sample_prior(data.n, 0, n_draws=N_REFERENCE), n_axes=1)
    yield (
        "data forgotten",
        _of_draws(posterior, names, prior, np.ones(len(prior))),
        "It is the prior: the likelihood is missing.",
    )
    if isinstance(model, Hierarchical):
        narrow = Hierarchical(mu_alpha_sd=model.mu_alpha_sd**0.5, mu_beta_sd=model.mu_beta_sd**0.5)
        words = "It is what comes out where the 3 of N(0, 3) is taken for a variance."
        yield "sd used as variance", answer_key(data, narrow), words


def _of_draws(
    posterior: ExactPosterior, names: list[str], draws: FloatArray, weight: FloatArray
) -> Answer:
    """A key made of weighted draws."""
    rng = np.random.default_rng(0)
    picked = rng.choice(len(draws), size=N_REFERENCE, p=weight / weight.sum())
    drawn = np.sort(draws[picked], axis=0)
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL], axis=0)
    return Answer(posterior, names, drawn.mean(axis=0), drawn.std(axis=0), low, high, drawn)
