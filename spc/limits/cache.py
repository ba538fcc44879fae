"""What was simulated once need not be simulated again: results under a digest of everything that they depend on, in a store from outside.

A store keeps bytes and knows nothing of statistics: the ledger's table, a folder of files, a dictionary. Whoever stands at the edge says
which one holds while a model is fitted (`with caching(store): fit(…)`); without one, the last few results stay in memory. A result that
comes out of a store has the bits that it had when it was simulated, and a store that lost or changed it is as good as an empty one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from importlib import resources
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import scipy

from spc.limits.packing import pack, unpack
from spc.version import VERSION

_RECENT = 4  # results that stay in memory: the same reference is fitted again and again while it is reviewed
_ROOMS = ("charts", "limits", "nouns", "phase1", "runlength", "scatter")  # whose programs decide about the numbers
_SOURCES = (".py", ".c", ".h", ".so", ".json")


class Cache(Protocol):
    """Keeps bytes under a key, a text of 64 hexadecimal digits. It may forget; it must not fail."""

    def get(self, key: str) -> bytes | None:
        """What was put there last, or None."""
        ...

    def put(self, key: str, value: bytes, error: float) -> None:
        """Keeps a result; `error` is the relative standard error of its false-alarm probability, for people who look at the store."""
        ...


class Answering(Protocol):
    """A result that remembers the answers that were worked out from it."""

    @property
    def answers(self) -> dict[str, float]: ...


T = TypeVar("T", bound=Answering)


@dataclass(frozen=True)
class Key:
    """What a result depends on: the estimator with its settings, rows, variables, seed, the scatter it was simulated at, and so on."""

    parts: tuple[Any, ...]

    @property
    def digest(self) -> str | None:
        """The same for the same question to the same program; None when somebody else's code has a part in the answer.

        >>> len(Key(("calibration", 50, 8)).digest)
        64
        """
        try:
            said = _text(self.parts)
        except _Foreign:
            return None
        return hashlib.sha256(f"{program()} {said}".encode()).hexdigest()


@dataclass(frozen=True)
class _Open:
    """A store in use, and the answers that may have to be kept when it is closed, with how many there were."""

    store: Cache
    answers: dict[str, tuple[int, dict[str, float]]] = field(default_factory=dict)


_open: ContextVar[_Open | None] = ContextVar("spc_cache", default=None)
_recent: dict[Key, Answering] = {}


@contextmanager
def caching(store: Cache) -> Iterator[None]:
    """While this lasts, results of simulations are looked for in the store, and kept there.

    >>> class Shelf(dict[str, bytes]):
    ...     def put(self, key: str, value: bytes, error: float) -> None:
    ...         self[key] = value
    >>> with caching(Shelf()):
    ...     pass  # here a model is fitted
    """
    opened = _Open(store)
    token = _open.set(opened)
    try:
        yield
    finally:
        _open.reset(token)
    for digest, (before, answers) in opened.answers.items():
        if len(answers) > before:
            store.put(_beside(digest), pack(_Answers(json.dumps(answers))), 0.0)


def remembered(key: Key, kind: type[T], make: Callable[[], T], error: Callable[[T], float]) -> T:
    """The result under this key: from memory, from the store in use, or made now and kept there."""
    found = cast("T | None", _recent.pop(key, None))
    opened, digest = _open.get(), key.digest
    if opened is None or digest is None:
        found = make() if found is None else found
    else:
        found = _stored(opened.store, digest, kind) if found is None else found
        known = 0 if found is None else len(found.answers)
        if found is None:
            found = make()
            opened.store.put(digest, pack(found), error(found))
        opened.answers.setdefault(digest, (known, found.answers))
    _recent[key] = found
    while len(_recent) > _RECENT:
        del _recent[next(iter(_recent))]
    return found


def forget() -> None:
    """Empties the memory of this process; stores keep what they have."""
    _recent.clear()


@cache
def program() -> str:
    """A digest of what else the numbers depend on: the programs of the rooms that compute them, numpy and scipy, the compiled steps."""
    about = f"{VERSION} numpy {np.__version__} scipy {scipy.__version__} {os.environ.get('SPC_KERNEL', '')}"
    digest = hashlib.sha256(about.encode())
    for room in _ROOMS:
        files = sorted(resources.files("spc").joinpath(room).iterdir(), key=lambda one: one.name)
        for one in files:
            if one.name.endswith(_SOURCES):
                digest.update(one.name.encode() + one.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class _Answers:
    """Answers as a text of JSON, whose numbers are read back bit for bit."""

    text: str


def _stored(store: Cache, digest: str, kind: type[T]) -> T | None:
    packed = store.get(digest)
    found = None if packed is None else unpack(kind, packed)
    if found is not None:
        beside = store.get(_beside(digest))
        answers = None if beside is None else unpack(_Answers, beside)
        found.answers.update({} if answers is None else json.loads(answers.text))
    return found


def _beside(digest: str) -> str:
    return hashlib.sha256(f"{digest} answers".encode()).hexdigest()


class _Foreign(Exception):
    """A part that is not of this program: its code may change while its name stays."""


def _text(one: Any) -> str:
    if one is None or isinstance(one, (bool, int, float, str)):
        return repr(one)
    if isinstance(one, np.ndarray):
        return f"{one.dtype} {one.shape} {hashlib.sha256(np.ascontiguousarray(one).tobytes()).hexdigest()}"
    if isinstance(one, Mapping):
        return f"{{{', '.join(f'{key!r}: {_text(part)}' for key, part in one.items())}}}"
    if isinstance(one, (tuple, list)):
        return f"({', '.join(_text(part) for part in one)})"
    if is_dataclass(one) and type(one).__module__.partition(".")[0] == "spc":
        said = ", ".join(f"{part.name}={_text(getattr(one, part.name))}" for part in fields(one))
        return f"{type(one).__module__}:{type(one).__qualname__}({said})"
    raise _Foreign
