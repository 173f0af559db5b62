"""The table of a posterior: what was found, and how far it can be trusted (chapter 6)."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiertools._checks import whole_number
from hiertools._tables import html_table, text_table

HEADS = {"mcse": "MCSE", "rhat": "R-hat", "ess_bulk": "bulk ESS", "ess_tail": "tail ESS"}
MOST_ROWS = 12  # longer tables show only so many rows of each vector:
ROWS_OF_LONG = 3
NOT_A_NUMBER = "nan: all draws are equal, or nearly all; there is nothing to measure."


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """A row of posterior summaries and diagnostics for each number that was sampled.

    `summarize` makes it. Printed, or at the end of a notebook cell, it is a table; long vectors
    show the few rows that can be trusted least.

    Parameters
    ----------
    columns : dict
        `name`, a list of str with `alpha[0]` for the first element of a vector, then arrays
        of shape (n_rows,): `mean`, `sd`, `mcse` in the parameter's units, `rhat`, `ess_bulk`,
        `ess_tail`. A parameter whose draws are all equal has NaN in the last four.
    n_chains, n_draws : int
        How many chains, and how many draws of each.
    stuck : tuple of str
        Rows in which one chain or more never moved.

    Examples
    --------
    >>> from hiertools import summarize
    >>> draws = {"beta": np.random.default_rng(1).normal([5, 0, -5], size=(4, 500, 3))}
    >>> summary = summarize(draws)
    >>> summary.columns["name"], summary.columns["sd"].round(1).tolist()
    (['beta[0]', 'beta[1]', 'beta[2]'], [1.0, 1.0, 1.0])
    >>> summary.n_chains, summary.n_draws, summary.stuck
    (4, 500, ())
    """

    columns: dict[str, Any]
    n_chains: int
    n_draws: int
    stuck: tuple[str, ...] = ()

    def worst(self, n_rows: int = 5) -> Summary:
        """The rows with the smallest effective sample size, bulk or tail; NaN counts as none.

        Parameters
        ----------
        n_rows : int
            How many at most.

        Returns
        -------
        Summary

        Raises
        ------
        ValueError
            If `n_rows` is below 1.

        Examples
        --------
        >>> from hiertools import summarize
        >>> x = np.random.default_rng(1).normal(size=(4, 500))
        >>> walk = x.cumsum(axis=1)  # each draw is the one before and a step
        >>> summarize({"x": x, "walk": walk}).worst(1).columns["name"]
        ['walk']
        """
        return self._take(self._badness()[: whole_number("n_rows", n_rows, least=1)])

    def row(self, name: str) -> dict[str, float]:
        """The numbers of one row.

        Parameters
        ----------
        name : str
            As in `columns["name"]`: `sigma`, `alpha[0]`.

        Returns
        -------
        dict of float

        Raises
        ------
        ValueError
            If there is no such row.

        Examples
        --------
        >>> from hiertools import summarize
        >>> sorted(summarize({"x": np.arange(8.0)[None]}).row("x"))
        ['ess_bulk', 'ess_tail', 'mcse', 'mean', 'rhat', 'sd']
        """
        names = self.columns["name"]
        if name not in names:
            raise ValueError(f"no row is named {name!r}; the rows are {_listed(names)}")
        k = names.index(name)
        return {column: float(v[k]) for column, v in self.columns.items() if column != "name"}

    def _badness(self) -> NDArray[np.int64]:
        """Rows in order, the smallest effective sample size first."""
        ess = np.fmin(self.columns["ess_bulk"], self.columns["ess_tail"])
        return np.argsort(np.nan_to_num(ess, nan=0.0), kind="stable")

    def _take(self, rows: NDArray[np.int64]) -> Summary:
        names = [self.columns["name"][k] for k in rows]
        numbers = {name: v[rows] for name, v in self.columns.items() if name != "name"}
        stuck = tuple(name for name in self.stuck if name in names)
        return Summary({"name": names} | numbers, self.n_chains, self.n_draws, stuck)

    def _to_show(self) -> tuple[Summary, list[str]]:
        """All rows if they are few, else the worst of each long vector; and notes."""
        names, notes = self.columns["name"], []
        rows = np.arange(len(names))
        if len(names) > MOST_ROWS:
            vector = np.array([name.split("[")[0] for name in names])
            order, kept = self._badness(), []
            for name in dict.fromkeys(vector):
                worst = order[vector[order] == name][:ROWS_OF_LONG]
                kept += sorted(worst)
                rest = int((vector == name).sum()) - len(worst)
                notes += [f"{rest} more of {name} have larger effective sample sizes."] * (rest > 0)
            rows = np.array(kept)
        if self.stuck:
            notes.append(f"One chain or more never moved in: {_listed(self.stuck)}.")
        shown = self._take(rows)
        return shown, notes + [NOT_A_NUMBER] * bool(np.isnan(shown.columns["ess_tail"]).any())

    def _heading(self) -> str:
        chains = "1 chain" if self.n_chains == 1 else f"{self.n_chains:,} chains, each"
        return f"{chains} of {self.n_draws:,} draws"

    def __repr__(self) -> str:
        shown, notes = self._to_show()
        heads = ["", *shown._heads()[1:]]
        return "\n".join([self._heading(), text_table(heads, [*shown._cells()]), *notes])

    def _repr_html_(self) -> str:
        shown, notes = self._to_show()
        words = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
        return html_table(self._heading(), shown._heads(), [*shown._cells()]) + words

    def _heads(self) -> list[str]:
        return [HEADS.get(name, name) for name in self.columns]

    def _cells(self) -> Iterator[list[str]]:
        """Each row as text; mean and sd with the digits that the Monte Carlo error leaves."""
        for name, mean, sd, mcse, rhat, *ess in zip(*self.columns.values(), strict=True):
            moments = [_to_digits(value, mcse) for value in (mean, sd, mcse)]
            yield [str(name), *moments, f"{rhat:.3f}", *(f"{value:.0f}" for value in ess)]


def _listed(names: Sequence[str]) -> str:
    """A few names for a message."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _to_digits(value: float, error: float) -> str:
    """A number with two digits of its error, or with four digits if there is no error."""
    if not 1e-6 < error < 1e6:  # NaN is not
        return f"{value:.4g}"
    return f"{value:.{max(0, 1 - math.floor(math.log10(error)))}f}"
