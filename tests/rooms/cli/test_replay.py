"""`spc replay` against a real server: paced, patient, never twice."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from spc.api import build
from spc.cli.sending import Sender, schedule, speed_of
from spc.errors import BadRecipe
from spc.ledger import Ledger
from spc.line import Plant
from spc.settings import LineSettings, Settings
from tests.ports import free_port

Spc = Callable[..., Any]


@contextmanager
def serving(path: Path, port: int) -> Iterator[None]:
    settings = Settings(ledger=f"sqlite:///{path}", lines=(LineSettings("press-1"),))
    ledger = Ledger.open(settings.ledger)
    app = build(Plant(ledger, settings), settings)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(60)
        ledger.close()


def on_disk(path: Path) -> list[str]:
    with sqlite3.connect(path) as other:
        found = other.execute("select labels_json from block order by first_seq")
        ids = [str(part) for (labels,) in found for part in json.loads(labels)["part"]]
    other.close()
    return ids


def replay(spc: Spc, file: Path, port: int, *words: str) -> dict[str, Any]:
    done = spc("replay", file, "--to", "press-1", "--url", f"http://127.0.0.1:{port}", "--json", *words)
    assert done.code == 0, done.err
    said: dict[str, Any] = json.loads(done.out)
    return said


def test_every_row_arrives_once_in_order_however_often_it_is_repeated(spc: Spc, stream: Path, tmp_path: Path) -> None:
    port, path = free_port(), tmp_path / "spc.db"
    with serving(path, port):
        assert replay(spc, stream, port, "--speed", "max") == {"accepted": 500, "duplicates": 0, "refused": [], "late": 0}
        assert replay(spc, stream, port, "--speed", "max") == {"accepted": 0, "duplicates": 500, "refused": [], "late": 0}
    assert on_disk(path) == [f"B{k:05d}" for k in range(201, 701)]


def test_rows_with_neither_time_nor_id_are_still_sent_once(spc: Spc, tmp_path: Path) -> None:
    port, path, file = free_port(), tmp_path / "spc.db", tmp_path / "bare.csv"
    file.write_text("a_mm,b_mm\n" + "".join(f"{i}.5,{i * i % 7}.25\n" for i in range(30)))
    with serving(path, port):
        assert replay(spc, file, port, "--speed", "max")["accepted"] == 30
        assert replay(spc, file, port, "--speed", "max")["duplicates"] == 30


def test_the_pace_is_the_files_own(spc: Spc, stream: Path, tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "few.csv"
    file.write_text("\n".join(stream.read_text().splitlines()[:6]) + "\n")  # five rows, 45 s apart
    with serving(tmp_path / "spc.db", port):
        started = time.monotonic()
        assert replay(spc, file, port, "--speed", "180x")["accepted"] == 5
        assert 0.95 < time.monotonic() - started < 120.0  # 180 s, 180 times as fast


def test_a_server_that_is_away_is_waited_for(spc: Spc, stream: Path, tmp_path: Path) -> None:
    port, path = free_port(), tmp_path / "spc.db"
    said: list[dict[str, Any]] = []
    sender = threading.Thread(target=lambda: said.append(replay(spc, stream, port, "--speed", "max", "--patience", "200")))
    sender.start()
    time.sleep(1.0)
    assert not said
    with serving(path, port):
        sender.join(200)
    assert said == [{"accepted": 500, "duplicates": 0, "refused": [], "late": 0}]


def test_patience_ends_in_words(spc: Spc, stream: Path) -> None:
    done = spc("replay", stream, "--to", "x", "--url", f"http://127.0.0.1:{free_port()}", "--patience", "0.5")
    assert (done.code, done.out) == (2, "")
    assert "did not take the rows for 0.5 s" in done.err
    assert "spc serve" in done.err


def test_a_line_that_does_not_exist_ends_it_at_once(spc: Spc, stream: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "spc.db", port):
        done = spc("replay", stream, "--to", "oven", "--url", f"http://127.0.0.1:{port}")
    assert done.code == 2
    assert "oven" in done.err
    assert "press-1" in done.err


def test_refused_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "spc.db", port), Sender(f"http://127.0.0.1:{port}", "press-1", 10) as sender:
        said = sender.send([{"id": "a", "values": {"x": 1}}, {"id": "b", "values": {"x": "?"}}])
        assert (said["accepted"], [one["row"] for one in said["refused"]]) == (1, [2])
        said = sender.send([{"id": "c", "values": {"x": "?"}}])
        assert (said["accepted"], [one["row"] for one in said["refused"]]) == (0, [1])


@pytest.mark.parametrize("url", ["8050", "ftp://x", "http://[", "http://"])
def test_an_address_that_is_none(spc: Spc, stream: Path, url: str) -> None:
    done = spc("replay", stream, "--to", "x", "--url", url, "--patience", "0.2")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", ["", "fast", "0", "-1x", "60y", "nan"])
def test_a_speed_that_is_none(words: str) -> None:
    with pytest.raises(BadRecipe, match="60x"):
        speed_of(words)


def test_the_schedule_never_goes_back() -> None:
    from spc.reference import read_rows

    text = b"time,a\n2025-03-04T06:00:00Z,1\n2025-03-04T06:02:00Z,2\n2025-03-04T06:01:00Z,3\n2025-03-04T06:03:00Z,4\n"
    assert schedule(read_rows(text), 60.0).tolist() == [0.0, 2.0, 2.0, 3.0]
