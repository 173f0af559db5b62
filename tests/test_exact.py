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


def panels(edges, order=8):
    """Composite Gauss-Legendre nodes and weights."""
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.asarray(edges, dtype=float)
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()


def sd_grid(model, edges):
    """Nodes over the three sds, and prior probability of each."""
    highs = [model.sigma_alpha_high, model.sigma_beta_high, model.sigma_high]
    rules = [panels(e) for e in edges or [[s * h for s in SHARES] for h in highs]]
    nodes = [v.ravel() for v in np.meshgrid(*(x for x, _ in rules), indexing="ij")]
    weights = np.einsum("i,j,k->ijk", *(w for _, w in rules)).ravel() / np.prod(highs)
    return nodes, weights


class Mixture:
    """A posterior as a weighted sum over nodes: normals for lines and means, points for sds."""

    def __init__(self, log_density, weights, nodes, means, variances):
        top = log_density.max()
        mass = weights * np.exp(log_density - top)
        self.log_evidence = top + math.log(mass.sum())
        self.weights, self.nodes = mass / mass.sum(), nodes
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


def by_panels(data, model, edges=None):
    """Partial pooling by panels over the sds, with sums that are not centred and 2 x 2 inverses."""
    (a, b, s), weights = sd_grid(model, edges)
    size, n = len(a), data.n
    t = np.zeros((size, 2, 2))
    t[:, 0, 0], t[:, 1, 1] = a**-2.0, b**-2.0
    prior = np.diag([model.mu_alpha_sd**-2.0, model.mu_beta_sd**-2.0])
    mu0 = np.array([model.mu_alpha_mean, model.mu_beta_mean])
    precision, score = np.tile(prior, (size, 1, 1)), np.tile(prior @ mu0, (size, 1))
    log_p = 0.5 * np.linalg.slogdet(prior)[1] - 0.5 * mu0 @ prior @ mu0 + np.zeros(size)
    inverses, sides = [], []
    for i in range(n):
        x, y = data.x[data.group == i], data.y[data.group == i]
        design = np.stack([np.ones_like(x), x], axis=1)
        gram, xy = design.T @ design, design.T @ y
        inner = np.linalg.inv(t + gram / s[:, None, None] ** 2)
        side = xy / s[:, None] ** 2
        log_p -= 0.5 * len(x) * np.log(2 * np.pi * s**2) + np.log(a * b)
        log_p += 0.5 * np.linalg.slogdet(inner)[1] - 0.5 * (y @ y) / s**2
        log_p += 0.5 * np.einsum("ki,kij,kj->k", side, inner, side)
        # What is left as a function of mu: the prior T of the line, shrunk.
        precision += t - t @ inner @ t
        score += np.einsum("kij,kj->ki", t @ inner, side)
        inverses.append(inner)
        sides.append(side)
    cov = np.linalg.inv(precision)
    mu = np.einsum("kij,kj->ki", cov, score)
    log_p += 0.5 * np.linalg.slogdet(cov)[1] + 0.5 * np.einsum("ki,ki->k", score, mu)
    means = {"alpha": np.empty((size, n)), "beta": np.empty((size, n))}
    variances = {"alpha": np.empty((size, n)), "beta": np.empty((size, n))}
    for i, (inner, side) in enumerate(zip(inverses, sides, strict=True)):
        line = np.einsum("kij,kj->ki", inner, side + np.einsum("kij,kj->ki", t, mu))
        spread = inner + inner @ t @ cov @ t @ inner
        for k, name in enumerate(("alpha", "beta")):
            means[name][:, i], variances[name][:, i] = line[:, k], spread[:, k, k]
    for k, name in enumerate(("mu_alpha", "mu_beta")):
        means[name], variances[name] = mu[:, k], cov[:, k, k]
    for name, value in zip(SDS, (a, b, s), strict=True):
        means[name], variances[name] = value, np.zeros(size)
    return Mixture(log_p, weights, dict(zip(SDS, (a, b, s), strict=True)), means, variances)


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
    nodes = dict(zip(SDS, (a, b, s), strict=True))
    means |= nodes
    variances |= {name: np.zeros(size) for name in SDS}
    return Mixture(log_p, weights, nodes, means, variances)


def errors(posterior, other):
    """Largest difference of means and of sds, in posterior sds, and of log evidence."""
    mean, sd = other.moments()
    worst = max(np.abs((posterior.mean[k] - mean[k]) / sd[k]).max() for k in mean)
    spread = max(np.abs(posterior.sd[k] / sd[k] - 1).max() for k in mean)
    return worst, spread, abs(posterior.log_evidence - other.log_evidence)


ARTICLE_EDGES = [
    [0, 0.15, 0.3, 0.5, 0.7, 0.9, 1.1, 1.4, 2, 10],
    [0, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.6, 2.2, 10],
    [0, 1.75, 1.95, 2.1, 2.25, 2.4, 2.6, 3, 10],
]


@pytest.fixture(scope="module")
def article_by_panels(article):
    return by_panels_thin(article[0])


def by_panels_thin(data):
    """`by_panels` at n = 75, leaving out nodes whose density is nil: 373,000 are too many."""
    return by_panels(data, Hierarchical(), ARTICLE_EDGES)
