"""Checks of chapter 9's exercises."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri

from hiertools import faults
from hiertools._checks import BoolArray, FloatArray
from hiertools.calibration import joint_test
from hiertools.classroom.exercises.steps import RATIOS, check_shares, try_step
from hiertools.classroom.numbers import Suspect, check_number, numeric
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees
from hiertools.data import GroupedData, simulate
from hiertools.faults import Step
from hiertools.likelihood import log_normal
from hiertools.metropolis import LogDensity
from hiertools.priors import CompletePooling, Hierarchical
from hiertools.replicates import draw_joint

ONE_LINE = CompletePooling(alpha_low=-3, alpha_high=3, beta_low=-3, beta_high=3, sigma_high=4)
"""The chapter's model of one line, with priors about as wide as the posteriors."""
POOLING = Hierarchical(
    mu_alpha_sd=1, mu_beta_sd=1, sigma_alpha_high=2, sigma_beta_high=2, sigma_high=4
)
"""The chapter's model of partial pooling."""


# --- shapes ---

N_DATASETS, N_DRAWS, N_BINS = 400, 19, 10
WORDS = {
    "too narrow": "among draws that are too narrow: the truth lies outside of them too often",
    "too wide": "among draws that are too wide: the truth lies amid them too often",
    "too high": "among draws that are too high: the truth lies below them too often",
    "too low": "among draws that are too low. A rank is the number of draws below the truth",
    "not spoilt": "among draws that were not spoilt: they are uniform",
}


def shapes(narrow: ArrayLike, wide: ArrayLike, high: ArrayLike) -> Verdict:
    """Counts of ranks in ten bins for draws spoilt in three ways."""
    answers = {"narrow": narrow, "wide": wide, "high": high}
    for name, answer in answers.items():
        verdict = _check_shape(name, answer)
        if not verdict:
            return verdict
    return agrees("a U, a hill and a slope.")


def _check_shape(name: str, answer: ArrayLike) -> Verdict:
    counts, problem = numeric(answer, (N_BINS,), name)
    if problem or counts is None:
        return disagrees(problem, "not counts")
    if not (counts >= 0).all() or counts.sum() != N_DATASETS:
        words = f"{name} must be counts of {N_DATASETS} ranks; yours add up to {sum(counts):g}."
        return disagrees(words, "not counts")
    strays = {shape: _stray(counts, share) for shape, share in _shares().items()}
    nearest = min(strays, key=lambda shape: strays[shape])
    if strays[nearest] > chdtri(N_BINS - 1, 1e-5):  # so far chance strays once in 100,000
        words = "not the shape of ranks that it should be. By what were they spoilt?"
        return disagrees(f"{name}: {words}")
    if nearest == f"too {name}":
        return agrees(f"{name} is right.")
    return disagrees(f"{name}: these look like ranks {WORDS[nearest]}.", nearest)


def _stray(counts: FloatArray, share: FloatArray) -> float:
    """Pearson's chi-squared of counts."""
    expected = counts.sum() * share
    return float(((counts - expected) ** 2 / expected).sum())


@lru_cache
def _shares() -> Mapping[str, FloatArray]:
    """Expected shares of ranks in ten bins, for each way to spoil the draws.

    Ranks depend on a posterior's form alone, not on its place or width. That of a line's
    coefficient with N observations and flat priors is a t distribution with N - 3 degrees of
    freedom: N - 1 for a flat standard deviation, less two for the line. N is 9.
    """
    t = np.random.default_rng(9).standard_t(9 - 3, (40_000, 1 + N_DRAWS))
    truth, draws = t[:, :1], t[:, 1:]
    mean, sd = draws.mean(axis=1, keepdims=True), draws.std(axis=1, keepdims=True)
    ways = {"narrow": (0.6, 0.0), "wide": (1.6, 0.0), "high": (1.0, 0.5), "low": (1.0, -0.5)}
    found = {"not spoilt": np.full(N_BINS, 1 / N_BINS)}
    for name, (factor, shift) in ways.items():
        ranks = (mean + factor * (draws - mean) + shift * sd < truth).sum(axis=1)
        bins = ranks * N_BINS // (N_DRAWS + 1)
        found[f"too {name}"] = np.bincount(bins, minlength=N_BINS) / len(bins)
    return found


# --- Barker's rule ---


def barker(step: Step, is_fault: bool) -> Verdict:
    """A step by the other rule, and whether that is a fault."""
    shares, problem = try_step(step, 0.1)
    if problem is not None:
        return problem
    suspects = [
        Suspect("Metropolis' rule", np.minimum(1, RATIOS), "this is the rule of Metropolis."),
        Suspect("upside down", 1 / (1 + RATIOS), "the ratio is there over here."),
        Suspect("always moves", 1.0, "it always moves. Compare u with the chance, or both logs."),
    ]
    found = check_shares(
        shares, RATIOS / (1 + RATIOS), suspects, "It should be the ratio over one plus the ratio."
    )
    if not found:
        return found
    if not isinstance(is_fault, bool | np.bool_):
        return disagrees("is_fault must be True or False.", "not true or false")
    if is_fault:
        return disagrees(
            "the step is right, your judgement is not: write down how many walkers go from here "
            "to there and how many come back, and see how large the joint test's |z| is.",
            "condemned",
        )
    return agrees("the step is right, and so is your judgement.")


# --- the missing factor ---


def jacobian(mended: Step, z: ArrayLike) -> Verdict:
    """The mended step, and z of sigma: with the factor, without, and with it upside down."""
    shares, problem = try_step(mended, 0.5, power=1.0)
    if problem is not None:
        return problem
    suspects = [
        Suspect("missing Jacobian", _moves_on_log_scale(0), "the factor is still missing."),
        Suspect("upside down", _moves_on_log_scale(-1), "the factor is upside down."),
        Suspect("twice", _moves_on_log_scale(2), "the factor is there twice."),
    ]
    hint = "Is sigma multiplied by a factor, and does the log ratio have its log?"
    found = check_shares(shares, _moves_on_log_scale(1), suspects, hint)
    return found and _check_three(z)


def _moves_on_log_scale(power: int) -> FloatArray:
    """Shares of moves with a power of the factor, of which the target has one, by a sum."""
    grid = np.linspace(-6, 6, 2001)
    weight = np.exp(-0.5 * grid**2)
    ratio = RATIOS[:, None] * np.exp((power + 1) * 0.5 * grid)
    return np.average(np.minimum(1, ratio), axis=1, weights=weight)


def _check_three(z: ArrayLike) -> Verdict:
    settings = {"m": 9, "proposal_sd": 0.3, "n_replicates": 10_000}
    right = np.array([0.0, _mean_z(0, **settings), _mean_z(-1, **settings)])
    suspects = [
        Suspect("sign lost", -right, "keep the sign of z: it tells which way sigma is pulled."),
        Suspect("order swapped", right[::-1], "with the factor first, upside down last."),
        Suspect("order swapped", right[[0, 2, 1]], "without the factor second, upside down last."),
    ]
    hint = "Are there 10,000 replicates of the chapter's data, and 40 steps of 0.3?"
    found = check_number(z, right, name="z", within=_error_of_z(), suspects=suspects, hint=hint)
    return found and agrees("the step is mended, and the three z are right.")


def _on_log_scale(power: int) -> Step:
    """A walk on log sigma, with a power of the factor that is due in the ratio."""

    def step(
        here: faults.Place, log_posterior: LogDensity, proposal_sd: float, rng: Any
    ) -> tuple[faults.Place, BoolArray]:
        old = here.params["sigma"]
        new = old * np.exp(proposal_sd * rng.standard_normal(old.shape))
        there = faults.propose(here, log_posterior, proposal_sd, rng, sigma=new)
        log_ratio = there.log_density - here.log_density + power * np.log(new / old)
        accepted = np.log(rng.random(log_ratio.shape)) < log_ratio
        return faults.choose(accepted, there, here), accepted

    return step


N_KEY = 2
"""Runs of the joint test that a key is the mean of."""


def _error_of_z() -> float:
    """How far a z may be off: its own standard deviation is about 1, and the key's half that."""
    return float(LIMIT * np.sqrt(1 + 1 / N_KEY))


@lru_cache
def _mean_z(power: int, *, m: int, proposal_sd: float, n_replicates: int) -> float:
    """The mean z of sigma over some runs of the walk on log sigma."""
    design, _ = simulate(1, m, rng=9)
    kernel = faults.Fault("", _on_log_scale(power)).kernel(ONE_LINE, proposal_sd=proposal_sd)
    settings: dict[str, Any] = {"design": design, "n_replicates": n_replicates, "n_steps": 40}
    runs = [joint_test(kernel, ONE_LINE, rng=k, **settings) for k in range(N_KEY)]
    return float(np.mean([run["sigma"] for run in runs]))


# --- a fault that fades ---


def fades(z: ArrayLike, factor: ArrayLike) -> Verdict:
    """z of sigma for 9, 36 and 144 observations, and by what factor it falls each time."""
    settings = {"proposal_sd": 0.1, "n_replicates": 10_000}
    right = np.array([_mean_z(0, m=m, **settings) for m in (9, 36, 144)])
    suspects = [
        Suspect("sign lost", -right, "keep the sign of z: it tells which way sigma is pulled."),
        Suspect("order swapped", right[::-1], "the z of 9 observations comes first."),
        Suspect("no fault", 0.0, "this is a right sampler: where is the missing Jacobian?"),
        Suspect("one size", right[0], "these are all of 9 observations."),
    ]
    hint = "Are there 10,000 replicates, and 40 steps of 0.1?"
    found = check_number(z, right, name="z", within=_error_of_z(), suspects=suspects, hint=hint)
    law = [
        Suspect("shift alone", 4.0, "the shift falls so; z measures it by the posterior's width."),
        Suspect("square root", np.sqrt(2.0), "you have taken a root too many."),
        Suspect("unchanged", 1.0, "the z do fall."),
    ]
    hint = "Your z are random; how do the shift and the posterior's width fall with the number?"
    fall = found and check_number(factor, 2.0, name="factor", decimals=1, suspects=law, hint=hint)
    return fall and agrees("the z are right, and so is the law.")


# --- plant your own ---

LogPosterior = Callable[[GroupedData, dict[str, FloatArray]], Any]


def own(log_posterior: LogPosterior, parameter: str) -> Verdict:
    """A log posterior with a copied line, and the parameter that no data reach."""
    if not callable(log_posterior):
        words = "log_posterior must be a function of data and params, as `pooling.log_posterior`."
        return disagrees(words, "not a function")
    design, _ = simulate(3, 3, rng=9)
    data, params = draw_joint(POOLING, design, 50, 9)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = {name: value.copy() for name, value in params.items()}
            values = np.asarray(log_posterior(data, given), dtype=np.float64).reshape(50)
    except Exception as error:
        words = f"your log posterior stops with {type(error).__name__}: {str(error)[:300]}"
        return disagrees(f"{words} It gets data and params of 50 replicates at once.", "raises")
    if not np.isfinite(values).all():
        words = "log_posterior is infinite or NaN at points inside the support."
        return disagrees(words, "not finite")
    for fault, wanted, words in _log_posteriors(data, params):
        if np.ptp(values - wanted) < 1e-6 * np.ptp(wanted):
            if fault == "":
                return _check_parameter(parameter)
            return disagrees(f"log_posterior: {words}", fault)
    return disagrees(
        "log_posterior: it differs from the right one by something else than sigma_alpha in the "
        "place of sigma_beta where the slopes' density is."
    )


def _log_posteriors(
    data: GroupedData, params: dict[str, FloatArray]
) -> list[tuple[str, FloatArray, str]]:
    """The log posterior that is asked for, and others, each with its name."""
    right = POOLING.log_posterior(data, params)

    def lines(name: str, sd: str) -> FloatArray:
        mean, wide = params[f"mu_{name}"][:, None], params[f"sigma_{sd}"][:, None]
        density: FloatArray = log_normal(params[name], mean, wide).sum(axis=-1)
        return density

    slopes = lines("beta", "alpha") - lines("beta", "beta")
    intercepts = lines("alpha", "beta") - lines("alpha", "alpha")
    logs = 3 * np.log(params["sigma_alpha"] / params["sigma_beta"])
    likelihood = right - POOLING.log_prior(params)
    return [
        ("", right + slopes, ""),
        ("no fault", right, "this one is right: nothing is planted."),
        ("other line", right + intercepts, "here the intercepts have the slopes' sd."),
        ("both swapped", right + slopes + intercepts, "here both lines have the other's sd."),
        ("half copied", right + slopes + logs, "log(sigma_beta) is still there: copy it too."),
        ("half copied", right - logs, "only -log(sigma) was changed: copy the line whole."),
        ("likelihood missing", right - likelihood + slopes, "the likelihood is missing."),
        ("prior missing", likelihood, "this is the likelihood alone."),
    ]


def _check_parameter(parameter: str) -> Verdict:
    if not isinstance(parameter, str) or parameter.strip() not in POOLING.parameter_names:
        words = f"parameter must be a name: one of {', '.join(POOLING.parameter_names)}."
        return disagrees(words, "not a parameter")
    if parameter.strip() == "sigma_alpha":
        words = "sigma_alpha has two sets of lines to tell of it. Which parameter has none?"
        return disagrees(words, "two masters")
    if parameter.strip() != "sigma_beta":
        words = f"{parameter} occurs in more than its own prior. Where does each parameter occur?"
        return disagrees(words, "another parameter")
    return agrees("the fault is planted, and you have found whom it starves.")


CHECKS: dict[str, Check] = {
    "ex-calibration-shapes": shapes,
    "ex-calibration-barker": barker,
    "ex-calibration-jacobian": jacobian,
    "ex-calibration-fades": fades,
    "ex-calibration-own": own,
}
