"""What was handed in, read and not run: a notebook's cells, its student, its functions."""

from __future__ import annotations

import ast
import contextlib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LONGEST_NAME = 200


class Notebook(NamedTuple):
    """What a submission's file holds."""

    cells: list[str]
    """Source of its code cells."""
    student: str | None
    """As the notebook names itself: the last ``STUDENT = "..."``."""
    problem: str
    """Why it is none, or empty."""


def read_notebook(path: Path, *, largest: int = 16 * 2**20) -> Notebook:
    """A submission's cells and the student it names; whatever the file is, nothing is raised.

    Parameters
    ----------
    path : Path
    largest : int
        Bytes that a notebook may have.

    Returns
    -------
    Notebook
    """
    try:
        if path.stat().st_size > largest:
            return Notebook([], None, f"the file is larger than {largest // 2**20} MiB")
        raw = path.read_bytes()
        if not raw.strip():
            return Notebook([], None, "the file is empty")
        cells = json.loads(raw)["cells"]
        code = [
            source if isinstance(source, str) else "".join(source)
            for cell in cells
            if cell["cell_type"] == "code"
            for source in [cell["source"]]
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Notebook([], None, f"the file is no notebook ({type(error).__name__})")
    return Notebook(code, _student_named(code), "")


def _trees(cells: Sequence[str]) -> Iterator[ast.Module]:
    from hiertools.classroom.sandbox import plain_python

    for cell in cells:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield ast.parse(plain_python(cell))


def _student_named(cells: Sequence[str]) -> str | None:
    """The constant that the notebook assigns to STUDENT, read and not run."""
    found = None
    for tree in _trees(cells):
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = [t.id for t in node.targets if isinstance(t, ast.Name)]
                value = node.value.value
                if "STUDENT" in names and isinstance(value, str | int | float):
                    found = str(value)[:LONGEST_NAME]
    return found


def sources_of(cells: Sequence[str]) -> dict[str, str]:
    r"""Source of each function that a notebook defines, and of those of its own that it calls.

    Parameters
    ----------
    cells : sequence of str

    Returns
    -------
    dict of str
        By name. A name that is given to a function from elsewhere has that line as its source.

    Examples
    --------
    >>> sources_of(["def f(x):\n    return g(x)", "g = abs"])["f"].splitlines()
    ['def f(x):', '    return g(x)', 'g = abs']
    """
    nodes: dict[str, ast.stmt] = {}
    for tree in _trees(cells):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                nodes[node.name] = node
            elif isinstance(node, ast.Assign):
                nodes |= {
                    target.id: node for target in node.targets if isinstance(target, ast.Name)
                }
    return {name: "\n".join(map(ast.unparse, _with_helpers(name, nodes))) for name in nodes}


def _with_helpers(name: str, nodes: Mapping[str, ast.stmt]) -> Iterable[ast.stmt]:
    """The statement that defines a name, and those that define what it calls."""
    found: dict[str, ast.stmt] = {}
    waiting = [name]
    while waiting:
        here = waiting.pop()
        found[here] = nodes[here]
        inside = list(ast.walk(nodes[here]))
        calls = {
            n.func.id for n in inside if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        own = {n.arg for n in inside if isinstance(n, ast.arg)}
        waiting += sorted((calls & set(nodes)) - own - set(found))
    return found.values()
