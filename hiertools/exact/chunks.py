"""Large jobs are done in chunks that stay in the cache, by all cores at once (chapter 7)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

CHUNK = 50_000
"""Entries of a temporary array: nodes, rays or draws by individuals."""
FEW = 4
"""So few chunks are done before threads would have started."""


def on_all_cores(function: Callable[..., None], *columns: Sequence[object]) -> None:
    """Call a function for each row of some columns, in any order; it puts its result in place.

    While one thread is in a loop of NumPy's, others may run.

    Parameters
    ----------
    function : callable
        Takes an entry of each column. Writes where no other call writes or reads.
    *columns : sequence
        All of the same length.
    """
    workers = os.cpu_count() or 1
    if workers == 1 or len(columns[0]) <= FEW:
        for row in zip(*columns, strict=True):
            function(*row)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(function, *columns))  # a list, so that an error is not lost
