"""Times in the ledger: whole microseconds UTC since 1970, and none for "not known"."""

from __future__ import annotations

import time

import numpy as np

from spc.nouns import Ints, Times

NONE = int(np.iinfo(np.int64).min)  # "no time", as numpy has it


def now_us() -> int:
    """The time of the machine."""
    return time.time_ns() // 1000


def to_us(at: Times) -> list[int | None]:
    """
    >>> to_us(np.array(["1970-01-01T00:00:01", "NaT"], dtype="datetime64[us]"))
    [1000000, None]
    """
    return [None if one == NONE else int(one) for one in at.astype("datetime64[us]").view(np.int64)]


def from_us(us: list[int | None]) -> Times:
    """
    >>> from_us([1000000, None]).tolist()
    [datetime.datetime(1970, 1, 1, 0, 0, 1), None]
    """
    whole: Ints = np.array([NONE if one is None else one for one in us], dtype=np.int64)
    return whole.view("datetime64[us]")
