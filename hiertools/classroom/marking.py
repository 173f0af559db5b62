"""Marks for a class: a table of scores, and a page for each student.

Every file that was handed in gets a row, whatever it is, and the table is whole at every
moment: it is written beside itself and put in place in one step. Each result is kept as soon as
it is there, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import multiprocessing
import os
import resource
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from hiertools.classroom.feedback import feedback_page
from hiertools.classroom.isolation import Limits
from hiertools.classroom.judging import Report, Test, load_tests, mark, read_notebook
from hiertools.classroom.samplers import prepare
from hiertools.classroom.students import plain

PLACEHOLDER = "your name"
PATIENCE = 180.0
"""Seconds that the tests may take beyond the submission's own time."""
JUDGE_MEMORY = 6 * 2**30


class Job(NamedTuple):
    """One file that was handed in."""

    path: Path
    file: str
    """Its place in the folder of submissions."""
    key: str
    """Changes if the file does, or the tests, or the limits."""
    kept: Path
    """Where its result is kept."""


class Class(NamedTuple):
    """All that marking needs to know."""

    tests: list[Test]
    limits: Limits
    title: str
    out: Path
    feedback: Path
    jobs: int


def mark_class(
    submissions: Path,
    edition: Path,
    out: Path,
    *,
    feedback: Path | None = None,
    limits: Limits | None = None,
    jobs: int | None = None,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Mark every file in a folder.

    Parameters
    ----------
    submissions : Path
        Folder, with folders in it or without.
    edition : Path
        The assignment's autograder edition.
    out : Path
        Table of scores (CSV). Results are kept beside it, in a folder of the same name with
        `.parts` behind it.
    feedback : Path, optional
        Folder for the pages; `feedback` beside the table when left out.
    limits : Limits, optional
    jobs : int, optional
        How many submissions at a time; one for each core when left out.
    progress : bool
        Show a progress bar.

    Returns
    -------
    list of dict
        The rows.

    Raises
    ------
    ValueError
        If there is no such folder, or the edition has not been made.
    """
    if not submissions.is_dir():
        raise ValueError(f"there is no folder {submissions}")
    if not edition.is_file():
        raise ValueError(f"there is no {edition}; make the assignments first")
    room = Class(
        load_tests(edition),
        limits or Limits(),
        edition.stem,
        out,
        feedback or out.parent / "feedback",
        jobs or len(os.sched_getaffinity(0)),
    )
    room.feedback.mkdir(parents=True, exist_ok=True)
    parts = out.with_name(out.name + ".parts")
    parts.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(edition.read_bytes() + repr(room.limits).encode()).hexdigest()
    todo = [_job(path, submissions, key, parts) for path in handed_in(submissions)]
    found = {job.file: _kept(job) for job in todo}
    _write_table(room, todo, found)
    try:
        _mark_all(room, todo, found, progress=progress)
    finally:
        rows = _write_table(room, todo, found)
    return rows


def handed_in(submissions: Path) -> list[Path]:
    """Everything in a folder that is no folder itself; hidden files and folders are passed over.

    Parameters
    ----------
    submissions : Path

    Returns
    -------
    list of Path
    """
    found = []
    for place, folders, names in os.walk(submissions):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__MACOSX")))
        found += [Path(place) / name for name in sorted(names) if not name.startswith(".")]
    return found


def _job(path: Path, submissions: Path, key: str, parts: Path) -> Job:
    file = path.relative_to(submissions).as_posix()
    digest = hashlib.sha256(key.encode())
    with contextlib.suppress(OSError):  # what cannot be read is told of later
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as opened:
                while block := opened.read(2**20):
                    digest.update(block)
    named = hashlib.sha256(os.fsencode(file)).hexdigest()[:32]
    return Job(path, file, digest.hexdigest(), parts / f"{named}.json")


def _kept(job: Job) -> dict[str, Any] | None:
    """The result that an earlier run left, if it is of the same file and the same tests."""
    try:
        result: dict[str, Any] = json.loads(job.kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if result.get("key") == job.key else None


def _mark_all(
    room: Class,
    todo: Sequence[Job],
    found: dict[str, dict[str, Any] | None],
    *,
    progress: bool,
) -> None:
    """Run the jobs that have no result, so many at a time, each in a process of its own."""
    from tqdm import tqdm

    prepare()
    tqdm.monitor_interval = 0  # its thread would be copied into every process
    context = multiprocessing.get_context("fork")
    waiting = [job for job in todo if found[job.file] is None]
    running: dict[Any, tuple[Job, float]] = {}
    with tqdm(total=len(todo), initial=len(todo) - len(waiting), disable=not progress) as bar:
        try:
            while waiting or running:
                while waiting and len(running) < room.jobs:
                    job = waiting.pop(0)
                    process = context.Process(target=_work, args=(job, room))
                    process.start()
                    running[process] = job, time.monotonic() + room.limits.seconds + PATIENCE
                time.sleep(0.05)
                for process, (job, deadline) in list(running.items()):
                    if process.is_alive() and time.monotonic() < deadline:
                        continue
                    found[job.file] = _finish(process, job, room)
                    del running[process]
                    bar.update()
                    _write_table(room, todo, found)
        finally:
            for process in running:
                process.kill()
                process.join()


def _finish(process: Any, job: Job, room: Class) -> dict[str, Any]:
    """The result of a process that has ended, or the row that says why there is none."""
    late = process.is_alive()
    if late:
        process.kill()
    process.join()
    result = _kept(job)
    if result is None:
        why = "the tests took too long" if late else f"the tests ended with {process.exitcode}"
        result = _result(job, room, "stopped", None, None, [f"marking failed: {why}"])
    return result


def _work(job: Job, room: Class) -> None:
    """Mark one submission, and keep the result."""
    resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
    _write(job.kept, json.dumps(examine(job, room)))


def examine(job: Job, room: Class) -> dict[str, Any]:
    """Look at one file, whatever it is.

    Parameters
    ----------
    job : Job
    room : Class

    Returns
    -------
    dict
        `key`, `row` and `report`.
    """
    if not stat.S_ISREG(job.path.lstat().st_mode):
        return _result(job, room, "no notebook", None, None, ["the file is a link or no file"])
    notebook = read_notebook(job.path)
    if notebook.problem:
        return _result(job, room, "no notebook", None, None, [notebook.problem])
    notes = []
    if job.path.suffix != ".ipynb":
        notes.append("the file's name does not end in .ipynb")
    student = notebook.student
    if student is None or not student.strip() or plain("student", student) == PLACEHOLDER:
        student = _from_file_name(job.path, room.title)
        notes.append(f"the notebook does not say whose it is; by the file's name, {student}'s")
    elif _letters(student) not in _letters(job.file):
        notes.append("the file's name does not say whose it is")
    report = mark(notebook.cells, student, room.tests, room.limits)
    if report.end:
        notes.insert(0, report.end)
    elif report.failures:
        notes.append("stopped: " + "; ".join(report.failures[:3]))
    status = "stopped" if report.end else "marked"
    return _result(job, room, status, student, report, notes)


def _result(
    job: Job,
    room: Class,
    status: str,
    student: str | None,
    report: Report | None,
    notes: Sequence[str],
) -> dict[str, Any]:
    results = report.results if report else []
    questions = dict.fromkeys((test.question for test in room.tests), 0.0)
    for result in results:
        questions[result.question] += result.points if result.passed else 0.0
    full = sum(test.points for test in room.tests)
    total = sum(questions.values())
    row = {
        "file": job.file,
        "student": student or "",
        "status": status,
        "points": round(total, 6),
        "out_of": full,
        "percent": round(100 * total / full, 1) if full else 0.0,
        **{question: round(points, 6) for question, points in questions.items()},
        "seconds": report.seconds if report else 0.0,
        "what_happened": "; ".join(notes),
    }
    told = {
        "results": [result._asdict() for result in results],
        "failures": report.failures if report else [],
        "end": report.end if report else "",
    }
    return {"key": job.key, "row": row, "report": told, "limits": asdict(room.limits)}


def _write_table(
    room: Class, todo: Sequence[Job], found: Mapping[str, dict[str, Any] | None]
) -> list[dict[str, Any]]:
    """The table as far as it is known, one row for each file; and the pages."""
    rows = []
    for job in todo:
        result = found[job.file] or _result(job, room, "waiting", None, None, [])
        rows.append(dict(result["row"]))
    _note_twins(rows)
    for job, row in zip(todo, rows, strict=True):
        page = room.feedback / f"{job.file.replace('/', '_')}.html"
        known = found[job.file]
        if known is not None:
            page_text = feedback_page(row, known["report"], room.title)
            if not page.is_file() or page.read_text(encoding="utf-8") != page_text:
                _write(page, page_text)
    questions = list(dict.fromkeys(test.question for test in room.tests))
    head = ["file", "student", "status", "points", "out_of", "percent", *questions]
    lines = [[_cell(row[name]) for name in (*head, "seconds", "what_happened")] for row in rows]
    temporary = room.out.with_name(f".{room.out.name}.{os.getpid()}")
    with temporary.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([[*head, "seconds", "what_happened"], *lines])
        opened.flush()
        os.fsync(opened.fileno())
    temporary.replace(room.out)
    return rows


def _note_twins(rows: Sequence[dict[str, Any]]) -> None:
    """Say so where two files are of the same student."""
    files: dict[str, list[str]] = {}
    for row in rows:
        if str(row["student"]).strip():
            files.setdefault(plain("student", row["student"]), []).append(row["file"])
    for row in rows:
        same = files.get(plain("student", row["student"]), []) if row["student"] else []
        others = [file for file in same if file != row["file"]]
        if others:
            note = f"the same student's as {', '.join(others[:3])}"
            row["what_happened"] = "; ".join(filter(None, [row["what_happened"], note]))


def _from_file_name(path: Path, title: str) -> str:
    """Whose a file is, by its name: what is left of it without the assignment's."""
    name = path.name.split(".")[0].replace(title, "").strip(" _-")
    return name or path.parent.name or "nobody"


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        clean = "".join(c if c.isprintable() else " " for c in value)
        return f"'{clean}" if clean.startswith(("=", "+", "-", "@")) else clean
    return value


def _write(path: Path, text: str) -> None:
    """Write a file beside itself, and put it in place in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8", errors="replace")
    temporary.replace(path)
