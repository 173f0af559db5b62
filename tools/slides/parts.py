"""The parts of a chapter's page that may stand on a slide, and how much room each takes.

A section's children are taken in turn. Prose is reduced to sentences that a talk needs, everything
else is kept whole or left out; what is left out goes into the speaker's notes.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import accumulate, groupby

from bs4 import Tag

from tools.slides import listing, room
from tools.slides.sentences import (
    is_aside,
    length,
    sentences,
    speaks,
    with_what_they_need,
)


@dataclass(frozen=True)
class Part:
    """Something that stands on a slide (`html`, if not empty), and what is said of it (`notes`)."""

    kind: str
    html: str = ""
    height: float = 0
    notes: str = ""
    leads: bool = False
    """Whether it announces what follows, and should stand on the same slide."""
    wide: bool = False
    """Whether its lines are too long for larger letters."""


def parts(section: Tag) -> Iterator[Part]:
    """Parts of a section in order, its heading and its subsections apart."""
    children = [child for child in section.find_all(recursive=False) if kind(child) != "other"]
    before = "heading"
    for what, group in groupby(enumerate(children), key=lambda pair: kind(pair[1])):
        if what == "predict":
            yield from predictions([child for _, child in group])
            before = "predict"
            continue
        for place, child in group:
            after = kind(children[place + 1]) if place + 1 < len(children) else ""
            if what == "prose":
                yield from prose(child, before, after)
            elif what == "cell":
                yield from cell(child)
            elif what == "list":
                yield from items(child)
            else:
                yield WHOLE[what](child)
            before = "explorer" if child.select_one("figure.explorer") else what


def kind(tag: Tag) -> str:
    """What a child of a section is, in one word.

    Raises
    ------
    ValueError
        For an element that chapters had not used when this was written.
    """
    classes = set(tag.get("class", []))
    for what, (name, wanted) in KINDS.items():
        if re.fullmatch(name, tag.name) and wanted <= classes:
            return what
    place = f"<{tag.name} class={' '.join(classes)!r}> {tag.get_text()[:60]!r}"
    raise ValueError(f"a section has {place}: say in tools/slides/parts.py what slides do with it")


KINDS: dict[str, tuple[str, set[str]]] = {
    "prose": ("p", set()),
    "list": ("ul|ol", set()),
    "predict": ("details", {"predict"}),
    "option": ("details", {"quiz"}),
    "cell": ("div", {"cell"}),
    "math": ("div", {"math"}),
    "table": ("div", {"pst-scrollable-table-container"}),
    "exercise": ("div", {"exercise"}),
    "other": ("h[1-6]|section|span|hr", set()),  # read elsewhere, or nothing to show
    "solution": ("div", {"solution"}),
    "aside": ("div", {"admonition"}),
}


def clean(tag: Tag) -> Tag:
    """A copy of an element for a slide: no links, since nobody clicks there, and no ids."""
    tag = copy.copy(tag)
    for link in tag.select("a.headerlink"):
        link.decompose()
    for link in tag.select("a, code.download"):
        link.unwrap()
    for each in [tag, *tag.select("[id]")]:
        each.attrs.pop("id", None)
    return tag


def inside(tag: Tag) -> str:
    """What an element holds, as HTML for a slide."""
    return clean(tag).decode_contents().strip()


def paragraphs(tag: Tag) -> list[Tag]:
    """Paragraphs of a prompt or of a quiz's option: what it answers."""
    return [clean(p) for p in tag.find_all("p", recursive=False)]


# --- prose ----------------------------------------------------------------------------------------


def prose(paragraph: Tag, before: str, after: str) -> Iterator[Part]:
    """What of a paragraph a class should read; the whole of it goes to the notes.

    The first sentences of a section, and the first after a result, which say what was seen; the
    last before a formula; and wherever they stand those that `speaks` finds. A short paragraph of
    which something is kept is kept whole. Asides in parentheses are for readers.
    """
    whole = clean(paragraph)
    said = [sentence for sentence in sentences(whole) if not is_aside(sentence)]
    kept = [said[k] for k in sorted(wanted(said, before, after))]
    yield Part("aside", notes=str(whole))
    if after == "cell" and kept and kept[-1].endswith(":"):  # it may go to the result's slide
        yield from _paragraph(kept[:-1])
        yield from _paragraph(kept[-1:], leads=True)
    else:
        yield from _paragraph(kept, leads=after in ANNOUNCED)


def wanted(said: list[str], before: str, after: str) -> set[int]:
    """Which sentences of a paragraph go onto a slide, by what stands before and after it."""
    found = {k for k, sentence in enumerate(said) if speaks(sentence)}
    if before in {"heading", "cell"}:
        found |= set(range(len(beginning(said, OPENING))))
    if said and before == "math" and said[0][:1].islower():
        found.add(0)  # it began before the formula
    if said and after in ANNOUNCED:
        found.add(len(said) - 1)
    if after == "math" and sum(map(length, said)) <= SYMBOLS:
        found |= {k for k, sentence in enumerate(said) if r"\(" in sentence}  # it explains them
    short = sum(map(length, said)) <= SHORT
    return set(range(len(said))) if found and short else with_what_they_need(found, said)


def _paragraph(kept: list[str], *, leads: bool = False) -> Iterator[Part]:
    if kept:
        text = " ".join(kept)
        yield Part("prose", f"<p>{text}</p>", room.paragraph(text), leads=leads)


ANNOUNCED = {"math", "list", "table"}
OPENING, SHORT, SYMBOLS = 170, 200, 420
"""Characters of the beginning of a section, of a paragraph that is kept whole, and of one before a
formula that may explain its symbols."""


def beginning(said: list[str], characters: int) -> list[str]:
    """As many sentences as there is room for, the first one always."""
    fitting = sum(size <= characters for size in accumulate(map(length, said)))
    return said[: max(1, fitting)]


# --- predictions ----------------------------------------------------------------------------------


def predictions(prompts: list[Tag]) -> Iterator[Part]:
    """Prompts that follow one another. One: ask, then answer. More: they go with an explorer."""
    asked = [_question(prompt) for prompt in prompts]
    notes = "".join(str(p) for prompt in prompts for p in paragraphs(prompt))
    if len(prompts) == 1:
        answer = _answer(prompts[0], 260)
        html = f'<p class="question">{asked[0]}</p><p class="answer fragment">{answer}</p>'
        yield Part("predict", html, room.question(asked[0]) + room.paragraph(answer), notes)
        return
    yield Part("predict", _numbered(asked), room.items(asked))
    answers = [_answer(prompt, 130) for prompt in prompts]
    both = [
        f'{question}<p class="answer fragment">{answer}</p>'
        for question, answer in zip(asked, answers, strict=True)
    ]
    yield Part("answers", _numbered(both), room.items(asked) + room.items(answers), notes)


def _answer(prompt: Tag, characters: int) -> str:
    said = [sentence for paragraph in paragraphs(prompt) for sentence in sentences(paragraph)]
    return " ".join(beginning(said, characters))


def _numbered(lines: list[str]) -> str:
    return f"<ol>{''.join(f'<li>{line}</li>' for line in lines)}</ol>"


def _question(prompt: Tag) -> str:
    text = re.sub(r"^(Predict, then open:|\d+\.)\s*", "", inside(prompt.summary))
    return text[:1].upper() + text[1:]


# --- cells ----------------------------------------------------------------------------------------


def cell(tag: Tag) -> Iterator[Part]:
    """What a cell gave, and its code if a class can read it.

    Code without an output prepares what follows, and stays in the book, unless the cell is tagged
    `slide`.
    """
    outputs = [part for output in tag.select(".cell_output > *") for part in _output(output)]
    source = listing.for_class(tag.select_one(".cell_input pre").get_text().strip("\n"))
    short = 0 < len(source.splitlines()) <= listing.MOST_LINES
    hidden = "tag_hide-input" in tag["class"] or not outputs
    if "tag_slide" in tag["class"] or (short and not hidden):
        yield _code(source)
    yield from outputs


def _output(output: Tag) -> Iterator[Part]:
    figure = output if output.name == "figure" else output.select_one("figure.explorer")
    if figure:
        what = "explorer" if "explorer" in figure.get("class", []) else "figure"
        html = figure if what == "explorer" else clean(figure)  # an explorer needs its ids
        yield Part(what, str(html), notes=f"<p><em>{escape(figure.img['alt'])}</em></p>")
    elif output.select_one("table"):
        yield table(output)
    elif "highlight-python" in output["class"]:
        yield _source(output.get_text().strip("\n"))
    else:
        text = output.get_text().strip("\n")
        html = f'<pre class="printed">{output.pre.decode_contents()}</pre>'
        yield Part("output", html, room.code(text), wide=room.is_wide(text))


def _code(source: str) -> Part:
    html = listing.coloured(source)
    return Part("code", html, room.code(source), leads=True, wide=room.is_wide(source))


def _source(text: str) -> Part:
    """The source of a function that the chapter shows."""
    if len(text.splitlines()) > listing.MOST_LINES_OF_SOURCE:
        return Part("aside", notes="<p>The source stands on the page; it is long.</p>")
    html = listing.coloured(text).replace('class="', 'class="small ', 1)
    return Part("code", html, room.code(text, small=True), wide=True)


# --- what is kept whole ---------------------------------------------------------------------------


def math(tag: Tag) -> Part:
    """A formula on lines of its own."""
    return Part("math", str(clean(tag)), room.formula(tag.get_text()))


def table(tag: Tag) -> Part:
    """A table."""
    rows = [[len(cell.get_text()) for cell in row.select("th, td")] for row in tag.select("tr")]
    words = [each.decode_contents() for each in tag.select("caption, div > p")]
    return Part("table", str(clean(tag)), room.table(rows, words))


def items(tag: Tag) -> Iterator[Part]:
    """A list, item by item, so that a long one can go on on another slide."""
    for number, item in enumerate(tag.find_all("li", recursive=False), start=1):
        start = f' start="{number}"' if tag.name == "ol" else ""
        html = f"<{tag.name}{start}>{clean(item)}</{tag.name}>"
        yield Part("list", html, room.items([inside(item)]), str(clean(item)))


def aside(tag: Tag) -> Part:
    """Left to the book and the speaker."""
    return Part("aside", notes=str(clean(tag)))


WHOLE = {"math": math, "table": table, "aside": aside}
WHOLE |= dict.fromkeys(("exercise", "solution", "option"), aside)
