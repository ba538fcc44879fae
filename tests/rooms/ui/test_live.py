import asyncio
import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from spc import ui
from spc.errors import LedgerError
from spc.settings import LineSettings
from spc.ui import live
from spc.ui.live import Hub, Ring, Viewer, alarm_news, beat, pump
from spc.ui.pages.line import finding_part
from spc.ui.view import WINDOW, View
from tests.rooms.ui.house import House
from tests.small import model


class Page:
    """A page that is open: it keeps what it is sent as assets/live.js does, and says when it has drawn."""

    def __init__(self, viewer: Viewer, draws: bool = True) -> None:
        self.viewer, self.draws = viewer, draws
        self.rows: list[int] = []
        self.messages: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        for news in message.get("lines", {}).values():
            if news["anew"]:
                self.rows = []
            self.rows += [row[0] for row in news["rows"]]
        if "n" in message and self.draws:
            self.viewer.hear({"drawn": message["n"]})


@contextlib.asynccontextmanager
async def opened(hub: Hub, after: int = 0, *, draws: bool = True, values: bool = False) -> Any:
    viewer = Viewer()
    page = Page(viewer, draws)
    hub.join(viewer)
    viewer.hear({"watch": {"mixer": after}, "values": values})
    task = asyncio.create_task(pump(hub, viewer, page.send))
    try:
        yield page
    finally:
        hub.leave(viewer)
        task.cancel()


async def until(true: Any, seconds: float = 60.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < end, "nothing came"
        await asyncio.sleep(0.01)


def test_a_page_gets_every_row_once_and_a_reconnected_one_goes_on_where_it_was(house: House) -> None:
    house.activate()
    house.send(50)
    hub = Hub(View(house))

    async def day() -> None:
        async with opened(hub) as page:
            await until(lambda: len(page.rows) == 50)
            for _ in range(7):
                await asyncio.to_thread(house.send, 3)
                await asyncio.sleep(0.02)
            await until(lambda: page.rows == list(range(1, 72)))
            seen = page.rows
        await asyncio.to_thread(house.send, 9)  # while nobody looks
        async with opened(hub, after=seen[-1]) as again:
            await until(lambda: len(again.rows) == 9)
            assert seen + again.rows == list(range(1, 81))
            assert not any(news["anew"] for m in again.messages for news in m.get("lines", {}).values())

    asyncio.run(day())


def test_rows_are_drawn_together_and_at_most_four_times_a_second(house: House) -> None:
    house.activate()
    hub = Hub(View(house))

    async def day() -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with opened(hub) as page:
            for _ in range(40):
                await asyncio.to_thread(house.send, 1)
                await asyncio.sleep(0.02)
            await until(lambda: page.rows == list(range(1, 41)))
            drawn, took = sum("n" in m for m in page.messages), loop.time() - begun
            assert drawn <= 1 + 4 * took  # however long a busy machine takes for it

    asyncio.run(day())


def test_a_page_that_is_slow_gets_nothing_more_until_it_has_drawn_and_then_all_of_it(house: House) -> None:
    house.activate()
    house.send(5)
    hub = Hub(View(house))

    async def day() -> None:
        async with opened(hub, draws=False) as page:
            await until(lambda: page.rows == [1, 2, 3, 4, 5])
            for _ in range(4):
                await asyncio.to_thread(house.send, 10)
                await asyncio.sleep(0.15)
            assert page.rows == [1, 2, 3, 4, 5]
            page.viewer.hear({"drawn": page.viewer.sent})
            await until(lambda: page.rows == list(range(1, 46)))
            assert sum("n" in m for m in page.messages) == 2

    asyncio.run(day())


def test_a_page_that_fell_behind_the_window_begins_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "WINDOW", 20)
    house.activate()
    house.send(100)
    hub = Hub(View(house))

    async def day() -> None:
        async with opened(hub, after=60) as page:
            await until(lambda: page.rows == list(range(81, 101)))
        async with opened(hub, after=5000) as page:  # what it had is of another ledger
            await until(lambda: page.rows == list(range(81, 101)))

    asyncio.run(day())


def test_the_window_is_bounded(house: House) -> None:
    assert WINDOW <= 2000
    house.activate()
    house.send(3)
    view = View(house)
    hub = Hub(view)
    hub._tail_rows({"mixer"})
    assert hub.rings["mixer"].dots.maxlen == WINDOW


def test_a_new_model_comes_with_its_mark_and_the_rows_anew(house: House) -> None:
    house.activate()
    house.send(5)
    hub = Hub(View(house))

    async def day() -> None:
        async with opened(hub, values=True) as page:
            await until(lambda: len(page.rows) == 5)
            await asyncio.to_thread(house.activate, "mixer", model(center=1.0))
            await asyncio.to_thread(house.send, 2)
            await until(lambda: page.rows == list(range(1, 8)))
            about = [n["about"] for m in page.messages for n in m.get("lines", {}).values() if "about" in n]
            assert [mark["text"] for mark in about[-1]["marks"]] == ["model v1", "model v2"]
            assert about[-1]["marks"][-1]["after_seq"] == 5
            assert len(page.messages[-1]["lines"]["mixer"]["rows"][0][5]) == 3

    asyncio.run(day())


def test_a_missing_value_is_a_gap_and_never_a_nan(house: House) -> None:
    import numpy as np

    from tests.small import rows as some_rows

    house.activate()
    block = some_rows(3)
    block.x[1] = np.nan
    house.lines["mixer"].take(block)
    view = View(house)
    dots = view.dots("mixer", view.about("mixer").names, 1, 3)
    text = json.dumps([d.to_list(values=True) for d in dots], allow_nan=False)
    assert "NaN" not in text
    assert dots[1].charts["t2"][0] is None
    assert dots[1].note
    assert dots[1].x == (None, None, None)


def test_a_row_without_a_time_says_that_its_time_is_not_its_own(house: House) -> None:
    import numpy as np

    from tests.small import rows as some_rows

    house.activate()
    block = some_rows(3)
    block.at[1] = np.datetime64("NaT")
    house.lines["mixer"].take(block)
    view = View(house)
    dots = view.dots("mixer", view.about("mixer").names, 1, 3)
    assert [dot.timed for dot in dots] == [True, False, True]
    assert dots[1].at == house.clock.now // 1000
    assert [dot.to_list(values=False)[5:] for dot in dots] == [[], [None, 0], []]
    assert [len(dot.to_list(values=True)[5:]) for dot in dots] == [1, 2, 1]


def test_an_alarm_reaches_the_page_in_words_and_leaves_it_when_it_is_over(house: House) -> None:
    house.activate()
    house.send(20, out=(20,))
    view = View(house)
    news = alarm_news(view.facts(), view)
    (one,) = news["open"]
    assert (one["state"], one["priority"], one["line"]) == ("unacknowledged", "high", "mixer")
    assert "warp_mm" in one["sentence"]
    assert one["utc"].endswith("UTC")
    view.acknowledge(one["id"], "Ann", "seen")
    assert alarm_news(view.facts(), view)["open"][0]["state"] == "acknowledged"
    house.send(5)
    assert alarm_news(view.facts(), view)["open"] == []


def test_the_heartbeat_has_the_servers_clock_and_every_line(house: House) -> None:
    house.activate()
    house.send(3)
    view = View(house)
    said = beat(view.facts(), view.now(), view.timezone)
    assert said["now"] == house.clock.now // 1000
    assert said["offset"] == 3600  # Berlin in March
    assert {name: line["words"] for name, line in said["lines"].items()} == {"mixer": "In control", "press": "No data yet"}


def test_the_channel_over_a_real_socket(house: House) -> None:
    house.activate()
    house.send(12)
    app, _ = house.serve()
    with TestClient(ui.guarded(app)) as client, client.websocket_connect("/live") as socket:
        socket.send_json({"watch": {"mixer": 10}, "values": True})
        got: dict[str, Any] = {}
        while not {"beat", "alarms", "lines"} <= set(got):
            got |= socket.receive_json()
        socket.send_text("bye")  # so that the server closes: the test client would cancel it in the middle
        with pytest.raises(WebSocketDisconnect):
            [socket.receive_text() for _ in range(100)]
        assert [row[0] for row in got["lines"]["mixer"]["rows"]] == [11, 12]
        assert got["lines"]["mixer"]["about"]["footer"].startswith("classical estimator · n 200 · p 3 · α 0.0027 · ARL₀ 370 · UCL")


@pytest.mark.parametrize("nonsense", ["no json", "[]", '{"watch": 7}', '{"watch": {"mixer": "x"}}', "x" * 70_000])
def test_nonsense_closes_the_socket_and_nothing_else(house: House, nonsense: str) -> None:
    app, _ = house.serve()
    with TestClient(ui.guarded(app)) as client:
        with client.websocket_connect("/live") as socket:
            socket.send_text(nonsense)
            with pytest.raises(WebSocketDisconnect):
                [socket.receive_text() for _ in range(100)]
        assert client.get("/").status_code == 200


def test_a_commit_of_this_process_wakes_the_task_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL_S", 60.0)
    house.activate()
    house.send(4)
    hub = Hub(View(house))

    async def day() -> None:
        async with opened(hub) as page:
            await asyncio.to_thread(house.send, 1)
            await until(lambda: page.rows == [1, 2, 3, 4, 5])
            await asyncio.to_thread(house.send, 1)
            await until(lambda: page.rows == [1, 2, 3, 4, 5, 6])

    asyncio.run(day())


def test_a_ledger_that_cannot_be_read_for_a_while_does_not_end_the_channel(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.activate()
    house.send(4)
    view = View(house)
    hub = Hub(view)
    real, fail = view.last_seqs, [True]

    def broken(lines: Any) -> Any:
        if fail[0]:
            raise LedgerError("the disk is gone")
        return real(lines)

    monkeypatch.setattr(view, "last_seqs", broken)

    async def day() -> None:
        async with opened(hub) as page:
            await asyncio.sleep(0.3)
            assert page.messages == []
            fail[0] = False
            await until(lambda: page.rows == [1, 2, 3, 4])

    asyncio.run(day())


def test_the_task_ends_with_the_last_viewer(house: House) -> None:
    hub = Hub(View(house))

    async def day() -> None:
        async with opened(hub):
            assert hub._task is not None
        assert hub._task is None
        assert hub.rings == {}

    asyncio.run(day())


def test_a_ring_says_when_rows_do_not_join() -> None:
    from collections import deque

    from spc.ui.view import About, Dot

    about = About("mixer", "Mixer", 1, (), (), (), (), "", "", None, ())
    ring = Ring(about, deque([Dot(n, n, None, "", {}, ()) for n in range(5, 10)], 5))
    assert [(after, anew, [d.seq for d in dots]) for after in (0, 3, 4, 7, 9, 12) for anew, dots in [ring.after(after)]] == [
        (0, True, [5, 6, 7, 8, 9]),
        (3, True, [5, 6, 7, 8, 9]),
        (4, False, [5, 6, 7, 8, 9]),
        (7, False, [8, 9]),
        (9, False, []),
        (12, True, [5, 6, 7, 8, 9]),
    ]


def test_the_page_says_which_words_of_the_settings_are_not_used(tmp_path: Path) -> None:
    typed = LineSettings("mixer", "The mixer", advice={"wrap_mm": "Do: check the oven."})
    made = House(tmp_path)
    try:
        made.settings = dataclasses.replace(made.settings, lines=(typed,))
        assert finding_part(View(made).about("mixer")) == [], "no model is active"
        made.activate()
        said = str(finding_part(View(made).about("mixer")))
        assert "[advice] name wrap_mm" in said
        assert "Did you mean warp_mm?" in said
    finally:
        made.ledger.close()


def test_gaps_are_told_once_and_again_when_they_end(house: House) -> None:
    from spc.ledger import gaps

    house.activate()
    house.send(3)
    since = house.clock()
    house.ledger.write(lambda connection: gaps.put_gap(connection, "mixer", 2, since, None, "mqtt", "cut off"))

    async def day() -> None:
        hub = Hub(View(house))
        async with opened(hub) as page:

            def told() -> list[Any]:
                return [news["gaps"] for message in page.messages for news in message.get("lines", {}).values() if "gaps" in news]

            await until(lambda: len(told()) == 1)
            assert told() == [[[2, since // 1000, None, "no rows since 07:00:00: cut off"]]]
            house.ledger.write(lambda connection: gaps.end_gap(connection, "mixer", "mqtt", since + 60_000_000))
            house.send(1)
            await until(lambda: len(told()) == 2)
            assert told()[1] == [[2, since // 1000, since // 1000 + 60_000, "no rows 07:00:00–07:01:00: cut off"]]
            assert page.rows == [1, 2, 3, 4]

    asyncio.run(day())


def test_a_late_row_says_so() -> None:
    from spc.ui.view import Dot

    assert Dot(8, 0, "B8", "late", {}, (0.5,), late=True).to_list(values=False) == [8, 0, "B8", "late", {}, None, 2]


def test_a_clock_that_is_off_is_said_on_the_wall_and_at_the_head_of_the_line(house: House) -> None:
    house.activate()
    house.send(3)
    house.lines["mixer"].lag.off_s = -95.0
    view = View(house)
    assert beat(view.facts(), house.clock(), "UTC")["lines"]["mixer"]["more"] == "rows dated 95 s in the future"
