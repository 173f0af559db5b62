"""The nine decks in a real browser: they ask for nothing, and every slide can be shown."""

import re
from functools import cache
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from tools.slides.write import ROOT, make

pytestmark = pytest.mark.site

SITE = ROOT / "_build" / "html"
CHAPTERS = [path.stem for path in sorted((ROOT / "chapters").glob("*.ipynb"))]
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)
SCREEN = {"width": 1280, "height": 720}
SMALLEST = 16
"""Pixels of the smallest letters on a slide of 1280 by 720; only the footer's are smaller."""

# What sticks out of its slide, or is cut off inside it, on every slide, with all answers shown.
OVERFLOWS = """() => {
  const found = [];
  for (let at = 0; at < Reveal.getTotalSlides(); at++) {
    Reveal.slide(at, 0, 99);
    const slide = Reveal.getCurrentSlide().querySelector(".slide");
    const box = slide.getBoundingClientRect(), scale = box.width / 1280;
    const bottom = box.top + 680 * scale + 1;
    for (const each of slide.querySelectorAll("*")) {
      if (each.closest("svg, mjx-assistive-mml")) continue;
      const { left, right, top, bottom: end, width } = each.getBoundingClientRect();
      if (!width) continue;
      const cut = getComputedStyle(each).display !== "inline" && !each.matches("mjx-container")
        && each.clientWidth && each.scrollWidth > each.clientWidth + 1;
      if (cut || end > bottom || top < box.top || left < box.left || right > box.right - 20 * scale)
        found.push(`slide ${at + 1}: ${each.outerHTML.slice(0, 100)}`);
    }
  }
  return found; }"""

# The smallest letters of the slides' own text, in pixels.
LETTERS = """() => Math.min(...[...document.querySelectorAll(".slide *")]
  .filter(e => !e.closest("svg, mjx-container, .from, sup, sub") &&
    [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  .map(e => parseFloat(getComputedStyle(e).fontSize)))"""

# Text of all slides without code, formulas and notes.
TEXT = """() => { const slides = document.querySelector(".slides").cloneNode(true);
  slides.querySelectorAll("pre, code, script, mjx-container, .notes").forEach(e => e.remove());
  return slides.textContent; }"""


@pytest.fixture(scope="session")
def decks(tmp_path_factory):
    """All decks, made from the built book."""
    return make(SITE, tmp_path_factory.mktemp("made") / "slides").parent


@cache
def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")


def opened(browser, address):
    """A deck in the browser, and what it asked other hosts for and complained of."""
    page = browser.new_page(viewport=SCREEN)
    seen = SimpleNamespace(page=page, outside=[], complaints=[])

    def gate(route):
        parts = urlsplit(route.request.url)
        if parts.scheme in {"file", "data", "blob"} or parts.hostname == "127.0.0.1":
            return route.continue_()
        seen.outside.append(route.request.url)
        return route.abort()

    page.route("**/*", gate)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("requestfailed", lambda request: seen.complaints.append(request.url))
    page.goto(address)
    page.wait_for_function("window.Reveal?.isReady()")
    return seen


@pytest.fixture
def deck(browser, decks, chapter):
    """A chapter's deck, opened from disk."""
    seen = opened(browser, (decks / f"{chapter}.html").as_uri())
    yield seen
    seen.page.close()


@each_chapter
def test_deck_from_disk(deck, decks, chapter):
    """One visit for all that is to be seen, since opening a deck takes a second."""
    page = deck.page
    assert page.evaluate("Reveal.getTotalSlides()") == len(
        soup(decks / f"{chapter}.html")("section")
    )
    assert not page.evaluate(OVERFLOWS)
    assert page.evaluate(LETTERS) >= SMALLEST
    assert_typeset(page, soup(decks / f"{chapter}.html"))
    raw = re.search(r"\{\w[\w:-]*\}`?|```|:::|\\[(\[]|\$[^$\n]+\$|(?m:^%\s)", page.evaluate(TEXT))
    assert not raw, f"left as it was written: {raw[0]!r}"
    assert not deck.outside
    assert not deck.complaints


def assert_typeset(page, deck):
    """Every formula is set, in the slides and in the notes."""
    assert page.locator("mjx-container").count() >= len(deck.select(".math"))
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0


@each_chapter
def test_deck_shows_what_the_chapter_shows(decks, chapter):
    """Figures, explorers, display formulas, prompts and questions: all, once, and in order."""
    page, deck = (
        soup(SITE / "chapters" / f"{chapter}.html").article,
        soup(decks / f"{chapter}.html"),
    )
    for solution in page.select(".solution, .exercise"):
        solution.extract()
    for what in ("figcaption .caption-number", ".explorer", "div.math", "figure img"):
        there = [(tag.get("alt") or tag.get_text()).strip() for tag in page.select(what)]
        here = [(tag.get("alt") or tag.get_text()).strip() for tag in deck.select(f".slide {what}")]
        assert here == there, what
    assert len(deck.select("section.quiz")) == len(page.select("details.quiz.right"))
    assert len(deck.select("section:not(.quiz) .answer")) == len(page.select("details.predict"))


@each_chapter
def test_notes_hold_the_whole_prose(decks, chapter):
    notes = " ".join(note.get_text() for note in soup(decks / f"{chapter}.html").select(".notes"))
    notes = " ".join(notes.split())
    page = soup(SITE / "chapters" / f"{chapter}.html").article
    for paragraph in page.select("section > section > p, section > section > section > p"):
        section = paragraph.find_parent("section")
        if section["id"] in {"quiz", "exercises"}:
            continue  # they are whole on their slides, or left to the book
        for link in paragraph.select(".headerlink"):
            link.extract()
        assert " ".join(paragraph.get_text().split()) in notes


@each_chapter
def test_images_say_what_they_show_and_ids_are_unique(decks, chapter):
    deck = soup(decks / f"{chapter}.html")
    assert all(len(image["alt"].split()) > 5 for image in deck.select("img"))
    ids = [tag["id"] for tag in deck.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_an_overflow_would_be_seen(browser, decks):
    seen = opened(browser, (decks / f"{CHAPTERS[0]}.html").as_uri())
    tall = "document.querySelectorAll('.slide')[3].querySelector('.main').innerHTML += '<p>x</p>'"
    seen.page.evaluate(f"for (let k = 0; k < 12; k++) {tall}")
    assert seen.page.evaluate(OVERFLOWS)
    assert all(place.startswith("slide 4:") for place in seen.page.evaluate(OVERFLOWS))
    seen.page.close()


def test_deck_served_by_keyboard(browser, decks, serve):
    """Arrow keys show an answer, then the next slide; nothing is asked of another host."""
    with serve(decks) as host:
        seen = opened(browser, f"{host}/{CHAPTERS[0]}.html")
        page = seen.page
        question = page.evaluate("Reveal.getSlides().findIndex(s => s.matches('.predict'))")
        page.evaluate(f"Reveal.slide({question})")
        answer = page.locator("section.present .answer").first
        assert "visible" not in answer.get_attribute("class")
        page.keyboard.press("ArrowRight")
        assert "visible" in answer.get_attribute("class")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("Reveal.getIndices().h") == question + 1
        assert not seen.outside
        assert not seen.complaints
        page.close()


def test_explorer_moves_and_gives_the_arrow_keys_back(browser, decks):
    seen = opened(browser, (decks / f"{CHAPTERS[0]}.html").as_uri())
    page = seen.page
    page.evaluate("Reveal.slide(Reveal.getSlides().findIndex(s => s.matches('.explorer')))")
    at = page.evaluate("Reveal.getIndices().h")
    before = page.locator("section.present img").get_attribute("src")
    box = page.locator("section.present input").first.bounding_box()
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2)
    image = page.locator("section.present img")
    assert image.get_attribute("src") != before
    assert page.wait_for_function("document.querySelector('section.present img').naturalWidth > 0")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == at + 1
    assert not seen.complaints
    page.close()


def test_printing_gives_a_page_for_each_slide(browser, decks, tmp_path):
    deck = decks / f"{CHAPTERS[0]}.html"
    slides = sum(not section.select("section") for section in soup(deck).select(".slides section"))
    seen = opened(browser, f"{deck.as_uri()}?print-pdf")
    seen.page.wait_for_function(f"document.querySelectorAll('.pdf-page').length === {slides}")
    pdf = seen.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == slides
    assert not seen.complaints
    seen.page.close()


def test_list_of_decks_leads_to_each(decks):
    links = [link["href"] for link in soup(decks / "index.html").select("a")]
    assert links == [f"{name}.html{end}" for name in CHAPTERS for end in ("", "?print-pdf")]
    for name in CHAPTERS:
        back = [link["href"] for link in soup(decks / f"{name}.html").select(".from a")]
        assert back == [f"../html/chapters/{name}.html", "index.html"]
