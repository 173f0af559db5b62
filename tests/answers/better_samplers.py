"""Answers to chapter 8's exercises."""

from functools import cache, partial

import numpy as np

import hiertools as ht
from hiertools.better_samplers.adaptation import Point
from hiertools.better_samplers.gibbs import draw_sd
from hiertools.better_samplers.hamiltonian import energy, leapfrog

ARTICLE, _ = ht.simulate(rng=ht.RRandom(1))
MODEL = ht.Hierarchical()
FEW, _ = ht.simulate(8, 4, rng=np.random.default_rng([8, 14]))
X = np.column_stack([np.ones(ARTICLE.y.size), ARTICLE.x])
ROOT = np.linalg.cholesky(np.linalg.inv(X.T @ X))


@cache
def exact():
    return ht.exact_posterior(ARTICLE, MODEL)


def ratios(times=(0.5, 0.5, 0.5)):
    """By what factor the energy error falls from 100 steps to 200, and to 400."""
    target, errors = ht.noncentred(ARTICLE, MODEL), []
    z = target.from_params(exact().mean)
    first, push = Point(z, *target.log_density_and_gradient(z)), np.ones(z.size)
    for n_steps, time in zip((100, 200, 400), times, strict=True):
        point, momentum, step = first, push, np.asarray(time / n_steps)
        for _ in range(n_steps):
            point, momentum = leapfrog(target, point, momentum, step, np.ones(z.size))
        errors.append(energy(point, momentum) - energy(first, push))
    return np.divide(errors[:-1], errors[1:])


right_ratios = cache(ratios)


@cache
def paths(seed, *, units=True, form=ht.noncentred, groups=3):
    """Bulk ESS of intercepts for paths of four lengths, in groups of eight chains.

    Of every third intercept only, to save time.
    """
    target = form(ARTICLE, MODEL)
    draws = exact().sample(3000, np.random.default_rng([seed, 1]))
    scale = target.from_params(draws).std(axis=0) if units else None
    start = {name: values[: 8 * groups] for name, values in draws.items()}
    rng, found = np.random.default_rng([seed, 2]), []
    for n in (1, 2, 8, 32):
        settings = {"n_leapfrog": n, "n_draws": 800 // n, "n_warmup": 0, "step_size": 0.2}
        alpha = ht.hmc(target, start, scale=scale, rng=rng, **settings).draws["alpha"][..., ::3]
        each = alpha.reshape(groups, 8, *alpha.shape[1:])
        found.append([ht.ess_bulk({"alpha": part})["alpha"] for part in each])
    return np.swapaxes(found, 0, 1)


def rates(seed, measure=np.median, **other):
    return measure(paths(seed // 3, **other)[seed % 3], axis=1) / 6.4


def length(seed):
    return (rates(seed),)


def by_grid(n=5, of=lambda sigma: sigma):
    grid = (np.arange(10_000) + 0.5) / 1000
    density = grid**-n * np.exp(-5 / (2 * grid**2))
    return np.sum(of(grid) * density) / np.sum(density)


@cache
def shape(seed):
    rng, squares = np.random.default_rng(seed), np.full(100_000, 5.0)
    return by_grid(), *(draw_sd(squares, count, 10.0, rng).mean() for count in (5, 6))


class Target(ht.Coordinates):
    """The non-centred form with some of the logs of its three standard deviations left out."""

    low, high, of, slope = 1, 1, slice(-3, None), True

    def log_density_and_gradient(self, z):
        log_density, gradient = super().log_density_and_gradient(z)
        share = 1 / (1 + np.exp(-z[..., self.of]))
        lost = self.low * np.log(share) + self.high * np.log1p(-share)
        if self.slope:
            gradient[..., self.of] -= self.low * (1 - share) - self.high * share
        return log_density - lost.sum(axis=-1), gradient


def target(is_centred=False, **change):
    return type("Other", (Target,), change)(FEW, MODEL, is_centred=is_centred)


def log_prior(sigma):
    return -np.log(sigma) - np.log(10 - sigma)


def jacobian(seed):
    return target(is_centred=bool(seed % 2)), FEW, log_prior


@cache
def pooled(seed, spread=lambda sigma: sigma * ROOT, count=375, n_draws=4000):
    """Gibbs for one line: its draws, and those of sigma."""
    line_hat, *_ = np.linalg.lstsq(X, ARTICLE.y)
    rng, sigma, kept = np.random.default_rng(seed), np.array([5.0]), []
    for _ in range(n_draws):
        line = line_hat + spread(sigma) @ rng.standard_normal(2)
        square = np.sum((ARTICLE.y - X @ line) ** 2)
        sigma = draw_sd(np.array([square]), count, 10.0, rng)
        kept.append([*line, *sigma])
    return (dict(zip(("alpha", "beta", "sigma"), np.array(kept).T, strict=True)),)


RIGHT = {
    "ex-samplers-order": lambda seed: (right_ratios(), np.sqrt(2)),
    "ex-samplers-length": length,
    "ex-samplers-shape": shape,
    "ex-samplers-jacobian": jacobian,
    "ex-samplers-pooled": pooled,
}
WRONG = {
    "ex-samplers-order": {
        "power": lambda: ([2, 2], np.sqrt(2)),
        "upside down": lambda: (1 / right_ratios(), np.sqrt(2)),
        "longer path": lambda: (ratios((0.5, 1, 2)), np.sqrt(2)),
        "first order": lambda: (right_ratios(), 2),
        "squared twice": lambda: (right_ratios(), 4),
        "longer steps": lambda: (right_ratios(), 0.71),
        "not a number": lambda: (right_ratios()[0], np.sqrt(2)),
    },
    "ex-samplers-length": {
        "stands still": lambda: (rates(0, units=False, groups=1),),
        "too low": lambda: (rates(0, np.min),),
        "for draws": lambda: (rates(0) * [1, 2, 8, 32],),
        "not for 1,000": lambda: (8 * rates(0),),
        "for one gradient": lambda: (rates(0) / 1000,),
        "not above zero": lambda: (rates(0) * [1, 1, 1, 0],),
    },
    "ex-samplers-shape": {
        "shape n/2": lambda: (by_grid(n=6), *shape(1)[1:]),
        "mode": lambda: (1, *shape(1)[1:]),
        "mean of the square": lambda: (by_grid(of=np.square), *shape(1)[1:]),
        "shape (n - 1)/2": lambda: (*shape(1)[:2], shape(1)[1]),
        "not a number": lambda: (np.nan, *shape(1)[1:]),
    },
    "ex-samplers-jacobian": {
        "Jacobian kept": lambda: (ht.noncentred(FEW, MODEL), FEW, log_prior),
        "one end": lambda: (target(high=0), FEW, log_prior),
        "wrong sign": lambda: (target(low=-1, high=-1), FEW, log_prior),
        "one sd": lambda: (target(of=slice(-1, None)), FEW, log_prior),
        "gradient kept": lambda: (target(slope=False), FEW, log_prior),
        "not a target": lambda: (Target, FEW, log_prior),
        "not data": lambda: (target(), ARTICLE, log_prior),
        "flat": lambda: (target(), FEW, lambda sigma: 0),
        "upside down": lambda: (target(), FEW, lambda sigma: -log_prior(sigma)),
        "density, not its log": lambda: (target(), FEW, lambda sigma: np.exp(log_prior(sigma))),
        "not a function": lambda: (target(), FEW, "flat"),
    },
    "ex-samplers-pooled": {
        "sigma forgotten": partial(pooled, 1, lambda sigma: ROOT),
        "sd used as variance": partial(pooled, 1, lambda sigma: np.sqrt(sigma) * ROOT),
        "covariance, not its root": partial(pooled, 1, lambda sigma: sigma * ROOT @ ROOT.T),
        "individuals counted": partial(pooled, 1, count=75),
        "malformed draws": lambda: (pooled(1)[0] | {"alpha": pooled(1)[0]["alpha"][1:]},),
    },
}
