"""Answers to chapter 1's exercises."""

import numpy as np

import hiertools as ht

ARTICLE = ht.simulate(rng=ht.RRandom(1))


def alike(seed, **other):
    """A dataset of twins, as the exercise asks for, or with other settings."""
    settings = {"sigma_alpha": 0.001, "sigma_beta": 0.001} | other
    return ht.simulate(**settings, rng=np.random.default_rng(seed))


def twins(seed):
    data, truth = alike(seed)
    return data, truth, data.statistics.slope.std()


def pairs(seed, x_sd=1e-9):
    data, _ = ht.simulate(100_000, 2, x_sd=x_sd, rng=np.random.default_rng(seed))
    return data.y


def correlation(first, second):
    return np.corrcoef(first, second)[0, 1]


def icc(seed):
    return 1 / 5, correlation(*pairs(seed).reshape(-1, 2).T)


def both_widths(seed):
    many, _ = ht.simulate(100_000, 10, rng=np.random.default_rng(seed))
    both = [ARTICLE[0].statistics, many.statistics]
    return both, [s.slope.std() for s in both]


def width(seed):
    both, seen = both_widths(seed)
    return [np.sqrt(1 + 4 * np.mean(1 / s.x_ss)) for s in both], seen


def width_with(formula):
    """Answers in which another formula predicts."""
    both, seen = both_widths(1)
    return [np.sqrt(formula(s.x_ss)) for s in both], seen


def centre(seed):
    _, lines = ht.simulate(100_000, 1, rng=np.random.default_rng(seed))
    return (correlation(lines["alpha"] - 5 * lines["beta"], lines["beta"]),)


def twins_with(measure):
    """Answers in which the spread is measured otherwise."""
    data, truth = alike(1)
    return data, truth, measure(data.statistics.slope, truth["beta"])


RIGHT = {
    "ex-data-twins": twins,
    "ex-data-icc": icc,
    "ex-data-width": width,
    "ex-data-centre": centre,
}
WRONG = {
    "ex-data-twins": {
        "true slopes": lambda: twins_with(lambda fitted, true: true.std()),
        "n - 1": lambda: twins_with(lambda fitted, true: fitted.std(ddof=1)),
        "variance, not sd": lambda: twins_with(lambda fitted, true: fitted.var()),
        "not twins": lambda: (*alike(1, sigma_beta=1), 1.0),
        "not data": lambda: (alike(1), ARTICLE[1], 1.0),
        "another truth": lambda: (alike(1)[0], alike(1, n=10)[1], 1.0),
    },
    "ex-data-icc": {
        "sds, not variances": lambda: (1 / 3, 0.2),
        "complement": lambda: (0.8, 0.8),
        "x varies": lambda: (0.2, correlation(*pairs(1, x_sd=1).reshape(-1, 2).T)),
        "strangers paired": lambda: (0.2, correlation(*pairs(1).reshape(2, -1))),
    },
    "ex-data-width": {
        "one over the mean": lambda: width_with(lambda s: 1 + 4 / np.mean(s)),
        "noise alone": lambda: width_with(lambda s: 4 * np.mean(1 / s)),
        "sd used as variance": lambda: width_with(lambda s: 1 + 2 * np.mean(1 / s)),
        "variance, not sd": lambda: width_with(lambda s: (1 + 4 * np.mean(1 / s)) ** 2),
        "true slopes": lambda: (width(1)[0], [ARTICLE[1]["beta"].std(), 1.0]),
    },
    "ex-data-centre": {
        "wrong sign": lambda: (5 / np.sqrt(26),),
        "still independent": lambda: (0,),
        "variances for sds": lambda: (-5 / 26,),
        "covariance": lambda: (-5,),
        "5 not squared": lambda: (-5 / np.sqrt(6),),
    },
}
