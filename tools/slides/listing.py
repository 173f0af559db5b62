"""What of a code cell goes onto a slide."""

import ast
import re

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

MOST_LINES = 10
"""Lines of a cell that a class can read while it listens."""

MOST_LINES_OF_SOURCE = 20
"""Lines of a function that the chapter shows because it teaches; set smaller than a cell."""


def for_class(source: str) -> str:
    """A cell without the book's housekeeping: `glue`, `assert`, calls that show; imports alone."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and _is_housekeeping(node):
            nothing = [None] * (node.end_lineno - node.lineno + 1)
            lines[node.lineno - 1 : node.end_lineno] = nothing
    text = "\n".join(line for line in lines if line is not None).strip("\n")
    imports = [isinstance(node, ast.Import | ast.ImportFrom) for node in ast.parse(text).body]
    return "" if all(imports) else re.sub(r"\n{3,}", "\n\n", text)


def _is_housekeeping(node: ast.stmt) -> bool:
    if isinstance(node, ast.For | ast.If | ast.With):
        return all(map(_is_housekeeping, node.body))  # else a loop without a body were left
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return isinstance(node, ast.Assert)
    called = ast.unparse(node.value.func)
    return called in {"glue", "show", "show_source"} or called.startswith("explorers.")


def coloured(source: str) -> str:
    """A source as HTML, with the classes of Pygments."""
    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="highlight"))
