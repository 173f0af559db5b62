"""The assignments, whole: made by otter, solved, answered wrongly, handed in, marked.

``make classroom`` makes the editions and runs this. Nothing here is mocked: submissions run in
their own processes, and a student's notebook runs in a Jupyter kernel.
"""

import ast
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from wrong_answers import WRONG

from hiertools.classroom.assignment import load_assignment, load_tests
from hiertools.classroom.editions import EDITIONS, SOURCES, autograder_edition
from hiertools.classroom.isolation import Limits, unavailable
from hiertools.classroom.judging import mark
from hiertools.classroom.marking import mark_class

pytestmark = [
    pytest.mark.classroom,
    pytest.mark.skipif(sys.platform != "linux", reason="marking needs Linux"),
]
ASSIGNMENTS = sorted(path.stem for path in SOURCES.glob("*.ipynb"))
ANSWERS = ("otter_assign_solution_cell", "otter_answer_cell")


def edition(name, kind="autograder"):
    path = EDITIONS / name / kind / f"{name}.ipynb"
    assert path.is_file(), "make assignments"
    return path


def notebook(name, student, answers=None, kind="autograder"):
    """An edition with the student's name in it and some answers replaced."""
    nb = nbformat.read(edition(name, kind), as_version=4)
    cells = [c for c in nb.cells if set(ANSWERS) & set(c.metadata.get("tags", []))]
    questions = list(dict.fromkeys(test.question for test in load_tests(edition(name))))
    assert len(cells) == len(questions), "one cell for each answer"
    for question, cell in zip(questions, cells, strict=True):
        cell.source = (answers or {}).get(question, cell.source)
    named = [c for c in nb.cells if c.source.startswith("STUDENT = ")]
    assert len(named) == 1
    named[0].source = f"STUDENT = {student!r}"
    return nb


def hand_in(folder, name, student, answers=None, kind="autograder"):
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook(name, student, answers, kind), folder / f"{name}_{student}.ipynb")


def marked(folder, name):
    out = folder.parent / "scores.csv"
    mark_class(folder, autograder_edition(name, EDITIONS), out, progress=False)
    with out.open(newline="", encoding="utf-8") as opened:
        return {row["file"]: row for row in csv.DictReader(opened)}


def points(row):
    return {key: float(value) for key, value in row.items() if key.startswith("q")}


def test_this_machine_can_mark():
    assert unavailable() == ""


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_solution_gets_full_marks_and_wrong_answers_lose_what_they_should(name, tmp_path):
    wrong = {which: answers for (where, which), answers in WRONG.items() if where == name}
    assert wrong, "no wrong submissions to this assignment"
    hand_in(tmp_path / "in", name, "solution")
    hand_in(tmp_path / "in", name, "nothing", kind="student")
    for which, answers in wrong.items():
        replaced = {question: source for question, (source, _) in answers.items() if source}
        hand_in(tmp_path / "in", name, which, replaced)
    rows = marked(tmp_path / "in", name)

    full = {}
    for test in load_tests(edition(name)):
        full[test.question] = full.get(test.question, 0) + test.points
    solved = rows[f"{name}_solution.ipynb"]
    assert points(solved) == full, solved
    assert float(rows[f"{name}_nothing.ipynb"]["points"]) == 0
    for which, answers in wrong.items():
        expected = full | {q: full[q] - lost for q, (_, lost) in answers.items()}
        page = (tmp_path / "feedback" / f"{name}_{which}.ipynb.html").read_text(encoding="utf-8")
        assert points(rows[f"{name}_{which}.ipynb"]) == expected, page


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_question_can_be_answered_wrongly(name):
    """Between them the wrong submissions touch every question."""
    questions = {test.question for test in load_tests(edition(name))}
    touched = {q for (where, _), answers in WRONG.items() if where == name for q in answers}
    assert touched == questions


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_what_otter_shows_of_a_test_that_fails_holds_no_answer(name):
    """It shows the statement that raised: what is expected is computed in another."""
    cells = json.loads((SOURCES / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    tests = [ast.parse(source) for source in sources if "# BEGIN TEST CONFIG" in source]
    calls = [node for test in tests for node in ast.walk(test) if isinstance(node, ast.Call)]
    expected = [call.args[1] for call in calls if ast.unparse(call.func).endswith("check_number")]
    assert expected
    shown = [ast.unparse(node) for node in expected if set(map(type, ast.walk(node))) & COMPUTED]
    assert not shown


COMPUTED = {ast.BinOp, ast.Call, ast.Compare}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_what_is_not_answered_is_said_to_be_so(name):
    """Nobody is shown a TypeError for three dots that they have not got to yet."""
    cells = [c.source for c in notebook(name, "Ada", kind="student").cells if c.cell_type == "code"]
    report = mark(cells, "Ada", load_tests(edition(name)), Limits())
    words = r"not there yet|`return` missing|should return a dict|return two numbers"
    assert not [result for result in report.results if not re.search(words, result.message)]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_students_edition_holds_no_solution_and_no_hidden_test(name):
    text = edition(name, "student").read_text(encoding="utf-8")
    public = "".join(json.loads(text)["metadata"]["otter"]["tests"].values())
    hidden = [test for test in load_tests(edition(name)) if test.hidden]
    assert "SOLUTION" not in text
    assert not [test.function.__name__ for test in hidden if test.function.__name__ in public]
    for cell in notebook(name, "x", kind="student").cells:
        if "otter_answer_cell" in cell.metadata.get("tags", []):
            assert "..." in cell.source


def test_otter_itself_gives_the_solution_full_marks(tmp_path):
    """The autograder's zip serves whoever has otter and not this package's marking."""
    name = "assignment1"
    zipped = EDITIONS / name / "autograder" / f"{name}-autograder.zip"
    command = [sys.executable, "-m", "otter", "run", "-a", zipped, "-o", tmp_path, edition(name)]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())["tests"]
    assert sum(t.get("score", 0) for t in results) == sum(
        t.points for t in load_tests(edition(name))
    )


# --- a new teacher: a fresh copy, twelve submissions and some more, good, half, wrong, hostile ---

HOSTILE = {
    "loops": ("while True:\n    pass", "took more than"),
    "eats": ("hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))", "MemoryError"),
    "raises": ("import no_such_module", "no_such_module"),
    "deletes": (
        "import os, shutil\nfor place in ('.', '..', '/tmp', {inbox!r}, os.path.expanduser('~')):\n"
        "    shutil.rmtree(place, ignore_errors=True)",
        "",
    ),
    "prints": (
        "import os\nfor _ in range(100):\n    os.write(1, b'x' * 2**20)",
        "printed more than 4 MiB",
    ),
    "reads_the_key": ("import pathlib\nkey = pathlib.Path({key!r}).read_text()", "PermissionError"),
    "rewrites": (
        "import hiertools.classroom as c\nfor n in dir(c):\n    if n.startswith('check'):\n"
        "        setattr(c, n, lambda *a, **k: True)",
        "",
    ),
    "forks": ("import os\nwhile True:\n    os.fork()", "PermissionError"),
    "kills": ("import os\nos.kill(os.getppid(), 9)", "PermissionError"),
    "calls_home": ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "PermissionError"),
}
"""What a cell does, and what the row says of it."""
OTHERS = {
    "final (2).txt": (11, "does not end in .ipynb"),
    "empty.ipynb": (0, "the file is empty"),
    "essay.ipynb": (0, "the file is no notebook"),
    "link.ipynb": (0, "a link"),
    "huge.ipynb": (0, "larger than"),
    "-rf.ipynb": (0, "does not say whose"),
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """What a clone would hold, and nothing that was made since."""
    place = tmp_path_factory.mktemp("fresh")
    made = shutil.ignore_patterns("_build", "__pycache__", ".*")
    for folder in ("hiertools", "assignments", "chapters"):
        shutil.copytree(SOURCES.parent / folder, place / folder, ignore=made)
    return place


def teachers_command(fresh, *words):
    command = [sys.executable, "-m", "hiertools.classroom", *words]
    settings = {"env": os.environ | {"PYTHONPATH": str(fresh)}, "cwd": fresh}
    return subprocess.run(command, check=True, capture_output=True, text=True, **settings)


def as_it_lies(folder):
    """Every file's size, and when it was last written."""
    found = {path.name: path.lstat() for path in folder.iterdir()}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def a_class(inbox, key):
    """Three that tried, those that are hostile, and those that handed in something else."""
    name = "assignment1"
    hand_in(inbox, name, "good")
    hand_in(inbox, name, "half", {q: s for q, (s, _) in WRONG[name, "first"].items() if s})
    hand_in(inbox, name, "wrong", kind="student")
    for student, (code, _) in HOSTILE.items():
        nb = notebook(name, student, kind="student")
        source = code.replace("{key!r}", repr(str(key))).replace("{inbox!r}", repr(str(inbox)))
        nb.cells.append(nbformat.v4.new_code_cell(source))
        nbformat.write(nb, inbox / f"{name}_{student}.ipynb")
    nbformat.write(notebook(name, "renamed"), inbox / "final (2).txt")
    nbformat.write(notebook(name, "dash", kind="student"), inbox / "-rf.ipynb")
    (inbox / "empty.ipynb").touch()
    (inbox / "essay.ipynb").write_text("I did not know what a notebook is.")
    (inbox / "link.ipynb").symlink_to(key)
    with (inbox / "huge.ipynb").open("wb") as opened:
        opened.truncate(200 * 2**20)


def test_a_new_teacher_makes_an_assignment_and_marks_a_class(fresh, tmp_path):
    inbox, out = tmp_path / "in", tmp_path / "scores.csv"
    made = teachers_command(fresh, "make", "assignments/assignment1.ipynb")
    assert "1 assignments" in made.stdout
    key = fresh / "assignments/_build/assignment1/autograder/assignment1.ipynb"
    a_class(inbox, key)
    handed_in = as_it_lies(inbox)
    words = ["mark", inbox, "--assignment", "1", "--out", out, "--seconds", "150"]
    done = teachers_command(fresh, *words)
    assert f"{len(handed_in)} submissions" in done.stdout
    with out.open(newline="", encoding="utf-8") as opened:
        rows = {row["file"].removeprefix("'"): row for row in csv.DictReader(opened)}
    assert set(rows) == set(handed_in)
    got = {student: float(rows[f"assignment1_{student}.ipynb"]["points"]) for student in HOSTILE}
    assert got == dict.fromkeys(HOSTILE, 0.0)
    for student, (_, what) in HOSTILE.items():
        assert what in rows[f"assignment1_{student}.ipynb"]["what_happened"]
    for file, (full, what) in OTHERS.items():
        assert float(rows[file]["points"]) == full
        assert what in rows[file]["what_happened"]
    points = [float(rows[f"assignment1_{s}.ipynb"]["points"]) for s in ("good", "half", "wrong")]
    lost = sum(lost for _, lost in WRONG["assignment1", "first"].values())
    assert points == [11.0, 11.0 - lost, 0.0]
    pages = {page.name for page in (tmp_path / "feedback").iterdir()}
    assert pages == {row["feedback"] for row in rows.values()}
    assert as_it_lies(inbox) == handed_in, "nobody touched what others handed in"
    half = (tmp_path / "feedback" / "assignment1_half.ipynb.html").read_text(encoding="utf-8")
    assert "Not yet" in half
    assert "Read again: chapter 1" in half
    assert "standard deviation is asked for" in half


# --- a new student: opens the notebook in Jupyter, errs, reads, mends ---


def run_in_jupyter(nb, path):
    """Run a notebook in a kernel, as Jupyter does, and return what each check said."""
    from nbclient import NotebookClient

    folder = path.parent
    nbformat.write(nb, path)
    NotebookClient(nb, resources={"metadata": {"path": str(folder)}}, allow_errors=True).execute()
    said = {}
    for cell in nb.cells:
        if cell.source.startswith('grader.check("'):
            text = "".join(o.get("text", "") + str(o.get("data", "")) for o in cell.outputs)
            said[cell.source.split('"')[1]] = text
    return said


def test_a_new_student_errs_reads_the_hint_mends_passes_and_hands_in(tmp_path):
    """With the student's own edition: it knows neither solutions nor the tests kept back."""
    name = "assignment1"
    mine, renamed = (tmp_path / f"student/{name}{end}.ipynb" for end in ("", "_Ada"))
    mine.parent.mkdir()
    untouched = nbformat.read(edition(name, "student"), as_version=4)
    run_in_jupyter(untouched, mine)
    said = "".join(str(cell.get("outputs", "")) for cell in untouched.cells)
    assert "the student is not there yet: put" in said

    right = {
        "q1": "n_of_3 = int(np.sum(data.group == 3))\nmean_of_3 = data.y[data.group == 3].mean()"
    }
    wrong = {"q1": "n_of_3 = len(data.y)\nmean_of_3 = data.y[data.group == 3].mean()"}
    first = run_in_jupyter(notebook(name, "Ada", wrong, "student"), mine)
    assert "n_of_3 is 60, which is not the right answer" in first["q1"]
    assert "data.group == 3 picks the rows" in first["q1"], "the hint"
    assert "not there yet" in first["q3"], "what is not answered is said to be so"
    mended = notebook(name, "Ada", right, "student")
    mine.unlink()
    second = run_in_jupyter(mended, renamed)
    assert "passed" in second["q1"]
    assert "failed" not in second["q1"]

    (tmp_path / "in").mkdir()
    nbformat.write(mended, tmp_path / "in" / f"{name}_Ada.ipynb")
    row = marked(tmp_path / "in", name)[f"{name}_Ada.ipynb"]
    assert points(row) == {"q1": 1.0, **dict.fromkeys(["q2", "q3", "q4", "q5", "q6", "q7"], 0.0)}
    assert "does not say whose" not in row["what_happened"]


def test_editions_are_of_the_sources_as_they_are_now():
    for name in ASSIGNMENTS:
        made = (EDITIONS / name / "made_from").read_text()
        now = hashlib.sha256((SOURCES / f"{name}.ipynb").read_bytes()).hexdigest()
        assert made == now, "make assignments"


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_assignment_says_how_long_it_takes_how_hard_it_is_and_where_to_read(name):
    assignment = load_assignment(edition(name))
    assert assignment.title.startswith(f"Assignment {name[-1]}: ")
    text = (SOURCES / f"{name}.ipynb").read_text(encoding="utf-8")
    minutes, total = re.search(r"About (\d+) minutes\. (\d+) points\.", text).groups()
    assert 45 <= int(minutes) <= 90
    assert int(total) == sum(test.points for test in assignment.tests)
    assert all(heading.chapters for heading in assignment.headings.values())
    assert {heading.grade for heading in assignment.headings.values()} == {"easy", "medium", "hard"}
