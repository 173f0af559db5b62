"""What several test files share: how hypothesis searches, and a browser on the built pages.

hypothesis looks at the same examples every time; ``pytest --hypothesis-profile=search`` looks at
3,000 fresh ones a test.
"""

import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import settings

# Tests run in several processes already: threads for linear algebra would only be in the way.
# It must stand before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

SITE = Path(__file__).parents[1] / "_build" / "html"

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None, max_examples=3000)
settings.load_profile("repeatable")


def chromium():
    """Path of a Chromium on this machine, or None."""
    names = ["chromium-headless-shell"]  # draws no window: the quickest
    names += ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
    places = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ]
    found = [shutil.which(name) for name in names]
    return next((path for path in [*found, *filter(os.path.exists, places)] if path), None)


@pytest.fixture(scope="session")
def browser():
    playwright_api = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        flags += ["--disable-component-update", "--disable-sync", "--no-first-run"]
        try:
            started = playwright.chromium.launch(executable_path=chromium(), args=flags)
        except playwright_api.Error as error:
            why = f"no browser: install Chromium ({str(error).splitlines()[0]})"
            if os.environ.get("CI"):
                pytest.fail(why, pytrace=False)
            pytest.skip(why)
        yield started
        started.close()


class Quiet(SimpleHTTPRequestHandler):
    """Serve files and say nothing."""

    def log_message(self, *args):
        pass


@contextmanager
def serving(folder):
    """Serve a folder; its address."""
    handler = partial(Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def host():
    with serving(SITE) as address:
        yield address


@pytest.fixture(scope="session")
def serve():
    return serving
