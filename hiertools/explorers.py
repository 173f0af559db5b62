"""Interactive figures of the chapters: each a function of a few settings, moved by sliders.

Every explorer is made of two steps, numbers and a picture of them. The first is a pure function of
the settings; `explorer` gives the whole its two faces.
"""

from __future__ import annotations

import warnings
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import numpy as np

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.article import article_start
from hiertools.comparison import rmse
from hiertools.data import GroupedData, simulate
from hiertools.exact import ExactPosterior, exact_posterior
from hiertools.explorer import Control, Explorer, Frame, _figure, _panels
from hiertools.explorers_samplers import funnel_explorer, leapfrog_explorer
from hiertools.likelihood import normal_log_density
from hiertools.metropolis import metropolis
from hiertools.priors import CompletePooling, Hierarchical, Model, Unpooled
from hiertools.rrandom import RRandom

MODELS: Final[dict[str, Model]] = {
    "unpooled": Unpooled(),
    "complete": CompletePooling(),
    "hierarchical": Hierarchical(),
}
SIZES: Final = (5, 10, 25, 75, 200)
OBSERVATIONS: Final = (2, 3, 5, 20, 100)
FINE_SIZES: Final = (*range(5, 30), *range(30, 100, 5), *range(100, 201, 10))
FINE_OBSERVATIONS: Final = (*range(2, 20), *range(20, 101, 5))
FINE_SDS: Final = tuple(round(0.1 * k, 1) for k in range(1, 51))


# --- chapter 1: grouped data ---------------------------------------------------------------------


class DataNumbers(NamedTuple):
    """What the data explorer shows: data, true and fitted lines, and how far slopes spread."""

    data: GroupedData
    truth: dict[str, FloatArray]
    fitted: dict[str, FloatArray]
    spread: dict[str, tuple[float, float]]
    """Standard deviation of the true and of the fitted lines' `alpha` and `beta`."""
    n_outside: int


SLOPE_RANGE: Final = (-12.0, 8.0)


def data_numbers(
    *, n: int, m: int, sigma_alpha: float, sigma_beta: float, sigma: float
) -> DataNumbers:
    """Data drawn with these settings, and a line fitted to each individual alone."""
    data, truth = simulate(
        n, m, sigma_alpha=sigma_alpha, sigma_beta=sigma_beta, sigma=sigma, rng=RRandom(1)
    )
    s = data.statistics
    fitted = {"alpha": s.y_mean - s.slope * s.x_mean, "beta": s.slope}
    outside = (s.slope < SLOPE_RANGE[0]) | (s.slope > SLOPE_RANGE[1])
    spread = {p: (float(truth[p].std()), float(fitted[p].std())) for p in fitted}
    return DataNumbers(data, truth, fitted, spread, int(outside.sum()))


def data_frame(**settings: Any) -> Frame:
    """Five individuals with their true and their fitted lines; below, everybody's slopes."""
    it = data_numbers(**settings)
    figure = _figure(5.4)
    above = _panels(figure, 1, 2, bottom=2.45)[0]
    for ax, lines, title in zip(above, (it.truth, it.fitted), ("true", "fitted"), strict=True):
        plots.grouped_data(it.data, range(5), alpha=lines["alpha"], beta=lines["beta"], ax=ax)
        ax.set(title=f"{title} lines", xlim=(-3, 3), ylim=(-11, 15))
        ax.label_outer()
    below = _panels(figure, 1, 1, left=1.1, top=3.7)[0, 0]
    slopes = {"truth": it.truth["beta"], "unpooled": it.fitted["beta"]}
    plots.dots(slopes, xlabel=r"slope $\beta_i$", ax=below)
    below.set(xlim=SLOPE_RANGE)
    n, m, sigma = (settings[name] for name in ("n", "m", "sigma"))
    outside = f" {it.n_outside} of them lie outside the picture." if it.n_outside else ""
    (sd_alpha, sd_alpha_fitted), (sd, sd_fitted) = it.spread["alpha"], it.spread["beta"]
    true, fitted = it.truth["beta"], it.fitted["beta"]
    alt = f"""Five of {n} individuals with {m} observations each, on the left with their true
        lines, on the right with lines fitted to each alone; the true intercepts run from
        {it.truth["alpha"][:5].min():.1f} to {it.truth["alpha"][:5].max():.1f}. Below, true slopes
        from {true.min():.1f} to {true.max():.1f} and fitted slopes from {fitted.min():.1f} to
        {fitted.max():.1f}.{outside}"""
    reading = f"""The true slopes of {n} individuals have standard deviation {sd:.2f}; fitted
        to {m} observations each, with noise of {sigma:g}, the slopes have {sd_fitted:.2f},
        {_times(sd_fitted / sd)}.{outside} Intercepts: {sd_alpha:.2f}, and fitted
        {sd_alpha_fitted:.2f}."""
    return Frame(figure, alt, reading)


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times as much" if ratio >= 1.05 else "about as much"


def data_explorer() -> Explorer:
    """Grouped data of any size: what n, m and the three standard deviations do (chapter 1).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> frame = data_explorer().frame(n=10, m=3)
    >>> frame.reading.split(";")[0]
    'The true slopes of 10 individuals have standard deviation 1.01'
    """
    sds = (0.2, 0.5, 1.0, 2.0, 4.0)
    return Explorer(
        "data-explorer",
        data_frame,
        (
            Control("n", "individuals, n", SIZES, 75, FINE_SIZES),
            Control("m", "observations of each, m", OBSERVATIONS, 5, FINE_OBSERVATIONS),
            Control("sigma_alpha", "sd of intercepts, σ_alpha", sds, 1.0, FINE_SDS),
            Control("sigma_beta", "sd of slopes, σ_beta", sds, 1.0, FINE_SDS),
            Control("sigma", "sd of the noise, σ", sds, 2.0, FINE_SDS),
        ),
        grids=(("n", "m"), ("sigma_beta", "sigma"), ("sigma_alpha",)),
    )


# --- chapter 4: the sampler ----------------------------------------------------------------------

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
    from arviz_stats.base import array_stats

    stacked = np.stack(list(draws.values()), axis=-1)[None]
    moved = np.ptp(stacked[0], axis=0) > 0
    sizes = array_stats.ess(stacked, chain_axis=0, draw_axis=1)
    return dict(zip(draws, np.where(moved, sizes, 1.0).tolist(), strict=True))


@lru_cache(maxsize=1)
def article_data() -> GroupedData:
    """The article's data."""
    return simulate(rng=RRandom(1))[0]


@lru_cache(maxsize=2)
def article_answer(model: str) -> ExactPosterior:
    """The exact posterior of the article's data."""
    return exact_posterior(article_data(), MODELS[model])


def sampler_frame(**settings: Any) -> Frame:
    """Three traces with the known answer behind them."""
    it = sampler_numbers(**settings)
    figure = _figure(5.2)
    for ax, (name, draws) in zip(
        _panels(figure, 3, 1, right=0.25)[:, 0], it.draws.items(), strict=True
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


# --- chapter 5: the comparison -------------------------------------------------------------------


class ComparisonNumbers(NamedTuple):
    """Exact estimates of the three models beside the truth."""

    truth: dict[str, FloatArray]
    mean: dict[str, dict[str, FloatArray]]
    """Posterior means by model, then by parameter."""
    rmse: dict[str, dict[str, float]]
    """By model, then `alpha` and `beta`."""
    leans_on_prior: bool
    """Whether a prior's bound shapes an estimate without pooling."""


def comparison_numbers(*, n: int, m: int, sigma: float, seed: int) -> ComparisonNumbers:
    """Data drawn with these settings, and the exact posterior means of the three models."""
    data, truth = simulate(n, m, sigma=sigma, rng=RRandom(seed))
    mean = {}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for name, model in MODELS.items():
            mean[name] = exact_posterior(data, model).mean
    for warning in heard:
        if not issubclass(warning.category, UserWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    errors = {
        name: {p: float(rmse(means[p], truth[p])) for p in ("alpha", "beta")}
        for name, means in mean.items()
    }
    leans = any(issubclass(warning.category, UserWarning) for warning in heard)
    return ComparisonNumbers(truth, mean, errors, leans)


WINDOW: Final = {"xlim": (-3, 7), "ylim": (-7, 3)}


def comparison_frame(**settings: Any) -> Frame:
    """Estimates and truth without and with pooling; below, the way from one to the other."""
    it = comparison_numbers(**settings)
    none, one, some = (it.mean[name] for name in MODELS)
    figure = _figure(6.4)
    above = _panels(figure, 1, 2, bottom=3.45)[0]
    for ax, name in zip(above, ("unpooled", "hierarchical"), strict=True):
        means = it.mean[name]
        plots.estimates_and_truth(means["alpha"], means["beta"], it.truth, style=name, ax=ax)
        ax.set(**WINDOW)
        ax.label_outer()
    below = _panels(figure, 1, 1, top=3.55)[0, 0]
    plots.shrinkage(none, some, ax=below)
    look = plots.STYLES["complete"]
    one_line = (_one(one["alpha"]), _one(one["beta"]))
    below.plot(*one_line, look.marker, color=look.colour, ms=8, ls="", label=look.label)
    below.set(**WINDOW)
    below.legend(loc="upper right")
    outside = sum(
        not (-3 <= a <= 7 and -7 <= b <= 3)
        for a, b in zip(none["alpha"], none["beta"], strict=True)
    )
    n, m = settings["n"], settings["m"]
    errors = " ".join(
        f"{plots.STYLES[name].label}: {error['alpha']:.2f} and {error['beta']:.2f}."
        for name, error in it.rmse.items()
    )
    alt = f"""Posterior means of {n} individuals with {m} observations each, tied to the truth.
        Without pooling the slopes run from {none["beta"].min():.1f} to {none["beta"].max():.1f},
        with partial pooling from {some["beta"].min():.1f} to {some["beta"].max():.1f}. Below,
        arrows lead from the former to the latter; the estimate of complete pooling is intercept
        {one_line[0]:.1f}, slope {one_line[1]:.1f}.
        {f"{outside} estimates without pooling lie outside the picture." if outside else ""}"""
    best = min(it.rmse, key=lambda name: sum(it.rmse[name].values()))
    reading = f"""Root mean squared error of intercepts and slopes. {errors} Smallest in sum:
        {plots.STYLES[best].label}.
        {LEANING if it.leans_on_prior else ""}"""
    return Frame(figure, alt, reading)


LEANING: Final = """Some individuals have so few data that without pooling the bounds of the flat
    prior shape their estimates."""


def comparison_explorer() -> Explorer:
    """Three models against the truth, with exact estimates: n, m, noise, luck (chapter 5).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> frame = comparison_explorer().frame(m=100)
    >>> "partial pooling: 0.19" in " ".join(frame.reading.split())
    True
    """
    return Explorer(
        "comparison-explorer",
        comparison_frame,
        (
            Control("n", "individuals, n", SIZES, 75, FINE_SIZES),
            Control("m", "observations of each, m", OBSERVATIONS, 5, FINE_OBSERVATIONS),
            Control("sigma", "sd of the noise, σ", (0.2, 0.5, 1.0, 2.0, 4.0), 2.0, FINE_SDS),
            Control("seed", "Another dataset", (1, 2, 3, 4), 1, tuple(range(1, 51)), kind="again"),
        ),
        grids=(("n", "m"), ("m", "seed"), ("n", "seed"), ("sigma",)),
    )


# --- chapter 5: shrinkage of one individual ------------------------------------------------------


class ShrinkageNumbers(NamedTuple):
    """One individual without slope: its own data, the population, and both together."""

    weight: float
    """Of the own data in the estimate."""
    estimate: float
    centres: dict[str, float]
    sds: dict[str, float]


POPULATION_MEAN: Final = 2.0


def shrinkage_numbers(*, between: float, within: float, m: int, own: float) -> ShrinkageNumbers:
    r"""The posterior of one mean: :math:`w = (m/\sigma^2) / (m/\sigma^2 + 1/\sigma_\alpha^2)`."""
    of_data, of_population = m / within**2, 1 / between**2
    weight = of_data / (of_data + of_population)
    estimate = weight * own + (1 - weight) * POPULATION_MEAN
    centres = {"complete": POPULATION_MEAN, "unpooled": own, "hierarchical": estimate}
    precisions = (of_population, of_data, of_data + of_population)
    sds = {name: p**-0.5 for name, p in zip(centres, precisions, strict=True)}
    return ShrinkageNumbers(weight, estimate, centres, sds)


def shrinkage_frame(**settings: Any) -> Frame:
    """Three densities, and the arrow from the own mean to the estimate."""
    it = shrinkage_numbers(**settings)
    grid = np.linspace(-4, 12, 801)
    density = {
        name: np.exp(normal_log_density(grid, it.centres[name], it.sds[name]))
        for name in it.centres
    }
    # Each as high as the others: what counts is where they lie, and how wide.
    density = {name: values / values.max() for name, values in density.items()}
    figure = _figure(3.2)
    ax = _panels(figure, 1, 1, left=0.2, top=0.15)[0, 0]
    plots.pull(grid, density, it.centres, ax=ax)
    ax.set(xlim=(-4, 12), ylim=(0, 1.08))
    own, m, sd = settings["own"], settings["m"], it.sds["hierarchical"]
    alt = f"""Three bell curves: the population about {POPULATION_MEAN:.1f} with sd
        {it.sds["complete"]:.2f}, the individual's own mean {own:.1f} with sd
        {it.sds["unpooled"]:.2f}, and both together about {it.estimate:.2f} with sd {sd:.2f}.
        An arrow leads from {own:.1f} to {it.estimate:.2f}."""
    reading = f"""With {m} observation{"s" if m > 1 else ""} the individual's own data have a weight
        of {it.weight:.2f}: its mean of {own:.1f} is pulled by {abs(own - it.estimate):.2f} to
        {it.estimate:.2f}, give or take {sd:.2f}."""
    return Frame(figure, alt, reading)


def shrinkage_explorer() -> Explorer:
    """One individual between its own data and the population (chapter 5).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> round(shrinkage_numbers(between=1.0, within=2.0, m=4, own=6.0).weight, 6)
    0.5
    """
    sds = (0.2, 0.5, 1.0, 2.0, 4.0)
    means = (2.0, 3.5, 5.0, 6.0, 8.0)
    return Explorer(
        "shrinkage-explorer",
        shrinkage_frame,
        (
            Control("between", "sd between individuals, σ_alpha", sds, 1.0, FINE_SDS),
            Control("within", "sd within, σ", sds, 2.0, FINE_SDS),
            Control("m", "its observations, m_i", (1, 2, 5, 20, 100), 5, tuple(range(1, 101))),
            Control("own", "mean of its observations", means, 6.0, _tenths(-3, 11)),
        ),
        grids=(("between", "within"), ("between", "m"), ("own",)),
    )


def _tenths(low: int, high: int) -> tuple[float, ...]:
    return tuple(k / 10 for k in range(10 * low, 10 * high + 1))


# --- chapter 5: from no pooling to complete pooling ----------------------------------------------


class PoolingNumbers(NamedTuple):
    """Estimates given the population's sds, and the error along the whole way."""

    truth: dict[str, FloatArray]
    estimate: dict[str, FloatArray]
    error: dict[str, float]
    curve: dict[str, FloatArray]
    """RMSE of `alpha` and `beta` at each of `SCALES`."""
    best: dict[str, float]
    """The scale at which each is least."""


SCALES: Final = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)


def lines_given_sds(
    data: GroupedData, *, sigma_alpha: float, sigma_beta: float, sigma: float
) -> dict[str, FloatArray]:
    r"""Posterior means of all lines under partial pooling, the three sds given.

    With :math:`A_i = X_i^T X_i / \sigma^2`, :math:`b_i = X_i^T y_i / \sigma^2` and
    :math:`P = \mathrm{diag}(\sigma_\alpha^{-2}, \sigma_\beta^{-2})`, line i given the population
    mean is :math:`(A_i + P)^{-1} (b_i + P \mu)`; mu is normal too.
    """
    s, model = data.statistics, Hierarchical()
    xx = np.array([[s.m, s.m * s.x_mean], [s.m * s.x_mean, s.x_ss + s.m * s.x_mean**2]])
    xy = np.array([s.m * s.y_mean, s.slope * s.x_ss + s.m * s.x_mean * s.y_mean])
    a, b = np.moveaxis(xx, -1, 0) / sigma**2, xy.T[..., None] / sigma**2
    p = np.diag([sigma_alpha**-2.0, sigma_beta**-2.0])
    covariance = np.linalg.inv(a + p)
    prior = np.diag([model.mu_alpha_sd**-2.0, model.mu_beta_sd**-2.0])
    middle = np.diag(prior) * [model.mu_alpha_mean, model.mu_beta_mean]
    # P - P (A + P)^-1 P, written so that nothing cancels.
    precision = (p @ covariance @ a).sum(axis=0) + prior
    mu = np.linalg.solve(precision, (p @ covariance @ b).sum(axis=0) + middle[:, None])
    alpha, beta = (covariance @ (b + p @ mu))[..., 0].T
    return {"alpha": alpha, "beta": beta}


def pooling_numbers(*, scale: float, seed: int) -> PoolingNumbers:
    """The lines at one scale of the true sds, and their error at this and all other scales."""
    truth, estimate = _lines_at(scale, seed)
    curve = _error_curve(seed)
    error = {p: float(rmse(estimate[p], truth[p])) for p in curve}
    best = {p: SCALES[int(np.argmin(errors))] for p, errors in curve.items()}
    return PoolingNumbers(truth, estimate, error, curve, best)


def _lines_at(scale: float, seed: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """The truth, and the lines estimated with the true sds times `scale`."""
    data, truth = simulate(rng=RRandom(seed))
    sds = {name: scale * float(truth[name]) for name in ("sigma_alpha", "sigma_beta")}
    return truth, lines_given_sds(data, **sds, sigma=float(truth["sigma"]))


@lru_cache(maxsize=4)
def _error_curve(seed: int) -> dict[str, FloatArray]:
    way = [_lines_at(scale, seed) for scale in SCALES]
    return {
        p: np.array([float(rmse(lines[p], truth[p])) for truth, lines in way])
        for p in ("alpha", "beta")
    }


def pooling_frame(**settings: Any) -> Frame:
    """The estimates at one scale; below, their error along the whole way."""
    it, scale = pooling_numbers(**settings), float(settings["scale"])
    figure = _figure(6.0)
    above = _panels(figure, 1, 1, bottom=2.6)[0, 0]
    estimate = it.estimate
    plots.estimates_and_truth(
        estimate["alpha"], estimate["beta"], it.truth, style="hierarchical", rmse=it.error, ax=above
    )
    above.set(title=f"sds of the population times {scale:g}", **WINDOW)
    above.legend(loc="lower left")
    below = _panels(figure, 1, 1, top=4.0)[0, 0]
    for name, style in (("alpha", "hierarchical"), ("beta", "unpooled")):
        plots.error_curve(SCALES, it.curve[name], style=style, ax=below)
        below.lines[-1].set_label(rf"$\{name}$")
    below.axvline(scale, color="black", lw=1.2, ls="--")
    below.set(xlabel="scale of both sds", ylabel="RMSE", yscale="linear")
    below.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    below.set_xticks([], minor=True)
    below.legend(loc="upper center", ncols=2)
    spread = {p: float(np.std(estimate[p])) for p in ("alpha", "beta")}
    alt = f"""Estimates of 75 lines tied to the truth, with the sds of the population times
        {scale:g}: the intercepts' standard deviation is {spread["alpha"]:.2f}, the slopes'
        {spread["beta"]:.2f}. Below, the error against the scale: for intercepts
        {it.curve["alpha"][0]:.2f} at the left, least at {it.best["alpha"]:g}, and
        {it.curve["alpha"][-1]:.2f} at the right."""
    reading = f"""With the population's sds times {scale:g} the root mean squared error is
        {it.error["alpha"]:.2f} for intercepts and {it.error["beta"]:.2f} for slopes. {_way(scale)}
        Of the scales in the lower panel {it.best["alpha"]:g} serves the intercepts best,
        {it.best["beta"]:g} the slopes."""
    return Frame(figure, alt, reading)


def _way(scale: float) -> str:
    if scale < 0.05:
        return "All individuals are as good as one: complete pooling."
    if scale > 20:
        return "Nobody learns from the others: no pooling."
    return "Between complete pooling on the left and no pooling on the right."


def pooling_explorer() -> Explorer:
    """One slider from complete pooling to none (chapter 5).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> "complete pooling" in pooling_explorer().frame(scale=0.01).reading
    True
    """
    fine = {float(f"{scale:.2g}") for scale in np.geomspace(0.01, 100, 41)}
    return Explorer(
        "pooling-explorer",
        pooling_frame,
        (
            Control("scale", "σ_alpha and σ_beta times", SCALES, 1.0, (*sorted(fine | {*SCALES}),)),
            Control("seed", "Another dataset", (1, 2, 3, 4), 1, tuple(range(1, 51)), kind="again"),
        ),
        grids=(("scale", "seed"),),
    )


# --- chapter 4: one proposal at a time -----------------------------------------------------------


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
    figure = _figure(4.4)
    ax = _panels(figure, 1, 1)[0, 0]
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


EXPLORERS: Final = (
    data_explorer,
    metropolis_stepper,
    sampler_explorer,
    shrinkage_explorer,
    pooling_explorer,
    comparison_explorer,
    funnel_explorer,
    leapfrog_explorer,
)
"""All of them, in the order of the book."""
