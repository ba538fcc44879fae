"""Pieces of the sentences in which findings are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ROWS = 1000  # row numbers that a finding carries


def counted(n: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "row"), counted(7, "row")
    ('1 row', '7 rows')
    """
    return f"{n} {noun}" + ("" if n == 1 else "s")


def listed(things: Sequence[object], most: int = 6) -> str:
    """The first few of some things, and how many more there are."""
    shown = ", ".join(str(thing) for thing in things[:most])
    return shown + (f" and {len(things) - most} more" if len(things) > most else "")


def row_numbers(where: object) -> tuple[int, ...]:
    """Positions from 0 as row numbers from 1, no more than a finding carries."""
    return tuple(int(i) + 1 for i in np.asarray(where).ravel()[:ROWS])


def percent(share: float) -> str:
    """A probability as a person says it.

    >>> percent(0.0027), percent(0.0412), percent(0.996)
    ('0.27 %', '4.1 %', '100 %')
    """
    return f"{100 * share:.2g} %" if share < 0.0995 else f"{100 * share:.0f} %"


def lasting(seconds: float) -> str:
    """A duration as a person says it.

    >>> lasting(45.0), lasting(8955.0), lasting(0.02), lasting(1339200.0)
    ('45 s', '2 h 29 min', '20 ms', '15.5 days')
    """
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{int(seconds // 60)} min" + (f" {seconds % 60:.0f} s" if seconds % 60 >= 1 else "")
    if seconds < 172_800:
        return f"{int(seconds // 3600)} h" + (f" {int(seconds % 3600 // 60)} min" if seconds % 3600 >= 60 else "")
    return f"{seconds / 86_400:.3g} days"
