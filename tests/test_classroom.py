"""Data for each student, and checks: right answers pass, planted mistakes are known by name.

False alarms were measured apart from this, over many more runs than a test has time for:
3,000 right samplers, 1,200 sets of independent draws, 2,400 estimates and 2,400 intervals, 1,000
proposals and 15,000 functions gave none, so that under 1 in 1,000 is sure to 95 % of each kind but
draws (0 of 1,200: under 1 in 400).
"""

import ast
import math
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from harness import ANYTHING
from hypothesis import given, settings
from scipy import stats

import hiertools as ht
from hiertools import classroom
from hiertools.classroom import faulty
from hiertools.classroom.draws import answer_key, tidy_draws
from hiertools.classroom.repeats import repeats_of_a_walk
from hiertools.classroom.samplers import LogPosterior, Skewed, three_people
from hiertools.classroom.verdicts import effective_draws
from hiertools.faults import FAULTS

DATA, TRUTH = classroom.student_data("Ada", 1)
HIERARCHICAL = ht.Hierarchical()
SOURCE = Path(classroom.__file__).parent
ORDER = [
    *("students", "verdicts", "numbers", "points", "density_faults", "densities", "repeats"),
    *("draws", "estimates", "proposals", "faulty", "samplers", "written", "isolation", "wire"),
    *("sandbox", "notebooks", "submission", "assignment", "judging", "feedback", "handed_in"),
    *("scores", "marking", "editions", "__main__"),
]


# --- data of one's own ---


def test_a_students_data_never_change():
    """Whoever marks next year must get the data that the student had."""
    assert DATA.y[:3].round(6).tolist() == pytest.approx([0.908077, 1.61534, 0.766687], abs=2e-6)
    assert float(TRUTH["sigma"]) == 1.5


@pytest.mark.parametrize("same", ["ada", " ADA ", "Ada", "ａｄａ"])
def test_case_blanks_and_width_make_no_difference(same):
    assert np.array_equal(classroom.student_data(same, "1")[0].y, DATA.y)


@pytest.mark.parametrize(("a", "b"), [(7, "7"), (7.0, 7), (np.int64(7), 7), (7.5, "7.5")])
def test_numbers_and_their_text_are_the_same_student(a, b):
    assert np.array_equal(classroom.student_data(a, 1)[0].y, classroom.student_data(b, 1)[0].y)


def test_no_two_students_share_data():
    seen = {classroom.student_data(k, a)[0].y[0] for k in range(150) for a in (1, 2)}
    assert len(seen) == 300


@pytest.mark.parametrize("nobody", ["", "  ", None, True, math.nan, [1]])
def test_nobody_has_no_data(nobody):
    with pytest.raises(ValueError, match="student must be"):
        classroom.student_data(nobody, 1)


def test_sizes_are_as_asked_for():
    data, truth = classroom.student_data("Ada", 1, n=3, m=2)
    assert data.m.tolist() == [2, 2, 2]
    assert truth["alpha"].shape == (3,)


def test_each_run_is_what_the_key_says():
    for student in range(60):
        key = classroom.student_chains_key(student, 4)
        for name, x in classroom.student_chains(student, 4).items():
            between = x.mean(axis=1).std() / x.std(axis=1).mean()
            assert (between > 1.5) == (key[name] == "apart")
            c = x - x.mean(axis=1, keepdims=True)
            memory = (c[:, 1:] * c[:, :-1]).sum() / (c**2).sum()
            assert (memory > 0.8) == (key[name] == "slow")


# --- numbers ---


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (4.0, "variance, not sd"),
        (math.sqrt(2.0), "sd, not variance"),
        (math.exp(2.0), "density, not its log"),
        (math.log(2.0), "log, not the number"),
        (-2.0, "wrong sign"),
        (200.0, "percent"),
        (0.5, "reciprocal"),
        (-1.0, "complement"),
        (2.3, ""),
        (None, "not a number"),
        ([1.0, 2.0], "not a number"),
        (math.nan, "not a number"),
        (print, "not a number"),
    ],
)
def test_wrong_numbers_are_known_by_name(value, fault):
    verdict = classroom.check_number(value, 2.0)
    assert verdict.outcome == "disagrees"
    assert verdict.fault == fault


@pytest.mark.parametrize("value", [0.33, 0.333, 1 / 3, np.float64(0.334), [0.33]])
def test_rounding_is_let_pass(value):
    assert classroom.check_number(value, 1 / 3, decimals=2)


@given(value=ANYTHING)
@settings(max_examples=150)
def test_nothing_that_a_student_writes_makes_a_check_raise(value):
    for verdict in (
        classroom.check_number(value, 2.0),
        classroom.check_number(value, np.arange(3.0)),
        classroom.check_draws(value, DATA, ht.Unpooled()),
        classroom.check_estimate(value, DATA, ht.Unpooled(), "sigma"),
        classroom.check_interval(value, DATA, ht.Unpooled(), "sigma"),
        classroom.check_log_likelihood(value, DATA),
        classroom.check_log_likelihood(lambda data, params: value, DATA),
        classroom.check_proposal(lambda position, sd, rng: value),
        classroom.check_sampler(lambda *args, **kwargs: value),
    ):
        assert verdict.outcome in ("agrees", "disagrees", "undecided")
        assert verdict.message


# --- log densities ---


def likelihood(sd=lambda s: s, line=None, terms=lambda z, sd: -0.5 * z**2 - np.log(sd) - C):
    """A log likelihood as a student writes it, with a slip where one is planted."""

    def function(data, params):
        a, b = params["alpha"][data.group], params["beta"][data.group]
        mean = a + b * data.x if line is None else line(a, b, data.x)
        width = sd(params["sigma"])
        return np.sum(terms((data.y - mean) / width, width))

    return function


C = 0.5 * math.log(2 * math.pi)
RIGHT = likelihood()
LIKELIHOODS = {
    "sd used as variance": likelihood(np.sqrt),
    "variance used as sd": likelihood(np.square),
    "density, not its log": lambda d, p: np.exp(RIGHT(d, p)),
    "log sigma missing": likelihood(terms=lambda z, sd: -0.5 * z**2 - C),
    "log sigma counted once": lambda d, p: RIGHT(d, p) + (d.y.size - 1) * np.log(p["sigma"]),
    "constant missing": likelihood(terms=lambda z, sd: -0.5 * z**2 - np.log(sd)),
    "half missing": likelihood(terms=lambda z, sd: -(z**2) - np.log(sd) - C),
    "wrong sign": lambda d, p: -RIGHT(d, p),
    "mean, not sum": lambda d, p: RIGHT(d, p) / d.y.size,
    "log to base 10": lambda d, p: RIGHT(d, p) / math.log(10),
    "slope missing": likelihood(line=lambda a, b, x: a),
    "intercept missing": likelihood(line=lambda a, b, x: b * x),
    "one line for all": likelihood(line=lambda a, b, x: a[0] + b[0] * x),
    "not summed": lambda d, p: ht.normal_log_density(
        d.y, p["alpha"][d.group] + p["beta"][d.group] * d.x, p["sigma"]
    ),
    "underflow": lambda d, p: -math.inf,
    "None": lambda d, p: None,
    "raises": lambda d, p: p["Sigma"],
    "not a function": ...,
}


@pytest.mark.parametrize("fault", LIKELIHOODS)
@pytest.mark.parametrize("sizes", [(12, 5), (2, 3)])
def test_planted_mistakes_in_a_likelihood_are_known_by_name(fault, sizes):
    data, _ = classroom.student_data("Bo", 1, n=sizes[0], m=sizes[1])
    verdict = classroom.check_log_likelihood(LIKELIHOODS[fault], data)
    assert verdict.outcome == "disagrees"
    assert verdict.fault == fault, verdict


@pytest.mark.parametrize("seed", range(20))
def test_right_log_densities_agree_however_they_are_written(seed):
    data, _ = classroom.student_data(seed, 1, n=1 + seed % 7, m=1 + seed % 5)
    for function in (ht.log_likelihood, ht.log_likelihood_loop, RIGHT):
        assert classroom.check_log_likelihood(function, data, rng=seed)
    for model in (ht.Unpooled(), ht.CompletePooling(), HIERARCHICAL):
        assert classroom.check_log_prior(model.log_prior, model, n=data.n, rng=seed)
        shifted = partial(lambda m, p: m.log_prior(p) - 3.0, model)
        assert classroom.check_log_prior(shifted, model, n=data.n, rng=seed)
        posterior = LogPosterior(data, model)
        assert classroom.check_log_posterior(posterior, data, model, rng=seed)


def prior(sd=lambda s: s, mu_sd=3.0, bounds=True, lines=("alpha", "beta"), hyper=True):
    def function(params):
        sds = [params[name] for name in ("sigma_alpha", "sigma_beta", "sigma")]
        if bounds and not all(0 < s <= 10 for s in sds):
            return -np.inf
        total = 0.0
        for name in lines:
            mean, width = params[f"mu_{name}"], sd(np.abs(params[f"sigma_{name}"]))
            total += ht.normal_log_density(params[name], mean, width).sum()
        if hyper:
            total += ht.normal_log_density(params["mu_alpha"], 0, mu_sd)
            total += ht.normal_log_density(params["mu_beta"], 0, mu_sd)
        return total

    return function


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (prior(), None),
        (prior(np.sqrt), "sd used as variance"),
        (prior(np.square), "variance used as sd"),
        (prior(mu_sd=math.sqrt(3)), "sd used as variance"),
        (prior(bounds=False), "support forgotten"),
        (prior(lines=("alpha",)), "population missing"),
        (prior(hyper=False), "hyperprior missing"),
    ],
)
def test_planted_mistakes_in_a_prior_are_known_by_name(function, fault):
    verdict = classroom.check_log_prior(function, HIERARCHICAL, n=5)
    assert verdict.fault == (fault or "")
    assert bool(verdict) == (fault is None)


def on_log_scale(jacobian):
    def function(params):
        natural = dict(params) | {"sigma": np.exp(params["log_sigma"])}
        return HIERARCHICAL.log_posterior(DATA, natural) + jacobian(params["log_sigma"])

    return function


@pytest.mark.parametrize(
    ("jacobian", "fault"),
    [
        (lambda log: log, ""),
        (lambda log: 0.0, "missing Jacobian"),
        (lambda log: -log, "wrong sign of the Jacobian"),
        (np.exp, "Jacobian, not its log"),
    ],
)
def test_planted_mistakes_in_a_jacobian_are_known_by_name(jacobian, fault):
    function = on_log_scale(jacobian)
    verdict = classroom.check_log_posterior(function, DATA, HIERARCHICAL, on_log_scale=["sigma"])
    assert verdict.fault == fault
    assert bool(verdict) == (fault == "")


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (HIERARCHICAL.log_prior, "likelihood missing"),
        (partial(ht.log_likelihood, DATA), "prior missing"),
        (lambda p: HIERARCHICAL.log_prior(p) + likelihood(np.sqrt)(DATA, p), "sd used as variance"),
    ],
)
def test_planted_mistakes_in_a_posterior_are_known_by_name(function, fault):
    assert classroom.check_log_posterior(function, DATA, HIERARCHICAL).fault == fault


def test_a_function_that_is_not_written_is_told_so():
    def shortcut(data, params):
        return ht.log_likelihood(data, params)

    assert classroom.check_written(ht.log_likelihood, "log_likelihood").fault == "not written"
    assert classroom.check_written(shortcut, "log_likelihood").fault == "not written"
    assert classroom.check_written(RIGHT, "log_likelihood")


# --- proposals and samplers ---


@pytest.mark.parametrize(
    ("propose", "fault"),
    [
        (lambda x, s, rng: x + s * rng.standard_normal(x.shape), ""),
        (lambda x, s, rng: x + s**2 * rng.standard_normal(x.shape), "variance used as sd"),
        (lambda x, s, rng: x + s**0.5 * rng.standard_normal(x.shape), "sd used as variance"),
        (lambda x, s, rng: x + rng.standard_normal(x.shape), "proposal_sd not used"),
        (lambda x, s, rng: s * rng.standard_normal(x.shape), "position not added"),
        (lambda x, s, rng: x + s * rng.standard_normal(), "one step for all"),
        (lambda x, s, rng: x + s * np.abs(rng.standard_normal(x.shape)), "one-sided"),
        (lambda x, s, rng: x + s * rng.uniform(-(3**0.5), 3**0.5, x.shape), "not normal"),
        (lambda x, s, rng: x, "fixed"),
        (lambda x, s, rng: np.add(x, s * rng.standard_normal(x.shape), out=x), "mutates"),
        (lambda x, s, rng: 0.0, "wrong shape"),
    ],
)
def test_planted_mistakes_in_a_proposal_are_known_by_name(propose, fault):
    verdict = classroom.check_proposal(propose)
    assert verdict.fault == fault, verdict
    assert bool(verdict) == (fault == "")


def sampler(accept=None, *, keep=None, renew=None, step=None):
    """A sampler as a student writes it, on a dict of parameters, with one slip planted."""

    def run(log_posterior, start, *, proposal_sd, n_draws, rng):
        here = {name: np.array(value, dtype=float) for name, value in start.items()}
        held, rows = log_posterior(here), []
        for _ in range(n_draws):
            z = {name: rng.standard_normal(value.shape) for name, value in here.items()}
            there = {name: here[name] + proposal_sd * z[name] for name in here}
            if step is not None:
                there = step(here, proposal_sd, rng)
            log_there = log_posterior(there)
            with np.errstate(all="ignore"):
                log_ratio = np.float64(log_there) - np.float64(held)
                u = rng.random()
                moved = np.log(u) < log_ratio if accept is None else accept(u, log_ratio)
            here = there if moved else here
            if renew is None:
                held = log_there if moved else held
            elif renew == "always":
                held = log_there
            if moved or keep is None:
                rows.append(here)
        return {name: np.array([row[name] for row in rows]) for name in start}

    return run


def one_step(here, sd, rng):
    z = rng.standard_normal()
    return {name: value + sd * z for name, value in here.items()}


def steps_of(change):
    def step(here, sd, rng):
        return {
            name: value + change(sd) * rng.standard_normal(value.shape)
            for name, value in here.items()
        }

    return step


SAMPLERS = {
    "right": (sampler(), ""),
    "log10": (sampler(lambda u, r: np.log10(u) < r), "wrong accept rule"),
    "always": (sampler(lambda u, r: True), "wrong accept rule"),
    "uphill": (sampler(lambda u, r: r > 0), "wrong accept rule"),
    "no exp": (sampler(lambda u, r: u < r), "wrong accept rule"),
    "upside down": (sampler(lambda u, r: u < np.exp(-r)), "wrong accept rule"),
    "a half": (sampler(lambda u, r: np.exp(r) > 0.5), "wrong accept rule"),
    "dropped": (sampler(keep="accepted"), "rejected draws dropped"),
    "never renewed": (sampler(renew="never"), "stale log density"),
    "renewed always": (sampler(renew="always"), "stale log density"),
    "one step": (sampler(step=one_step), "one step for all"),
    "squared": (sampler(lambda u, r: u < np.exp(2 * r)), "wrong accept rule"),
    "square root": (sampler(lambda u, r: u < np.exp(r / 2)), "wrong accept rule"),
    "too far": (sampler(step=steps_of(np.square)), "variance used as sd"),
    "too near": (sampler(step=steps_of(np.sqrt)), "sd used as variance"),
    "always one": (sampler(step=steps_of(np.ones_like)), "proposal_sd not used"),
}


@pytest.mark.parametrize("which", SAMPLERS)
def test_planted_mistakes_in_a_sampler_are_known_by_name(which):
    run, fault = SAMPLERS[which]
    verdict = classroom.check_sampler(run)
    assert verdict.fault == fault, verdict
    assert bool(verdict) == (fault == "")


def test_a_walk_on_the_log_scale_without_its_jacobian_is_known_by_name():
    def step(here, sd, rng):
        there = {name: v + sd * rng.standard_normal(v.shape) for name, v in here.items()}
        return there | {"sigma": here["sigma"] * np.exp(sd * rng.standard_normal())}

    assert classroom.check_sampler(sampler(step=step)).fault == "missing Jacobian"


def test_books_that_are_badly_kept_are_seen():
    def stale(*args, **settings):
        chain = ht.metropolis(*args, **settings)
        return chain._replace(log_density=np.roll(chain.log_density, 1))

    def unseeded(*args, **settings):
        return ht.metropolis(*args, **settings | {"rng": np.random.default_rng()})

    def start_kept(*args, **settings):
        draws = ht.metropolis(*args, **settings).draws
        return {name: np.concatenate([v[:1], v]) for name, v in draws.items()}

    assert classroom.check_sampler(stale).fault == "stale log density"
    assert classroom.check_sampler(unseeded).fault == "rng not used"
    assert classroom.check_sampler(start_kept).fault == "start counted as a draw"
    assert classroom.check_sampler(None).fault == "not a function"


def test_cells_of_the_skewed_target_hold_equal_shares():
    """The simulated right sampler: 1,000,000 draws worth some 100,000; 0.005 is 5 errors."""
    assert np.abs(faulty.simulated().cells - 1 / faulty.N_CELLS).max() < 0.005
    assert Skewed()({"sigma": 2.0}) == pytest.approx(2 * math.log(2) - 2)


@pytest.mark.parametrize(
    ("rule", "power"), [("square root", 0.5), ("squared", 2.0), ("base 10", math.log(10))]
)
def test_a_power_of_the_ratio_leads_to_that_power_of_the_target(rule, power):
    """Of a gamma density of shape 3 to a gamma of shape 2 power + 1; 0.005 is 5 errors."""
    wrong = stats.gamma(2 * power + 1, scale=1 / power)
    expected = np.diff(wrong.cdf([0, *faulty.EDGES, np.inf]))
    assert np.abs(faulty.simulated(f"wrong accept rule: {rule}").cells - expected).max() < 0.005


# --- draws ---


@pytest.fixture(scope="module")
def small():
    target = three_people()
    return target.data, target.model, answer_key(target.data, target.model).posterior


def test_independent_draws_agree(small):
    """Sixty sets of draws: 0 of 1,200 failed when measured."""
    data, model, posterior = small
    for seed in range(60):
        assert classroom.check_draws(posterior.sample(1000, seed), data, model)


def test_a_short_chain_is_not_judged(small):
    data, model, posterior = small
    log_posterior, start = LogPosterior(data, model), posterior.mean
    chain = ht.metropolis(log_posterior, start, proposal_sd=0.2, n_draws=300, rng=1)
    verdict = classroom.check_draws(chain, data, model)
    assert verdict.outcome == "undecided"
    assert "too few effective draws" in verdict.message
    with pytest.raises(AssertionError, match="too few"):
        verdict.require()


def draws_weighted(posterior, weight, seed=3):
    draws = posterior.sample(40_000, seed)
    w = weight(draws)
    rng = np.random.default_rng(seed)
    picked = rng.choice(len(w), size=6000, p=w / w.sum())
    return {name: value[picked] for name, value in draws.items()}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda p: draws_weighted(p, lambda d: 1 / d["sigma"]), "missing Jacobian"),
        (
            lambda p: (d := draws_weighted(p, lambda d: d["sigma"])) | {"sigma": d["sigma"] ** 2},
            "sd used as variance",
        ),
        (lambda p: ht.Unpooled().sample_prior(3, 1, n_draws=2000), "data forgotten"),
        (lambda p: p.sample(2000, 1) | {"sigma": np.full(2000, 1.0)}, None),
        (lambda p: p.sample(2000, 1) | {"alpha": p.sample(2000, 1)["alpha"] + 0.2}, ""),
        (lambda p: {"sigma": np.ones(9)}, "malformed draws"),
    ],
)
def test_draws_of_something_else_disagree(small, change, fault):
    data, model, posterior = small
    verdict = classroom.check_draws(change(posterior), data, model)
    assert not verdict
    assert fault is None or verdict.fault == fault, verdict


def people_walk(fault, n_draws=6000):
    target = three_people()
    start = {"alpha": np.full(3, 0.8), "beta": np.full(3, -1.3), "sigma": 1.0}
    run = FAULTS[fault].sample(target, start, proposal_sd=0.2, n_draws=n_draws, rng=8)
    values, _ = tidy_draws(run, target.model, 3)
    return run, repeats_of_a_walk(values, run.log_density[None])


def test_moves_tell_how_many_draws_should_repeat():
    """Of 6,000 draws about 3,800 repeat. Small losses alone are counted: less is expected."""
    _, right = people_walk("none")
    assert 0.5 * right.seen < right.expected < 1.05 * right.seen
    assert not right.missing


def test_rejected_draws_that_are_missing_are_hinted_at_where_averages_agree(small):
    data, model, _ = small
    run, repeats = people_walk("rejected draws dropped", 16_000)
    assert repeats.missing
    verdict = classroom.check_draws(run, data, model)
    assert verdict.fault == "rejected draws dropped"
    assert "rejected draws are missing" in verdict.message


def test_samplers_that_owe_no_repeats_are_not_suspected():
    """Independent draws, Gibbs, Hamiltonian chains; and one that moves part by part."""
    model, rng = HIERARCHICAL, np.random.default_rng(4)
    start = model.sample_prior(DATA.n, rng)
    runs = [
        ht.exact_posterior(DATA, model).sample(1000, 1),
        ht.gibbs(DATA, model, start, n_draws=1000, n_warmup=200, rng=1),
        ht.blockwise_metropolis(DATA, model, start, n_draws=2000, n_warmup=200, rng=1),
    ]
    for run in runs:
        verdict = classroom.check_draws(run, DATA, model)
        assert verdict.outcome != "disagrees"
        assert verdict.fault == "", verdict


def test_effective_draws_are_those_of_an_autoregression():
    """n (1 - r) / (1 + r); over 40 chains the estimate is within a tenth on average."""
    rng, memory, n = np.random.default_rng(4), 0.8, 4000
    x = np.zeros((40, n))
    for t in range(1, n):
        x[:, t] = memory * x[:, t - 1] + rng.standard_normal(40)
    found = np.mean([effective_draws(chain[None, :, None])[0] for chain in x])
    assert found == pytest.approx(n * 0.2 / 1.8, rel=0.1)
    assert effective_draws(np.ones((1, 100, 1))).tolist() == [1.0]


# --- estimates and intervals ---


def test_estimates_and_intervals(small):
    data, model, posterior = small
    draws = posterior.sample(4000, 5)["alpha"]
    ends = np.quantile(draws, [0.05, 0.95], axis=0).T
    estimate = partial(classroom.check_estimate, data=data, model=model, parameter="alpha")
    interval = partial(classroom.check_interval, data=data, model=model, parameter="alpha")
    assert estimate(draws.mean(axis=0), draws=draws)
    assert estimate(posterior.mean["alpha"])
    assert estimate(posterior.sd["alpha"]).fault == "sd, not mean"
    assert estimate(draws[:50].mean(axis=0), draws=draws[:50]).outcome == "undecided"
    off = estimate(posterior.mean["alpha"] + posterior.sd["alpha"])
    assert off.fault == ""
    assert "1.0 posterior standard deviations above" in off.message
    assert not any(f"{v:.4g}" in off.message for v in posterior.mean["alpha"]), "the answer"
    assert interval(ends, draws=draws)
    assert interval(posterior.interval(0.9)["alpha"])
    assert interval(ends[:, ::-1]).fault == "ends swapped"
    assert interval(posterior.interval(0.8)["alpha"]).fault == "whole tail on each side"
    assert interval(posterior.interval(0.68)["alpha"]).fault == "another probability"
    near = posterior.mean["alpha"][:, None] + np.array([-1, 1]) * 0.01
    assert interval(near).fault == "standard error, not sd"


# --- the subpackage as a part of the package ---


def imports(path):
    """The classroom's own modules that a module imports, wherever in it."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    prefix = "hiertools.classroom."
    return {n.removeprefix(prefix) for n in names if n and n.startswith(prefix)}


@pytest.mark.parametrize("module", ORDER)
def test_modules_import_what_comes_before_them(module):
    assert imports(SOURCE / f"{module}.py") <= set(ORDER[: ORDER.index(module)])


def test_every_module_has_its_place():
    assert {p.stem for p in SOURCE.glob("*.py")} - {"__init__"} == set(ORDER)


def test_no_chapters_module_needs_the_classroom():
    for path in SOURCE.parent.glob("*.py"):
        assert "classroom" not in path.read_text(encoding="utf-8")


def test_import_is_light():
    program = "import sys, hiertools.classroom; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True)
    heavy = {"matplotlib", "otter", "IPython", "scipy.stats", "arviz_stats", "tqdm"}
    assert not heavy & set(loaded.stdout.split())
