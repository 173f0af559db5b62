"""A check for every exercise of the book: one module for each chapter, one function for each.

The answer is computed when it is asked for, never stored. What a verdict says is a hint and not
the answer.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from hiertools.classroom.exercises.comparison import CHECKS as COMPARISON
from hiertools.classroom.exercises.data import CHECKS as DATA
from hiertools.classroom.exercises.diagnostics import CHECKS as DIAGNOSTICS
from hiertools.classroom.exercises.exact import CHECKS as EXACT
from hiertools.classroom.exercises.likelihood import CHECKS as LIKELIHOOD
from hiertools.classroom.exercises.metropolis import CHECKS as METROPOLIS
from hiertools.classroom.exercises.priors import CHECKS as PRIORS
from hiertools.classroom.verdicts import Check, Verdict

CHECKS: Mapping[str, Check] = {
    **DATA,
    **LIKELIHOOD,
    **PRIORS,
    **METROPOLIS,
    **COMPARISON,
    **DIAGNOSTICS,
    **EXACT,
}
"""The check of each exercise, by the exercise's label."""


def check_exercise(label: str, *answers: Any) -> Verdict:
    """Say whether the answer to an exercise of the book is right, and if not, what may be wrong.

    Parameters
    ----------
    label : str
        The exercise's name, as its text has it: "ex-data-icc".
    *answers
        What the exercise asks for, in its order.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        If no exercise has that label, or it asks for more answers or fewer.

    Examples
    --------
    >>> check_exercise("ex-data-centre", 0.0).outcome
    'disagrees'
    """
    if label not in CHECKS:
        near = difflib.get_close_matches(str(label), CHECKS, n=1, cutoff=0.4)
        meant = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f"no exercise of the book has the label {label!r}{meant}")
    names = answers_asked(label)
    if len(answers) != len(names):
        raise ValueError(f"{label} asks for {', '.join(names)}: write {call(label)}")
    return CHECKS[label](*answers)


def answers_asked(label: str) -> list[str]:
    """What an exercise asks for, by name.

    Parameters
    ----------
    label : str

    Returns
    -------
    list of str
    """
    return list(inspect.signature(CHECKS[label]).parameters)


def call(label: str) -> str:
    """How a student calls the check of an exercise.

    Parameters
    ----------
    label : str

    Returns
    -------
    str

    Examples
    --------
    >>> call("ex-data-icc")
    'check_exercise("ex-data-icc", formula, simulation)'
    """
    return f'check_exercise("{label}", {", ".join(answers_asked(label))})'
