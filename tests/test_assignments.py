"""The assignments, whole: made by otter, solved, answered wrongly, handed in, marked.

``make classroom`` makes the editions and runs this. Nothing here is mocked: submissions run in
their own processes, and a student's notebook runs in a Jupyter kernel.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from wrong_answers import WRONG

from hiertools.classroom.assignment import load_tests
from hiertools.classroom.editions import EDITIONS, SOURCES, autograder_edition
from hiertools.classroom.isolation import unavailable
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


# --- a new teacher: twelve submissions, good, half, wrong, hostile ---

HOSTILE = {
    "loops": "while True:\n    pass",
    "eats": "hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))",
    "raises": "import no_such_module",
    "deletes": "import os, shutil\nfor place in ('.', '..', '/tmp', os.path.expanduser('~')):\n"
    "    shutil.rmtree(place, ignore_errors=True)",
    "prints": "import os\nfor _ in range(100):\n    os.write(1, b'x' * 2**20)",
    "reads_the_key": "import pathlib\nkey = [p.read_text() for p in [{key!r}] for p in "
    "[pathlib.Path(p)]]",
    "rewrites": "import hiertools.classroom as c\nfor n in dir(c):\n"
    "    if n.startswith('check'):\n        setattr(c, n, lambda *a, **k: True)",
}


def test_a_new_teacher_marks_twelve_submissions(tmp_path):
    name, inbox = "assignment1", tmp_path / "in"
    hand_in(inbox, name, "good")
    hand_in(inbox, name, "half", {q: s for q, (s, _) in WRONG[name, "first"].items() if s})
    hand_in(inbox, name, "wrong", kind="student")
    for student, code in HOSTILE.items():
        nb = notebook(name, student, kind="student")
        source = code.replace("{key!r}", repr(str(edition(name))))
        nb.cells.append(nbformat.v4.new_code_cell(source))
        nbformat.write(nb, inbox / f"{name}_{student}.ipynb")
    (inbox / "empty.ipynb").touch()
    (inbox / "essay.ipynb").write_text("I did not know what a notebook is.")
    nbformat.write(notebook(name, "renamed"), inbox / "final (2).txt")
    victim = tmp_path / "precious.txt"
    victim.write_text("keep me")

    command = [sys.executable, "-m", "hiertools.classroom", "mark", inbox, "--assignment", "1"]
    command += ["--out", tmp_path / "scores.csv", "--seconds", "150"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "13 submissions" in done.stdout
    with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as opened:
        rows = {row["file"]: row for row in csv.DictReader(opened)}
    got = {file.removeprefix(f"{name}_").split(".")[0]: row for file, row in rows.items()}
    assert len(rows) == 13
    assert float(got["good"]["percent"]) == 100
    assert float(got["good"]["points"]) > float(got["half"]["points"]) > 0
    assert float(got["final (2)"]["percent"]) == 100
    assert "does not end in .ipynb" in got["final (2)"]["what_happened"]
    assert "does not say whose" in got["final (2)"]["what_happened"]
    assert "empty" in got["empty"]["what_happened"]
    assert "no notebook" in got["essay"]["what_happened"]
    for student, what in (
        ("wrong", ""),
        ("loops", "took more than"),
        ("eats", "memory"),
        ("raises", "no_such_module"),
        ("prints", "printed more than"),
        ("reads_the_key", "PermissionError"),
        ("rewrites", ""),
        ("deletes", ""),
    ):
        assert float(got[student]["points"]) == 0, student
        assert what in got[student]["what_happened"], got[student]
    assert victim.read_text() == "keep me"
    assert len(list((tmp_path / "feedback").glob("*.html"))) == 13


# --- a new student: opens the notebook in Jupyter, errs, reads, mends ---


def run_in_jupyter(nb, folder):
    """Run a notebook in a kernel, as Jupyter does, and return what each check said."""
    from nbclient import NotebookClient

    nbformat.write(nb, folder / "assignment1.ipynb")
    NotebookClient(nb, resources={"metadata": {"path": str(folder)}}, allow_errors=True).execute()
    said = {}
    for cell in nb.cells:
        if cell.source.startswith('grader.check("'):
            text = "".join(o.get("text", "") + str(o.get("data", "")) for o in cell.outputs)
            said[cell.source.split('"')[1]] = text
    return said


@pytest.mark.filterwarnings("ignore")
def test_a_new_student_errs_reads_the_hint_mends_and_passes(tmp_path):
    wrong = {"q3": 'sd_true = np.var(truth["beta"])\nsd_fitted = 1.0'}
    first = run_in_jupyter(notebook("assignment1", "Ada", wrong), tmp_path)
    assert "square of the right answer" in first["q3"]
    assert "truth['beta']" in first["q3"]
    assert "passed" in first["q2"]
    second = run_in_jupyter(notebook("assignment1", "Ada"), tmp_path)
    assert "passed" in second["q3"]
    assert "failed" not in second["q3"]


def test_editions_are_of_the_sources_as_they_are_now():
    for name in ASSIGNMENTS:
        made = (EDITIONS / name / "made_from").read_text()
        assert made == digest(SOURCES / f"{name}.ipynb"), "make assignments"


def digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
