"""A page for each student: what was right, what was not, and where to read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from hiertools.classroom.assignment import Assignment, Heading, chapter_title

STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #1a7f37; --todo: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --todo: #d29922; } }
* { box-sizing: border-box; }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 44rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 0.4rem; }
.who { margin: 0.2rem 0 1.2rem; overflow-wrap: anywhere; }
.score { font-size: 1.35rem; font-weight: 600; margin: 0 0 0.3rem; }
.note { border-left: 4px solid var(--todo); padding: 0.2rem 0 0.2rem 0.9rem;
  overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin-top: 1.2rem; }
th, td { text-align: left; padding: 0.35rem 0.5rem; border-bottom: 1px solid var(--line); }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tfoot td, tfoot th { border-bottom: 0; font-weight: 600; }
a { color: inherit; }
ul { list-style: none; padding: 0; margin: 0.4rem 0; }
li { margin: 0.6rem 0; overflow-wrap: anywhere; }
.mark { font-weight: 600; }
.good { color: var(--good); } .todo { color: var(--todo); }
.read { margin: 0.4rem 0; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); font-size: 0.9rem; }
"""
FOOTER = (
    "<footer><p>Each question is tried by small tests, and every test that passes counts. If you "
    "think that a test is wrong, show this page to your teacher.</p></footer>"
)
TestResult = Mapping[str, Any]


def feedback_page(row: Mapping[str, Any], report: Mapping[str, Any], assignment: Assignment) -> str:
    """One student's results as a page that needs nothing but itself.

    Parameters
    ----------
    row : dict
        The student's row of the table of scores.
    report : dict
        `results` and `failures`, as in `Report`.
    assignment : Assignment

    Returns
    -------
    str
        HTML; everything that a submission said is escaped.
    """
    who, title = escape(row["student"] or row["file"]), escape(assignment.title)
    by_question: dict[str, list[TestResult]] = {}
    for result in report["results"]:
        by_question.setdefault(result["question"], []).append(result)
    parts = [
        f'<h1>{title}</h1>\n<p class="who">{who}</p>',
        f'<p class="score">{_points(row["points"])} of {row["out_of"]:g}</p>',
        f"<p>{_in_words(row, by_question)}</p>",
        _note(row["what_happened"]),
        _overview(by_question, assignment.headings),
        *(_question(assignment.headings[name], results) for name, results in by_question.items()),
        _stopped(report["failures"]),
        FOOTER,
    ]
    body = "\n".join(filter(None, parts))
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}: {who}</title><style>{STYLE}</style></head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _points(number: float) -> str:
    return f"{number:g} point{'' if number == 1 else 's'}"


def _in_words(row: Mapping[str, Any], by_question: Mapping[str, Sequence[TestResult]]) -> str:
    """What the score means, and what to do next."""
    if not by_question:
        return (
            "Your answers could not be looked at; below is why. If you do not see how to mend it, "
            "ask your teacher."
        )
    if row["points"] == row["out_of"]:
        return "Everything is right. Well done."
    open_questions = [
        name for name, results in by_question.items() if not all(r["passed"] for r in results)
    ]
    few = len(open_questions) <= len(by_question) // 2
    start = "Most of it is right. " if few else ""
    return (
        f"{start}Below is a hint for everything that is not there yet, and where to read "
        "about it. Change your notebook, run its checks again, and you will see when it passes."
    )


def _note(what_happened: str) -> str:
    return f'<p class="note">{escape(what_happened)}</p>' if what_happened else ""


def _overview(
    by_question: Mapping[str, Sequence[TestResult]], headings: Mapping[str, Heading]
) -> str:
    """All questions and their points."""
    if not by_question:
        return ""
    rows, sums = [], [0.0, 0.0]
    for name, results in by_question.items():
        got, full = _got(results), sum(r["points"] for r in results)
        sums = [sums[0] + got, sums[1] + full]
        heading = headings[name]
        rows.append(
            f'<tr><th scope="row"><a href="#{_anchor(heading)}">{escape(heading.name)}</a></th>'
            f'<td>{escape(heading.grade)}</td><td class="number">{got:g} of {full:g}</td></tr>'
        )
    total = f'<td></td><td class="number">{sums[0]:g} of {sums[1]:g}</td>'
    return (
        '<table><thead><tr><th scope="col">Question</th><th scope="col">Grade</th>'
        f'<th scope="col" class="number">Points</th></tr></thead><tbody>{"".join(rows)}</tbody>'
        f'<tfoot><tr><th scope="row">Total</th>{total}</tr></tfoot></table>'
    )


def _question(heading: Heading, results: Sequence[TestResult]) -> str:
    full = sum(r["points"] for r in results)
    items = "".join(_test(result) for result in results)
    read = ""
    if heading.chapters and not all(r["passed"] for r in results):
        where = " and ".join(chapter_title(k) for k in heading.chapters)
        read = f'<p class="read">Read again: {escape(where)}.</p>'
    return (
        f'<h2 id="{_anchor(heading)}">{escape(heading.name)}: {_got(results):g} of {full:g}</h2>'
        f"<ul>{items}</ul>{read}"
    )


def _test(result: TestResult) -> str:
    passed = result["passed"]
    kind, sign, word = ("good", "✓", "Right") if passed else ("todo", "○", "Not yet")
    kept_back = ", a test kept back for marking" if result["hidden"] else ""
    hint = "" if passed else f": {escape(result['message'])}"
    return (
        f'<li><span class="mark {kind}">{sign} {word}</span> '
        f"({_points(result['points'])}{kept_back}){hint}</li>"
    )


def _stopped(failures: Sequence[str]) -> str:
    if not failures:
        return ""
    items = "".join(f"<li>{escape(failure)}</li>" for failure in failures)
    return (
        "<h2>Cells that stopped</h2><p>What they should have defined was missing afterwards. "
        "Cells are counted from the top, code cells only.</p>"
        f"<ul>{items}</ul>"
    )


def _got(results: Sequence[TestResult]) -> float:
    return float(sum(r["points"] for r in results if r["passed"]))


def _anchor(heading: Heading) -> str:
    return escape(heading.name.lower().replace(" ", "-"))
