"""The rows of a reference in words, and as what the pictures draw of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, overload
from zoneinfo import ZoneInfo

import numpy as np

from spc.figures.rows import Axis, Track
from spc.figures.words import clock, number, plain
from spc.nouns import Model, Reference
from spc.report.reviewed import Reviewed, kinds
from spc.scatter import ESTIMATORS

NAMES: Final = {
    "classical": "Classical",
    "known": "Known parameters",
    "ledoit_wolf": "Ledoit–Wolf",
    "successive_differences": "Successive differences",
    "modified_cholesky": "Modified Cholesky",
    "componentwise": "componentwise",
    "cellwise": "cellwise",
}


def timed(reference: Reference) -> bool:
    """Whether the rows can stand on an axis of time: every one has a time, and none goes backwards."""
    at = reference.rows.at
    return len(at) > 1 and not bool(np.isnat(at).any()) and bool(np.all(np.diff(at) >= np.timedelta64(0, "us"))) and at[0] != at[-1]


def axis(reference: Reference, seen: Reviewed, along: str, timezone: str) -> Axis:
    """Where the rows stand, and the words of each: row, part, time, T², p-value."""
    n = len(seen)
    rows = list(range(1, n + 1))
    zone = ZoneInfo(timezone)
    by_time = along == "time" and timed(reference)
    places: list[int | str] = [local(one, zone) for one in reference.rows.at] if by_time else list(rows)
    return Axis(rows, places, _Words(reference, seen, timezone), by_time)


@dataclass(frozen=True, eq=False)
class _Words(Sequence[str]):
    """The words of each row, written when they are asked for: of a hundred thousand rows two thousand are drawn."""

    reference: Reference
    seen: Reviewed
    timezone: str

    def __len__(self) -> int:
        return len(self.seen)

    @overload
    def __getitem__(self, i: int) -> str: ...

    @overload
    def __getitem__(self, i: slice) -> list[str]: ...

    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        return _words(self.reference, self.seen, i % len(self), self.timezone)


def _words(reference: Reference, seen: Reviewed, i: int, timezone: str) -> str:
    part = reference.rows.ids[i]
    at = f" · {when(reference, i, timezone)}" if micros(reference, i) is not None else ""
    head = f"row {i + 1}{f' · {plain(part)}' if part else ''}{at}"
    parts = [head, f"T² {number(float(seen.t2[i]))}, UCL {number(float(seen.ucl[i]))}"]
    if not np.isnan(seen.classical_t2[i]) and seen.robust:
        parts.append(f"classical T² {number(float(seen.classical_t2[i]))}, UCL {number(float(seen.classical_ucl[i]))}")
    return "<br>".join(parts)


def micros(reference: Reference, i: int) -> int | None:
    """The time of row i, from 0, in microseconds UTC; None where it is unknown."""
    at = reference.rows.at[i]
    return None if np.isnat(at) else int(at.astype("datetime64[us]").astype(np.int64))


def when(reference: Reference, i: int, timezone: str) -> str:
    """The time of row i, from 0, on the plant's clock."""
    return clock(micros(reference, i), timezone, date=True)


def tracks(seen: Reviewed, out: Mapping[int, object], kept: Mapping[int, object]) -> list[Track]:
    """The T² charts to draw: the model's own, and the classical one beside a robust one."""
    model = seen.model
    alike = int(np.sum(seen.kin))
    beyond = count_words(int(np.sum(seen.out & seen.fitted)))
    own = Track(
        f"{estimator_words(model)}: {beyond} beyond the UCL{f', {alike} alike to them' if alike else ''}",
        values(seen.t2),
        values(seen.ucl),
        kinds(seen, out, kept),
        seen.limit.value,
        seen.limit.law,
    )
    if not seen.robust or seen.classical_limit is None:
        return [own]
    beyond = count_words(int(np.sum((seen.classical_t2 > seen.classical_ucl) & seen.fitted)))
    other = Track(
        f"Classical, the same rows: {beyond} beyond the UCL",
        values(seen.classical_t2),
        values(seen.classical_ucl),
        kinds(seen, out, kept, classical=True),
        seen.classical_limit.value,
        seen.classical_limit.law,
    )
    return [own, other]


def estimator_words(model: Model) -> str:
    """The estimator as a heading: "Robust, MCD h = 0.75", "Ledoit–Wolf"."""
    h = model.recipe.get("estimator", {}).get("h")
    name = NAMES.get(model.estimator, model.estimator.upper())
    words = f"{name}{f' h = {h:g}' if isinstance(h, float) else ''}"
    return f"Robust, {words}" if getattr(ESTIMATORS.get(model.estimator), "robust", True) else words


def values(x: Any) -> list[float | None]:
    """Numbers for a picture: None where there is none."""
    known = np.asarray(x, dtype=np.float64)
    finite = np.isfinite(known)
    listed: list[float | None] = known.tolist()
    return listed if bool(finite.all()) else [v if ok else None for v, ok in zip(listed, finite.tolist(), strict=True)]


def count_words(n: int) -> str:
    """ "no rows", "1 row", "7 rows"."""
    return f"{n} row" if n == 1 else f"{n or 'no'} rows"


def summary(track: Track, axis_: Axis) -> str:
    """One chart in one line: how many rows are beyond, and the worst."""
    told = zip(track.t2, track.ucl, axis_.rows, track.kinds, strict=True)
    ratios = [(v / u, row, v) for v, u, row, kind in told if v is not None and u and kind != "excluded"]
    beyond = [one for one in ratios if one[0] > 1]
    head = f"{track.title.partition(':')[0]}: {len(beyond)} of {len(ratios)} rows beyond UCL {number(track.limit)}"
    if not beyond:
        return f"{head}."
    ratio, row, value = max(beyond)
    return f"{head}; the farthest is row {row} with T² {number(value)}, {number(ratio, 2)} × UCL."


def distances_summary(seen: Reviewed) -> str:
    """What the distance–distance plot shows: rows that only the robust estimate sees."""
    robust, classical = seen.out & seen.fitted, (seen.classical_t2 > seen.classical_ucl) & seen.fitted
    only = int(np.sum(robust & ~classical))
    both, other = int(np.sum(robust & classical)), int(np.sum(~robust & classical))
    text = f"{count_words(both)} beyond both limits, {only or 'none'} beyond the robust limit only"
    text = text[0].upper() + text[1:]
    return f"{text}{f', {other} beyond the classical one only' if other else ''}."


def p_words(p: float) -> str:
    """A p-value with two digits; one that no table of good rows could tell from nothing says only that.

    >>> p_words(0.034), p_words(3.2e-5), p_words(3.2e-90)
    ('0.034', '0.000032', '< 0.000001')
    """
    return "< 0.000001" if p < 1e-6 else number(p, 2)


def local(at: np.datetime64, zone: Any) -> str:
    """A time on the plant's clock, as plotly takes it."""
    micros = int(at.astype("datetime64[us]").astype(np.int64))
    return datetime.fromtimestamp(micros / 1e6, zone).strftime("%Y-%m-%d %H:%M:%S.%f")
