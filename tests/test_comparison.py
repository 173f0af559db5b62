"""Errors, means, intervals and coverage against the same in plain loops."""

import math

import numpy as np
import pytest
from harness import ANYTHING, answers_or_value_error
from hypothesis import given
from hypothesis import strategies as st

from hiertools import coverage, error_parts, posterior_interval, posterior_mean, rmse

RNG = np.random.default_rng(1)
DRAWS = {"alpha": RNG.normal(size=(40, 3)), "sigma": RNG.normal(size=40)}


# --- rmse -----------------------------------------------------------------------------------


def test_rmse_by_hand_and_in_a_loop():
    assert rmse([3.0, 0.0], [0.0, 4.0]) == pytest.approx(math.sqrt(25 / 2))
    estimate, truth = RNG.normal(size=7), RNG.normal(size=7)
    expected = math.sqrt(sum((e - t) ** 2 for e, t in zip(estimate, truth, strict=True)) / 7)
    assert rmse(estimate, truth) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("estimate", "truth", "expected"),
    [
        ((5, 3), (3,), (5,)),
        ((3,), (5, 3), (5,)),
        ((4, 1, 3), (5, 3), (4, 5)),
        ((5, 1), (3,), (5,)),
        ((1,), (3,), ()),
    ],
)
def test_rmse_broadcasts_on_leading_axes(estimate, truth, expected):
    estimate, truth = RNG.normal(size=estimate), RNG.normal(size=truth)
    answer = rmse(estimate, truth)
    assert answer.shape == expected
    a, b = np.broadcast_arrays(estimate, truth)
    for at in np.ndindex(expected):
        assert answer[at] == pytest.approx(math.sqrt(np.mean((a[at] - b[at]) ** 2)), rel=1e-14)


# --- posterior_mean, posterior_interval -----------------------------------------------------


@pytest.mark.parametrize("warmup", [0, 1, 39])
def test_posterior_mean_leaves_out_exactly_the_warm_up(warmup):
    means = posterior_mean(DRAWS, warmup)
    assert set(means) == {"alpha", "sigma"}
    assert means["sigma"] == pytest.approx(sum(DRAWS["sigma"][warmup:]) / (40 - warmup))
    np.testing.assert_allclose(means["alpha"], [c[warmup:].mean() for c in DRAWS["alpha"].T])


@pytest.mark.parametrize("prob", [0.5, 0.9, 0.99])
def test_posterior_interval_has_equal_tails(prob):
    """Of 101 ordered draws 0, 1, ..., 100 the quantile of p is 100 p."""
    shuffled = RNG.permutation(np.arange(101.0))
    draws = {"sigma": shuffled, "alpha": np.column_stack([shuffled, -shuffled, 7 + shuffled])}
    low, high = 50 - 50 * prob, 50 + 50 * prob
    interval = posterior_interval(draws, prob)
    np.testing.assert_allclose(interval["sigma"], [low, high])
    np.testing.assert_allclose(interval["alpha"], [[low, high], [-high, -low], [7 + low, 7 + high]])


def test_posterior_interval_is_90_percent_after_its_warm_up():
    kept = {"sigma": DRAWS["sigma"][10:]}
    expected = posterior_interval(kept, 0.9)["sigma"]
    np.testing.assert_array_equal(posterior_interval(DRAWS, warmup=10)["sigma"], expected)
    assert posterior_interval({"alpha": np.zeros((5, 4, 3))})["alpha"].shape == (4, 3, 2)


# --- coverage -------------------------------------------------------------------------------


def test_coverage_counts_truths_inside_ends_included():
    interval = [[0.0, 1.0]] * 5
    assert coverage(interval, [0.0, 1.0, 0.5, -0.001, 1.001]) == 0.6


@pytest.mark.parametrize(
    ("interval", "truth", "expected"),
    [((6, 3, 2), (3,), (6,)), ((3, 2), (6, 3), (6,)), ((1, 2), (3,), ()), ((6, 1, 2), (3,), (6,))],
)
def test_coverage_broadcasts_on_leading_axes(interval, truth, expected):
    interval, truth = np.sort(RNG.normal(size=interval)), RNG.normal(size=truth)
    answer = coverage(interval, truth)
    assert answer.shape == expected
    inside = (interval[..., 0] <= truth) & (truth <= interval[..., 1])
    np.testing.assert_array_equal(answer, inside.mean(axis=-1))


def test_coverage_of_exact_intervals_is_their_probability():
    """Draws and truth from the same normals, 4,000 individuals.

    The count inside is binomial, and the interval of 999 draws holds (by the order of 1,000
    exchangeable numbers) 0.9 of a new one within 0.002; five standard errors are 0.024.
    """
    rng = np.random.default_rng(3)
    interval = posterior_interval({"alpha": rng.normal(size=(999, 4000))}, 0.9)["alpha"]
    share = coverage(interval, rng.normal(size=4000))
    assert abs(share - 0.9) < 0.002 + 5 * math.sqrt(0.9 * 0.1 / 4000)


# --- error_parts ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (50, 3)])
def test_error_parts_add_up(shape):
    estimates, truth = RNG.normal(size=shape), 3 * (-1.0) ** np.arange(shape[1])
    bias, variance, mse = error_parts(estimates, truth)
    np.testing.assert_allclose(mse, bias**2 + variance, rtol=1e-12)
    np.testing.assert_allclose(bias, estimates.mean(axis=0) - truth, rtol=1e-12)
    np.testing.assert_allclose(variance, estimates.var(axis=0), rtol=1e-12, atol=1e-30)
    expected = [np.mean((estimates[:, i] - truth[i]) ** 2) for i in range(shape[1])]
    np.testing.assert_allclose(mse, expected, rtol=1e-12)


def test_one_estimate_for_all_has_a_bias_for_each():
    parts = error_parts([[1.0], [3.0]], [0.0, 2.0])
    np.testing.assert_allclose(parts.bias, [2.0, 0.0])
    np.testing.assert_allclose(parts.variance, [1.0, 1.0])


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rmse([1.0, np.nan], [1.0, 2.0]), "estimate contains NaN"),
        (lambda: rmse([1.0, 2.0], [np.inf, 2.0]), "truth contains infinity"),
        (lambda: rmse(["a"], [1.0]), "estimate must be a number"),
        (lambda: rmse(1.0, 1.0), "same individuals"),
        (lambda: rmse([1.0, 2.0], [1.0, 2.0, 3.0]), "same individuals"),
        (lambda: rmse([1.0, 2.0, 3.0], [1.0]), "same individuals"),
        (lambda: rmse([], []), "same individuals"),
        (lambda: rmse(np.zeros((2, 3)), np.zeros((4, 3))), "same individuals"),
        (lambda: posterior_mean([1.0]), "draws must be a dict"),
        (lambda: posterior_mean({}), "draws must be a dict"),
        (lambda: posterior_mean({"a": 1.0}), "no draw of a"),
        (lambda: posterior_mean({"a": []}), "no draw of a"),
        (lambda: posterior_mean({"a": [1.0, 2.0]}, 2), "warmup leaves no draw of a"),
        (lambda: posterior_mean({"a": [1.0, 2.0]}, -1), "warmup must be at least 0"),
        (lambda: posterior_mean({"a": [1.0, 2.0]}, 0.2), "warmup must be a whole number"),
        (lambda: posterior_mean({"a": [1.0, np.nan]}), r"draws\['a'\] contains NaN"),
        (lambda: posterior_mean({"a": [1.0, np.inf]}), r"draws\['a'\] contains infinity"),
        (lambda: posterior_interval({"a": [1.0]}, 0.0), "prob must be between 0 and 1"),
        (lambda: posterior_interval({"a": [1.0]}, 1.0), "prob must be between 0 and 1"),
        (lambda: posterior_interval({"a": [1.0]}, 90), "prob must be between 0 and 1"),
        (lambda: posterior_interval({"a": [1.0]}, np.nan), "prob contains NaN"),
        (lambda: posterior_interval({"a": [1.0]}, "90%"), "prob must be a number"),
        (lambda: posterior_interval({"a": [1.0]}, warmup=1), "warmup leaves no draw"),
        (lambda: coverage([0.0, 1.0], [0.5]), "interval must have shape"),
        (lambda: coverage([[0.0, 1.0, 2.0]], [0.5]), "interval must have shape"),
        (lambda: coverage([[0.0, 1.0]] * 3, [0.5, 0.5]), "same individuals"),
        (lambda: coverage([[0.0, 1.0]] * 3, [0.5]), "same individuals"),
        (lambda: coverage([[np.nan, 1.0]], [0.5]), "interval contains NaN"),
        (lambda: coverage([[0.0, 1.0]], [np.nan]), "truth contains NaN"),
        (lambda: coverage(np.zeros((0, 2)), []), "same individuals"),
        (lambda: error_parts([1.0, 2.0], [1.0, 2.0]), "estimates must have shape"),
        (lambda: error_parts(np.zeros((2, 3)), np.zeros((2, 3))), "truth shape"),
        (lambda: error_parts(np.zeros((0, 3)), np.zeros(3)), "same individuals"),
        (lambda: error_parts([[np.nan]], [1.0]), "contains NaN"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@given(ANYTHING, ANYTHING, st.integers(-1, 3))
def test_odd_input(first, second, warmup):
    answers_or_value_error(rmse, first, second)
    answers_or_value_error(rmse, first, first)
    answers_or_value_error(coverage, first, second)
    answers_or_value_error(error_parts, first, second)
    for summary in (posterior_mean, posterior_interval):
        answers_or_value_error(summary, first)
        answers_or_value_error(summary, {"a": first}, warmup=warmup)
        answers_or_value_error(summary, {"a": [1.0, 2.0]}, warmup=first)
    answers_or_value_error(posterior_interval, {"a": [1.0, 2.0]}, first)
