"""Diagnostics against what is known: an AR(1) process, independent draws, arviz-stats itself."""

import contextlib
import re
import sys
import warnings
from typing import NamedTuple

import numpy as np
import pytest
from bs4 import BeautifulSoup
from harness import ANYTHING, z_score
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hiertools import (
    Chain,
    Summary,
    autocorrelation,
    ess_bulk,
    ess_tail,
    mcse_mean,
    metropolis,
    rank_counts,
    rhat,
    summarize,
    to_arviz,
)

DIAGNOSTICS = {"rhat": rhat, "ess_bulk": ess_bulk, "ess_tail": ess_tail, "mcse": mcse_mean}
each_diagnostic = pytest.mark.parametrize("name", DIAGNOSTICS)


def one(diagnostic, x):
    """The diagnostic of one parameter, draws of shape (n_chains, n_draws), as a number."""
    return float(diagnostic({"x": x})["x"])


def column(*numbers):
    """One number for each chain."""
    return np.array(numbers, dtype=float)[:, None]


def ar1(phi, shape, rng):
    """x_t = phi x_{t-1} + noise along the draws, axis 1, stationary from the first, variance 1."""
    x = rng.normal(size=shape)
    for t in range(1, shape[1]):
        x[:, t] = phi * x[:, t - 1] + np.sqrt(1 - phi**2) * x[:, t]
    return x


def variance_of_mean(phi, n_draws):
    """Exactly, of n_draws successive values of that process."""
    lag = np.arange(1, n_draws)
    return (1 + 2 * np.sum((1 - lag / n_draws) * phi**lag)) / n_draws


# --- known answers --------------------------------------------------------------------------


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, -0.3])
def test_effective_sample_size_of_an_ar1_process(phi):
    """n (1 - phi) / (1 + phi), with 100 copies of four chains to average over.

    An estimate from 4 x 1,000 draws is itself off by a few percent, and Geyer's rule, which stops
    adding correlations where they become noise, makes it a little small. So the mean over the
    copies may differ by 5 standard errors of that mean and 4 % besides.
    """
    n_draws = 1000
    x = ar1(phi, (4, n_draws, 100), np.random.default_rng([1, round(10 * phi) + 10]))
    known = 4 * (1 - phi) / (1 + phi) * n_draws
    relative = ess_bulk({"x": x})["x"] / known - 1
    assert abs(relative.mean()) < 5 * relative.std(ddof=1) / 10 + 0.04


@pytest.mark.parametrize("phi", [0.0, 0.8])
def test_monte_carlo_error_is_the_error_of_the_mean(phi):
    """Errors of 200 means, in units of the exact standard error, and of the claimed one.

    The sum of 200 squares of standard normals is chi-squared: its mean is 1 with sd 0.1. The
    claimed one must be within 5 % of the exact one on average over the 200.
    """
    x = ar1(phi, (4, 500, 200), np.random.default_rng([2, round(10 * phi)]))
    exact = np.sqrt(variance_of_mean(phi, 500) / 4)
    claimed = mcse_mean({"x": x})["x"]
    assert abs(np.mean(claimed) / exact - 1) < 0.05
    assert abs(np.mean((x.mean(axis=(0, 1)) / claimed) ** 2) - 1) < 5 * np.sqrt(2 / 200)


@pytest.mark.parametrize("phi", [0.0, 0.9])
def test_tail_ess_is_the_error_of_the_quantiles(phi):
    """The share of draws below the true 5 % quantile has variance 0.05 x 0.95 / ESS.

    Over 200 copies the mean squared error of that share, in units of what the tail ESS claims.
    The tail ESS is the smaller of two estimates, so that it claims a little too much error: the
    mean of squares must lie within 5 x 0.1 below 1 + 5 x 0.1, and above half of 1.
    """
    x = ar1(phi, (4, 500, 200), np.random.default_rng([3, round(10 * phi)]))
    claimed = 0.05 * 0.95 / ess_tail({"x": x})["x"]
    error = np.mean(x < -1.6448536269514722, axis=(0, 1)) - 0.05
    assert 0.5 < np.mean(error**2 / claimed) < 1.5


def test_independent_draws():
    """R-hat of 1, effective sample sizes of n, an error of sd / sqrt(n); 100 copies.

    Eight halves of 500 draws: R-hat above 1.01 would ask for a chi-squared of 7 above 77. The mean
    over the copies of an ESS has a standard error of 0.4 % of n; the bulk ESS is 2 % too small
    (Geyer's rule), the tail ESS 4 % (the smaller of two). Squares as in the test above.
    """
    x = np.random.default_rng(4).normal(3.0, 2.0, size=(4, 1000, 100))
    columns = summarize({"x": x}).columns
    assert 0.999 < columns["rhat"].mean() < 1.001
    assert columns["rhat"].max() < 1.01
    assert abs(columns["ess_bulk"].mean() / 4000 - 0.98) < 5 * 0.004
    assert abs(columns["ess_tail"].mean() / 4000 - 0.96) < 5 * 0.004
    np.testing.assert_allclose(columns["mcse"], 2 / np.sqrt(4000), rtol=0.25)
    assert np.abs(z_score((columns["mean"] - 3) / columns["mcse"])) < 5
    squares = ((columns["mean"] - 3) / columns["mcse"]) ** 2
    assert abs(squares.mean() - 1) < 5 * np.sqrt(2 / 100)


def test_rhat_of_shifted_chains():
    """Chains of variance 1 about +1 and -1: of the halves' means 1, 1, -1, -1 the variance is 4/3.

    So R-hat of the draws themselves is sqrt(1 + 4/3), about 1.53. Normal scores pull the mixture
    in a little: over 150 seeds 1.49, with an sd of 0.018.
    """
    x = np.random.default_rng(5).normal(size=(2, 1000))
    assert one(rhat, x) < 1.01
    assert abs(one(rhat, x + column(1, -1)) - 1.49) < 5 * 0.018
    assert one(rhat, x + column(0, 20)) > 1.8
    assert one(ess_bulk, x + column(0, 20)) < 5


def test_rhat_sees_chains_of_equal_mean_and_unequal_width():
    x = np.random.default_rng(6).normal(size=(4, 1000))
    assert one(rhat, x * column(1, 1, 1, 3)) > 1.05


def test_rhat_sees_a_drift_in_a_single_chain():
    x = np.random.default_rng(7).normal(size=(1, 1000))
    assert one(rhat, x) < 1.01
    assert one(rhat, x + np.linspace(0, 3, 1000)) > 1.2


def test_rhat_cannot_see_what_no_chain_has_seen():
    """Two modes, both chains in the same: all looks well. Chapter 6 says so, with this case."""
    x = np.random.default_rng(8).normal(size=(4, 1000))
    assert one(rhat, x - 5.0) < 1.01
    assert one(ess_bulk, x - 5.0) > 3000


def test_tail_ess_can_be_small_where_bulk_ess_is_not():
    """Quick in the middle, slow between calm and wild spells: only the tails notice.

    Over 150 seeds the tail ESS was 0.10 to 0.54 of the bulk ESS.
    """
    rng = np.random.default_rng(9)
    wild = np.repeat(rng.random(size=(4, 20)) < 0.5, 100, axis=1)
    x = rng.normal(size=(4, 2000)) * np.where(wild, 3.0, 0.3)
    assert one(ess_tail, x) < 0.7 * one(ess_bulk, x)


# --- arviz-stats as the oracle --------------------------------------------------------------


def by_arviz(name, x):
    from arviz_stats.base import array_stats

    if name == "rhat":
        return array_stats.rhat(x, chain_axis=0, draw_axis=1, method="rank")
    if name == "mcse":
        return array_stats.mcse(x, chain_axis=0, draw_axis=1, method="mean")
    method, prob = ("bulk", None) if name == "ess_bulk" else ("tail", (0.05, 0.95))
    return array_stats.ess(x, chain_axis=0, draw_axis=1, method=method, prob=prob)


@each_diagnostic
@pytest.mark.parametrize("shape", [(2, 4), (2, 5), (3, 8), (4, 101), (4, 500, 3), (2, 60, 2, 3)])
def test_agrees_with_arviz_stats(name, shape):
    rng = np.random.default_rng([10, *shape])
    for x in (
        rng.normal(size=shape),
        rng.normal(size=shape).cumsum(axis=1),
        rng.gamma(0.3, 1, shape),
    ):
        ours = DIAGNOSTICS[name]({"x": x})["x"]
        assert ours.shape == shape[2:]
        np.testing.assert_allclose(ours, by_arviz(name, x), rtol=1e-10)


@each_diagnostic
def test_agrees_with_arviz_stats_where_draws_repeat(name):
    """Draws of a Metropolis chain, many of them equal."""
    chain = metropolis(
        lambda p: -0.5 * p["z"] ** 2, {"z": np.zeros(3)}, proposal_sd=9.0, n_draws=301, rng=1
    )
    assert chain.accept_rate.max() < 0.3
    x = chain.draws["z"]
    np.testing.assert_allclose(one(DIAGNOSTICS[name], x), by_arviz(name, x), rtol=1e-10)


def test_rhat_of_one_chain_is_that_of_its_halves():
    """arviz-stats has none of one chain; its R-hat without splitting, of the two halves' scores."""
    from arviz_stats.base import array_stats
    from scipy import stats

    x = np.random.default_rng(11).normal(size=501).cumsum()
    halves = np.stack([x[:250], x[-250:]])
    expected = []
    for values in (halves, abs(halves - np.median(halves))):
        ranks = stats.rankdata(values, axis=None).reshape(2, 250)
        scores = stats.norm.ppf((ranks - 0.375) / 500.25)
        expected.append(array_stats.rhat(scores, chain_axis=0, draw_axis=1, method="identity"))
    assert one(rhat, x[None]) == pytest.approx(max(expected), rel=1e-10)


@each_diagnostic
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e-8, 1e30, 1e140])
def test_units_do_not_matter(name, scale):
    """arviz-stats takes anything narrower than 1e-15 for constant, and gives it an ESS of n."""
    x = ar1(0.9, (4, 200), np.random.default_rng(12))
    unit = scale if name == "mcse" else 1.0
    diagnostic = DIAGNOSTICS[name]
    assert one(diagnostic, scale * x) == pytest.approx(unit * one(diagnostic, x), rel=1e-6, abs=0.0)


@each_diagnostic
def test_a_far_origin_does_not_matter(name):
    x = np.round(ar1(0.9, (4, 200), np.random.default_rng(13)) * 2**12) / 2**12
    diagnostic = DIAGNOSTICS[name]
    assert one(diagnostic, x + 2.0**30) == pytest.approx(one(diagnostic, x), rel=1e-6)


@each_diagnostic
def test_the_order_of_chains_does_not_matter_and_nothing_is_changed(name):
    x = ar1(0.8, (4, 200), np.random.default_rng(14))
    before = x.copy()
    diagnostic = DIAGNOSTICS[name]
    assert one(diagnostic, x[::-1]) == pytest.approx(one(diagnostic, x), rel=1e-10)
    np.testing.assert_array_equal(x, before)


# --- chains that stand still ----------------------------------------------------------------


@each_diagnostic
@pytest.mark.parametrize("value", [0.0, 0.1, -1e140, 3])
@pytest.mark.parametrize("shape", [(1, 100), (4, 101)])
def test_a_constant_chain_has_no_diagnostic(name, value, shape):
    assert np.isnan(one(DIAGNOSTICS[name], np.full(shape, value)))


def test_a_table_says_in_words_what_stood_still():
    rng = np.random.default_rng(15)
    moving = rng.normal(size=(3, 50))
    half = moving.copy()
    half[1] = 0.3
    summary = summarize({"a": moving, "b": np.full((3, 50), 2.5), "c": half})
    assert summary.stuck == ("b", "c")
    for text in (repr(summary), summary._repr_html_()):
        assert "One chain or more never moved in: b, c." in text
        assert "nan: all draws are equal" in text
    row = summary.row("b")
    assert (row["mean"], row["sd"]) == (2.5, 0.0)
    assert np.isnan([row[name] for name in DIAGNOSTICS]).all()
    assert np.isfinite(list(summary.row("c").values())).all()
    assert "nan" not in repr(summarize({"a": moving}))


def test_chains_stuck_in_different_places_are_infinitely_far_apart():
    x = np.repeat([[0.1], [0.7], [2.0]], 60, axis=1)
    assert one(rhat, x) == np.inf
    assert one(rhat, [[0.0] * 8, [1.0] * 8]) == np.inf
    assert one(ess_bulk, x) < 5


def test_a_chain_that_stops_has_no_tail():
    """97 % of draws are one value, the largest: below it is everything, above it nothing."""
    x = np.ones((1, 1000))
    x[:, :30] = np.random.default_rng(16).normal(-3, 1, 30)
    assert by_arviz("ess_tail", x) == 1000  # which would be a thousand independent draws
    assert np.isnan(one(ess_tail, x))
    assert one(ess_bulk, x) < 100
    assert "nan" in repr(summarize({"x": x}))


def test_one_draw_left_out_of_the_halves_does_not_make_a_chain_move():
    x = np.ones((1, 9))
    x[0, 4] = 2.0
    for diagnostic in DIAGNOSTICS.values():
        assert np.isnan(one(diagnostic, x))


# --- the table ------------------------------------------------------------------------------


def some_draws(n=3, n_chains=2, n_draws=50):
    rng = np.random.default_rng(17)
    return {
        "alpha": rng.normal(size=(n_chains, n_draws, n)),
        "sigma": rng.gamma(3.0, 1.0, size=(n_chains, n_draws)),
    }


def test_columns_are_the_diagnostics_by_element():
    draws = some_draws()
    summary = summarize(draws)
    columns = summary.columns
    assert list(columns) == ["name", "mean", "sd", "mcse", "rhat", "ess_bulk", "ess_tail"]
    assert columns["name"] == ["alpha[0]", "alpha[1]", "alpha[2]", "sigma"]
    for name, diagnostic in DIAGNOSTICS.items():
        by_parameter = diagnostic(draws)
        expected = np.append(by_parameter["alpha"], by_parameter["sigma"])
        np.testing.assert_array_equal(columns[name], expected)
    flat = np.concatenate([draws["alpha"], draws["sigma"][..., None]], axis=-1).reshape(100, 4)
    np.testing.assert_allclose(columns["mean"], flat.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(columns["sd"], flat.std(axis=0, ddof=1), rtol=1e-12)
    assert (summary.n_chains, summary.n_draws) == (2, 50)


def test_matrices_have_two_indices():
    x = np.random.default_rng(18).normal(size=(2, 20, 2, 3))
    summary = summarize({"cov": x})
    assert summary.columns["name"][-1] == "cov[1,2]"
    assert summary.row("cov[0,2]")["mean"] == pytest.approx(x[:, :, 0, 2].mean())


def test_takes_a_chain_and_knows_how_many_it_holds():
    def log_density(params):
        return -0.5 * (params["z"] ** 2).sum(axis=-1)

    settings = {"proposal_sd": 1.0, "n_draws": 40, "rng": 1}
    single = metropolis(log_density, {"z": np.zeros(2)}, **settings)
    several = metropolis(log_density, {"z": np.zeros((3, 2))}, **settings)
    for chain, n_chains in ((single, 1), (several, 3)):
        draws = {"z": chain.draws["z"].reshape(n_chains, 40, 2)}
        for column, values in summarize(draws).columns.items():
            np.testing.assert_array_equal(summarize(chain).columns[column], values)
        np.testing.assert_array_equal(rhat(chain)["z"], rhat(draws)["z"])
        assert summarize(chain).n_chains == n_chains


def test_takes_any_record_that_holds_draws():
    class Record(NamedTuple):
        draws: dict
        log_density: np.ndarray | None = None

    x = np.random.default_rng(26).normal(size=(40, 3))
    row = summarize({"x": x[None]}).row("x[0]")
    assert summarize(Record({"x": x}, x[:, 0])).row("x[0]") == row
    assert summarize(Record({"x": x[None]})).row("x[0]") == row
    assert list(to_arviz(Record({"x": x[None]})).children) == ["posterior"]


def test_worst_are_those_of_the_smallest_effective_sample_size_and_nan_is_the_worst():
    rng = np.random.default_rng(19)
    x = np.stack([ar1(phi, (2, 400), rng) for phi in (0.0, 0.95, 0.5, 0.8)], axis=-1)
    x[..., 2] = 1.0
    worst = summarize({"x": x, "y": rng.normal(size=(2, 400))}).worst(3)
    assert isinstance(worst, Summary)
    assert worst.columns["name"] == ["x[2]", "x[1]", "x[3]"]
    assert worst.stuck == ("x[2]",)
    x[:, :, 0] = ar1(0.99, (2, 400), rng)
    x[1, :, 3] = 0.0  # one chain of two at rest, the other moves well
    summary = summarize({"x": x})
    assert summary.stuck == ("x[2]", "x[3]")
    assert summary.worst(2).columns["name"] == ["x[2]", "x[0]"]
    assert summary.worst(2).stuck == ("x[2]",)
    assert len(worst.worst(99).columns["name"]) == 3
    with pytest.raises(ValueError, match="n_rows must be at least 1"):
        worst.worst(0)


def test_unknown_row():
    with pytest.raises(
        ValueError, match=re.escape("no row is named 'beta'; the rows are alpha[0]")
    ):
        summarize(some_draws()).row("beta")


def test_a_long_table_shows_the_worst_of_each_vector():
    draws = some_draws(n=40)
    draws["alpha"][:, :, 17] = ar1(0.98, (2, 50), np.random.default_rng(20))
    text = repr(summarize(draws))
    lines = text.splitlines()
    assert lines[0] == "2 chains, each of 50 draws"
    assert len(lines) == 1 + 1 + 3 + 1 + 1
    assert "alpha[17]" in text
    assert lines[-1] == "37 more of alpha have larger effective sample sizes."
    assert len(repr(summarize(some_draws(n=11))).splitlines()) == 2 + 12
    assert len({len(line) for line in lines[1:-1]}) == 1  # columns line up


def test_numbers_have_the_digits_that_the_error_leaves():
    rng = np.random.default_rng(21)
    draws = {"x": rng.normal(1234.5, 1.0, (4, 1000)), "y": rng.normal(0, 1e4, (4, 1000))}
    text = repr(summarize(draws))
    x, y = (line.split() for line in text.splitlines()[2:])
    assert re.fullmatch(r"1234\.\d{3}", x[1])
    assert x[3] == "0.016"
    assert all(re.fullmatch(r"-?\d+", number) for number in y[1:4])


def test_html_is_a_table_with_heads_and_a_caption():
    draws = some_draws(n=40) | {"<i>&": some_draws()["sigma"]}
    page = BeautifulSoup(summarize(draws)._repr_html_(), "html.parser")
    assert page.caption.text == "2 chains, each of 50 draws"
    assert [th.text for th in page.thead.find_all("th", scope="col")][-3:] == [
        *("R-hat", "bulk ESS", "tail ESS")
    ]
    rows = page.tbody.find_all("tr")
    assert [row.find("th", scope="row").text for row in rows][-2:] == ["sigma", "<i>&"]
    assert all(len(row.find_all("td")) == 6 for row in rows)
    assert page.find_all("p")[0].text.startswith("37 more of alpha")


# --- autocorrelation and ranks --------------------------------------------------------------


def test_autocorrelation_is_its_formula():
    x = np.random.default_rng(22).normal(size=(2, 3, 40)).cumsum(axis=-1)
    rho = autocorrelation(x, 39)
    d = x - x.mean(axis=-1, keepdims=True)
    for t in (0, 1, 7, 39):
        expected = (d[..., : 40 - t] * d[..., t:]).sum(axis=-1) / (d**2).sum(axis=-1)
        np.testing.assert_allclose(rho[..., t], expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(autocorrelation(1e-310 * x, 5), rho[..., :6], rtol=1e-6)
    np.testing.assert_allclose(autocorrelation(1e140 * x, 5), rho[..., :6], rtol=1e-10)


def test_autocorrelation_of_an_ar1_process():
    """phi to the power of the lag, over 20 copies of 20,000 draws.

    An estimate is too small, since each chain is centred at its own mean: at lag 5 by 0.017 for
    1,000 draws, as measured, so here by 0.001. To that come 5 standard errors.
    """
    rho = autocorrelation(ar1(0.9, (20, 20_000), np.random.default_rng(23)), 5)
    standard_error = rho.std(axis=0, ddof=1) / np.sqrt(20)
    assert (np.abs(rho.mean(axis=0) - 0.9 ** np.arange(6)) <= 5 * standard_error + 0.001).all()


def test_autocorrelation_of_a_chain_at_rest_is_nan():
    rho = autocorrelation(np.stack([np.full(9, 0.1), np.arange(9.0)]), 3)
    assert np.isnan(rho[0]).all()
    assert rho[1, 0] == 1.0


def test_ranks_of_mixed_chains_are_flat_and_of_shifted_ones_are_not():
    """Each bin of each chain holds 100 of 2,000 draws, give or take 5 sds of less than 10."""
    x = np.random.default_rng(24).normal(size=(4, 2000))
    counts = rank_counts(x, 20)
    assert counts.shape == (4, 20)
    assert (counts.sum(axis=1) == 2000).all()
    assert (counts.sum(axis=0) == 400).all()
    assert np.abs(counts - 100).max() < 50
    shifted = rank_counts(x + column(0, 0, 0, 9), 20)
    assert shifted[3, -5:].tolist() == [400] * 5


def test_ranks_of_equal_draws_are_shared():
    assert rank_counts(np.zeros((2, 5)), 5).tolist() == [[0, 0, 5, 0, 0]] * 2
    assert rank_counts([[1, 2], [3, 4]], 4).tolist() == [[1, 1, 0, 0], [0, 0, 1, 1]]
    assert rank_counts([[7.0]], 3).tolist() == [[0, 1, 0]]


# --- ArviZ ----------------------------------------------------------------------------------


def test_arviz_reads_what_we_give():
    """ArviZ's functions take what this converter returns unchanged."""
    import arviz_base

    draws = some_draws(n_chains=4)
    tree = to_arviz(draws)
    assert arviz_base.convert_to_datatree(tree) is tree
    posterior = arviz_base.convert_to_dataset(tree, group="posterior")
    assert posterior["alpha"].dims == ("chain", "draw", "alpha_dim_0")
    assert posterior["sigma"].dims == ("chain", "draw")
    for name, values in draws.items():
        np.testing.assert_array_equal(posterior[name], values)
    assert list(tree.children) == ["posterior"]


def test_arviz_gets_density_and_acceptance_of_a_chain():
    chain = metropolis(lambda p: -0.5 * p["z"] ** 2, {"z": 0.0}, proposal_sd=2, n_draws=30, rng=1)
    tree = to_arviz(chain)
    np.testing.assert_array_equal(tree["posterior"]["z"], chain.draws["z"][None])
    np.testing.assert_array_equal(tree["sample_stats"]["lp"], chain.log_density[None])
    np.testing.assert_array_equal(tree["sample_stats"]["accepted"], chain.accepted[None])


def test_without_arviz_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz_base", None)
    with pytest.raises(ImportError, match="pip install arviz-base"):
        to_arviz(some_draws())


# --- what is refused ------------------------------------------------------------------------

X = np.random.default_rng(25).normal(size=(2, 50))
WITH_NAN = np.where(X.max() == X, np.nan, X)
EVERY = [summarize, *DIAGNOSTICS.values(), to_arviz]


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize(
    ("draws", "message"),
    [
        ({"a": X, "b": WITH_NAN}, "draws['b'] contains NaN (1 of 100 values)"),
        ({"a": np.full((2, 50), np.inf)}, "draws['a'] contains infinity"),
        ({"a": X[:, :3]}, "at least 4 draws in each chain, got a (2, 3)"),
        ({"a": X[0]}, "values[None]"),
        ({"a": X[0]}, "must have a chain axis and a draw axis"),
        ({"a": np.ones((800, 75))}, "800 chains of 75 draws, more chains than draws"),
        ({"a": np.ones((800, 75)), "b": np.ones(800)}, "values[None]"),
        ({"a": X, "b": X[:, :40]}, "the same chains and draws for every parameter"),
        ({"a": X, "b": X[:1]}, "got a (2, 50), b (1, 50)"),
        ({"a": np.ones((2, 50, 0))}, "must have a chain axis"),
        ({"a": [["x"]]}, "draws['a'] must be a number or an array of numbers"),
        ({}, "got an empty dict"),
        (X, "got ndarray"),
        (None, "got NoneType"),
    ],
)
def test_errors(function, draws, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        function(draws)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: autocorrelation(X, 50), "n_lags must be below the number of draws"),
        (lambda: autocorrelation(X, -1), "n_lags must be at least 0"),
        (lambda: autocorrelation(3.0, 0), "n_lags must be below the number of draws"),
        (lambda: autocorrelation(WITH_NAN, 1), "x contains NaN"),
        (lambda: rank_counts(X[0]), "x must have shape (n_chains, n_draws), got (50,)"),
        (lambda: rank_counts(X, 0), "n_bins must be at least 1"),
        (lambda: rank_counts(WITH_NAN), "x contains NaN"),
    ],
)
def test_errors_of_the_others(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@given(st.data(), ANYTHING)
def test_odd_input(data, anything):
    """A ValueError, or an answer; never a warning or another error."""
    function = data.draw(st.sampled_from([*EVERY, autocorrelation, rank_counts]))
    wrap = data.draw(st.sampled_from([lambda v: v, lambda v: {"a": v}, lambda v: {"a": X, "b": v}]))
    chain = Chain({"a": anything}, np.zeros(50), np.zeros(50, dtype=bool))
    argument = data.draw(st.sampled_from([wrap(anything), chain]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.suppress(ValueError):
            function(argument, *([3] if function in (autocorrelation, rank_counts) else []))


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 3), st.integers(4, 12), st.integers(1, 2)),
        elements=st.floats(-1e150, 1e150) | st.sampled_from([0.0, 1.0, 5e-324]),
    )
)
def test_any_draws_have_an_answer_and_nan_says_that_a_chain_stood_still(x):
    """NaN stands only where the halves of the chains are one value, or a tail is empty."""
    if x.shape[0] > x.shape[1]:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        columns = summarize({"x": x}).columns
        repr(summarize({"x": x}))
    half = x.shape[1] // 2
    halves = np.concatenate([x[:, :half], x[:, -half:]])
    still = (halves == halves[0, 0]).all(axis=(0, 1))
    for name in ("mcse", "rhat", "ess_bulk"):
        np.testing.assert_array_equal(np.isnan(columns[name]), still)
    assert (still <= np.isnan(columns["ess_tail"])).all()
    assert np.isfinite(columns["mean"]).all()
    assert (columns["sd"] >= 0).all()
    assert (columns["ess_bulk"][~still] > 0).all()
    assert (columns["rhat"][~still] > 0.4).all()
