"""The exact posterior against other roads to it, each written apart from the package.

Panels over the whole box of the three sds with other algebra, dense multivariate normals,
SciPy's adaptive quadrature, and a long chain.
"""

import math
import tracemalloc
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from hiertools import (
    CompletePooling,
    GroupedData,
    Hierarchical,
    RRandom,
    Unpooled,
    exact_posterior,
    metropolis,
    rmse,
    simulate,
)
from tests.harness import MODELS, UNUSUAL_MODELS, name_of, some_data

SDS = ("sigma_alpha", "sigma_beta", "sigma")
# Panels of eight Gauss-Legendre nodes, as shares of a bound: fine where tails of few
# individuals bend, wide where they are flat.
SHARES = (0, 0.004, 0.015, 0.04, 0.08, 0.14, 0.22, 0.34, 0.5, 0.72, 1)


@pytest.fixture(scope="module")
def article():
    return simulate(rng=RRandom(1))


@pytest.fixture(scope="module")
def article_posterior(article):
    return exact_posterior(article[0], Hierarchical())


def quietly(data, model):
    """The posterior of data that may lean on a bound."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return exact_posterior(data, model)


def panels(edges, order=7):
    """Composite Gauss-Legendre nodes and weights."""
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.asarray(edges, dtype=float)
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()


def sd_grid(model, edges, order=7):
    """Nodes over the three sds, and prior probability of each."""
    highs = [model.sigma_alpha_high, model.sigma_beta_high, model.sigma_high]
    rules = [panels(e, order) for e in edges or [[s * h for s in SHARES] for h in highs]]
    nodes = [v.ravel() for v in np.meshgrid(*(x for x, _ in rules), indexing="ij")]
    weights = np.einsum("i,j,k->ijk", *(w for _, w in rules)).ravel() / np.prod(highs)
    return nodes, weights


class Mixture:
    """A posterior as a weighted sum over nodes: normals for lines and means, points for sds."""

    def __init__(self, log_density, weights, means, variances):
        top = log_density.max()
        mass = weights * np.exp(log_density - top)
        self.log_evidence = top + math.log(mass.sum())
        self.weights = mass / mass.sum()
        self.means, self.variances = means, variances

    def moments(self):
        mean, sd = {}, {}
        for name, means in self.means.items():
            mean[name] = self.weights @ means
            var = self.weights @ (self.variances[name] + (means - mean[name]) ** 2)
            sd[name] = np.sqrt(var)
        return mean, sd

    def cdf(self, name, x):
        z = (x - self.means[name]) / np.sqrt(self.variances[name])
        return self.weights @ stats.norm.cdf(z)


def by_panels(data, model, edges=None, order=7):
    """Partial pooling by panels over the sds; sums are not centred, T is inverted: other algebra.

    Given the sds and mu, line i has precision K_i = T^-1 + X_i'X_i / sigma^2.
    """
    (a, b, s), weights = sd_grid(model, edges, order)
    u, v, w = a**-2.0, b**-2.0, s**-2.0
    tau = model.mu_alpha_sd**-2.0, model.mu_beta_sd**-2.0
    mu0 = model.mu_alpha_mean, model.mu_beta_mean
    p11, p12, p22 = tau[0] + 0 * a, 0 * a, tau[1] + 0 * a
    h1, h2 = tau[0] * mu0[0] + 0 * a, tau[1] * mu0[1] + 0 * a
    log_p = 0.5 * np.log(tau[0] * tau[1]) - 0.5 * (tau[0] * mu0[0] ** 2 + tau[1] * mu0[1] ** 2)
    log_p = log_p + 0 * a

    def inner(i):
        """K_i's inverse as three numbers, and X_i'y_i / sigma^2 as two."""
        x, y = data.x[data.group == i], data.y[data.group == i]
        k11, k12, k22 = u + len(x) * w, x.sum() * w, v + (x @ x) * w
        det = k11 * k22 - k12**2
        return k22 / det, -k12 / det, k11 / det, y.sum() * w, (x @ y) * w

    for i in range(data.n):
        y = data.y[data.group == i]
        i11, i12, i22, s1, s2 = inner(i)
        log_p += 0.5 * np.log((i11 * i22 - i12**2) * u * v) + 0.5 * len(y) * np.log(w / 2 / np.pi)
        log_p += 0.5 * (i11 * s1**2 + 2 * i12 * s1 * s2 + i22 * s2**2 - (y @ y) * w)
        p11 += u - u * i11 * u
        p12 += -u * i12 * v
        p22 += v - v * i22 * v
        h1 += u * (i11 * s1 + i12 * s2)
        h2 += v * (i12 * s1 + i22 * s2)
    det = p11 * p22 - p12**2
    c11, c12, c22 = p22 / det, -p12 / det, p11 / det
    mu1, mu2 = c11 * h1 + c12 * h2, c12 * h1 + c22 * h2
    log_p += -0.5 * np.log(det) + 0.5 * (h1 * mu1 + h2 * mu2)

    means = {"mu_alpha": mu1, "mu_beta": mu2, "sigma_alpha": a, "sigma_beta": b, "sigma": s}
    variances = {"mu_alpha": c11, "mu_beta": c22} | {name: 0 * a for name in SDS}
    kept = log_p > log_p.max() - 45
    log_p, weights, a, u, v, w = (z[kept] for z in (log_p, weights, a, u, v, w))
    c11, c12, c22, mu1, mu2 = (z[kept] for z in (c11, c12, c22, mu1, mu2))
    means = {name: z[kept] for name, z in means.items()}
    variances = {name: z[kept] for name, z in variances.items()}
    lines = []
    for i in range(data.n):
        i11, i12, i22, s1, s2 = inner(i)
        r1, r2 = s1 + u * mu1, s2 + v * mu2
        j11, j12, j21, j22 = i11 * u, i12 * v, i12 * u, i22 * v
        lines.append(
            [
                i11 * r1 + i12 * r2,
                i11 + j11**2 * c11 + 2 * j11 * j12 * c12 + j12**2 * c22,
                i12 * r1 + i22 * r2,
                i22 + j21**2 * c11 + 2 * j21 * j22 * c12 + j22**2 * c22,
            ]
        )
    means["alpha"], variances["alpha"], means["beta"], variances["beta"] = np.moveaxis(
        np.array(lines), [0, 1, 2], [2, 0, 1]
    )
    return Mixture(log_p, weights, means, variances)


def by_dense_normals(data, model):
    """The same from the joint normal of all parameters and all observations."""
    (a, b, s), weights = sd_grid(model, None)
    n, size = data.n, len(a)
    own = (data.group[:, None] == np.arange(n)).astype(float)
    # Parameters (alpha, beta, mu_alpha, mu_beta) = loadings @ independent sources.
    p = 2 * n + 2
    log_p, mean, var = np.empty(size), np.empty((size, p)), np.empty((size, p))
    design = np.hstack([own, own * data.x[:, None], np.zeros((len(data.x), 2))])
    centre = np.repeat([model.mu_alpha_mean, model.mu_beta_mean], n)
    centre = np.append(centre, [model.mu_alpha_mean, model.mu_beta_mean])
    shared = np.zeros((p, 2))
    shared[:n, 0] = shared[-2, 0] = shared[n : 2 * n, 1] = shared[-1, 1] = 1
    base = shared @ np.diag([model.mu_alpha_sd**2, model.mu_beta_sd**2]) @ shared.T
    residual = data.y - design @ centre
    for k in range(0, size, 20_000):
        part = slice(k, k + 20_000)
        prior = np.tile(base, (len(a[part]), 1, 1))
        prior[:, range(n), range(n)] += a[part, None] ** 2
        prior[:, range(n, 2 * n), range(n, 2 * n)] += b[part, None] ** 2
        cross = prior @ design.T
        cov = design @ cross + s[part, None, None] ** 2 * np.eye(len(data.y))
        gain = np.swapaxes(np.linalg.solve(cov, np.swapaxes(cross, 1, 2)), 1, 2)
        z = np.linalg.solve(cov, np.tile(residual[:, None], (len(cov), 1, 1)))[..., 0]
        log_p[part] = -0.5 * (np.linalg.slogdet(2 * np.pi * cov)[1] + z @ residual)
        mean[part] = centre + gain @ residual
        var[part] = np.einsum("kii->ki", prior - gain @ np.swapaxes(cross, 1, 2))
    means = {"alpha": mean[:, :n], "beta": mean[:, n : 2 * n]}
    means |= {"mu_alpha": mean[:, -2], "mu_beta": mean[:, -1]}
    variances = {"alpha": var[:, :n], "beta": var[:, n : 2 * n]}
    variances |= {"mu_alpha": var[:, -2], "mu_beta": var[:, -1]}
    means |= dict(zip(SDS, (a, b, s), strict=True))
    variances |= {name: np.zeros(size) for name in SDS}
    return Mixture(log_p, weights, means, variances)


def errors(posterior, other):
    """Largest difference of means and of sds, in posterior sds, and of log evidence."""
    mean, sd = other.moments()
    worst = max(np.abs((posterior.mean[k] - mean[k]) / sd[k]).max() for k in mean)
    spread = max(np.abs(posterior.sd[k] / sd[k] - 1).max() for k in mean)
    return worst, spread, abs(posterior.log_evidence - other.log_evidence)


ARTICLE_EDGES = [
    [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.5, 2, 3, 10],
    [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2.1, 3, 10],
    [0, 1.5, 1.75, 1.95, 2.1, 2.25, 2.4, 2.6, 2.8, 3.2, 10],
]


@pytest.fixture(scope="module")
def article_by_panels(article):
    """Panels over the whole of (0, 10)^3."""
    return by_panels(article[0], Hierarchical(), ARTICLE_EDGES)


# --- partial pooling: means, sds, evidence ---------------------------------------------------


def test_article_rmse(article):
    """What the article's chain could not see: the exact errors on its own data."""
    data, truth = article
    found = [
        round(float(rmse(exact_posterior(data, model).mean[name], truth[name])), 4)
        for name in ("alpha", "beta")
        for model in (Unpooled(), Hierarchical())
    ]
    assert found == [0.9665, 0.7361, 1.5038, 0.7640]


def test_article_against_panels_over_the_whole_box(article_posterior, article_by_panels):
    worst, spread, evidence = errors(article_posterior, article_by_panels)
    assert worst < 2e-8
    assert spread < 2e-8
    assert evidence < 1e-7


FEW = [(1, 1, 1), (1, 2, 1), (1, 3, 1), (1, 6, 2), (2, 1, 3), (2, 2, 3), (2, 3, 1), (3, 1, 2)]
FEW += [(3, 3, 5), (5, 5, 1), (10, 1, 1), (10, 2, 1)]


@pytest.mark.parametrize(("n", "m", "seed"), FEW)
def test_few_individuals_with_tails_up_to_the_bound(n, m, seed):
    data, _ = simulate(n, m, rng=seed)
    other = by_panels(data, Hierarchical(), order=7 if n < 10 else 11)
    worst, spread, evidence = errors(quietly(data, Hierarchical()), other)
    assert worst < 1e-6
    assert spread < 1e-6
    assert evidence < 1e-6


def test_two_individuals_against_dense_normals():
    data, _ = simulate(2, 4, rng=4)
    other = by_dense_normals(data, Hierarchical())
    worst, spread, evidence = errors(quietly(data, Hierarchical()), other)
    assert worst < 1e-8
    assert spread < 1e-8
    assert evidence < 1e-8


@pytest.mark.parametrize(("n", "y"), [(1, [1.5]), (2, [1.5, -4.0])])
def test_evidence_against_adaptive_quadrature(n, y):
    """With one observation each the marginal covariance can be written down at once."""
    x = np.array([0.7, -1.2])[:n]
    data = GroupedData(y=y, x=x, group=range(n))

    def density(s, b, a):
        cov = 9 + 9 * np.outer(x, x) + np.diag(a**2 + b**2 * x**2 + s**2)
        if n == 1:
            return math.exp(-0.5 * y[0] ** 2 / cov[0, 0]) / math.sqrt(2 * math.pi * cov[0, 0])
        det = cov[0, 0] * cov[1, 1] - cov[0, 1] ** 2
        q = cov[1, 1] * y[0] ** 2 - 2 * cov[0, 1] * y[0] * y[1] + cov[0, 0] * y[1] ** 2
        return math.exp(-0.5 * q / det) / (2 * math.pi * math.sqrt(det))

    value, _ = integrate.tplquad(density, 0, 10, 0, 10, 0, 10, epsabs=0, epsrel=1e-5)
    posterior = quietly(data, Hierarchical())
    assert posterior.log_evidence == pytest.approx(math.log(value / 1000), abs=1e-6)


@pytest.mark.parametrize("sizes", [(4, 1, 2, 7), (1, 1, 5), (2, 2, 2, 12)])
def test_groups_of_different_sizes_and_another_prior(sizes):
    data = some_data(sizes, np.random.default_rng(sum(sizes)))
    model = UNUSUAL_MODELS[2]
    worst, spread, evidence = errors(quietly(data, model), by_panels(data, model))
    assert worst < 1e-6
    assert spread < 1e-6
    assert evidence < 1e-6


def test_one_distinct_x_for_somebody():
    data = GroupedData(
        y=[1.0, 2.5, 0.3, 4.0, 2.2, -1.0, 0.5], x=[1, 1, 0, 0, 0, -1, 2], group=[0, 0, 1, 1, 1, 2, 2]
    )
    worst, spread, _ = errors(quietly(data, Hierarchical()), by_panels(data, Hierarchical()))
    assert worst < 1e-6
    assert spread < 1e-6


def test_mass_of_a_population_sd_at_zero():
    data, _ = simulate(20, 5, sigma_alpha=0.01, sigma_beta=0.01, rng=3)
    posterior = exact_posterior(data, Hierarchical())
    edges = [[0, 0.25, 0.5, 0.75, 1, 1.3, 1.7, 2.5, 10]] * 2
    edges.append([0, 1.2, 1.5, 1.7, 1.9, 2.1, 2.3, 2.6, 3, 3.6, 10])
    worst, spread, evidence = errors(posterior, by_panels(data, Hierarchical(), edges))
    assert max(worst, spread, evidence) < 1e-6
    assert posterior.marginal("sigma_alpha", 1e-6) > 0.5


def test_data_that_quarrel_with_the_prior_of_the_means():
    data = GroupedData(y=[60, 61, 62.5, 59, 63, 61.5], x=[0, 1, 2, 0, 1, 2], group=[0, 0, 0, 1, 1, 1])
    worst, spread, evidence = errors(quietly(data, Hierarchical()), by_panels(data, Hierarchical()))
    assert worst < 1e-6
    assert spread < 1e-6
    assert evidence < 1e-6


def test_x_far_from_zero_loses_no_digits():
    """Moving x by c moves alpha by -c beta; a prior sd of 1e9 on mu_alpha hardly notices."""
    data, _ = simulate(6, 5, rng=2)
    model = Hierarchical(mu_alpha_sd=1e9, sigma_beta_high=1e-9)
    near = quietly(data, model)
    far = quietly(GroupedData(data.y, data.x + 1e4, data.group), model)
    for name in ("beta", "mu_beta", "sigma", "sigma_alpha"):
        assert far.mean[name] == pytest.approx(near.mean[name], rel=1e-6)
        assert far.sd[name] == pytest.approx(near.sd[name], rel=1e-6)


def test_long_chain_agrees():
    """300 chains of 6,000 iterations, the first third dropped: |z| < 5 for every parameter.

    The chains are independent, so that their means give the standard error; with 11 statistics
    the chance of a false alarm is below 1e-5.
    """
    data, _ = simulate(3, 6, rng=8)
    model = Hierarchical(sigma_alpha_high=3, sigma_beta_high=3)
    posterior = quietly(data, model)
    rng = np.random.default_rng(1)
    start = {name: v + 0.1 for name, v in model.sample_prior(3, rng, n_draws=300).items()}
    start |= {name: np.clip(start[name], 0.2, 2.9) for name in SDS}
    chain = metropolis(
        lambda params: model.log_posterior(data, params),
        start,
        proposal_sd={name: 0.5 * float(np.mean(sd)) for name, sd in posterior.sd.items()},
        n_draws=6000,
        rng=rng,
    )
    for name, draws in chain.draws.items():
        means = draws[:, 2000:].mean(axis=1)
        z = (means.mean(axis=0) - posterior.mean[name]) / (means.std(axis=0) / np.sqrt(300))
        assert np.abs(z).max() < 5, name


def test_many_individuals():
    data, truth = simulate(5000, 5, rng=3)
    posterior = exact_posterior(data, Hierarchical())
    for name in ("mu_alpha", "mu_beta", *SDS):
        assert abs(posterior.mean[name] - truth[name]) < 5 * posterior.sd[name]
    z = (truth["beta"] - posterior.mean["beta"]) / posterior.sd["beta"]
    assert abs(z.mean()) < 5 / np.sqrt(5000)
    assert z.std() == pytest.approx(1, abs=0.05)


# --- partial pooling: marginals, intervals, draws --------------------------------------------


def test_interval_ends_hold_their_probability(article_posterior, article_by_panels):
    for prob in (0.5, 0.9):
        interval = article_posterior.interval(prob)
        for k, level in enumerate(((1 - prob) / 2, (1 + prob) / 2)):
            for name in ("alpha", "beta"):
                for i in (0, 33, 74):
                    end = interval[name][i, k]
                    z = (end - article_by_panels.means[name][:, i]) / np.sqrt(
                        article_by_panels.variances[name][:, i]
                    )
                    share = article_by_panels.weights @ stats.norm.cdf(z)
                    assert share == pytest.approx(level, abs=1e-7)
            for name in ("mu_alpha", "mu_beta"):
                share = article_by_panels.cdf(name, interval[name][k])
                assert share == pytest.approx(level, abs=1e-7)
            for name in SDS:
                assert article_posterior.cdf(name, interval[name][k]) == pytest.approx(
                    level, abs=1e-9
                )


@pytest.mark.parametrize(("n", "m", "seed"), [(75, 5, 1), (2, 3, 1), (1, 1, 1), (4, 200, 2), (40, 1, 1)])
def test_cdf_of_an_sd_is_a_ratio_of_evidences(n, m, seed):
    """P(sd < c | y) is the evidence under a bound of c, times c / bound, over the evidence."""
    data, _ = simulate(n, m, rng=seed)
    posterior = quietly(data, Hierarchical())
    for name in SDS:
        for c in np.round(posterior.mean[name] + np.array([-0.6, 0.8]) * posterior.sd[name], 3):
            cut = quietly(data, Hierarchical(**{f"{name}_high": float(c)}))
            share = c / 10 * math.exp(cut.log_evidence - posterior.log_evidence)
            assert posterior.cdf(name, c) == pytest.approx(share, abs=2e-5), name


def test_marginal_is_the_slope_of_the_cdf(article_posterior):
    for name in SDS:
        grid = article_posterior.mean[name] + article_posterior.sd[name] * np.array([-1, 0.3, 2])
        step = 1e-4 * article_posterior.sd[name]
        rise = article_posterior.cdf(name, grid + step) - article_posterior.cdf(name, grid - step)
        density = article_posterior.marginal(name, grid)
        assert density == pytest.approx(rise / (2 * step), rel=1e-5)
    edges, weights = panels(np.linspace(0, 10, 41), 4)
    assert weights @ article_posterior.marginal("sigma_alpha", edges) == pytest.approx(1, abs=1e-5)
    assert article_posterior.marginal("sigma", [-1.0, 0.0, 10.0, 11.0]).tolist() == [0, 0, 0, 0]
    assert article_posterior.cdf("sigma", [-1.0, 0.0, 10.0, 11.0]).tolist() == [0, 0, 1, 1]


def test_draws_are_continuous_and_follow_the_marginals(article_posterior):
    """KS at 1e-6 for each of the three sds; 2,000 draws."""
    draws = article_posterior.sample(2000, rng=5)
    for name in SDS:
        assert np.unique(draws[name]).size == 2000
        uniform = article_posterior.cdf(name, np.sort(draws[name])[::4])
        assert stats.kstest(uniform, "uniform").pvalue > 1e-6


@pytest.mark.parametrize(("n", "m", "seed"), [(75, 5, 1), (2, 3, 1), (1, 1, 4), (30, 1, 2)])
def test_draws_have_the_posterior_moments(n, m, seed):
    """20,000 independent draws: z of mean and of variance, and of products, below 5."""
    data, _ = simulate(n, m, rng=seed)
    posterior = quietly(data, Hierarchical())
    draws = posterior.sample(20_000, rng=seed)

    def check(values, expected):
        z = (values.mean(axis=0) - expected) / (values.std(axis=0) / np.sqrt(len(values)))
        assert np.abs(z).max() < 5

    for name, values in draws.items():
        assert values.shape == (20_000, *posterior.mean[name].shape)
        check(values, posterior.mean[name])
        check((values - posterior.mean[name]) ** 2, posterior.sd[name] ** 2)
    for one, two in (("sigma_alpha", "sigma"), ("sigma_beta", "sigma"), SDS[:2]):
        product = posterior.nodes[one] * posterior.nodes[two]
        check(draws[one] * draws[two], posterior.weights @ product)


def test_draws_satisfy_the_score_identities(article, article_posterior):
    """E[d log p / d theta] = 0 under the posterior wherever p vanishes at the ends.

    Numeric derivatives of the model's own log posterior, at exact draws: it fails if the joint
    distribution of lines, means and sds is wrong though every marginal is right.
    """
    data, model = article[0], Hierarchical()
    draws = article_posterior.sample(5000, rng=2)
    for name in ("alpha", "beta", "mu_alpha", "mu_beta", "sigma"):
        step = 1e-4
        up, down = ({**draws, name: draws[name] + e} for e in (step, -step))
        score = (model.log_posterior(data, up) - model.log_posterior(data, down)) / (2 * step)
        assert abs(score.mean()) < 5 * score.std() / np.sqrt(5000), name
        # E[theta * score] = -1 for a scalar, -n when all of a vector move together: by its mean.
        centre = draws[name].mean(axis=-1) if draws[name].ndim > 1 else draws[name]
        product = (centre - centre.mean()) * score + 1
        assert abs(product.mean()) < 5 * product.std() / np.sqrt(5000), name


def test_intervals_hold_draws(article_posterior):
    draws, interval = article_posterior.sample(4000, rng=9), article_posterior.interval(0.8)
    for name, ends in interval.items():
        assert ends.shape == (*article_posterior.mean[name].shape, 2)
        inside = ((draws[name] > ends[..., 0]) & (draws[name] < ends[..., 1])).mean(axis=0)
        assert np.abs(inside - 0.8).max() < 5 * math.sqrt(0.16 / 4000)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_same_seed_same_draws_and_nothing_is_changed(model):
    data, _ = simulate(8, 5, rng=1)
    posterior = quietly(data, model)
    before = {name: mean.copy() for name, mean in posterior.mean.items()}
    first, again = posterior.sample(7, rng=3), posterior.sample(7, rng=np.random.default_rng(3))
    posterior.interval(0.5)
    r = posterior.sample(7, rng=RRandom(3))
    for name, mean in before.items():
        assert np.array_equal(posterior.mean[name], mean)
        assert np.array_equal(first[name], again[name])
        assert r[name].shape == first[name].shape
    assert list(posterior.mean) == list(posterior.sd) == list(model.parameter_names)


# --- properties ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_order_of_rows_and_individuals_does_not_matter(model):
    data = some_data((3, 5, 4, 6), np.random.default_rng(2))
    posterior = quietly(data, model)
    rng = np.random.default_rng(3)
    rows, names = rng.permutation(len(data.y)), rng.permutation(4)
    other = quietly(GroupedData(data.y[rows], data.x[rows], names[data.group[rows]]), model)
    assert other.log_evidence == pytest.approx(posterior.log_evidence, abs=1e-8)
    for name, mean in posterior.mean.items():
        wanted = names if mean.shape == (4,) else ...
        assert other.mean[name][wanted] == pytest.approx(mean, abs=1e-7)
        assert other.sd[name][wanted] == pytest.approx(posterior.sd[name], rel=1e-7)


def scaled(model, c):
    """The model for y measured in units c times smaller."""
    fields = {name: c * value for name, value in vars(model).items()}
    return replace(model, **fields)


@pytest.mark.parametrize("model", MODELS + UNUSUAL_MODELS, ids=name_of)
@pytest.mark.parametrize("c", [1e-4, 1e3])
def test_units_of_y_do_not_matter(model, c):
    data = some_data((3, 4, 5), np.random.default_rng(4))
    one = quietly(data, model)
    two = quietly(GroupedData(c * data.y, data.x, data.group), scaled(model, c))
    assert two.log_evidence == pytest.approx(
        one.log_evidence - len(data.y) * math.log(c), abs=1e-6
    )
    for name in one.mean:
        assert two.mean[name] / c == pytest.approx(one.mean[name], abs=1e-6)
        assert two.sd[name] / c == pytest.approx(one.sd[name], rel=1e-6)


def test_without_population_sds_partial_pooling_is_complete_pooling_with_a_normal_prior():
    """And with a wide prior of the means it is `CompletePooling` itself."""
    data, _ = simulate(4, 6, rng=6)
    tiny = {"sigma_alpha_high": 1e-7, "sigma_beta_high": 1e-7}
    narrow = quietly(data, Hierarchical(**tiny))
    sigma, weights = panels(np.linspace(0, 10, 60))
    design = np.stack([np.ones_like(data.x), data.x], axis=1)
    cov = np.linalg.inv(design.T @ design / sigma[:, None, None] ** 2 + np.eye(2) / 9)
    mean = np.einsum("kij,j->ki", cov, design.T @ data.y) / sigma[:, None] ** 2
    marginal = 9 * design @ design.T + sigma[:, None, None] ** 2 * np.eye(len(data.y))
    log_p = stats.multivariate_normal.logpdf
    weights = weights * np.exp([log_p(data.y, cov=v) + 40 for v in marginal])
    weights /= weights.sum()
    assert [narrow.mean["alpha"][0], narrow.mean["beta"][3]] == pytest.approx(weights @ mean, abs=1e-6)
    wide = quietly(data, Hierarchical(mu_alpha_sd=1e5, mu_beta_sd=1e5, **tiny))
    pooled = exact_posterior(data, CompletePooling())
    for name in ("alpha", "beta", "sigma"):
        assert wide.mean[name] == pytest.approx(np.broadcast_to(pooled.mean[name], wide.mean[name].shape), abs=1e-5)
        assert wide.sd[name] == pytest.approx(np.broadcast_to(pooled.sd[name], wide.sd[name].shape), rel=1e-5)


def test_with_large_population_sds_partial_pooling_is_none():
    """The bound 1e7 and the 1/sd tail of few individuals leave almost no pull on the lines."""
    data, _ = simulate(3, 30, rng=6)
    own = exact_posterior(data, Unpooled())
    apart = GroupedData(data.y + 1e4 * data.group, data.x, data.group)
    loose = quietly(apart, Hierarchical(mu_alpha_sd=1e6, mu_beta_sd=1e6, sigma_alpha_high=1e6))
    assert loose.mean["alpha"] - 1e4 * np.arange(3) == pytest.approx(own.mean["alpha"], abs=0.2)
    assert (loose.sd["alpha"] / own.sd["alpha"] > 0.8).all()


sizes_of_groups = st.lists(st.integers(1, 5), min_size=1, max_size=4)


@given(
    sizes=sizes_of_groups,
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([0.01, 1.0, 30.0]),
    equal_x=st.booleans(),
    model=st.sampled_from(MODELS + UNUSUAL_MODELS),
)
@settings(max_examples=30)
def test_any_data_gives_a_sound_posterior(sizes, seed, scale, equal_x, model):
    rng = np.random.default_rng(seed)
    data = some_data(tuple(sizes), rng)
    x = np.ones_like(data.x) if equal_x else data.x
    posterior = quietly(GroupedData(scale * data.y, x, data.group), model)
    assert posterior.weights.sum() == pytest.approx(1, abs=1e-9)
    assert np.isfinite(posterior.log_evidence)
    interval, draws = posterior.interval(0.5), posterior.sample(3, rng)
    for name, mean in posterior.mean.items():
        sd = posterior.sd[name]
        assert np.isfinite(mean).all()
        assert (sd > 0).all()
        # The median is within one sd of the mean, whatever the distribution.
        assert (interval[name][..., 0] < interval[name][..., 1]).all()
        assert (np.abs(interval[name].mean(axis=-1) - mean) < 1.5 * sd).all()
        assert np.isfinite(draws[name]).all()
    assert np.isfinite(model.log_prior(draws)).all()


# --- no pooling and complete pooling ---------------------------------------------------------


def flat_by_dblquad(y, x, model, sigma_edges):
    """One line under flat priors: panels over sigma, the box by SciPy's adaptive rule."""
    sigma, weights = panels(sigma_edges)
    sums = np.zeros((len(sigma), 5))
    for k, s in enumerate(sigma):

        def density(b, a, s=s):
            r = y - a - b * x
            return math.exp(-0.5 * (r @ r) / s**2 + peak / s**2)

        design = np.stack([np.ones_like(x), x], axis=1)
        best = np.linalg.lstsq(design, y, rcond=None)[0]
        residual = y - design @ best
        peak = 0.5 * residual @ residual
        box = [model.alpha_low, model.alpha_high, model.beta_low, model.beta_high]
        for j, f in enumerate(
            (
                lambda b, a: 1.0,
                lambda b, a: a,
                lambda b, a: a * a,
                lambda b, a: b,
                lambda b, a: b * b,
            )
        ):
            value = integrate.dblquad(
                lambda b, a, f=f: f(b, a) * density(b, a), *box, epsabs=0, epsrel=1e-9
            )[0]
            sums[k, j] = value * math.exp(-peak / s**2) * (2 * math.pi * s**2) ** (-len(y) / 2)
    area = (box[1] - box[0]) * (box[3] - box[2]) * model.sigma_high
    total, a, aa, b, bb = weights @ sums
    mean = np.array([a, b]) / total
    sd = np.sqrt(np.array([aa, bb]) / total - mean**2)
    return math.log(total / area), mean, sd


BOX = Unpooled(alpha_low=-3, alpha_high=4, beta_low=-2, beta_high=2.5, sigma_high=3)


@pytest.mark.parametrize(
    ("y", "x"),
    [
        ([1.0], [0.7]),
        ([1.0], [0.0]),
        ([1.0, 2.0], [0.5, 0.5]),
        ([1.0, 2.0], [0.0, 1.0]),
        ([3.0, -1.0, 2.0], [0.0, 1.0, 1.5]),
        ([6.0, 7.5, 6.5], [0.0, 1.0, 1.5]),
    ],
)
@pytest.mark.parametrize("pooled", [False, True])
def test_line_cut_off_by_its_box(y, x, pooled):
    y, x = np.array(y), np.array(x, dtype=float)
    model = CompletePooling(**vars(BOX)) if pooled else BOX
    data = GroupedData(y, x, np.zeros(len(y)))
    if pooled and len(y) > 1:
        data = GroupedData(y, x, np.arange(len(y)))
    posterior = quietly(data, model)
    evidence, mean, sd = flat_by_dblquad(y, x, model, [0, 0.3, 0.8, 1.6, 3])
    assert posterior.log_evidence == pytest.approx(evidence, abs=1e-6)
    assert [posterior.mean["alpha"][0], posterior.mean["beta"][0]] == pytest.approx(mean, abs=1e-6)
    assert [posterior.sd["alpha"][0], posterior.sd["beta"][0]] == pytest.approx(sd, abs=1e-6)
