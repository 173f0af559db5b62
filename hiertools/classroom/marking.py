"""Marks for a class: a table of scores, and a page for each student.

Every file that was handed in gets a row, whatever it is, and the table is whole at every
moment. Each result is kept as soon as it is there, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import stat
import tempfile
import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hiertools.classroom.assignment import Assignment, load_assignment
from hiertools.classroom.feedback import feedback_page
from hiertools.classroom.handed_in import Job, handed_in, job_of, keep, kept, write_whole
from hiertools.classroom.isolation import Limits
from hiertools.classroom.judging import mark
from hiertools.classroom.notebooks import Notebook, read_notebook
from hiertools.classroom.samplers import prepare
from hiertools.classroom.sandbox import plain_python
from hiertools.classroom.scores import Result, result_of, rows_of, write_table

PATIENCE = 180.0
"""Seconds that the tests may take beyond the submission's own time."""
JUDGE_MEMORY = 6 * 2**30


class Class(NamedTuple):
    """All that marking needs to know."""

    assignment: Assignment
    limits: Limits
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
        If there is no such folder or nothing in it, the edition has not been made, the table
        or the pages would lie among the submissions, or the table is another assignment's.
    """
    pages = feedback or out.parent / "feedback"
    jobs = len(os.sched_getaffinity(0)) if jobs is None else jobs
    _check_places(submissions, edition, out, pages)
    if jobs < 1:
        raise ValueError(f"jobs must be 1 or more, got {jobs}")
    if not (files := handed_in(submissions)):
        raise ValueError(f"there is nothing to mark in {submissions}")
    room = Class(load_assignment(edition), limits or Limits(), out, pages, jobs)
    parts = _folder_of_results(room)
    pages.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(edition.read_bytes() + repr(room.limits).encode()).hexdigest()
    todo = [job_of(path, submissions, key, parts) for path in files]
    found = {job: kept(job) or result_of(job, room.assignment, status="waiting") for job in todo}
    write_table(out, rows_of(list(found.values())))
    try:
        _mark_all(room, found, progress=progress)
    finally:
        rows = rows_of(list(found.values()))
        write_table(out, rows)
        for job, row in zip(todo, rows, strict=True):
            _write_page(room, job, row, found[job])
    return rows


def _check_places(submissions: Path, edition: Path, out: Path, pages: Path) -> None:
    """Say what is missing or in the way, before anything is written."""
    if not submissions.is_dir():
        raise ValueError(f"there is no folder {submissions}")
    if not edition.is_file():
        raise ValueError(f"there is no {edition}; make the assignments first")
    if out.is_dir():
        raise ValueError(f"{out} is a folder: give the table a name, such as {out / 'scores.csv'}")
    for place in (out, pages):
        if place.resolve().is_relative_to(submissions.resolve()):
            raise ValueError(
                f"{place} lies among the submissions, and would be marked as one of them: "
                "choose another folder"
            )


def _folder_of_results(room: Class) -> Path:
    """Beside the table; it knows whose results they are, so that none are written over."""
    parts = room.out.with_name(room.out.name + ".parts")
    parts.mkdir(parents=True, exist_ok=True)
    owner = parts / "assignment.txt"
    if not owner.is_file():
        write_whole(owner, room.assignment.name)
    if (other := owner.read_text(encoding="utf-8")) != room.assignment.name:
        raise ValueError(
            f"{room.out} holds the scores of {other}: give --out another name, such as "
            f"{room.assignment.name}.csv"
        )
    return parts


def _write_page(room: Class, job: Job, row: dict[str, Any], result: Result) -> None:
    """A page that says something new."""
    page, text = room.feedback / job.page, feedback_page(row, result["report"], room.assignment)
    if row["status"] != "waiting" and not (
        page.is_file() and page.read_text(encoding="utf-8") == text
    ):
        write_whole(page, text)


def _mark_all(room: Class, found: dict[Job, Result], *, progress: bool) -> None:
    """Run the jobs that have no result, so many at a time, each in a process of its own."""
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # its thread would be copied into every process
    waiting = [job for job, result in found.items() if result["row"]["status"] == "waiting"]
    if waiting:
        _prepare()
    done = len(found) - len(waiting)
    with (
        tqdm(total=len(found), initial=done, disable=not progress) as bar,
        tempfile.TemporaryDirectory(prefix="marking-", ignore_cleanup_errors=True) as scratch,
    ):
        for job, result in _results(room, waiting, scratch):
            found[job] = result
            write_table(room.out, rows_of(list(found.values())))
            _write_page(room, job, result["row"], result)
            bar.update()


def _prepare() -> None:
    """Import and compute, once, what every process would have to."""
    import matplotlib as mpl

    mpl.get_cachedir()
    plain_python("1")
    prepare()


def _results(room: Class, waiting: Sequence[Job], scratch: str) -> Iterator[tuple[Job, Result]]:
    """Each job and its result, as they come."""
    context = multiprocessing.get_context("fork")
    todo = list(reversed(waiting))
    running: dict[Any, tuple[Job, float]] = {}
    try:
        while todo or running:
            while todo and len(running) < room.jobs:
                job = todo.pop()
                process = context.Process(target=_work, args=(job, room, scratch))
                with _undisturbed():
                    process.start()
                    running[process] = job, time.monotonic() + room.limits.seconds + PATIENCE
            multiprocessing.connection.wait([p.sentinel for p in running], timeout=1.0)
            for process, (job, deadline) in list(running.items()):
                if not process.is_alive() or time.monotonic() > deadline:
                    del running[process]
                    yield job, _finish(process, job, room)
    finally:
        for process in running:
            process.kill()
            process.join()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C has to wait: what it raises in the midst of a fork Python would drop."""
    if threading.current_thread() is not threading.main_thread():
        yield  # it interrupts the main thread alone
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def _finish(process: Any, job: Job, room: Class) -> Result:
    """The result of a process that has ended, or the row that says why there is none."""
    late = process.is_alive()
    if late:
        process.kill()
    process.join()
    why = "the tests took too long" if late else f"the tests ended with {process.exitcode}"
    notes = [f"marking failed: {why}"]
    return kept(job) or result_of(job, room.assignment, status="stopped", notes=notes)


def _work(job: Job, room: Class, scratch: str) -> None:
    """Mark one submission, and keep the result."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever stops the class stops this too
    resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
    tempfile.tempdir = scratch
    keep(job, examine(job, room))


def examine(job: Job, room: Class) -> Result:
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
    regular = stat.S_ISREG(job.path.lstat().st_mode)
    notebook = (
        read_notebook(job.path) if regular else Notebook([], None, "the file is a link or no file")
    )
    if notebook.problem:
        notes = [notebook.problem]
        return result_of(job, room.assignment, status="no notebook", notes=notes)
    student, notes = whose(notebook, job, room.assignment.name)
    report = mark(notebook.cells, student, room.assignment.tests, room.limits)
    if report.end:
        notes.insert(0, report.end)
    elif report.failures:
        notes.append("stopped: " + "; ".join(report.failures[:3]))
    status = "stopped" if report.end else "marked"
    return result_of(
        job, room.assignment, status=status, notes=notes, student=student, report=report
    )


def whose(notebook: Notebook, job: Job, assignment: str) -> tuple[str, list[str]]:
    """The student whose data the answers are judged by, and what is odd about the file's name.

    Parameters
    ----------
    notebook : Notebook
    job : Job
    assignment : str
        Name of the assignment.

    Returns
    -------
    student : str
    notes : list of str
    """
    notes = []
    if job.path.suffix != ".ipynb":
        notes.append("the file's name does not end in .ipynb")
    student = notebook.student
    if student is None or not student.strip():
        name = job.path.stem.removesuffix(".ipynb").replace(assignment, "").strip(" _-")
        student = name or job.path.parent.name or "nobody"
        notes.append(f"the notebook does not say whose it is; by the file's name, {student}'s")
    elif _letters(student) not in _letters(job.file):
        notes.append("the file's name does not say whose it is")
    return student, notes


def _letters(text: str) -> str:
    """Letters and digits without case and accents, which systems write in more ways than one."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())
