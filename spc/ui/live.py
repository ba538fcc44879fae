"""The live channel: one task per process reads the ledger after the last row it knows and hands what is new to every viewer.

A viewer says which lines it watches and the last row it has; it gets every row after that, in order, once. At most four messages of rows
a second go to one viewer, and none before it has drawn the one before: a slow viewer gets larger ones, and one that fell behind the
window gets the window anew. Rows are never dropped for being late, only drawn together.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from spc.nouns import Alarm
from spc.ui.view import MS, WINDOW, About, Dot, Missing, View
from spc.ui.words import STATES, LineFacts, State, clock, state, utc, worst

POLL_S = 0.1  # rows that another process wrote are seen this late; a commit of our own wakes the task at once
BEAT_S = 1.0
DRAW_S = 0.25
PATIENCE_S = 30.0  # a viewer that has not drawn a message after this long is gone

log = structlog.get_logger()


@dataclass(eq=False)
class Ring:
    """The newest rows of one line, and what its charts say besides dots."""

    about: About
    dots: deque[Dot]
    generation: int = 0
    gaps: tuple[Missing, ...] = ()

    @property
    def last(self) -> int:
        return self.dots[-1].seq if self.dots else 0

    @property
    def first(self) -> int:
        return self.dots[0].seq if self.dots else 1

    def after(self, seq: int) -> tuple[bool, list[Dot]]:
        """The rows after `seq`; True when these do not join what the viewer has, so that it must begin anew."""
        if 0 < seq <= self.last and seq >= self.first - 1:
            return False, list(self._tail(seq))
        return True, list(self.dots)

    def _tail(self, seq: int) -> Iterable[Dot]:
        new: list[Dot] = []
        for dot in reversed(self.dots):
            if dot.seq <= seq:
                break
            new.append(dot)
        return reversed(new)


@dataclass(eq=False)
class Viewer:
    """One open page: what it watches and how far it is."""

    values: bool = False
    have: dict[str, int] = field(default_factory=dict)
    generation: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, tuple[Missing, ...]] = field(default_factory=dict)
    alarms: int = -1
    beat: int = -1
    drawn: int = 0
    sent: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: Any) -> None:
        """What the page says: which lines it watches, from where; or that it has drawn message number n. TypeError for anything else."""
        if not isinstance(message, dict):
            raise TypeError("a page sends objects")
        if "watch" in message:
            self.have = {str(name): int(after) for name, after in dict(message["watch"]).items()}
            self.values = bool(message.get("values"))
            self.generation, self.gaps = {}, {}
            self.alarms = self.beat = -1
            self.drawn = self.sent
        if "drawn" in message:
            self.drawn = max(self.drawn, int(message["drawn"]))
        self.ready.set()
        self.news.set()


class Hub:
    """The one reader of the ledger, and the viewers it serves. It works while there are viewers, and sleeps when there are none."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.viewers: set[Viewer] = set()
        self.rings: dict[str, Ring] = {}
        self.beat: tuple[int, str] = (0, "")
        self.alarms: tuple[int, str] = (0, "")
        self._event = 0
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._stop_listening: Callable[[], None] = lambda: None

    # ----------------------------------------------------------------------------------------------------------- the task

    def join(self, viewer: Viewer) -> None:
        """A page was opened; the first one starts the task."""
        self.viewers.add(viewer)
        if self._task is None or self._task.done():
            loop = asyncio.get_running_loop()
            self._stop_listening = self.view.on_commit(lambda: loop.call_soon_threadsafe(self._wake.set))
            self._task = loop.create_task(self._run())

    def leave(self, viewer: Viewer) -> None:
        """A page was closed; after the last one the task ends."""
        self.viewers.discard(viewer)
        if not self.viewers and self._task:
            self._stop_listening()
            self._task.cancel()
            self._task = None
            self.rings.clear()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_beat, failed = 0.0, False
        while True:
            beat_due = loop.time() >= next_beat
            if beat_due:
                next_beat = loop.time() + BEAT_S
            try:
                await self._look(beat_due)
                failed = False
            except Exception as wrong:  # noqa: BLE001 - pages then show that they are cut off; they must heal when the ledger does
                if not failed:
                    log.error("live channel cannot read the ledger, will try again", error=str(wrong) or type(wrong).__name__)
                failed = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_S)
            self._wake.clear()

    async def _look(self, beat_due: bool) -> None:
        wanted = {name for viewer in self.viewers for name in viewer.have}
        new_alarms = await asyncio.to_thread(self._tail_alarms)
        grown = await asyncio.to_thread(self._tail_rows, wanted)
        if beat_due or new_alarms:
            facts = await asyncio.to_thread(self.view.facts)
            now = self.view.now()
            self.beat = (self.beat[0] + 1, json.dumps(beat(facts, now, self.view.timezone)))
            text = json.dumps(alarm_news(facts, self.view))
            if text != self.alarms[1]:
                self.alarms = (self.alarms[0] + 1, text)
        if beat_due:
            grown |= await asyncio.to_thread(self._tail_gaps)
        if beat_due or new_alarms or grown:
            for viewer in self.viewers:
                viewer.news.set()

    def _tail_alarms(self) -> bool:
        last = self.view.last_alarm_event(self._event)
        changed, self._event = last != self._event, last
        return changed

    def _tail_rows(self, wanted: set[str]) -> bool:
        """Read what is new of the watched lines into their rings; True when there was anything."""
        grown = False
        for name, (last, activation) in self.view.last_seqs(sorted(wanted)).items():
            ring = self.rings.get(name)
            if ring is None or ring.about.activation != activation or last < ring.last:
                generation = ring.generation + 1 if ring else 1
                about = self.view.about(name)
                dots = self.view.dots(name, about.names, max(1, last - WINDOW + 1), last)
                self.rings[name] = Ring(about, deque(dots, WINDOW), generation)
                grown = True
            elif last > ring.last:
                ring.dots.extend(self.view.dots(name, ring.about.names, max(ring.last + 1, last - WINDOW + 1), last))
                grown = True
        return grown

    def _tail_gaps(self) -> bool:
        """Read the gaps about the rows in the rings; True when anything is new."""
        rings = dict(self.rings)
        found = self.view.gaps({name: (ring.first, ring.last) for name, ring in rings.items()})
        grown = False
        for name, ring in rings.items():
            if (now := tuple(found.get(name, ()))) != ring.gaps:
                ring.gaps, grown = now, True
        return grown

    # ------------------------------------------------------------------------------------------------------ to one viewer

    def news(self, viewer: Viewer) -> dict[str, Any] | None:
        """Everything that this viewer does not have yet, as one message; None when there is nothing."""
        parts: dict[str, Any] = {}
        for name in viewer.have:
            ring = self.rings.get(name)
            if ring is None:
                continue
            lines = parts.setdefault("lines", {})
            fresh = viewer.generation.get(name) != ring.generation
            had = viewer.have[name]
            anew, dots = ring.after(had)
            if fresh and viewer.generation.get(name) is not None:  # the model changed: values may stand in another order
                anew, dots = True, list(ring.dots)
            news = ring.gaps != viewer.gaps.get(name, ())
            if not dots and not fresh and not news:
                continue
            lines[name] = {"anew": anew and bool(dots or had), "rows": [dot.to_list(values=viewer.values) for dot in dots]}
            if fresh:
                lines[name]["about"] = asdict(ring.about)
            if news:
                lines[name]["gaps"] = [[one.after_seq, one.since, one.until, one.words] for one in ring.gaps]
                viewer.gaps[name] = ring.gaps
            viewer.generation[name] = ring.generation
            viewer.have[name] = ring.last
        if not parts.get("lines"):
            return None
        return parts


def beat(facts: list[LineFacts], now: int, timezone: str) -> dict[str, Any]:
    """The heartbeat: the server's clock and every line's state in words."""
    offset = datetime.fromtimestamp(now / 1e6, UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    return {
        "now": now // MS,
        "offset": int(offset.total_seconds()) if offset else 0,
        "zone": timezone,
        "lines": {one.name: tile_words(one, state(one, now), timezone) for one in facts},
    }


def tile_words(one: LineFacts, now: State, timezone: str) -> dict[str, Any]:
    """What a tile and the head of a line's page say."""
    open_count = sum(a.state in ("unacknowledged", "acknowledged", "returned") for a in one.alarms)
    shelved = sum(a.state == "shelved" for a in one.alarms)
    words = "no open alarm" if not open_count else f"{open_count} open alarm{'s' if open_count > 1 else ''}"
    return {
        "key": now.key,
        "words": now.words,
        "more": now.more,
        "priority": now.priority,
        "flash": now.flash,
        "alarms": words + (f", {shelved} shelved" if shelved else ""),
        "last": clock(one.last_at, timezone),
        "last_full": f"{clock(one.last_at, timezone, date=True)} {timezone} = {utc(one.last_at)}" if one.last_at else "",
        "model": f"reference {one.model}" if one.model else "no reference",
        "seq": one.last_seq,
        "title": one.title,
    }


def alarm_news(facts: list[LineFacts], view: View) -> dict[str, Any]:
    """The alarms that a page shows in its banner: open and not shelved, newest first."""
    found = [(a, one.title) for one in facts for a in one.alarms if a.state in ("unacknowledged", "acknowledged", "returned")]
    found.sort(key=lambda pair: (pair[0].acknowledged, -pair[0].opened_at))
    return {
        "worst": worst(tuple(a for a, _ in found if not a.acknowledged)),
        "open": [
            {
                "id": a.id,
                "line": a.line,
                "title": title,
                "priority": a.priority,
                "state": a.state,
                "state_words": STATES[a.state],
                "at": clock(a.opened_at, view.timezone),
                "utc": utc(a.opened_at),
                "sentence": a.sentence,
                "advice": view.advice(a),
                "rows_out": a.rows_out,
                "worst": round(a.worst, 2),
                "updated": a.updated_at,
                "since": began(a, view.timezone),
            }
            for a, title in found
        ],
    }


def began(alarm: Alarm, timezone: str) -> dict[str, Any] | None:
    """When an alarm's change began: the rows between which it did, the likeliest, and words for a chart; None when nothing says so."""
    told = alarm.facts
    if told.get("since_row") is None or told.get("since_change") == "guard":
        return None
    best, low, high = (clock(told.get(word), timezone) for word in ("since_at", "since_low_at", "since_high_at"))
    words = f"began {best}" if low == high else f"began {best} ({low}–{high})"
    return {"row": told["since_row"], "low": told["since_low"], "high": told["since_high"], "words": words}


async def pump(hub: Hub, viewer: Viewer, send: Callable[[str], Any]) -> None:
    """Send one viewer what is new: beats and alarms at once, rows at most four times a second and one message at a time."""
    loop = asyncio.get_running_loop()
    next_draw = 0.0
    while True:
        await viewer.news.wait()
        viewer.news.clear()
        if hub.beat[0] > viewer.beat and hub.beat[1]:
            viewer.beat = hub.beat[0]
            await send('{"beat":' + hub.beat[1] + "}")
        if hub.alarms[0] != viewer.alarms and hub.alarms[1]:
            viewer.alarms = hub.alarms[0]
            await send('{"alarms":' + hub.alarms[1] + "}")
        if viewer.drawn < viewer.sent:
            continue  # still drawing: what comes meanwhile is drawn together
        wait = next_draw - loop.time()
        if wait > 0:
            loop.call_later(wait, viewer.news.set)
            continue
        parts = hub.news(viewer)
        if parts is not None:
            viewer.sent += 1
            next_draw = loop.time() + DRAW_S
            await send(json.dumps({"n": viewer.sent, **parts}, allow_nan=False))


async def listen(viewer: Viewer, socket: WebSocket) -> None:
    """Hear the viewer until it goes, or until it says something that no page of ours says."""
    with contextlib.suppress(WebSocketDisconnect, ValueError, KeyError, TypeError):
        while True:
            text = await socket.receive_text()
            if len(text) > 65_536:
                return
            viewer.hear(json.loads(text))


async def watch_over(viewer: Viewer) -> None:
    """Ends when the viewer has owed an answer for too long: a tab that died without saying so."""
    while True:
        owed = viewer.sent if viewer.drawn < viewer.sent else 0
        await asyncio.sleep(PATIENCE_S)
        if owed and viewer.drawn < owed:
            return


def mount(app: FastAPI, view: View) -> Hub:
    """The WebSocket at /live; at /live/why the reason of one row, asked for past dash: a press must be answered at once. What takes longer
    is at /live/arithmetic, for the fold that shows it.
    """
    hub = Hub(view)

    @app.get("/live/why", include_in_schema=False)
    async def why(line: str, seq: int) -> JSONResponse:
        from spc.ui.pages.line import told  # noqa: PLC0415 - the pages stand above the live channel

        return JSONResponse(await asyncio.to_thread(told, view, line, seq))

    @app.get("/live/arithmetic", include_in_schema=False)
    async def worked_out(line: str, seq: int) -> JSONResponse:
        from spc.ui.pages.line import arithmetic  # noqa: PLC0415

        return JSONResponse(await asyncio.to_thread(arithmetic, view, line, seq))

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        viewer = Viewer()
        hub.join(viewer)
        tasks = [asyncio.create_task(t) for t in (pump(hub, viewer, socket.send_text), listen(viewer, socket), watch_over(viewer))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hub.leave(viewer)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close()

    return hub
