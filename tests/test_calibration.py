"""The two checks by simulation: what they compute, what they find, and that all samplers pass."""

import re
from functools import partial
from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from harness import ANYTHING, answers_or_value_error, asks_for_much, inside_support, name_of
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hiertools import (
    CompletePooling,
    GroupedData,
    Hierarchical,
    Ranks,
    RRandom,
    Unpooled,
    blockwise_metropolis,
    centred,
    chain_sampler,
    exact_sampler,
    gibbs,
    hmc,
    joint_test,
    last_draws,
    metropolis,
    noncentred,
    nuts,
    sbc,
    tuned_metropolis,
)
from hiertools.faults import FAULTS
from hiertools.replicates import draw_joint, quantities
from hiertools.uniformity import uniform_band, uniformity

FLAT = {"alpha_low": -3, "alpha_high": 3, "beta_low": -3, "beta_high": 3, "sigma_high": 4}
MODEL = Hierarchical(
    mu_alpha_sd=1.0, mu_beta_sd=1.0, sigma_alpha_high=2, sigma_beta_high=2, sigma_high=4
)
MODELS = [Unpooled(**FLAT), CompletePooling(**FLAT), MODEL]


def design_of(sizes):
    """x of individuals of the given sizes; y is not used."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    x = np.random.default_rng(1).normal(size=group.size)
    return GroupedData(y=np.zeros(group.size), x=x, group=group)


DESIGN = design_of([2, 3, 4])


def run_metropolis(model, data, start, n_draws, rng):
    log_posterior = partial(model.log_posterior, data)
    return metropolis(log_posterior, start, proposal_sd=0.3, n_draws=n_draws, rng=rng).draws


def run_tuned(data, start, n_draws, rng):
    log_posterior = partial(MODEL.log_posterior, data)
    chain = tuned_metropolis(
        log_posterior, start, proposal_sd=0.3, n_draws=n_draws, n_warmup=0, rng=rng
    )
    return chain.draws


def run_blockwise(data, start, n_draws, rng):
    return blockwise_metropolis(data, MODEL, start, n_draws=n_draws, rng=rng).draws


def run_gibbs(data, start, n_draws, rng, **how):
    return gibbs(data, MODEL, start, n_draws=n_draws, rng=rng, **how).draws


def run_hmc(coordinates, data, start, n_draws, rng):
    settings = {"n_warmup": 0, "step_size": 0.15, "n_leapfrog": 8}
    return hmc(coordinates(data, MODEL), start, n_draws=n_draws, rng=rng, **settings).draws


def run_nuts(coordinates, data, start, n_draws, rng):
    settings = {"n_warmup": 0, "step_size": 0.25, "max_depth": 5}
    return nuts(coordinates(data, MODEL), start, n_draws=n_draws, rng=rng, **settings).draws


# Each sampler with its model, a number of steps for the joint test, and a thinning for SBC.
SAMPLERS = {
    **{
        f"metropolis {name_of(model)}": (model, partial(run_metropolis, model), 20, 20)
        for model in MODELS
    },
    "tuned": (MODEL, run_tuned, 20, 20),
    "blockwise": (MODEL, run_blockwise, 10, 20),
    "gibbs": (MODEL, run_gibbs, 4, 5),
    "gibbs, textbook": (MODEL, partial(run_gibbs, collapse=False, interweave=False), 4, 10),
    "hmc centred": (MODEL, partial(run_hmc, centred), 6, 5),
    "hmc noncentred": (MODEL, partial(run_hmc, noncentred), 6, 5),
    "nuts centred": (MODEL, partial(run_nuts, centred), 3, 3),
    "nuts noncentred": (MODEL, partial(run_nuts, noncentred), 3, 3),
}


def largest(z):
    """The name and the size of the largest z."""
    return max(((abs(value), name) for name, value in z.items()), key=lambda pair: pair[0])


def least_p(ranks):
    """The smallest p value over the quantities, times their number."""
    p = ranks.p_values()
    return min(1.0, len(p) * min(p.values()))


# --- every sampler passes ---


@pytest.mark.parametrize("name", SAMPLERS)
def test_joint_test_passes_every_sampler(name):
    """|z| < 5 for at most 27 functions: by the central limit theorem a chance of 1.5e-5.

    Measured over 250 seeds of each sampler: no false alarm, largest |z| 4.3 of 67,000.
    """
    model, run, n_steps, _ = SAMPLERS[name]
    z = joint_test(last_draws(run), model, design=DESIGN, n_steps=n_steps, rng=2026)
    assert largest(z)[0] < 5, largest(z)


@pytest.mark.parametrize(
    ("model", "n_replicates"), [*zip(MODELS, (80, 80, 30), strict=True)], ids=name_of
)
def test_sbc_passes_the_exact_posterior(model, n_replicates):
    """Independent draws, so that p values are exact: below 1e-4 over all quantities in 1e-4.

    Measured over 200 seeds of each flat model and 150 of partial pooling: none below 2e-3; of
    the single p values 5.0 % were below 0.05.
    """
    found = sbc(exact_sampler(model), model, design=DESIGN, n_replicates=n_replicates, rng=3)
    assert least_p(found) > 1e-4, found.p_values()


def test_sbc_passes_gibbs():
    """See `test_sbc_passes_every_sampler`."""
    model, run, _, thin = SAMPLERS["gibbs"]
    sampler = chain_sampler(run, thin=thin)
    found = sbc(sampler, model, design=DESIGN, n_replicates=300, n_draws=19, rng=4)
    assert least_p(found) > 1e-4, found.p_values()


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_sbc_passes_the_exact_posterior_of_many_datasets(model):
    for sizes, seed in (([2, 3, 4], 5), ([4] * 8, 6)):
        design = design_of(sizes)
        found = sbc(exact_sampler(model), model, design=design, n_replicates=500, rng=seed)
        assert least_p(found) > 1e-4, found.p_values()


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_sbc_passes_every_sampler(name):
    """Smallest p times the number of quantities above 1e-4.

    Exact for reversible samplers. For those with a fixed order (blockwise, Gibbs) a walk back is
    no walk of theirs, and p values are as good as the thinning. Measured with 300 datasets, 200
    seeds of each: the share of p values below 0.05 was between 0.047 and 0.062, and none of
    them, times the number of quantities, was below 1e-4.
    """
    model, run, _, thin = SAMPLERS[name]
    sampler = chain_sampler(run, thin=thin)
    found = sbc(sampler, model, design=DESIGN, n_replicates=1000, n_draws=19, rng=7)
    assert least_p(found) > 1e-4, found.p_values()


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_joint_test_of_many_replicates_passes_every_sampler(name):
    """As above with 20 times the replicates, and faults a quarter of the size in reach."""
    model, run, n_steps, _ = SAMPLERS[name]
    settings = {"design": DESIGN, "n_replicates": 30_000, "n_steps": n_steps}
    z = joint_test(last_draws(run), model, **settings, rng=8)
    assert largest(z)[0] < 5, largest(z)


# --- planted faults do not pass ---

FEW = design_of([3, 3, 3])
PLANTED = [name for name in FAULTS if name != "none"]


def joint_test_of(fault, **settings):
    kernel = FAULTS[fault].kernel(MODEL, proposal_sd=0.2)
    settings = {"n_replicates": 6000, "n_steps": 60, "rng": 1} | settings
    return joint_test(kernel, MODEL, design=FEW, **settings)


def sbc_of(fault, n_replicates):
    sampler = chain_sampler(FAULTS[fault].sampler(MODEL, proposal_sd=0.2), thin=20)
    return sbc(sampler, MODEL, design=FEW, n_replicates=n_replicates, n_draws=19, rng=1)


@pytest.mark.parametrize("fault", PLANTED)
def test_joint_test_sees_every_planted_fault(fault):
    assert largest(joint_test_of(fault))[0] > 5


def test_checks_pass_the_control():
    assert largest(joint_test_of("none"))[0] < 5
    assert least_p(sbc_of("none", 300)) > 1e-3


@pytest.mark.parametrize("fault", ["sd used as variance", "wrong accept rule", "data forgotten"])
def test_sbc_sees_large_faults_in_few_datasets(fault):
    assert least_p(sbc_of(fault, 300)) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("fault", PLANTED)
def test_sbc_sees_every_planted_fault_in_many_datasets(fault):
    assert least_p(sbc_of(fault, 2000)) < 1e-4


def test_sds_that_do_not_fit_their_lines_show_where_the_two_are_joined():
    """Sds of another replicate: every parameter by itself is right."""

    def shuffle(data, params, n_steps, rng):
        mixed = rng.permutation(len(params["sigma"]))
        return params | {name: params[name][mixed] for name in ("sigma_alpha", "sigma_beta")}

    z = joint_test(shuffle, MODEL, design=DESIGN, n_replicates=1500, n_steps=1, rng=1)
    assert abs(z["log_population_square"]) > 5
    assert max(abs(v) for name, v in z.items() if name != "log_population_square") < 5


def test_forgotten_data_show_only_in_what_holds_the_data():
    """Draws from the prior have the right margins: no parameter by itself sees the fault."""
    p, z = sbc_of("data forgotten", 300).p_values(), joint_test_of("data forgotten")
    holds_data = {"log_likelihood", "residual_sum", "log_residual_square", "residual_sum**2"}
    assert p["log_likelihood"] < 1e-9
    assert abs(z["log_residual_square"]) > 10
    assert min(value for name, value in p.items() if name not in holds_data) > 1e-4
    assert max(abs(value) for name, value in z.items() if name not in holds_data) < 5


# --- the parts ---


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_joint_draws_are_the_model(model):
    """Standardised residuals of 4,000 datasets: standard normal, one test for each cell."""
    data, params = draw_joint(model, DESIGN, 4000, rng=9)
    alpha, beta = (np.broadcast_to(params[k], (4000, 3)) for k in ("alpha", "beta"))
    line = alpha[:, DESIGN.group] + beta[:, DESIGN.group] * DESIGN.x
    z = (data.y - line) / params["sigma"][:, None]
    assert min(stats.kstest(column, "norm").pvalue for column in z.T) > 1e-5
    np.testing.assert_array_equal(data.x, DESIGN.x)
    np.testing.assert_array_equal(data.group, DESIGN.group)
    again = model.sample_prior(3, 9, n_draws=4000)
    np.testing.assert_array_equal(params["sigma"], again["sigma"])


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_quantities_by_hand(model):
    """Over two leading axes, the data replicated along the first."""
    rng = np.random.default_rng(10)
    data = GroupedData(rng.normal(size=(4, 1, 9)), DESIGN.x, DESIGN.group)
    params = inside_support(model, 3, rng, (4, 5))
    found = quantities(model, data, params)
    alpha, beta = (
        np.broadcast_to(params[k], (4, 5, 3))[..., data.group] for k in ("alpha", "beta")
    )
    sigma = params["sigma"][..., None]
    expected = stats.norm.logpdf(data.y, alpha + beta * data.x, sigma).sum(axis=-1)
    np.testing.assert_allclose(found["log_likelihood"], expected)
    z = (data.y - alpha - beta * data.x) / sigma
    np.testing.assert_allclose(found["residual_sum"], z.sum(axis=-1), atol=1e-12)
    np.testing.assert_allclose(found["log_residual_square"], np.log((z**2).mean(axis=-1)))
    np.testing.assert_array_equal(found["alpha[0]"], params["alpha"][..., 0])
    n_lines = params["alpha"].shape[-1]
    extra = 4 if isinstance(model, Hierarchical) else 3
    assert len(found) == 2 * n_lines + len(model.parameter_names) - 2 + extra
    if isinstance(model, Hierarchical):
        z = [
            (params[k] - params[f"mu_{k}"][..., None]) / params[f"sigma_{k}"][..., None]
            for k in ("alpha", "beta")
        ]
        square = np.log((z[0] ** 2 + z[1] ** 2).mean(axis=-1))
        np.testing.assert_allclose(found["log_population_square"], square)


def test_z_scores_by_hand():
    """A kernel that adds known numbers to alpha: its z by the formula, the others' zero."""
    step = np.random.default_rng(11).normal(0.1, 1.0, (50, 1))

    def shift(data, params, n_steps, rng):
        return params | {"alpha": params["alpha"] + n_steps * step}

    z = joint_test(shift, MODELS[1], design=DESIGN, n_replicates=50, n_steps=2, rng=12)
    assert z["alpha[0]"] == pytest.approx(stats.ttest_1samp(step[:, 0], 0.0).statistic)
    assert z["beta[0]"] == z["sigma"] == z["sigma**2"] == 0.0
    _, theta = draw_joint(MODELS[1], DESIGN, 50, rng=12)
    square = (theta["alpha"] + 2 * step) ** 2 - theta["alpha"] ** 2
    assert z["alpha[0]**2"] == pytest.approx(stats.ttest_1samp(square[:, 0], 0.0).statistic)


def test_outside_the_support_z_is_infinite():
    def flip(data, params, n_steps, rng):
        return params | {"sigma": np.where(np.arange(9) == 4, -1.0, 1.0) * params["sigma"]}

    z = joint_test(flip, MODEL, design=DESIGN, n_replicates=9, n_steps=1, rng=13)
    assert z["log_likelihood"] == np.inf
    assert z["mu_alpha"] == 0.0


def test_ranks_by_hand():
    """Draws that stand at known places: three below the truth, two equal, the others above."""
    below, equal, above = [-3.0, -2.0, -1.0], [0.0, 0.0], [1.0, 2.0]
    offset = np.array(below + equal + above)

    def sampler(data, truth, n_draws, rng):
        return {
            name: np.repeat(value[:, None], n_draws, axis=1)
            + (offset.reshape(1, -1, *[1] * (value.ndim - 1)) if name == "mu_beta" else 0.0)
            for name, value in truth.items()
        }

    found = sbc(sampler, MODEL, design=DESIGN, n_replicates=3000, n_draws=7, rng=14)
    counts = np.bincount(found.ranks["mu_beta"], minlength=8)
    assert counts[[0, 1, 2, 6, 7]].sum() == 0
    assert stats.chisquare(counts[3:6]).pvalue > 1e-5
    assert stats.chisquare(found.counts("sigma", 8)).pvalue > 1e-5


@pytest.mark.parametrize("error", [0.0, 1e-14])
def test_draws_that_stay_at_the_truth_are_ties_rounding_apart(error):
    """Coordinates that are not the parameters' own give back 0.3 as 0.30000000000000004."""

    def stay(data, truth, n_draws, rng):
        return {
            name: np.repeat(value[:, None] * (1 + error), n_draws, axis=1)
            for name, value in truth.items()
        }

    found = sbc(stay, MODEL, design=DESIGN, n_replicates=2000, n_draws=19, rng=15)
    assert least_p(found) > 1e-5


def stationary(rho, data, start, n_draws, rng):
    """A reversible chain with standard normal margins that forgets slowly."""
    draws, here = [], start["sigma"]
    for _ in range(n_draws):
        here = rho * here + np.sqrt(1 - rho**2) * rng.standard_normal(here.shape)
        draws.append(here)
    return {"sigma": np.stack(draws, axis=1)}


def p_of_walk(sampler, seed, n=2000, n_draws=19):
    rng = np.random.default_rng(seed)
    truth = {"sigma": rng.normal(size=n)}
    draws = sampler(None, truth, n_draws, rng)["sigma"]
    return uniformity(np.bincount((draws < truth["sigma"][:, None]).sum(axis=1), minlength=20))


def test_truth_amid_a_slow_chain_has_uniform_ranks_and_at_its_end_has_not():
    """The chain is reversible, so p is exact: below 1e-6 once in a million."""
    slow = partial(stationary, 0.98)
    assert p_of_walk(chain_sampler(slow), 15) > 1e-6
    assert p_of_walk(chain_sampler(slow, thin=3), 16) > 1e-6
    assert p_of_walk(slow, 17) < 1e-9


def test_walks_keep_every_draw_once():
    """Walks that count their steps, one up and one down: thinned, 5 together, any split."""
    signs = iter([1.0, -1.0])

    def count(data, start, n_draws, rng):
        return {"sigma": start["sigma"][:, None] + next(signs) * np.arange(1, n_draws + 1)}

    draws = chain_sampler(count, thin=3)(None, {"sigma": np.zeros(600)}, 5, 18)["sigma"]
    n_first = (draws > 0).sum(axis=1)
    for row, n in zip(draws, n_first, strict=True):
        assert sorted(row) == [3.0 * k for k in range(n - 5, n + 1) if k != 0]
    assert stats.chisquare(np.bincount(n_first, minlength=6)).pvalue > 1e-5


def test_last_draws_are_where_the_chains_are():
    data, start = draw_joint(MODEL, DESIGN, 20, rng=19)
    ends = last_draws(run_gibbs)(data, start, 7, np.random.default_rng(20))
    draws = run_gibbs(data, start, 7, np.random.default_rng(20))
    for name, value in ends.items():
        np.testing.assert_array_equal(value, draws[name][:, -1])


@pytest.mark.parametrize("make_rng", [lambda: 21, lambda: RRandom(21)], ids=["numpy", "R"])
def test_same_seed_same_answer(make_rng):
    kernel = last_draws(partial(run_metropolis, MODEL))
    run = partial(joint_test, kernel, MODEL, design=DESIGN, n_replicates=30, n_steps=2)
    assert run(rng=make_rng()) == run(rng=make_rng())
    sampler = chain_sampler(partial(run_metropolis, MODEL))
    run = partial(sbc, sampler, MODEL, design=DESIGN, n_replicates=9, n_draws=3)
    first, again = run(rng=make_rng()), run(rng=make_rng())
    np.testing.assert_array_equal(first.ranks["sigma"], again.ranks["sigma"])


def test_a_kernel_that_writes_into_its_input_is_found_out():
    """The test compares with the truth, whatever the kernel does to its copy of it."""

    def scribble(data, params, n_steps, rng):
        params["sigma"] *= 1.5
        return params

    z = joint_test(scribble, MODEL, design=DESIGN, n_replicates=300, n_steps=1, rng=22)
    assert z["sigma"] > 5


def test_a_sampler_that_writes_into_its_start_spoils_no_truth():
    """Both walks start at the truth, and the truth is what the ranks are of."""

    def scribble(data, start, n_draws, rng):
        start["sigma"] += 1.0
        return {"sigma": np.repeat(start["sigma"][:, None], n_draws, axis=1)}

    truth = {"sigma": np.zeros(50)}
    draws = chain_sampler(scribble)(None, truth, 3, 23)
    assert (truth["sigma"] == 0).all()
    assert (draws["sigma"] == 1).all()


# --- uniform ranks ---


def all_counts(n_replicates, n_bins):
    """Every way for so many ranks to fall into bins, with its multinomial probability."""
    for counts in product(range(n_replicates + 1), repeat=n_bins):
        if sum(counts) == n_replicates:
            ways = factorial(n_replicates) // prod(map(factorial, counts))
            yield np.array(counts), ways / n_bins**n_replicates


def least_tail(counts):
    below, n = np.cumsum(counts)[:-1], int(np.sum(counts))
    share = np.arange(1, len(counts)) / len(counts)
    law = stats.binom(n, share)
    return np.minimum(law.cdf(below), law.sf(below - 1)).min()


@pytest.mark.parametrize(("n_replicates", "n_bins"), [(1, 2), (6, 2), (5, 3), (7, 4), (4, 5)])
def test_p_values_are_exact(n_replicates, n_bins):
    """Against every outcome that there is."""
    table = [(counts, p, least_tail(counts)) for counts, p in all_counts(n_replicates, n_bins)]
    for counts, _, tail in table:
        expected = sum(p for _, p, other in table if other <= tail * (1 + 1e-9))
        assert uniformity(counts) == pytest.approx(expected, abs=1e-12)


def test_p_value_of_hopeless_ranks_is_small_and_not_too_small():
    """Beyond 1e-9 a bound: at least the tail itself, and at most 38 times as much."""
    counts = np.full(20, 15)
    counts[0] += 80
    tail = least_tail(counts)
    assert tail < 1e-20
    assert tail < uniformity(counts) <= 38.001 * tail
    assert uniformity(np.array([5000] + [0] * 19)) < 1e-300


def test_p_values_of_uniform_ranks_are_uniform_or_larger():
    """1,000 p values against their law; discreteness makes them a little too large.

    The share below a level is at most the level: z of a binomial share below 4 (3e-5 each).
    """
    rng = np.random.default_rng(23)
    ranks = rng.integers(0, 100, (1000, 100))
    p = np.array([uniformity(np.bincount(row // 5, minlength=20)) for row in ranks])
    for level in (0.01, 0.05, 0.2, 0.5):
        assert (p <= level).mean() < level + 4 * np.sqrt(level * (1 - level) / 1000)
    assert (p <= 0.5).mean() > 0.4


@pytest.mark.parametrize("prob", [0.5, 0.9, 0.95])
@pytest.mark.parametrize(("n_replicates", "n_bins"), [(6, 2), (7, 4), (4, 5)])
def test_band_holds_its_probability(n_replicates, n_bins, prob):
    """At least as announced, summed over every outcome; and where p says that ranks stray."""
    lower, upper = uniform_band(n_replicates, n_bins, prob)
    total = 0.0
    for counts, p in all_counts(n_replicates, n_bins):
        shares = np.concatenate([[0], np.cumsum(counts)]) / n_replicates
        inside = bool(((shares >= lower) & (shares <= upper)).all())
        assert inside == (uniformity(counts) > 1 - prob + 1e-9)
        total += p * inside
    assert total >= prob - 1e-9


# --- errors ---

KERNEL = last_draws(run_gibbs)
SETTINGS = {"kernel": KERNEL, "model": MODEL, "design": DESIGN, "n_steps": 1, "rng": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_replicates": 1}, "n_replicates must be at least 2, got 1"),
        ({"n_steps": 0}, "n_steps must be at least 1, got 0"),
        ({"model": Hierarchical}, "model must be Unpooled(), CompletePooling() or Hierarchical()"),
        ({"design": [1, 2]}, "data must be a GroupedData, got list"),
        ({"rng": "seed"}, "rng must be"),
        ({"kernel": 3}, "kernel must be a function, got int"),
        ({"kernel": lambda d, p, k, r: p}, "in all replicates the parameters it was given"),
        ({"kernel": lambda d, p, k, r: None}, "kernel must return a dict with alpha, beta"),
        (
            {"kernel": lambda d, p, k, r: {"alpha": 1}},
            "sigma_alpha, sigma_beta, sigma, got alpha",
        ),
        (
            {"kernel": lambda d, p, k, r: p | {"sigma": p["sigma"][:-1]}},
            "kernel must return sigma of shape (9,), got (8,)",
        ),
        (
            {"kernel": lambda d, p, k, r: p | {"sigma": p["sigma"] * np.nan}},
            "sigma contains NaN",
        ),
    ],
)
def test_errors_of_the_joint_test(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        joint_test(**({"n_replicates": 9} | SETTINGS | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_draws": 0}, "n_draws must be at least 1, got 0"),
        ({"n_replicates": 0}, "n_replicates must be at least 1, got 0"),
        ({"sampler": None}, "sampler must be a function, got NoneType"),
        ({"sampler": lambda d, p, k, r: p}, "sampler must return alpha of shape (9, 3, 3)"),
        ({"model": 3}, "model must be Unpooled(), CompletePooling() or Hierarchical(), got int"),
    ],
)
def test_errors_of_sbc(change, message):
    good = {"sampler": run_gibbs, "model": MODEL, "design": DESIGN, "n_draws": 3, "rng": 1}
    with pytest.raises(ValueError, match=re.escape(message)):
        sbc(**({"n_replicates": 9} | good | change))


def test_errors_of_the_rest():
    ranks = Ranks({"sigma": np.arange(10)}, 9)
    for call, message in [
        (lambda: ranks.counts("sigma", 3), "n_bins must divide the 10 possible ranks, got 3"),
        (lambda: ranks.counts("tau", 5), "name must be one of sigma, got 'tau'"),
        (lambda: ranks.p_values(1), "n_bins must be at least 2"),
        (lambda: chain_sampler(run_gibbs, thin=0), "thin must be at least 1"),
        (lambda: chain_sampler("gibbs"), "sampler must be a function, got str"),
        (lambda: last_draws(None), "sampler must be a function, got NoneType"),
        (lambda: uniform_band(10, prob=1.0), "prob must be between 0 and 1, got 1.0"),
        (lambda: uniform_band(0), "n_replicates must be at least 1"),
        (lambda: exact_sampler("exact"), "model must be Unpooled()"),
        (lambda: FAULTS["none"].sampler(MODEL, proposal_sd=0.0), "proposal_sd must be above zero"),
        (lambda: FAULTS["none"].kernel(None, proposal_sd=0.2), "model must be Unpooled()"),
        (lambda: uniformity([1, np.nan]), "counts contains NaN"),
        (lambda: uniformity([5]), "counts must be whole numbers, one for each bin, got [5]"),
        (lambda: uniformity([[5, 5], [5, 5]]), "one for each bin"),
        (lambda: uniformity([0.5, 0.5]), "counts must be whole numbers"),
        (lambda: uniformity([-1, 3]), "counts must be whole numbers"),
        (lambda: uniformity([0, 0]), "counts must hold at least one rank"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            call()


@given(st.data(), ANYTHING)
def test_odd_input(data, anything):
    name = data.draw(st.sampled_from([*SETTINGS, "n_replicates", "returned", "value"]))
    change = {
        "returned": {"kernel": lambda d, p, k, r: anything},
        "value": {"kernel": lambda d, p, k, r: p | {"sigma": anything}},
    }.get(name, {name: anything})
    if name in ("n_replicates", "n_steps") and asks_for_much(anything):
        return
    answers_or_value_error(joint_test, **({"n_replicates": 3} | SETTINGS | change))
