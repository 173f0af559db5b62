"""Answers to chapter 5's exercises."""

from functools import cache

import numpy as np

import hiertools as ht
from hiertools.classroom.exercises.article import article_run as article

ARTICLE, TRUTH = ht.simulate(rng=ht.RRandom(1))
ALPHA, BETA = TRUTH["alpha"], TRUTH["beta"]
SPREAD = ALPHA.std()
LUCK = np.sqrt(0.5 * 0.5 / 75)
ALWAYS_TWO = ht.rmse([2.0], ALPHA)


@cache
def exact(model=ht.Hierarchical):
    return ht.exact_posterior(ARTICLE, model())


@cache
def by_chain(line="beta", prob=0.5, warmup=2000, model="hierarchical"):
    draws = {line: getattr(article(), model).draws[line]}
    return ht.coverage(ht.posterior_interval(draws, prob, warmup)[line], TRUTH[line])


@cache
def by_exact(line="beta"):
    return ht.coverage(exact().interval(0.5)[line], TRUTH[line])


def half(seed=0):
    return by_chain(), by_exact(), LUCK


def weight(seed, sigma=2.0, of=lambda y: y.mean(axis=0), swapped=False):
    """The weight by the formula; slope and intercept of a regression, right or not."""
    rng = np.random.default_rng(seed)
    alpha = rng.normal(2, 1, size=200_000)
    y = of(alpha + rng.normal(0, sigma, size=(5, 200_000)))
    line = np.polyfit(alpha, y, 1) if swapped else np.polyfit(y, alpha, 1)
    return (5 / 4) / (5 / 4 + 1), *line


@cache
def errors(model, line="alpha", sigma_beta=None):
    """RMSE at each sd of the population, averaged over five datasets."""
    return np.mean(
        [[error(model, sd, k, line, sigma_beta) for sd in SDS] for k in range(5)], axis=0
    )


SDS = (1.0, 0.5, 0.2, 0.05)


def error(model, sd, k, line, sigma_beta):
    data, truth = ht.simulate(sigma_alpha=sd, sigma_beta=sigma_beta or sd, rng=k)
    return float(ht.rmse(ht.exact_posterior(data, model()).mean[line], truth[line]))


def pools(seed=0):
    return errors(ht.CompletePooling), errors(ht.Hierarchical)


@cache
def estimates(seed):
    """Estimates of 100 datasets with the article's truth.

    Without pooling they are the least-squares lines. For partial pooling some estimates in
    between do, since the check takes what it is given.
    """
    rng = np.random.default_rng(seed)
    line = ALPHA[ARTICLE.group] + BETA[ARTICLE.group] * ARTICLE.x
    noise = rng.normal(0, 2, size=(100, ARTICLE.y.size))
    s = ht.GroupedData(line + noise, ARTICLE.x, ARTICLE.group).statistics
    alone = s.y_mean - s.slope * s.x_mean
    return {"unpooled": alone, "hierarchical": 2 + 0.5 * (alone - 2), "complete": alone[:, :1]}


def excess(again):
    winner = again.argmax(axis=1)
    return np.mean(again.max(axis=1) - ALPHA[winner])


def best(seed, excess=excess):
    """The estimates, and by how much the winner is overrated, or another measure of it."""
    again = estimates(seed)
    return again, excess(again["unpooled"]), excess(again["hierarchical"])


RIGHT = {
    "ex-comparison-mean": lambda seed: (ALWAYS_TWO, SPREAD),
    "ex-comparison-half": half,
    "ex-comparison-weight": weight,
    "ex-comparison-complete": pools,
    "ex-comparison-best": best,
}
WRONG = {
    "ex-comparison-mean": {
        "slopes": lambda: (ht.rmse([2.0], BETA), SPREAD),
        "variance, not sd": lambda: (ALWAYS_TWO**2, SPREAD),
        "mean error": lambda: (np.mean(2 - ALPHA), SPREAD),
        "not squared": lambda: (np.mean(np.abs(2 - ALPHA)), SPREAD),
        "best number": lambda: (SPREAD, SPREAD),
        "always 2": lambda: (ALWAYS_TWO, ALWAYS_TWO),
        "complete pooling": lambda: (
            ALWAYS_TWO,
            ht.rmse(exact(ht.CompletePooling).mean["alpha"], ALPHA),
        ),
        "population": lambda: (ALWAYS_TWO, 1.0),
        "n - 1": lambda: (ALWAYS_TWO, ALPHA.std(ddof=1)),
    },
    "ex-comparison-half": {
        "intercepts": lambda: (by_chain("alpha"), by_exact(), LUCK),
        "another model": lambda: (by_chain(model="unpooled"), by_exact(), LUCK),
        "warm-up kept": lambda: (by_chain(warmup=0), by_exact(), LUCK),
        "another probability": lambda: (by_chain(prob=0.9), by_exact(), LUCK),
        "percent": lambda: (100 * by_chain(), by_exact(), LUCK),
        "chain again": lambda: (by_chain(), by_chain(), LUCK),
        "number of intervals": lambda: (by_chain(), by_exact(), 75 * LUCK),
        "root of n forgotten": lambda: (by_chain(), by_exact(), 0.5 / 75),
        "variance, not sd": lambda: (by_chain(), by_exact(), 0.25 / 75),
        "two sds": lambda: (by_chain(), by_exact(), 2 * LUCK),
    },
    "ex-comparison-weight": {
        "sds, not variances": lambda: ((5 / 2) / (5 / 2 + 1), *weight(1)[1:]),
        "complement": lambda: (1 - weight(1)[0], *weight(1)[1:]),
        "order swapped": lambda: (weight(1)[0], *weight(1)[:0:-1]),
        "regressed the other way": lambda: weight(1, swapped=True),
        "one observation": lambda: weight(1, of=lambda y: y[0]),
        "sum, not mean": lambda: weight(1, of=lambda y: y.sum(axis=0)),
        "sd used as variance": lambda: weight(1, sigma=np.sqrt(2)),
        "variance used as sd": lambda: weight(1, sigma=4.0),
        "mu forgotten": lambda: (*weight(1)[:2], weight(1)[2] / 2),
    },
    "ex-comparison-complete": {
        "models swapped": lambda: pools()[::-1],
        "another model": lambda: (pools()[0], errors(ht.Unpooled)),
        "slopes": lambda: (errors(ht.CompletePooling, "beta"), pools()[1]),
        "slopes differ": lambda: (pools()[0], errors(ht.Hierarchical, sigma_beta=1.0)),
        "order reversed": lambda: tuple(answer[::-1] for answer in pools()),
        "not a number": lambda: (pools()[0][0], pools()[1][0]),
    },
    "ex-comparison-best": {
        "models swapped": lambda: (best(1)[0], *best(1)[:0:-1]),
        "best in truth": lambda: best(
            1, lambda again: np.mean(again[:, ALPHA.argmax()] - ALPHA.max())
        ),
        "another's truth": lambda: best(1, lambda again: np.mean(again.max(axis=1) - ALPHA.max())),
        "distance to the mean": lambda: best(
            1, lambda again: np.mean(again.max(axis=1) - ALPHA.mean())
        ),
        "no winner": lambda: best(1, lambda again: np.mean(again - ALPHA)),
        "wrong sign": lambda: best(1, lambda again: -excess(again)),
        "not the estimates": lambda: (ALPHA, *best(1)[1:]),
    },
}
