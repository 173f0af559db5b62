"""Answers to chapter 6's exercises."""

from functools import cache, partial

import numpy as np

import hiertools as ht

EVERY = (1, 10, 100)
ROOT_3 = np.sqrt(3)


@cache
def bell(seed):
    """Four chains of a standard normal in small steps."""
    return ht.metropolis(
        lambda params: -0.5 * params["theta"] ** 2,
        {"theta": np.array([-1.0, 0.0, 2.0, 3.0])},
        proposal_sd=0.3,
        n_draws=20_000,
        rng=np.random.default_rng(seed),
    ).draws["theta"]


def thinned(parts):
    rows = [ht.summarize({"theta": part}).row("theta") for part in parts]
    columns = [[row[name] for row in rows] for name in ("ess_bulk", "mcse")]
    return [part.size for part in parts], *columns


@cache
def thin(seed):
    return thinned([bell(seed)[:, ::k] for k in EVERY])


def thin_but(**change):
    """Right answers but for some."""
    names = ("n_draws", "ess", "mcse")
    return tuple((dict(zip(names, thin(1), strict=True)) | change).values())


@cache
def first_draws():
    return thinned([bell(1)[:, : 20_000 // k] for k in EVERY])


def digits(seed=0):
    return 0.4 / np.sqrt(500), 8000 * (0.4 / 0.005) ** 2 / 500


def across(seed, *, pull=-0.5, noise=ROOT_3 / 2, shape=(4, 5000)):
    """Chains in which each draw is pulled across by the one before."""
    theta = np.random.default_rng(seed).normal(size=shape)
    for t in range(1, shape[1]):
        theta[:, t] = pull * theta[:, t - 1] + noise * theta[:, t]
    return theta


def antithetic(seed):
    return 3, 0.6, across(seed)


@cache
def article():
    return ht.replicate_article()


def ess(chain, warmup=2000, measure=ht.ess_bulk, individual=0, mean=lambda d: d["alpha"].mean(1)):
    asked = (
        chain.draws["sigma"],
        chain.draws["alpha"][:, individual],
        mean(chain.draws),
        chain.log_density,
    )
    return [float(measure({"asked": values[None, warmup:]})["asked"]) for values in asked]


@cache
def question(seed=0):
    return (ess(article().hierarchical),)


def question_but(**change):
    return (ess(article().hierarchical, **change),)


def mean_of_ess():
    alpha = article().hierarchical.draws["alpha"][None, 2000:]
    right = question()[0]
    return ([*right[:2], float(ht.ess_bulk({"alpha": alpha})["alpha"].mean()), right[3]],)


@cache
def noticed(seed, c=6, w=0.8):
    """Share of a thousand runs in which R-hat notices two modes."""
    rng = np.random.default_rng(seed)
    modes = np.where(rng.random((c, 1, 1000)) < w, -6.0, 6.0)
    return np.mean(ht.rhat({"theta": modes + rng.normal(size=(c, 100, 1000))})["theta"] > 1.1)


def how_many(seed):
    return [6, 14, 59], noticed(seed)


RIGHT = {
    "ex-diagnostics-thin": thin,
    "ex-diagnostics-digits": digits,
    "ex-diagnostics-antithetic": antithetic,
    "ex-diagnostics-question": question,
    "ex-diagnostics-how-many": how_many,
}
WRONG = {
    "ex-diagnostics-thin": {
        "one chain": lambda: thinned([bell(1)[:1, ::k] for k in EVERY]),
        "chains thinned": lambda: thinned([bell(1)[::k] for k in EVERY]),
        "first draws kept": first_draws,
        "draws counted": lambda: thin_but(ess=[80_000, 8000, 800]),
        "posterior sd": lambda: thin_but(mcse=[bell(1).std()] * 3),
        "draws taken for independent": lambda: thin_but(
            mcse=[bell(1).std() / np.sqrt(80_000 / k) for k in EVERY]
        ),
        "root forgotten": lambda: thin_but(mcse=1 / np.array(thin(1)[1])),
    },
    "ex-diagnostics-digits": {
        "draws taken for independent": lambda: (0.4 / np.sqrt(8000), 102_400),
        "root forgotten": lambda: (0.4 / 500, 102_400),
        "variance, not sd": lambda: (0.4**2 / 500, 102_400),
        "effective draws": lambda: (0.0179, 6400),
        "one chain": lambda: (0.0179, 25_600),
        "proportional": lambda: (0.0179, 8000 * 0.4 / np.sqrt(500) / 0.005),
        "factor": lambda: (0.0179, 12.8),
        "those to come": lambda: (0.0179, 94_400),
    },
    "ex-diagnostics-antithetic": {
        "upside down": lambda: (1 / 3, 0.6, across(1)),
        "2 forgotten": lambda: (1.5, 0.6, across(1)),
        "lag 0 in the sum": lambda: (3 / 7, 0.6, across(1)),
        "at most 1": lambda: (1, 0.6, across(1)),
        "as for the mean": lambda: (3, 3, across(1)),
        "variance used as sd": lambda: (3, 0.6, across(1, noise=3 / 4)),
        "noise of sd 1": lambda: (3, 0.6, across(1, noise=1)),
        "sign lost": lambda: (3, 0.6, across(1, pull=0.5)),
        "independent": lambda: (3, 0.6, np.random.default_rng(1).normal(size=(4, 5000))),
        "axes swapped": lambda: (3, 0.6, across(1).T),
        "malformed draws": lambda: (3, 0.6, across(1)[None]),
    },
    "ex-diagnostics-question": {
        "warm-up kept": partial(question_but, warmup=0),
        "another chain": lambda: (ess(article().unpooled),),
        "tail, not bulk": partial(question_but, measure=ht.ess_tail),
        "second individual": partial(question_but, individual=1),
        "mean of ESS": mean_of_ess,
        "mu_alpha": partial(question_but, mean=lambda draws: draws["mu_alpha"]),
    },
    "ex-diagnostics-how-many": {
        "one mode only": lambda: ([5, 14, 59], noticed(1)),
        "one too few": lambda: ([5, 13, 58], noticed(1)),
        "other mode only": lambda: ([5, 2, 2], noticed(1)),
        "5 % for 95 %": lambda: ([2, 2, 2], noticed(1)),
        "complement": lambda: ([6, 14, 59], 1 - noticed(1)),
        "four chains": lambda: ([6, 14, 59], noticed(1, c=4)),
        "equal modes": lambda: ([6, 14, 59], noticed(1, w=0.5)),
    },
}
