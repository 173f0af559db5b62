"""From a chapter's page to its slides.

The page is the executed notebook as the book shows it, so that numbers, references, citations and
captions are those that readers see, and there is no second source. What becomes of each part of a
section is decided in parts.py, what shares a slide in layout.py.
"""

import re
from collections.abc import Callable, Iterator

from bs4 import BeautifulSoup, Tag

from tools.slides import room
from tools.slides.layout import Slide, lay_out
from tools.slides.parts import Part, clean, inside, kind, paragraphs, parts


def chapter(page: str) -> list[Slide]:
    """The slides of a chapter, from its page in the built book."""
    article = BeautifulSoup(page, "html.parser").select_one("article > section")
    return [title(article), *sections(article)]


def title(article: Tag) -> Slide:
    """The first slide: what the chapter is called and how it begins."""
    first = article.find("p", recursive=False)
    return Slide("title", heading(article), (Part("lead", str(clean(first))),))


def heading(section: Tag) -> str:
    """A section's heading."""
    return inside(section.find(["h1", "h2", "h3"], recursive=False))


def sections(article: Tag) -> Iterator[Slide]:
    """Slides of all sections, subsections after the section that holds them."""
    for section in article.find_all("section", recursive=False):
        name = heading(section)
        yield from SPECIAL.get(name, ordinary)(section)
        if name not in SPECIAL:
            yield from sections(section)


def ordinary(section: Tag) -> Iterator[Slide]:
    """A section's parts, laid out in order."""
    yield from lay_out(heading(section), parts(section))


# --- the quiz ---


def quiz(section: Tag) -> Iterator[Slide]:
    """A slide for each question; a click marks the right answer and says why."""
    question, options = None, []
    for child in section.find_all(recursive=False):
        if kind(child) == "prose":
            question = child
        elif kind(child) == "option":
            options.append(child)
            following = child.find_next_sibling()
            if following is None or kind(following) != "option":
                yield _quiz_slide(heading(section), question, options)
                options = []


def _quiz_slide(name: str, question: Tag, options: list[Tag]) -> Slide:
    asked = Part("question", f'<p class="question">{_plain(question)}</p>')
    choices = "".join(f"<li>{_option(option)}</li>" for option in options)
    why = "".join(_why(option) for option in options if "right" in option["class"])
    html = f'<ol type="A">{choices}</ol><div class="answer fragment" {TOGETHER}>{why}</div>'
    notes = "".join(f"<p>{inside(o.summary)}</p>{_why(o)}" for o in options)
    return Slide("quiz", name, (asked, Part("options", html, notes=notes)))


TOGETHER = 'data-fragment-index="0"'
"""One click shows all that bears it."""


def _option(option: Tag) -> str:
    said = inside(option.summary)
    right = "right" in option["class"]
    return f'<span class="right fragment custom" {TOGETHER}>{said}</span>' if right else said


def _why(option: Tag) -> str:
    return "".join(map(str, paragraphs(option)))


def _plain(question: Tag) -> str:
    question = clean(question)
    for strong in question.find_all("strong"):
        strong.unwrap()
    return question.decode_contents()


# --- the exercises ---


def exercises(section: Tag) -> Iterator[Slide]:
    """All exercises by name, to choose from."""
    titles = [inside(e.select_one(".admonition-title")) for e in section.select("div.exercise")]
    lines = [re.sub(r"(</span>) *\((.*)\)$", r"\1 \2", title) for title in titles]
    items = [Part("list", f"<ul><li>{line}</li></ul>", room.items([line])) for line in lines]
    yield from lay_out(heading(section), items)


SPECIAL: dict[str, Callable[[Tag], Iterator[Slide]]] = {"Quiz": quiz, "Exercises": exercises}
