"""What may pass between a submission's process and the judge's: plain values, and no code.

Values travel as JSON, arrays as their bytes. Nothing is unpickled, so whatever a submission
sends, the judge ends up with numbers, text and containers of them.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from hiertools.classroom.samplers import LogPosterior, Skewed
from hiertools.data import GroupedData
from hiertools.priors import CompletePooling, Hierarchical, Unpooled

LARGEST = 64 * 2**20
"""Bytes of one message."""
DEEPEST = 8
MODELS = {model.__name__: model for model in (Unpooled, CompletePooling, Hierarchical)}


class BrokenMessageError(Exception):
    """The other side sent what no message looks like, or went away."""


def send(channel: socket.socket, message: Mapping[str, Any]) -> None:
    """One message: its length in 8 bytes, then JSON.

    Parameters
    ----------
    channel : socket
    message : dict
        Of what JSON knows; `encode` makes it of values.

    Raises
    ------
    BrokenMessageError
        If it is too large, or nobody is there.
    """
    body = json.dumps(message).encode()
    if len(body) > LARGEST:
        raise BrokenMessageError(f"a message of {len(body) / 2**20:.0f} MiB is too large")
    try:
        channel.sendall(len(body).to_bytes(8, "big") + body)
    except OSError as error:
        raise BrokenMessageError("it does not answer any more") from error


def receive(channel: socket.socket) -> dict[str, Any]:
    """The next message.

    Parameters
    ----------
    channel : socket

    Returns
    -------
    dict

    Raises
    ------
    BrokenMessageError
        If there is none, or it is no message.
    """
    length = int.from_bytes(_read(channel, 8), "big")
    if length > LARGEST:
        raise BrokenMessageError("a message is too large")
    try:
        message = json.loads(_read(channel, length))
    except (ValueError, RecursionError) as error:
        raise BrokenMessageError("a message is garbled") from error
    if not isinstance(message, dict):
        raise BrokenMessageError("a message is garbled")
    return message


def _read(channel: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        try:
            part = channel.recv(min(length, 2**20))
        except OSError as error:
            raise BrokenMessageError("it does not answer any more") from error
        if not part:
            raise BrokenMessageError("it does not answer any more")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def encode(value: Any, depth: int = 0) -> Any:
    """A value as what JSON knows; what is no plain value becomes its type's name.

    Parameters
    ----------
    value : object
    depth : int
        How many containers it is in.

    Returns
    -------
    object
    """
    if value is None or isinstance(value, bool | str):
        return value
    if value is ...:
        return {"dots": True}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        array = np.asarray(value)
        array = array.astype(array.dtype.newbyteorder("<"))
        data = base64.b64encode(array.tobytes()).decode()
        return {"array": data, "dtype": array.dtype.str, "shape": list(array.shape)}
    if isinstance(value, int):
        return value if abs(value) < 2**63 else {"opaque": "int"}
    if isinstance(value, float):
        return {"float": value.hex()}
    if depth < DEEPEST:
        known = _encode_record(value, depth + 1)
        if known is not None:
            return known
    return {"opaque": type(value).__name__[:50]}


def _encode_record(value: Any, depth: int) -> Any:
    if isinstance(value, np.random.Generator):
        return {"rng": [int(word) for word in value.integers(2**62, size=2)]}
    if isinstance(value, GroupedData):
        return {"data": [encode(part) for part in (value.y, value.x, value.group)]}
    if type(value).__name__ in MODELS and type(value) is MODELS[type(value).__name__]:
        return {"model": type(value).__name__, "fields": dataclasses.asdict(value)}
    if isinstance(value, Skewed):
        return {"skewed": True}
    if isinstance(value, LogPosterior):
        return {"posterior": [encode(value.data, depth), encode(value.model, depth)]}
    if isinstance(value, Mapping):
        pairs = [[encode(k, depth), encode(v, depth)] for k, v in list(value.items())[:1000]]
        return {"dict": pairs}
    fields = getattr(type(value), "_fields", None)
    if isinstance(value, tuple) and isinstance(fields, tuple):
        parts = {str(name): encode(v, depth) for name, v in zip(fields, value, strict=False)}
        return {"record": parts}
    if isinstance(value, list | tuple | set | frozenset | range):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [encode(v, depth) for v in list(value)[:100_000]]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {"record": {name: encode(getattr(value, name), depth) for name in names}}
    return None


class Opaque:
    """Something that did not travel."""


def decode(value: Any) -> Any:
    """What `encode` was given, as far as it travelled.

    Parameters
    ----------
    value : object
        From a message.

    Returns
    -------
    object

    Raises
    ------
    BrokenMessageError
        If it is not what `encode` makes.
    """
    try:
        return _decode(value)
    except BrokenMessageError:
        raise
    except Exception as error:
        raise BrokenMessageError("a value is garbled") from error


def _decode(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if not isinstance(value, dict):
        raise BrokenMessageError("a value is garbled")
    kind = next(kind for kind in DECODERS if kind in value)
    return DECODERS[kind](value[kind], value)


def _decode_array(data: str, whole: Mapping[str, Any]) -> Any:
    dtype = np.dtype(str(whole["dtype"]))
    if dtype.kind not in "biuf":
        raise BrokenMessageError("an array is garbled")
    flat = np.frombuffer(base64.b64decode(data), dtype=dtype)
    array = flat.reshape([int(k) for k in whole["shape"]]).astype(dtype.newbyteorder("="))
    return array if array.ndim else array[()]


def _each(values: Any) -> Iterator[Any]:
    return (_decode(value) for value in values)


DECODERS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "array": _decode_array,
    "float": lambda text, _: float.fromhex(text),
    "dots": lambda *_: ...,
    "opaque": lambda name, _: type(str(name)[:50], (Opaque,), {})(),
    "rng": lambda words, _: np.random.default_rng([int(word) for word in words]),
    "data": lambda parts, _: GroupedData(*_each(parts)),
    "model": lambda name, whole: MODELS[name](**whole["fields"]),
    "skewed": lambda *_: Skewed(),
    "posterior": lambda parts, _: LogPosterior(*_each(parts)),
    "dict": lambda pairs, _: {_decode(k): _decode(v) for k, v in pairs},
    "record": lambda parts, _: SimpleNamespace(**{str(k): _decode(v) for k, v in parts.items()}),
    "tuple": lambda parts, _: tuple(_each(parts)),
    "list": lambda parts, _: list(_each(parts)),
}
