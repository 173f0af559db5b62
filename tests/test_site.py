"""The built book, as files and in a real browser. `make test` builds it first, then runs these."""

import gzip
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

pytestmark = pytest.mark.site

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
PHONE = 360
SOURCES = ["_config.yml", "_toc.yml", "index.md", "references.bib", "chapters/*.ipynb"]
SOURCES += ["reference/*.md", "teaching/*.md", "assignments/*.ipynb", "hiertools/**/*.py"]
SOURCES += ["theme/**/*.*"]


def toc_pages():
    """Addresses of the book's pages in reading order, from _toc.yml."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [f"{file}.html" for file in [toc["root"], *files]]


PAGES = toc_pages()
each_page = pytest.mark.parametrize("page", PAGES)


@cache
def soup(page):
    """A built page, parsed."""
    return BeautifulSoup((SITE / page).read_text(encoding="utf8"), "html.parser")


@pytest.fixture(scope="session", autouse=True)
def _built_and_fresh():
    index = SITE / "index.html"
    if not index.exists():
        pytest.fail("the book is not built: run `make book`", pytrace=False)
    built = index.stat().st_mtime
    for pattern in SOURCES:
        for path in ROOT.glob(pattern):
            if path.stat().st_mtime > built and "__pycache__" not in path.parts:
                name = path.relative_to(ROOT)
                pytest.fail(f"{name} is newer than the book: run `make book`", pytrace=False)


# --- the files ---


def test_pages_are_those_of_the_toc():
    made_by_sphinx = {"genindex.html", "search.html", "py-modindex.html"}
    built = {path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")}
    built = {page for page in built if not page.startswith("_")} - made_by_sphinx
    assert built == set(PAGES)


@each_page
def test_no_cell_failed(page):
    text = soup(page).get_text()
    assert "Traceback (most recent call last)" not in without_doctests(page)
    assert not soup(page).select(".output.traceback, .output.stderr")
    assert "{glue:" not in text
    assert not soup(page).select(".problematic, .system-message")


def without_doctests(page):
    """Text of a page except the examples of docstrings, where an error may be the point."""
    copy = BeautifulSoup(str(soup(page)), "html.parser")
    for block in copy.select(".highlight-pycon, .highlight-python, .doctest"):
        block.decompose()
    for block in copy.select(".highlight-default"):
        if ">>>" in block.get_text():
            block.decompose()
    return copy.get_text()


def addresses(page):
    """Every address on a page: what it links to and what it loads."""
    for tag in soup(page).find_all(True):
        for name in ("href", "src", "data", "poster"):
            if tag.get(name) and name in tag.attrs:
                yield tag, tag[name]


@each_page
def test_links_anchors_and_assets_resolve(page):
    broken = []
    for _, address in addresses(page):
        parts = urlsplit(address)
        if parts.scheme in {"http", "https", "mailto", "data", "javascript"}:
            continue
        target = (SITE / page).parent / unquote(parts.path) if parts.path else SITE / page
        target = target.resolve()
        if not target.is_file():
            broken.append(address)
        elif parts.fragment and target.suffix == ".html":
            other = soup(target.relative_to(SITE.resolve()).as_posix())
            place = unquote(parts.fragment).partition("?")[0]  # an explorer's setting follows
            if not other.find(id=place):
                broken.append(address)
    assert not broken


@each_page
def test_ids_are_unique(page):
    ids = [tag["id"] for tag in soup(page).find_all(id=True)]
    assert len(ids) == len(set(ids)), sorted({name for name in ids if ids.count(name) > 1})


@each_page
def test_images_say_what_they_show(page):
    for image in soup(page).find_all("img"):
        assert image.has_attr("alt"), image["src"]
        if image.find_parent("a", class_="navbar-brand"):
            continue  # the logo stands beside the title, which says it all
        alt = image["alt"].strip()
        assert alt, image["src"]
        assert not re.search(r"\.(svg|png|jpe?g|gif)$|_images/", alt), f"a path, not a text: {alt}"
        if image.find_parent(class_="cell_output"):
            assert len(alt.split()) >= 6, f"a figure's alt is a sentence: {alt}"
            assert alt[-1] in ".!?", f"a figure's alt is a sentence: {alt}"
            assert "nan" not in alt.lower().split(), alt


def test_figures_were_looked_at():
    chapters = [page for page in PAGES if page.startswith("chapters/")]
    assert all(soup(page).select(".cell_output img") for page in chapters)


@each_page
def test_nothing_is_loaded_from_elsewhere(page):
    loads = {"script", "img", "iframe", "video", "audio", "source", "object", "embed"}
    for tag, address in addresses(page):
        loaded = tag.name in loads or (tag.name == "link" and "stylesheet" in tag.get("rel", []))
        assert not (loaded and urlsplit(address).netloc), address
    inline = " ".join(tag.get_text() for tag in soup(page).find_all(["style", "script"]))
    assert not re.search(r"https?://(?!www\.w3\.org/)", inline)


def test_stylesheets_load_nothing_from_elsewhere():
    for sheet in SITE.rglob("*.css"):
        text = sheet.read_text(encoding="utf8")
        assert not re.search(r"(@import|url\()\s*[\"']?\s*(https?:)?//", text), sheet.name


def test_logo_and_favicon_are_our_own():
    for name in ("logo.svg", "favicon.svg"):
        ours = (ROOT / "theme" / "static" / name).read_bytes()
        assert (SITE / "_static" / name).read_bytes() == ours
    for page in PAGES:
        assert soup(page).find("link", rel="icon")["href"].endswith("favicon.svg")
        assert soup(page).select_one(".navbar-brand img")["src"].endswith("logo.svg")


# --- in the browser ---


class Visit:
    """A page that was opened in the browser, and what it asked for and complained of."""

    def __init__(self, browser, address, **context):
        self.outside, self.complaints = [], []
        self.context = browser.new_context(**context)
        self.context.route("**/*", self._gate)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._listen)
        self.page.goto(address)
        # MathJax goes to work once its script has come; a page without maths has none.
        self.page.wait_for_function(
            "!document.querySelector('script[src*=mathjax]')"
            " || (window.MathJax?.startup?.promise?.then(() => true))"
        )

    def _gate(self, route):
        parts = urlsplit(route.request.url)
        if parts.scheme in {"file", "data", "blob"} or parts.hostname == "127.0.0.1":
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def _listen(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.context.close()


def assert_icons_are_drawn(visit):
    """The theme's script turns every icon's tag into an outline; one it lacks stays or is blank."""
    assert visit.page.locator("svg.svg-inline--fa").count() > 3
    assert visit.page.locator("i.fa-solid, i.fa-brands, i.fa-regular, i.fas, i.fab").count() == 0
    assert visit.page.locator("svg.svg-inline--fa .missing").count() == 0


def assert_typeset(page, visit):
    """Every formula of a page stands in it, set; none has failed, none is left as source."""
    formulas = len(soup(page).select(".math"))
    assert visit.page.locator("mjx-container").count() >= formulas
    assert visit.page.locator("mjx-merror, [data-mjx-error]").count() == 0
    text = visit.page.evaluate(
        """() => { const main = document.querySelector("main").cloneNode(true);
        main.querySelectorAll("pre, code, script, .sig, mjx-container").forEach(e => e.remove());
        return main.textContent; }"""
    )
    raw = re.search(r"\\\(|\\\[|\$[^$\n]+\$|\\(alpha|beta|sigma|mu|frac|sim|mathrm)\b", text)
    assert not raw, f"not set: {text[max(0, raw.start() - 40) : raw.end() + 40]!r}"


@each_page
def test_page_served(browser, host, page):
    with Visit(browser, f"{host}/{page}") as visit:
        assert not visit.outside
        assert not visit.complaints
        assert_typeset(page, visit)
        assert_icons_are_drawn(visit)


@each_page
def test_page_from_disk(browser, page):
    with Visit(browser, (SITE / page).as_uri()) as visit:
        assert not visit.outside
        assert not visit.complaints
        assert_typeset(page, visit)


# Formulas whose full stop or comma has gone to the next line.
LEFT_BEHIND = """() => [...document.querySelectorAll("main mjx-container:not([display])")]
  .filter(formula => {
    const after = formula.parentElement.nextSibling, box = formula.getBoundingClientRect();
    if (!box.width || !/^[,.;:!?)]/.test(after?.data ?? "")) return false;
    const mark = document.createRange();
    mark.setStart(after, 0);
    mark.setEnd(after, 1);
    return mark.getBoundingClientRect().left < box.left;
  }).map(formula => formula.closest("p, li, figcaption")?.innerText.slice(0, 80))"""


@each_page
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_page_fits_a_phone(browser, host, page, mode):
    phone = {"viewport": {"width": PHONE, "height": 740}, "color_scheme": mode}
    with Visit(browser, f"{host}/{page}", **phone) as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = visit.page.evaluate(
            """width => [...document.querySelectorAll("main *")].filter(e => {
                 const box = e.getBoundingClientRect();
                 if (!box.width || box.right <= width + 1) return false;
                 for (let up = e; up; up = up.parentElement)
                   if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return false;
                 return true; }).slice(0, 5).map(e => e.outerHTML.slice(0, 120))""",
            PHONE,
        )
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE, wide
        assert not wide
        assert visit.page.evaluate(LEFT_BEHIND) == []


def test_colour_mode_can_be_changed(browser, host):
    page = next(page for page in PAGES if page.startswith("chapters/"))
    with Visit(browser, f"{host}/{page}", color_scheme="light") as visit:
        seen = {}
        for _ in range(3):
            visit.page.locator(".theme-switch-button:visible").first.click()
            mode = visit.page.evaluate("document.documentElement.dataset.theme")
            ground = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
            figure = visit.page.evaluate(
                "getComputedStyle(document.querySelector('.cell_output img')).filter"
            )
            seen[mode] = (ground, figure)
        assert set(seen) == {"light", "dark"}
        assert seen["light"][0] != seen["dark"][0]
        assert seen["light"][1] == "none"
        assert "invert" in seen["dark"][1]


def test_quiz_answers_open_with_a_click(browser, host):
    page = next(page for page in PAGES if soup(page).select("details.quiz"))
    with Visit(browser, f"{host}/{page}") as visit:
        option = visit.page.locator("details.quiz").first
        answer = option.locator("p").first
        assert not answer.is_visible()
        option.locator("summary").click()
        assert answer.is_visible()


def test_quiz_answers_open_with_the_keyboard(browser, host):
    """Tab comes to each answer in turn, and shows where it is; Enter and the space bar open it."""
    page = next(page for page in PAGES if soup(page).select("details.quiz"))
    with Visit(browser, f"{host}/{page}") as visit:
        keys, options = visit.page.keyboard, visit.page.locator("details.quiz")
        options.nth(0).locator("summary").focus()
        for k, key in enumerate(["Enter", "Space"]):
            option = options.nth(k)
            here = option.locator("summary")
            assert here.evaluate("e => e === document.activeElement")
            assert here.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
            for shown in (True, False):
                keys.press(key)
                assert option.locator("p").first.is_visible() is shown
            keys.press("Tab")


@each_page
def test_every_quiz_marks_its_answers(browser, host, page):
    """An opened answer has a sign of its own, so that colour is not all there is."""
    if not soup(page).select("details.quiz"):
        pytest.skip("no quiz on this page")
    with Visit(browser, f"{host}/{page}") as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        signs = visit.page.evaluate(
            """() => [...document.querySelectorAll("details.quiz")].map(d => [d.className,
                 getComputedStyle(d.querySelector("summary"), "::before").content])"""
        )
        assert all(("\u2713" in sign) == ("right" in kind.split()) for kind, sign in signs)
        assert all(("\u2717" in sign) == ("wrong" in kind.split()) for kind, sign in signs)


def test_search_finds_a_word(browser, host):
    with Visit(browser, f"{host}/search.html?q=posterior") as visit:
        visit.page.wait_for_selector("#search-results li a")
        assert not visit.outside


# --- weight ---


def weight(path):
    """Size of a file as it travels, in bytes: text goes zipped."""
    raw = path.read_bytes()
    texts = {".html", ".css", ".js", ".svg", ".json"}
    return len(gzip.compress(raw, 6)) if path.suffix in texts else len(raw)


def test_page_weight(capsys):
    """Print what a first visit to each page costs: its own files, then those all pages share."""
    rows, shared = [], set()
    for page in PAGES:
        own = weight(SITE / page)
        for tag, address in addresses(page):
            if address.startswith("data:"):
                continue  # it is part of the page, and weighed with it
            target = ((SITE / page).parent / urlsplit(address).path).resolve()
            if tag.name in {"img", "script", "link"} and target.is_file():
                if "_static" in target.parts:
                    shared.add(target)
                elif tag.name == "img":
                    own += weight(target)
        rows.append((page, own))
    total = sum(map(weight, shared))
    with capsys.disabled():
        print("\n\npage, zipped" + " " * 22 + "kB")
        for page, own in rows:
            print(f"{page:28s} {own / 1000:7.0f}")
        print(f"{'shared, loaded once':28s} {total / 1000:7.0f}")
    assert max(own for _, own in rows) + total < 1_500_000
