"""Rows over HTTP, politely: due when the file says so, again when the server is busy or away, never counted twice."""

from __future__ import annotations

import hashlib
import math
import random
import re
import time as clock
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import numpy as np

from spc.cli.files import Progress
from spc.errors import BadRecipe, Complaint, NotFound, Refused
from spc.export import numbers, times
from spc.nouns import Floats, Rows
from spc.reference import read_rows

BLOCK = 500  # rows in one request
_PAUSE = 0.25  # seconds until the first repetition; doubled each time, at most:
_LONGEST = 8.0


@dataclass(slots=True)
class Total:
    """What the server said of the rows so far; `refused` counts rows of the file from 1."""

    accepted: int = 0
    duplicates: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    late: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {"accepted": self.accepted, "duplicates": self.duplicates, "refused": self.refused, "late": self.late}


def speed_of(words: str) -> float:
    """How many times faster than the file; infinite for "max".

    >>> speed_of("60x"), speed_of("0.5"), speed_of("max")
    (60.0, 0.5, inf)
    """
    if words.strip().lower() == "max":
        return math.inf
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[x×]?\s*", words.lower())
    if found is None or float(found.group(1)) == 0:
        raise BadRecipe(f"{words!r} is not a speed.", cure="Write for instance 60x, or max.")
    return float(found.group(1))


class Sender:
    """A connection to one line of a server. `send` returns when the server has said yes or no; it raises Refused when patience ends."""

    def __init__(self, url: str, line: str, patience: float) -> None:
        try:
            self._address = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL as wrong:
            raise BadRecipe(f"{url!r} is not an address: {wrong}.", cure="Write for instance http://127.0.0.1:8050.") from wrong
        if self._address.scheme not in ("http", "https"):
            raise BadRecipe(f"{url!r} is not an address.", cure="Write for instance http://127.0.0.1:8050.")
        self._path, self._patience = f"/api/v1/lines/{quote(line, safe='')}/rows", patience
        self._client = httpx.Client(base_url=self._address, timeout=30.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """One block; the answer of the server, with `refused` counted from 1 in this block."""
        give_up, pause, why = clock.monotonic() + self._patience, _PAUSE, ""
        while True:
            wait = pause
            try:
                answer = self._client.post(self._path, json={"rows": rows})
            except httpx.TransportError as failed:
                why = f"it does not answer ({failed})" if str(failed) else f"it does not answer ({type(failed).__name__})"
            else:
                if answer.is_success:
                    return dict(answer.json())
                if answer.status_code != 429 and answer.status_code < 500:
                    return _refusal(answer)
                why = f"it answers {answer.status_code}"
                asked = answer.headers.get("retry-after", "")
                wait = float(asked) if asked.isdigit() else pause
            if clock.monotonic() + wait > give_up:
                cure = "Start one with `spc serve`, or name another with --url. Repeat this command then: no row is counted twice."
                raise Refused(f"The server at {self._address} did not take the rows for {self._patience:g} s: {why}.", cure=cure)
            clock.sleep(wait * random.uniform(0.75, 1.25))  # noqa: S311 - so that many senders do not come back together
            pause = min(2 * pause, _LONGEST)


def _refusal(answer: httpx.Response) -> dict[str, Any]:
    """A block of which no row was taken is an answer, too; anything else is the caller's mistake and ends the replay."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    if answer.status_code == 422 and "refused" in said:
        return {"accepted": 0, "duplicates": 0, "refused": said["refused"]}
    kind = NotFound if answer.status_code == 404 else Complaint
    raise kind(said.get("detail", f"The server answers {answer.status_code}."), cure=said.get("cure", ""))


def replayed(path: Path, sender: Sender, factor: float, *, time: str | None, id: str | None, timezone: str, report: Progress) -> Total:
    """Sends every row of a file when it is due; returns what the server made of them."""
    rows = read_rows(path, time=time, id=id, timezone=timezone)
    due, total, sent, started = schedule(rows, factor), Total(), 0, clock.monotonic()
    payload = list(payloads(rows, path))
    while sent < len(rows):
        now = clock.monotonic() - started
        upto = min(int(np.searchsorted(due, now, side="right")), sent + BLOCK)
        if upto <= sent:
            clock.sleep(min(float(due[sent]) - now, 1.0))
            continue
        said = sender.send(payload[sent:upto])
        total.accepted += int(said["accepted"])
        total.duplicates += int(said["duplicates"])
        total.late += int(said.get("late", 0))
        total.refused += [{"row": one["row"] + sent, "reason": one["reason"]} for one in said["refused"]]
        sent = upto
        report(sent / len(rows), "")
    return total


def schedule(rows: Rows, factor: float) -> Floats:
    """Seconds after the start at which each row is due: by its own time; one a second where times are missing; never backwards.

    >>> at = np.array(["2025-03-04T06:00:00", "2025-03-04T06:01:00", "2025-03-04T06:00:30"], dtype="datetime64[us]")
    >>> schedule(Rows(("a",), np.zeros((3, 1)), at, (None,) * 3), 60.0).tolist()
    [0.0, 1.0, 1.0]
    """
    if not len(rows) or math.isinf(factor):
        return np.zeros(len(rows))
    if bool(np.any(np.isnat(rows.at))):
        return np.arange(len(rows)) / factor
    return np.asarray(np.maximum.accumulate((rows.at - rows.at[0]) / np.timedelta64(1, "s")) / factor)


def payloads(rows: Rows, path: Path) -> Iterator[dict[str, Any]]:
    """Each row as the interface takes it. A row with neither time nor part number gets one from the file's bytes and its position."""
    mark = ""
    for i, (at, part) in enumerate(zip(times(rows.at), rows.ids, strict=True)):
        if at is None and part is None:
            mark = mark or hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            part = f"{mark}-{i + 1}"
        values = dict(zip(rows.names, numbers(rows.x[i]), strict=True))
        yield {"time": at, "id": part, "values": values, "quality": rows.quality[i] if rows.quality else "good"}
