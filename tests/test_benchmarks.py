"""The benchmark: a well-formed stored result, measures that are right, a driver that drives."""

import importlib.util
import json
import math
import platform
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from packaging.requirements import Requirement

from hiertools import Benchmark, load_benchmark, plots
from hiertools.benchmark import GROUPS, RATES, Measured, Spread, effective_rate

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "benchmarks" / "peers"


def imported(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compare = imported(ROOT / "benchmarks" / "compare.py")
checks = imported(ROOT / "benchmarks" / "classroom_checks.py")
STORED = load_benchmark(compare.RESULT)
SPREADS = [name for name, kind in Measured.__annotations__.items() if "Spread" in str(kind)]
EXACT = next(sampler for sampler in compare.SAMPLERS if sampler.name == "exact")


@pytest.fixture(autouse=True)
def _work_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "WORK", tmp_path)
    compare.python_of.cache_clear()


# The stored result


def test_stored_result_has_every_sampler_at_every_size():
    wanted = {(s.name, n, s.group, s.label) for s in compare.SAMPLERS for n in s.sizes}
    assert {(row.sampler, row.n, row.group, row.label) for row in STORED.rows} == wanted
    assert len(STORED.rows) == len(wanted)


@pytest.mark.parametrize("row", STORED.rows, ids=lambda row: f"{row.sampler}-{row.n}")
def test_stored_rows_are_well_formed(row):
    assert row.group in GROUPS
    if row.status != "ok":
        assert row.runs == 0
        assert all(getattr(row, name) is None for name in SPREADS)
        return
    assert row.runs >= 1
    assert row.versions
    assert set(row.parts) >= {"import", "sampling"}
    for name in SPREADS:
        spread = getattr(row, name)
        assert 0 <= spread.low <= spread.median <= spread.high < math.inf
    assert row.rhat.low > 0.99
    assert row.sampling.high <= row.whole.high
    for part in RATES:
        seconds, rate = getattr(row, part), effective_rate(row, part)
        low, high = row.ess.low / seconds.high, row.ess.high / seconds.low
        # Three numbers, each rounded to four digits.
        assert 0.998 * low <= rate.low <= rate.high <= 1.002 * high


def test_stored_result_says_when_where_and_how():
    assert (ROOT / STORED.script).is_file()
    year, month, day = map(int, STORED.date.split("-"))
    assert (year > 2025, month < 13, day < 32) == (True, True, True)
    assert set(STORED.machine) >= {"cpu", "cores", "system", "python"}
    assert STORED.settings["n_draws"] == compare.N_DRAWS
    text = compare.RESULT.read_text(encoding="utf8")
    for word in ("/home", "/root", "/tmp", "/Users", platform.node() or "/"):
        assert f"{word}/" not in text
        assert f'"{word}"' not in text


def test_exact_draws_and_the_peers_agree_with_the_exact_posterior():
    """Root mean square of 155 or more z scores that hang together: near 1, and never near 2."""
    for row in STORED.rows:
        if row.ess and row.rhat.high < 1.02:
            assert 0.5 < row.error_mcse.median < 2, row.label


# Reading it


def some_row(sampler="nuts", group="chain", n=75, rate=1.0, **changes):
    one = Spread(rate, 0.5 * rate, 2 * rate)
    values = dict.fromkeys(SPREADS, one) | {"sampler": sampler, "label": sampler, "group": group}
    values |= {
        "n": n,
        "status": "ok",
        "runs": 3,
        "parts": {"sampling": 1.0},
        "versions": {"a": "1"},
    }
    values["rhat"] = Spread(1.0, 1.0, 1.01)
    return Measured(**values | changes)


def without_draws(sampler, **changes):
    return some_row(sampler, **dict.fromkeys(SPREADS), status="no draws <b>", runs=0, **changes)


ROWS = (
    some_row("exact", "exact", rate=100.0),
    some_row("slow", "peer", per_whole=Spread(9.0, 9.0, 9.0)),
    some_row("quick", "peer", rate=2.0),
    without_draws("gone", group="peer"),
    without_draws("nuts", n=1000),
)
SMALL = Benchmark("benchmarks/compare.py", "2026-11-22", {"cpu": "A & B", "cores": 2}, {}, ROWS)


def test_best_looks_at_the_rate_it_is_asked_for_and_skips_what_has_no_draws():
    assert SMALL.best(75, group="peer", by="sampling").sampler == "quick"
    assert SMALL.best(75, group="peer", by="whole").sampler == "slow"
    assert SMALL.row("gone", 75).status == "no draws <b>"
    assert {row.n for row in SMALL.of(1000).rows} == {1000}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: SMALL.of(76), r"n must be one of .*75, 1000.*, got 76"),
        (lambda: SMALL.row("stan", 75), "sampler must be one of exact, slow, .*, got 'stan'"),
        (lambda: SMALL.best(75, group="ours"), "group must be one of exact, .*, got 'ours'"),
        (
            lambda: SMALL.best(75, group="peer", by="x"),
            "by must be one of sampling, whole, got 'x'",
        ),
        (lambda: SMALL.best(1000, group="chain"), "no sampler of group 'chain' has draws"),
    ],
)
def test_wrong_questions_are_refused(ask, words):
    with pytest.raises(ValueError, match=words):
        ask()


def test_table_has_a_row_for_each_sampler_and_the_reason_of_those_without_draws():
    lines = repr(SMALL.of(75)).splitlines()
    assert "2026-11-22 by benchmarks/compare.py, on A & B, 2 cores" in lines[0]
    assert [line.split()[0] for line in lines[2:]] == ["exact", "slow", "quick", "gone"]
    assert lines[-1].endswith("no draws <b>")
    page = SMALL.of(75)._repr_html_()
    assert page.count("<tr>") == 5
    for row in BeautifulSoup(page, "html.parser").select("tr"):
        assert sum(int(cell.get("colspan", 1)) for cell in row.find_all(["th", "td"])) == 8
    assert "no draws &lt;b&gt;" in page
    assert "A &amp; B" in page


@pytest.mark.parametrize("text", ["[]", '{"rows": [{"sampler": "x"}]}', "{}", "no json"])
def test_a_file_of_another_kind_is_refused(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no result of benchmarks/compare"):
        load_benchmark(path)


def test_plot_ranks_samplers_marks_the_unconverged_and_leaves_out_what_has_no_draws():
    mpl.use("Agg")
    high = Spread(1.5, 1.5, 1.5)
    rows = (*ROWS, some_row("stuck", rate=0.1, rhat=high))
    ax = plots.benchmark(Benchmark("", "", {}, {}, rows).of(75), by="sampling")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["stuck", "slow", "quick", "exact"]
    medians = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in medians] == [0.1, 1.0, 2.0, 100.0]
    assert [line.get_markerfacecolor() == "white" for line in medians] == [True] + 3 * [False]
    plt.close(ax.figure)


# Measuring


def posterior_of(n):
    """A standard normal posterior of n lines and one more number."""
    zero, one = {"alpha": np.zeros(n), "mu": np.array(0.0)}, {"alpha": np.ones(n), "mu": 1.0}
    return SimpleNamespace(mean=zero, sd=one)


def chains(n, rho, rng, n_draws=1000):
    """Autoregressive chains with standard normal draws: ESS (1 - rho) / (1 + rho) of them."""
    draws = {"alpha": rng.standard_normal((4, n_draws, n)), "mu": rng.standard_normal((4, n_draws))}
    for values in draws.values():
        for t in range(1, n_draws):
            values[:, t] = rho * values[:, t - 1] + math.sqrt(1 - rho**2) * values[:, t]
    return draws


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_quality_of_chains_whose_worth_is_known(rho):
    """The smallest of 21 ESS estimates, and z scores of 21 independent means.

    The square of `error_mcse` is chi-squared with 21 degrees of freedom over 21: between 0.2 and
    3 but for 1 in 20,000. The ESS of one parameter is estimated with an sd of 5 to 20 % and a long
    lower tail; what is wrong by the number of chains, or by one axis for another, is far outside.
    """
    found = compare.quality(chains(20, rho, np.random.default_rng(1)), posterior_of(20))
    worth = 4000 * (1 - rho) / (1 + rho)
    assert 0.3 * worth < found["ess"] < 1.1 * worth
    assert 0.99 < found["rhat"] < 1.05
    assert 0.2 < found["error_mcse"] ** 2 < 3
    assert found["error_sd"] < 5 / math.sqrt(worth)


def test_quality_finds_the_one_parameter_that_is_wrong():
    draws, posterior = chains(20, 0.0, np.random.default_rng(2)), posterior_of(20)
    draws["alpha"][..., 7] += 0.5
    found = compare.quality(draws, posterior)
    assert found["error_sd"] == pytest.approx(0.5, abs=0.1)  # 5 standard errors are 0.08
    assert found["error_mcse"] > 5
    draws["alpha"][0, :, 3] += 3.0
    assert compare.quality(draws, posterior)["rhat"] > 1.3
    draws["mu"] = np.cumsum(draws["mu"], axis=1)
    assert compare.quality(draws, posterior)["ess"] < 50


def test_errors_are_in_posterior_sds():
    draws, posterior = chains(3, 0.0, np.random.default_rng(3)), posterior_of(3)
    posterior.sd["mu"], draws["mu"] = 0.1, 0.1 * draws["mu"] + 0.1
    assert compare.quality(draws, posterior)["error_sd"] == pytest.approx(1, abs=0.1)


def test_chains_that_never_move_and_draws_that_are_no_numbers_count_as_no_draws():
    draws = chains(2, 0.0, np.random.default_rng(1), n_draws=50)
    stuck = {name: np.broadcast_to(v[:, :1], v.shape) for name, v in draws.items()}
    with pytest.raises(compare.NotMeasuredError, match="no chain ever moved"):
        compare.quality(stuck, posterior_of(2))
    draws["mu"][0, 0] = np.nan
    with pytest.raises(compare.NotMeasuredError, match="not all finite"):
        compare.quality(draws, posterior_of(2))


def test_a_row_has_median_least_and_most_of_the_runs_with_draws():
    def one(seconds, ess):
        found = dict.fromkeys(compare.MEASURES, 1.0) | {"whole": seconds, "ess": ess}
        report = {"seconds": {"import": seconds, "whole": seconds}, "versions": {"a": "1"}}
        return {"status": "ok", "found": found, **report}

    runs = [one(3.0, 10.0), {"status": "failed"}, one(1.0, 30.0), one(2.0, 20.0)]
    row = compare.row(EXACT, 75, runs)
    assert (row["status"], row["runs"], row["whole"], row["ess"]) == (
        "ok",
        3,
        [2, 1, 3],
        [20, 10, 30],
    )
    assert row["parts"] == {"import": 2.0}
    nothing = compare.row(EXACT, 75, [{"status": "failed"}])
    assert (nothing["status"], nothing["runs"], nothing["ess"]) == ("failed", 0, None)
    assert set(row) == set(nothing) == set(Measured._fields)


def test_four_digits_are_kept():
    assert compare.spread([12345.6, 0.00123456, 7.0]) == [7.0, 0.001235, 12350.0]


# Running


def test_what_is_slow_or_fails_runs_once_and_the_rest_three_times(monkeypatch):
    runs, posterior = [], posterior_of(2)

    def measured(sampler, n, number, posterior):
        runs.append((sampler.name, n, number))
        seconds = {"exact": compare.QUICK, "nutpie": 2.0 * compare.QUICK, "gibbs": None}
        whole = seconds[sampler.name]
        if whole is None:
            return {"status": "failed"}
        found = dict.fromkeys(compare.MEASURES, 1.0) | {"whole": whole}
        return {"status": "ok", "found": found, "seconds": {"whole": whole}, "versions": {}}

    monkeypatch.setattr(compare, "measure", measured)
    monkeypatch.setattr(compare.ht, "exact_posterior", lambda *_: posterior)
    monkeypatch.setattr(compare, "python_of", lambda _: None)
    samplers = [s for s in compare.SAMPLERS if s.name in ("exact", "nutpie", "gibbs")]
    rows = compare.compare(samplers, [75, 1_000])
    assert [row["runs"] for row in rows] == [3, 0, 1, 3, 0, 1]
    first = [("exact", 75, 1), ("gibbs", 75, 1), ("nutpie", 75, 1)]
    assert runs[:5] == [*first, ("exact", 75, 2), ("exact", 75, 3)]
    assert runs[5:7] == [("exact", 1_000, 1), ("nutpie", 1_000, 1)], "what failed is not tried"
    assert runs[7:] == [("exact", 1_000, 2), ("exact", 1_000, 3)]


def test_ours_run_in_a_fresh_process_and_come_back_as_arrays():
    for name in ("exact", "gibbs"):
        sampler = next(s for s in compare.SAMPLERS if s.name == name)
        draws, report = compare.run(sampler, 75, seed=1, n_draws=20, n_warmup=5)
        assert draws["alpha"].shape == (4, 20, 75)
        assert draws["sigma"].shape == (4, 20)
        seconds = report["seconds"]
        assert seconds["whole"] == pytest.approx(seconds["import"] + seconds["sampling"])
        assert 0 < seconds["sampling"] < seconds["whole"] < 60
        assert set(report["versions"]) == {"hiertools", "numpy", "scipy"}


def test_main_stores_what_it_measured(tmp_path, monkeypatch, capsys):
    draws = chains(75, 0.0, np.random.default_rng(1), n_draws=40)
    names = ("mu_alpha", "mu_beta", "sigma_alpha", "sigma_beta", "sigma")
    lines = dict.fromkeys(("alpha", "beta"), draws["alpha"])
    draws = lines | dict.fromkeys(names, draws["mu"])
    report = {"seconds": {"import": 1.0, "sampling": 2.0, "whole": 4.0}, "versions": {"a": "1"}}
    monkeypatch.setattr(compare, "run", lambda *args, **settings: (draws, report))
    path = tmp_path / "new" / "result.json"
    compare.main(["--only", "exact", "--n", "75", "--runs", "2", "--out", str(path)])
    row = load_benchmark(path).row("exact", 75)
    assert (row.runs, row.whole.median) == (2, 4.0)
    assert row.per_whole.median == pytest.approx(row.ess.median / 4, rel=1e-3)
    assert "exact draws" in capsys.readouterr().out
    assert [file.name for file in path.parent.iterdir()] == ["result.json"]


def test_a_run_that_was_broken_off_goes_on_where_it_stopped(tmp_path, monkeypatch):
    calls = []

    def measure(sampler, n, number, posterior):
        calls.append((sampler.name, number))
        if len(calls) == 3:
            raise KeyboardInterrupt
        found = dict.fromkeys(compare.MEASURES, float(number))
        return {"status": "ok", "found": found, "seconds": {}, "versions": {}}

    monkeypatch.setattr(compare, "measure", measure)
    two = [s for s in compare.SAMPLERS if s.name in ("exact", "gibbs")]
    with pytest.raises(KeyboardInterrupt):
        compare.compare(two, [75], 2, tmp_path)
    rows = compare.compare(two, [75], 2, tmp_path)
    expected = [("exact", 1), ("gibbs", 1), ("exact", 2), ("exact", 2), ("gibbs", 2)]
    assert calls == expected
    assert [(row["runs"], row["whole"]) for row in rows] == 2 * [(2, [1.5, 1.0, 2.0])]


def test_what_cannot_end_in_time_is_not_tried():
    before = {"sampler": "exact", "n": 1000, "status": "ok", "sampling": [100.0, 100.0, 100.0]}
    assert compare.hopeless(EXACT, 10_000, []) is None
    assert compare.hopeless(EXACT, 10_000, [before | {"sampling": [5.0, 5.0, 5.0]}]) is None
    words = "not tried; 100 s of sampling at n = 1,000"
    assert compare.hopeless(EXACT, 10_000, [before]) == words
    gone = before | {"status": "no draws within 300 s", "sampling": None}
    words = "not tried; at n = 1,000 no draws within 300 s"
    assert compare.hopeless(EXACT, 10_000, [gone]) == words
    absent = gone | {"status": "not installed: no network"}
    assert compare.hopeless(EXACT, 10_000, [absent]) == "not installed: no network"


def finish(program, tmp_path, limit=20.0):
    return compare.finish([sys.executable, "-c", program], limit, tmp_path / "log.txt", tmp_path)


def test_a_process_is_ended_at_its_limit_with_all_it_started(tmp_path):
    child = "import time, pathlib; time.sleep(1); pathlib.Path(r'{}').touch()"
    alive = tmp_path / "alive"
    program = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child.format(alive)!r}])"
    )
    with pytest.raises(compare.NotMeasuredError, match=r"no draws within 0.5 s"):
        finish(program, tmp_path, limit=0.5)
    time.sleep(1)
    assert not alive.exists()


def test_a_failure_is_told_in_a_line_without_paths(tmp_path):
    place = ROOT / "x"
    with pytest.raises(compare.NotMeasuredError, match=r"^failed: ValueError: in \./x$"):
        finish(f"print('hm'); raise ValueError(r'in {place.as_posix()}')", tmp_path)


def test_what_cannot_be_installed_is_left_out_with_one_line(monkeypatch):
    calls = []

    def no_network(command, **settings):
        calls.append(command)
        errors = "WARNING: retrying\nERROR: No matching distribution found for nutpie\nhint: none\n"
        return SimpleNamespace(returncode=int("pip" in command), stderr=errors)

    monkeypatch.setattr(compare.subprocess, "run", no_network)
    sampler = next(s for s in compare.SAMPLERS if s.name == "nutpie")
    found = compare.measure(sampler, 75, 1, None)
    assert found == {"status": "not installed: ERROR: No matching distribution found for nutpie"}
    compare.measure(sampler, 75, 2, None)
    assert len(calls) == 2  # an environment and an installation, once


def test_every_peer_has_a_script_and_a_list_of_lower_bounds_that_the_project_does_not_need():
    project = json.dumps((ROOT / "requirements.txt").read_text(encoding="utf8"))
    for sampler in compare.SAMPLERS:
        assert (PEERS / f"{sampler.script}.py").is_file()
        if sampler.environment:
            lines = (PEERS / f"{sampler.environment}.txt").read_text().split()
            assert lines
            for wanted in map(Requirement, lines):
                assert str(wanted.specifier).startswith(">=")
                assert wanted.name not in project


# The classroom's checks


@pytest.mark.parametrize("part", checks.PARTS)
def test_right_answers_were_hardly_ever_refused(part):
    """With none refused of 3,000 the rate is below one in a thousand, 95 times in 100."""
    kinds = json.loads(checks.RESULTS.read_text(encoding="utf8"))[part]
    counts = sum(
        (Counter(batch) for found in kinds.values() for batch in found.values()), Counter()
    )
    assert counts.total() > 1000
    assert counts["disagrees"] < counts.total() / 1000
