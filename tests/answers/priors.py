"""Answers to chapter 3's exercises."""

import numpy as np

import hiertools as ht

TRUTH = ht.simulate(rng=ht.RRandom(1))[1]
MODEST = ht.Unpooled(alpha_low=-10, alpha_high=10, beta_low=-10, beta_high=10)
FINITE = [False, True, True, True, False]


def box(seed, model=MODEST, beyond=lambda alpha: np.abs(alpha) > 5):
    draws = model.sample_prior(75, np.random.default_rng(seed), n_draws=1000)
    rise = model.log_prior(TRUTH) - ht.Unpooled().log_prior(TRUTH)
    return model, np.mean(beyond(draws["alpha"])), rise


def ends(model, seed, probs=(0.05, 0.95), x=1.0, sd=lambda sigma: sigma):
    """Quantiles of observations from 1,000 worlds, drawn right or not."""
    rng = np.random.default_rng(seed)
    worlds = model.sample_prior(75, rng, n_draws=1000)
    line = worlds["alpha"] + worlds["beta"] * x
    return np.quantile(rng.normal(line, sd(worlds["sigma"])[:, None]), probs)


def predictive(seed, **other):
    return tuple(ends(model(), seed, **other) for model in (ht.Unpooled, ht.Hierarchical))


def hierarchical_with(**other):
    """Ends of which the second pair is drawn otherwise."""
    return predictive(1)[0], ends(ht.Hierarchical(), 1, **other)


def correlation(seed, model=None):
    rng, model = np.random.default_rng(seed), model or ht.Hierarchical()
    return np.corrcoef(model.sample_prior(2, rng, n_draws=200_000)["alpha"].T)[0, 1]


def marginal(seed):
    return 9 / (9 + 100 / 3), correlation(seed)


RIGHT = {
    "ex-priors-box": box,
    "ex-priors-support": lambda seed: (FINITE,),
    "ex-priors-data": predictive,
    "ex-priors-marginal": marginal,
}
WRONG = {
    "ex-priors-box": {
        "not the model": lambda: ({"alpha_low": -10}, *box(1)[1:]),
        "slopes forgotten": lambda: box(1, ht.Unpooled(alpha_low=-10, alpha_high=10)),
        "sigma's box too": lambda: box(1, ht.Unpooled(-10, 10, -10, 10, 1)),
        "another box": lambda: box(1, ht.Unpooled(alpha_high=10, beta_high=10)),
        "one side": lambda: box(1, beyond=lambda alpha: alpha > 5),
        "wide box": lambda: (MODEST, box(1, ht.Unpooled())[1], box(1)[2]),
        "intercepts alone": lambda: (*box(1)[:2], 75 * np.log(10)),
        "one line": lambda: (*box(1)[:2], 2 * np.log(10)),
        "log to base 10": lambda: (*box(1)[:2], 150),
        "wrong sign": lambda: (*box(1)[:2], -box(1)[2]),
    },
    "ex-priors-support": {
        "zero allowed": lambda: ([True, True, True, True, False],),
        "edge left out": lambda: ([False, False, True, True, False],),
        "normal with an edge": lambda: ([False, True, True, False, False],),
        "no edge": lambda: ([False, True, True, True, True],),
        "inverted": lambda: ([True, False, False, False, True],),
        "not True or False": lambda: ([-np.inf, -300.0, -5e4, -5e5, -np.inf],),
    },
    "ex-priors-data": {
        "noise missing": lambda: hierarchical_with(sd=np.zeros_like),
        "variance used as sd": lambda: hierarchical_with(sd=np.square),
        "slope missing": lambda: predictive(1, x=0.0),
        "models swapped": lambda: predictive(1)[::-1],
        "another share": lambda: predictive(1, probs=(0.1, 0.9)),
        "ends swapped": lambda: predictive(1, probs=(0.95, 0.05)),
    },
    "ex-priors-marginal": {
        "squared mean": lambda: (9 / (9 + 25), correlation(1)),
        "variance, not mean square": lambda: (9 / (9 + 100 / 12), correlation(1)),
        "sd used as variance": lambda: (3 / (3 + 100 / 3), correlation(1)),
        "sds, not variances": lambda: (3 / (3 + 10 / np.sqrt(3)), correlation(1)),
        "covariance": lambda: (9, correlation(1)),
        "complement": lambda: (1 - marginal(1)[0], correlation(1)),
        "not two of a world": lambda: (marginal(1)[0], correlation(1, ht.Unpooled())),
    },
}
