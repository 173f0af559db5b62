"""Small tables as text and as HTML, for records that show themselves in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]
"""Of cells, the row's name first; a row of two cells says something across the others."""


def text_table(heads: Sequence[str], rows: Rows) -> str:
    """Lines in columns, names to the left and numbers to the right."""
    full = [heads, *(row for row in rows if len(row) == len(heads))]
    widths = [max(len(row[k]) for row in full) for k in range(len(heads))]
    widths[0] = max(widths[0], *(len(row[0]) for row in rows)) if rows else widths[0]
    lines = []
    for name, *rest in [heads, *rows]:
        numbers = map(str.rjust, rest, widths[1:]) if len(rest) == len(widths) - 1 else rest
        lines.append("  ".join([name.ljust(widths[0]), *numbers]))
    return "\n".join(lines)


def html_table(caption: str, heads: Sequence[str], rows: Rows) -> str:
    """A table with its caption, and with scopes for those who hear it."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in heads)
    body = ""
    for name, *rest in rows:
        across = len(heads) - len(rest)
        span = f' colspan="{across}"' if across > 1 else ""
        cells = "".join(f"<td{span}>{html.escape(cell)}</td>" for cell in rest)
        body += f'<tr><th scope="row">{html.escape(name)}</th>{cells}</tr>'
    return (
        f'<table class="summary dataframe"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
