"""Parts onto slides: a new slide wherever the next part does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass

from tools.slides import room
from tools.slides.parts import Part
from tools.slides.sentences import length

FIGURES = {"figure", "explorer"}
ALONE = {*FIGURES, "predict", "answers"}
"""Of these there is at most one on a slide, and it gives the slide its kind."""


@dataclass(frozen=True)
class Slide:
    """A slide; its kind and its size are classes in slides.css."""

    kind: str
    heading: str
    body: tuple[Part, ...]

    @property
    def size(self) -> str:
        """How large its letters are: a statement's very large, much text's small."""
        text = [part for part in self.body if part.html]
        if self.kind not in {"plain", "predict", "answers"}:
            return ""
        alone = self.kind == "plain" and is_prose(text) and len(text) == 1
        if alone and length(text[0].html) <= room.STATEMENT:
            return "statement"
        space = room.left_by(self.heading)
        if height(text) > space:
            return "small-letters"
        may_grow = not any(part.wide for part in text)
        return "large" if may_grow and room.LARGER * height(text) <= space else ""

    @property
    def main(self) -> str:
        """What stands in its column."""
        return self._html(side=False)

    @property
    def side(self) -> str:
        """What stands beside a figure."""
        return self._html(side=True)

    def _html(self, *, side: bool) -> str:
        has_side = any(part.kind in FIGURES for part in self.body)
        here = [p for p in self.body if (has_side and p.kind not in FIGURES) == side]
        return "\n".join(part.html for part in here if part.html)

    @property
    def notes(self) -> str:
        """What the speaker reads: the chapter's whole prose."""
        return "\n".join(part.notes for part in self.body if part.notes)


def lay_out(heading: str, found: Iterable[Part]) -> list[Slide]:
    """The slides of a section."""
    bodies: list[list[Part]] = [[]]
    answers: list[Part] = []
    for part in found:
        if part.kind == "answers":
            answers = [part]  # to what an explorer shows: they come after it
            continue
        if not has_room(bodies[-1], part, heading):
            bodies.append(carried(bodies[-1], part, heading))
        bodies[-1].append(part)
        if part.kind == "explorer":
            bodies.append(answers)
            answers = []
    bodies.append(answers)
    return [Slide(kind(body), heading, tuple(body)) for body in tidied(bodies)]


def has_room(body: list[Part], part: Part, heading: str) -> bool:
    """Whether a part can stand on a slide with what is there already."""
    there = [p for p in body if p.html]
    if not part.html or not there:
        return True
    if part.kind == "figure":
        return is_prose(there) and beside(there) <= room.HEIGHT / 2  # the rest is for what it shows
    if part.kind == "predict":
        return is_prose(there) and height(there) <= room.HEIGHT / 3
    if kind(there) == "figure":
        return part.kind == "prose" and beside([*there, part]) <= room.HEIGHT
    if kind(there) != "plain" or part.kind in ALONE:
        return False
    return height([*there, part]) <= room.left_by(heading)


def carried(body: list[Part], part: Part, heading: str) -> list[Part]:
    """Take from the end of a slide what announces the part that comes next."""
    moved: list[Part] = []
    while len(body) > 1 and body[-1].leads and has_room([body[-1], *moved], part, heading):
        moved.insert(0, body.pop())
    return moved


def tidied(bodies: list[list[Part]]) -> list[list[Part]]:
    """Only slides with something on them: notes of empty ones and small leftovers go to others."""
    kept: list[list[Part]] = []
    notes: list[Part] = []
    for body in bodies:
        if not any(part.html for part in body):
            notes += body
        elif kept and is_leftover(body, kept[-1]):
            kept[-1] += [*notes, *body]
            notes = []
        else:
            kept.append([*notes, *body])
            notes = []
    if kept:
        kept[-1] += notes
    return kept


def is_leftover(body: list[Part], before: list[Part]) -> bool:
    """Whether the slide before takes this one too, in smaller letters."""
    plain = kind(body) == kind(before) == "plain"
    small = height(body) <= room.LEFTOVER
    return plain and small and height([*before, *body]) <= room.SMALLER * room.HEIGHT


def kind(body: list[Part]) -> str:
    """A slide's kind: that of its figure, explorer or question."""
    return next((part.kind for part in body if part.kind in ALONE), "plain")


def is_prose(body: list[Part]) -> bool:
    """Whether there is nothing but text."""
    return all(part.kind == "prose" for part in body)


def height(body: Iterable[Part]) -> float:
    """Height of parts below each other."""
    return sum(part.height for part in body)


def beside(body: Iterable[Part]) -> float:
    """Height of the text at the side of a figure."""
    text = [part.html for part in body if part.kind == "prose"]
    return sum(room.paragraph(html, room.CHARACTERS_AT_THE_SIDE) for html in text)
