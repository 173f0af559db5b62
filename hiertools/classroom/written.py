"""Check that a function is the student's own, and not a call of the one that is to be written."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from hiertools.classroom.verdicts import Verdict, agrees, disagrees


def check_written(function: Any, *forbidden: str) -> Verdict:
    """Whether a function's source does without certain names.

    Parameters
    ----------
    function : callable
        Written in a notebook, or a stand-in with a `source`.
    *forbidden : str
        Names that would make the exercise pointless, such as "log_likelihood".

    Returns
    -------
    Verdict
        A first look, not a proof: whoever wants to can hide a name.

    Examples
    --------
    >>> class Written:
    ...     source = "def f(data, params): return ht.log_likelihood(data, params)"
    >>> check_written(Written(), "log_likelihood").fault
    'not written'
    """
    source = getattr(function, "source", None)
    if str(getattr(function, "__module__", "")).split(".")[0] == "hiertools" and source is None:
        return disagrees(
            f"write it yourself: it is {function.__name__} of hiertools.", "not written"
        )
    if source is None:
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            return agrees("there is no source to look at.")
    try:
        tree = ast.parse(textwrap.dedent(str(source)))
    except SyntaxError:
        return agrees("there is no source to look at.")
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    used |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    found = sorted(used & set(forbidden))
    if found:
        return disagrees(
            f"write it yourself: your function leaves the work to {', '.join(found)}.",
            "not written",
        )
    return agrees("it is written by hand.")
