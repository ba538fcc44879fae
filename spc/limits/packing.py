"""A result of a simulation as bytes and back: every bit of its numbers, or nothing at all when a byte has changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import Field, fields
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

_DIGEST, _LENGTH = 32, 8  # bytes: SHA-256 of what follows, and how long the words before the arrays are
APART = {"packed": False}  # metadata of a field that stays behind


def pack(value: Any) -> bytes:
    """A frozen dataclass of numbers, texts, arrays and tuples of these, as bytes.

    >>> from spc.limits.calibrated import Calibration
    >>> found = Calibration("mcd", 9, 1, np.zeros((1, 1)), np.ones((1, 1, 1)), np.empty(0), np.empty(0))
    >>> again = unpack(Calibration, pack(found))
    >>> again.n, again.factor.tolist()
    (9, [[[1.0]]])
    """
    blocks: list[bytes] = []

    def plain(one: Any) -> Any:
        if isinstance(one, np.ndarray):
            little = np.ascontiguousarray(one, dtype=one.dtype.newbyteorder("<"))
            blocks.append(little.tobytes())
            return {"array": little.dtype.str, "shape": list(one.shape), "bytes": len(blocks[-1])}
        if isinstance(one, tuple):
            return {"tuple": [plain(part) for part in one]}
        return one

    said = {one.name: plain(getattr(value, one.name)) for one in _kept(value)}
    words = json.dumps({"kind": type(value).__name__, "fields": said}).encode()
    body = len(words).to_bytes(_LENGTH, "little") + words + b"".join(blocks)
    return hashlib.sha256(body).digest() + body


def unpack(kind: type[T], packed: bytes) -> T | None:
    """What `pack` made of a value of this kind; None when the bytes are something else, or not as they were."""
    body = packed[_DIGEST:]
    if len(packed) <= _DIGEST + _LENGTH or hashlib.sha256(body).digest() != packed[:_DIGEST]:
        return None
    end = _LENGTH + int.from_bytes(body[:_LENGTH], "little")
    said = json.loads(body[_LENGTH:end])
    if said["kind"] != kind.__name__ or set(said["fields"]) != {one.name for one in _kept(kind)}:
        return None
    at = end

    def made(one: Any) -> Any:
        nonlocal at
        if isinstance(one, dict) and "array" in one:
            start, at = at, at + int(one["bytes"])
            return np.frombuffer(body[start:at], dtype=one["array"]).reshape(one["shape"]).copy()
        if isinstance(one, dict):
            return tuple(made(part) for part in one["tuple"])
        return one

    return kind(**{name: made(one) for name, one in said["fields"].items()})


def _kept(kind: Any) -> list[Field[Any]]:
    return [one for one in fields(kind) if one.metadata.get("packed", True)]
