"""Checks of chapter 3's exercises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike
from scipy.special import ndtr

from hiertools._checks import FloatArray
from hiertools.classroom.exercises.article import article_data
from hiertools.classroom.numbers import Suspect, check_number, numeric
from hiertools.classroom.verdicts import LIMIT, Check, Verdict, agrees, disagrees
from hiertools.exact.readout import mixture_quantile
from hiertools.priors import Hierarchical, Unpooled

N_WORLDS, N = 1000, 75
"""Worlds that are to be drawn, and individuals in each."""

# --- tighter boxes ---

MODEST = Unpooled(alpha_low=-10, alpha_high=10, beta_low=-10, beta_high=10)


def box(modest: Any, share: ArrayLike, rise: ArrayLike) -> Verdict:
    """A model with a smaller box: intercepts beyond 5, and the rise of the log prior."""
    wide = Suspect("wide box", 0.95, "this is the share in the wide box: draw from `modest`.")
    one_side = Suspect("one side", 0.25, "count those below -5 as well as those above 5.")
    line = 2 * np.log(10.0)  # one intercept and one slope, each ten times as dense
    suspects = [
        Suspect("intercepts alone", N * line / 2, "the slopes have a smaller box too."),
        Suspect("one line", line, "each individual has a line, and each line a density."),
        Suspect("log to base 10", 2 * N, "use np.log, the natural logarithm."),
    ]
    return (
        _check_box(modest)
        and check_number(
            share,
            0.5,
            name="share",
            within=LIMIT * 0.5 / np.sqrt(N_WORLDS * N),
            suspects=[one_side, wide],
        )
        and check_number(rise, N * line, name="rise", decimals=1, suspects=suspects)
        and agrees("all three are right.")
    )


def _check_box(modest: Any) -> Verdict:
    if not isinstance(modest, Unpooled):
        words = "modest must be the model: `ht.Unpooled(...)` with other constants."
        return disagrees(words, "not the model")
    if modest == MODEST:
        return agrees("modest is right.")
    if modest == replace(MODEST, beta_low=-100, beta_high=100):
        return disagrees("modest: the slopes' box is as wide as before.", "slopes forgotten")
    if modest.sigma_high != MODEST.sigma_high:
        return disagrees("modest: leave the prior of sigma as it is.", "sigma's box too")
    words = "modest: give intercepts and slopes each a lower and an upper bound, 10 from zero."
    return disagrees(words, "another box")


# --- off the edge ---


def support(finite: ArrayLike) -> Verdict:
    """Whether the log prior is finite at each of five places."""
    data, truth = article_data()
    far = np.where(np.arange(data.n) == 0, 1000.0, truth["alpha"])
    moves: dict[str, Any] = {"sigma_alpha": 0.0, "sigma": 10.0, "mu_alpha": 1000.0}
    moves |= {"alpha": far, "sigma_beta": 10.1}
    places = [truth | {name: value} for name, value in moves.items()]
    right = np.array([np.isfinite(Hierarchical().log_prior(place)) for place in places])
    got, problem = numeric(finite, (len(moves),), "finite")
    if problem or got is None:
        return disagrees(problem, "not a number")
    if not np.isin(got, [0.0, 1.0]).all():
        words = "finite must be True or False for each of the five: `np.isfinite` says which."
        return disagrees(words, "not True or False")
    if (got == right).all():
        return agrees("all five are right.")
    if (got == ~right).all():
        return disagrees("the other way round: True where the log prior is finite.", "inverted")
    return _which_edge(got, right)


def _which_edge(got: FloatArray, right: FloatArray) -> Verdict:
    """The first mistake, by what was thought of the prior there."""
    faults = {
        0: ("zero allowed", "what does the normal density do as its standard deviation goes to 0?"),
        4: ("no edge", "a uniform prior has edges. What is its density beyond them?"),
        1: ("edge left out", "does U(0, 10) hold its upper end? Ask `log_prior`."),
        2: ("normal with an edge", "where does a normal density become zero?"),
        3: ("normal with an edge", "alpha has a normal prior too. Where is its density zero?"),
    }
    wrong = next(k for k in faults if got[k] != right[k])
    fault, words = faults[wrong]
    return disagrees(f"{int((got == right).sum())} of 5 are right. A hint: {words}", fault)


# --- draw data, not only lines ---

TAIL = 0.05
"""Share of the observations beyond each end."""


def predictive(unpooled: ArrayLike, hierarchical: ArrayLike) -> Verdict:
    """Ends of the central 90 % of observations at x = 1 under two priors."""
    flat, population = _flat_end(), _population_end()
    swapped = "these are ends under the other model."
    with_box = [
        Suspect("slope missing", 100 * (1 - 2 * TAIL), "at x = 1 a line is at alpha + beta."),
        Suspect("models swapped", population, swapped),
        *_other_shares(_flat_end),
    ]
    with_population = [
        Suspect("noise missing", _population_end(noise=0), "observations scatter about lines."),
        Suspect("variance used as sd", _population_end(noise=2), "sigma is the sd of the noise."),
        Suspect("models swapped", flat, swapped),
        *_other_shares(_population_end),
    ]
    error = _error_of_population_end()
    return (
        _check_ends(unpooled, flat, _error_of_flat_end(), "unpooled", with_box)
        and _check_ends(hierarchical, population, error, "hierarchical", with_population)
        and agrees("both are right.")
    )


def _check_ends(
    ends: ArrayLike, upper: float, error: float, name: str, suspects: list[Suspect]
) -> Verdict:
    both = np.array([-1.0, 1.0])
    theirs = [s._replace(value=s.value * both) for s in suspects]
    theirs.append(Suspect("ends swapped", -upper * both, "the lower end comes first."))
    return check_number(ends, upper * both, name=name, within=LIMIT * error, suspects=theirs)


def _other_shares(end: Callable[..., float]) -> list[Suspect]:
    words = "leave 5 % of the observations below, and 5 % above."
    return [Suspect("another share", end(tail=tail), words) for tail in (0.1, 0.025)]


def _flat_end(tail: float = TAIL) -> float:
    """Upper end under `Unpooled`: the sum of two uniform variables has a triangular density.

    Beyond t it holds (200 - t)^2 / 80,000; the noise, of mean square 100 / 3, adds that much to
    the square.
    """
    return 200.0 - float(np.sqrt(80_000 * tail - 100 / 3))


def _error_of_flat_end() -> float:
    """Standard error of the quantile; individuals of a world are as good as independent."""
    density = (200 - _flat_end()) / 40_000
    return float(np.sqrt(TAIL * (1 - TAIL) / (N_WORLDS * N)) / density)


@lru_cache
def _population_end(noise: int = 1, tail: float = TAIL) -> float:
    """Upper end under `Hierarchical`, where y given the three sds is normal about 0."""
    spread, weight = _spread(noise), _sds()[1]
    return float(mixture_quantile(weight, 0 * spread[:, None], spread[:, None], 1 - tail)[0])


def _spread(noise: int = 1) -> FloatArray:
    """Standard deviation of y given the three sds: two means, two lines' parts, and noise.

    The noise has sigma to that power as its standard deviation; with power 0 there is none.
    """
    sds = _sds()[0]
    lines = 2 * Hierarchical().mu_alpha_sd ** 2 + (sds[:2] ** 2).sum(axis=0)
    spread: FloatArray = np.sqrt(lines + (sds[2] ** (2 * noise) if noise else 0.0))
    return spread


def _error_of_population_end() -> float:
    """Standard error of the quantile: worlds differ in the share that lies below it.

    Individuals of a world share their means and sds; given these they are independent.
    """
    sds, weight = _sds()
    z, chance = hermegauss(30)
    mean = np.sqrt(2) * Hierarchical().mu_alpha_sd * z
    end, spread = _population_end(), _spread()
    below = ndtr((end - mean[:, None]) / np.sqrt((sds**2).sum(axis=0)))
    square = chance @ (below**2 + below * (1 - below) / N) @ weight / chance.sum()
    density = weight @ (np.exp(-0.5 * (end / spread) ** 2) / spread) / np.sqrt(2 * np.pi)
    return float(np.sqrt((square - (1 - TAIL) ** 2) / N_WORLDS) / density)


@lru_cache
def _sds() -> tuple[FloatArray, FloatArray]:
    """Three sds, uniform on (0, 10), at the nodes of a product rule: (3, k), and weights (k,)."""
    xi, weight = leggauss(20)
    sds = np.stack(np.meshgrid(*[5 * (1 + xi)] * 3)).reshape(3, -1)
    return sds, np.prod(np.meshgrid(*[weight / 2] * 3), axis=0).ravel()


# --- populations within populations ---

N_PAIRS = 200_000
MEAN_VAR = Hierarchical().mu_alpha_sd ** 2
"""Variance of mu_alpha."""
HIGH = Hierarchical().sigma_alpha_high


def marginal(derived: ArrayLike, drawn: ArrayLike) -> Verdict:
    """Correlation of two individuals' intercepts under the hierarchical prior."""
    right = MEAN_VAR / (MEAN_VAR + HIGH**2 / 3)
    sd = np.sqrt(MEAN_VAR)
    shares = {
        "squared mean": (MEAN_VAR, HIGH**2 / 4, "the mean of a square is not the mean squared."),
        "variance, not mean square": (
            MEAN_VAR,
            HIGH**2 / 12,
            "E[sigma_alpha^2] is not the variance of sigma_alpha: its mean is not zero.",
        ),
        "sd used as variance": (sd, HIGH**2 / 3, "the 3 of N(0, 3) is a standard deviation."),
        "sds, not variances": (sd, HIGH / np.sqrt(3), "variances add up, and sds do not."),
    }
    suspects = [Suspect(k, a / (a + b), words) for k, (a, b, words) in shares.items()]
    suspects.append(Suspect("covariance", MEAN_VAR, "this is the covariance."))
    pairs = [
        Suspect("not two of a world", 0.0, "correlate two intercepts of one world, over worlds."),
        Suspect("itself", 1.0, "an intercept is paired with itself."),
    ]
    within = LIMIT * _error_of_correlation(right)
    return (
        check_number(derived, right, name="derived", decimals=3, suspects=suspects)
        and check_number(drawn, right, name="drawn", within=within, suspects=pairs)
        and agrees("both are right.")
    )


def _error_of_correlation(right: float) -> float:
    """Standard error of the correlation r of pairs u, v in units of their common sd.

    It is that of the mean of uv - r (u^2 + v^2) / 2. Given sigma_alpha both are normal; the
    fourth moments follow from E[mu^4] = 3 Var(mu)^2 and the mean of sigma_alpha^4.
    """
    square, fourth, mu = HIGH**2 / 3, HIGH**4 / 5, 3 * MEAN_VAR**2
    four_zero = mu + 6 * MEAN_VAR * square + 3 * fourth
    two_two = mu + 2 * MEAN_VAR * square + fourth
    three_one = mu + 3 * MEAN_VAR * square
    total = two_two - 2 * right * three_one + right**2 * (four_zero + two_two) / 2
    return float(np.sqrt(total / N_PAIRS) / (MEAN_VAR + square))


CHECKS: dict[str, Check] = {
    "ex-priors-box": box,
    "ex-priors-support": support,
    "ex-priors-data": predictive,
    "ex-priors-marginal": marginal,
}
