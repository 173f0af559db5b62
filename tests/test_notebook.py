"""What a chapter shows: figures with their words, functions without their docstrings."""

import IPython.display
import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from hiertools import notebook
from hiertools.likelihood import log_likelihood
from hiertools.notebook import show, show_source

mpl.use("Agg")


@pytest.fixture
def shown(monkeypatch):
    """Collects what is displayed."""
    calls = []
    monkeypatch.setattr(
        notebook, "display", lambda data, metadata=None, raw=False: calls.append((data, metadata))
    )
    return calls


def test_show_puts_out_one_svg_with_its_description(shown):
    figure, ax = plt.subplots()
    ax.plot([0, 1])
    show(ax, alt="A line\n   rises.", caption="A line", name="fig-line")
    [(data, metadata)] = shown
    assert data["image/svg+xml"].startswith("<?xml")
    assert data["text/plain"] == "A line rises."
    assert metadata == {
        "image/svg+xml": {"alt": "A line rises.", "caption": "A line", "name": "fig-line"}
    }
    assert not plt.fignum_exists(figure.number)


def test_the_same_figure_twice_is_the_same_file(shown):
    for _ in range(2):
        figure, ax = plt.subplots()
        ax.plot([0, 1])
        with mpl.rc_context({"svg.hashsalt": "fixed"}):
            show(figure, alt="A line.")
    assert shown[0] == shown[1]


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_figure_without_a_description_is_refused(alt):
    with pytest.raises(ValueError, match="alt must say"):
        show(plt.figure(), alt=alt)
    plt.close("all")


def test_show_source_is_the_code_that_runs_without_its_docstring(shown):
    show_source(log_likelihood)
    [(data, _)] = shown
    code = data["text/plain"]
    assert code.startswith("def log_likelihood(")
    assert '"""' not in code
    assert "return log_likelihood_from_statistics(" in code
    assert data["text/markdown"] == f"```python\n{code}\n```"


def test_show_source_keeps_a_function_that_has_no_docstring(shown):
    show_source(test_show_source_is_the_code_that_runs_without_its_docstring)
    assert "show_source(log_likelihood)" in shown[0][0]["text/plain"]


@pytest.mark.parametrize("thing", [len, 3, None])
def test_show_source_refuses_what_has_no_python_source(thing):
    with pytest.raises(ValueError, match="function must be written in Python"):
        show_source(thing)


def test_display_is_the_one_of_ipython():
    assert notebook.display is IPython.display.display
