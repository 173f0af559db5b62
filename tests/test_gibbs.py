"""Gibbs: each block's distribution against SciPy and brute force, the bound, the hard cases."""

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from harness import UNUSUAL_MODELS, inside_support, some_data, z_score
from scipy import integrate, special, stats

from hiertools import GroupedData, Hierarchical, gibbs
from hiertools.better_samplers.blockwise import log_own_terms
from hiertools.better_samplers.gibbs import (
    draw_lines,
    draw_means_given_lines,
    draw_means_without_lines,
    draw_sd,
    draw_sds,
    stretch_lines,
)

MODEL = replace(UNUSUAL_MODELS[2], sigma_beta_high=3.0)
N_COPIES = 20_000
"""Chains that all stand at the same point, so that one step draws from one distribution."""


class Known(np.random.Generator):
    """A generator whose uniform numbers are given."""

    def __init__(self, uniforms):
        super().__init__(np.random.PCG64(1))
        self.uniforms = uniforms

    def random(self, size=None, **_):
        assert size == self.uniforms.shape
        return self.uniforms


def problem(seed=1, *, centre=0.0):
    rng = np.random.default_rng(seed)
    data = some_data([1, 2, 5], rng, centre=centre)
    return data, inside_support(MODEL, 3, rng)


def copies(params):
    return {k: np.broadcast_to(v, (N_COPIES, *np.shape(v))).copy() for k, v in params.items()}


def one_step(step, data, params, seed=2):
    """`step` from many copies of one point."""
    rng = np.random.default_rng(seed)
    takes_model = step is not draw_lines
    arguments = (data.statistics, MODEL) if takes_model else (data.statistics,)
    return step(*arguments, copies(params), rng)


def moments_agree(draws, mean, cov):
    """|z| < 5 for each mean and each entry of the covariance matrix; draws (n_copies, k)."""
    off = draws - mean
    squares = off[:, :, None] * off[:, None, :] - cov
    z = np.concatenate([z_score(off), z_score(squares.reshape(len(draws), -1))])
    assert np.abs(z).max() < 5, z


def brute_force(data, params):
    """Prior covariance of (mu_alpha, mu_beta, alpha, beta), design matrix, prior mean."""
    n = data.n
    prior_mean = np.repeat([MODEL.mu_alpha_mean, MODEL.mu_beta_mean], [1, 1])
    loading = np.zeros((2 + 2 * n, 2))
    loading[0, 0] = loading[1, 1] = 1.0
    loading[2 : 2 + n, 0] = loading[2 + n :, 1] = 1.0
    own = np.concatenate(
        [[0, 0], np.full(n, params["sigma_alpha"]), np.full(n, params["sigma_beta"])]
    )
    cov = loading @ np.diag([MODEL.mu_alpha_sd**2, MODEL.mu_beta_sd**2]) @ loading.T
    design = np.zeros((data.y.size, 2 + 2 * n))
    rows = np.arange(data.y.size)
    design[rows, 2 + data.group], design[rows, 2 + n + data.group] = 1.0, data.x
    return loading @ prior_mean, cov + np.diag(own**2), design


def posterior(mean, cov, design, y, sigma):
    """Mean and covariance given y, by the textbook formula for a joint normal distribution."""
    total = design @ cov @ design.T + sigma**2 * np.eye(y.size)
    gain = np.linalg.solve(total, design @ cov).T
    return mean + gain @ (y - design @ mean), cov - gain @ design @ cov


# --- the blocks -----------------------------------------------------------------------------


@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_means_without_lines(centre):
    data, params = problem(centre=centre)
    mean, cov = posterior(*brute_force(data, params), data.y, params["sigma"])
    drawn = one_step(draw_means_without_lines, data, params)
    moments_agree(np.stack([drawn["mu_alpha"], drawn["mu_beta"]], 1), mean[:2], cov[:2, :2])


@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_means_and_lines_together(centre):
    """The two steps one after the other draw from the joint distribution given the sds."""
    data, params = problem(3, centre=centre)
    mean, cov = posterior(*brute_force(data, params), data.y, params["sigma"])
    rng = np.random.default_rng(4)
    drawn = draw_means_without_lines(data.statistics, MODEL, copies(params), rng)
    drawn = draw_lines(data.statistics, drawn, rng)
    columns = [drawn["mu_alpha"][:, None], drawn["mu_beta"][:, None], drawn["alpha"], drawn["beta"]]
    moments_agree(np.concatenate(columns, axis=1), mean, cov)


def test_means_given_lines():
    data, params = problem(5)
    drawn = one_step(draw_means_given_lines, data, params)
    for line in ("alpha", "beta"):
        prior = stats.norm(getattr(MODEL, f"mu_{line}_mean"), getattr(MODEL, f"mu_{line}_sd"))
        grid = np.linspace(-12, 12, 4001)
        log_f = prior.logpdf(grid)
        log_f += stats.norm.logpdf(params[line][:, None], grid, params[f"sigma_{line}"]).sum(axis=0)
        cdf = np.cumsum(np.exp(log_f - log_f.max()))
        result = stats.kstest(drawn[f"mu_{line}"], partial(np.interp, xp=grid, fp=cdf / cdf[-1]))
        assert result.pvalue > 1e-6


def test_lines_have_the_density_of_their_own_terms():
    """Differences of log densities: own terms against the normal law that the step draws from."""
    data, params = problem(6, centre=1.0)
    drawn = one_step(draw_lines, data, params)
    rng = np.random.default_rng(7)
    pairs = rng.normal(size=(50, 2, 3))
    own = log_own_terms(
        data.statistics,
        copies(params)
        | {"alpha": pairs[:, 0], "beta": pairs[:, 1]}
        | {k: np.broadcast_to(params[k], 50) for k in MODEL.parameter_names[2:]},
    )
    for i in range(3):
        rows = data.group == i
        design = np.column_stack([np.ones(rows.sum()), data.x[rows]])
        mean = np.array([params["mu_alpha"], params["mu_beta"]])
        cov = np.diag([params["sigma_alpha"] ** 2, params["sigma_beta"] ** 2])
        mean, cov = posterior(mean, cov, design, data.y[rows], params["sigma"])
        moments_agree(np.stack([drawn["alpha"][:, i], drawn["beta"][:, i]], 1), mean, cov)
        expected = stats.multivariate_normal(mean, cov).logpdf(pairs[:, :, i])
        np.testing.assert_allclose(np.diff(own[:, i]), np.diff(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["sigma_alpha", "sigma_beta", "sigma"])
def test_sds_have_the_density_of_the_posterior(name):
    """Kolmogorov-Smirnov against the log posterior itself, summed over a fine grid."""
    data, params = problem(8)
    drawn = one_step(draw_sds, data, params)
    result = stats.kstest(drawn[name], conditional_cdf(data, params, name))
    assert result.pvalue > 1e-6


def conditional_cdf(data, params, name):
    """The distribution function of one sd given all else, from the log posterior on a grid."""
    high = getattr(MODEL, f"{name}_high")
    grid = np.linspace(0, high, 20_001)[1:]
    log_f = MODEL.log_posterior(data, params | {name: grid})
    cdf = np.cumsum(np.exp(log_f - log_f.max()))
    return partial(np.interp, xp=grid, fp=cdf / cdf[-1])


@pytest.mark.parametrize("line", ["alpha", "beta"])
def test_stretching_keeps_the_standardised_lines(line):
    data, params = problem(9)
    drawn = one_step(stretch_lines, data, params)
    before = (params[line] - params[f"mu_{line}"]) / params[f"sigma_{line}"]
    after = (drawn[line] - params[f"mu_{line}"]) / drawn[f"sigma_{line}"][:, None]
    np.testing.assert_allclose(np.abs(after), np.abs(before)[None] + 0 * after, rtol=1e-9)
    sign = np.sign(after * before)
    assert (sign == sign[:, :1]).all(), "all turn round, or none"


def test_stretching_draws_from_the_noncentred_conditional():
    """sigma_alpha given eta: the log likelihood along the line, both signs folded together."""
    data, params = problem(10)
    drawn = one_step(stretch_lines, data, params)
    high = MODEL.sigma_alpha_high
    grid = np.linspace(-high, high, 8001)
    eta = (params["alpha"] - params["mu_alpha"]) / params["sigma_alpha"]
    lines = params["mu_alpha"] + grid[:, None] * eta
    line = lines[:, data.group] + params["beta"][data.group] * data.x
    log_f = stats.norm.logpdf(data.y, line, params["sigma"]).sum(axis=1)
    f = np.exp(log_f - log_f.max())
    folded = f[4000:] + f[4000::-1]
    cdf = np.cumsum(folded) / folded.sum()
    kept = drawn["sigma_alpha"] == params["sigma_alpha"]  # refused beyond the bound: no draw
    result = stats.kstest(drawn["sigma_alpha"][~kept], partial(np.interp, xp=grid[4000:], fp=cdf))
    assert result.pvalue > 1e-6


def test_a_factor_beyond_the_bound_is_refused():
    data, params = problem(11)
    tight = Hierarchical(sigma_alpha_high=0.05, sigma_beta_high=0.05, sigma_high=4.0)
    params |= {"sigma_alpha": np.asarray(0.04), "sigma_beta": np.asarray(0.04)}
    rng = np.random.default_rng(12)
    drawn = stretch_lines(data.statistics, tight, copies(params), rng)
    for name in ("sigma_alpha", "sigma_beta"):
        assert (drawn[name] <= 0.05).all()
        assert 0 < np.mean(drawn[name] == params[name]) < 1


# --- one standard deviation, its bound, its hard cases --------------------------------------


@pytest.mark.parametrize("n", [2, 3, 7, 75, 375])
@pytest.mark.parametrize("high", [0.9, 3.0, 10.0, 1e6])
def test_sd_at_a_known_uniform(n, high):
    """The share of the density above the drawn sd is u: by quadrature in log sigma."""
    square, u = 1.7 * n, np.array([1e-9, 0.1, 0.5, 0.9, 1 - 1e-9])
    sd = draw_sd(np.full(5, square), n, high, Known(u))
    assert (np.diff(sd) < 0).all() or (np.diff(sd) > 0).all()

    def density(log_sigma):
        return np.exp((1 - n) * log_sigma - 0.5 * square * np.exp(-2 * log_sigma) - top)

    peak = min(0.5 * np.log(square / (n - 1)), np.log(high))
    top = (1 - n) * peak - 0.5 * square * np.exp(-2 * peak)
    settings = {"epsabs": 0, "epsrel": 1e-11, "limit": 500, "points": None}
    lowest = peak - 20 / np.sqrt(n - 1)

    def integral(a, b):
        return integrate.quad(density, a, b, **settings)[0]

    whole = integral(lowest, peak) + (integral(peak, np.log(high)) if peak < np.log(high) else 0)
    for value, share in zip(sd[1:4], u[1:4], strict=True):
        below = integral(lowest, np.log(value))
        # 1 - u is the share of the precision's upper tail: of the small standard deviations.
        assert below / whole == pytest.approx(1 - share, rel=1e-6)


def test_one_value_has_the_density_one_over_sigma():
    """n = 1: p(sigma) ~ exp(-q / 2 sigma^2) / sigma; P(below s) = E1(q/2s^2) / E1(q/2high^2)."""
    for square, high in ((1e-12, 10.0), (0.5, 10.0), (30.0, 2.0), (5000.0, 2.0)):
        sd = draw_sd(np.full(20_000, square), 1, high, np.random.default_rng(13))
        low = 0.5 * square / high**2

        def cdf(s, square=square, low=low):
            t = 0.5 * square / s**2
            # exp1(t) / exp1(low), with what underflows taken out first
            return (
                special.exp1(np.minimum(t, 700)) / special.exp1(low) * (t < 700)
                if low < 700
                else (np.exp(low - t) * low / t)
            )

        assert stats.kstest(sd, cdf).pvalue > 1e-6
        assert sd.max() <= high


@pytest.mark.parametrize("n", [2, 3, 7, 75, 375])
def test_far_tail(n):
    """Data a hundred times as wide as the bound: the sd presses against it, exponentially."""
    high = 0.5
    square = n * 50.0**2
    low = 0.5 * square / high**2
    assert special.gammaincc((n - 1) / 2, low) == 0.0
    sd = draw_sd(np.full(20_000, square), n, high, np.random.default_rng(14))
    excess = (0.5 * square / sd**2 - low) * (1 - ((n - 1) / 2 - 1) / low)
    assert (sd <= high).all()
    assert stats.kstest(excess, stats.expon.cdf).pvalue > 1e-6


def test_two_ways_to_draw_meet():
    """Just before the incomplete gamma function underflows, and just after: the same law."""
    n, high = 20, 1.0
    for square in (2 * 660.0, 2 * 720.0):
        share = special.gammaincc((n - 1) / 2, square / 2)
        sd = draw_sd(np.full(20_000, square), n, high, np.random.default_rng(15))
        low = square / 2
        grid = np.linspace(0, 60, 20_001)
        f = np.exp(((n - 1) / 2 - 1) * np.log1p(grid / low) - grid)
        cdf = np.cumsum(f) / f.sum()
        excess = 0.5 * square / sd**2 - low
        assert stats.kstest(excess, partial(np.interp, xp=grid, fp=cdf)).pvalue > 1e-6
        assert (share > 1e-290) == (square < 1400)


# --- runs that are hard ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "sizes", [[1], [2], [1, 1], [3, 1], [40]], ids=["1", "2", "1 and 1", "3 and 1", "40"]
)
@pytest.mark.parametrize("interweave", [False, True])
def test_few_individuals_and_few_observations(sizes, interweave):
    data = some_data(sizes, np.random.default_rng(16))
    model = Hierarchical()
    start = model.sample_prior(len(sizes), rng=17, n_draws=3)
    chains = gibbs(data, model, start, n_draws=500, interweave=interweave, rng=18)
    assert np.isfinite(chains.log_density).all()
    assert chains.accepted.all()


def test_lines_that_fit_perfectly_are_refused():
    x = np.tile([0.0, 1.0, 2.0, 3.0], 3)
    group = np.repeat([0, 1, 2], 4)
    data = GroupedData(y=2.0 + 3.0 * x, x=x, group=group)
    start = Hierarchical().sample_prior(3, rng=19)
    with pytest.raises(ValueError, match=re.escape("fit the data perfectly")):
        gibbs(data, Hierarchical(), start, n_draws=100_000, rng=20)
