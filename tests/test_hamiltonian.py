"""Paths, their energy, step sizes found in warm-up, HMC and NUTS on targets that are known."""

import re
from functools import partial

import numpy as np
import pytest
from harness import some_data, z_score

from hiertools import Hierarchical, centred, hmc, noncentred, nuts
from hiertools.better_samplers.adaptation import DualAveraging, Point
from hiertools.better_samplers.hamiltonian import energy, leapfrog
from hiertools.better_samplers.nuts import grow, turns_back

COV = np.array([[1.0, 0.95, 0.0], [0.95, 1.0, 0.3], [0.0, 0.3, 2.0]]) * np.outer(
    [1, 5, 0.2], [1, 5, 0.2]
)


class Normal:
    """A correlated normal distribution with mean 3."""

    def __init__(self, cov=COV):
        self.precision = np.linalg.inv(cov)

    def log_density_and_gradient(self, z):
        pull = -(z - 3.0) @ self.precision
        return 0.5 * ((z - 3.0) * pull).sum(axis=-1), pull

    def to_params(self, z):
        return {"z": z}

    def from_params(self, params):
        return np.asarray(params["z"], dtype=float)


def a_point(target, z):
    return Point(z, *target.log_density_and_gradient(z))


def model_target(form=noncentred):
    return form(some_data([3, 2, 4], np.random.default_rng(1)), Hierarchical())


def roll(target, point, momentum, step_size, scale, n_steps):
    for _ in range(n_steps):
        point, momentum = leapfrog(target, point, momentum, step_size, scale)
    return point, momentum


# --- the leapfrog ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", [centred, noncentred])
def test_leapfrog_rolls_back_to_where_it_came_from(form):
    target = model_target(form)
    rng = np.random.default_rng(2)
    start = a_point(target, rng.normal(size=(4, target.dim)))
    momentum, scale = rng.normal(size=start.z.shape), rng.uniform(0.5, 1.5, target.dim)
    eps = np.array([0.01, 0.05, -0.03, 0.002])
    there, p = roll(target, start, momentum, eps, scale, 20)
    assert np.abs(there.z - start.z).max() > 0.1
    back, p = roll(target, there, p, -eps, scale, 20)
    np.testing.assert_allclose(back.z, start.z, atol=1e-9)
    np.testing.assert_allclose(p, momentum, atol=1e-9)
    np.testing.assert_allclose(back.log_density, start.log_density, atol=1e-9)


def test_leapfrog_keeps_volume():
    """The determinant of d(end) / d(start) is 1, by differences."""
    target = model_target()
    rng = np.random.default_rng(3)
    state, scale = 0.5 * rng.normal(size=2 * target.dim), rng.uniform(0.5, 1.5, target.dim)

    def end(state):
        z, p = np.split(state, 2)
        point, momentum = roll(target, a_point(target, z), p, np.asarray(0.1), scale, 5)
        return np.concatenate([point.z, momentum])

    h = 1e-6
    jacobian = np.stack(
        [(end(state + h * e) - end(state - h * e)) / (2 * h) for e in np.eye(state.size)], axis=1
    )
    sign, log_volume = np.linalg.slogdet(jacobian)
    assert sign == 1
    assert abs(log_volume) < 1e-6


def test_energy_error_is_of_second_order():
    """Half the step, twice the steps: a quarter of the error, to a few per cent."""
    target = model_target()
    rng = np.random.default_rng(4)
    start = a_point(target, 0.3 * rng.normal(size=target.dim))
    momentum, scale = rng.normal(size=target.dim), np.ones(target.dim)
    errors = []
    for n_steps in (200, 400, 800):
        end, p = roll(target, start, momentum, np.asarray(0.5 / n_steps), scale, n_steps)
        errors.append(energy(end, p) - energy(start, momentum))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.03)


def test_a_path_that_overflows_is_refused_and_says_so():
    target = model_target()
    start = target.to_params(np.zeros((2, target.dim)))
    for run in (
        hmc(target, start, n_leapfrog=5, n_draws=5, n_warmup=0, step_size=1e5, rng=1),
        nuts(target, start, n_draws=5, n_warmup=0, step_size=1e5, rng=1),
    ):
        assert not run.accepted.any()
        assert run.divergent.all()
        assert np.isfinite(run.log_density).all()


# --- warm-up --------------------------------------------------------------------------------


def test_dual_averaging_is_its_formula():
    rng = np.random.default_rng(5)
    a = rng.uniform(size=(30, 2))
    search = DualAveraging(np.array([0.1, 2.0]), 0.8)
    steps = [search.update(row) for row in a]
    for t in (1, 7, 30):
        log_step = np.log(10 * np.array([0.1, 2.0])) - np.sqrt(t) / 0.05 / (t + 10) * (
            0.8 - a[:t]
        ).sum(axis=0)
        np.testing.assert_allclose(np.log(steps[t - 1]), log_step, rtol=1e-12)


@pytest.mark.parametrize("target_accept", [0.6, 0.8, 0.95])
def test_dual_averaging_finds_the_step_with_the_wanted_rate(target_accept):
    """Where the acceptance probability is exp(-step), with some noise."""
    rng = np.random.default_rng(6)
    search = DualAveraging(np.full(50, 0.01), target_accept)
    step = np.full(50, 0.01)
    for _ in range(1000):
        step = search.update(np.clip(np.exp(-step) + 0.05 * rng.normal(size=50), 0, 1))
    np.testing.assert_allclose(np.exp(-search.step_size), target_accept, atol=0.02)


@pytest.mark.parametrize("sampler", ["hmc", "nuts"])
def test_warm_up_finds_scale_and_step(sampler):
    """On a normal target of very different widths, steps become about as long as the widths."""
    start = {"z": np.zeros((4, 3))}
    settings = {"n_draws": 100, "n_warmup": 300, "rng": 7}
    target = Normal(np.diag([0.01, 1.0, 100.0]))
    run = (
        hmc(target, start, n_leapfrog=4, **settings)
        if sampler == "hmc"
        else nuts(target, start, **settings)
    )
    assert (run.step_size > 0.3).all()
    assert (run.step_size < 2.5).all()
    assert not run.divergent.any()
    # The bound of 31 steps would be reached by nobody who knew the widths.
    assert run.n_gradients.mean() < 15


@pytest.mark.parametrize("n_warmup", [20, 21, 37, 50])
def test_short_warm_up(n_warmup):
    run = nuts(Normal(), {"z": np.zeros((3, 3))}, n_draws=3, n_warmup=n_warmup, rng=8)
    assert run.draws["z"].shape == (3, 3, 3)
    assert (run.step_size > 0).all()


# --- NUTS -----------------------------------------------------------------------------------


def test_paths_that_turn_back():
    right, up = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert not turns_back(right, right, right)
    assert not turns_back(right, right + 5 * up, right - 5 * up)
    assert turns_back(right, -right, right)
    assert turns_back(right, right, -right)


def test_growing_backwards_is_growing_forwards_with_momentum_turned():
    """The same points in the same order, and the same verdict on them."""
    target = Normal()
    rng = np.random.default_rng(9)
    start = a_point(target, rng.normal(size=(50, 3)) + 3)
    momentum, scale, growing = rng.normal(size=(50, 3)), np.ones(3), np.ones(50, dtype=bool)
    step, h = np.full(50, 0.15), energy(start, momentum)
    one = grow(target, start, momentum, step, scale, 16, growing, h, np.random.default_rng(10))
    other = grow(target, start, -momentum, -step, scale, 16, growing, h, np.random.default_rng(10))
    np.testing.assert_array_equal(one.stopped, other.stopped)
    np.testing.assert_array_equal(one.n_steps, other.n_steps)
    assert 0 < one.stopped.mean() < 1
    np.testing.assert_allclose(one.chosen.z, other.chosen.z, rtol=1e-12)
    np.testing.assert_allclose(one.momentum, -other.momentum, rtol=1e-9, atol=1e-12)


def test_chains_that_have_stopped_take_no_part():
    target, rng = Normal(), np.random.default_rng(11)
    start = a_point(target, rng.normal(size=(4, 3)) + 3)
    growing = np.array([True, False, True, False])
    momentum = rng.normal(size=(4, 3))
    path = grow(
        target,
        start,
        momentum,
        np.full(4, 0.01),
        np.ones(3),
        8,
        growing,
        energy(start, momentum),
        rng,
    )
    assert path.n_steps.tolist() == [8, 0, 8, 0]
    assert (path.accept_sum[~growing] == 0).all()
    assert path.stopped.tolist() == [False, True, False, True]


@pytest.mark.parametrize("sampler", ["hmc", "nuts"])
def test_a_correlated_normal(sampler):
    """Means and all covariances within 5 standard errors of 200 independent chains.

    Nine numbers: a chance of 5e-6 by the normal distribution. Measured for HMC:
    no false alarm in 100 seeds, largest |z| 3.4.
    """
    z = normal_z(sampler, seed=12)
    assert np.abs(z).max() < 5, z


def normal_z(sampler, seed):
    rng = np.random.default_rng(seed)
    start = {"z": 3 + rng.normal(size=(200, 3))}
    if sampler == "hmc":
        run = hmc(Normal(), start, n_leapfrog=10, n_draws=150, n_warmup=150, rng=rng)
    else:
        run = nuts(Normal(), start, n_draws=40, n_warmup=60, rng=rng)
    off = run.draws["z"] - 3.0
    squares = off[..., :, None] * off[..., None, :] - COV
    rows, columns = np.triu_indices(3)
    return np.concatenate(
        [z_score(off.mean(axis=1)), z_score(squares.mean(axis=1)[:, rows, columns])]
    )


def test_nuts_counts_its_gradients():
    """1, 3, 7, ... or fewer where a path turned before its last half was complete; at most 7."""
    run = nuts(
        Normal(),
        {"z": np.full((20, 3), 3.0)},
        max_depth=3,
        n_draws=50,
        n_warmup=0,
        step_size=0.1,
        rng=13,
    )
    assert run.n_gradients.min() >= 1
    assert run.n_gradients.max() == 7


def test_hmc_counts_its_gradients():
    run = hmc(
        Normal(),
        {"z": np.zeros((2, 3))},
        n_leapfrog=6,
        n_draws=5,
        n_warmup=0,
        step_size=0.1,
        rng=14,
    )
    assert (run.n_gradients == 6).all()


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step_size": 0.0}, "step_size must be above zero"),
        ({"step_size": -1.0}, "step_size must be above zero"),
        ({"step_size": np.nan}, "step_size contains NaN"),
        ({"step_size": None}, "step_size must be given"),
        ({"n_draws": 0}, "n_draws must be at least 1"),
        ({"n_draws": 2.5}, "n_draws must be a whole number"),
        ({"n_warmup": -1}, "n_warmup must be at least 0"),
        ({"n_warmup": 5}, "n_warmup must be 0 or at least 20"),
        ({"target_accept": 1.0}, "target_accept must be between 0 and 1"),
        ({"scale": 0.0}, "scale must be above zero"),
        ({"scale": [1.0, 2.0]}, "one for each of 3 coordinates"),
        ({"target": 3}, "target must have log_density_and_gradient"),
        ({"start": {"z": [np.nan, 0, 0]}}, "NaN"),
        ({"start": {"z": np.zeros((2, 2, 3))}}, "one leading axis"),
        ({"rng": None}, "rng must be a seed"),
    ],
)
@pytest.mark.parametrize("sampler", ["hmc", "nuts"])
def test_errors(sampler, change, message):
    good = {"target": Normal(), "start": {"z": np.zeros(3)}, "n_draws": 2, "n_warmup": 0}
    good |= {"step_size": 0.1, "rng": 1}
    arguments = good | change
    target, start = arguments.pop("target"), arguments.pop("start")
    run = partial(hmc, n_leapfrog=2) if sampler == "hmc" else nuts
    with pytest.raises(ValueError, match=re.escape(message)):
        run(target, start, **arguments)


def test_length_settings():
    start = {"z": np.zeros(3)}
    with pytest.raises(ValueError, match="n_leapfrog must be at least 1"):
        hmc(Normal(), start, n_leapfrog=0, n_draws=1, n_warmup=0, step_size=0.1, rng=1)
    with pytest.raises(ValueError, match="max_depth must be at least 1"):
        nuts(Normal(), start, max_depth=0, n_draws=1, n_warmup=0, step_size=0.1, rng=1)


class Nowhere(Normal):
    def log_density_and_gradient(self, z):
        return np.full(z.shape[:-1], -np.inf), np.zeros_like(z)


@pytest.mark.parametrize("sampler", [hmc, nuts])
def test_start_of_zero_density(sampler):
    settings = {"n_leapfrog": 2} if sampler is hmc else {}
    with pytest.raises(ValueError, match="outside the support"):
        sampler(
            Nowhere(), {"z": np.zeros(3)}, n_draws=1, n_warmup=0, step_size=1, rng=1, **settings
        )
