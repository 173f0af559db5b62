"""The decks as files.

Their folder needs nothing outside it, so that it can be carried to class; only the link from a
deck to its chapter leads to the book beside it.
"""

import importlib.util
import re
import shutil
from pathlib import Path

from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader

from tools.slides.rule import chapter

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REVEAL = ["dist/reset.css", "dist/reveal.css", "dist/reveal.js"]
REVEAL += ["plugin/notes/notes.js", "plugin/zoom/zoom.js"]
FROM_BOOK = ["mathjax", "explorers", "explorers.js", "pygments.css", "favicon.svg"]

BADGES = {"predict": "Predict", "explorer": "Try it", "answers": "What did you see?"}

TALL = 0.85
"""A figure whose height is more than this share of its width gets the slide's whole height."""


def make(book: Path, slides: Path) -> Path:
    """Write all decks and the page that lists them; return that page.

    Raises
    ------
    ValueError
        If a chapter has changed since the book was built, or holds what no rule speaks of.
    """
    found = pages(book)
    shutil.rmtree(slides, ignore_errors=True)
    copy_tools(book / "_static", slides / "_static")
    templates = Environment(loader=FileSystemLoader(HERE), trim_blocks=True)
    decks = [deck(page, slides, templates) for page in found]
    index = slides / "index.html"
    index.write_text(templates.get_template("index.html").render(decks=decks), encoding="utf8")
    return index


def pages(book: Path) -> list[Path]:
    """The chapters' pages, if each was made from its notebook as that is now."""
    for notebook in (ROOT / "chapters").glob("*.ipynb"):
        built = book / "_sources" / "chapters" / notebook.name
        if not built.exists() or built.read_bytes() != notebook.read_bytes():
            raise ValueError(f"chapters/{notebook.name} is newer than the book: run `make book`")
    return sorted(book.glob("chapters/*.html"))


def deck(page: Path, slides: Path, templates: Environment) -> dict[str, object]:
    """Write one deck; what the list says of it."""
    html = page.read_text(encoding="utf8")
    made = chapter(html)
    told = {
        "name": BeautifulSoup(made[0].heading, "html.parser").get_text(),
        "book": re.search(r"<title>.*(?:&#8212;|—) (.*?)</title>", html)[1],
        "page": f"../{page.parents[1].name}/chapters/{page.name}",
        "tall": [slide for slide in made if is_tall(slide.main, page)],
    }
    text = templates.get_template("deck.html").render(slides=made, badges=BADGES, **told)
    (slides / page.name).write_text(with_images(text, page, slides), encoding="utf8")
    return {"file": page.name, "name": told["name"], "number": len(made)}


def is_tall(html: str, page: Path) -> bool:
    """Whether a slide shows a figure (an SVG) that is nearly as high as it is wide, or higher."""
    address = re.search(r'src="(\.\./_images/[^"]+\.svg)"', html)
    if not address:
        return False
    head = (page.parent / address[1]).read_text(encoding="utf8")[:2000]
    width, height = map(float, re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', head).groups())
    return height > TALL * width


def with_images(html: str, page: Path, slides: Path) -> str:
    """Copy the pictures that a deck shows; their addresses from there."""
    for address in set(re.findall(r'src="(\.\./_images/[^"]+)"', html)):
        target = slides / address.removeprefix("../")
        target.parent.mkdir(exist_ok=True)
        shutil.copy(page.parent / address, target)
    return html.replace('src="../_images/', 'src="_images/')


def copy_tools(static: Path, target: Path) -> None:
    """Copy scripts and styles: reveal.js from its wheel, the others from the book and from here."""
    (target / "reveal").mkdir(parents=True)
    wheel = Path(importlib.util.find_spec("sphinx_revealjs").origin).parent / "_static/revealjs"
    for name in REVEAL:
        shutil.copy(wheel / name, target / "reveal")
    for name in FROM_BOOK:
        copy = shutil.copytree if (static / name).is_dir() else shutil.copy
        copy(static / name, target / name)
    for name in ("slides.css", "slides.js"):
        shutil.copy(HERE / name, target)
