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
from harness import MODELS, UNUSUAL_MODELS, name_of, some_data
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.interpolate import CubicSpline
from scipy.special import ndtr

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
from hiertools.exact.quadrature import gauss_legendre
from hiertools.exact.readout import draw_points
from hiertools.exact.truncated import Box, Lines, box_marginal

SDS = ("sigma_alpha", "sigma_beta", "sigma")
# Panels of eight Gauss-Legendre nodes, as shares of a bound: fine where tails of few
# individuals bend, wide where they are flat.
SHARES = (0, 0.01, 0.04, 0.09, 0.17, 0.3, 0.5, 0.72, 1)


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


def heard(data, model):
    """The posterior, and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        posterior = exact_posterior(data, model)
    assert all(w.category is UserWarning for w in caught)
    assert all(w.filename == __file__ for w in caught)
    return posterior, " ".join(str(w.message) for w in caught)


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
    variances = {"mu_alpha": c11, "mu_beta": c22} | dict.fromkeys(SDS, 0 * a)
    kept = log_p > log_p.max() - 60
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
    return by_panels(article[0], Hierarchical(), ARTICLE_EDGES, order=6)


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


FEW = [(1, 1, 1), (1, 3, 1), (2, 2, 3), (3, 1, 2), (3, 3, 5), (10, 2, 1)]


@pytest.mark.parametrize(("n", "m", "seed"), FEW)
def test_few_individuals_with_tails_up_to_the_bound(n, m, seed):
    data, _ = simulate(n, m, rng=seed)
    worst, spread, evidence = errors(quietly(data, Hierarchical()), by_panels(data, Hierarchical()))
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
        y=[1.0, 2.5, 0.3, 4.0, 2.2, -1.0, 0.5],
        x=[1, 1, 0, 0, 0, -1, 2],
        group=[0, 0, 1, 1, 1, 2, 2],
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
    data = GroupedData(
        y=[60, 61, 62.5, 59, 63, 61.5], x=[0, 1, 2, 0, 1, 2], group=[0, 0, 0, 1, 1, 1]
    )
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


@pytest.mark.parametrize(("n", "m", "seed"), [(75, 5, 1), (2, 3, 1), (40, 1, 1)])
def test_cdf_of_an_sd_is_a_ratio_of_evidences(n, m, seed):
    """P(sd < c | y) is the evidence under a bound of c, times c / bound, over the evidence."""
    data, _ = simulate(n, m, rng=seed)
    posterior = quietly(data, Hierarchical())
    for name in ("sigma_alpha", "sigma"):
        for c in np.round(posterior.mean[name] + np.array([0.8]) * posterior.sd[name], 3):
            cut = quietly(data, Hierarchical(**{f"{name}_high": float(c)}))
            share = c / 10 * math.exp(cut.log_evidence - posterior.log_evidence)
            few = n < 5 or m == 1
            assert posterior.cdf(name, c) == pytest.approx(share, abs=1e-3 if few else 1e-6), name


def test_marginal_is_the_slope_of_the_cdf(article_posterior):
    for name in SDS:
        grid = article_posterior.mean[name] + article_posterior.sd[name] * np.array([-1, 0.3, 2])
        step = 1e-4 * article_posterior.sd[name]
        rise = article_posterior.cdf(name, grid + step) - article_posterior.cdf(name, grid - step)
        density = article_posterior.marginal(name, grid)
        assert density == pytest.approx(rise / (2 * step), rel=1e-5)
    edges, weights = panels(np.linspace(0, 10, 41), 4)
    assert weights @ article_posterior.marginal("sigma_alpha", edges) == pytest.approx(1, abs=2e-4)
    assert article_posterior.marginal("sigma", [-1.0, 0.0, 10.0, 11.0]).tolist() == [0, 0, 0, 0]
    assert article_posterior.cdf("sigma", [-1.0, 0.0, 10.0, 11.0]).tolist() == [0, 0, 1, 1]


def test_draws_are_continuous_and_follow_the_marginals(article_posterior):
    """Kolmogorov-Smirnov at 1e-6 for each of the three sds, through a table of the CDF."""
    draws = article_posterior.sample(5000, rng=5)
    for name in SDS:
        assert np.unique(draws[name]).size == 5000
        ends = draws[name].min(), draws[name].max()
        table = np.linspace(*ends, 25)
        share = CubicSpline(table, article_posterior.cdf(name, table))
        assert stats.kstest(share(draws[name]), "uniform").pvalue > 1e-6


def test_draws_of_lines_follow_their_mixtures(article_posterior, article_by_panels):
    """Kolmogorov-Smirnov at 1e-6 for some lines, against the independent panels."""
    draws = article_posterior.sample(1000, rng=6)
    kept = article_by_panels.weights > 1e-9
    for name in ("alpha", "beta"):
        for i in (0, 40):
            mean = article_by_panels.means[name][kept, i]
            sd = np.sqrt(article_by_panels.variances[name][kept, i])
            share = [
                article_by_panels.weights[kept] @ ndtr((x - mean) / sd)
                for x in draws[name][:300, i]
            ]
            assert stats.kstest(share, "uniform").pvalue > 1e-6


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


@pytest.mark.parametrize("x_mean", [0.0, 2.0])
def test_draws_satisfy_the_score_identities(x_mean):
    """E[d log p / d theta] = 0 under the posterior wherever p vanishes at the ends.

    Numeric derivatives of the model's own log posterior, at exact draws: it fails if the joint
    distribution of lines, means and sds is wrong though every marginal is right.
    """
    data, _ = simulate(30, 5, x_mean=x_mean, rng=7)
    model = Hierarchical()
    draws = exact_posterior(data, model).sample(5000, rng=2)
    for name in ("alpha", "beta", "mu_alpha", "mu_beta", "sigma"):
        step = 1e-4
        up, down = ({**draws, name: draws[name] + e} for e in (step, -step))
        score = (model.log_posterior(data, up) - model.log_posterior(data, down)) / (2 * step)
        assert abs(score.mean()) < 5 * score.std() / np.sqrt(5000), name
        # E[theta * score] = -1 for a scalar, -n when all of a vector move together: by its mean.
        centre = draws[name].mean(axis=-1) if draws[name].ndim > 1 else draws[name]
        product = (centre - centre.mean()) * score + 1
        assert abs(product.mean()) < 5 * product.std() / np.sqrt(5000), name


@pytest.mark.parametrize(("centre", "sd"), [(0.0, 1.0), (0.27, 0.2), (0.8, 0.1), (0.27, 0.12)])
def test_points_follow_a_density_however_it_rises_between_the_nodes(centre, sd):
    """A normal between -1 and 1 on five nodes 0.5 apart, and a uniform beside it.

    The Kolmogorov-Smirnov distance of 20,000 draws is below its point of one in a million.
    The narrow ones rise further between two nodes than is foreseen.
    """
    n_draws, asked = 20_000, []

    def records(panel, xi):
        asked.append(len(panel))
        return np.stack([-0.5 * ((xi[:, 0] - centre) / sd) ** 2, 3.0 * xi[:, 0], panel], axis=1)

    nodes = gauss_legendre(5)[0]
    heights = np.repeat(-0.5 * ((nodes[:, None] - centre) / sd) ** 2, 5, axis=1)
    rng = np.random.default_rng(8)
    panel, xi, recorded = draw_points(np.stack([heights, heights]), records, n_draws, rng)
    assert np.array_equal(recorded[:, 1:], np.stack([3.0 * xi[:, 0], panel], axis=1))
    ends = (np.array([-1.0, 1.0]) - centre) / sd
    farthest = math.sqrt(math.log(2e6) / (2 * n_draws))
    for values, of in ((xi[:, 0], stats.truncnorm(*ends, centre, sd)), (xi[:, 1], None)):
        expected = stats.uniform(-1, 2) if of is None else of
        assert stats.kstest(values, expected.cdf).statistic < farthest
    assert abs(panel.mean() - 0.5) < 5 * 0.5 / math.sqrt(n_draws)
    if sd == 1.0:  # as foreseen: as many are proposed as it takes, and hardly more than once
        assert len(asked) <= 2
        assert sum(asked) < 2 * n_draws


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


def test_draws_do_not_depend_on_the_number_of_cores(monkeypatch):
    """Of many individuals 20 chunks of draws are made, by several threads where there are some."""
    posterior = quietly(simulate(10_000, 2, rng=1)[0], Hierarchical())
    drawn = {}
    for cores in (1, 2, 7):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        drawn[cores] = posterior.sample(100, rng=RRandom(5))["alpha"]
    assert np.array_equal(drawn[1], drawn[2])
    assert np.array_equal(drawn[1], drawn[7])
    assert len(np.unique(drawn[1][:, 0])) == 100


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
    assert two.log_evidence == pytest.approx(one.log_evidence - len(data.y) * math.log(c), abs=1e-6)
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
    assert [narrow.mean["alpha"][0], narrow.mean["beta"][3]] == pytest.approx(
        weights @ mean, abs=1e-6
    )
    wide = quietly(data, Hierarchical(mu_alpha_sd=1e5, mu_beta_sd=1e5, **tiny))
    pooled = exact_posterior(data, CompletePooling())
    for name in ("alpha", "beta", "sigma"):
        assert wide.mean[name] == pytest.approx(
            np.broadcast_to(pooled.mean[name], wide.mean[name].shape), abs=1e-5
        )
        assert wide.sd[name] == pytest.approx(
            np.broadcast_to(pooled.sd[name], wide.sd[name].shape), rel=1e-5
        )


def test_with_large_population_sds_partial_pooling_is_none():
    """The bound 1e7 and the 1/sd tail of few individuals leave almost no pull on the lines."""
    data, _ = simulate(3, 30, rng=6)
    own = exact_posterior(data, Unpooled())
    apart = GroupedData(data.y + 1e4 * data.group, data.x, data.group)
    loose = quietly(apart, Hierarchical(mu_alpha_sd=1e6, mu_beta_sd=1e6, sigma_alpha_high=1e6))
    assert loose.mean["alpha"] - 1e4 * np.arange(3) == pytest.approx(own.mean["alpha"], abs=0.2)
    assert (loose.sd["alpha"] / own.sd["alpha"] > 0.8).all()


@pytest.mark.parametrize("y", [8.0, -40.0])
def test_one_observation_far_from_its_prior(y):
    """The mean then follows the data only where sigma is small: two scales on one ray."""
    data = GroupedData([y], [1.0], [0])
    x, w = np.polynomial.legendre.leggauss(24)
    x, w = 5 * x + 5, w / 2
    var = 18 + x[:, None, None] ** 2 + x[:, None] ** 2 + x**2
    density = np.exp(-0.5 * y**2 / var) / np.sqrt(2 * np.pi * var)
    expected = math.log(np.einsum("ijk,i,j,k->", density, w, w, w))
    assert quietly(data, Hierarchical()).log_evidence == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("shift", [3e3, 1e6])
def test_data_a_thousand_prior_sds_away_are_refused_not_integrated_wrongly(shift):
    """Near the prior's scale the same data are fine; so is a prior whose mean is near them."""
    data, _ = simulate(10, 5, rng=3)
    far = GroupedData(data.y + shift, data.x, data.group)
    with pytest.raises(ValueError, match=r"so far from the prior.*prior's scale"):
        exact_posterior(far, Hierarchical())
    near, here = quietly(far, Hierarchical(mu_alpha_mean=shift)), quietly(data, Hierarchical())
    assert near.mean["alpha"] - shift == pytest.approx(here.mean["alpha"], abs=1e-6)


sizes_of_groups = st.lists(st.integers(1, 5), min_size=1, max_size=4)


@given(
    sizes=sizes_of_groups,
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([0.01, 1.0, 30.0]),
    equal_x=st.booleans(),
    model=st.sampled_from(MODELS + UNUSUAL_MODELS),
)
@settings(max_examples=10)
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


def box_integrals(y, x, sigma, model):
    """Integral of the likelihood over the box, and means of alpha, alpha^2, beta, beta^2."""

    def integral(f):
        def density(b, a):
            r = y - a - b * x
            return f(a, b) * math.exp(-0.5 * (r @ r) / sigma**2)

        box = [model.alpha_low, model.alpha_high, model.beta_low, model.beta_high]
        return integrate.dblquad(density, *box, epsabs=0, epsrel=1e-8)[0]

    mass = integral(lambda a, b: 1.0)
    powers = [lambda a, b: a, lambda a, b: a * a, lambda a, b: b, lambda a, b: b * b]
    return mass, *(integral(f) / mass for f in powers)


BOX = Unpooled(alpha_low=-3, alpha_high=4, beta_low=-2, beta_high=2.5, sigma_high=3)
LINES = [
    ([1.0], [0.7]),
    ([1.0], [0.0]),
    ([1.0, 2.0], [0.5, 0.5]),
    ([1.0, 2.0], [0.0, 1.0]),
    ([3.0, -1.0, 2.0], [0.0, 1.0, 1.5]),
    ([6.0, 7.5, 6.5], [0.0, 1.0, 1.5]),
    # Hardly cut off at all: 1e-4 of it.
    ([-1.5, -1.4, 0.3, 0.1, 1.7, 1.5], [-1.0, -0.8, 0.0, 0.1, 0.9, 1.0]),
]


def statistics_of(y, x, sigma):
    s = GroupedData(y, x, np.zeros(len(y))).statistics
    return Lines(s.m, s.x_mean, s.x_ss, s.y_mean, s.slope, np.array([sigma]))


@pytest.mark.parametrize(("y", "x"), LINES)
@pytest.mark.parametrize("sigma", [0.6, 2.5])
def test_normal_in_a_box_against_adaptive_quadrature(y, x, sigma):
    y, x = np.array(y), np.array(x)
    lines = statistics_of(y, x, sigma)
    residual = GroupedData(y, x, np.zeros(len(y))).statistics.rss[0]
    box = Box(BOX.alpha_low, BOX.alpha_high, BOX.beta_low, BOX.beta_high)
    mass, a, aa, b, bb = box_integrals(y, x, sigma, BOX)
    for name, mean, square in (("alpha", a, aa), ("beta", b, bb)):
        found = box_marginal(name, lines, box)
        log_mass = found.log_mass[0] - 0.5 * residual / sigma**2
        assert log_mass == pytest.approx(math.log(mass), abs=1e-7)
        assert found.mean[0] == pytest.approx(mean, abs=1e-7)
        assert found.var[0] == pytest.approx(square - mean**2, abs=1e-7)


@pytest.mark.parametrize(("y", "x"), LINES)
@pytest.mark.parametrize("pooled", [False, True])
def test_line_cut_off_by_its_box(y, x, pooled):
    """SciPy's adaptive rule over sigma, of the integrals over the box that were tested above."""
    y, x = np.array(y), np.array(x)
    model = CompletePooling(**vars(BOX)) if pooled else BOX
    groups = np.arange(len(y)) if pooled else np.zeros(len(y))
    posterior = quietly(GroupedData(y, x, groups), model)
    rss = GroupedData(y, x, np.zeros(len(y))).statistics.rss[0]
    box = Box(BOX.alpha_low, BOX.alpha_high, BOX.beta_low, BOX.beta_high)

    def moments(name):
        """Total, mean and sd of a line's number, and mean of sigma."""

        def density(sigma):
            found = box_marginal(name, statistics_of(y, x, sigma), box)
            log_p = found.log_mass[0] - 0.5 * rss / sigma**2 - len(y) * math.log(sigma)
            mean, var = found.mean[0], found.var[0]
            return math.exp(log_p) * np.array([1.0, mean, var + mean**2, sigma])

        ways = {"epsabs": 0, "epsrel": 1e-7, "points": [0.1, 0.5, 1]}
        total, *rest = integrate.quad_vec(density, 0, 3, **ways)[0]
        mean, square, of_sigma = np.array(rest) / total
        return total, mean, math.sqrt(square - mean**2), of_sigma

    for name in ("alpha", "beta"):
        total, mean, sd, of_sigma = moments(name)
        evidence = math.log(total / (7 * 4.5 * 3)) - 0.5 * len(y) * math.log(2 * math.pi)
        assert posterior.log_evidence == pytest.approx(evidence, abs=1e-6)
        assert posterior.mean[name][0] == pytest.approx(mean, abs=1e-6)
        assert posterior.sd[name][0] == pytest.approx(sd, abs=1e-6)
        assert posterior.mean["sigma"] == pytest.approx(of_sigma, abs=1e-6)


@pytest.mark.parametrize(("y", "x"), LINES)
def test_draws_and_intervals_in_a_box(y, x):
    """10,000 draws: z of moments and of interval shares below 5; none outside."""
    posterior = quietly(GroupedData(y, x, np.zeros(len(y))), BOX)
    draws, interval = posterior.sample(10_000, rng=4), posterior.interval(0.8)
    for name, values in draws.items():
        for power in (1, 2):
            centred = values - posterior.mean[name]
            expected = 0.0 if power == 1 else posterior.sd[name] ** 2
            z = (centred**power - expected).mean(axis=0) / (centred**power).std(axis=0) * 100
            assert np.abs(z).max() < 5
        for end, share in zip(np.moveaxis(interval[name], -1, 0), (0.1, 0.9), strict=True):
            z = ((values < end).mean(axis=0) - share) / math.sqrt(0.09) * 100
            assert np.abs(z).max() < 5
    assert np.isfinite(BOX.log_prior(draws)).all()


def test_unpooled_without_a_box_is_student_t():
    """Flat priors far away: sigma^2 is inverse gamma, lines are t with N - 2n - 1 degrees."""
    data, _ = simulate(6, 8, rng=3)
    posterior = exact_posterior(data, Unpooled(sigma_high=1000))
    s, nu = data.statistics, 6 * 6 - 1
    scale = s.rss.sum() / nu
    t = stats.t(nu)
    assert posterior.mean["beta"] == pytest.approx(s.slope, abs=1e-12)
    assert posterior.sd["beta"] == pytest.approx(np.sqrt(scale / s.x_ss) * t.std(), rel=1e-8)
    ends = s.slope[:, None] + np.sqrt(scale / s.x_ss)[:, None] * np.array(t.interval(0.9))
    assert posterior.interval(0.9)["beta"] == pytest.approx(ends, abs=1e-7)
    variance = stats.invgamma(nu / 2, scale=s.rss.sum() / 2)
    assert posterior.interval(0.9)["sigma"] == pytest.approx(
        np.sqrt(variance.interval(0.9)), abs=1e-6
    )
    assert posterior.cdf("sigma", 2.0) == pytest.approx(variance.cdf(4.0), abs=1e-8)
    density = posterior.marginal("sigma", 2.0)
    assert density == pytest.approx(variance.pdf(4.0) * 4.0, rel=1e-5)


def test_lines_far_outside_their_box():
    """y near 1,000 under bounds of 100: everything is at the bounds, and said so."""
    data = GroupedData([999.0, 1001.0, 1000.0], [0.0, 1.0, 2.0], [0, 0, 0])
    posterior, messages = heard(data, Unpooled())
    assert "alpha_high=100" in messages
    draws = posterior.sample(500, rng=1)
    assert 99.9 < posterior.mean["alpha"][0] < 100
    assert (draws["alpha"] <= 100).all()
    assert draws["alpha"].mean() == pytest.approx(posterior.mean["alpha"][0], abs=0.05)


# --- what is refused, what is warned of ------------------------------------------------------


def test_warns_of_every_bound_that_decides():
    """Reaction times in milliseconds under priors made for numbers near one."""
    rng = np.random.default_rng(1)
    group, x = np.repeat(np.arange(6), 8), np.tile(np.arange(8.0), 6)
    y = 250 + 10 * x + rng.normal(0, 40, 6)[group] + rng.normal(0, 25, 48)
    data = GroupedData(y, x, group)
    _, messages = heard(data, Hierarchical())
    for field in ("sigma_high=10", "sigma_alpha_high=10"):
        assert field in messages
    assert "rescale" in messages
    assert "sigma_high=10" in heard(data, CompletePooling(alpha_high=1000))[1]
    wide = Hierarchical(
        mu_alpha_mean=250,
        mu_alpha_sd=500,
        mu_beta_sd=100,
        sigma_alpha_high=2000,
        sigma_beta_high=2000,
        sigma_high=200,
    )
    exact_posterior(data, wide)


def test_warns_from_one_percent_on():
    """y of 3 or 15 at x = 1: up to 3 % of an sd's posterior is within 1 % of its bound."""
    shares = []
    for y in (3.0, 15.0):
        posterior, messages = heard(GroupedData([y], [1.0], [0]), Hierarchical())
        for name in SDS:
            shares.append(1 - posterior.cdf(name, 9.9))
            assert (f"posterior of {name} lies" in messages) == (shares[-1] > 0.01)
    assert min(shares) < 0.01
    assert 0.01 < max(shares) < 0.03


def test_ordinary_data_warn_of_nothing(article):
    for model in MODELS:
        exact_posterior(article[0], model)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_perfect_fit_with_observations_to_spare_is_refused(model):
    x = np.tile([0.0, 1.0, 2.5], 3)
    group = np.repeat(np.arange(3), 3)
    alpha = np.array([1.0, 2.0, 1.5]) if name_of(model) != "CompletePooling" else np.ones(3)
    with pytest.raises(ValueError, match="no proper posterior"):
        exact_posterior(GroupedData(alpha[group] + 0.3 * x, x, group), model)
    with pytest.raises(ValueError, match="no proper posterior"):
        exact_posterior(GroupedData(np.zeros(9), x, group), model)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_one_observation_to_spare_is_enough(model):
    with pytest.raises(ValueError, match="no proper posterior"):
        exact_posterior(GroupedData([1.0, 2.0, 3.5], [0, 1, 2.5], [0, 0, 0]), model)


def test_data_far_smaller_than_the_prior_have_long_tails():
    """At scale 1e-4 under bounds of 10 the sds' variances come from far out in their tails."""
    rng = np.random.default_rng(21)
    data = GroupedData(1e-4 * rng.normal(size=12), rng.normal(size=12), np.repeat([0, 1, 2], 4))
    model = Hierarchical(sigma_high=0.01)
    edges = [[0, *(10 ** np.linspace(-5.3, 1, 15))]] * 2
    edges.append([0, *(10 ** np.linspace(-4.6, -2, 9))])
    other = by_panels(data, model, edges, order=8)
    worst, spread, evidence = errors(quietly(data, model), other)
    assert max(worst, spread, evidence) < 2e-6


def test_perfect_fit_with_nothing_to_spare_is_proper():
    two_each = GroupedData([0.0, 1.0, 2.0, 5.0], [0, 1, 0, 1], [0, 0, 1, 1])
    quietly(two_each, Unpooled())
    quietly(two_each, Hierarchical())
    quietly(GroupedData([1.0, 2.0], [0, 1], [0, 0]), CompletePooling())
    # Here the line that fits is outside the box, and any other leaves a residual.
    x = np.array([0.0, 1.0, 2.0])
    quietly(GroupedData(200 + x, x, [0, 0, 0]), Unpooled())


@pytest.mark.parametrize(
    ("y", "x"),
    [
        ([1, 2, 1, 3, 1, 4], [0, 1, 0, 1, 0, 1]),  # one intercept
        ([1, 2, 3, 4, 7, 8], [0, 1, 0, 1, 0, 1]),  # one slope
    ],
)
def test_lines_that_share_a_part_exactly_are_refused(y, x):
    data = GroupedData(y, x, [0, 0, 1, 1, 2, 2])
    with pytest.raises(ValueError, match="no proper posterior"):
        exact_posterior(data, Hierarchical())
    quietly(data, Unpooled())


def test_one_line_through_single_observations():
    x = np.array([0.0, 1.0, 2.0, 4.0, 5.0])
    quietly(GroupedData(1 + x[:4], x[:4], range(4)), Hierarchical())
    with pytest.raises(ValueError, match="one line"):
        exact_posterior(GroupedData(1 + x, x, range(5)), Hierarchical())


@pytest.mark.parametrize(
    ("data", "model", "match"),
    [
        ("data", Hierarchical(), "GroupedData"),
        (GroupedData(np.zeros((2, 3)), [0, 1, 2], [0, 0, 0]), Hierarchical(), "one dataset"),
        (GroupedData([0, 1, 3], [0, 1, 2], [0, 0, 0]), "Hierarchical", "model must be"),
        (GroupedData([0, 1, 3], [0, 1, 2], [0, 0, 0]), Hierarchical, "model must be"),
    ],
)
def test_other_input_is_refused(data, model, match):
    with pytest.raises(ValueError, match=match):
        exact_posterior(data, model)


def test_other_questions_are_refused(article_posterior):
    for prob in (0.0, 1.0, -1, 2, np.nan, "much", [0.5]):
        with pytest.raises(ValueError, match="prob"):
            article_posterior.interval(prob)
    for n_draws in (0, 1.5, True, None):
        with pytest.raises(ValueError, match="n_draws"):
            article_posterior.sample(n_draws, rng=1)
    with pytest.raises(ValueError, match="rng"):
        article_posterior.sample(3, rng=None)
    with pytest.raises(ValueError, match="name must be one of"):
        article_posterior.marginal("alpha", [1.0])
    with pytest.raises(ValueError, match="grid"):
        article_posterior.marginal("sigma", [np.nan])


def test_memory_does_not_grow_with_rays_times_individuals():
    data, _ = simulate(10_000, 5, rng=1)
    data.statistics  # noqa: B018
    tracemalloc.start()
    exact_posterior(data, Hierarchical())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80e6
