"""The likelihood: three forms, SciPy and exact fractions beside them, shapes, edges, errors."""

import numpy as np
import pytest
from harness import ANYTHING, answers_or_value_error, exact_log_likelihood, some_data
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hiertools import (
    GroupedData,
    log_likelihood,
    log_likelihood_loop,
    log_likelihood_vectorized,
    normal_log_density,
)

FORMS = [log_likelihood, log_likelihood_vectorized, log_likelihood_loop]
SIZES = [[1], [4, 4], [1, 2, 9, 3, 1, 5, 2], [5] * 40]


def some_lines(n, rng, leading=()):
    return {
        "alpha": rng.normal(0.5, 2.0, (*leading, n)),
        "beta": rng.normal(-0.5, 2.0, (*leading, n)),
        "sigma": rng.uniform(0.3, 3.0, leading),
    }


def scipy_log_likelihood(data, params):
    """One dataset, one value of each parameter."""
    alpha, beta = (np.broadcast_to(params[name], data.n) for name in ("alpha", "beta"))
    mean = alpha[data.group] + beta[data.group] * data.x
    return stats.norm.logpdf(data.y, mean, params["sigma"]).sum()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sizes", SIZES, ids=len)
def test_every_form_equals_scipy(form, sizes):
    rng = np.random.default_rng(len(sizes))
    for _ in range(5):
        data, params = some_data(sizes, rng), some_lines(len(sizes), rng)
        expected = scipy_log_likelihood(data, params)
        np.testing.assert_allclose(form(data, params), expected, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("x_mean", [0.0, 1e6, -1e6])
@pytest.mark.parametrize("y_mean", [0.0, 1e6])
def test_data_far_from_zero_lose_no_digits(form, x_mean, y_mean):
    """Means of a million, sds of one; the reference has exact residuals.

    The intercept holds a number of size a million, of which float64 keeps 1e-10: no more is
    lost than that, and the sum over residuals of size one keeps 1e-10 relative.
    """
    rng = np.random.default_rng(5)
    data = some_data([3, 7, 2, 12], rng)
    x, y = data.x + x_mean, data.y + y_mean
    data = GroupedData(y=y, x=x, group=data.group)
    for _ in range(5):
        params = some_lines(4, rng)
        params["alpha"] = params["alpha"] + y_mean - params["beta"] * x_mean
        expected = exact_log_likelihood(
            y, x, data.group, *(params[name].tolist() for name in ("alpha", "beta", "sigma"))
        )
        np.testing.assert_allclose(form(data, params), expected, rtol=1e-10)


@pytest.mark.parametrize("leading", [(), (1,), (6,), (3, 2), (0,)])
def test_parameters_broadcast_on_leading_axes(leading):
    rng = np.random.default_rng(2)
    data, params = some_data([2, 3, 4], rng), some_lines(3, rng, leading)
    answer = log_likelihood(data, params)
    assert answer.shape == leading
    np.testing.assert_allclose(answer, log_likelihood_vectorized(data, params), rtol=1e-12)
    for at in np.ndindex(leading):
        one = {name: value[at] for name, value in params.items()}
        np.testing.assert_allclose(answer[at], scipy_log_likelihood(data, one), rtol=1e-12)


@pytest.mark.parametrize(
    ("alpha", "beta", "sigma", "expected"),
    [((3,), (3,), (6,), (6,)), ((5, 1, 3), (4, 3), (), (5, 4)), ((1, 3), (3,), (2, 1), (2, 1))],
)
def test_parameters_of_different_leading_axes_fit_together(alpha, beta, sigma, expected):
    rng = np.random.default_rng(3)
    data = some_data([2, 3, 4], rng)
    params = {"alpha": rng.normal(size=alpha), "beta": rng.normal(size=beta)}
    params["sigma"] = rng.uniform(1, 2, sigma)
    answer = log_likelihood(data, params)
    assert answer.shape == expected
    np.testing.assert_allclose(answer, log_likelihood_vectorized(data, params), rtol=1e-12)


@pytest.mark.parametrize(
    ("replicates", "leading"), [((5,), ()), ((5,), (5,)), ((2, 5), (5,)), ((5,), (4, 1))]
)
def test_replicated_datasets_broadcast_against_parameters(replicates, leading):
    rng = np.random.default_rng(4)
    data = some_data([2, 3, 4], rng, replicates=replicates)
    params = some_lines(3, rng, leading)
    answer = log_likelihood(data, params)
    shape = np.broadcast_shapes(replicates, leading)
    assert answer.shape == shape
    np.testing.assert_allclose(answer, log_likelihood_vectorized(data, params), rtol=1e-12)
    y = np.broadcast_to(data.y, (*shape, data.x.size))
    alpha, beta = (np.broadcast_to(params[name], (*shape, 3)) for name in ("alpha", "beta"))
    sigma = np.broadcast_to(params["sigma"], shape)
    for at in np.ndindex(shape):
        one_dataset = GroupedData(y=y[at], x=data.x, group=data.group)
        one = {"alpha": alpha[at], "beta": beta[at], "sigma": sigma[at]}
        np.testing.assert_allclose(answer[at], scipy_log_likelihood(one_dataset, one), rtol=1e-12)


@pytest.mark.parametrize("leading", [(), (4,)])
def test_one_line_shared_by_all(leading):
    rng = np.random.default_rng(6)
    data, params = some_data([2, 3, 4], rng), some_lines(1, rng, leading)
    repeated = {name: np.repeat(params[name], 3, axis=-1) for name in ("alpha", "beta")}
    expected = log_likelihood(data, params | repeated)
    np.testing.assert_allclose(log_likelihood(data, params), expected, rtol=1e-14)


def test_an_individual_whose_x_are_all_equal():
    rng = np.random.default_rng(7)
    y, x, group = rng.normal(size=6), [2.0, 2.0, 2.0, 1.0, 3.0, 7.0], [0, 0, 0, 1, 1, 2]
    data, params = GroupedData(y=y, x=x, group=group), some_lines(3, rng)
    expected = scipy_log_likelihood(data, params)
    np.testing.assert_allclose(log_likelihood(data, params), expected, rtol=1e-12)


def test_order_of_rows_and_names_of_groups_do_not_matter():
    rng = np.random.default_rng(8)
    data, params = some_data([2, 3, 4], rng, shuffle=False), some_lines(3, rng)
    rows = rng.permutation(9)
    shuffled = GroupedData(y=data.y[rows], x=data.x[rows], group=data.group[rows])
    expected = log_likelihood(data, params)
    np.testing.assert_allclose(log_likelihood(shuffled, params), expected, rtol=1e-13)


DATA = GroupedData(y=[1.0, 3.0, 2.0], x=[0.0, 1.0, 2.0], group=[0, 0, 1])
GOOD = {"alpha": [1.0, 0.5], "beta": [1.0, -1.0], "sigma": 2.0}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sigma", [0.0, -0.0, -1.0, -1e-300, -1e150])
def test_minus_infinity_where_sigma_is_not_above_zero(form, sigma):
    assert form(DATA, GOOD | {"sigma": sigma}) == -np.inf


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": [np.inf, 0.0]},
        {"alpha": [-np.inf, np.inf]},
        {"beta": [0.0, -np.inf]},
        {"beta": [np.inf, 0.0]},
        {"alpha": [np.inf, 0.0], "beta": [-np.inf, 0.0]},
        {"sigma": np.inf},
        {"sigma": -np.inf},
        {"alpha": [np.inf, 0.0], "sigma": np.inf},
    ],
)
def test_minus_infinity_where_a_parameter_is_infinite(change):
    assert log_likelihood(DATA, GOOD | change) == -np.inf
    for form in FORMS[1:]:
        with pytest.raises(ValueError, match="infinity"):
            form(DATA, GOOD | change)


def test_only_the_draws_outside_the_support_are_minus_infinity():
    params = {"alpha": [1.0, 0.5], "beta": [1.0, -1.0], "sigma": [2.0, -1.0, 0.0, 1.0]}
    assert np.isfinite(log_likelihood(DATA, params)).tolist() == [True, False, False, True]


@pytest.mark.parametrize("sigma", [1e-140, 1e-8, 1e8, 1e140])
@pytest.mark.parametrize("form", FORMS)
def test_extreme_sigma(form, sigma):
    params = GOOD | {"sigma": sigma}
    expected = exact_log_likelihood([1.0, 3.0, 2.0], [0.0, 1.0, 2.0], [0, 0, 1], *params.values())
    np.testing.assert_allclose(form(DATA, params), expected, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_a_perfect_fit_has_no_residual_term(form):
    """Data on a line: the log likelihood is -N log(sigma) and a constant, down to 1e-300."""
    data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
    answer = form(data, {"alpha": [1.0], "beta": [2.0], "sigma": 1e-300})
    assert answer == pytest.approx(-2 * (np.log(1e-300) + 0.5 * np.log(2 * np.pi)), rel=1e-14)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": [np.nan, 0.0]}, "alpha contains NaN"),
        ({"beta": [np.nan, np.inf]}, "beta contains NaN"),
        ({"sigma": np.nan}, "sigma contains NaN"),
        ({"sigma": "2"}, "sigma must be a number"),
        ({"alpha": [1.0, 2.0, 3.0]}, "alpha (and beta )?must have"),
        ({"beta": 1.0}, "beta must have shape"),
        ({"alpha": []}, "alpha must have shape"),
        ({"beta": [1.0]}, "beta"),
        ({"alpha": np.zeros((3, 2)), "sigma": np.ones(4)}, "leading axes|loop takes one"),
    ],
)
def test_errors_of_parameters(form, change, message):
    with pytest.raises(ValueError, match=message):
        form(DATA, GOOD | change)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["alpha", "beta", "sigma"])
def test_a_missing_parameter_is_named(form, name):
    params = {other: value for other, value in GOOD.items() if other != name}
    with pytest.raises(ValueError, match=f"params lacks {name}"):
        form(DATA, params)


@pytest.mark.parametrize("form", FORMS)
def test_data_and_params_of_the_wrong_kind(form):
    with pytest.raises(ValueError, match="data must be a GroupedData"):
        form([1.0, 2.0], GOOD)
    with pytest.raises(ValueError, match="params must be a dict"):
        form(DATA, [1.0, 2.0])


@pytest.mark.parametrize("name", ["alpha", "beta", "sigma"])
def test_replicates_that_do_not_fit_the_parameters(name):
    data = some_data([2, 3, 4], np.random.default_rng(9), replicates=(4,))
    params = some_lines(3, np.random.default_rng(9))
    params[name] = np.ones((5, *np.shape(params[name])))
    for form in FORMS[:2]:
        with pytest.raises(ValueError, match=r"leading axes .* do not fit together: y \(4,\)"):
            form(data, params)


def test_the_loop_takes_one_dataset_and_one_draw():
    replicated = GroupedData(y=[[1.0, 3.0, 2.0]], x=DATA.x, group=DATA.group)
    for data, change in [
        (replicated, {}),
        (DATA, {"sigma": [1.0]}),
        (DATA, {"alpha": [[1.0, 2.0]]}),
    ]:
        with pytest.raises(ValueError, match="one dataset and one value"):
            log_likelihood_loop(data, GOOD | change)


def test_parameters_are_not_changed():
    params = some_lines(2, np.random.default_rng(10), (3,))
    before = {name: value.copy() for name, value in params.items()}
    log_likelihood(DATA, params)
    for name, value in before.items():
        np.testing.assert_array_equal(params[name], value)


@given(st.sampled_from(["alpha", "beta", "sigma"]), ANYTHING, ANYTHING)
def test_odd_parameters(name, value, anything):
    for form in FORMS:
        answers_or_value_error(form, DATA, GOOD | {name: value})
        answers_or_value_error(form, anything, GOOD)
        answers_or_value_error(form, DATA, anything)
    replicated = GroupedData(y=np.ones((2, 3)), x=DATA.x, group=DATA.group)
    answers_or_value_error(log_likelihood, replicated, GOOD | {name: value})


# --- normal_log_density ---------------------------------------------------------------------


def test_normal_log_density_equals_scipy_and_broadcasts():
    rng = np.random.default_rng(11)
    value, mean, sd = rng.normal(size=(4, 1)), rng.normal(size=3), rng.uniform(0.1, 5, (2, 1, 1))
    answer = normal_log_density(value, mean, sd)
    assert answer.shape == (2, 4, 3)
    np.testing.assert_allclose(answer, stats.norm.logpdf(value, mean, sd), rtol=1e-13)


@pytest.mark.parametrize(
    "arguments",
    [(0, 0, 0), (0, 0, -1), (np.inf, 0, 1), (0, -np.inf, 1), (np.inf, np.inf, 1), (0, 0, np.inf)],
)
def test_normal_log_density_is_minus_infinity_off_the_scale(arguments):
    assert normal_log_density(*arguments) == -np.inf


@given(ANYTHING, ANYTHING, ANYTHING)
def test_odd_arguments_of_normal_log_density(value, mean, sd):
    answers_or_value_error(normal_log_density, value, mean, sd)
    answers_or_value_error(normal_log_density, value, 0.0, 1.0)
    answers_or_value_error(normal_log_density, 0.0, 0.0, sd)
