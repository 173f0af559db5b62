"""The explorers as readers meet them: in pages from a host and from disk, and in Jupyter.

`make test` builds the book first, then runs these.
"""

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from test_site import PAGES, PHONE, ROOT, SITE, Visit, _built_and_fresh, soup  # noqa: F401

from hiertools.explorers import EXPLORERS

pytestmark = pytest.mark.site

ALL = {explorer.name: explorer for explorer in (make() for make in EXPLORERS)}
WHERE = {
    figure["id"]: page
    for page in PAGES
    if (SITE / page).exists()
    for figure in soup(page).select("figure.explorer")
}
SLIDERS = [
    (name, control.name)
    for name, explorer in ALL.items()
    for control in explorer.controls
    if control.kind == "slider"
]
each_explorer = pytest.mark.parametrize("name", ALL)
each_slider = pytest.mark.parametrize(("name", "slider"), SLIDERS)


@pytest.fixture(scope="session")
def frames():
    """What the Python functions give for each setting of the pages."""
    return {name: explorer.frames(ROOT / ".frames") for name, explorer in ALL.items()}


class Seen:
    """What a reader sees of an explorer."""

    READ = """figure => ({
        places: [...figure.querySelectorAll("[name]")].map(c => Number(c.value)),
        values: [...figure.querySelectorAll("[name]")].map(c =>
            c.parentElement.querySelector("output")?.textContent ?? c.selectedOptions[0].text),
        spoken: [...figure.querySelectorAll("input")].map(c => c.getAttribute("aria-valuetext")),
        source: figure.querySelector("img").src,
        alt: figure.querySelector("img").alt,
        reading: figure.querySelector(".explorer-reading").textContent})"""

    def __init__(self, page, name):
        self.page, self.name = page, name
        self.figure = page.locator(f"figure#{name}")

    def __call__(self):
        self.page.wait_for_function(
            "name => { const i = document.querySelector(`#${name} img`);"
            " return i.complete && i.naturalWidth > 0; }",
            arg=self.name,
        )
        return self.figure.evaluate(self.READ)

    def control(self, name):
        return self.figure.locator(f"[name={name}]")

    def reset(self):
        """Back to the defaults, by the address, as a link would."""
        self.page.evaluate("name => { location.hash = name + '?x=' + Math.random(); }", self.name)
        places = ALL[self.name]._places(ALL[self.name].states[0])
        self.page.wait_for_function(
            "([name, places]) => [...document.querySelectorAll(`#${name} [name]`)]"
            ".every((c, k) => Number(c.value) === places[k])",
            arg=[self.name, places],
        )


def picture(source):
    """The bytes of a picture, from its address."""
    parts = urlsplit(source)
    if parts.scheme == "data":
        return base64.b64decode(source.partition(",")[2])
    path = unquote(parts.path)
    return (Path(path) if parts.scheme == "file" else SITE / path.lstrip("/")).read_bytes()


def assert_is_the_functions(seen, name, frames):
    """Picture, words and values are those that the Python function gives for this setting."""
    explorer = ALL[name]
    state = tuple(c.page[at] for c, at in zip(explorer.controls, seen["places"], strict=True))
    frame = frames[name][state]
    assert hashlib.sha256(picture(seen["source"])).digest() == (
        hashlib.sha256(frame.picture).digest()
    )
    assert (seen["alt"], seen["reading"]) == (frame.alt, frame.reading)
    texts = [c.text(value) for c, value in zip(explorer.controls, state, strict=True)]
    assert seen["values"] == texts
    kinds = [c.kind for c in explorer.controls]
    assert seen["spoken"] == [
        text for text, kind in zip(texts, kinds, strict=True) if kind == "slider"
    ]


def assert_differ(one, other):
    for part in ("source", "alt", "reading", "values"):
        assert one[part] != other[part], part


@pytest.fixture(scope="module", params=["http", "file"])
def opened(request, browser, host):
    """Every explorer's page, opened once from a host and once from disk."""
    visits = {}
    base = host if request.param == "http" else SITE.as_uri()
    for page in {WHERE[name] for name in ALL}:
        visits[page] = Visit(browser, f"{base}/{page}", viewport={"width": 1000, "height": 1000})
    yield visits
    for visit in visits.values():
        visit.context.close()


@pytest.fixture
def explored(opened):
    """An explorer in its page, at its defaults; afterwards nothing has gone wrong."""

    def open_it(name):
        seen = Seen(opened[WHERE[name]].page, name)
        seen.reset()
        return seen

    yield open_it
    for visit in opened.values():
        assert not visit.complaints
        assert not visit.outside


def test_every_explorer_has_its_place():
    assert set(WHERE) == set(ALL)


@each_slider
def test_keys_move(name, slider, explored, frames):
    seen = explored(name)
    last = len(next(c for c in ALL[name].controls if c.name == slider).page) - 1
    at = [c.name for c in ALL[name].controls].index(slider)
    seen.control(slider).focus()
    before = seen()
    assert_is_the_functions(before, name, frames)
    arrow, back = (
        ("ArrowLeft", "ArrowRight")
        if before["places"][at] == last
        else (
            "ArrowRight",
            "ArrowLeft",
        )
    )
    places = [before["places"][at]]
    for key in (arrow, back, "Home", "End", "ArrowLeft"):
        seen.page.keyboard.press(key)
        after = seen()
        places.append(after["places"][at])
        assert_is_the_functions(after, name, frames)
        if places[-1] != places[-2]:
            assert_differ(before, after)
        before = after
    step = 1 if arrow == "ArrowRight" else -1
    start = places[0]
    assert places == [start, start + step, start, 0, last, last - 1]


@each_slider
def test_drag_moves(name, slider, explored, frames):
    seen = explored(name)
    handle = seen.control(slider)
    handle.scroll_into_view_if_needed()
    box, before = handle.bounding_box(), seen()
    at = [c.name for c in ALL[name].controls].index(slider)
    last = len(ALL[name].controls[at].page) - 1
    width, height = box["width"] - 16, box["y"] + box["height"] / 2
    mouse = seen.page.mouse
    mouse.move(box["x"] + 8 + width * before["places"][at] / last, height)
    mouse.down()
    aim = 0 if before["places"][at] > 0 else last
    for part in (0.25, 0.5, 0.75, 1):
        goes = before["places"][at] + (aim - before["places"][at]) * part
        mouse.move(box["x"] + 8 + width * goes / last, height)
    mouse.up()
    after = seen()
    assert after["places"][at] == aim
    assert_differ(before, after)
    assert_is_the_functions(after, name, frames)


@each_explorer
def test_lists_and_buttons_move(name, explored, frames):
    seen = explored(name)
    for at, control in enumerate(ALL[name].controls):
        if control.kind == "slider":
            continue
        seen.reset()
        before = seen()
        if control.kind == "again":
            seen.control(control.name).click()
        else:
            seen.control(control.name).select_option(index=(before["places"][at] + 1) % 2)
        after = seen()
        assert after["places"][at] != before["places"][at]
        assert_is_the_functions(after, name, frames)
        assert before["source"] != after["source"]
        assert before["alt"] != after["alt"] or name == "metropolis-stepper"


@each_explorer
def test_address_follows_and_leads(name, browser, frames):
    explorer = ALL[name]
    states = explorer.states
    address = (SITE / WHERE[name]).as_uri()
    for state in (states[1], states[len(states) // 2], states[-1]):
        named = zip(explorer.controls, state, strict=True)
        query = "&".join(f"{control.name}={value}" for control, value in named)
        given = f"{address}#{name}?{query}"
        with Visit(browser, given) as visit:
            seen = Seen(visit.page, name)
            now = seen()
            assert now["places"] == explorer._places(state)
            assert_is_the_functions(now, name, frames)
            assert seen.figure.evaluate("f => f.getBoundingClientRect().top < innerHeight")
            slider = next(c for c in explorer.controls if c.kind == "slider")
            seen.control(slider.name).focus()
            visit.page.keyboard.press("End" if now["places"][0] == 0 else "Home")
            moved, link = seen(), visit.page.url
            assert link != given
            with Visit(browser, link) as again:
                assert Seen(again.page, name)()["places"] == moved["places"]
            assert not visit.complaints


def test_address_snaps_to_what_there_is(browser):
    address = (SITE / WHERE["data-explorer"]).as_uri()
    for query, values in (("n=23&m=90", ["25", "100"]), ("n=x&m=&oops=3", ["75", "5"])):
        with Visit(browser, f"{address}#data-explorer?{query}") as visit:
            assert Seen(visit.page, "data-explorer")()["values"][:2] == values
            assert not visit.complaints


@each_explorer
def test_without_script_the_default_is_there(name, browser, frames):
    with_no_script = {"java_script_enabled": False}
    context = browser.new_context(**with_no_script)
    page = context.new_page()
    page.goto((SITE / WHERE[name]).as_uri())
    figure = page.locator(f"figure#{name}")
    first = next(iter(frames[name].values()))
    assert figure.locator("img").get_attribute("alt") == first.alt
    assert figure.locator(".explorer-reading").text_content() == first.reading
    assert figure.locator(".explorer-reading").is_visible()
    assert not figure.locator("input").first.is_visible()
    context.close()


@each_explorer
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_fits_a_phone(name, mode, browser, host):
    phone = {"viewport": {"width": PHONE, "height": 740}, "color_scheme": mode, "has_touch": True}
    with Visit(browser, f"{host}/{WHERE[name]}#{name}", **phone) as visit:
        figure = visit.page.locator(f"figure#{name}")
        inside = figure.evaluate(
            """figure => { const edge = figure.getBoundingClientRect();
            return [...figure.querySelectorAll("*")].every(e => {
              const box = e.getBoundingClientRect();
              return !box.width || (box.left >= edge.left && box.right <= edge.right + 1); }); }"""
        )
        assert inside
        assert figure.evaluate("f => f.getBoundingClientRect().right") <= PHONE
        ground = figure.evaluate(
            """f => { for (; f; f = f.parentElement) {
            const c = getComputedStyle(f).backgroundColor;
            if (c !== "rgba(0, 0, 0, 0)") return c; } }"""
        )
        light = sum(map(int, ground.strip("rgb()").split(","))) > 380
        assert light == (mode == "light")
        filtered = figure.locator("img").evaluate("i => getComputedStyle(i).filter")
        assert ("invert" in filtered) == (mode == "dark")


def test_stepper_plays_steps_and_resets(browser):
    address = (SITE / WHERE["metropolis-stepper"]).as_uri()
    with Visit(browser, f"{address}#metropolis-stepper") as visit:
        seen = Seen(visit.page, "metropolis-stepper")
        button = {what: seen.figure.locator(f"[data-do={what}]") for what in ("play", "step")}
        button["step"].click()
        button["step"].click()
        assert seen()["places"][0] == 2
        button["play"].click()
        assert button["play"].text_content() == "Pause"
        visit.page.wait_for_function(
            "document.querySelector('#metropolis-stepper [name=step]').value > 3"
        )
        button["play"].click()
        stopped = seen()["places"][0]
        visit.page.wait_for_timeout(1200)
        assert seen()["places"][0] == stopped
        seen.figure.locator("[data-do=reset]").click()
        assert seen()["places"][0] == 0


def test_nothing_plays_for_those_who_want_less_motion(browser):
    address = (SITE / WHERE["metropolis-stepper"]).as_uri()
    with Visit(browser, address, reduced_motion="reduce") as visit:
        figure = visit.page.locator("figure#metropolis-stepper")
        assert not figure.locator("[data-do=play]").is_visible()
        figure.locator("[data-do=step]").click()
        assert figure.locator("[name=step]").input_value() == "1"


def test_pictures_come_after_the_text_and_when_asked(browser, host):
    asked = []
    context = browser.new_context()
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{host}/{WHERE['data-explorer']}")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "/explorers/" in url]
    asked.clear()
    came = []
    page.on("requestfinished", lambda request: came.append(request.url))
    page.locator("figure#data-explorer [name=n]").focus()
    for _ in range(60):  # until all that were asked for came, however slow the machine
        page.wait_for_timeout(500)
        if len(came) == len(asked) > 0:
            break
    context.new_cdp_session(page).send("HeapProfiler.collectGarbage")  # takes what nobody holds
    asked.clear()
    page.keyboard.press("Home")
    shown = page.locator("figure#data-explorer img").evaluate("image => image.src")
    assert "/explorers/" in shown
    assert shown not in asked, "the move waited for its picture"
    context.close()


def test_script_is_small():
    script = ROOT / "theme" / "static" / "explorers.js"
    assert script.stat().st_size < 10_000


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("page", [*PAGES, "search.html", "genindex.html"])
def test_no_accessibility_violation(page, mode, browser, host):
    from axe_playwright_python.sync_playwright import Axe

    with Visit(browser, f"{host}/{page}", color_scheme=mode) as visit:
        # What has been opened fades in, and half faded in it has half the contrast.
        still = "animation: none !important; transition: none !important"
        visit.page.add_style_tag(content=f"* {{ {still} }}")
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = Axe().run(visit.page).response["violations"]
    assert not [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found]


# --- in Jupyter ---


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """A Jupyter server with a notebook of three explorers, one line each; its address."""
    folder = tmp_path_factory.mktemp("lab")
    lines = [f"from hiertools.explorers import {name}\n{name}()" for name in LIVE]
    cells = [
        {"cell_type": "code", "id": f"c{k}", "metadata": {}, "source": line, "outputs": []}
        | {"execution_count": None}
        for k, line in enumerate(lines)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "live.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--allow-root"]
    command += [f"--ServerApp.root_dir={folder}", "--expose-app-in-browser"]
    command += ["--LabApp.news_url=", "--LabApp.extension_manager=readonly"]
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    home = {place: str(folder / "home" / place) for place in places}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=os.environ | home, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=1).close()
            break
        except OSError:
            time.sleep(0.5)
    else:
        pytest.fail((folder / "log").read_text())
    yield f"{address}/lab/tree/live.ipynb?reset"
    server.terminate()
    server.wait()


LIVE = ("data_explorer", "sampler_explorer", "comparison_explorer")


def test_sliders_are_live_in_jupyter(browser, jupyter):
    context = browser.new_context(viewport={"width": 1300, "height": 2600})
    page = context.new_page()
    page.goto(jupyter)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "window.jupyterapp?.commands.hasCommand('notebook:run-all-cells')", timeout=60_000
    )
    page.wait_for_selector("text=/ipykernel.*Idle/", timeout=60_000)
    # Not waited for here: the promise of a command may outlive what it starts.
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    cells = page.locator(".jp-CodeCell")
    for k in range(len(LIVE)):
        cell = cells.nth(k)
        picture = cell.locator(".widget-html img")
        picture.wait_for(timeout=60_000)
        handles = cell.locator(".noUi-handle")
        for slider in range(handles.count()):
            before = picture.get_attribute("alt"), picture.get_attribute("src")
            handles.nth(slider).focus()
            page.keyboard.press("ArrowRight")
            for _ in range(100):
                after = picture.get_attribute("alt"), picture.get_attribute("src")
                if after[0] != before[0] and after[1] != before[1]:
                    break
                page.wait_for_timeout(100)
            else:
                pytest.fail(f"{LIVE[k]}: slider {slider} did not answer")
    assert page.locator(".jp-OutputArea-output[data-mime-type*=stderr]").count() == 0
    context.close()
