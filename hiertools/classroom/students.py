"""A dataset for each student: everybody's own, and the same again tomorrow."""

from __future__ import annotations

import hashlib
import unicodedata
from itertools import permutations
from numbers import Integral, Real
from types import EllipsisType

import numpy as np

from hiertools._checks import FloatArray
from hiertools.data import GroupedData, simulate
from hiertools.rrandom import RRandom


def student_data(
    student: str | float, assignment: str | int, *, n: int = 12, m: int = 5
) -> tuple[GroupedData, dict[str, FloatArray]]:
    r"""The dataset of one student for one assignment.

    The population differs from student to student as well as the noise, so that nobody's
    answer is anybody else's:

    .. math::
        \mu_\alpha \in [1, 3], \quad \mu_\beta \in [-3, -1], \quad
        \sigma_\alpha, \sigma_\beta \in [0.7, 1.3], \quad \sigma \in [1.5, 2.5]

    Parameters
    ----------
    student : str or number
        A name, a mail address, a number. Upper and lower case, and blanks before, behind and
        between words, make no difference; 7, 7.0 and "7" are the same student.
    assignment : str or int
        Another assignment is another dataset.
    n, m : int
        Number of individuals, and of observations of each.

    Returns
    -------
    data : GroupedData
        Drawn with R's generator (`RRandom`), which will not change.
    truth : dict of ndarray
        As `simulate` returns it.

    Raises
    ------
    ValueError
        If the student has no name, or n or m is below 1.

    References
    ----------
    Chapter 1.

    Examples
    --------
    >>> data, truth = student_data("Ada Lovelace", 1)
    >>> data
    GroupedData(60 observations of 12 individuals, 5 each)
    >>> again, _ = student_data(" ada  lovelace", "1")
    >>> bool((data.y == again.y).all())
    True
    """
    rng = RRandom(student_seed(student, assignment))
    low, high = (1.0, -3.0, 0.7, 0.7, 1.5), (3.0, -1.0, 1.3, 1.3, 2.5)
    settings = [round(float(v), 1) for v in np.asarray(rng.uniform(low, high, size=5))]
    mu_alpha, mu_beta, sigma_alpha, sigma_beta, sigma = settings
    return simulate(
        n,
        m,
        mu_alpha=mu_alpha,
        sigma_alpha=sigma_alpha,
        mu_beta=mu_beta,
        sigma_beta=sigma_beta,
        sigma=sigma,
        rng=rng,
    )


def student_seed(student: str | float, assignment: str | int) -> int:
    """A seed of 31 bits from a student's name and an assignment's.

    Parameters
    ----------
    student, assignment : str or number
        As for `student_data`.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If one of the two is empty, or neither text nor a number.

    Examples
    --------
    >>> student_seed("Ada", 1) == student_seed("ada ", "1") != student_seed("Ada", 2)
    True
    """
    words = "\n".join([plain("student", student), plain("assignment", assignment)])
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") >> 1


def plain(name: str, value: str | float) -> str:
    """A name or number as the text that stands for it, case and blanks evened out.

    Parameters
    ----------
    name : str
        What to call it in an error.
    value : str or number

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If `value` is empty, not finite, or neither text nor a number.
    """
    if isinstance(value, EllipsisType):
        raise ValueError(
            f'the {name} is not there yet: put "Ada Lovelace", or whoever you are, '
            "in place of the three dots"
        )
    if isinstance(value, str):
        words = unicodedata.normalize("NFKC", value).casefold().split()
        if words:
            return " ".join(words)
    elif isinstance(value, Integral) and not isinstance(value, bool):
        return str(int(value))
    elif isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(value):
        whole = float(value).is_integer()
        return str(int(value)) if whole else repr(float(value))
    raise ValueError(f'{name} must be a name or a number, such as "Ada" or 4711, got {value!r}')


def student_chains(student: str | float, assignment: str | int) -> dict[str, FloatArray]:
    """Three runs to judge, A, B and C: one is good, one slow, in one the chains stay apart.

    Which is which differs from student to student; `student_chains_key` tells.

    Parameters
    ----------
    student, assignment : str or number
        As for `student_data`.

    Returns
    -------
    dict of ndarray, each of shape (4, 500)

    Raises
    ------
    ValueError
        If the student or the assignment has no name.

    References
    ----------
    Chapter 6.

    Examples
    --------
    >>> sorted(student_chains("Ada", 4))
    ['A', 'B', 'C']
    """
    rng = RRandom(student_seed(student, f"{assignment} chains"))
    level, spread = rng.uniform(-5.0, 5.0), rng.uniform(0.5, 2.0)
    runs = {}
    for name, kind in student_chains_key(student, assignment).items():
        memory = 0.97 if kind == "slow" else 0.3
        noise = np.asarray(rng.normal(0.0, np.sqrt(1 - memory**2), size=(500, 4)))
        chains = np.empty((500, 4))
        here = np.asarray(rng.standard_normal(4))
        for t in range(500):
            here = memory * here + noise[t]
            chains[t] = here
        chains += np.array([-3.0, -1.0, 1.0, 3.0]) if kind == "apart" else 0.0
        runs[name] = level + spread * chains.T
    return runs


def student_chains_key(student: str | float, assignment: str | int) -> dict[str, str]:
    """What the runs of `student_chains` are: "good", "slow" or "apart".

    Parameters
    ----------
    student, assignment : str or number

    Returns
    -------
    dict of str

    Examples
    --------
    >>> sorted(student_chains_key("Ada", 4).values())
    ['apart', 'good', 'slow']
    """
    orders = tuple(permutations(("good", "slow", "apart")))
    order = orders[student_seed(student, f"{assignment} order") % len(orders)]
    return dict(zip("ABC", order, strict=True))
