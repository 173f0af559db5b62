"""For the tests and the doctests alike: no figure stays open."""

import sys

import pytest


@pytest.fixture(autouse=True)
def close_figures():
    """Close them all after each."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
