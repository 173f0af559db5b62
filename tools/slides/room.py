"""How many pixels of height a part takes on a slide of 1280 by 720.

The numbers are those of slides.css, for a wide font (DejaVu Sans), and a little more: text that
turns out narrower leaves room. A test looks at every slide of every deck in a browser.
"""

import math
import re

from tools.slides.sentences import length

WIDTH, HEIGHT = 1152, 540
"""What is left for a slide's body by margins, footer, and a heading of one line."""

CHARACTERS = 72
"""Characters of prose in a line of the whole width; a heading has fewer, a figure's side too."""

CHARACTERS_OF_HEADING = 46
CHARACTERS_AT_THE_SIDE = 22
LINE, GAP = 38, 18

LARGER = 1.45
"""How much more room text takes in the larger letters: they are higher, and fewer in a line."""

SMALLER = 1.2
"""How much more than what fits is put onto a slide in the smaller letters."""

LEFTOVER = 170
"""A slide of this height or less joins the one before, if that is possible in smaller letters."""

STATEMENT = 180
"""Characters of a text that may stand alone on a slide, in very large letters."""


def paragraph(html: str, characters: int = CHARACTERS) -> float:
    """Prose."""
    return LINE * math.ceil(length(html) / characters) + GAP


def left_by(heading: str) -> float:
    """What a heading leaves for the body."""
    return HEIGHT - 48 * (math.ceil(length(heading) / CHARACTERS_OF_HEADING) - 1)


def question(html: str) -> float:
    """A question to the class."""
    return 48 * math.ceil(length(html) / 48) + 60


def items(lines: list[str]) -> float:
    """A list, by its items."""
    return sum(paragraph(line, CHARACTERS - 4) for line in lines)


def code(text: str, *, small: bool = False) -> float:
    """Code or printed output; a line that is too long goes on on the next."""
    lines = [max(1, math.ceil(len(line) / 91)) for line in text.splitlines()]
    return (25 * len(lines) if small else 28 * sum(lines)) + 28 + GAP


def is_wide(text: str) -> bool:
    """Whether a line is too long for larger letters."""
    return max(map(len, text.splitlines())) > 72


def formula(tex: str) -> float:
    """A display formula, row by row; rows with a fraction or a sum are taller."""
    rows = re.split(r"\\\\", tex)
    tall = [any(mark in row for mark in (r"\frac", r"\sum", r"\prod", r"\int")) for row in rows]
    return sum(92 if is_tall else 54 for is_tall in tall) + 2 * GAP


def table(rows: list[list[int]], words: list[str]) -> float:
    """A table, by the number of characters in each cell, and the words above and below it."""
    n_columns = max(map(len, rows))  # a row with fewer cells has one that goes over several columns
    whole = [row for row in rows if len(row) == n_columns]
    width = sum(max(column) for column in zip(*whole, strict=True))
    lines = max(1, math.ceil(width / 84))
    return 36 * lines * len(rows) + sum(44 * math.ceil(length(text) / 92) for text in words) + GAP
