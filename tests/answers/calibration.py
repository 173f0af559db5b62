"""Answers to chapter 9's exercises."""

from functools import cache

import numpy as np

import hiertools as ht
from hiertools import faults
from hiertools.replicates import draw_joint

ONE_LINE = ht.CompletePooling(-3, 3, -3, 3, 4)
DATA, _ = ht.simulate(1, 9, mu_alpha=1, mu_beta=-1, sigma=1, rng=np.random.default_rng([9, 32]))
POOLING = ht.Hierarchical(
    mu_alpha_sd=1, mu_beta_sd=1, sigma_alpha_high=2, sigma_beta_high=2, sigma_high=4
)


def line_sampler(data, truth, n_draws, rng):
    """Independent draws of alpha: conjugate ones, those of a line or sigma out of bounds left out.

    As `exact_sampler` does, in a hundredth of the time; that serves where hardly any are in bounds.
    """
    line_on = np.column_stack([np.ones(9), data.x])
    line, square, *_ = np.linalg.lstsq(line_on, data.y.T)
    root = np.linalg.cholesky(np.linalg.inv(line_on.T @ line_on))
    sigma = np.sqrt(square[:, None] / 2 / rng.gamma(3, size=(len(square), 40 * n_draws)))
    noise = rng.standard_normal((*sigma.shape, 2)) @ root.T
    alpha, beta = np.moveaxis(line.T[:, None] + sigma[..., None] * noise, -1, 0)
    outside = (np.abs(alpha) > 3) | (np.abs(beta) > 3) | (sigma > 4)
    first = np.argsort(outside, axis=1, kind="stable")[:, :n_draws]
    alpha, beta, sigma = (np.take_along_axis(v, first, axis=1) for v in (alpha, beta, sigma))
    draws = {"alpha": alpha[..., None], "beta": beta[..., None], "sigma": sigma}
    short = (~outside).sum(axis=1) < n_draws
    rest = ht.GroupedData(data.y[short], data.x, data.group)
    for name, values in ht.exact_sampler(ONE_LINE)(rest, truth, n_draws, rng).items():
        draws[name][short] = values
    return draws


@cache
def drawn(seed):
    """Truths of alpha, and 19 draws for each."""
    rng = np.random.default_rng(seed)
    data, truth = draw_joint(ONE_LINE, DATA, 400, rng)
    return truth["alpha"], line_sampler(data, truth, 19, rng)["alpha"][..., 0]


def counts(seed, factor, shift):
    """Ranks of alpha among draws that were spoilt, in ten bins."""
    truth, draws = drawn(seed)
    mean, sd = draws.mean(axis=1, keepdims=True), draws.std(axis=1, keepdims=True)
    ranks = (mean + factor * (draws - mean) + shift * sd < truth).sum(axis=1)
    return np.histogram(ranks, bins=10, range=(0, 20))[0]


def shapes(seed):
    return tuple(counts(seed, *way) for way in [(0.6, 0), (1.6, 0), (1, 0.5)])


def rule(accept):
    """A step that moves with a probability that depends on the ratio."""

    def step(here, log_posterior, proposal_sd, rng):
        there = faults.propose(here, log_posterior, proposal_sd, rng)
        accepted = accept(there.log_density - here.log_density, rng)
        return faults.choose(accepted, there, here), accepted

    return step


@rule
def barker_step(log_ratio, rng):
    return rng.random(log_ratio.shape) < 1 / (1 + np.exp(-log_ratio))


@rule
def upside_down(log_ratio, rng):
    return rng.random(log_ratio.shape) > 1 / (1 + np.exp(-log_ratio))


@rule
def always(log_ratio, rng):
    return np.log(rng.random(log_ratio.shape)) < 1 / (1 + np.exp(-log_ratio))


def stale(here, *args):
    there, accepted = barker_step(here, *args)
    return there._replace(log_density=here.log_density), accepted


def all_of_them(here, *args):
    there, accepted = barker_step(here, *args)
    return there, np.ones_like(accepted)


def on_log_scale(power):
    def step(here, log_posterior, proposal_sd, rng):
        z = proposal_sd * rng.standard_normal(here.log_density.shape)
        new = here.params["sigma"] * np.exp(z)
        there = faults.propose(here, log_posterior, proposal_sd, rng, sigma=new)
        log_ratio = there.log_density - here.log_density + power * z
        accepted = np.log(rng.random(log_ratio.shape)) < log_ratio
        return faults.choose(accepted, there, here), accepted

    return step


@cache
def z_of_sigma(seed, power=0, m=9, proposal_sd=0.3, n_replicates=10_000):
    rng = np.random.default_rng([seed, m])
    design = DATA if m == 9 else ht.simulate(1, m, rng=rng)[0]
    kernel = faults.Fault("log", on_log_scale(power)).kernel(ONE_LINE, proposal_sd=proposal_sd)
    settings = {"design": design, "n_replicates": n_replicates, "n_steps": 40}
    return ht.joint_test(kernel, ONE_LINE, rng=rng, **settings)["sigma"]


def three(seed, powers=(1, 0, -1), **other):
    return [z_of_sigma(seed, power, **other) for power in powers]


def sizes(seed, sizes=(9, 36, 144), power=0):
    settings = {"proposal_sd": 0.1}
    return np.array([z_of_sigma(seed + k, power, m, **settings) for k, m in enumerate(sizes)])


def log_posterior(terms):
    """The log posterior with something added to it."""
    return lambda data, params: POOLING.log_posterior(data, params) + terms(data, params)


def slopes(params, sd, line="beta"):
    z = (params[line] - params[f"mu_{line}"][..., None]) / params[sd][..., None]
    return (-np.log(params[sd])[..., None] - 0.5 * z**2).sum(axis=-1)


def copied(data, params):
    return slopes(params, "sigma_alpha") - slopes(params, "sigma_beta")


def other_line(data, params):
    return slopes(params, "sigma_beta", "alpha") - slopes(params, "sigma_alpha", "alpha")


def log_kept(data, params):
    return copied(data, params) + 3 * np.log(params["sigma_alpha"] / params["sigma_beta"])


def without_data(data, params):
    return copied(data, params) - ht.log_likelihood(data, params)


STEP = on_log_scale(1)
RIGHT = {
    "ex-calibration-shapes": shapes,
    "ex-calibration-barker": lambda seed: (barker_step, False),
    "ex-calibration-jacobian": lambda seed: (STEP, three(seed)),
    "ex-calibration-fades": lambda seed: (sizes(seed), 2),
    "ex-calibration-own": lambda seed: (log_posterior(copied), "sigma_beta"),
}
WRONG = {
    "ex-calibration-shapes": {
        "too wide": lambda: (shapes(1)[1], shapes(1)[0], shapes(1)[2]),
        "too narrow": lambda: (shapes(1)[0], shapes(1)[0], shapes(1)[2]),
        "too low": lambda: (*shapes(1)[:2], shapes(1)[2][::-1]),
        "not spoilt": lambda: (counts(1, 1, 0), *shapes(1)[1:]),
        "too high": lambda: shapes(1)[::-1],
        "not counts": lambda: tuple(found / 400 for found in shapes(1)),
    },
    "ex-calibration-barker": {
        "condemned": lambda: (barker_step, True),
        "not true or false": lambda: (barker_step, "no"),
        "Metropolis' rule": lambda: (faults.right_step, False),
        "upside down": lambda: (upside_down, False),
        "always moves": lambda: (always, False),
        "stale log density": lambda: (stale, False),
        "accepted is wrong": lambda: (all_of_them, False),
        "raises": lambda: (lambda here: here, False),
        "not a function": lambda: (0.5, False),
    },
    "ex-calibration-jacobian": {
        "missing Jacobian": lambda: (faults.missing_jacobian, three(1)),
        "upside down": lambda: (on_log_scale(-1), three(1)),
        "twice": lambda: (on_log_scale(2), three(1)),
        "sign lost": lambda: (STEP, np.abs(three(1))),
        "order swapped": lambda: (STEP, three(1, (-1, 0, 1))),
    },
    "ex-calibration-fades": {
        "sign lost": lambda: (-sizes(1), 2),
        "order swapped": lambda: (sizes(1)[::-1], 2),
        "no fault": lambda: (sizes(1, power=1), 2),
        "one size": lambda: (sizes(1, (9, 9, 9)), 2),
        "shift alone": lambda: (sizes(1), 4),
        "reciprocal": lambda: (sizes(1), 0.5),
    },
    "ex-calibration-own": {
        "no fault": lambda: (POOLING.log_posterior, "sigma_beta"),
        "other line": lambda: (log_posterior(other_line), "sigma_alpha"),
        "half copied": lambda: (log_posterior(log_kept), "sigma_beta"),
        "likelihood missing": lambda: (log_posterior(without_data), "sigma_beta"),
        "prior missing": lambda: (ht.log_likelihood, "sigma_beta"),
        "two masters": lambda: (log_posterior(copied), "sigma_alpha"),
        "another parameter": lambda: (log_posterior(copied), "mu_beta"),
        "not a parameter": lambda: (log_posterior(copied), "tau"),
        "not finite": lambda: (log_posterior(lambda *_: -np.inf), "sigma_beta"),
        "raises": lambda: (lambda params: copied(DATA, params), "sigma_beta"),
        "not a function": lambda: (3.0, "sigma_beta"),
    },
}
