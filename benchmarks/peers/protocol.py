"""What every script of the benchmark does alike: read its job, keep time, hand over its draws.

A script is run as ``python SCRIPT JOB.json STARTED``: STARTED is the moment at which its process
was asked for, on the clock of `time.monotonic`, so that the start of Python itself is counted.
Nothing but NumPy is needed here; every peer has it.
"""

import importlib.metadata
import json
import sys
import time
from pathlib import Path

import numpy as np

POPULATION = ("mu_alpha", "mu_beta", "sigma_alpha", "sigma_beta", "sigma")
MU_SD, SD_HIGH = 3.0, 10.0
"""The book's priors: mu ~ N(0, 3), standard deviations ~ U(0, 10)."""


class Job:
    """Data and settings of one run, and a stopwatch that has been running since before it."""

    def __init__(self) -> None:
        path, started = sys.argv[1:]
        self._start = self._last = float(started)
        self._seconds: dict[str, float] = {}
        self.settings = json.loads(Path(path).read_text(encoding="utf8"))
        self.n_chains = self.settings["n_chains"]
        self.n_draws = self.settings["n_draws"]
        self.n_warmup = self.settings["n_warmup"]
        self.seed = self.settings["seed"]
        with np.load(self.settings["paths"]["data.npz"]) as file:
            self.y, self.x, self.group = file["y"], file["x"], file["group"]
        self.n = int(self.group.max()) + 1

    def lap(self, part: str) -> None:
        """Book the time since the last lap under `part`."""
        now = time.monotonic()
        self._seconds[part] = self._seconds.get(part, 0.0) + now - self._last
        self._last = now

    def move(self, seconds: float, *, source: str, to: str) -> None:
        """Book `seconds` under another part: for those who compile in the midst of sampling."""
        self._seconds[source] -= seconds
        self._seconds[to] = self._seconds.get(to, 0.0) + seconds

    def finish(self, draws: dict[str, np.ndarray], *packages: str) -> None:
        """Draws are in hand: stop the clock, then write them and the times."""
        draws = {name: np.asarray(draws[name]) for name in ("alpha", "beta", *POPULATION)}
        self.lap("sampling")
        whole = self._last - self._start
        chains = (self.n_chains, self.n_draws)
        for name, values in draws.items():
            expected = chains if name in POPULATION else (*chains, self.n)
            if values.shape != expected:
                raise ValueError(f"{name} must have shape {expected}, got {values.shape}")
        np.savez(self.settings["paths"]["draws.npz"], **draws)
        report = {
            "seconds": self._seconds | {"whole": whole},
            "versions": {name: importlib.metadata.version(name) for name in packages},
        }
        Path(self.settings["paths"]["report.json"]).write_text(json.dumps(report), encoding="utf8")
