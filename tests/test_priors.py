"""The three models: SciPy's densities, the support, the article's figures, limits, prior draws."""

import dataclasses
import math

import numpy as np
import pytest
from harness import (
    ANYTHING,
    MODELS,
    UNUSUAL_MODELS,
    answers_or_value_error,
    inside_support,
    name_of,
    some_data,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hiertools import (
    CompletePooling,
    GroupedData,
    Hierarchical,
    RRandom,
    Unpooled,
    log_likelihood,
)

each_model = pytest.mark.parametrize("model", MODELS, ids=name_of)
usual_and_unusual = pytest.mark.parametrize("model", MODELS + UNUSUAL_MODELS, ids=name_of)


def scipy_log_prior(model, params):
    """One draw, each density by SciPy."""
    flat, normal = stats.uniform, stats.norm
    total = flat.logpdf(params["sigma"], 0, model.sigma_high)
    if isinstance(model, Hierarchical):
        for line in ("alpha", "beta"):
            mu, sd = params[f"mu_{line}"], params[f"sigma_{line}"]
            total += normal.logpdf(params[line], mu, sd).sum()
            mean, mean_sd = getattr(model, f"mu_{line}_mean"), getattr(model, f"mu_{line}_sd")
            total += normal.logpdf(mu, mean, mean_sd)
            total += flat.logpdf(sd, 0, getattr(model, f"sigma_{line}_high"))
    else:
        for line in ("alpha", "beta"):
            low, high = getattr(model, f"{line}_low"), getattr(model, f"{line}_high")
            total += flat.logpdf(params[line], low, high - low).sum()
    return total


# --- densities ------------------------------------------------------------------------------


@usual_and_unusual
@pytest.mark.parametrize("n", [1, 2, 7])
def test_log_prior_equals_scipy(model, n):
    rng = np.random.default_rng(n)
    params = inside_support(model, n, rng, (20,))
    answer = model.log_prior(params)
    assert answer.shape == (20,)
    for k in range(20):
        one = {name: value[k] for name, value in params.items()}
        expected = scipy_log_prior(model, one)
        np.testing.assert_allclose(answer[k], expected, rtol=1e-12)
        np.testing.assert_allclose(model.log_prior(one), expected, rtol=1e-12)


@usual_and_unusual
@pytest.mark.parametrize("n", [1, 2, 7])
def test_log_posterior_is_log_prior_plus_log_likelihood(model, n):
    rng = np.random.default_rng(n)
    data = some_data(rng.integers(1, 6, n), rng)
    params = inside_support(model, n, rng, (4, 5))
    answer = model.log_posterior(data, params)
    assert answer.shape == (4, 5)
    expected = model.log_prior(params) + log_likelihood(data, params)
    np.testing.assert_allclose(answer, expected, rtol=1e-12)


@each_model
@pytest.mark.parametrize(
    ("replicates", "leading", "expected"),
    [((6,), (), (6,)), ((6,), (6,), (6,)), ((6,), (2, 1), (2, 6)), ((2, 3), (3,), (2, 3))],
)
def test_log_posterior_of_replicated_data(model, replicates, leading, expected):
    rng = np.random.default_rng(1)
    data = some_data([2, 4, 3], rng, replicates=replicates)
    params = inside_support(model, 3, rng, leading)
    answer = model.log_posterior(data, params)
    assert answer.shape == expected
    y = np.broadcast_to(data.y, (*expected, 9))
    arrays = {
        name: np.broadcast_to(value, (*expected, *value.shape[len(leading) :]))
        for name, value in params.items()
    }
    for at in np.ndindex(expected):
        one_dataset = GroupedData(y=y[at], x=data.x, group=data.group)
        one = {name: value[at] for name, value in arrays.items()}
        expected_here = scipy_log_prior(model, one) + log_likelihood(one_dataset, one)
        np.testing.assert_allclose(answer[at], expected_here, rtol=1e-12)


@each_model
def test_parameters_of_different_leading_axes_fit_together(model):
    rng = np.random.default_rng(2)
    params = inside_support(model, 3, rng, (4,))
    params["sigma"] = params["sigma"][:, None]
    assert model.log_prior(params).shape == (4, 4)
    assert model.log_posterior(some_data([1, 2, 3], rng), params).shape == (4, 4)


def test_hyperparameters_leave_the_likelihood_alone():
    rng = np.random.default_rng(3)
    data, params = some_data([2, 3], rng), inside_support(Hierarchical(), 2, rng)
    other = params | {"mu_alpha": np.array(-9.0), "sigma_beta": np.array(7.0)}
    model = Hierarchical()
    in_posterior = model.log_posterior(data, other) - model.log_posterior(data, params)
    in_prior = model.log_prior(other) - model.log_prior(params)
    assert in_posterior == pytest.approx(in_prior, rel=1e-12)


# --- support --------------------------------------------------------------------------------


def bounds(model):
    """(parameter, value, whether it is in the support) at and just beyond every bound."""
    for field in dataclasses.fields(model):
        name, _, side = field.name.rpartition("_")
        value = getattr(model, field.name)
        if side == "high":
            yield name, value, True
            yield name, np.nextafter(value, np.inf), False
        if side == "low":
            yield name, value, True
            yield name, np.nextafter(value, -np.inf), False
        if name.startswith("sigma"):
            yield name, 0.0, False
            yield name, -1.0, False
            yield name, 5e-324 if name == "sigma" else 1e-3, True


@pytest.mark.parametrize(
    ("model", "name", "value", "inside"),
    [(model, *bound) for model in MODELS + UNUSUAL_MODELS for bound in bounds(model)],
)
def test_edges_of_the_support(model, name, value, inside):
    rng = np.random.default_rng(4)
    params = inside_support(model, 3, rng)
    params[name] = np.array(params[name])
    params[name][... if params[name].ndim == 0 else -1] = value
    assert np.isfinite(model.log_prior(params)) == inside
    if not inside:
        assert model.log_prior(params) == -np.inf
        assert model.log_posterior(some_data([2, 2, 2], rng), params) == -np.inf


@each_model
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_parameters_are_outside_the_support(model, value):
    rng = np.random.default_rng(5)
    data, params = some_data([2, 2], rng), inside_support(model, 2, rng)
    for name in model.parameter_names:
        infinite = params | {name: np.full_like(params[name], value)}
        assert model.log_prior(infinite) == -np.inf
        assert model.log_posterior(data, infinite) == -np.inf


@each_model
def test_only_the_draws_outside_are_minus_infinity(model):
    rng = np.random.default_rng(6)
    params = inside_support(model, 2, rng, (4,))
    params["sigma"][[0, 2]] = -1.0, model.sigma_high + 1
    assert np.isfinite(model.log_prior(params)).tolist() == [False, True, False, True]


def test_wide_priors_keep_a_finite_constant():
    """The product of three bounds of 1e150 is no number; the sum of their logs is."""
    wide = dict.fromkeys(("sigma_alpha_high", "sigma_beta_high", "sigma_high"), 1e150)
    params = inside_support(Hierarchical(), 2, np.random.default_rng(7))
    expected = scipy_log_prior(Hierarchical(), params) - 3 * math.log(1e149)
    assert Hierarchical(**wide).log_prior(params) == pytest.approx(expected, rel=1e-12)


# --- limits of pooling, from the log density alone ------------------------------------------


def conditional_normal(log_density, size):
    """Mean and covariance of the normal whose log density this is, from values of it alone.

    A normal log density is quadratic, so central differences with a step of 1 give gradient
    and curvature at zero without an error of approximation.
    """
    unit = np.eye(size)
    gradient = np.array([(log_density(e) - log_density(-e)) / 2 for e in unit])
    curvature = np.array(
        [
            [
                (log_density(e + f) - log_density(e - f) - log_density(f - e) + log_density(-e - f))
                / 4
                for f in unit
            ]
            for e in unit
        ]
    )
    cov = np.linalg.inv(-curvature)
    return cov @ gradient, cov


def hierarchical_lines(data, sigma, population_sd, mu_sd):
    """Conditional mean and covariance of alpha, beta, mu_alpha, mu_beta, given every sigma."""
    model = Hierarchical(
        mu_alpha_sd=mu_sd, mu_beta_sd=mu_sd, sigma_alpha_high=1e6, sigma_beta_high=1e6
    )
    n = data.n

    def log_density(theta):
        params = {"alpha": theta[:n], "beta": theta[n : 2 * n]}
        params |= {"mu_alpha": theta[-2], "mu_beta": theta[-1], "sigma": sigma}
        params |= {"sigma_alpha": population_sd, "sigma_beta": population_sd}
        return float(model.log_posterior(data, params))

    return conditional_normal(log_density, 2 * n + 2)


def least_squares(y, x, sigma, prior_precision=0.0):
    """Mean and covariance of an intercept and a slope under N(0, precision^-1/2) priors."""
    design = np.column_stack([np.ones_like(x), x])
    cov = np.linalg.inv(design.T @ design / sigma**2 + prior_precision * np.eye(2))
    return cov @ design.T @ y / sigma**2, cov


@pytest.mark.parametrize("mu_sd", [3.0, 1e3])
def test_small_population_sds_tend_to_complete_pooling(mu_sd):
    """Every line becomes the pooled one under mu's N(0, mu_sd); with a wide mu, least squares.

    What is left at a population sd of s is of order s**2; at s = 1e-3 the curvature is 1e6,
    which costs the differences six of their sixteen digits.
    """
    data = some_data([4, 6, 3], np.random.default_rng(8))
    mean, cov = hierarchical_lines(data, 1.7, 1e-3, mu_sd)
    expected, expected_cov = least_squares(data.y, data.x, 1.7, 1 / mu_sd**2)
    np.testing.assert_allclose(mean[:3], expected[0], atol=1e-4)
    np.testing.assert_allclose(mean[3:6], expected[1], atol=1e-4)
    np.testing.assert_allclose(mean[-2:], expected, atol=1e-4)
    np.testing.assert_allclose(cov[-2:, -2:], expected_cov, atol=1e-4)
    if mu_sd == 1e3:
        by_sums, _ = conditional_normal(
            lambda line: float(
                CompletePooling().log_posterior(
                    data, {"alpha": line[:1], "beta": line[1:], "sigma": 1.7}
                )
            ),
            2,
        )
        np.testing.assert_allclose(mean[-2:], by_sums, atol=1e-4)


def test_large_population_sds_tend_to_no_pooling():
    """Every line becomes the individual's own least-squares line.

    What is left at a population sd of s is of order 1/s**2, 1e-8 here.
    """
    data = some_data([4, 6, 3], np.random.default_rng(9))
    mean, cov = hierarchical_lines(data, 1.7, 1e4, 3.0)
    own, own_cov = conditional_normal(
        lambda lines: float(
            Unpooled().log_posterior(data, {"alpha": lines[:3], "beta": lines[3:], "sigma": 1.7})
        ),
        6,
    )
    np.testing.assert_allclose(mean[:6], own, atol=1e-5)
    np.testing.assert_allclose(cov[:6, :6], own_cov, atol=1e-5)
    for i in range(3):
        rows = data.group == i
        expected, expected_cov = least_squares(data.y[rows], data.x[rows], 1.7)
        np.testing.assert_allclose(mean[[i, 3 + i]], expected, atol=1e-5)
        np.testing.assert_allclose(cov[np.ix_([i, 3 + i], [i, 3 + i])], expected_cov, atol=1e-5)


def test_in_between_lines_are_drawn_towards_their_mean():
    """The exact weights of a balanced design with x = -1, 1: data against population."""
    data = GroupedData(y=[1.0, 3.0, 9.0, 7.0], x=[-1.0, 1.0, -1.0, 1.0], group=[0, 0, 1, 1])
    sigma, tau = 2.0, 1.5
    mean, _ = hierarchical_lines(data, sigma, tau, 3.0)
    weight = (2 / sigma**2) / (2 / sigma**2 + 1 / tau**2)
    for own, fitted, centre in [([2, 8], mean[:2], mean[-2]), ([1, -1], mean[2:4], mean[-1])]:
        np.testing.assert_allclose(fitted, weight * np.array(own) + (1 - weight) * centre)


# --- prior draws ----------------------------------------------------------------------------


@usual_and_unusual
@pytest.mark.parametrize(("n_draws", "leading"), [(None, ()), (1, (1,)), (4, (4,))])
def test_shapes_of_prior_draws(model, n_draws, leading):
    draws = model.sample_prior(3, 1, n_draws=n_draws)
    assert tuple(draws) == model.parameter_names
    lines = 1 if isinstance(model, CompletePooling) else 3
    for name, value in draws.items():
        assert value.shape == ((*leading, lines) if name in ("alpha", "beta") else leading)
    assert np.isfinite(model.log_prior(draws)).all()


@each_model
def test_same_seed_same_prior_draws(model):
    for make in (lambda: 5, lambda: np.random.default_rng(5), lambda: RRandom(5)):
        first, again = (model.sample_prior(3, make(), n_draws=2) for _ in range(2))
        for name in model.parameter_names:
            np.testing.assert_array_equal(first[name], again[name])
    rng = np.random.default_rng(5)
    one, two = model.sample_prior(3, rng), model.sample_prior(3, rng)
    assert all((one[name] != two[name]).all() for name in model.parameter_names)


@usual_and_unusual
def test_prior_draws_have_the_priors_distribution(model):
    """Each parameter's distribution function against SciPy's, and no two go together.

    Lines of the hierarchical prior are standardised by their own population. By the inequality
    of Dvoretzky, Kiefer, Wolfowitz and Massart the distance of an empirical distribution
    function from the true one exceeds d with probability of at most 2 exp(-2 N d**2). With
    N = 20,000 and a chance of 1e-9, d = 0.0231. A rank correlation of independent columns has
    sd 1/sqrt(N), and 6 of them have a chance of 2e-9.
    """
    n_draws = 20_000
    draws = model.sample_prior(2, 2018, n_draws=n_draws)
    columns = []
    for name in model.parameter_names:
        values = draws[name]
        if isinstance(model, Hierarchical) and name in ("alpha", "beta"):
            mu, sd = draws[f"mu_{name}"][:, None], draws[f"sigma_{name}"][:, None]
            values, law = (values - mu) / sd, stats.norm()
        elif name.startswith("mu"):
            law = stats.norm(getattr(model, f"{name}_mean"), getattr(model, f"{name}_sd"))
        else:
            low = 0.0 if name.startswith("sigma") else getattr(model, f"{name}_low")
            law = stats.uniform(low, getattr(model, f"{name}_high") - low)
        columns += [law.cdf(column) for column in values.reshape(n_draws, -1).T]
    farthest = math.sqrt(math.log(2 / 1e-9) / (2 * n_draws))
    for column in columns:
        assert stats.ks_1samp(column, stats.uniform.cdf).statistic < farthest
    correlation = np.corrcoef(np.array(columns))
    assert np.abs(correlation - np.eye(len(columns))).max() < 6 / math.sqrt(n_draws)


# --- records and errors ---------------------------------------------------------------------


@each_model
def test_models_are_frozen_records(model):
    assert model == type(model)()
    assert hash(model) == hash(type(model)())
    assert model != dataclasses.replace(model, sigma_high=3.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.sigma_high = 3.0


def test_constants_of_any_number_type_become_floats():
    model = Unpooled(alpha_low=-100, sigma_high=np.array(10))
    assert model == Unpooled()
    assert type(model.alpha_low) is type(model.sigma_high) is float


@pytest.mark.parametrize("kind", [Unpooled, CompletePooling, Hierarchical])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, "1", None, [1.0, 2.0], 1j])
def test_a_scale_must_be_a_positive_number(kind, value):
    names = [f.name for f in dataclasses.fields(kind) if f.name.startswith("sigma")]
    names += ["mu_alpha_sd", "mu_beta_sd"] if kind is Hierarchical else []
    for name in names:
        with pytest.raises(ValueError, match=name):
            kind(**{name: value})


@pytest.mark.parametrize("kind", [Unpooled, CompletePooling])
@pytest.mark.parametrize("line", ["alpha", "beta"])
@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.inf)])
def test_bounds_must_be_in_order(kind, line, low, high):
    with pytest.raises(ValueError, match=line):
        kind(**{f"{line}_low": low, f"{line}_high": high})


@pytest.mark.parametrize("name", ["mu_alpha_mean", "mu_beta_mean"])
@pytest.mark.parametrize("value", [np.nan, np.inf, "0", None])
def test_a_mean_must_be_a_finite_number(name, value):
    with pytest.raises(ValueError, match=name):
        Hierarchical(**{name: value})


@each_model
def test_errors_of_parameters(model):
    rng = np.random.default_rng(10)
    data, params = some_data([2, 2, 2], rng), inside_support(model, 3, rng)
    for name in model.parameter_names:
        rest = {other: value for other, value in params.items() if other != name}
        for call in (model.log_prior, lambda p: model.log_posterior(data, p)):
            with pytest.raises(ValueError, match=f"params lacks {name}"):
                call(rest)
            with pytest.raises(ValueError, match=f"{name} contains NaN"):
                call(params | {name: np.full_like(params[name], np.nan)})
            with pytest.raises(ValueError, match=f"{name} must be a number or an array"):
                call(params | {name: "two"})
            with pytest.raises(ValueError, match="params must be a dict"):
                call(list(params.values()))
    for name in ("alpha", "beta"):
        for wrong in (1.0, np.zeros(2), np.zeros(0)):
            with pytest.raises(ValueError, match=f"{name} must have shape"):
                model.log_posterior(data, params | {name: wrong})
        with pytest.raises(ValueError, match=name):
            model.log_prior(params | {name: 1.0})
    with pytest.raises(ValueError, match="data must be a GroupedData"):
        model.log_posterior(data.y, params)


@each_model
def test_leading_axes_that_do_not_fit(model):
    rng = np.random.default_rng(11)
    params = inside_support(model, 3, rng, (4,))
    data = some_data([2, 2, 2], rng, replicates=(5,))
    with pytest.raises(ValueError, match=r"do not fit together: y \(5,\), alpha \(4,\)"):
        model.log_posterior(data, params)
    for name in model.parameter_names:
        wrong = params | {name: params[name][:3]}
        with pytest.raises(ValueError, match=r"do not fit together: alpha"):
            model.log_prior(wrong)


@each_model
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be at least 1"),
        ({"n": 2.0}, "n must be a whole number"),
        ({"n_draws": 0}, "n_draws must be at least 1"),
        ({"n_draws": 1.5}, "n_draws must be a whole number"),
        ({"rng": None}, "rng must be a seed"),
    ],
)
def test_errors_of_sample_prior(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.sample_prior(**({"n": 2, "rng": 1} | arguments))


@given(st.sampled_from(MODELS), st.data(), ANYTHING)
def test_odd_input(model, data, anything):
    rng = np.random.default_rng(12)
    params = inside_support(model, 2, rng)
    params |= {data.draw(st.sampled_from(model.parameter_names)): anything}
    answers_or_value_error(model.log_prior, params)
    answers_or_value_error(model.log_prior, anything)
    answers_or_value_error(model.log_posterior, some_data([1, 2], rng), params)
    answers_or_value_error(model.log_posterior, anything, params)
    answers_or_value_error(model.sample_prior, 2, anything)
    field = data.draw(st.sampled_from(dataclasses.fields(model))).name
    unusual = answers_or_value_error(type(model), **{field: anything})
    if unusual is not None:
        answers_or_value_error(unusual.sample_prior, 2, 1, n_draws=3)
        answers_or_value_error(unusual.log_prior, inside_support(model, 2, rng))
