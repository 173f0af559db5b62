"""R's generator: R's own figures, a slow version of it, shapes, and what it refuses."""

from types import SimpleNamespace

import numpy as np
import pytest
from harness import ANYTHING, SlowR, answers_or_value_error, asks_for_much
from hypothesis import given

from hiertools import RRandom, as_rng
from hiertools.rrandom import streams

SEEDS = [1, 0, 42, -1, -20181211, 2**31 - 1, -(2**31 - 1)]


def test_the_numbers_that_r_prints_after_set_seed_1():
    uniform = [0.2655087, 0.3721239, 0.5728534]
    normal = [-0.6264538, 0.1836433, -0.8356286]
    np.testing.assert_allclose(RRandom(1).random(3), uniform, atol=5e-8, rtol=0)
    np.testing.assert_allclose(RRandom(1).standard_normal(3), normal, atol=5e-8, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_stream_equals_a_slow_version_of_r(seed):
    """Past word 624, where the Mersenne Twister makes its next state, and mixed in kind."""
    ours, slow = RRandom(seed), SlowR(seed)
    np.testing.assert_array_equal(ours.random(700), [slow.runif() for _ in range(700)])
    expected = [slow.rnorm() for _ in range(700)]
    np.testing.assert_allclose(ours.standard_normal(700), expected, atol=1e-13, rtol=1e-13)
    assert ours.uniform(-3, 8) == pytest.approx(slow.runif(-3, 8), rel=1e-15)
    assert ours.normal(5, 3) == pytest.approx(slow.rnorm(5, 3), rel=1e-13)


def test_numpy_integers_are_seeds_too():
    assert RRandom(np.int64(7)).random() == RRandom(7).random()


def test_uniforms_are_kept_inside_0_and_1():
    rng = RRandom(1)
    extremes = np.array([0, 2**32 - 1], dtype=np.uint64)
    rng._bits = SimpleNamespace(random_raw=lambda count: extremes)
    low, high = rng.random(2)
    assert 0 < low < 2e-10
    assert 1 - 3e-10 < high < 1


@pytest.mark.parametrize("method", ["random", "uniform", "standard_normal", "normal"])
@pytest.mark.parametrize("size", [0, 1, 5, (), (3,), (2, 3), (2, 0), np.int64(4)])
def test_size_is_the_shape_of_the_answer_filled_row_by_row(method, size):
    answer = getattr(RRandom(3), method)(size=size)
    assert isinstance(answer, np.ndarray)
    assert answer.shape == np.empty(size).shape
    np.testing.assert_array_equal(answer.ravel(), getattr(RRandom(3), method)(size=answer.size))


@pytest.mark.parametrize("method", ["random", "uniform", "standard_normal", "normal"])
def test_without_a_size_one_float_comes_back(method):
    rng = RRandom(3)
    one_by_one = [getattr(rng, method)() for _ in range(4)]
    assert all(type(number) is float for number in one_by_one)
    np.testing.assert_array_equal(one_by_one, getattr(RRandom(3), method)(size=4))


def test_arrays_of_loc_and_scale_broadcast():
    z = RRandom(5).standard_normal((2, 3))
    loc, scale = np.array([[10.0], [20.0]]), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(RRandom(5).normal(loc, scale), loc + scale * z, rtol=1e-15)
    np.testing.assert_allclose(RRandom(5).normal(loc, 2, size=(2, 3)), loc + 2 * z, rtol=1e-15)
    u = RRandom(5).random((2, 3))
    np.testing.assert_allclose(
        RRandom(5).uniform(loc, 30, (2, 3)), loc + (30 - loc) * u, rtol=1e-15
    )
    assert RRandom(5).uniform(loc, 30).shape == (2, 1)


def test_scale_zero_and_equal_bounds_draw_nothing():
    rng = RRandom(9)
    assert rng.normal(5.0, 0.0) == 5.0
    assert rng.uniform(2.0, 2.0) == 2.0
    np.testing.assert_array_equal(rng.normal([1.0, 2.0], 0.0), [1.0, 2.0])
    assert rng.random() == RRandom(9).random()


def test_only_entries_with_a_scale_use_up_the_stream():
    slow = SlowR(9)
    expected = [slow.rnorm(1, 2), 7.0, slow.rnorm(3, 4)]
    np.testing.assert_allclose(RRandom(9).normal([1, 7, 3], [2, 0, 4]), expected, rtol=1e-13)


def test_arguments_are_not_changed():
    loc = np.array([1.0, 2.0])
    RRandom(1).normal(loc, 1.0)
    RRandom(1).uniform(loc, 3.0)
    np.testing.assert_array_equal(loc, [1.0, 2.0])


@pytest.mark.parametrize(
    "seed", [2**31, -(2**31), 1.0, "1", None, True, np.True_, [1], float("nan"), 10**40]
)
def test_seeds_that_r_does_not_take(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        RRandom(seed)


@pytest.mark.parametrize("size", [-1, 2.5, "3", (2, -1), [2, 3], True])
def test_sizes_that_are_no_shape(size):
    for method in ("random", "uniform", "standard_normal", "normal"):
        with pytest.raises(ValueError, match="size"):
            getattr(RRandom(1), method)(size=size)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: rng.normal(0, -1), "scale must not be negative"),
        (lambda rng: rng.normal(0, [1, -1]), "scale must not be negative"),
        (lambda rng: rng.normal(np.nan, 1), "loc contains NaN"),
        (lambda rng: rng.normal(0, np.inf), "scale contains infinity"),
        (lambda rng: rng.normal(0, "one"), "scale must be a number"),
        (lambda rng: rng.normal([1, 2], [1, 2, 3]), "shapes do not fit"),
        (lambda rng: rng.normal([1, 2], 1, size=3), "shapes do not fit"),
        (lambda rng: rng.uniform(2, 1), "low must not exceed high"),
        (lambda rng: rng.uniform(np.nan, 1), "low contains NaN"),
        (lambda rng: rng.uniform(0, np.inf), "high contains infinity"),
        (lambda rng: rng.uniform([0, 0], 1, size=(3, 3)), "shapes do not fit"),
    ],
)
def test_errors_say_what_is_wrong_and_draw_nothing(call, message):
    rng = RRandom(1)
    with pytest.raises(ValueError, match=message):
        call(rng)
    assert rng.random() == RRandom(1).random()


def test_as_rng_takes_seeds_and_passes_generators_through():
    assert as_rng(5).random() == np.random.default_rng(5).random()
    assert as_rng(np.int32(5)).random() == np.random.default_rng(5).random()
    for generator in (np.random.default_rng(1), RRandom(1)):
        assert as_rng(generator) is generator


@pytest.mark.parametrize(
    "rng", [None, -1, 1.0, "1", True, np.random, np.random.RandomState(1), [1], RRandom]
)
def test_as_rng_refuses_everything_else(rng):
    with pytest.raises(ValueError, match="rng must be a seed"):
        as_rng(rng)


@pytest.mark.parametrize("kind", [RRandom, np.random.default_rng])
def test_streams_differ_from_each_other_and_from_those_of_the_next_call(kind):
    rng = kind(3)
    values = [stream.random() for _ in range(2) for stream in streams(rng, 3)]
    assert len(set(values)) == 6
    assert values[:3] == [stream.random() for stream in streams(kind(3), 3)]


@given(ANYTHING, ANYTHING)
def test_odd_input_gives_an_answer_or_a_value_error(first, second):
    rng = answers_or_value_error(RRandom, first) or RRandom(1)
    answers_or_value_error(as_rng, first)
    answers_or_value_error(rng.normal, first, second)
    answers_or_value_error(rng.uniform, first, second)
    if not asks_for_much(first):
        answers_or_value_error(rng.random, first)
        answers_or_value_error(rng.standard_normal, first)
