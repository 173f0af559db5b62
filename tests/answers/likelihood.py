"""Answers to chapter 2's exercises."""

import numpy as np

import hiertools as ht

ARTICLE, TRUTH = ht.simulate(rng=ht.RRandom(1))
RESIDUAL = ARTICLE.y - TRUTH["alpha"][ARTICLE.group] - TRUTH["beta"][ARTICLE.group] * ARTICLE.x


def coin(seed):
    return 1075, 1075 * np.log(0.5)


def direct(a, b):
    rows = ARTICLE.group == 3
    return np.sum((ARTICLE.y[rows] - a - b * ARTICLE.x[rows]) ** 2)


def by_sums(a, b):
    m, x_mean, x_ss, y_mean, slope, rss = (column[3] for column in ARTICLE.statistics)
    return rss + m * (y_mean - a - b * x_mean) ** 2 + x_ss * (b - slope) ** 2


def sums_with(formula):
    """Both functions; in the second another formula of the six numbers."""
    six = [column[3] for column in ARTICLE.statistics]
    return direct, lambda a, b: formula(a, b, *six)


def of_individual(i):
    """Both functions, of another individual."""
    rows = ARTICLE.group == i
    y, x = ARTICLE.y[rows], ARTICLE.x[rows]
    return lambda a, b: np.sum((y - a - b * x) ** 2), by_sums


def highest(data):
    return np.sqrt(data.statistics.rss.sum() / data.y.size)


def factor(m):
    return np.sqrt((m - 2) / m)


def bias(seed, m=5):
    many, _ = ht.simulate(100_000, m, rng=np.random.default_rng(seed))
    return highest(ARTICLE), highest(many), factor


RIGHT = {
    "ex-likelihood-coin": coin,
    "ex-likelihood-sigma": lambda seed: (np.sqrt(np.mean(RESIDUAL**2)),),
    "ex-likelihood-identity": lambda seed: (direct, by_sums),
    "ex-likelihood-bias": bias,
}
WRONG = {
    "ex-likelihood-coin": {
        "one too few": lambda: (1074, 1074 * np.log(0.5)),
        "digits lost": lambda: (1023, 1023 * np.log(0.5)),
        "log of zero": lambda: (1075, -np.inf),
        "log to base 10": lambda: (1075, 1075 * np.log10(0.5)),
        "log to base 2": lambda: (1075, 1075 * np.log2(0.5)),
        "wrong sign": lambda: (1075, 1075 * np.log(2)),
    },
    "ex-likelihood-sigma": {
        "variance, not sd": lambda: (np.mean(RESIDUAL**2),),
        "sum, not mean": lambda: (np.sqrt(np.sum(RESIDUAL**2)),),
        "n, not N": lambda: (np.sqrt(np.sum(RESIDUAL**2) / 75),),
        "N - 1": lambda: (np.sqrt(np.sum(RESIDUAL**2) / 374),),
        "not squared": lambda: (np.mean(np.abs(RESIDUAL)),),
        "mean taken off": lambda: (RESIDUAL.std(),),
        "fitted lines": lambda: (highest(ARTICLE),),
        "true sigma": lambda: (TRUTH["sigma"],),
        "read off the grid": lambda: (np.round(np.sqrt(np.mean(RESIDUAL**2)), 2),),
    },
    "ex-likelihood-identity": {
        "another individual": lambda: of_individual(2),
        "RSS missing": lambda: sums_with(
            lambda a, b, m, xm, xss, ym, s, rss: m * (ym - a - b * xm) ** 2 + xss * (b - s) ** 2
        ),
        "slope's miss missing": lambda: sums_with(
            lambda a, b, m, xm, xss, ym, s, rss: rss + m * (ym - a - b * xm) ** 2
        ),
        "height's miss missing": lambda: sums_with(
            lambda a, b, m, xm, xss, ym, s, rss: rss + xss * (b - s) ** 2
        ),
        "m missing": lambda: sums_with(
            lambda a, b, m, xm, xss, ym, s, rss: rss + (ym - a - b * xm) ** 2 + xss * (b - s) ** 2
        ),
        "S_xx missing": lambda: sums_with(
            lambda a, b, m, xm, xss, ym, s, rss: rss + m * (ym - a - b * xm) ** 2 + (b - s) ** 2
        ),
        "intercept, not height": lambda: sums_with(
            lambda a, b, m, xm, xss, ym, s, rss: rss + m * (ym - a) ** 2 + xss * (b - s) ** 2
        ),
        "mean, not sum": lambda: (direct, lambda a, b: by_sums(a, b) / 5),
        "all individuals": lambda: (
            lambda a, b: np.sum((ARTICLE.y - a - b * ARTICLE.x) ** 2),
            by_sums,
        ),
        "not summed": lambda: (
            lambda a, b: (ARTICLE.y[15:20] - a - b * ARTICLE.x[15:20]) ** 2,
            by_sums,
        ),
        "None": lambda: (direct, lambda a, b: None),
        "not a function": lambda: (direct(0, 0), by_sums(0, 0)),
        "raises": lambda: (direct, lambda a: a),
    },
    "ex-likelihood-bias": {
        "true lines": lambda: (np.sqrt(np.mean(RESIDUAL**2)), *bias(1)[1:]),
        "corrected": lambda: (np.sqrt(5 / 3) * highest(ARTICLE), *bias(1)[1:]),
        "not too small": lambda: (highest(ARTICLE), np.sqrt(5 / 3) * bias(1)[1], factor),
        "no observations to spare": lambda: (highest(ARTICLE), bias(1, m=2)[1], factor),
        "variance, not sd": lambda: (*bias(1)[:2], lambda m: (m - 2) / m),
        "a mean, not a line": lambda: (*bias(1)[:2], lambda m: np.sqrt((m - 1) / m)),
        "upside down": lambda: (*bias(1)[:2], lambda m: np.sqrt(m / (m - 2))),
        "not a function": lambda: (*bias(1)[:2], factor(5)),
    },
}
