"""Sphinx extension of the teacher's pages: what is said elsewhere is gathered, not said again.

`{chapters}` lists what each chapter says that it teaches, and its minutes; `{assignments}` what
each assignment says of itself; `{preset}` links to an explorer at a setting, and the build fails
where it has no picture of that setting. Loaded by `_config.yml` under `sphinx: local_extensions`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective

logger = logging.getLogger(__name__)
ROOT = Path(__file__).parents[1]
GRADES = ("easy", "medium", "hard")


def sources(path: Path, *kinds: str) -> str:
    """The text of a notebook's cells of these kinds, a blank line between two."""
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] in kinds)


def found(pattern: str, text: str, path: Path) -> str:
    """What the first group of a pattern finds; an error names the notebook that lacks it."""
    match = re.search(pattern, text, re.M | re.S)
    if match is None:
        raise ValueError(f"{path.name} has nothing like {pattern!r}")
    return match[1]


# --- chapters ---------------------------------------------------------------------------------


class Chapter(NamedTuple):
    """What a chapter says of itself."""

    docname: str
    title: str
    minutes: int
    goals: str
    """A list in Markdown."""


def chapter(path: Path) -> Chapter:
    """Read it from the notebook."""
    text = sources(path, "markdown")
    return Chapter(
        f"chapters/{path.stem}",
        found(r"^# (.+?)$", text, path),
        int(found(r"^\*\*Time\*\*[^\n]*?(\d+) minutes", text, path)),
        found(r"^## What you will learn\n+(- .+?)(?:\n\n|\Z)", text, path),
    )


def chapters() -> list[Chapter]:
    """All of them, in the order of the book."""
    return [chapter(path) for path in sorted(ROOT.glob("chapters/*.ipynb"))]


# --- assignments ------------------------------------------------------------------------------


class Assignment(NamedTuple):
    """What an assignment says of itself."""

    title: str
    about: str
    """Its chapters."""
    minutes: int
    points: int
    task: str
    """What the student will do."""
    grades: Counter[str]
    """How many questions of each grade."""


def assignment(path: Path) -> Assignment:
    """Read it from the source that all its editions are made from."""
    text = sources(path, "markdown")
    return Assignment(
        found(r"^# (.+?)$", text, path),
        found(r"^(Chapters? [^.\n]+)\. About \d+ minutes", text, path),
        int(found(r"About (\d+) minutes\.", text, path)),
        int(found(r"minutes\. (\d+) points\.$", text, path)),
        found(r"^\*\*You will\*\* (.+?)\.$", text, path),
        Counter(re.findall(r"^\*\*Question \d+ \((\w+)", text, re.M)),
    )


def assignments() -> list[Assignment]:
    """All of them, by name."""
    return [assignment(path) for path in sorted(ROOT.glob("assignments/*.ipynb"))]


# --- presets ----------------------------------------------------------------------------------


@cache
def explorers() -> dict[str, tuple[object, str]]:
    """Each explorer and the chapter that shows it, by the explorer's name."""
    from hiertools.explorers import EXPLORERS

    code = {path: sources(path, "code") for path in sorted(ROOT.glob("chapters/*.ipynb"))}
    shown = {}
    for make in EXPLORERS:
        path = next(path for path, text in code.items() if f"explorers.{make.__name__}()" in text)
        shown[make().name] = make(), f"chapters/{path.stem}"
    return shown


def preset(address: str) -> tuple[str, tuple[object, ...]]:
    """The chapter and the exact setting that an address such as `data-explorer?n=200` opens.

    Raises
    ------
    ValueError
        If there is no such explorer, or the page has no picture of just that setting.
    """
    name, _, query = address.partition("?")
    if name not in explorers():
        raise ValueError(f"{name} is no explorer; there are {', '.join(explorers())}")
    explorer, docname = explorers()[name]
    asked = dict(parse_qsl(query, strict_parsing=bool(query)))
    if unknown := set(asked) - {control.name for control in explorer.controls}:
        raise ValueError(f"{name} has no setting {', '.join(sorted(unknown))}")
    state = tuple(
        next((v for v in control.page if str(v) == asked[control.name]), None)
        if control.name in asked
        else control.default
        for control in explorer.controls
    )
    if state not in explorer.states:
        raise ValueError(f"{name} has no picture at {query}")
    return docname, state


# --- for Sphinx -------------------------------------------------------------------------------


class Gathered(SphinxDirective):
    """A directive that writes Markdown and lets the page's parser read it."""

    reads = ""
    """The notebooks that the page then depends on."""

    def markdown(self) -> Iterable[str]:
        """Its paragraphs."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Read what was written."""
        for path in ROOT.glob(self.reads):
            self.env.note_dependency(str(path))
        holder = nodes.Element()
        text = "\n\n".join(self.markdown())
        self.state.nested_parse(StringList(text.splitlines()), self.content_offset, holder)
        return holder.children


class Chapters(Gathered):
    """Each chapter with its minutes and goals."""

    reads = "chapters/*.ipynb"

    def markdown(self) -> Iterable[str]:
        """A line that links to the chapter, then its own list."""
        for k, it in enumerate(chapters(), start=1):
            yield f"**{k}. {{doc}}`{it.title} </{it.docname}>`**, {it.minutes} minutes"
            yield it.goals


class Assignments(Gathered):
    """Each assignment with its chapters, length, points, questions and task."""

    reads = "assignments/*.ipynb"

    def markdown(self) -> Iterable[str]:
        """Two lines for each."""
        for it in assignments():
            grades = ", ".join(f"{it.grades[grade]} {grade}" for grade in GRADES)
            yield f"**{it.title}**"
            yield f": {it.about}. {it.minutes} minutes, {it.points} points; questions: {grades}."
            yield f"  *You will* {it.task}."


class Preset(ReferenceRole):
    """A link that opens an explorer at a setting: {preset}`200 people <data-explorer?n=200>`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link; or its text alone, with a warning, where nothing is to be opened."""
        try:
            docname, _ = preset(self.target)
        except ValueError as error:
            logger.warning("preset %s: %s", self.target, error, location=self.get_location())
            return [nodes.Text(self.title)], []
        page = self.env.app.builder.get_relative_uri(self.env.docname, docname)
        address = f"{page}#{self.target}"
        link = nodes.reference(self.rawtext, self.title, refuri=address, internal=True)
        return [link], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.add_directive("chapters", Chapters)
    app.add_directive("assignments", Assignments)
    app.add_role("preset", Preset())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
