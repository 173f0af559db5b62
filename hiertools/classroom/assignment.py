"""An assignment as the autograder edition has it: its tests, and what to call its questions."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import hiertools

CHAPTERS = Path(hiertools.__file__).parents[1] / "chapters"
QUESTION = re.compile(r"\*\*(Question \d+) \((\w+), chapters? ([\d, and]+)\)")


class Test(NamedTuple):
    """A test case."""

    question: str
    name: str
    points: float
    hidden: bool
    hint: str
    function: Any


class Heading(NamedTuple):
    """What to call a question, and where to read for it."""

    name: str
    grade: str
    chapters: tuple[int, ...]


class Assignment(NamedTuple):
    """What marking needs to know of an assignment."""

    name: str
    """Of its file, such as "assignment1"."""
    title: str
    tests: list[Test]
    headings: dict[str, Heading]
    """By question."""


def load_assignment(edition: Path) -> Assignment:
    """Read the notebook that ``otter assign`` wrote for the autograder.

    Parameters
    ----------
    edition : Path

    Returns
    -------
    Assignment
    """
    tests = load_tests(edition)
    cells = json.loads(edition.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    titles = [text.splitlines()[0][2:] for text in texts if text.startswith("# ")]
    title = titles[0] if titles else edition.stem
    return Assignment(edition.stem, title, tests, _headings(texts, tests))


def load_tests(edition: Path) -> list[Test]:
    """The tests of an assignment, hidden ones too.

    Parameters
    ----------
    edition : Path
        Its autograder edition.

    Returns
    -------
    list of Test
    """
    from otter.test_files.exception_test import ExceptionTestFile

    sources = json.loads(edition.read_text(encoding="utf-8"))["metadata"]["otter"]["tests"]
    return [
        Test(
            question,
            str(case.name),
            float(case.points),
            bool(case.hidden),
            case.failure_message or "",
            case.body.test_func,
        )
        for question, source in sources.items()
        for case in ExceptionTestFile.from_string(source).test_cases
    ]


def _headings(texts: Sequence[str], tests: Sequence[Test]) -> dict[str, Heading]:
    """Of each question, in the order of the notebook; its bare name where it has none."""
    questions = list(dict.fromkeys(test.question for test in tests))
    found = [match for text in texts if (match := QUESTION.match(text))]
    if len(found) != len(questions):
        return {question: Heading(question, "", ()) for question in questions}
    return {
        question: Heading(match[1], match[2], tuple(map(int, re.findall(r"\d+", match[3]))))
        for question, match in zip(questions, found, strict=True)
    }


def chapter_title(number: int) -> str:
    """A chapter's number and what it is called, as far as the book is at hand.

    Parameters
    ----------
    number : int

    Returns
    -------
    str

    Examples
    --------
    >>> chapter_title(99)
    'chapter 99'
    """
    for path in CHAPTERS.glob(f"{number:02d}_*.ipynb"):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
        title = "".join(first).splitlines()[0].removeprefix("# ")
        return f"chapter {number}, “{title}”"
    return f"chapter {number}"
