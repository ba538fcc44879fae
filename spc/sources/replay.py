"""A file played again, as if its rows came from the line now."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spc.errors import BadSettings
from spc.nouns import Floats, Rows, Times
from spc.reference import read_rows
from spc.sources.source import Clock

MOST = 500  # rows in a block


@dataclass(frozen=True, slots=True)
class Replay:
    """Plays a CSV file: `rows_per_s` rows a second, or `speed` times as fast as its own times say, or as fast as it is taken.

    With `now_times` a row's time is the time at which it is played. With `loop` the file begins again after its last row: then times
    must be those of playing, and part numbers get a lap ("B00201/2"), because a row with a known part number is a repeat and would not be
    taken. At the very first start `head` rows are given at once, dated back as if they had been played before, so that a chart opens with a
    stretch of the past. A restart goes on where the last one stopped. `subgroup` names the column of the subgroups' labels: without it a
    model of subgroups counts the rows.
    """

    path: Path | str
    rows_per_s: float | None = None
    speed: float | None = None
    loop: bool = False
    now_times: bool = False
    head: int = 0
    columns: tuple[str, ...] = ()
    time: str | None = None
    id: str | None = None
    timezone: str = "UTC"
    subgroup: str = ""
    product: str = ""

    def __post_init__(self) -> None:
        if self.rows_per_s is not None and self.speed is not None:
            raise BadSettings("replay: both rows_per_s and speed are set.", cure="Set one of them.")
        if any(one is not None and not one > 0 for one in (self.rows_per_s, self.speed)):
            raise BadSettings("replay: rows_per_s and speed are more than 0.", cure="Leave both out to play as fast as it goes.")
        if self.loop and not self.now_times:
            raise BadSettings("replay: a loop would give the same times again.", cure="Set now_times = true.")
        if self.head and not (self.now_times and self.rows_per_s):
            raise BadSettings("replay: head needs now_times and rows_per_s.", cure="Set both, or leave head out.")

    @property
    def name(self) -> str:
        return f"replay {Path(self.path).name}"

    def probe(self, clock: Clock) -> str:
        """What the file holds; raises what reading it raises."""
        rows = self._rows()
        return f"{Path(self.path).name} has {len(rows)} rows of {', '.join(rows.names)}."

    def _rows(self) -> Rows:
        return read_rows(
            Path(self.path),
            columns=self.columns or None,
            time=self.time,
            id=self.id,
            subgroup=self.subgroup,
            product=self.product or None,
            timezone=self.timezone,
        )

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[tuple[Rows, Any]]:
        """Position: {"lap": laps that are over, "row": rows of this lap that were given}."""
        rows = self._rows()
        lap, done = (int(after["lap"]), int(after["row"])) if after else (0, 0)
        if after is None and self.head:
            done = min(self.head, len(rows))
            step = int(1e6 / (self.rows_per_s or 1.0))
            begun = clock() - done * step
            back = begun + step * np.arange(done, dtype=np.int64)
            yield _dated(rows.part(slice(0, done)), back.view("datetime64[us]"), lap), {"lap": lap, "row": done}
        while not stop.is_set():
            yield from self._lap(rows, lap, min(done, len(rows)), stop, clock)
            lap, done = lap + 1, 0
            if not self.loop:
                return

    def _lap(self, rows: Rows, lap: int, done: int, stop: threading.Event, clock: Clock) -> Iterator[tuple[Rows, Any]]:
        due = self._due(rows, done)
        started, started_at = time.monotonic(), clock()
        while done < len(rows) and not stop.is_set():
            if stop.wait(max(0.0, due[done] - (time.monotonic() - started))):
                return
            ready = int(np.searchsorted(due, time.monotonic() - started, side="right"))
            end = min(max(ready, done + 1), done + MOST)
            block = rows.part(slice(done, end))
            if self.now_times:
                block = _dated(block, (started_at + np.rint(due[done:end] * 1e6).astype(np.int64)).view("datetime64[us]"), lap)
            yield block, {"lap": lap, "row": end}
            done = end

    def _due(self, rows: Rows, done: int) -> Floats:
        """When each row is due, in seconds after the start of this lap with row `done`."""
        n = len(rows)
        if self.rows_per_s:
            # the first row waits one interval: it follows the row that was given last
            return np.asarray((np.arange(n, dtype=np.float64) - done + 1.0) / self.rows_per_s)
        if self.speed is None:
            return np.zeros(n)
        if np.isnat(rows.at).any():
            raise BadSettings(f"replay: rows of {Path(self.path).name} have no time, so they have no speed.", cure="Use rows_per_s.")
        seconds = (rows.at - rows.at[min(done, n - 1)]).astype(np.int64) / 1e6
        return np.asarray(np.maximum.accumulate(seconds) / self.speed)


def _dated(rows: Rows, at: Times, lap: int) -> Rows:
    ids = tuple(f"{id}/{lap + 1}" if id and lap else id for id in rows.ids)
    return replace(rows, at=at, ids=ids)
