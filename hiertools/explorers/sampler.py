"""The sampler by its proposal sd, its model and its start (chapter 4)."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.article import article_start
from hiertools.diagnostics import ess_bulk
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import MODELS, article_answer, article_data, new_figure, panels
from hiertools.metropolis import metropolis

N_DRAWS: Final = 1000
WARMUP: Final = 200
SHOWN: Final = {
    "hierarchical": ("alpha", "mu_alpha", "sigma_alpha"),
    "unpooled": ("alpha", "beta", "sigma"),
}
SYMBOLS: Final = {
    "alpha": r"$\alpha_1$",
    "beta": r"$\beta_1$",
    "mu_alpha": r"$\mu_\alpha$",
    "sigma_alpha": r"$\sigma_\alpha$",
    "sigma": r"$\sigma$",
}


class SamplerNumbers(NamedTuple):
    """A short chain, and what it is worth."""

    draws: dict[str, FloatArray]
    """Of the three parameters shown, shape (n_draws,) each."""
    answer: dict[str, tuple[float, float]]
    """Exact posterior mean and sd of these three."""
    accept_rate: float
    effective: dict[str, float]
    """How many independent draws those after the warm-up are worth, of these three: by their
    autocorrelation, and at most one more than the chain made moves."""
    jump: float
    """How far an iteration goes, in posterior sds: root mean square over all parameters."""
    distance: float
    """From the chain's means to the exact ones, in posterior sds: root mean square."""


def sampler_numbers(*, proposal_sd: float, model: str, start: str, seed: int) -> SamplerNumbers:
    """A chain on the article's data, measured against the exact posterior."""
    data, exact = article_data(), article_answer(model)
    rng = np.random.default_rng([seed, 4])
    begin = article_start(MODELS[model], data.n, rng)
    if start == "far":
        begin = {name: np.full_like(value, FAR[name]) for name, value in begin.items()}
    log_posterior = partial(MODELS[model].log_posterior, data)
    chain = metropolis(log_posterior, begin, proposal_sd=proposal_sd, n_draws=N_DRAWS, rng=rng)
    off = [
        np.ravel((chain.draws[name][WARMUP:].mean(axis=0) - exact.mean[name]) / exact.sd[name])
        for name in chain.draws
    ]
    jumps = [
        np.ravel((np.diff(chain.draws[name], axis=0) ** 2).mean(axis=0) / exact.sd[name] ** 2)
        for name in chain.draws
    ]
    shown = {name: _first(chain.draws[name]) for name in SHOWN[model]}
    worth = _effective_draws({name: draws[WARMUP:] for name, draws in shown.items()})
    n_moves = int(chain.accepted[WARMUP + 1 :].sum())
    return SamplerNumbers(
        shown,
        {name: (_one(exact.mean[name]), _one(exact.sd[name])) for name in shown},
        float(chain.accept_rate),
        {name: min(size, n_moves + 1.0) for name, size in worth.items()},
        float(np.sqrt(np.concatenate(jumps).mean())),
        float(np.sqrt((np.concatenate(off) ** 2).mean())),
    )


FAR: Final = {"alpha": 8.0, "beta": 4.0, "mu_alpha": 8.0, "mu_beta": 4.0} | {
    "sigma_alpha": 4.0,
    "sigma_beta": 4.0,
    "sigma": 6.0,
}


def _effective_draws(draws: dict[str, FloatArray]) -> dict[str, float]:
    """Bulk effective sample size of each; one where the chain never moved."""
    sizes = ess_bulk({name: values[None] for name, values in draws.items()})
    return {name: float(np.nan_to_num(size, nan=1.0)) for name, size in sizes.items()}


def sampler_frame(**settings: Any) -> Frame:
    """Three traces with the known answer behind them."""
    it = sampler_numbers(**settings)
    figure = new_figure(5.2)
    for ax, (name, draws) in zip(
        panels(figure, 3, 1, right=0.25)[:, 0], it.draws.items(), strict=True
    ):
        mean, sd = it.answer[name]
        plots.known_answer(ax, mean, sd)
        plots.trace(draws, warmup=WARMUP, ylabel=SYMBOLS[name], labels=["chain"], ax=ax)
        low, high = min(draws.min(), mean - 4 * sd), max(draws.max(), mean + 4 * sd)
        ax.set(xlim=(0, N_DRAWS), ylim=(0 if name.startswith("sigma") else low, high))
        ax.label_outer()
    title = f"{plots.STYLES[settings['model']].label}, proposal sd {settings['proposal_sd']:g}"
    figure.axes[0].set(title=title)
    least, most = min(it.effective.values()), max(it.effective.values())
    worth = f"{least:.0f}" if f"{least:.0f}" == f"{most:.0f}" else f"{least:.0f} to {most:.0f}"
    kept = N_DRAWS - WARMUP
    reading = f"""Accepted: {it.accept_rate:.0%} of the proposals. An iteration moves a parameter
        by {it.jump:.3f} posterior sds (root mean square). The {kept:,} draws after the warm-up
        are worth {worth} independent ones, and the chain's means lie {it.distance:.2f} posterior
        sds from the exact ones (root mean square over all parameters)."""
    ends = ", ".join(
        f"{name.replace('_', ' ')} from {draws.min():.1f} to {draws.max():.1f}, exact mean "
        f"{it.answer[name][0]:.1f}"
        for name, draws in it.draws.items()
    )
    alt = f"""Traces of three parameters over {N_DRAWS:,} iterations under {title}, started
        {settings["start"]} the truth, with the exact mean and a band of two sds: {ends}.
        {it.accept_rate:.0%} of the proposals were accepted."""
    return Frame(figure, alt, reading)


def sampler_explorer() -> Explorer:
    """A Metropolis chain at work: proposal sd, model, start, luck (chapter 4).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> sampler_explorer().frame(proposal_sd=1.0).reading.split(".")[0]
    'Accepted: 0% of the proposals'
    """
    fine = tuple(float(f"{sd:.2g}") for sd in np.geomspace(0.005, 1, 47))
    sds = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    models = ("unpooled", "hierarchical")
    return Explorer(
        "sampler-explorer",
        sampler_frame,
        (
            Control("proposal_sd", "proposal sd", sds, 0.1, tuple(sorted({*sds, *fine}))),
            Control(
                "model",
                "model",
                models,
                "hierarchical",
                kind="choice",
                words=tuple(plots.STYLES[model].label for model in models),
            ),
            Control(
                "start",
                "start",
                ("near", "far"),
                "near",
                kind="choice",
                words=("near the truth", "far away"),
            ),
            Control("seed", "Another seed", (1, 2, 3, 4), 1, tuple(range(1, 21)), kind="again"),
        ),
        grids=(("proposal_sd", "model", "start"), ("proposal_sd", "seed")),
        kind="png",
    )


def _first(draws: FloatArray) -> FloatArray:
    return draws if draws.ndim == 1 else draws[:, 0]


def _one(value: FloatArray) -> float:
    return float(np.ravel(value)[0])
