"""What a chapter puts on the page: a picture with its description, a function with its code."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def show(
    figure: Figure | Axes, *, alt: str, caption: str | None = None, name: str | None = None
) -> None:
    """Put a figure on the page with a description for those who do not see it, and close it.

    Parameters
    ----------
    figure : Figure or Axes
    alt : str
        What the figure shows, in a sentence or two that state the finding. Computed values
        go in with an f-string, so that the words follow the picture.
    caption : str, optional
        What stands below the picture in the book, where a captioned figure is numbered.
    name : str, optional
        What the text calls it in ``{numref}``.

    Raises
    ------
    ValueError
        If `alt` is empty.

    Examples
    --------
    >>> show(plt.figure(), alt=" ")
    Traceback (most recent call last):
    ValueError: alt must say what the figure shows, got ' '
    """
    alt = " ".join(alt.split())
    if not alt:
        raise ValueError("alt must say what the figure shows, got ' '")
    whole = figure if isinstance(figure, Figure) else figure.get_figure(root=True)
    assert whole is not None
    picture = io.StringIO()
    # Without a date, the same picture twice is the same file twice.
    whole.savefig(picture, format="svg", metadata={"Date": None})
    plt.close(whole)
    words = {"alt": alt, "caption": caption, "name": name}
    display(  # type: ignore[no-untyped-call]
        {"image/svg+xml": picture.getvalue(), "text/plain": alt},
        metadata={"image/svg+xml": {key: text for key, text in words.items() if text}},
        raw=True,
    )


def show_source(function: Callable[..., Any]) -> None:
    """Put a function's own code on the page, without its docstring.

    The page thus shows the code that runs, and cannot fall behind it.

    Parameters
    ----------
    function : callable
        Written in Python.

    Raises
    ------
    ValueError
        If there is no Python source to show.

    Examples
    --------
    >>> show_source(len)
    Traceback (most recent call last):
    ValueError: function must be written in Python, got <built-in function len>
    """
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (TypeError, OSError):
        raise ValueError(f"function must be written in Python, got {function!r}") from None
    lines = source.splitlines()
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef | ast.ClassDef)
    first = definition.body[0]
    if ast.get_docstring(definition) is not None:
        del lines[first.lineno - 1 : first.end_lineno]
    code = "\n".join(lines)
    display(  # type: ignore[no-untyped-call]
        {"text/markdown": f"```python\n{code}\n```", "text/plain": code}, raw=True
    )
