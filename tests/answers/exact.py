"""Answers to chapter 7's exercises."""

from functools import cache

import numpy as np

import hiertools as ht

ARTICLE, _ = ht.simulate(rng=ht.RRandom(1))
PARTLY = ht.Hierarchical()


def one_individual(seed, n_observations=200):
    return ht.simulate(1, n_observations, rng=np.random.default_rng(seed))[0]


def of(data, name="beta"):
    """Posterior mean and sd of a line's number."""
    answer = ht.exact_posterior(data, ht.CompletePooling())
    return [answer.mean[name][0], answer.sd[name][0]]


def on_a_line():
    return ht.GroupedData(y=np.arange(200.0), x=np.arange(200.0), group=np.zeros(200, int))


def least_squares(data, error=lambda s: np.sqrt(s.rss / 198 / s.x_ss)):
    return [data.statistics.slope[0], error(data.statistics)[0]]


def known(seed):
    data = one_individual(seed)
    return data, of(data), least_squares(data)


def known_but(exact=of, by_hand=least_squares):
    """Answers with one of the two computed otherwise."""
    data = one_individual(1)
    return data, exact(data), by_hand(data)


@cache
def article(model=PARTLY):
    return ht.exact_posterior(ARTICLE, model)


def draws(seed, name="beta", i=0, model=PARTLY):
    drawn = article(model).sample(4000, np.random.default_rng(seed))[name]
    share = np.mean(drawn[:, i] > drawn[:, i + 1])
    return share, np.sqrt(share * (1 - share) / 4000)


def edge():
    """Nodes and weights of the article's posterior, and which nodes are kept."""
    exact = article()
    sigma_alpha = exact.nodes["sigma_alpha"]
    return exact, sigma_alpha, exact.weights, sigma_alpha >= 0.3


@cache
def log_scale(seed=0, rest=None, unit=None):
    exact, sigma_alpha, w, kept = edge()
    mean, sd = exact.mean["sigma_alpha"], exact.sd["sigma_alpha"]
    cut = rest or np.average(sigma_alpha[kept], weights=w[kept])
    return w[~kept].sum(), (cut - mean) / (unit or sd / np.sqrt(4000))


@cache
def with_cdf():
    """The same by the distribution function, on a fine grid."""
    exact, grid = article(), np.linspace(0.3, 4, 150)
    below = exact.cdf("sigma_alpha", grid)
    middle = 0.5 * (grid[1:] + grid[:-1])
    cut = np.average(middle, weights=np.diff(below))
    error = exact.sd["sigma_alpha"] / np.sqrt(4000)
    return below[0], (cut - exact.mean["sigma_alpha"]) / error


def either(seed):
    """By nodes or by the distribution function."""
    return with_cdf() if seed % 2 else log_scale()


def unnormalised():
    _, sigma_alpha, w, kept = edge()
    return log_scale(rest=np.sum((w * sigma_alpha)[kept]))


def in_sd_of_rest():
    _, sigma_alpha, w, kept = edge()
    cut = np.average(sigma_alpha[kept], weights=w[kept])
    sd = np.sqrt(np.average((sigma_alpha[kept] - cut) ** 2, weights=w[kept]))
    return log_scale(unit=sd / np.sqrt(4000))


def by_hand(seed=0, *, boxes=150, high=10, gone=2, root=0.5, half=0.5, power=2, top_only=False):
    """The exercise's formula on a grid, with or without a mistake."""
    s, grid = ARTICLE.statistics, np.linspace(0.01, 10, 1000 + seed)
    log_f = -boxes * np.log(200) - root * np.sum(np.log(s.m * s.x_ss)) - np.log(high)
    log_f = log_f - 0.5 * np.sum(s.m - gone) * np.log(2 * np.pi * grid**power)
    log_f = log_f - half * np.sum(s.rss) / grid**power
    top = log_f.max()
    return (top if top_only else top + np.log(np.trapezoid(np.exp(log_f - top), grid)),)


def sd():
    return article().sd["sigma_alpha"]


RIGHT = {
    "ex-exact-known": known,
    "ex-exact-draws": draws,
    "ex-exact-log": either,
    "ex-exact-evidence": by_hand,
}
WRONG = {
    "ex-exact-known": {
        "no data": lambda: (ht.simulate(1, 200, rng=1), *known(1)[1:]),
        "other sizes": lambda: (one_individual(1, 100), *known(1)[1:]),
        "another scale": lambda: (on_a_line(), *known(1)[1:]),
        "formula": lambda: known_but(exact=least_squares),
        "intercept": lambda: known_but(exact=lambda data: of(data, "alpha")),
        "posterior": lambda: known_but(by_hand=of),
        "divided by n": lambda: known_but(
            by_hand=lambda data: least_squares(data, lambda s: np.sqrt(s.rss / 200 / s.x_ss))
        ),
        "variance used as sd": lambda: known_but(
            by_hand=lambda data: least_squares(data, lambda s: s.rss / 198 / np.sqrt(s.x_ss))
        ),
        "S_xx, not its root": lambda: known_but(
            by_hand=lambda data: least_squares(data, lambda s: np.sqrt(s.rss / 198) / s.x_ss)
        ),
        "y, not residuals": lambda: known_but(
            by_hand=lambda data: least_squares(data, lambda s: data.y.std() / np.sqrt(s.x_ss))
        ),
    },
    "ex-exact-draws": {
        "complement": lambda: (1 - draws(1)[0], draws(1)[1]),
        "intercepts": lambda: draws(1, "alpha"),
        "individuals 2 and 3": lambda: draws(1, i=1),
        "another model": lambda: draws(1, model=ht.Unpooled()),
        "one draw's": lambda: (draws(1)[0], draws(1)[1] * np.sqrt(4000)),
        "root forgotten": lambda: (draws(1)[0], draws(1)[1] / np.sqrt(4000)),
    },
    "ex-exact-log": {
        "complement": lambda: (1 - log_scale()[0], log_scale()[1]),
        "weights not made to add up": unnormalised,
        "weights missing": lambda: log_scale(rest=edge()[1][edge()[3]].mean()),
        "sd of what is left": in_sd_of_rest,
        "posterior sds": lambda: log_scale(unit=sd()),
        "not in Monte Carlo errors": lambda: log_scale(unit=1.0),
        "variance of the mean": lambda: log_scale(unit=sd() / 4000),
    },
    "ex-exact-evidence": {
        "prior of sigma": lambda: by_hand(high=1),
        "no box": lambda: by_hand(boxes=0),
        "half the box": lambda: by_hand(boxes=75),
        "one box": lambda: by_hand(boxes=2),
        "m for m - 2": lambda: by_hand(gone=0),
        "no roots": lambda: by_hand(root=0),
        "root forgotten": lambda: by_hand(root=1),
        "half missing": lambda: by_hand(half=1),
        "sd used as variance": lambda: by_hand(power=1),
        "not integrated": lambda: by_hand(top_only=True),
        "log to base 10": lambda: (by_hand()[0] / np.log(10),),
    },
}
