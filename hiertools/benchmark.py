"""What `make bench` measured, read from its stored result (chapter 8).

The measuring takes long, and wants peers in environments of their own: benchmarks/compare.py does
it. Here is what a page needs to show what was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from hiertools._tables import html_table, text_table

GROUPS = ("exact", "chain", "peer")
RATES = ("sampling", "whole")
HEADS = (
    *("sampler", "ESS", "R-hat", "error", "sampling, s", "whole, s"),
    *("ESS/s of sampling", "ESS/s of whole"),
)


class Spread(NamedTuple):
    """A number that was measured in several runs."""

    median: float
    low: float
    """The smallest of them."""
    high: float
    """The largest of them."""


class Measured(NamedTuple):
    """One sampler on one dataset; a `Spread` is over its runs, None where there are no draws."""

    sampler: str
    """A short name: the one that benchmarks/compare.py takes."""
    label: str
    """A name to show."""
    group: str
    """``"exact"``, our draws without a chain; ``"chain"``, our Markov chains; ``"peer"``."""
    n: int
    """Individuals in the data."""
    status: str
    """``"ok"``, or in a few words why there are no draws."""
    runs: int
    """How many runs made draws, each in a fresh process."""
    ess: Spread | None
    """Smallest bulk ESS over all parameters, as measured from the draws."""
    rhat: Spread | None
    """Largest R-hat, over the parameters of smallest ESS."""
    error_sd: Spread | None
    """Largest error of a posterior mean, in posterior sds."""
    error_mcse: Spread | None
    """Root mean square of all parameters' errors, in Monte Carlo standard errors: about 1 where
    draws and standard errors can be trusted."""
    sampling: Spread | None
    """Seconds of sampling, with warm-up, without compiling."""
    whole: Spread | None
    """Seconds from the start of a fresh process to draws in hand."""
    per_sampling: Spread | None
    """Smallest bulk ESS per second of sampling."""
    per_whole: Spread | None
    """Smallest bulk ESS per second of whole process."""
    parts: dict[str, float]
    """Median seconds of `import`, `compile` and `sampling`."""
    versions: dict[str, str]
    """Of the packages that did the work."""


@dataclass(frozen=True, repr=False)
class Benchmark:
    """Samplers side by side, and when, where and how they were measured.

    `load_benchmark` reads it. Printed, or at the end of a notebook cell, it is a table.

    Parameters
    ----------
    script : str
        What measured, as a path from the project's root.
    date : str
        Year-month-day.
    machine : dict
        `cpu`, `cores`, `memory_gb`, `system`, `python`.
    settings : dict
        `n_chains`, `n_draws`, `n_warmup`, `m`, and `limits`, seconds by n.
    rows : tuple of Measured

    Examples
    --------
    >>> Benchmark("benchmarks/compare.py", "2026-11-22", {"cpu": "a fast one"}, {}, ())
    Measured on 2026-11-22 by benchmarks/compare.py, on a fast one.
    """

    script: str
    date: str
    machine: dict[str, Any]
    settings: dict[str, Any]
    rows: tuple[Measured, ...]

    def of(self, n: int) -> Benchmark:
        """The part on one dataset.

        Parameters
        ----------
        n : int
            Its number of individuals.

        Returns
        -------
        Benchmark

        Raises
        ------
        ValueError
            If nothing was measured there.

        Examples
        --------
        >>> Benchmark("", "", {}, {}, ()).of(75)
        Traceback (most recent call last):
        ValueError: n must be one of the sizes that were measured (none), got 75
        """
        rows = tuple(row for row in self.rows if row.n == n)
        if not rows:
            sizes = ", ".join(map(str, sorted({row.n for row in self.rows}))) or "none"
            raise ValueError(f"n must be one of the sizes that were measured ({sizes}), got {n!r}")
        return replace(self, rows=rows)

    def row(self, sampler: str, n: int) -> Measured:
        """What was measured of one sampler on one dataset.

        Parameters
        ----------
        sampler : str
            Its short name.
        n : int
            Number of individuals.

        Returns
        -------
        Measured

        Raises
        ------
        ValueError
            If there is no such row.

        Examples
        --------
        >>> Benchmark("", "", {}, {}, ()).row("nuts", 75)
        Traceback (most recent call last):
        ValueError: n must be one of the sizes that were measured (none), got 75
        """
        found = {row.sampler: row for row in self.of(n).rows}
        if sampler not in found:
            raise ValueError(f"sampler must be one of {', '.join(found)}, got {sampler!r}")
        return found[sampler]

    def best(self, n: int, *, group: str, by: str = "whole") -> Measured:
        """The sampler of a group that makes most effective draws a second.

        Parameters
        ----------
        n : int
            Number of individuals.
        group : str
            ``"exact"``, ``"chain"`` or ``"peer"``.
        by : str
            Which seconds: ``"sampling"`` or ``"whole"``.

        Returns
        -------
        Measured

        Raises
        ------
        ValueError
            If `group` or `by` is none of these, or no sampler of the group has draws there.

        Examples
        --------
        >>> Benchmark("", "", {}, {}, ()).best(75, group="peer")
        Traceback (most recent call last):
        ValueError: n must be one of the sizes that were measured (none), got 75
        """
        if group not in GROUPS:
            raise ValueError(f"group must be one of {', '.join(GROUPS)}, got {group!r}")
        rates = {
            row.sampler: rate.median
            for row in self.of(n).rows
            if row.group == group and (rate := effective_rate(row, by)) is not None
        }
        if not rates:
            raise ValueError(f"no sampler of group {group!r} has draws at n = {n}")
        return self.row(max(rates, key=rates.__getitem__), n)

    def _heading(self) -> str:
        return f"Measured on {self.date} by {self.script}, on {machine_in_words(self.machine)}."

    def _cells(self) -> Iterator[list[str]]:
        """Each row as text; of a row without draws its name and the reason."""
        sizes = {row.n for row in self.rows}
        for row in self.rows:
            name = row.label if len(sizes) == 1 else f"{row.label}, n = {row.n:,}"
            if row.ess is None:
                yield [name, row.status]
                continue
            spreads = (row.ess, row.rhat, row.error_sd, row.sampling, row.whole)
            numbers = [v.median for v in (*spreads, row.per_sampling, row.per_whole) if v]
            yield [name, *(show(v) for show, v in zip(_FORMS, numbers, strict=True))]

    def __repr__(self) -> str:
        cells = list(self._cells())
        return "\n".join(
            [self._heading(), text_table(HEADS, cells)] if cells else [self._heading()]
        )

    def _repr_html_(self) -> str:
        return html_table(self._heading(), HEADS, list(self._cells()))


def load_benchmark(path: str | Path) -> Benchmark:
    """Read a result file of benchmarks/compare.py.

    Parameters
    ----------
    path : str or Path
        From a chapter: ``"../benchmarks/results/samplers.json"``.

    Returns
    -------
    Benchmark

    Raises
    ------
    ValueError
        If there is no such file, or it is no such result.

    References
    ----------
    Chapter 8 reads the stored result, and measures one row of it again.

    Examples
    --------
    >>> load_benchmark("nowhere.json")
    Traceback (most recent call last):
    ValueError: no result in nowhere.json; `make bench` makes benchmarks/results/samplers.json
    """
    try:
        text = Path(path).read_text(encoding="utf8")
    except FileNotFoundError:
        raise ValueError(
            f"no result in {path}; `make bench` makes benchmarks/results/samplers.json"
        ) from None
    try:
        stored = json.loads(text)
        rows = tuple(Measured(**_with_spreads(row)) for row in stored.pop("rows"))
        return Benchmark(**stored, rows=rows)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no result of benchmarks/compare.py: {error}") from None


def effective_rate(row: Measured, by: str) -> Spread | None:
    """Smallest bulk ESS per second of sampling or of whole process.

    Parameters
    ----------
    row : Measured
    by : str
        ``"sampling"`` or ``"whole"``.

    Returns
    -------
    Spread, or None where there are no draws

    Raises
    ------
    ValueError
        If `by` is neither.
    """
    if by not in RATES:
        raise ValueError(f"by must be one of {', '.join(RATES)}, got {by!r}")
    return row.per_sampling if by == "sampling" else row.per_whole


def machine_in_words(machine: dict[str, Any]) -> str:
    """The machine in a line for a caption."""
    words = str(machine.get("cpu", "an unnamed machine"))
    if "cores" in machine:
        words += f", {machine['cores']} cores"
    if "memory_gb" in machine:
        words += f", {machine['memory_gb']} GB"
    return words


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


_FORMS = ("{:,.0f}".format, "{:.2f}".format, "{:.3f}".format, *[_three_digits] * 4)


def _with_spreads(row: dict[str, Any]) -> dict[str, Any]:
    """Lists of three are the spreads; nothing else in a row is a list."""
    return {k: Spread(*v) if isinstance(v, list) else v for k, v in row.items()}
