"""The links of the teacher's pages to explorers, followed in a browser."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from test_explorers_site import ALL, Seen, assert_is_the_functions, frames  # noqa: F401
from test_site import PAGES, SITE, Visit, _built_and_fresh, soup  # noqa: F401

pytestmark = pytest.mark.site

TAUGHT = [page for page in PAGES if page.startswith("teaching/")]


def links(name):
    """Every link of a teacher's page to an explorer: the page, and the address as it stands."""
    return [
        (page, link["href"])
        for page in TAUGHT
        if (SITE / page).exists()
        for link in soup(page).select("article a[href]")
        if urlsplit(link["href"]).fragment.partition("?")[0] == name
    ]


def wanted(explorer, address):
    """Where the handles stand if just what the address says has moved, and nothing else."""
    asked = dict(parse_qsl(urlsplit(address).fragment.partition("?")[2], strict_parsing=False))
    places = [
        [str(value) for value in control.page].index(asked.pop(control.name, str(control.default)))
        for control in explorer.controls
    ]
    assert not asked, f"{address}: no such setting"
    return places


@pytest.mark.parametrize("name", ALL)
def test_links_open_the_explorer_at_their_setting(name, browser, frames):  # noqa: F811
    found = links(name)
    assert found
    first, address = found[0]
    with Visit(browser, (SITE / first).as_uri()) as visit:
        visit.page.locator(f'article a[href="{address}"]').first.click()
        visit.page.wait_for_url(f"**/{address.removeprefix('../')}")
        seen = Seen(visit.page, name)
        for page, address in dict.fromkeys(found):
            visit.page.goto(f"{(SITE / page).parent.as_uri()}/{address}")
            places = wanted(ALL[name], address)
            visit.page.wait_for_function(
                "([name, places]) => [...document.querySelectorAll(`#${name} [name]`)]"
                ".every((c, k) => Number(c.value) === places[k])",
                arg=[name, places],
                timeout=10_000,
            )
            now = seen()
            assert now["places"] == places
            assert_is_the_functions(now, name, frames)
            assert seen.figure.evaluate("f => f.getBoundingClientRect().top < innerHeight")
        assert not visit.complaints
        assert not visit.outside
