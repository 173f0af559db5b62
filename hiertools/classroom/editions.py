"""From one source to three editions: the student's, the solution and the autograder's."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hiertools
from hiertools.classroom.assignment import load_tests

ROOT = Path(hiertools.__file__).parents[1]
SOURCES, EDITIONS = ROOT / "assignments", ROOT / "assignments" / "_build"


def autograder_edition(assignment: str, editions: Path) -> Path:
    """Where the notebook with solutions and all tests of an assignment is.

    Parameters
    ----------
    assignment : str
        Its number, or the name of its source.
    editions : Path

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If it has not been made.
    """
    name = f"assignment{assignment}" if assignment.isdigit() else assignment
    made = {path.stem: path for path in editions.glob("*/autograder/*.ipynb")}
    if name not in made:
        there = f"only {', '.join(sorted(made))}" if made else "nor any other"
        raise ValueError(
            f"there is no {name} in {editions}, {there}: `python -m hiertools.classroom make` "
            "makes every assignment that has a source"
        )
    return made[name]


def make_editions(sources: Sequence[Path], out: Path) -> list[str]:
    """Run ``otter assign`` on each source; it runs the solution, which must get full marks.

    Parameters
    ----------
    sources : sequence of Path
        Notebooks in otter-grader's format.
    out : Path
        Each source gets a folder of its own here, with `student` and `autograder` in it.

    Returns
    -------
    list of str
        What went wrong, one text for each source that failed.
    """
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        problems = list(pool.map(lambda source: _make(source, out / source.stem), sources))
    return [problem for problem in problems if problem]


def _make(source: Path, out: Path) -> str:
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "otter", "assign", str(source), str(out)]
    kernels = {"JUPYTER_PREFER_ENV_PATH": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | kernels, check=False
    )
    if done.returncode:
        shutil.rmtree(out, ignore_errors=True)
        return f"{source.name}: {done.stderr[-3000:]}"
    problem = _missing_tests(source, out / "autograder" / source.name)
    if problem:
        shutil.rmtree(out)
        return f"{source.name}: {problem}"
    _make_ready_for_students(out / "student" / source.name)
    for zipped in (out / "autograder").glob("*.zip"):  # otter writes the time into its name
        zipped.rename(zipped.with_name(f"{source.stem}-autograder.zip"))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    (out / "made_from").write_text(digest, encoding="utf-8")
    return ""


def _make_ready_for_students(edition: Path) -> None:
    """Ask for the student's name, and let the file be renamed: otter does neither.

    A name that was left in place would be nobody's, and its data with it. The tests are in the
    notebook, which otter opens by the name that it had when it was made.
    """
    found = f'*sorted(glob.glob("{edition.stem}[!0-9]*ipynb"))[:1]'
    notebook = json.loads(edition.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        text = re.sub(r'^STUDENT = ".*"  # SOLUTION$', "STUDENT = ...", text)
        if f'otter.Notebook("{edition.name}")' in text:
            text = text.replace("import otter", "import glob\nimport otter")
            text = text.replace(f'"{edition.name}"', found)
        cell["source"] = text.splitlines(keepends=True)
    written = json.dumps(notebook, indent=1, ensure_ascii=False)
    edition.write_text(f"{written}\n", encoding="utf-8")


def _missing_tests(source: Path, edition: Path) -> str:
    """What otter passes over in silence: a question whose tests are no Python.

    It writes a hint between double quotes as it is, so a hint with a double quote in it makes
    such tests; the question is then neither tested nor counted.
    """
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    raw = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "raw"]
    wanted = re.findall(r"# BEGIN QUESTION\s+name: (\w+)\s+points: ([\d.]+)", "\n".join(raw))
    try:
        tests = load_tests(edition)
    except SyntaxError as error:
        return f"the tests are no Python (a double quote in a hint?): {error.text}"
    points = {name: sum(t.points for t in tests if t.question == name) for name, _ in wanted}
    wrong = [name for name, full in wanted if points[name] != float(full)]
    return f"the tests of {', '.join(wrong)} do not add up to its points" if wrong else ""
