"""The process in which a submission runs: ``python -m hiertools.classroom.sandbox FD FOLDER``.

It isolates itself, runs the notebook's cells one after the other, and then answers the judge:
what a name holds, what a function of the notebook returns. It knows no tests and no key.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
import socket
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hiertools.classroom.isolation import Limits, isolate
from hiertools.classroom.wire import BrokenMessageError, decode, encode, receive, send

CELL_OUTPUT = 2**20
"""Characters that one cell may print."""


class TimeIsUp(BaseException):
    """A cell or a call took too long; no `except Exception` of a student's stops it."""


class TooMuchOutput(BaseException):
    """A cell printed without end."""


class Printer(io.TextIOBase):
    """Where a submission's prints go: nowhere, and not too many of them."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = 0

    def writable(self) -> bool:
        """As a file does."""
        return True

    def write(self, text: str) -> int:
        """Count, and forget."""
        self.printed += len(text)
        if self.printed > CELL_OUTPUT:
            raise TooMuchOutput(f"printed more than {CELL_OUTPUT:,} characters")
        return len(text)


class NoOtter:
    """In place of otter's Notebook: the judge runs the tests, not the submission."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_, **__: None


def run_cells(
    cells: Sequence[str], limits: Limits, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Run a notebook's cells; one that stops does not stop the next.

    Parameters
    ----------
    cells : sequence of str
    limits : Limits
    tell : callable
        Told of each cell before it runs, and of each failure after.

    Returns
    -------
    dict
        What the notebook defined.
    """
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    names = module.__dict__
    names |= {"display": lambda *_, **__: None, "get_ipython": NoOtter}
    for k, source in enumerate(cells, start=1):
        file = f"<cell {k}>"
        tell({"cell": k})
        try:
            with at_most(limits.cell_seconds):
                code = compile(plain_python(source), file, "exec")
                exec(code, names)
        except BaseException as error:
            tell({"cell": k, "why": describe(error, file)})
    return names


def plain_python(source: str) -> str:
    """A cell's source with `%magic` and `!command` lines turned into Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager  # it has no types
    changed: str = manager().transform_cell(source)
    return changed


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Stop what is inside after so many seconds of computing; by the clock, four times as many."""
    by_the_clock = 4 * seconds

    def stop(number: int, _: Any) -> None:
        computing = number == signal.SIGPROF
        limit = f"{seconds:g} seconds" if computing else f"{by_the_clock:g} seconds by the clock"
        raise TimeIsUp(f"took more than {limit}")

    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, by_the_clock)
    sys.stdout = sys.stderr = Printer()
    try:
        yield
    finally:
        for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)


def describe(error: BaseException, file: str = "") -> str:
    """What went wrong, and in which line of a cell."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines = [error.lineno]
    place = f"line {lines[-1]}: " if file and lines else ""
    if isinstance(error, TimeIsUp | TooMuchOutput):
        return f"{place}{error}"
    if isinstance(error, MemoryError):
        return f"{place}MemoryError: more memory than there is for one submission"
    return f"{place}{type(error).__name__}: {str(error)[:300]}"


def answer(message: dict[str, Any], names: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """What the judge asked for: a name's value, or a function's."""
    name = str(message.get("name"))
    if name not in names:
        return {"kind": "missing"}
    value = names[name]
    if "args" not in message:
        if callable(value) and not isinstance(value, np.ndarray):
            return {"kind": "function"}
        return {"kind": "value", "value": encode(value)}
    args, kwargs = decode(message["args"]), decode(message["kwargs"])
    before = encode([list(args), kwargs])
    try:
        with at_most(limits.cell_seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = encode(value(*args, **kwargs))
    except BaseException as error:
        return {"kind": "error", "type": type(error).__name__, "why": str(error)[:300]}
    after = encode([list(args), kwargs])
    return {"kind": "value", "value": result, "after": None if after == before else after}


def main(descriptor: int, folder: Path) -> None:
    """Isolate, run, answer until the judge hangs up."""
    channel = socket.socket(fileno=descriptor)
    order = receive(channel)
    limits = Limits(**order["limits"])
    os.chdir(folder)
    plain_python("1")  # what is imported now need not be read from inside
    isolate(folder, [Path(p) for p in order["readable"]], limits)
    sys.modules["otter"] = types.ModuleType("otter")
    sys.modules["otter"].Notebook = NoOtter  # type: ignore[attr-defined]
    builtins.input = lambda *_: ""
    names = run_cells(order["cells"], limits, lambda message: send(channel, message))
    send(channel, {"done": True})
    while True:
        message = receive(channel)
        try:
            reply = answer(message, names, limits)
        except BaseException as error:
            reply = {"kind": "error", "type": type(error).__name__, "why": str(error)[:300]}
        send(channel, reply)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), Path(sys.argv[2]))
    except BrokenMessageError:
        os._exit(0)
