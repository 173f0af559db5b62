"""The article's run: R's own figures, and a slow version of the run at other seeds and sizes."""

import math

import numpy as np
import pytest
from harness import ANYTHING, SlowR, answers_or_value_error, asks_for_much, golden
from hypothesis import given, settings
from hypothesis import strategies as st

from hiertools import (
    CompletePooling,
    Hierarchical,
    RRandom,
    Unpooled,
    article_start,
    replicate_article,
    simulate,
)
from hiertools.classroom.exercises.article import article_run

# --- R's published run ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def run():
    return article_run()  # replicate_article(), made once for all tests that need it


def flat_by_name(values):
    """A dict of vectors and scalars as R prints it: alpha1, alpha2, ..., sigma."""
    flat = {}
    for name, value in values.items():
        if np.ndim(value):
            flat |= {f"{name}{i}": float(v) for i, v in enumerate(value, start=1)}
        else:
            flat[name] = float(value)
    return flat


@pytest.mark.parametrize("model", ["unpooled", "hierarchical"])
def test_posterior_means_and_last_draws_are_rs(run, model):
    draws = getattr(run, model).draws
    r = golden(f"r_{model}")
    means = flat_by_name({name: value[2000:].mean(axis=0) for name, value in draws.items()})
    last = flat_by_name({name: value[-1] for name, value in draws.items()})
    assert list(means) == r["par"]
    np.testing.assert_allclose(list(means.values()), r["mean"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(list(last.values()), r["last"], rtol=0, atol=1e-9)


def r_run(quantity):
    """What R printed of both chains: unpooled, hierarchical."""
    table = golden("r_run")
    row = table["quantity"].index(quantity)
    return table["unpooled"][row], table["hierarchical"][row]


def test_acceptance_rates_are_rs(run):
    assert (run.unpooled.accept_rate, run.hierarchical.accept_rate) == r_run("accept_rate")


def test_rmses_are_rs(run):
    r = {
        f"{parameter}_{model}": value
        for parameter in ("alpha", "beta")
        for model, value in zip(
            ("unpooled", "hierarchical"), r_run(f"rmse_{parameter}"), strict=True
        )
    }
    assert run.rmse == pytest.approx(r, abs=1e-10)
    assert all(type(value) is float for value in run.rmse.values())


def test_other_runs_are_rs():
    """Four more runs in R: negative, zero and largest seeds, two individuals, one observation."""
    r = golden("r_other_runs")
    keys = list(zip(r["seed"], r["n"], r["m"], r["n_draws"], r["model"], strict=True))
    for *size, model in dict.fromkeys(keys):
        seed, n, m, n_draws = map(int, size)
        draws = getattr(replicate_article(seed, n, m, n_draws), model).draws
        rows = [k for k, key in enumerate(keys) if key == (*size, model)]
        means = flat_by_name({k: v[n_draws // 5 :].mean(axis=0) for k, v in draws.items()})
        last = flat_by_name({name: value[-1] for name, value in draws.items()})
        assert list(means) == [r["par"][k] for k in rows]
        for ours, column in ((means, "mean"), (last, "last")):
            theirs = [r[column][k] for k in rows]
            np.testing.assert_allclose(list(ours.values()), theirs, rtol=0, atol=1e-9)


def test_rs_log_posterior_at_the_starting_values():
    """Between the two starts R's first chain draws 10,000 times 151 normals and a uniform."""
    rng = RRandom(1)
    data, _ = simulate(rng=rng)
    start = article_start(Unpooled(), 75, rng)
    at_start = Unpooled().log_posterior(data, start)
    in_r = r_run("log_posterior_at_start")
    assert at_start == pytest.approx(in_r[0], abs=1e-9)
    rng.random(10_000 * (2 * 151 + 1))
    start = article_start(Hierarchical(), 75, rng)
    at_start = Hierarchical().log_posterior(data, start)
    assert at_start == pytest.approx(in_r[1], abs=1e-9)


# --- the listing, slowly --------------------------------------------------------------------


def log_normal(value, mean, sd):
    return -0.5 * ((value - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2 * math.pi)


def log_flat(value, low, high):
    return -math.log(high - low) if low <= value <= high else -math.inf


class SlowArticle:
    """The article's run one number at a time; a parameter vector is a plain list of floats.

    Unpooled: n alphas, n betas, sigma. Hierarchical: n alphas, n betas, the two mus, the two
    population sigmas, sigma.
    """

    def __init__(self, seed, n, m, n_draws):
        self.n, self.m, self.r = n, m, SlowR(seed)
        r = self.r
        self.alpha = [r.rnorm(2, 1) for _ in range(n)]
        self.beta = [r.rnorm(-2, 1) for _ in range(n)]
        self.x = [[0.0] * m for _ in range(n)]
        for j in range(m):
            for i in range(n):
                self.x[i][j] = r.rnorm()
        self.y = [
            [r.rnorm(a + b * x, 2) for x in xs]
            for a, b, xs in zip(self.alpha, self.beta, self.x, strict=True)
        ]
        start = [r.rnorm(2, 0.75) for _ in range(n)] + [r.rnorm(-2, 0.75) for _ in range(n)]
        start += [r.runif(1.75, 2.25)]
        self.unpooled = self.walk(start, 0.125, self.log_prior_unpooled, n_draws)
        start = [r.rnorm(2, 0.75) for _ in range(n)] + [r.rnorm(-2, 0.75) for _ in range(n)]
        start += [r.rnorm(2, 0.25), r.rnorm(-2, 0.25), r.runif(0.75, 1.25), r.runif(0.75, 1.25)]
        start += [r.runif(1.75, 2.25)]
        self.hierarchical = self.walk(start, 0.1, self.log_prior_hierarchical, n_draws)

    def log_likelihood(self, theta):
        total = 0.0
        for i in range(self.n):
            for j in range(self.m):
                mean = theta[i] + theta[self.n + i] * self.x[i][j]
                total += log_normal(self.y[i][j], mean, theta[-1])
        return total

    def log_prior_unpooled(self, theta):
        return sum(log_flat(v, -100, 100) for v in theta[:-1]) + log_flat(theta[-1], 0, 10)

    def log_prior_hierarchical(self, theta):
        n = self.n
        mu_alpha, mu_beta, sigma_alpha, sigma_beta, sigma = theta[2 * n :]
        total = sum(log_normal(v, mu_alpha, sigma_alpha) for v in theta[:n])
        total += sum(log_normal(v, mu_beta, sigma_beta) for v in theta[n : 2 * n])
        total += log_normal(mu_alpha, 0, 3) + log_normal(mu_beta, 0, 3)
        return total + sum(log_flat(v, 0, 10) for v in (sigma_alpha, sigma_beta, sigma))

    def walk(self, start, proposal_sd, log_prior, n_draws):
        """Rows of draws, their log densities, and whether each was accepted."""
        here, at_here = start, log_prior(start) + self.log_likelihood(start)
        rows, densities, moves = [], [], []
        first_sigma = 2 * self.n + (2 if len(start) > 2 * self.n + 1 else 0)
        for _ in range(n_draws):
            there = [value + self.r.rnorm(0, proposal_sd) for value in here]
            at_there = -math.inf
            if min(there[first_sigma:]) > 0:
                at_there = log_prior(there) + self.log_likelihood(there)
            move = self.r.runif() < math.exp(min(0.0, at_there - at_here))
            if move:
                here, at_here = there, at_there
            rows.append(here)
            densities.append(at_here)
            moves.append(move)
        return np.array(rows), np.array(densities), np.array(moves)

    def rmse(self, rows, truth, first):
        means = rows[len(rows) // 5 :, first : first + self.n].mean(axis=0)
        return math.sqrt(sum((a - b) ** 2 for a, b in zip(means, truth, strict=True)) / self.n)


@pytest.mark.parametrize(
    ("seed", "n", "m", "n_draws"),
    [
        (1, 4, 3, 100),
        (2, 2, 1, 200),
        (-5, 2, 1, 5),
        (-2147483647, 3, 5, 50),
        (2147483647, 2, 4, 150),
        (0, 5, 1, 100),
        (20181211, 11, 2, 60),
    ],
)
def test_other_seeds_and_sizes_equal_the_slow_version(seed, n, m, n_draws):
    ours, slow = replicate_article(seed, n, m, n_draws), SlowArticle(seed, n, m, n_draws)
    np.testing.assert_allclose(ours.data.y.reshape(n, m), slow.y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.data.x.reshape(n, m), slow.x, rtol=0, atol=1e-12)
    for name in ("alpha", "beta"):
        np.testing.assert_allclose(ours.truth[name], getattr(slow, name), rtol=0, atol=1e-12)
    for model in ("unpooled", "hierarchical"):
        chain, (rows, densities, moves) = getattr(ours, model), getattr(slow, model)
        columns = [value.reshape(n_draws, -1) for value in chain.draws.values()]
        np.testing.assert_array_equal(chain.accepted, moves)
        np.testing.assert_allclose(np.hstack(columns), rows, rtol=0, atol=1e-9)
        np.testing.assert_allclose(chain.log_density, densities, rtol=1e-10)
        for first, name in ((0, "alpha"), (n, "beta")):
            expected = slow.rmse(rows, getattr(slow, name), first)
            assert ours.rmse[f"{name}_{model}"] == pytest.approx(expected, abs=1e-9)


# --- starts, interruption, errors -----------------------------------------------------------


@pytest.mark.parametrize("model", [Unpooled(), Hierarchical()])
def test_start_has_the_models_parameters_in_order(model):
    start = article_start(model, 4, 1)
    assert tuple(start) == model.parameter_names
    assert {name: value.shape for name, value in start.items()} == {
        name: (4,) if name in ("alpha", "beta") else () for name in start
    }
    assert np.isfinite(model.log_prior(start))


def test_an_interrupted_replication_stops_altogether(monkeypatch):
    """The first chain is interrupted: the second must not start."""
    calls = {"unpooled": 0, "hierarchical": 0}
    log_posterior = Unpooled.log_posterior

    def interrupted(self, data, params):
        calls["unpooled"] += 1
        if calls["unpooled"] == 20:
            raise KeyboardInterrupt
        return log_posterior(self, data, params)

    def counted(self, data, params):
        calls["hierarchical"] += 1
        return log_posterior(self, data, params)

    monkeypatch.setattr(Unpooled, "log_posterior", interrupted)
    monkeypatch.setattr(Hierarchical, "log_posterior", counted)
    with pytest.warns(RuntimeWarning, match="interrupted"), pytest.raises(KeyboardInterrupt):
        replicate_article(n=3, m=2, n_draws=50)
    assert calls == {"unpooled": 20, "hierarchical": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 1}, "n must be at least 2"),
        ({"n": 2.0}, "n must be a whole number"),
        ({"m": 0}, "m must be at least 1"),
        ({"m": None}, "m must be a whole number"),
        ({"n_draws": 0}, "n_draws must be at least 5"),
        ({"n_draws": 12}, "n_draws must be a multiple of 5"),
        ({"n_draws": "10"}, "n_draws must be a whole number"),
        ({"seed": 2**31}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": None}, "seed must be a whole number"),
    ],
)
def test_errors_of_replicate_article(change, message):
    with pytest.raises(ValueError, match=message):
        replicate_article(**({"n": 3, "m": 2, "n_draws": 10} | change))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CompletePooling(), 3, 1), "model must be Unpooled or Hierarchical"),
        ((Unpooled, 3, 1), "model must be Unpooled or Hierarchical"),
        ((Unpooled(), 0, 1), "n must be at least 1"),
        ((Unpooled(), 3, None), "rng must be a seed"),
    ],
)
def test_errors_of_article_start(arguments, message):
    with pytest.raises(ValueError, match=message):
        article_start(*arguments)


@settings(max_examples=50)
@given(st.sampled_from(["seed", "n", "m", "n_draws"]), ANYTHING)
def test_odd_settings(name, value):
    if name == "seed" or not asks_for_much(value):
        answers_or_value_error(
            replicate_article, **({"n": 2, "m": 1, "n_draws": 5} | {name: value})
        )
        answers_or_value_error(article_start, Unpooled(), 2, value)
        answers_or_value_error(article_start, value, 2, 1)
        answers_or_value_error(article_start, Unpooled(), value, 1)
