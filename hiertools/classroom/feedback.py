"""A page for each student: what was right, what was not, and where to look."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
li { margin: 0.4rem 0; overflow-wrap: anywhere; }
.score { font-size: 1.25rem; }
"""


def feedback_page(row: Mapping[str, Any], report: Mapping[str, Any], title: str) -> str:
    """One student's results as a page that needs nothing but itself.

    Parameters
    ----------
    row : dict
        The student's row of the table of scores.
    report : dict
        `results`, `failures` and `end`, as in `Report`.
    title : str
        Which assignment.

    Returns
    -------
    str
        HTML; everything that a submission said is escaped.
    """
    who = escape(str(row["student"]) or str(row["file"]))
    parts = [f"<h1>{escape(title)}: {who}</h1>"]
    parts.append(f'<p class="score">{row["points"]:g} of {row["out_of"]:g} points</p>')
    if row["what_happened"]:
        parts.append(f"<p>{escape(str(row['what_happened']))}</p>")
    questions: dict[str, list[Mapping[str, Any]]] = {}
    for result in report["results"]:
        questions.setdefault(result["question"], []).append(result)
    parts += [_question(name, results) for name, results in questions.items()]
    if report["failures"]:
        items = "".join(f"<li>{escape(failure)}</li>" for failure in report["failures"])
        parts.append(f"<h2>Cells that stopped</h2><ul>{items}</ul>")
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: {who}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _question(name: str, results: list[Mapping[str, Any]]) -> str:
    got = sum(r["points"] for r in results if r["passed"])
    full = sum(r["points"] for r in results)
    items = "".join(
        f"<li>{'Right' if r['passed'] else 'Not yet'} ({r['points']:g} "
        f"{'point' if r['points'] == 1 else 'points'})"
        f"{'' if r['passed'] else ': ' + escape(r['message'])}</li>"
        for r in results
    )
    return f"<h2>{escape(name)}: {got:g} of {full:g}</h2><ul>{items}</ul>"
