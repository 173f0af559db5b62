"""The sampler: what it keeps, what it leaves invariant, how it draws, how it stops."""

import re
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from harness import (
    ANYTHING,
    JOINT_MODELS,
    MODELS,
    SlowR,
    answers_or_value_error,
    asks_for_much,
    inside_support,
    joint_z,
    last_draw,
    name_of,
    some_data,
    z_score,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from hiertools import (
    CompletePooling,
    GroupedData,
    RRandom,
    metropolis,
)

SHAPE_U, SHAPE_V = 0.6, np.array([1.5, 0.4])


def skewed(params):
    """Logs of independent gamma variables, one scalar and a vector of two: long left tails."""
    u, v = params["u"], params["v"]
    return SHAPE_U * u - np.exp(u) + (SHAPE_V * v - np.exp(v)).sum(axis=-1)


def flat(params):
    return np.zeros(params["u"].shape)


START = {"u": 0.3, "v": np.array([-0.5, 0.2])}
STARTS = {"u": np.array([0.3, -1.0, 0.0, 2.0]), "v": np.linspace(-2, 1, 8).reshape(4, 2)}
ONE_OR_MANY = pytest.mark.parametrize("start", [START, STARTS], ids=["one chain", "four chains"])
run_skewed = partial(metropolis, skewed, proposal_sd=1.2, n_draws=200, rng=1)


class Replay(np.random.Generator):
    """A generator that hands out given numbers, and notes what it was asked for."""

    def __init__(self, normals, uniforms):
        super().__init__(np.random.PCG64(1))
        self.normals, self.uniforms, self.asked = iter(normals), iter(uniforms), []

    def standard_normal(self, size=None, **_):
        self.asked.append(("normal", size))
        return next(self.normals)

    def random(self, size=None, **_):
        self.asked.append(("uniform", size))
        return next(self.uniforms)


# --- what the chain keeps -------------------------------------------------------------------


@ONE_OR_MANY
def test_shapes(start):
    chain = run_skewed(start)
    leading = (*np.shape(start["u"]), 200)
    assert list(chain.draws) == ["u", "v"]
    assert chain.draws["u"].shape == chain.log_density.shape == chain.accepted.shape == leading
    assert chain.draws["v"].shape == (*leading, 2)
    assert chain.accepted.dtype == np.bool_
    np.testing.assert_array_equal(chain.accept_rate, chain.accepted.mean(axis=-1))


@ONE_OR_MANY
def test_stored_log_density_is_the_function_at_the_stored_draw(start):
    chain = run_skewed(start)
    np.testing.assert_allclose(chain.log_density, skewed(chain.draws), rtol=1e-13)


@ONE_OR_MANY
def test_accepted_says_that_the_row_differs_from_the_one_before(start):
    """All parameters move together or none does; the first row is compared with the start."""
    chain = run_skewed(start)
    for name, draws in chain.draws.items():
        draw_axis = np.ndim(start["u"])
        first = np.expand_dims(start[name], draw_axis)
        moved = np.diff(np.concatenate([first, draws], axis=draw_axis), axis=draw_axis) != 0
        expected = chain.accepted if name == "u" else chain.accepted[..., None]
        assert (moved == expected).all()
    assert 0.1 < chain.accepted.mean() < 0.9


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_bookkeeping_on_the_models(model):
    """Three chains over data, some proposals outside the support."""
    rng = np.random.default_rng(2)
    data = some_data([2, 4, 3], rng)
    start = inside_support(model, 3, rng, (3,)) | {"sigma": np.array([0.2, 1.0, 2.0])}
    chain = metropolis(
        partial(model.log_posterior, data), start, proposal_sd=0.3, n_draws=300, rng=3
    )
    expected = model.log_posterior(data, chain.draws)
    np.testing.assert_allclose(chain.log_density, expected, rtol=1e-12)
    moved = np.diff(chain.draws["sigma"], axis=1) != 0
    assert (moved == chain.accepted[:, 1:]).all()
    assert (chain.draws["sigma"] > 0).all()


def test_start_is_outside_the_draws_and_unchanged():
    start = {name: np.copy(value) for name, value in STARTS.items()}
    chain = run_skewed(start)
    for name, value in STARTS.items():
        np.testing.assert_array_equal(start[name], value)
    chain.draws["v"][:] = 0.0
    np.testing.assert_array_equal(start["v"], STARTS["v"])
    never = metropolis(flat, START, proposal_sd=1.0, n_draws=1, rng=1)
    assert never.draws["u"][0] != START["u"]


def test_start_may_be_lists_and_integers():
    chain = run_skewed({"u": 0, "v": [0, 1]})
    assert chain.draws["v"].dtype == np.float64
    np.testing.assert_array_equal(
        chain.draws["u"], run_skewed({"u": 0.0, "v": np.array([0.0, 1.0])}).draws["u"]
    )


# --- how it draws ---------------------------------------------------------------------------


@ONE_OR_MANY
@pytest.mark.parametrize("make_rng", [lambda: 5, lambda: np.random.default_rng(5)])
def test_same_seed_same_chain(start, make_rng):
    first, again = (run_skewed(start, rng=make_rng()) for _ in range(2))
    np.testing.assert_array_equal(first.draws["v"], again.draws["v"])
    np.testing.assert_array_equal(first.accepted, again.accepted)
    assert (run_skewed(start, rng=6).draws["v"] != first.draws["v"]).any()


def test_one_chain_is_the_same_chain_in_a_batch():
    rng = np.random.default_rng(4)
    normals, uniforms = rng.normal(size=(200, 4, 3)), rng.uniform(size=(200, 4))
    batch = run_skewed(STARTS, rng=Replay(normals, uniforms))
    for c in range(4):
        start = {name: value[c] for name, value in STARTS.items()}
        alone = run_skewed(start, rng=Replay(normals[:, c], uniforms[:, c]))
        np.testing.assert_array_equal(batch.accepted[c], alone.accepted)
        for name in START:
            np.testing.assert_allclose(batch.draws[name][c], alone.draws[name], rtol=1e-13)


@ONE_OR_MANY
def test_each_iteration_asks_for_its_normals_and_then_one_uniform(start):
    chains = np.shape(start["u"])
    rng = np.random.default_rng(5)
    replay = Replay(rng.normal(size=(6, *chains, 3)), rng.uniform(size=(6, *chains)))
    run_skewed(start, n_draws=6, rng=replay)
    assert replay.asked == [("normal", (*chains, 3)), ("uniform", chains)] * 6


def slow_chain(log_density, start, sds, n_draws, slow):
    """Metropolis one number at a time on the slow R stream; rows of [u, v1, v2]."""
    here, rows = list(start), []
    for _ in range(n_draws):
        there = [value + slow.rnorm(0, sd) for value, sd in zip(here, sds, strict=True)]
        threshold = slow.runif()
        if threshold < np.exp(min(0.0, log_density(there) - log_density(here))):
            here = there
        rows.append(here)
    return np.array(rows)


@pytest.mark.parametrize("seed", [1, -9])
def test_chain_on_the_stream_of_r(seed):
    """Half of the plane is out of bounds, where a uniform is drawn all the same."""

    def bounded(params):
        return np.where(params["u"] > 0, skewed(params), -np.inf)

    def bounded_slow(row):
        if row[0] <= 0:
            return -np.inf
        return sum(a * z - np.exp(z) for a, z in zip([SHAPE_U, *SHAPE_V], row, strict=True))

    chain = metropolis(
        bounded,
        START,
        proposal_sd={"v": 0.5, "u": 0.9},
        n_draws=400,
        rng=RRandom(seed),
    )
    expected = slow_chain(bounded_slow, [0.3, -0.5, 0.2], [0.9, 0.5, 0.5], 400, SlowR(seed))
    ours = np.column_stack([chain.draws["u"], chain.draws["v"]])
    np.testing.assert_allclose(ours, expected, rtol=1e-11)
    assert 0.2 < chain.accept_rate < 0.8


@ONE_OR_MANY
def test_steps_have_the_sd_of_their_own_parameter(start):
    """Under a flat density every proposal is accepted: the chain is a sum of known steps."""
    chains = np.shape(start["u"])
    rng = np.random.default_rng(6)
    normals, uniforms = rng.normal(size=(50, *chains, 3)), rng.uniform(size=(50, *chains))
    chain = metropolis(
        flat, start, proposal_sd={"v": 7.0, "u": 0.1}, n_draws=50, rng=Replay(normals, uniforms)
    )
    walk = np.moveaxis(normals.cumsum(axis=0), 0, len(chains))
    u, v = (np.expand_dims(start[name], len(chains)) for name in ("u", "v"))
    np.testing.assert_allclose(chain.draws["u"], u + 0.1 * walk[..., 0], rtol=1e-9)
    np.testing.assert_allclose(chain.draws["v"], v + 7.0 * walk[..., 1:], rtol=1e-9)
    assert chain.accepted.all()


@pytest.mark.parametrize(
    ("log_density_there", "uniform", "accepted"),
    [
        (np.log(0.5), 0.4999, True),
        (np.log(0.5), 0.5001, False),
        (3.0, 0.9999, True),
        (800.0, 0.9999, True),
        (-np.inf, 0.0, False),
        (-800.0, 0.0, False),
        (0.0, 0.9999, True),
    ],
)
def test_accept_rule_at_known_thresholds(log_density_there, uniform, accepted):
    """The density is 1 at the start and as given elsewhere."""

    def two_level(params):
        return np.where(params["u"] == 0.0, 0.0, log_density_there)

    rng = Replay([np.ones(1)], [np.array(uniform)])
    chain = metropolis(two_level, {"u": 0.0}, proposal_sd=2.0, n_draws=1, rng=rng)
    assert chain.accepted[0] == accepted
    assert chain.draws["u"][0] == (2.0 if accepted else 0.0)
    assert chain.log_density[0] == (log_density_there if accepted else 0.0)


def test_names_may_be_any_key_and_densities_any_real_number():
    chain = metropolis(lambda p: -int(abs(p[0]) > 1), {0: 0.0}, proposal_sd=1, n_draws=20, rng=1)
    assert set(chain.log_density) == {0.0, -1.0}


# --- what it leaves invariant ---------------------------------------------------------------


def moments_z(draws):
    """z of mean and of squared distance from the true mean, per parameter of `skewed`.

    `draws` has independent replicates first, then draws. By the theory of the gamma
    distribution the log of a gamma(a) variable has mean digamma(a), variance trigamma(a).
    """
    scores = []
    for a, values in zip([SHAPE_U, *SHAPE_V], draws, strict=True):
        mean, variance = special.digamma(a), special.polygamma(1, a)
        off = values - mean
        scores += [z_score(off.mean(axis=1)), z_score((off**2 - variance).mean(axis=1))]
    return np.array(scores)


def skewed_z(n_chains, n_draws, warmup, n_batches, seed):
    """z scores of a run that starts far out in the long tail."""
    leading = (n_chains,) if n_chains > 1 else ()
    start = {"u": np.full(leading, -9.0), "v": np.full((*leading, 2), -9.0)}
    chain = metropolis(
        skewed, start, proposal_sd={"u": 2.5, "v": 2.0}, n_draws=n_draws + warmup, rng=seed
    )
    columns = [chain.draws["u"], chain.draws["v"][..., 0], chain.draws["v"][..., 1]]
    return moments_z([c[..., warmup:].reshape(n_batches, -1) for c in columns])


@pytest.mark.parametrize(
    ("n_chains", "n_draws", "n_batches"), [(400, 600, 400), (1, 60_000, 60)], ids=["many", "one"]
)
def test_mean_and_variance_of_a_skewed_target_from_its_tail(n_chains, n_draws, n_batches):
    """Within 5 Monte Carlo standard errors, six times.

    The standard error comes from 400 independent chains, or from 60 batches of one long chain
    (each about 40 autocorrelation times long). |z| > 5 has a chance of 6e-7 under the normal
    distribution and 5e-6 under Student's with 59 degrees of freedom. Means of a squared skewed
    quantity are less than normal, so it was measured: no false alarm in 300 seeds of the many
    chains (largest |z| 4.2) nor in 234 of the one (largest 4.9, in 1,404 values).
    """
    z = skewed_z(n_chains, n_draws, warmup=200, n_batches=n_batches, seed=20)
    assert np.abs(z).max() < 5, z


def fifteen_steps(data, model, theta, n_steps, rng):
    chains = metropolis(
        partial(model.log_posterior, data),
        theta,
        proposal_sd=dict.fromkeys(model.parameter_names, 0.5) | {"sigma": 0.3},
        n_draws=n_steps,
        rng=rng,
    )
    assert 0.05 < chains.accepted.mean() < 0.95
    return last_draw(chains)


@pytest.mark.parametrize("model", JOINT_MODELS, ids=name_of)
def test_steps_leave_the_joint_distribution_invariant(model):
    """|z| < 5 for the log likelihood, the residual sum, and each parameter and its square.

    The replicates are independent, so z is normal by the central limit theorem: with at most
    25 functions a chance of 25 * 6e-7 = 1.5e-5 for a false alarm. Detailed balance makes the
    differences symmetric about zero, which speeds the approach to normality. Measured: no
    false alarm in 400 seeds of each model, largest |z| 3.9.
    """
    z = joint_z(fifteen_steps, model, seed=2026, n_steps=15)
    assert np.abs(z).max() < 5, z


def test_chain_reaches_a_posterior_that_is_known():
    """Normal data, one line through x = 0: the intercept given sigma, by its closed form.

    300 chains, independent, so that z of their means is normal: |z| > 5 has a chance of 6e-7.
    """
    rng = np.random.default_rng(7)
    data = GroupedData(y=rng.normal(2, 1, 12), x=np.zeros(12), group=np.repeat([0, 1], 6))
    model = CompletePooling(beta_low=-1, beta_high=1)

    def given_sigma(params):
        return model.log_posterior(data, params | {"sigma": np.full(300, 1.5)})

    start = {"alpha": np.full((300, 1), 5.0), "beta": np.zeros((300, 1))}
    chains = metropolis(given_sigma, start, proposal_sd=0.7, n_draws=600, rng=8)
    alpha, beta = chains.draws["alpha"][:, 100:, 0], chains.draws["beta"][:, 100:, 0]
    law = stats.norm(data.y.mean(), 1.5 / np.sqrt(12))
    for off in (alpha - law.mean(), (alpha - law.mean()) ** 2 - law.var(), beta, beta**2 - 1 / 3):
        assert abs(z_score(off.mean(axis=1))) < 5


# --- interruption and progress --------------------------------------------------------------


def interrupted_at(call):
    """`skewed` that is interrupted from the keyboard at a call; call 0 is that of the start."""
    calls = iter(range(10**9))

    def log_density(params):
        if next(calls) == call:
            raise KeyboardInterrupt
        return skewed(params)

    return log_density


@ONE_OR_MANY
@pytest.mark.parametrize("progress", [False, True])
@pytest.mark.parametrize("n_kept", [1, 2, 57, 199])
def test_an_interrupted_run_keeps_what_was_drawn(start, n_kept, progress):
    with pytest.warns(RuntimeWarning, match=f"holds the {n_kept} of 200 draws"):
        chain = metropolis(
            interrupted_at(n_kept + 1),
            start,
            proposal_sd=1.2,
            n_draws=200,
            rng=1,
            progress=progress,
        )
    whole = run_skewed(start)
    np.testing.assert_array_equal(chain.log_density, whole.log_density[..., :n_kept])
    np.testing.assert_array_equal(chain.accepted, whole.accepted[..., :n_kept])
    np.testing.assert_array_equal(chain.draws["u"], whole.draws["u"][..., :n_kept])
    np.testing.assert_array_equal(chain.draws["v"], whole.draws["v"][..., :n_kept, :])


@pytest.mark.parametrize("call", [0, 1])
def test_interrupted_before_the_first_draw_there_is_nothing_to_keep(call):
    with pytest.raises(KeyboardInterrupt):
        metropolis(interrupted_at(call), START, proposal_sd=1.2, n_draws=200, rng=1)


def test_ctrl_c_from_outside():
    """A real signal to a real process in the middle of a long run."""
    program = """
import signal, hiertools
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
calls = 0
def log_density(params):
    global calls
    calls += 1
    if calls == 500:
        print("running", flush=True)
    return -0.5 * params["z"] ** 2
chain = hiertools.metropolis(log_density, {"z": 0.0}, proposal_sd=1, n_draws=10**8, rng=1)
print(len(chain.log_density), chain.draws["z"].shape, (chain.draws["z"] != 0).any())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "running\n"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, err
    n_drawn = int(out.split()[0])
    assert n_drawn >= 498
    assert out.split(maxsplit=1)[1] == f"({n_drawn},) True\n"
    assert f"RuntimeWarning: interrupted: the chain holds the {n_drawn} of 100000000" in err


def test_progress_bar_goes_to_stderr_and_changes_nothing(capsys):
    quiet = run_skewed(START)
    assert capsys.readouterr() == ("", "")
    shown = run_skewed(START, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "200/200" in err
    np.testing.assert_array_equal(quiet.draws["v"], shown.draws["v"])


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": {}}, "start must be a dict"),
        ({"start": [1.0]}, "start must be a dict"),
        ({"start": {"u": np.nan}}, "start['u'] contains NaN"),
        ({"start": {"u": np.inf}}, "start['u'] contains infinity"),
        ({"start": {"u": "a"}}, "start['u'] must be a number"),
        ({"start": {"u": []}}, "scalars and vectors"),
        ({"start": {"u": np.zeros((2, 2))}}, "scalars and vectors"),
        ({"start": {"u": [1.0], "v": np.zeros((2, 2))}}, "scalars and vectors"),
        ({"start": {"u": 0.0, "v": np.zeros((2, 2))}}, "scalars and vectors"),
        ({"log_posterior": lambda p: -np.inf}, "start is outside the support"),
        ({"log_posterior": lambda p: np.nan}, "log_posterior returned nan"),
        ({"log_posterior": lambda p: np.inf}, "log_posterior returned inf"),
        ({"log_posterior": lambda p: None}, "log_posterior returned None"),
        ({"log_posterior": lambda p: "0"}, "log_posterior returned 0"),
        ({"log_posterior": lambda p: 1j}, "log_posterior returned 1j"),
        ({"log_posterior": lambda p: np.zeros(3)}, "one number for each chain"),
        ({"log_posterior": lambda p: np.zeros((1, 1))}, "one number for each chain"),
        ({"log_posterior": 3.0}, "log_posterior must be a function"),
        ({"proposal_sd": 0}, "proposal_sd must be above zero"),
        ({"proposal_sd": -1.0}, "proposal_sd must be above zero"),
        ({"proposal_sd": np.nan}, "proposal_sd contains NaN"),
        ({"proposal_sd": np.inf}, "proposal_sd contains infinity"),
        ({"proposal_sd": None}, "proposal_sd"),
        ({"proposal_sd": [1.0, 2.0]}, "proposal_sd must be one number"),
        ({"proposal_sd": {}}, "proposal_sd must name the parameters of start (u), got nothing"),
        ({"proposal_sd": {"w": 1.0}}, "proposal_sd must name the parameters of start (u), got w"),
        ({"proposal_sd": {"u": 1.0, "w": 1.0}}, "proposal_sd must name the parameters"),
        ({"proposal_sd": {"u": 0.0}}, "proposal_sd['u'] must be above zero"),
        ({"proposal_sd": {"u": [1.0]}}, "proposal_sd['u'] must be one number"),
        ({"n_draws": 0}, "n_draws must be at least 1"),
        ({"n_draws": 10.0}, "n_draws must be a whole number"),
        ({"n_draws": True}, "n_draws must be a whole number"),
        ({"rng": None}, "rng must be a seed"),
        ({"rng": -1}, "rng must be a seed"),
        ({"rng": np.random.RandomState(1)}, "rng must be a seed"),
    ],
)
def test_errors(change, message):
    good = {
        "log_posterior": flat,
        "start": {"u": 0.0},
        "proposal_sd": 1.0,
        "n_draws": 5,
        "rng": 1,
    }
    with pytest.raises(ValueError, match=re.escape(message)):
        metropolis(**(good | change))


@pytest.mark.parametrize(
    ("later", "message"),
    [
        (np.nan, "log_posterior returned nan"),
        (np.inf, "log_posterior returned inf"),
        (np.zeros(2), "log_posterior returned shape (2,), but () at the start"),
        (None, "log_posterior returned None"),
    ],
)
def test_errors_in_the_middle_of_a_run(later, message):
    calls = iter([0.0, -1.0, 0.0, later])
    with pytest.raises(ValueError, match=re.escape(message)):
        metropolis(lambda p: next(calls), {"u": 0.0}, proposal_sd=1.0, n_draws=9, rng=1)


def test_nan_in_one_of_many_chains_is_an_error():
    with pytest.raises(ValueError, match="log_posterior returned"):
        metropolis(
            lambda p: np.array([0.0, np.nan]), {"u": [0.0, 1.0]}, proposal_sd=1, n_draws=9, rng=1
        )


def test_one_chain_of_many_outside_the_support_is_an_error():
    with pytest.raises(ValueError, match="start is outside the support"):
        metropolis(
            lambda p: np.array([0.0, -np.inf]), {"u": [0.0, 1.0]}, proposal_sd=1, n_draws=9, rng=1
        )


def test_errors_of_the_density_itself_come_through():
    with pytest.raises(ValueError, match="params lacks beta"):
        metropolis(CompletePooling().log_prior, {"alpha": [0.0]}, proposal_sd=1, n_draws=1, rng=1)


@given(st.data(), ANYTHING)
def test_odd_input(data, anything):
    good = {"start": {"u": 0.0}, "proposal_sd": 1.0, "n_draws": 3, "rng": 1}
    name = data.draw(st.sampled_from([*good, "value", "step", "density"]))
    change = {
        "value": {"start": {"u": anything}},
        "step": {"proposal_sd": {"u": anything}},
        "density": {"log_posterior": lambda params: anything},
    }.get(name, {name: anything})
    if name == "n_draws" and asks_for_much(anything):
        return
    answers_or_value_error(metropolis, **({"log_posterior": lambda p: 0.0} | good | change))
