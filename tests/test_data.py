"""Grouped data: anybody's labels and columns, the simulation, the statistics, the errors."""

import time

import numpy as np
import pandas as pd
import pytest
from harness import ANYTHING, SlowR, answers_or_value_error, golden, some_data
from hypothesis import given
from hypothesis import strategies as st

from hiertools import GroupedData, RRandom, simulate

# --- GroupedData and from_long --------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "labels"),
    [
        (["b", "a", "b"], ("b", "a")),
        ([3, 1, 3], (3, 1)),
        (np.array([3, 1, 3]), (3, 1)),
        (np.array(["b", "a", "b"]), ("b", "a")),
        ([("x", 1), ("x", 2), ("x", 1)], (("x", 1), ("x", 2))),
        ([frozenset({1}), "a", frozenset({1})], (frozenset({1}), "a")),
        ([1.5, -1.5, 1.5], (1.5, -1.5)),
        ([True, False, True], (True, False)),
        (range(3), (0, 1, 2)),
        ((label for label in "bab"), ("b", "a")),
        (
            np.array(["2020-02-01", "2020-01-01", "2020-02-01"], dtype="M8[ns]"),
            (np.datetime64("2020-02-01"), np.datetime64("2020-01-01")),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_labels_of_any_hashable_type_in_order_of_first_appearance(group, labels):
    data = GroupedData.from_long([1, 2, 3], [4, 5, 6], group)
    assert data.labels == labels
    assert data.n == len(labels)
    assert data.group.tolist() == ([0, 1, 0] if data.n == 2 else [0, 1, 2])
    assert data.y.tolist() == [1, 2, 3]
    assert data.x.tolist() == [4, 5, 6]


@pytest.mark.parametrize("dtype", ["float64", "int64", "float32", "Int64", "Float64", "bool"])
def test_number_columns_of_a_data_frame(dtype):
    """Also with an index that is not 0, 1, 2: rows are rows, whatever they are called."""
    frame = pd.DataFrame({"y": [1, 0, 1], "x": [0, 1, 1], "who": list("bab")}, index=[9, 2, 9])
    data = GroupedData.from_long(frame["y"].astype(dtype), frame["x"].astype(dtype), frame["who"])
    assert data.y.tolist() == [1, 0, 1]
    assert data.x.tolist() == [0, 1, 1]
    assert data.y.dtype == np.float64
    assert data.labels == ("b", "a")


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_label_columns_of_a_data_frame(dtype):
    """A Categorical's unused and reordered categories play no part."""
    column = pd.Series(["b", "a", "b"], index=[5, 6, 7]).astype(dtype)
    if dtype == "category":
        column = column.cat.set_categories(["c", "a", "b"])
    data = GroupedData.from_long([1, 2, 3], [1, 2, 3], column)
    assert data.labels == ("b", "a")
    assert data.group.tolist() == [0, 1, 0]


@pytest.mark.parametrize("dtype", ["float64", "Int64", "Float64", "object"])
def test_missing_numbers_of_a_data_frame_are_refused(dtype):
    column = pd.Series([1, None, 3], dtype=dtype)
    with pytest.raises(ValueError, match=r"^y "):
        GroupedData.from_long(column, [1, 2, 3], list("aab"))


@pytest.mark.parametrize(
    "group",
    [
        ["a", None, "b"],
        [1.0, float("nan"), 2.0],
        np.array([1.0, np.nan, 2.0]),
        pd.Series(["a", pd.NA, "b"], dtype="string"),
        pd.Series(["a", None, "b"], dtype="category"),
        pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-02"])),
        np.array(["2020-01-01", "NaT", "2020-01-01"], dtype="M8[ns]"),
    ],
)
def test_missing_labels_are_refused(group):
    with pytest.raises(ValueError, match="rows without a label"):
        GroupedData.from_long([1, 2, 3], [1, 2, 3], group)


def test_unequal_and_unsorted_groups():
    data = GroupedData(y=[1, 2, 3, 4], x=[0, 0, 1, 1], group=[2, 0, 2, 1])
    assert data.n == 3
    assert data.m.tolist() == [1, 1, 2]
    assert repr(data) == "GroupedData(4 observations of 3 individuals, 1 to 2 each)"


def test_replicates_stand_on_leading_axes_of_y():
    y = np.arange(24.0).reshape(2, 4, 3)
    data = GroupedData(y=y, x=[0, 1, 2], group=[0, 1, 0])
    assert data.y.shape == (2, 4, 3)
    assert data.statistics.y_mean.shape == (2, 4, 2)
    np.testing.assert_array_equal(data.statistics.y_mean[..., 0], (y[..., 0] + y[..., 2]) / 2)
    assert "(2, 4) replicates" in repr(data)


def test_the_cost_grows_no_faster_than_the_number_of_individuals():
    """Ten times as many take ten times as long; a cost that grows with the square, a hundred."""

    def data_and_seconds(n):
        group = np.arange(n)[::-1]
        started = time.process_time()
        data = GroupedData.from_long(np.ones(n), np.ones(n), group)
        _ = data.statistics
        return data, time.process_time() - started

    ratios = []
    while len(ratios) < 5 and min(ratios, default=99.0) >= 30:
        (_, some), (data, many) = data_and_seconds(100_000), data_and_seconds(1_000_000)
        ratios.append(many / some)
    assert min(ratios) < 30, ratios
    assert data.n == 1_000_000
    assert data.labels[0] == 999_999


def test_nothing_can_be_changed():
    y, x, group = np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([0, 1])
    data = GroupedData(y, x, group)
    y[0], x[0], group[0] = 9, 9, 1  # the caller's arrays stay the caller's
    assert (data.y[0], data.x[0], data.group[0]) == (1, 1, 0)
    for array in (data.y, data.x, data.group, data.m, *data.statistics):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9
    with pytest.raises(AttributeError):
        data.y = y
    with pytest.raises(AttributeError):
        data.n = 3


def test_statistics_are_plain_sums_by_individual():
    """Against NumPy's own polyfit and sums, one individual at a time."""
    rng = np.random.default_rng(1)
    data = some_data([3, 8, 2, 20], rng)
    statistics = data.statistics
    for i in range(data.n):
        y, x = data.y[data.group == i], data.x[data.group == i]
        slope, intercept = np.polyfit(x, y, 1)
        expected = [len(y), x.mean(), len(x) * x.var(), y.mean(), slope]
        np.testing.assert_allclose([s[i] for s in statistics[:5]], expected, rtol=1e-12)
        rss = ((y - intercept - slope * x) ** 2).sum()
        np.testing.assert_allclose(statistics.rss[i], rss, rtol=1e-10, atol=1e-25)


@pytest.mark.parametrize("x", [0.0, 0.1, 1e6, -1e150])
def test_slope_is_zero_where_all_x_are_equal(x):
    data = GroupedData(y=[1.0, 2.0, 6.0], x=[x, x, x], group=[0, 0, 0])
    assert data.statistics.slope.tolist() == [0.0]
    assert data.statistics.x_ss.tolist() == [0.0]
    assert data.statistics.rss[0] == pytest.approx(14.0)


GOOD = {"y": [1.0, 2.0], "x": [1.0, 2.0], "group": [0, 1]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [1.0, np.nan]}, r"^y contains NaN \(1 of 2"),
        ({"y": [1.0, np.inf]}, r"^y contains infinity"),
        ({"x": [np.nan, np.nan]}, r"^x contains NaN \(2 of 2"),
        ({"x": [-np.inf, np.inf]}, r"^x contains infinity"),
        ({"x": [1.0, 1e200]}, r"^x contains infinity or numbers beyond 1e\+150"),
        ({"y": ["a", "b"]}, r"^y must be a number or an array"),
        ({"y": [[1.0], [2.0, 3.0]]}, r"^y must be a number or an array"),
        ({"y": [1j, 2.0]}, r"^y must be a number or an array"),
        ({"y": np.array(["2020-01-01", "2020-01-02"], "M8[D]")}, r"^y must be a number"),
        ({"y": np.ma.array([1.0, 2.0], mask=[False, True])}, r"^y contains NaN"),
        ({"y": [10**400, 1]}, r"^y must be a number or an array"),
        ({"y": [1.0]}, "one entry for each observation"),
        ({"x": [1.0, 2.0, 3.0]}, "one entry for each observation"),
        ({"x": [[1.0, 2.0]]}, "one entry for each observation"),
        ({"group": [0]}, "one entry for each observation"),
        ({"y": 1.0}, "one entry for each observation"),
        ({"y": [], "x": [], "group": []}, "empty"),
        ({"y": np.zeros((0, 2))}, "empty"),
        ({"group": [0, 2]}, "no row for individual 1"),
        ({"group": [1, 2]}, "no row for individual 0"),
        ({"group": [0, 10**15]}, "no row for individual"),
        ({"group": [0, 1e30]}, "group must hold whole numbers"),
        ({"group": [-1, 0]}, "group must hold whole numbers"),
        ({"group": [0.5, 1]}, "group must hold whole numbers"),
        ({"group": ["a", "b"]}, "group must be a number"),
        ({"group": [0, None]}, "group"),
        ({"labels": ("a",)}, "labels must name all 2"),
        ({"labels": 3}, "labels must be a sequence"),
        ({"labels": None}, "labels must be a sequence"),
        ({"labels": np.array(1.0)}, "labels must be a sequence"),
    ],
)
def test_errors_of_grouped_data(change, message):
    with pytest.raises(ValueError, match=message):
        GroupedData(**(GOOD | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [1.0, np.nan]}, r"^y contains NaN"),
        ({"x": ["a", "b"]}, r"^x must be a number"),
        ({"y": [1.0]}, "one entry for each observation"),
        ({"group": ["a"]}, "one entry for each observation"),
        ({"group": [["a"], ["b"]]}, "hashable"),
        ({"group": np.zeros((2, 2))}, "hashable"),
        ({"group": 3}, "group must be a sequence"),
        ({"group": None}, "group must be a sequence"),
        ({"y": [], "x": [], "group": []}, "empty"),
    ],
)
def test_errors_of_from_long(change, message):
    with pytest.raises(ValueError, match=message):
        GroupedData.from_long(**(GOOD | change))


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_odd_columns_give_data_or_a_value_error(y, x, group, labels):
    answers_or_value_error(GroupedData.from_long, y, x, group)
    answers_or_value_error(GroupedData, y, x, group, labels)
    for column in ("y", "x", "group"):
        answers_or_value_error(GroupedData, **(GOOD | {column: y}))
        answers_or_value_error(GroupedData.from_long, **(GOOD | {column: y}))
    answers_or_value_error(GroupedData, **(GOOD | {"labels": labels}))


ROWS = st.tuples(
    st.floats(-1e150, 1e150), st.floats(-1e150, 1e150), st.integers(0, 3) | st.text(max_size=1)
)


@given(st.lists(ROWS, min_size=1, max_size=12))
def test_every_finite_table_makes_data_with_finite_statistics(rows):
    y, x, group = zip(*rows, strict=True)
    data = answers_or_value_error(GroupedData.from_long, y, x, group)
    assert data.n == len(set(group))
    assert [data.labels[i] for i in data.group] == list(group)
    assert all(np.isfinite(part).all() for part in data.statistics)


# --- simulate -------------------------------------------------------------------------------


def test_the_articles_dataset():
    """R's rows run j by j, ours individual by individual; i and j put them side by side."""
    data, truth = simulate(rng=RRandom(1))
    r = golden("data")
    row = [int(i - 1) * 5 + int(j - 1) for i, j in zip(r["i"], r["j"], strict=True)]
    assert sorted(row) == list(range(375))
    np.testing.assert_array_equal(data.group[row], np.array(r["i"]) - 1)
    np.testing.assert_allclose(data.x[row], r["x"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(data.y[row], r["y"], rtol=0, atol=1e-12)
    for name in ("alpha", "beta"):
        np.testing.assert_allclose(truth[name], golden("truth")[name], rtol=0, atol=1e-12)


def test_order_of_draws_and_meaning_of_every_setting():
    """Another population, drawn one number at a time by the slow R."""
    settings = {"mu_alpha": 5.0, "sigma_alpha": 0.3, "mu_beta": 7.0, "sigma_beta": 0.6}
    settings |= {"sigma": 3.0, "x_mean": 50.0, "x_sd": 4.0}
    data, truth = simulate(3, 2, **settings, rng=RRandom(-8))
    slow = SlowR(-8)
    alpha = [slow.rnorm(5.0, 0.3) for _ in range(3)]
    beta = [slow.rnorm(7.0, 0.6) for _ in range(3)]
    x_columns = [[slow.rnorm(50.0, 4.0) for _ in range(3)] for _ in range(2)]
    expected = [
        (slow.rnorm(alpha[i] + beta[i] * x_columns[j][i], 3.0), x_columns[j][i], i)
        for i in range(3)
        for j in range(2)
    ]
    for ours, column in zip((data.y, data.x, data.group), zip(*expected, strict=True), strict=True):
        np.testing.assert_allclose(ours, column, rtol=1e-12)
    np.testing.assert_allclose(truth["alpha"], alpha, rtol=1e-12)
    np.testing.assert_allclose(truth["beta"], beta, rtol=1e-12)
    names = ("mu_alpha", "sigma_alpha", "mu_beta", "sigma_beta", "sigma")
    assert {name: float(truth[name]) for name in names} == {name: settings[name] for name in names}


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 4), (4, 1), (3, 2)])
def test_any_n_and_m(n, m):
    data, truth = simulate(n, m, rng=1)
    assert (data.n, data.m.tolist(), data.y.shape) == (n, [m] * n, (n * m,))
    assert truth["alpha"].shape == truth["beta"].shape == (n,)


def test_same_seed_same_data_and_a_generator_moves_on():
    first, _ = simulate(3, 2, rng=7)
    np.testing.assert_array_equal(first.y, simulate(3, 2, rng=7)[0].y)
    np.testing.assert_array_equal(first.y, simulate(3, 2, rng=np.random.default_rng(7))[0].y)
    rng = np.random.default_rng(7)
    simulate(3, 2, rng=rng)
    assert (simulate(3, 2, rng=rng)[0].y != first.y).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 0}, "n must be at least 1"),
        ({"n": 2.0}, "n must be a whole number"),
        ({"n": True}, "n must be a whole number"),
        ({"m": -1}, "m must be at least 1"),
        ({"m": "5"}, "m must be a whole number"),
        ({"sigma": 0}, "sigma must be above zero"),
        ({"sigma_alpha": -1}, "sigma_alpha must be above zero"),
        ({"sigma_beta": np.nan}, "sigma_beta contains NaN"),
        ({"x_sd": 0}, "x_sd must be above zero"),
        ({"x_mean": np.inf}, "x_mean contains infinity"),
        ({"mu_alpha": [1, 2]}, "mu_alpha must be one number"),
        ({"mu_beta": None}, "mu_beta"),
        ({"rng": None}, "rng must be a seed"),
    ],
)
def test_errors_of_simulate(change, message):
    with pytest.raises(ValueError, match=message):
        simulate(**({"rng": 1} | change))


SETTINGS = ("mu_alpha", "sigma_alpha", "mu_beta", "sigma_beta", "sigma", "x_mean", "x_sd", "rng")


@given(st.sampled_from(SETTINGS), ANYTHING)
def test_odd_settings_of_simulate(name, value):
    answers_or_value_error(simulate, 3, 2, **({"rng": 1} | {name: value}))
