from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spc.errors import BadSettings
from spc.nouns import Rows
from spc.sources import Replay
from tests.small import FakeClock

STREAM = Path(__file__).parents[3] / "data/demo_circuit_boards/phase2_stream.csv"


def some(source: Replay, blocks: int, after: object = None, stop: threading.Event | None = None) -> list[tuple[Rows, dict[str, int]]]:
    given = []
    for one in source.read(after, stop or threading.Event(), FakeClock()):
        given.append(one)
        if len(given) == blocks:
            break
    return given


def test_as_fast_as_it_goes_every_row_once() -> None:
    given = some(Replay(STREAM), 100)
    assert sum(len(rows) for rows, _ in given) == 500
    assert given[-1][1] == {"lap": 0, "row": 500}
    rows = given[0][0]
    assert rows.names == ("length_mm", "width_mm", "thickness_mm", "hole_pitch_mm", "warp_mm", "copper_um")
    assert (rows.ids[0], str(rows.at[0])) == ("B00201", "2025-03-04T06:00:00.000000")
    assert rows.x[0].tolist() == [160.062, 100.028, 1.6081, 152.494, 0.382, 37.15]


class Standing(threading.Event):
    """An event, and with it the clock of a replay, that goes on only while somebody waits: by as long as was asked for."""

    now = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Standing:
    one = Standing()
    monkeypatch.setattr("spc.sources.replay.time", SimpleNamespace(monotonic=lambda: one.now))
    return one


def test_rows_come_at_the_asked_rate(standing: Standing) -> None:
    given = some(Replay(STREAM, rows_per_s=100.0), 20, stop=standing)
    assert [len(rows) for rows, _ in given] == [1] * 20
    assert standing.now == pytest.approx(0.20)


def test_rows_that_are_due_together_come_together(standing: Standing) -> None:
    """Whoever takes them was slow: nothing is lost, and the rate stays the same."""
    given = []
    for rows, _ in Replay(STREAM, rows_per_s=100.0).read(None, standing, FakeClock()):
        given.append(len(rows))
        standing.now += 0.055
        if len(given) == 4:
            break
    assert given == [1, 5, 6, 5]


def test_the_first_start_has_a_past_and_a_restart_has_none() -> None:
    source = Replay(STREAM, rows_per_s=50.0, now_times=True, loop=True, head=90)
    (head, position), (then, after) = some(source, 2)
    now = np.datetime64(FakeClock()(), "us")
    assert (len(head), position) == (90, {"lap": 0, "row": 90})
    assert set(np.diff(head.at).astype(int)) == {20_000}
    assert head.at[-1] == now - np.timedelta64(20, "ms")
    assert (then.ids[0], then.at[0], after) == ("B00291", now + np.timedelta64(20, "ms"), {"lap": 0, "row": 90 + len(then)})
    assert some(source, 1, {"lap": 0, "row": 100})[0][0].ids[0] == "B00301"


def test_each_lap_has_part_numbers_of_its_own() -> None:
    source = Replay(STREAM, rows_per_s=20_000.0, now_times=True, loop=True)
    ids: list[str | None] = []
    for rows, position in source.read(None, threading.Event(), FakeClock()):
        ids += rows.ids
        if position["lap"] == 2:
            break
    assert len(set(ids)) == len(ids) > 1000
    assert (ids[0], ids[500], ids[1000]) == ("B00201", "B00201/2", "B00201/3")


def test_speed_follows_the_files_own_times(standing: Standing) -> None:
    (first, _), (second, _) = some(Replay(STREAM, speed=45 * 20.0), 2, stop=standing)
    assert (len(first), len(second)) == (1, 1)
    assert standing.now == pytest.approx(0.05)
    assert str(second.at[0]) == "2025-03-04T06:00:45.000000"


def test_a_stopped_replay_ends() -> None:
    stop = threading.Event()
    stop.set()
    assert list(Replay(STREAM, rows_per_s=1.0).read(None, stop, FakeClock())) == []


@pytest.mark.parametrize(
    "options, said",
    [
        ({"rows_per_s": 1.0, "speed": 2.0}, "both"),
        ({"rows_per_s": 0.0}, "more than 0"),
        ({"speed": -1.0}, "more than 0"),
        ({"loop": True}, "same times again"),
        ({"head": 10}, "head needs"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, float], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        Replay(STREAM, **options)  # type: ignore[arg-type]


def test_speed_without_times_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,5\n4,1\n")
    with pytest.raises(BadSettings, match="have no time"):
        some(Replay(tmp_path / "a.csv", speed=1.0), 1)
