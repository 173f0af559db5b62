"""The sampler one proposal at a time (chapter 4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import article_answer, article_data, new_figure, panels
from hiertools.priors import Hierarchical


class Step(NamedTuple):
    """One iteration of the sampler, taken apart."""

    current: FloatArray
    """Shape (2,): intercept and slope of individual 1."""
    proposal: FloatArray
    log_ratio: float
    u: float
    accepted: bool


N_STEPS: Final = 60


def _slice(alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """The hierarchical log posterior of one line, all else at its exact mean."""
    data, mean = article_data(), article_answer("hierarchical").mean
    lines = {
        name: np.concatenate(
            [value[..., None], np.broadcast_to(mean[name][1:], (*value.shape, data.n - 1))], axis=-1
        )
        for name, value in (("alpha", alpha), ("beta", beta))
    }
    return Hierarchical().log_posterior(data, {**mean, **lines})


@lru_cache(maxsize=8)
def walk(proposal_sd: float) -> tuple[Step, ...]:
    """A run of the sampler on the slice, iteration by iteration, as `metropolis` makes it."""
    rng = np.random.default_rng([1, 4])
    at, log_density = START, float(_slice(START[0], START[1]))
    run = []
    for _ in range(N_STEPS):
        proposal = at + proposal_sd * rng.standard_normal(2)
        there = float(_slice(proposal[0], proposal[1]))
        u = float(rng.random())
        accepted = bool(u < np.exp(min(there - log_density, 0.0)))
        run.append(Step(at, proposal, there - log_density, u, accepted))
        if accepted:
            at, log_density = proposal, there
    return tuple(run)


START: Final = np.array([4.0, -4.0])


@lru_cache(maxsize=1)
def _contours() -> tuple[FloatArray, FloatArray, FloatArray]:
    alpha, beta = np.linspace(-2, 6, 61), np.linspace(-6, 2, 61)
    return alpha, beta, _slice(*np.meshgrid(alpha, beta))


def stepper_frame(*, step: int, proposal_sd: float) -> Frame:
    """The walk so far, and the proposal that is being decided on."""
    run = walk(proposal_sd)
    path = np.array([START] + [past.current for past in run[1:step]])
    now = run[step - 1] if step else None
    figure = new_figure(4.4)
    ax = panels(figure, 1, 1)[0, 0]
    if now is None:
        plots.steps(_contours(), path, ax=ax)
        words = f"""The chain starts at intercept {START[0]:.1f} and slope {START[1]:.1f}. Take a
            step."""
    else:
        path = np.array([past.current for past in run[:step]])
        plots.steps(_contours(), path, now.proposal, accepted=now.accepted, ax=ax)
        words = _decision(step, now)
    n_accepted = sum(past.accepted for past in run[:step])
    ax.set(xlim=(-2, 6), ylim=(-6, 2), title=f"step {step}, {n_accepted} accepted")
    stands = path[-1]
    alt = f"""Contours of the posterior of one individual's intercept and slope, and a walk of
        {step} steps on them, {n_accepted} of them accepted; the chain stands at
        {stands[0]:.2f}, {stands[1]:.2f}. {words}"""
    return Frame(figure, alt, f"{words} So far {n_accepted} of {step} proposals were accepted.")


def _decision(step: int, now: Step) -> str:
    ratio = float(np.exp(min(now.log_ratio, 0.0)))
    where = f"intercept {now.proposal[0]:.2f}, slope {now.proposal[1]:.2f}"
    if now.log_ratio >= 0:
        return f"""Proposal {step}, {where}: the log density rises by {now.log_ratio:.2f}, so it is
            accepted whatever u is (u = {now.u:.2f})."""
    verdict = "below: accepted" if now.accepted else "not below: refused, the chain stays"
    return f"""Proposal {step}, {where}: log ratio {now.log_ratio:.2f}, ratio {ratio:.3f};
        u = {now.u:.3f} is {verdict}."""


def metropolis_stepper() -> Explorer:
    """The sampler one proposal at a time, on a slice of two parameters (chapter 4).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> step = walk(1.0)[0]
    >>> step.accepted == bool(step.u < np.exp(min(step.log_ratio, 0)))
    True
    """
    return Explorer(
        "metropolis-stepper",
        stepper_frame,
        (
            Control("step", "step", tuple(range(20)), 0, tuple(range(N_STEPS + 1))),
            Control("proposal_sd", "proposal sd", (0.2, 1.0, 4.0), 1.0, kind="choice"),
        ),
        grids=(("step", "proposal_sd"),),
        play="step",
    )
