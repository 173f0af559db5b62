"""Time from moving an explorer's slider in Jupyter to its new picture: median of 20 moves.

At n = 75, m = 5; run with ``python benchmarks/live_moves.py``.
"""

import itertools
import time

import numpy as np

from hiertools.explorers import EXPLORERS


def seconds_per_move(explorer, n_moves=20):
    """Of moves of the sliders in turn: median, slowest, median processor time."""
    box = explorer.widget()
    handles = dict(zip((c.name for c in explorer.controls), box.children, strict=False))
    moves = [
        [(handles[control.name], value) for value in control.live if value != control.default]
        for control in explorer.controls
        if control.name not in ("n", "m") and control.kind == "slider"
    ]
    in_turn = [move for moves in itertools.zip_longest(*moves) for move in moves if move]
    taken, worked = [], []
    for handle, value in in_turn[:: max(1, len(in_turn) // n_moves)][:n_moves]:
        started, began = time.perf_counter(), time.process_time()
        handle.value = value
        taken.append(time.perf_counter() - started)
        worked.append(time.process_time() - began)
    return np.median(taken), max(taken), np.median(worked)


if __name__ == "__main__":
    # On a machine with other work the processor's time is the better measure.
    print("explorer               median ms   slowest ms   processor ms")
    for make in EXPLORERS:
        explorer = make()
        median, slowest, worked = (1000 * s for s in seconds_per_move(explorer))
        print(f"{explorer.name:22s} {median:9.0f} {slowest:12.0f} {worked:14.0f}")
