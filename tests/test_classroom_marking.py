"""Marking: what passes between processes, what a submission may not do, tables that stay whole.

The assignment here is a tiny one that needs no otter to be made; tests/test_assignments.py marks
the real ones.
"""

import csv
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import unicodedata

import numpy as np
import pytest
from harness import ANYTHING
from hypothesis import given, settings

import hiertools as ht
from hiertools.classroom import LogPosterior, editions, isolation, wire
from hiertools.classroom.__main__ import main
from hiertools.classroom.assignment import load_assignment, load_tests
from hiertools.classroom.feedback import feedback_page
from hiertools.classroom.isolation import Limits
from hiertools.classroom.judging import mark
from hiertools.classroom.marking import mark_class
from hiertools.classroom.notebooks import read_notebook, sources_of

pytestmark = pytest.mark.classroom
linux = pytest.mark.skipif(sys.platform != "linux", reason="marking needs Linux")
TESTS = {
    "q1": """from otter.test_files import test_case
OK_FORMAT = False
name = "q1"
points = 3
@test_case(points=1, hidden=False, failure_message="Is it the square?")
def test_function(f):
    assert f(2) == 4, "f(2) is not 4"
@test_case(points=2, hidden=True)
def test_own(f, own, STUDENT):
    from hiertools import classroom
    data, _ = classroom.student_data(STUDENT, 1)
    classroom.check_number(own, data.y.sum(), name="own").require()
""",
    "q2": """from otter.test_files import test_case
OK_FORMAT = False
name = "q2"
points = 1
@test_case(points=1, hidden=False)
def test_values(values):
    assert values == {"a": [1, (2.5, None)], "b": True}
""",
}
GOOD = [
    "from hiertools import classroom\nimport numpy as np",
    "data, truth = classroom.student_data(STUDENT, 1)",
    "def f(x):\n    return x**2",
    "own = data.y.sum()",
    'values = {"a": [1, (2.5, None)], "b": True}',
]
QUICK = Limits(seconds=120, cell_seconds=2)


TEXT = ["# Assignment 9", "**Question 1 (easy, chapter 2).**", "**Question 2 (hard, chapter 3).**"]


def write_notebook(path, cells, student="Ada", metadata=None):
    named = [f"STUDENT = {student!r}"] if student is not None else []
    code = [{"cell_type": "code", "source": source} for source in [*named, *cells]]
    text = [{"cell_type": "markdown", "source": source} for source in TEXT]
    whole = {"cells": text + code, "metadata": metadata or {}}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


@pytest.fixture
def edition(tmp_path):
    folder = tmp_path / "editions" / "assignment9" / "autograder"
    folder.mkdir(parents=True)
    metadata = {"otter": {"tests": TESTS}}
    return write_notebook(folder / "assignment9.ipynb", GOOD, metadata=metadata)


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def table(path):
    with path.open(newline="", encoding="utf-8") as opened:
        return {row["file"]: row for row in csv.DictReader(opened)}


# --- what passes between processes ---


@given(value=ANYTHING)
@settings(max_examples=200)
def test_any_value_travels_or_becomes_a_name(value):
    wire.decode(json.loads(json.dumps(wire.encode(value))))


def test_plain_values_arrive_as_they_were():
    data, _ = ht.simulate(3, 2, rng=1)
    sent = {
        "x": [1, 2.5, None, ..., "a", True, (np.pi, -np.inf)],
        "a": np.arange(6.0).reshape(2, 3),
        "i": np.array([1, 2], dtype=np.int32),
    }
    got = wire.decode(json.loads(json.dumps(wire.encode(sent))))
    assert got["x"] == sent["x"]
    assert np.array_equal(got["a"], sent["a"])
    assert got["i"].dtype == np.int32
    target = wire.decode(wire.encode(LogPosterior(data, ht.Hierarchical())))
    params = ht.Hierarchical().sample_prior(3, 1)
    expected = ht.Hierarchical().log_posterior(data, params)
    assert target(params) == expected
    a, b = (wire.decode(wire.encode(np.random.default_rng(3))).random() for _ in range(2))
    assert a == b
    chain = ht.metropolis(lambda p: -(p["z"] ** 2), {"z": 0.0}, proposal_sd=1, n_draws=9, rng=1)
    assert np.array_equal(wire.decode(wire.encode(chain)).draws["z"], chain.draws["z"])
    assert type(wire.decode(wire.encode(open))).__name__ == "builtin_function_or_method"


@pytest.mark.parametrize(
    "garbage",
    [
        {"array": "AAAA", "dtype": "O", "shape": [1]},
        {"array": "!!", "dtype": "<f8", "shape": [7]},
        {"model": "os.system", "fields": {}},
        {"model": "Unpooled", "fields": {"sigma_high": -1}},
        {"float": "one"},
        {"nothing": 1},
        {"dict": [[{"list": []}, 1]]},
        1.5,
    ],
)
def test_garbage_is_refused(garbage):
    with pytest.raises(wire.BrokenMessageError):
        wire.decode(garbage)


def test_messages_that_are_none_are_refused():
    for raw in (
        b"",
        b"\xff" * 8,
        (5).to_bytes(8, "big") + b"{{{{{",
        (2).to_bytes(8, "big") + b"[]",
    ):
        ours, theirs = socket.socketpair()
        with ours:
            theirs.sendall(raw)
            theirs.close()
            with pytest.raises(wire.BrokenMessageError):
                wire.receive(ours)


# --- what is handed in ---


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("an essay", "no notebook"),
        ("[1, 2]", "no notebook"),
        ('{"cells": 3}', "no notebook"),
        ('{"cells": [{"cell_type": "code"}]}', "no notebook"),
        ("[" * 100_000, "no notebook"),
        ('{"cells": []}', ""),
    ],
)
def test_a_file_that_is_no_notebook_is_told_so(tmp_path, text, problem):
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    found = read_notebook(path)
    assert problem in found.problem
    assert bool(problem) == bool(found.problem)
    assert "larger" in read_notebook(path, largest=-1).problem
    assert "no notebook" in read_notebook(tmp_path / "gone").problem


@pytest.mark.parametrize(
    ("cell", "student"),
    [
        ('STUDENT = "Bo"', "Bo"),
        ("STUDENT = 4711", "4711"),
        ("%matplotlib inline\nSTUDENT = 'Bo'  # me", "Bo"),
        ("STUDENT = open('/etc/passwd').read()", None),
        ("STUDENT = [", None),
        ("name = 'Bo'", None),
    ],
)
def test_the_student_is_read_and_not_run(tmp_path, cell, student):
    path = write_notebook(tmp_path / "x.ipynb", [cell], student=None)
    assert read_notebook(path).student == student


@pytest.mark.parametrize(
    ("cells", "source"),
    [
        (["def f(x):\n    return g(x)", "def g(x):\n    return h"], "h"),
        (["def f(x): return 1", "f = library.f"], "library"),
        (["f = lambda x: library.f(x)"], "library"),
        (["def f(x):\n    chain = 1\n    return chain", "chain = library.run()"], ""),
    ],
)
def test_a_functions_source_has_what_it_calls_and_nothing_else(cells, source):
    found = sources_of(cells)["f"]
    assert source in found
    assert ("library" in found) == (source == "library")


# --- what a submission may not do ---

FORBIDDEN = [
    ("open({precious!r}).read()", "PermissionError"),
    ("open({precious!r}, 'w')", "PermissionError"),
    ("import os; os.remove({precious!r})", "PermissionError"),
    ("import os; os.chmod({precious!r}, 0)", "PermissionError"),
    ("import os; os.utime({precious!r})", "PermissionError"),
    ("import os; os.truncate({precious!r}, 0)", "PermissionError"),
    ("import os; os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)", "PermissionError"),
    ("import os; os.listdir({folder!r})", "PermissionError"),
    ("import os; os.symlink({precious!r}, 's'); open('s').read()", "PermissionError"),
    ("open('/proc/self/environ').read()", "PermissionError"),
    ("import os; os.kill(os.getppid(), 9)", "PermissionError"),
    ("import os; os.kill(-1, 9)", "PermissionError"),
    ("import os; os.fork()", "PermissionError"),
    ("import subprocess; subprocess.run(['true'])", "PermissionError"),
    ("import socket; socket.socket()", "PermissionError"),
    ("import urllib.request as u; u.urlopen('http://127.0.0.1:9')", "not permitted"),
    ("import os; os.posix_spawn('/bin/true', ['true'], {{}})", "PermissionError"),
    ("import multiprocessing as m; m.Process(target=print).start()", "PermissionError"),
    ("import os; os.kill(1, 15)", "PermissionError"),
    ("import os; os.mkfifo('pipe')", "PermissionError"),
    ("import sys; sys.stdout.close(); sys.stdout = None; print('x'); 1 / 0", "ZeroDivision"),
    ("import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0", "AssertionError"),
    ("open('large', 'wb').write(bytes(10**8))", "OSError"),
    ("x = bytearray(10**10)", "MemoryError"),
    ("print('x' * 10**8)", "printed more"),
    ("while True: pass", "took more than"),
    ("import sys; sys.exit(1)", "SystemExit"),
    ("1 / 0", "line 1: ZeroDivisionError"),
    ("x = = 2", "SyntaxError"),
]


@linux
def test_what_is_forbidden_fails_and_costs_nothing_else(edition, tmp_path):
    """Each cell is stopped, and what the other cells answer still counts."""
    precious = tmp_path / "precious.txt"
    precious.write_text("keep me")
    words = {"precious": str(precious), "folder": str(tmp_path)}
    bad = [code.format(**words) if "{" in code else code for code, _ in FORBIDDEN]
    report = mark([*bad, "STUDENT = 'Ada'", *GOOD], "Ada", load_tests(edition), QUICK)
    assert report.end == ""
    assert precious.read_text() == "keep me"
    assert len(report.failures) == len(bad), report.failures
    for failure, (code, why) in zip(report.failures, FORBIDDEN, strict=True):
        assert why in failure, (code, failure)
    assert [result.passed for result in report.results] == [True, True, True]


@linux
@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("import os\nos._exit(0)", "was ended in cell 1"),
        ("import ctypes\nctypes.string_at(0)", "signal 11 in cell 1"),
        ("import os\nwhile True: os.write(1, b'x' * 10**5)", "printed more than"),
        (
            "import os\nfor k in range(3, 64):\n    try: os.write(k, b'\\xff' * 50)\n"
            "    except OSError: pass",
            "message",
        ),
        (
            "import threading, time\nthreading.stack_size(2**16)\ntry:\n    while True:\n"
            "        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
            "except Exception: time.sleep(99)",
            "threads",
        ),
        ("for k in range(3000):\n    open(str(k), 'w')\nimport time; time.sleep(99)", "files"),
        (
            "for k in range(9):\n    open(str(k), 'wb').write(bytes(10**7))\n"
            "import time; time.sleep(99)",
            "files",
        ),
    ],
)
def test_a_process_that_ends_itself_ends_alone(edition, cell, why):
    report = mark([cell, *GOOD], "Ada", load_tests(edition), QUICK)
    assert why in report.end
    assert not any(result.passed for result in report.results)
    assert all(why in result.message for result in report.results)


@linux
def test_a_submission_that_rewrites_the_checks_rewrites_its_own_copy(edition):
    cells = [
        "import hiertools.classroom as c\nfor n in dir(c):\n    if n[:5] == 'check': "
        "setattr(c, n, lambda *a, **k: True)",
        "import hiertools.data as d\nd.simulate = None",
        "class Yes(dict):\n    def __eq__(self, other): return True\nvalues = Yes()",
        "f, own = 4, 0.0",
    ]
    report = mark(cells, "Ada", load_tests(edition), QUICK)
    assert not any(result.passed for result in report.results)


@linux
def test_a_submission_that_speaks_for_the_judge_is_not_believed(edition):
    """It finds the line to the judge, says that it is done, and that all is right."""
    cell = """
import gc, socket
from hiertools.classroom.wire import send
for line in [o for o in gc.get_objects() if isinstance(o, socket.socket)]:
    send(line, {"done": True})
    for _ in range(9):
        send(line, {"kind": "value", "value": True, "passed": True, "points": 99.0})
print('{"passed": true, "points": 99, "outcome": "agrees"}')
"""
    report = mark([cell, *GOOD], "Ada", load_tests(edition), QUICK)
    assert not any(result.passed for result in report.results)
    assert [result.points for result in report.results] == [1.0, 2.0, 1.0]


@linux
def test_what_stops_the_clock_of_its_cell_ends_with_the_time_of_the_whole(edition):
    stubborn = "import signal\nfor k in (0, 2): signal.setitimer(k, 0)\nwhile True: pass"
    report = mark([stubborn], "Ada", load_tests(edition), Limits(seconds=6, cell_seconds=1))
    assert "took more than 6 seconds altogether" in report.end


def test_elsewhere_marking_is_refused(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(isolation.sys, "platform", "win32")
    assert "needs Linux" in isolation.unavailable()
    monkeypatch.undo()
    monkeypatch.setattr(platform, "machine", lambda: "s390x")
    if sys.platform == "linux":
        assert "processors" in isolation.unavailable()
        assert main(["mark", str(tmp_path), "--assignment", "1"]) == 1
        assert "Nothing was run" in capsys.readouterr().err


# --- a class ---


@linux
def test_a_class_is_marked_and_marking_goes_on_where_it_stopped(edition, inbox, tmp_path):
    write_notebook(inbox / "assignment9_ada.ipynb", GOOD)
    write_notebook(inbox / "assignment9_bo.ipynb", [*GOOD, "own = 0"], student="Bo")
    write_notebook(inbox / "=cmd()_twin.ipynb", GOOD, student=" ADA")
    (inbox / "empty.ipynb").touch()
    (inbox / "link.ipynb").symlink_to("/etc/hosts")
    (inbox / ".hidden").touch()
    out = tmp_path / "marks" / "scores.csv"
    out.parent.mkdir()

    def marks():
        mark_class(inbox, edition, out, limits=QUICK, progress=False)
        return table(out)

    rows = marks()
    assert len(rows) == 5
    assert rows["assignment9_ada.ipynb"]["points"] == "4.0"
    assert rows["assignment9_bo.ipynb"]["q1"] == "1.0"
    assert rows["empty.ipynb"]["status"] == "no notebook"
    assert "link" in rows["link.ipynb"]["what_happened"]
    assert "same student's" in rows["assignment9_ada.ipynb"]["what_happened"]
    assert "'=cmd()_twin.ipynb" in rows, "no cell of the table is a formula"
    pages = {page.name for page in (out.parent / "feedback").iterdir()}
    assert len(pages) == 5

    parts = tmp_path / "marks" / "scores.csv.parts"
    kept = {p: p.stat().st_mtime_ns for p in parts.glob("*.json")}
    write_notebook(inbox / "assignment9_bo.ipynb", GOOD, student="Bo")
    assert marks()["assignment9_bo.ipynb"]["points"] == "4.0"
    changed = [p for p, time in kept.items() if p.stat().st_mtime_ns != time]
    assert len(changed) == 1, "only what was handed in anew is marked anew"

    victim = next(iter(kept))
    victim.write_text("half a res")
    assert marks() == table(out)
    assert json.loads(victim.read_text())["row"]


ODD = {
    "-rf.ipynb": "marked",
    "two\nlines.ipynb": "marked",
    "Zoë_数.ipynb": "marked",
    f"{'long' * 62}.ipynb": "marked",
    "a/b.ipynb": "marked",
    "a_b.ipynb": "marked",
    ".ada.ipynb": "marked",
    "huge.ipynb": "no notebook",
    "folder": "no notebook",
    "dangling.ipynb": "no notebook",
    "pipe.ipynb": "no notebook",
}


@linux
def test_odd_files_get_a_row_and_a_page_each(edition, inbox, tmp_path):
    (inbox / "a").mkdir()
    for name, status in ODD.items():
        if status == "marked":
            write_notebook(inbox / name, ['values = {"a": [1, (2.5, None)], "b": True}'])
    with (inbox / "huge.ipynb").open("wb") as opened:
        opened.truncate(200 * 2**20)
    (inbox / "folder").symlink_to("/etc")
    (inbox / "dangling.ipynb").symlink_to("nowhere")
    os.mkfifo(inbox / "pipe.ipynb")
    (inbox / os.fsdecode(b"\xff.ipynb")).touch()
    for passed_over in (".DS_Store", "._b.ipynb", ".ipynb_checkpoints/b.ipynb"):
        path = inbox / passed_over
        path.parent.mkdir(exist_ok=True)
        path.touch()
    out = tmp_path / "scores.csv"
    rows = mark_class(inbox, edition, out, limits=QUICK, progress=False)
    found = {row["file"]: row for row in rows}
    assert set(found) == {*ODD, os.fsdecode(b"\xff.ipynb")}
    for name, status in ODD.items():
        assert found[name]["status"] == status, found[name]
        assert found[name]["points"] == (1.0 if status == "marked" else 0.0)
    assert "larger than" in found["huge.ipynb"]["what_happened"]
    pages = {page.name for page in (tmp_path / "feedback").iterdir()}
    assert pages == {row["feedback"] for row in rows}, "no two share a page"
    assert len(pages) == len(rows) == len(out.read_text(encoding="utf-8").splitlines()) - 1


def command(edition, inbox, out):
    return [
        *(sys.executable, "-m", "hiertools.classroom", "mark", inbox, "--assignment", "9"),
        *("--editions", edition.parents[2], "--out", out, "--jobs", "1"),
    ]


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_marking_that_is_stopped_loses_no_row_and_goes_on(edition, inbox, tmp_path, how):
    for k in range(4):
        write_notebook(inbox / f"s{k}.ipynb", [*GOOD, "import time; time.sleep(1)"], f"s{k}")
    out = tmp_path / "scores.csv"

    def statuses():
        return [row["status"] for row in table(out).values()] if out.is_file() else []

    running = subprocess.Popen(
        command(edition, inbox, out),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while "marked" not in statuses():
        assert running.poll() is None
        time.sleep(0.02)
    send = os.kill if how == signal.SIGKILL else os.killpg  # Ctrl-C reaches the whole group
    send(running.pid, how)
    said = running.communicate()[1]
    assert len(statuses()) == 4
    assert "waiting" in statuses()
    if how == signal.SIGINT:
        assert "goes on from here" in said
        assert "Traceback" not in said
    first = {p: p.stat().st_mtime_ns for p in (tmp_path / "scores.csv.parts").glob("*.json")}
    done = subprocess.run(command(edition, inbox, out), check=True, capture_output=True, text=True)
    assert "4 submissions" in done.stdout
    assert [row["points"] for row in table(out).values()] == ["4.0"] * 4
    assert all(p.stat().st_mtime_ns == at for p, at in first.items()), "nothing is marked twice"
    before = out.read_bytes()
    subprocess.run(command(edition, inbox, out), check=True, capture_output=True)
    assert out.read_bytes() == before


@linux
@pytest.mark.parametrize("hook", ["before", "after_in_parent"])
def test_marking_that_is_stopped_in_the_midst_of_a_fork_stops(edition, inbox, tmp_path, hook):
    """What a hook of a fork raises is lost; here Ctrl-C comes in such a hook.

    Beside another thread, which the system may tell instead.
    """
    for k in range(3):
        write_notebook(inbox / f"s{k}.ipynb", GOOD, f"s{k}")
    program = f"""
import os, signal, sys, threading, time
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
forks = []
def interrupt():
    forks.append(len(forks))
    if len(forks) == 2:
        os.kill(os.getpid(), signal.SIGINT)
os.register_at_fork({hook}=interrupt)
from hiertools.classroom.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    out = tmp_path / "scores.csv"
    options = command(edition, inbox, out)[3:]
    stopped = subprocess.run(
        [sys.executable, "-c", program, *options], capture_output=True, text=True, check=False
    )
    assert "goes on from here" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    statuses = [row["status"] for row in table(out).values()]
    assert sorted(statuses) == ["marked", "waiting", "waiting"]


@linux
@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"submissions": "none"}, "there is no folder"),
        ({"submissions": "empty"}, "there is nothing to mark in"),
        ({"--assignment": "99"}, "there is no assignment99 in {editions}, only assignment9: "),
        ({"--assignment": "../x"}, "there is no ../x in"),
        ({"--editions": "empty"}, "there is no assignment9 in empty, nor any other: `python -m"),
        ({"--out": "empty"}, "empty is a folder: give the table a name, such as empty/scores.csv"),
        ({"--out": "in/scores.csv", "--feedback": "pages"}, "lies among the submissions"),
        ({"--feedback": "in/pages"}, "lies among the submissions"),
        ({"--out": "/proc/scores.csv"}, "/proc/scores.csv"),
        ({"--out": "in/ada.ipynb/scores.csv"}, "lies among the submissions"),
        ({"--jobs": "-1"}, "jobs must be 1 or more, got -1"),
        ({"--seconds": "nan"}, "seconds must be above 0 and finite, got nan"),
    ],
)
def test_what_is_missing_or_in_the_way_is_said_and_nothing_is_written(
    edition, inbox, tmp_path, capsys, monkeypatch, changed, what
):
    monkeypatch.chdir(tmp_path)
    write_notebook(inbox / "ada.ipynb", GOOD)
    (tmp_path / "empty").mkdir()
    words = {"submissions": "in", "--assignment": "9", "--editions": "editions"} | changed
    before = sorted(tmp_path.rglob("*"))
    submissions = words.pop("submissions")
    assert main(["mark", submissions, *(word for pair in words.items() for word in pair)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert what.format(editions="editions") in said
    assert sorted(tmp_path.rglob("*")) == before


@linux
def test_a_folder_that_may_only_be_read_and_names_of_every_kind(edition, inbox, tmp_path):
    """Spaces, umlauts written in two ways, dots; the table's folder is made."""
    folder = inbox / "Übung 9"
    folder.mkdir()
    here = "Jürgen Müller"
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, here)
        write_notebook(folder / f"{form} {written}.ipynb", GOOD, student=here)
    write_notebook(folder / "assignment9_bo.b@x.ipynb", GOOD, student=None)
    for place in (folder, inbox):
        place.chmod(0o555)
    before = {path: path.lstat().st_mtime_ns for path in inbox.rglob("*")}
    out = tmp_path / "not" / "yet" / "scores.csv"
    mark_class(inbox, edition, out, limits=QUICK, progress=False)
    assert {path: path.lstat().st_mtime_ns for path in inbox.rglob("*")} == before
    rows = list(table(out).values())
    assert [row["student"] for row in rows] == [here, here, "bo.b@x"]
    assert [row["points"] for row in rows] == ["4.0", "4.0", "2.0"]
    assert all("does not say whose" not in row["what_happened"] for row in rows[:2])
    assert all("the same student's" in row["what_happened"] for row in rows[:2])
    for place in (inbox, folder):
        place.chmod(0o755)


@linux
def test_one_assignments_scores_do_not_replace_anothers(edition, inbox, tmp_path):
    (inbox / "empty.ipynb").touch()
    out = tmp_path / "scores.csv"
    mark_class(inbox, edition, out, progress=False)
    other = edition.rename(edition.with_name("assignment8.ipynb"))
    with pytest.raises(ValueError, match="holds the scores of assignment9"):
        mark_class(inbox, other, out, progress=False)


NASTY = "<script>alert(1)</script>"


def page_of(edition, results, **row):
    whole = {"student": "Ada", "file": "x", "points": 0.0, "out_of": 1.0, "what_happened": ""}
    report = {"results": results, "failures": [NASTY]}
    return feedback_page(whole | row, report, load_assignment(edition))


def result_of(passed, message=""):
    return {
        "question": "q1",
        "points": 1.0,
        "hidden": False,
        "passed": passed,
        "message": message,
    }


def test_a_page_escapes_what_a_submission_says(edition):
    page = page_of(edition, [result_of(False, NASTY)], student=NASTY, what_happened=NASTY)
    assert "<script" not in page
    assert page.count("&lt;script") == 5


def test_a_page_says_what_to_do_next(edition):
    assert "Everything is right" in page_of(edition, [result_of(True)], points=1.0)
    half = page_of(edition, [result_of(False, "Is it a square?")])
    assert "Is it a square?" in half
    assert "Read again: chapter 2, “The likelihood" in half
    assert "0 of 1" in half
    assert "could not be looked at" in page_of(edition, [], what_happened="the file is empty")


def test_a_hint_that_breaks_its_tests_is_found(tmp_path):
    """otter writes hints into Python unescaped, and passes over what is then no Python."""
    source = {"cell_type": "raw", "source": "# BEGIN QUESTION\nname: q1\npoints: 3"}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [source]}))
    broken = TESTS["q1"].replace("Is it", 'Is "it"')
    made = write_notebook(tmp_path / "b.ipynb", [], metadata={"otter": {"tests": {"q1": broken}}})
    assert "double quote" in editions._missing_tests(path, made)
    made = write_notebook(tmp_path / "b.ipynb", [], metadata={"otter": {"tests": {}}})
    assert "do not add up" in editions._missing_tests(path, made)
    made = write_notebook(tmp_path / "b.ipynb", [], metadata={"otter": {"tests": TESTS}})
    assert editions._missing_tests(path, made) == ""
