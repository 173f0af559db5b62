"""Sentences of a paragraph: where they end, which of them go onto a slide, how long they are."""

import re
from html import escape

from bs4 import NavigableString, Tag

END = ".!?"
CLOSING = ")]”’\"'"
OPENING = "([“‘\"'"
SHORT = re.compile(r"\b(e\.g|i\.e|cf|vs|Fig|no|approx)\.$")
INLINE = 0xE000
"""An element inside a paragraph stands in its text as one character of the private use area."""


def sentences(paragraph: Tag) -> list[str]:
    """Sentences of a paragraph, each as HTML. Elements such as formulas are never cut."""
    inline, text = [], ""
    for child in paragraph.children:
        if isinstance(child, NavigableString):
            text += re.sub(r"\s+", " ", child)
        else:
            text += chr(INLINE + len(inline))
            inline.append(child)
    return [_html(part, inline) for part in _cut(text.strip(), inline)]


def _cut(text: str, inline: list[Tag]) -> list[str]:
    cuts = [gap.start() for gap in re.finditer(" ", text) if _between(text, gap.start(), inline)]
    return [text[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def _between(text: str, gap: int, inline: list[Tag]) -> bool:
    """Whether the space at `gap` is one between two sentences."""
    if text.count("(", 0, gap) > text.count(")", 0, gap):
        return False  # an aside stays in one piece
    before, after = text[:gap].rstrip(CLOSING), text[gap + 1 :].lstrip(OPENING)
    if not before or not after or SHORT.search(before):
        return False
    last = before[-1]
    if ord(last) >= INLINE:
        last = inline[ord(last) - INLINE].get_text().rstrip(CLOSING)[-1:]
    return last in END and (after[0].isupper() or after[0].isdigit() or ord(after[0]) >= INLINE)


def _html(part: str, inline: list[Tag]) -> str:
    return "".join(
        str(inline[ord(char) - INLINE]) if ord(char) >= INLINE else escape(char, quote=False)
        for char in part
    )


def speaks(sentence: str) -> bool:
    """Whether a sentence says what a talk must: a bold term or claim, a number, a figure."""
    return any(mark in sentence for mark in ("<strong", "pasted-text", "std-numref"))


LEANS = {"It", "Its", "They", "Their", "This", "That", "These", "Those", "Such"}
LEANS |= {"So", "But", "And", "Then", "Each", "Both", "Either"}


def with_what_they_need(kept: set[int], said: list[str]) -> set[int]:
    """Add the sentence before one that leans on it ("That is"), and the one after a bold head."""
    before = {k - 1 for k in kept if k and _first_word(said[k]) in LEANS}
    after = {k + 1 for k in kept if k + 1 < len(said) and _is_head(said[k])}
    return kept | before | after


def _first_word(sentence: str) -> str:
    return re.sub(r"<[^>]*>", "", sentence).split()[0].strip(",")


def _is_head(sentence: str) -> bool:
    return bool(re.fullmatch(r"<strong>[^<]*</strong>[.:]?", sentence))


def is_aside(sentence: str) -> bool:
    """Whether a sentence stands in parentheses, for readers who want more."""
    return sentence.startswith("(") and sentence.rstrip(".").endswith(")")


def length(html: str) -> float:
    """About how many characters wide a line of HTML would be. A formula's source is longer."""
    text = re.sub(r"<[^>]*>", "", html)
    formulas = re.findall(r"\\\((.*?)\\\)", text, flags=re.DOTALL)
    plain = re.sub(r"\\\((.*?)\\\)", "", text, flags=re.DOTALL)
    return len(plain) + sum(map(_set, formulas))


def _set(tex: str) -> int:
    tex = re.sub(r"\\(mathrm|text|operatorname|begin|end)\b", "", tex)
    return len(re.sub(r"\\[a-zA-Z]+|\\.", "x", tex).translate(dict.fromkeys(map(ord, "{}^_& "))))
