"""From points to signals: when does a line change its state?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spc.errors import BadSettings
from spc.nouns import Points, Signal, Track


@dataclass(frozen=True)
class Watch:
    """A chart is out when k of its last n points were out, and back in after `back` points in a row were in.

    A point that could not be judged counts for nothing: it neither raises nor clears a signal. Raises BadSettings unless
    1 ≤ k ≤ n and back ≥ 1.

    >>> Watch(k=2, n=3).rule
    '2 of 3 points beyond the limit'
    """

    k: int = 1
    n: int = 1
    back: int = 3

    def __post_init__(self) -> None:
        if not (1 <= self.k <= self.n and self.back >= 1):
            raise BadSettings(
                f"A watch of {self.k} of {self.n}, {self.back} back makes no sense.",
                cure="Use 1 ≤ k ≤ n and back ≥ 1, for example 1, 1, 3.",
            )

    @property
    def rule(self) -> str:
        return "point beyond the limit" if self.n == 1 else f"{self.k} of {self.n} points beyond the limit"

    def start(self) -> dict[str, Any]:
        """The memory before the first row."""
        return {}

    def step(self, state: Mapping[str, Any], points: Points) -> tuple[dict[str, Any], list[Signal]]:
        """The memory after a block, and the changes of state in it, in order of rows. Memories are plain numbers, one per chart."""
        after, signals = dict(state), []
        for chart, track in points.tracks.items():
            after[chart], found = self._chart(after.get(chart, {"out": False, "recent": [], "calm": 0, "since": 0}), chart, track, points)
            signals.extend(found)
        return after, sorted(signals, key=lambda signal: signal.index)

    def _chart(self, state: Mapping[str, Any], chart: str, track: Track, points: Points) -> tuple[dict[str, Any], list[Signal]]:
        if len(track.value) == 1 and not state["out"] and not track.out[0]:
            return self._calm(state, int(points.rows[0]), track), []
        out, recent = bool(state["out"]), [(int(row), bool(flag)) for row, flag in state["recent"]]
        calm, since = int(state["calm"]), int(state["since"])
        signals: list[Signal] = []
        judged = np.flatnonzero(~np.isnan(track.value))
        if not out and not track.out.any():  # a calm block, which most are: only the memory moves on
            last = [(int(row), False) for row in points.rows[judged[-self.n :]]]
            return {
                "out": out,
                "recent": [list(pair) for pair in [*recent, *last][-self.n :]],
                "calm": calm + len(judged),
                "since": since,
            }, []
        beyonds = np.flatnonzero(track.out[judged])
        at = 0
        while at < len(judged):
            if not out:  # nothing happens before the next point beyond: only the memory moves on
                there = int(np.searchsorted(beyonds, at))
                ahead = int(beyonds[there]) if there < len(beyonds) else len(judged)
                if ahead - at > self.n:
                    calm, at = calm + ahead - at, ahead
                    recent = [(int(row), False) for row in points.rows[judged[max(at - self.n, 0) : at]]]
                    continue
            i = int(judged[at])
            at += 1
            beyond = bool(track.out[i])
            recent = [*recent, (int(points.rows[i]), beyond)][-self.n :]
            calm = 0 if beyond else calm + 1
            if not out and sum(flag for _, flag in recent) >= self.k:
                out, since = True, next(row for row, flag in recent if flag)
                signals.append(Signal("out", chart, self.rule, points.point(i, chart), since, i))
            elif out and calm >= self.back:
                out, recent = False, []
                signals.append(Signal("in", chart, f"{self.back} points in a row within the limit", points.point(i, chart), since, i))
        memory = {"out": out, "recent": [list(pair) for pair in recent], "calm": calm, "since": since}
        return memory, signals

    def _calm(self, state: Mapping[str, Any], row: int, track: Track) -> dict[str, Any]:
        """The memory after a point by itself that is within its limit, as most come; the same as of a block."""
        judged = not np.isnan(track.value[0])
        recent = [[int(one), bool(flag)] for one, flag in state["recent"]]
        return {
            "out": False,
            "recent": [*recent, [row, False]][-self.n :] if judged else recent[-self.n :],
            "calm": int(state["calm"]) + judged,
            "since": int(state["since"]),
        }
