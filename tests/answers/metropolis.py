"""Answers to chapter 4's exercises."""

from functools import cache, partial

import numpy as np

import hiertools as ht

ARTICLE, TRUTH = ht.simulate(rng=ht.RRandom(1))
UNPOOLED = ht.Unpooled()


@cache
def three_rates(seed, sigma_step):
    """Of three chains side by side, which costs little more than one."""
    rng = np.random.default_rng(seed)
    starts = [ht.article_start(UNPOOLED, 75, rng) for _ in range(3)]
    chains = ht.metropolis(
        partial(UNPOOLED.log_posterior, ARTICLE),
        {name: np.stack([start[name] for start in starts]) for name in starts[0]},
        proposal_sd={"alpha": 0.125, "beta": 0.125, "sigma": sigma_step},
        n_draws=5000,
        rng=rng,
    )
    return chains.accept_rate


def rate(seed, sigma_step):
    return float(three_rates(seed // 3, sigma_step)[seed % 3])


def steps(seed):
    return ([rate(seed, 0.02), rate(seed, 0.125)],)


def walk(seed, *, power=1.0, n_draws=20_000, step=2.4, repeat=True):
    """A Metropolis chain of a standard normal from 10, right or not."""
    rng = np.random.default_rng(seed)
    z, draws = 10.0, []
    moves, chances = step * rng.standard_normal(n_draws), np.log(rng.random(n_draws))
    for move, chance in zip(moves.tolist(), chances.tolist(), strict=True):
        accepted = chance < power * 0.5 * (z**2 - (z + move) ** 2)
        z = z + move if accepted else z
        if accepted or repeat:
            draws.append(z)
    return np.array(draws)


def own(seed):
    return (walk(seed)[500:],)


@cache
def sds(seed):
    """The standard deviations of all draws of sigma, and of accepted proposals.

    The lines are held at the truth, so that the sum of squares is all that matters; and one number
    at a time is cheap in plain Python.
    """
    n = ARTICLE.group
    square = np.sum((ARTICLE.y - TRUTH["alpha"][n] - TRUTH["beta"][n] * ARTICLE.x) ** 2)

    def log_p(sigma):
        return -ARTICLE.y.size * np.log(sigma) - square / 2 / sigma**2

    rng, here, draws, moved = np.random.default_rng(seed), 2.1, [], []
    steps, chances = rng.standard_normal(50_000), rng.exponential(size=50_000)
    for step, chance in zip(steps.tolist(), chances.tolist(), strict=True):
        there = here + step
        moved.append(0 < there < 10 and log_p(there) - log_p(here) > -chance)
        here = there if moved[-1] else here
        draws.append(here)
    sigma, grid = np.array(draws), np.linspace(1.7, 2.6, 901)
    weight = np.exp(log_p(grid) - log_p(grid).max())
    mean = np.average(grid, weights=weight)
    exact = np.sqrt(np.average((grid - mean) ** 2, weights=weight))
    return exact, sigma.std(), sigma[moved].std()


def log_ratio(log_p, here, there):
    return log_p(there) - log_p(here) + np.log(there / here)


def rule(correction):
    """A log ratio with a correction of its own."""
    return (lambda log_p, a, b: log_p(b) - log_p(a) + correction(a, b),)


RIGHT = {
    "ex-metropolis-steps": steps,
    "ex-metropolis-own": own,
    "ex-metropolis-repeats": sds,
    "ex-metropolis-hastings": lambda seed: (log_ratio,),
}
WRONG = {
    "ex-metropolis-steps": {
        "order swapped": lambda: (steps(1)[0][::-1],),
        "one rate twice": lambda: ([rate(1, 0.02), rate(2, 0.02)],),
        "rejected": lambda: ([1 - r for r in steps(1)[0]],),
        "percent": lambda: ([100 * r for r in steps(1)[0]],),
    },
    "ex-metropolis-own": {
        "warm-up kept": lambda: (walk(1),),
        "rejected draws dropped": lambda: (walk(1, repeat=False)[500:],),
        "half missing": lambda: (walk(1, power=2.0)[500:],),
        "square root": lambda: (walk(1, power=0.5)[500:],),
        "malformed draws": lambda: (walk(1)[500:].mean(),),
    },
    "ex-metropolis-repeats": {
        "repeats forgotten": lambda: (sds(1)[0], sds(1)[2], sds(1)[2]),
        "repeats kept": lambda: (sds(1)[0], sds(1)[1], sds(1)[1]),
        "variance, not sd": lambda: tuple(s**2 for s in sds(1)),
    },
    "ex-metropolis-hastings": {
        "missing Jacobian": lambda: rule(lambda a, b: 0.0),
        "upside down": lambda: rule(lambda a, b: np.log(a / b)),
        "log forgotten": lambda: rule(lambda a, b: b / a),
        "density, not its log": lambda: (lambda log_p, a, b: np.exp(log_ratio(log_p, a, b)),),
        "wrong sign": lambda: (lambda log_p, a, b: -log_ratio(log_p, a, b),),
        "not a function": lambda: (0.3,),
    },
}
