"""The teacher's pages: what they promise is so, and what they say elsewhere says too.

tests/test_teaching_site.py follows their links to explorers in a browser.
"""

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from hiertools import classroom
from hiertools.classroom import isolation, judging
from hiertools.classroom.__main__ import _parser
from hiertools.classroom.editions import autograder_edition, make_editions
from hiertools.classroom.isolation import MIB, Limits
from hiertools.classroom.marking import mark_class

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "theme"))
import teaching  # noqa: E402  the book's extension, no package

PAGES = {path.stem: path.read_text(encoding="utf8") for path in ROOT.glob("teaching/*.md")}
PRESETS = sorted(
    {p for text in PAGES.values() for p in re.findall(r"{preset}`[^<]+<(.+?)>`", text)}
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="marking needs Linux")


# --- presets ---


@pytest.mark.parametrize("address", PRESETS)
def test_a_preset_has_a_picture_of_its_own(address):
    docname, state = teaching.preset(address)
    explorer, _ = teaching.explorers()[address.partition("?")[0]]
    assert state in explorer.states
    asked = len(re.findall("=", address))
    moved = sum(a != b for a, b in zip(state, explorer.states[0], strict=True))
    assert moved <= asked
    assert (ROOT / f"{docname}.ipynb").is_file()


def test_every_explorer_is_shown():
    assert {address.partition("?")[0] for address in PRESETS} == set(teaching.explorers())


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("no-explorer?n=5", "is no explorer"),
        ("data-explorer?q=5", "has no setting q"),
        ("data-explorer?n=7", "no picture"),
        ("data-explorer?n=200&sigma=4.0", "no picture"),
        ("data-explorer?n", "bad query"),
    ],
)
def test_a_preset_without_a_picture_is_refused(address, why):
    with pytest.raises(ValueError, match=why):
        teaching.preset(address)


@pytest.mark.parametrize(("address", "well"), [("data-explorer?n=200", True), ("a?n=7", False)])
def test_the_build_fails_where_a_preset_has_no_picture(tmp_path, address, well):
    config = f"import sys\nsys.path.insert(0, {str(ROOT / 'theme')!r})\n"
    config += "extensions = ['myst_parser', 'teaching']\n"
    (tmp_path / "conf.py").write_text(config)
    (tmp_path / "index.md").write_text(f"# Page\n\n{{preset}}`many <{address}>`\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == well, done.stderr
    if well:
        page = (tmp_path / "out" / "index.html").read_text(encoding="utf8")
        assert f'href="chapters/01_data.html#{address}">many</a>' in page
    else:
        assert "preset a?n=7" in done.stderr


# --- plans, goals, mistakes ---


def sections(text, level):
    """The text below each heading of a level, by heading."""
    parts = re.split(rf"^{'#' * level} (.+)$", text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_each_lecture_takes_ninety_minutes():
    plans = sections(PAGES["guide"], 2)
    lectures = {"One lecture": plans["One lecture"]}
    for plan, number in (("Three lectures", 3), ("Six lectures", 6)):
        parts = sections(plans[plan], 3)
        assert len(parts) == number
        lectures |= {f"{plan}: {name}": part for name, part in parts.items()}
    for name, lecture in lectures.items():
        minutes = [int(found) for found in re.findall(r"^- \*\*(\d+) min\*\*", lecture, re.M)]
        assert sum(minutes) == 90, name
        assert len(minutes) == lecture.count("\n- ")


def test_the_plan_of_six_lectures_goes_through_every_chapter_and_assignment():
    plan = sections(PAGES["guide"], 2)["Six lectures"]
    numbered = [f"../{chapter.docname}.ipynb#" for chapter in teaching.chapters()]
    places = [plan.find(address) for address in numbered]
    assert -1 not in places
    assert places == sorted(places)
    assert re.findall(r"assignment (\d)", plan) == ["1", "2", "3", "4", "5"]


def test_chapters_are_gathered_in_the_order_of_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    files = [page["file"] for part in toc["parts"] for page in part["chapters"]]
    gathered = teaching.chapters()
    assert [it.docname for it in gathered] == [f for f in files if f.startswith("chapters/")]
    for it in gathered:
        lines = it.goals.splitlines()
        assert len(lines) >= 3
        assert all(re.match("- .+[;.]$", line) for line in lines), it.title


def test_a_chapter_without_goals_is_named(tmp_path):
    path = tmp_path / "10_none.ipynb"
    cell = {"cell_type": "markdown", "source": ["# None\n", "\n", "**Time** 30 minutes."]}
    path.write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(ValueError, match=r"10_none.ipynb has nothing like .*What you will learn"):
        teaching.chapter(path)


@pytest.mark.parametrize("path", sorted(ROOT.glob("assignments/*.ipynb")), ids=lambda p: p.stem)
def test_an_assignment_says_what_it_holds(path):
    said, raw = teaching.assignment(path), teaching.sources(path, "raw")
    points = re.findall(r"# BEGIN QUESTION\s+name: q\d+\s+points: (\d+)", raw)
    assert said.points == sum(map(int, points))
    assert said.grades.total() == len(points)
    assert set(said.grades) <= set(teaching.GRADES)
    assert 45 <= said.minutes <= 90


def test_every_mistake_is_met_somewhere():
    beliefs = re.findall(r'^"(.+)"\n: (.+)$', PAGES["misconceptions"], re.M)
    assert len(beliefs) == PAGES["misconceptions"].count("\n: ")
    for belief, answer in beliefs:
        assert re.search(r"{numref}`ex-|\]\(\.\./chapters/\d\d_\w+\.ipynb#", answer), belief


# --- commands ---


def commands():
    """Every command that stands by itself in the teacher's pages or in README."""
    texts = [*PAGES.values(), (ROOT / "README.md").read_text(encoding="utf8")]
    fences = [f for text in texts for f in re.findall(r"^```(.*)\n([^`]*)^```$", text, re.M)]
    blocks = [block for info, block in fences if info in {"", "sh"}]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    kept = [re.sub(r"^([A-Z_]+=\S+ )+", "", line) for line in lines]
    known = r"(make|sed|python3|\.venv/bin/\w+|course/bin/\w+) "
    return [shlex.split(line, comments=True) for line in kept if re.match(known, line)]


def test_commands_of_the_classroom_are_taken():
    found = [words[3:] for words in commands() if words[1:3] == ["-m", "hiertools.classroom"]]
    assert {words[0] for words in found} == {"make", "mark"}
    for words in found:
        chosen = _parser().parse_args(words)
        assert chosen.run


def test_every_option_of_marking_is_explained():
    mark_parser = next(a for a in _parser()._actions if a.choices).choices["mark"]
    options = {o for a in mark_parser._actions for o in a.option_strings} - {"-h", "--help"}
    said = set(re.findall(r"(?<![\w-])--[a-z]+", sections(PAGES["marking"], 2)["Mark a class"]))
    assert said == options


def test_targets_of_make_are_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf8"), re.M))
    targets |= {"slides"}
    inline = {name for text in PAGES.values() for name in re.findall(r"`make ([a-z-]+)`", text)}
    alone = {words[1] for words in commands() if words[0] == "make" and len(words) > 1}
    assert "lab" in inline
    assert "book" in alone
    assert inline | alone <= targets


def test_pip_knows_the_options():
    used = [words[1:] for words in commands() if words[0].endswith("/pip")]
    helps = {
        name: subprocess.run(
            [sys.executable, "-m", "pip", name, "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in {words[0] for words in used}
    }
    for name, *words in used:
        for option in (word for word in words if word.startswith("--")):
            assert re.search(rf"{option}\b", helps[name]), f"pip {name} {option}"


def test_a_variant_is_another_assignment_throughout(tmp_path):
    """The command as it stands, on a copy of the source."""
    command = next(words for words in commands() if words[0] == "sed")
    at = command.index(">")
    assert command[at - 1 :] == ["assignments/assignment1.ipynb", ">", f"assignments/{NEW}.ipynb"]
    done = subprocess.run(
        [*command[: at - 1], ROOT / command[at - 1]], capture_output=True, text=True, check=True
    )
    path = tmp_path / f"{NEW}.ipynb"
    path.write_text(done.stdout, encoding="utf8")
    text = teaching.sources(path, "code", "raw", "markdown")
    calls = re.findall(r"student_\w+\(STUDENT, (.+?)[,)]", text)
    assert len(calls) > 10
    assert set(calls) == {"6", '"6 again"'}
    assert "assignment1" not in text
    assert teaching.assignment(path).title.startswith("Assignment 6:")


NEW = "assignment6"


@pytest.mark.classroom
def test_a_variant_is_made(tmp_path):
    test_a_variant_is_another_assignment_throughout(tmp_path)
    assert make_editions([tmp_path / f"{NEW}.ipynb"], tmp_path / "out") == []
    assert autograder_edition("6", tmp_path / "out").is_file()


# --- what is said of marking ---


def test_limits_are_as_said():
    limits, text = Limits(), PAGES["marking"]
    assert f"{limits.seconds:.0f} seconds altogether" in text
    assert f"{limits.cell_seconds:.0f} seconds of computing" in text
    assert f"{limits.memory // 2**30} GiB of memory" in text
    assert f"{limits.file_size // MIB} MiB a file" in text
    assert f"{limits.folder_size // MIB} MiB of files in all" in text
    assert f"print {limits.output // MIB} MiB" in text
    assert f"{limits.files:,} files" in text
    assert f"{limits.threads} threads" in text
    for machine in isolation.MACHINES:
        assert machine in text


@linux
def test_the_table_has_the_columns_that_are_explained(tmp_path):
    inbox, out = tmp_path / "in", tmp_path / "marks" / "scores.csv"
    inbox.mkdir()
    (inbox / "essay.ipynb").write_text("I did not know what a notebook is.")
    test = 'from otter.test_files import test_case\nOK_FORMAT = False\nname = "q1"\npoints = 1\n'
    test += "@test_case(points=1)\ndef test_f(f):\n    assert f\n"
    edition = tmp_path / "a.ipynb"
    edition.write_text(json.dumps({"cells": [], "metadata": {"otter": {"tests": {"q1": test}}}}))
    (row,) = mark_class(inbox, edition, out, progress=False)
    with out.open(newline="", encoding="utf-8") as opened:
        columns = next(csv.reader(opened))
    terms = re.findall(r"^(`\w+`.*)\n: ", sections(PAGES["marking"], 2)["Mark a class"], re.M)
    said = [name for line in terms for name in re.findall(r"`(\w+)`", line) if name != "q2"]
    assert said == columns
    assert f"`{row['status']}`" in PAGES["marking"]
    assert (out.parent / "feedback" / "essay.ipynb.html").is_file()
    assert (out.parent / "scores.csv.parts").is_dir()


def test_every_check_is_named():
    named = set(re.findall(r"`(check_\w+)`", sections(PAGES["marking"], 2)["A variant"]))
    checks = {name for name in classroom.__all__ if name.startswith("check_")}
    assert named == checks - {"check_exercise"}  # that one is for the exercises of the chapters


def test_names_are_told_apart_as_said():
    def y(name):
        return classroom.student_data(name, 1)[0].y

    assert np.array_equal(y("Ada Lovelace"), y("ada  lovelace"))
    assert not np.array_equal(y("Ada Lovelace"), y("A. Lovelace"))
    assert len(classroom.student_data("Ada", "exam 2027", n=4, m=2)[0].y) == 8


def test_a_hidden_name_gets_by_as_said():
    class Written:
        source = "def f(data, params): return getattr(ht, 'log_like' + 'lihood')(data, params)"

    assert classroom.check_written(Written(), "log_likelihood")


@linux
def test_a_submission_can_show_what_its_functions_are_called_with_as_said():
    def hidden(f):
        assert f(4711) == 1

    tests = [judging.Test("q1", "hidden", 1.0, hidden=True, hint="", function=hidden)]
    cells = ["def f(x):\n    raise ValueError(f'seen {x}')"]
    (result,) = judging.mark(cells, "Ada", tests, Limits()).results
    assert not result.passed
    assert "seen 4711" in result.message
