"""What the page of the sources shows: how each line's source is, what waits for a person, who runs the line. Blocks for a read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spc.errors import Complaint
from spc.ledger import gaps, leases, rows, scraps
from spc.ledger import lines as line_book
from spc.ledger.clock import NONE
from spc.ledger.scraps import Kept
from spc.line import discard, take_again
from spc.ui.view import View

DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
SHOWN = 20  # scraps of a line at once: the oldest
LONGEST = 65_536  # bytes of a payload that can be corrected in the page
CUT = 240

STATES = {
    "none": "No source: rows come over HTTP",
    "waiting": "Starting",
    "running": "Running",
    "lost": "Lost",
    "elsewhere": "In another process",
    "ended": "Ended",
    "apart": "In a process of its own",
    "absent": "Its own process does not run: start spc run",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line as the page has it; times in µs UTC. `age_s` is how long ago its newest row came, `lag_s` how long that took to come here.

    Of a line in another process only what is on disk is known: not since when, nor how its source is.
    """

    line: str
    title: str
    source: str
    state: str
    words: str
    since: int | None
    error: str
    rows: int
    received: int | None
    age_s: float | None
    lag_s: float | None
    skew: str
    waiting: int
    asked: tuple[int, int]  # of these, how many wait for whoever runs the line, and how many that one did not take
    gaps: tuple[gaps.StoredGap, ...]
    run_by: str


def told(view: View) -> list[Told]:
    """Every line, in the order of the settings."""
    plant, now = view.plant, view.now()
    with plant.ledger.read() as connection:
        waiting = scraps.count_scraps(connection)
        asked = scraps.count_asked(connection)
        return [
            _told(plant, connection, name, now, (waiting.get(name, 0), asked.get(name, (0, 0))))
            for name in view.names()
            if name in plant.lines
        ]


def _told(plant: Any, connection: Any, name: str, now: int, waiting: tuple[int, tuple[int, int]]) -> Told:
    line, state = plant.lines[name], plant.source(name)
    apart = state.state == "elsewhere" and not state.name
    last = line_book.last_seq(connection, name)
    window = rows.rows_between(connection, name, last, last) if last else None
    at = NONE if window is None else int(window.rows.at[0].astype("datetime64[us]").astype(np.int64))
    received = None if window is None else int(window.received[0])
    owner, who = leases.holder(connection, name, now)
    return Told(
        line=name,
        title=line.settings.title,
        source=state.name or (line.settings.source.kind if apart else ""),
        state="absent" if apart and not owner else state.state,
        words=STATES["apart" if apart and owner else "absent" if apart else state.state],
        since=None if apart else state.since,
        error=state.error,
        rows=last,
        received=received,
        age_s=None if received is None else (now - received) / 1e6,
        lag_s=None if received is None or at == NONE else (received - at) / 1e6,
        skew=line.lag.words,
        waiting=waiting[0],
        asked=waiting[1],
        gaps=tuple(gaps.gaps_since(connection, name, now - DAY_US)),
        run_by="this process" if owner == plant.ledger.owner else who,
    )


def waiting(view: View, line: str) -> tuple[list[Kept], list[Kept]]:
    """The oldest scraps of a line that wait for somebody, and the newest that were handled in the last hour."""
    with view.plant.ledger.read() as connection:
        return scraps.scraps(connection, line, limit=SHOWN), scraps.handled(connection, line, view.now() - HOUR_US)


def one(view: View, line: str, id: int) -> Kept:
    """A scrap; raises NotFound."""
    with view.plant.ledger.read() as connection:
        return scraps.get_scrap(connection, line, id)


def text_of(payload: bytes) -> str | None:
    """What was sent as text; None where it is none, or too long to be corrected by hand.

    >>> text_of(b"a,b"), text_of(bytes([255, 0]))
    ('a,b', None)
    """
    if len(payload) > LONGEST:
        return None
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else None


def shown(payload: bytes) -> str:
    """What was sent, cut where it is long; bytes that are no text as hexadecimal numbers.

    >>> shown(b"a,b"), shown(bytes([255, 0])), shown(b"x" * 300)[-11:]
    ('a,b', 'ff 00', '… 300 bytes')
    """
    text = text_of(payload[:LONGEST])
    said = payload[: CUT // 3].hex(" ") if text is None else text[:CUT]
    whole = len(payload) <= CUT // 3 if text is None else len(text) <= CUT and len(payload) <= LONGEST
    return said if whole else f"{said} … {len(payload)} bytes"


def take(view: View, line: str, id: int, by: str, text: str) -> str:
    """Take a scrap again, as it was or corrected; what became of it in words. Raises Complaint."""
    if not by.strip():
        raise Complaint("There is no name.", cure="Type your name first.")
    before = text_of(one(view, line, id).payload)
    corrected = before is not None and _lines(text) != _lines(before)  # a browser has its own ends of lines
    receipt = take_again(view.plant, line, id, by.strip(), text.encode() if corrected else None)
    if receipt is None:
        return f"Scrap {id}: the line's process was asked to take it{' as corrected' if corrected else ''}."
    rows = f"{receipt.accepted} row{'' if receipt.accepted == 1 else 's'} on disk"
    known = f", {receipt.duplicates} known already" if receipt.duplicates else ""
    return f"Scrap {id} is taken{' as corrected' if corrected else ''}: {rows}{known}."


def _lines(text: str) -> list[str]:
    return text.splitlines()


def drop(view: View, line: str, id: int, by: str, why: str) -> str:
    """Say that nothing is to be made of a scrap. Raises Complaint."""
    if not by.strip():
        raise Complaint("There is no name.", cure="Type your name first.")
    discard(view.plant.ledger, line, id, by.strip(), why, view.now())
    return f"Scrap {id} is discarded; what was sent is kept with the reason."
