"""A submission's process, seen from outside: its code runs there, and is only asked from here.

Its values arrive as copies, and its functions as stand-ins that send their arguments over and get
an answer back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import hiertools
from hiertools.classroom.isolation import Limits
from hiertools.classroom.notebooks import sources_of
from hiertools.classroom.wire import BrokenMessageError, decode, encode, receive, send


class Submission:
    """A submission's process: started on entering, stopped for certain on leaving."""

    def __init__(self, cells: Sequence[str], limits: Limits) -> None:
        self.cells, self.limits = list(cells), limits
        self.failures: list[str] = []
        self._cell = ""
        self.end = ""
        self._values: dict[str, Any] = {}
        self._sources = sources_of(cells)

    def __enter__(self) -> Submission:
        self.folder = Path(tempfile.mkdtemp(prefix="submission-"))
        _copy_font_list(self.folder)
        self.channel, theirs = socket.socketpair()
        with theirs:
            self.process = _start(self.folder, theirs.fileno())
        self._done = threading.Event()
        self._watchers = [
            threading.Thread(target=watch, daemon=True) for watch in (self._drain, self._watch)
        ]
        for watcher in self._watchers:
            watcher.start()
        self._run_cells()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._kill()
        self.process.wait()
        self.channel.close()
        for watcher in self._watchers:
            watcher.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, name: str) -> Any:
        """What the notebook left under a name.

        Parameters
        ----------
        name : str

        Returns
        -------
        object
            A copy of a plain value, or a stand-in for a function.

        Raises
        ------
        AssertionError
            If there is nothing of that name, or nobody to ask any more.
        """
        if name not in self._values:
            reply = self._ask({"name": name})
            if reply.get("kind") == "missing":
                raise AssertionError(f"{name} is not there yet: the notebook does not define it.")
            value = Function(self, name) if reply.get("kind") == "function" else reply.get("value")
            self._values[name] = value if isinstance(value, Function) else decode(value)
        return self._values[name]

    def call(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """What a function of the notebook returns.

        Parameters
        ----------
        name : str
        args : tuple
        kwargs : dict

        Returns
        -------
        object

        Raises
        ------
        Exception
            Of the name that it raised over there.
        """
        message = {"name": name, "args": encode(list(args)), "kwargs": encode(dict(kwargs))}
        reply = self._ask(message)
        if reply.get("kind") == "error":
            kind = str(reply.get("type", "Error"))[:50]
            raise type(kind, (RuntimeError,), {})(str(reply.get("why", "")))
        if reply.get("after") is not None:
            _change([list(args), dict(kwargs)], decode(reply["after"]))
        return decode(reply.get("value"))

    def source(self, name: str) -> str:
        """Source of a function of the notebook, or empty."""
        return self._sources.get(name, "")

    def _run_cells(self) -> None:
        """Hand the notebook over, and listen until all of its cells have run."""
        order = {"cells": self.cells, "limits": asdict(self.limits), "readable": readable()}
        try:
            send(self.channel, order)
            while "done" not in (message := receive(self.channel)):
                self._note(message)
        except BrokenMessageError as error:
            self._stopped(str(error))

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        if self.end:
            raise AssertionError(self.end)
        try:
            send(self.channel, message)
            return receive(self.channel)
        except BrokenMessageError as error:
            self._stopped(str(error))
            raise AssertionError(self.end) from None

    def _stopped(self, why: str) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.5)
        code = self.process.returncode
        if not self.end:
            by_signal = f" by signal {-code}" if code and code < 0 else ""
            where = f" in cell {self._cell}" if self._cell else ""
            self.end = f"the notebook's process was ended{by_signal}{where}: {why}"
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    def _stop(self, why: str) -> None:
        where = f" (cell {self._cell})" if self._cell else ""
        self.end = self.end or f"{why}{where}"
        self._kill()

    def _drain(self) -> None:
        """Read what is printed past Python, and stop a flood."""
        printed = 0
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            while part := os.read(stream.fileno(), 65536):
                printed += len(part)
                if printed > self.limits.output:
                    self._stop(f"printed more than {self.limits.output // 2**20} MiB")

    def _watch(self) -> None:
        """Stop a process that takes too long or fills its folder."""
        deadline = time.monotonic() + self.limits.seconds
        while not self._done.wait(0.5):
            if time.monotonic() > deadline:
                self._stop(f"took more than {self.limits.seconds:g} seconds altogether")
            size, count = _folder_size(self.folder)
            if size > self.limits.folder_size or count > self.limits.files:
                self._stop(f"wrote too much: {count} files, {size / 2**20:.0f} MiB")
            if (threads := _threads(self.process.pid)) > self.limits.threads:
                self._stop(f"started too many threads: {threads}")

    def _note(self, message: Mapping[str, Any]) -> None:
        """A cell began or stopped, as the submission says: text of bounded length."""
        self._cell = str(message.get("cell"))[:10]
        if "why" in message and len(self.failures) < 50:
            self.failures.append(f"cell {self._cell}, {str(message['why'])[:400]}")


class Function:
    """A stand-in for a function of the notebook: called here, run there."""

    def __init__(self, submission: Submission, name: str) -> None:
        self._submission, self.__name__ = submission, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Send the arguments over and wait for the answer."""
        return self._submission.call(self.__name__, args, kwargs)

    @property
    def source(self) -> str:
        """Its source."""
        return self._submission.source(self.__name__)


def _change(originals: Any, changed: Any) -> None:
    """Do to arrays what the function over there did to its copies of them."""
    if isinstance(originals, np.ndarray):
        if isinstance(changed, np.ndarray) and changed.shape == originals.shape:
            originals[...] = changed
    elif isinstance(originals, dict) and isinstance(changed, dict):
        for key, value in originals.items():
            _change(value, changed.get(key))
    elif isinstance(originals, list) and isinstance(changed, list):
        for a, b in zip(originals, changed, strict=False):
            _change(a, b)


def readable() -> list[str]:
    """What a submission may read: Python, its libraries, and this package."""
    paths = [sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()]
    paths += [str(Path(hiertools.__file__).parent), str(Path(sys.executable).resolve().parent)]
    paths += ["/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts"]
    paths += ["/dev/null", "/dev/zero", "/dev/urandom", "/sys/devices/system/cpu"]
    paths += ["/etc/mime.types", "/usr/share/zoneinfo"]
    return sorted(set(paths))


def _start(folder: Path, descriptor: int) -> subprocess.Popen[bytes]:
    """The sandbox's process, with a line to the judge and a folder of its own."""
    module = "hiertools.classroom.sandbox"
    return subprocess.Popen(
        [sys.executable, "-I", "-m", module, str(descriptor), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[descriptor],
        env=_environment(folder),
        cwd=folder,
        start_new_session=True,
    )


def _environment(folder: Path) -> dict[str, str]:
    """As little as Python needs; one thread, so that two submissions share two cores."""
    one = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(folder / ".matplotlib"),
        **dict.fromkeys(one, "1"),
    }


def _copy_font_list(folder: Path) -> None:
    """Matplotlib's list of fonts, which takes seconds to make, if there is one."""
    import matplotlib as mpl

    (folder / ".matplotlib").mkdir()
    for path in Path(mpl.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(path, folder / ".matplotlib" / path.name)


def _threads(process: int) -> int:
    """How many threads a process has; none when it is gone."""
    try:
        return len(list(Path(f"/proc/{process}/task").iterdir()))
    except OSError:
        return 0


def _folder_size(folder: Path) -> tuple[int, int]:
    """Bytes and number of files below a folder, as far as they stand still."""
    size = count = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += (Path(place) / name).lstat().st_size
                count += 1
    return size, count
