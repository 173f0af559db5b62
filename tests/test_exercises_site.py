"""Exercises in the built book: pages and list agree, and a grade is chosen by keyboard."""

import re
from collections import Counter

import pytest
from test_chapters import CHAPTERS, EXERCISE, markdown
from test_site import PHONE, _built_and_fresh, soup  # noqa: F401

from hiertools.classroom.exercises import call

pytestmark = pytest.mark.site

LIST = "teaching/exercises.html"
WRITTEN = {
    match["label"]: match.groupdict() | {"page": f"chapters/{path.stem}.html"}
    for path in CHAPTERS
    for match in EXERCISE.finditer(markdown(path))
}


def listed():
    """Label and cells of each row of the list."""
    rows = soup(LIST).select("table.exercises tbody tr")
    return {row.a["href"].partition("#")[2]: row.find_all("td") for row in rows}


def words(tag):
    return " ".join(tag.get_text(" ").replace("’", "'").split())


def test_the_list_has_every_exercise_in_order():
    assert list(listed()) == list(WRITTEN)


@pytest.mark.parametrize("label", WRITTEN)
def test_page_and_list_say_the_same(label):
    """Number, title, grade and minutes of the page are those that the list shows."""
    said, (first, grade, minutes) = WRITTEN[label], listed()[label]
    box = soup(said["page"]).find(id=label)
    number, title = re.fullmatch(
        r"Exercise (\d+\.\d+) \( ?(.*?) ?\)", words(box.select_one(".admonition-title"))
    ).groups()
    assert number.split(".")[0] == str(int(said["page"].split("/")[1][:2]))
    assert words(first.a) == f"{number} {title}"
    assert title == said["title"]
    assert (words(grade), words(minutes)) == (said["grade"], said["minutes"])
    line = words(box.select_one(".exercise-grade"))
    assert line == f"{said['grade']}, about {said['minutes']} minutes"
    assert words(first.code) == call(label)


def test_a_verdict_is_read_without_scrolling(browser, host):
    page = browser.new_page(viewport={"width": PHONE, "height": 740}, java_script_enabled=False)
    page.goto(f"{host}/chapters/08_better_samplers.html")
    verdicts = page.locator(".output.text_plain pre", has_text="✓ agrees")
    assert verdicts.count() == sum("08_" in said["page"] for said in WRITTEN.values())
    for verdict in verdicts.all():
        assert verdict.is_visible()
        assert verdict.evaluate("e => e.scrollWidth <= e.clientWidth")
    page.close()


def test_a_grade_is_chosen_with_the_keyboard_and_no_script(browser, host):
    count = Counter(said["grade"] for said in WRITTEN.values())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{host}/{LIST}")
    rows = page.locator("table.exercises tbody tr:visible")
    assert rows.count() == len(WRITTEN)
    page.locator("fieldset.grades input").first.focus()
    for grade in ("easy", "medium", "hard"):
        page.keyboard.press("ArrowDown")
        shown = rows.evaluate_all("rows => rows.map(row => row.className.split(' '))")
        assert len(shown) == count[grade]
        assert all(grade in classes for classes in shown)
    context.close()
