"""The table of scores: a row for each file, whatever it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hiertools.classroom.assignment import Assignment
from hiertools.classroom.handed_in import Job, write_whole
from hiertools.classroom.judging import Report
from hiertools.classroom.students import plain

Result = dict[str, Any]
"""`key`, `row` and `report`: what is kept of a file."""


def result_of(
    job: Job,
    assignment: Assignment,
    *,
    status: str,
    notes: Sequence[str] = (),
    student: str = "",
    report: Report | None = None,
) -> Result:
    """What is known of a file, in the form in which it is kept.

    Parameters
    ----------
    job : Job
    assignment : Assignment
    status : str
        "marked", "stopped", "no notebook" or "waiting".
    notes : sequence of str
        What happened.
    student : str
    report : Report, optional
        Of a submission that was run.

    Returns
    -------
    dict
    """
    report = report or Report([], [], "", 0.0)
    questions = dict.fromkeys((test.question for test in assignment.tests), 0.0)
    for got in report.results:
        questions[got.question] += got.points if got.passed else 0.0
    full, total = sum(test.points for test in assignment.tests), sum(questions.values())
    row = {
        "file": job.file,
        "student": student,
        "status": status,
        "points": round(total, 6),
        "out_of": full,
        "percent": round(100 * total / full, 1) if full else 0.0,
        **{question: round(points, 6) for question, points in questions.items()},
        "seconds": report.seconds,
        "what_happened": "; ".join(notes),
        "feedback": job.page,
    }
    told = report._asdict() | {"results": [got._asdict() for got in report.results]}
    return {"key": job.key, "row": row, "report": told}


def rows_of(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The rows of a table; each says so where another file is of the same student.

    Parameters
    ----------
    results : sequence of dict

    Returns
    -------
    list of dict
    """
    rows = [dict(result["row"]) for result in results]
    files: dict[str, list[str]] = {}
    for row in rows:
        if row["student"].strip():
            files.setdefault(plain("student", row["student"]), []).append(row["file"])
    for same in files.values():
        for row in rows if len(same) > 1 else ():
            if row["file"] in same:
                others = ", ".join(file for file in same if file != row["file"])[:200]
                note = f"the same student's as {others}"
                row["what_happened"] = "; ".join(filter(None, [row["what_happened"], note]))
    return rows


def write_table(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the table, whole, in one step.

    Parameters
    ----------
    out : Path
    rows : sequence of dict
        At least one, all with the same keys.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    write_whole(out, text.getvalue())


def _cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula, on one line."""
    if isinstance(value, str):
        clean = "".join(c if c.isprintable() else " " for c in value)
        return f"'{clean}" if clean.startswith(("=", "+", "-", "@")) else clean
    return value
