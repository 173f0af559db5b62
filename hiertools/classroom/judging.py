"""Marks for one submission. Its code runs in a process of its own; here it is only asked.

The tests are those of the assignment's autograder edition. They run in this process, where no
code of the submission ever is. The key is computed here, from the dataset of the student whom the
submission names.
"""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hiertools.classroom.assignment import Test
from hiertools.classroom.isolation import Limits
from hiertools.classroom.submission import Submission


class Result(NamedTuple):
    """One test case."""

    question: str
    name: str
    points: float
    passed: bool
    hidden: bool
    message: str
    """What was wrong, with the author's hint."""


class Report(NamedTuple):
    """All that came of a submission."""

    results: list[Result]
    failures: list[str]
    """Cells that stopped, and why."""
    end: str
    """Why the process was stopped, or empty."""
    seconds: float


def mark(cells: Sequence[str], student: str, tests: Sequence[Test], limits: Limits) -> Report:
    """Run a submission's cells in a process of their own, and test what they left there.

    Parameters
    ----------
    cells : sequence of str
    student : str
        Whose data the key is computed from.
    tests : sequence of Test
    limits : Limits

    Returns
    -------
    Report
    """
    started = time.monotonic()
    with Submission(cells, limits) as submission:
        results = [_run(test, submission, student) for test in tests]
    return Report(
        results, submission.failures, submission.end, round(time.monotonic() - started, 1)
    )


def _run(test: Test, submission: Submission, student: str) -> Result:
    """One test, with the submission's values and stand-ins for its functions."""
    passed, message = True, ""
    try:
        wanted = list(inspect.signature(test.function).parameters)
        given = {n: student if n == "STUDENT" else submission.get(n) for n in wanted}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.seterr(all="ignore")
            test.function(**given)
    except Exception as error:
        passed, message = False, submission.end or str(error).strip() or type(error).__name__
    if message and test.hint and test.hint not in message:
        message += f"{'' if message[-1] in '.?!' else '.'} {test.hint}"
    points = test.points
    return Result(test.question, test.name, points, passed, test.hidden, message[:1000])
