"""Rows that depend on the ones before: what is charted instead of the row itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spc.nouns.arrays import Bools, Floats, Ints, Times
from spc.nouns.scatter import _product

_ABSURD = 2.0**53  # standard deviations: one more of them makes no other number of such a value
Memory = Mapping[str, Any]  # the last raw rows of the run, oldest first, None where a value was missing, and the time of the newest (µs)


@dataclass(frozen=True, eq=False)
class Seen:
    """A block as it is charted: rows x (n, q), NaN where there is nothing to judge; how many rows `before` (n,) each one had in its run.

    `filled` (n, p): which values of the row before were missing, so that what was to be expected of them stood in.
    """

    x: Floats
    before: Ints
    filled: Bools


@dataclass(frozen=True, eq=False)
class Dynamics:
    """How a model takes the rows before a row into account; `names` are the p columns that rows bring.

    With `lags` L > 0 the charted row is the row beside the L rows before it ("lagged", dynamic T²: Ku, Storer & Georgakis 1995). With
    `coefficients` A (p, p) it is x_t − A(x_{t−1} − m): the value without what the row before implies, so that it lies about the usual
    value in the column's unit, and its deviation is the residual of a VAR(1) (Lütkepohl 2005, section 2.1). `center` m and `sd` (p,) are
    the usual values of a raw row. After a step in time of more than `leap` seconds, or backwards, there is no row before; rows
    without times follow one another as they come.

    >>> two = Dynamics(("flow",), 0, None, np.array([10.0]), np.array([1.0]), np.array([[0.5]]))
    >>> two.step({}, np.array([[12.0], [12.0], [9.0]]), np.full(3, np.datetime64("NaT"), dtype="datetime64[us]"))[1].x.tolist()
    [[nan], [11.0], [8.0]]
    """

    names: tuple[str, ...]
    lags: int
    leap: float | None
    center: Floats
    sd: Floats
    coefficients: Floats | None = None

    @property
    def kind(self) -> str:
        """ "lagged" or "residual"."""
        return "lagged" if self.coefficients is None else "residual"

    @property
    def p(self) -> int:
        return len(self.names)

    @property
    def depth(self) -> int:
        """How many rows before it a charted row depends on: the one before, and the one before that where a value was missing."""
        return self.lags if self.coefficients is None else 2

    @property
    def charted(self) -> tuple[str, ...]:
        """The names (q,) of what is charted: "flow", "flow (1 row before)", … with lags, else the columns' own."""
        return tuple(called(name, k) for k in range(self.lags + 1) for name in self.names)

    def step(self, memory: Memory, x: Floats, at: Times) -> tuple[dict[str, Any], Seen]:
        """The memory after a block of raw rows x (n, p) with times (n,), and the block as it is charted.

        Cut into blocks anywhere, the rows give the same bits. A value of a row before that is more than 2⁵³ standard deviations away is no
        measurement, and counts as missing: the row itself is out, and those after it are judged without it.
        """
        past = np.array([[np.nan if v is None else v for v in row] for row in memory.get("rows", ())]).reshape(-1, self.p)
        stream, k, n = np.concatenate([past, x]), len(past), len(x)
        place = np.arange(k, k + n)
        start = np.maximum.accumulate(np.where(self._broken(memory.get("at"), at), place, 0)) if n else place
        before = np.minimum(place - start, self.depth)
        known = np.where(np.abs(stream - self.center) > _ABSURD * self.sd, np.nan, stream)
        rows = [np.where((before >= j)[:, None], (known if j else stream)[np.maximum(place - j, 0)], np.nan) for j in range(self.depth + 1)]
        seen = self._lagged(rows, before) if self.coefficients is None else self._residual(rows, before, self.coefficients)
        kept = stream[max(int(start[-1]), k + n - self.depth) :] if n else past
        newest = memory.get("at") if not n else None if np.isnat(at[-1]) else int(at[-1].astype("datetime64[us]").astype(np.int64))
        return {"rows": [[None if np.isnan(v) else v for v in row] for row in kept.tolist()], "at": newest}, seen

    def broken(self, at: Times) -> Bools:
        """Which rows (n,) of a table begin a run: the first one, and those after a leap in time."""
        found = self._broken(None, at)
        found[:1] = True
        return found

    def run(self, x: Floats, at: Times) -> Floats:
        """Of raw rows x (n, p) with times (n,) those that the last one is judged with: itself, last, and the rows of its run before it."""
        first = int(np.flatnonzero(self.broken(at))[-1])
        return x[max(first, len(x) - 1 - self.depth) :]

    def _broken(self, newest: int | None, at: Times) -> Bools:
        times = at.astype("datetime64[us]")
        first = np.array([np.datetime64("NaT") if newest is None else np.datetime64(newest, "us")], dtype="datetime64[us]")
        steps = np.diff(np.concatenate([first, times])) / np.timedelta64(1, "s")
        with np.errstate(invalid="ignore"):
            return np.asarray((steps < 0.0) | (steps > (np.inf if self.leap is None else self.leap)))

    def _lagged(self, rows: list[Floats], before: Ints) -> Seen:
        nothing = np.all(np.isnan(rows[0]), axis=1)[:, None]  # its past alone is no judgement of a row
        return Seen(np.where(nothing, np.nan, np.hstack(rows)), before, np.zeros((len(before), self.p), dtype=bool))

    def _residual(self, rows: list[Floats], before: Ints, matrix: Floats) -> Seen:
        now, last, earlier = rows
        gone = np.isnan(last)
        alone = np.all(gone, axis=1)[:, None]  # no row before, or one without any value
        filled = gone & ~alone
        if filled.any():
            known = np.where(np.isnan(earlier), self.center, earlier)
            last = np.where(filled, self.center + _product(known, np.ascontiguousarray(matrix.T), self.center), last)
        implied = _product(np.where(alone, self.center, last), np.ascontiguousarray(matrix.T), self.center)
        return Seen(np.where(alone, np.nan, now - implied), before, filled)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "names": list(self.names),
            "lags": self.lags,
            "leap": self.leap,
            "center": self.center.tolist(),
            "sd": self.sd.tolist(),
            "coefficients": None if self.coefficients is None else self.coefficients.tolist(),
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Dynamics:
        matrix = d["coefficients"]
        leap = None if d["leap"] is None else float(d["leap"])
        told = (tuple(d["names"]), int(d["lags"]), leap, np.array(d["center"]), np.array(d["sd"]))
        return cls(*told, None if matrix is None else np.array(matrix))


def column_of(charted: str) -> str:
    """The column that a charted variable is made of.

    >>> column_of("flow (2 rows before)"), column_of("flow (l/min)")
    ('flow', 'flow (l/min)')
    """
    return re.sub(r" \(\d+ rows? before\)$", "", charted)


def called(name: str, lag: int) -> str:
    """A column of a lagged row.

    >>> called("flow", 0), called("flow", 1), called("flow", 2)
    ('flow', 'flow (1 row before)', 'flow (2 rows before)')
    """
    return name if lag == 0 else f"{name} ({lag} row{'' if lag == 1 else 's'} before)"
