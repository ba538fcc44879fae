"""Rows over HTTP: on disk when the answer is 2xx, each once, each bad one by itself."""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spc.ledger import store

GOOD = {"length_mm": 160.0, "width_mm": 100.0, "thickness_mm": 1.6, "hole_pitch_mm": 152.4, "warp_mm": 0.35, "copper_um": 35.0}


def row(id: str | None = None, **change: Any) -> dict[str, Any]:
    return {"id": id, "values": {**GOOD, **change}}


def on_disk(path: Path) -> int:
    with sqlite3.connect(path) as other:
        n = int(other.execute("select coalesce(sum(last_seq - first_seq + 1), 0) from block").fetchone()[0])
    other.close()
    return n


def test_an_accepted_row_is_on_disk_and_judged(judging: Any, boards: list[dict[str, Any]]) -> None:
    said = judging.send(*boards[:130])
    assert said.status_code == 200
    assert {k: said.json()[k] for k in ("accepted", "duplicates", "refused")} == {"accepted": 130, "duplicates": 0, "refused": []}
    assert on_disk(judging.path) == 130
    points = judging.get("/api/v1/lines/press/points").json()["points"]
    assert [p["seq"] for p in points] == list(range(1, 131))
    assert points[120]["charts"]["t2"]["out"] is True
    assert points[120]["signal"] == "point beyond the limit"
    assert points[0]["id"] == "B00201"
    assert points[0]["time"] == "2025-03-04T06:00:00Z"


def test_a_row_is_taken_once_by_its_id_and_else_by_its_time(judging: Any) -> None:
    at = {"time": "2025-03-04T06:00:00Z", "values": GOOD}
    assert judging.send(row("a"), row("b"), at).json()["accepted"] == 3
    again = judging.send(row("b"), row("a"), row("c"), at).json()
    assert (again["accepted"], again["duplicates"]) == (1, 3)
    assert on_disk(judging.path) == 4
    other = judging.send(row("a", warp_mm=0.4)).json()
    assert (other["accepted"], other["duplicates"], other["conflicts"]) == (0, 1, [1])


def test_the_same_instant_in_another_zone_is_the_same_row(judging: Any) -> None:
    for at in ("2025-03-04T06:00:00Z", "2025-03-04T07:00:00+01:00", "2025-03-04 06:00:00"):
        judging.send({"time": at, "values": GOOD})
    assert on_disk(judging.path) == 1


def test_a_bad_row_is_refused_by_itself(judging: Any) -> None:
    said = judging.send(
        row("a"),
        row("b", warp_mm="0,35"),
        row("c", warp_mm=True),
        row("d", warp_mm=10**400),
        {"id": "e", "time": "yesterday", "values": GOOD},
        {"id": "f", "values": GOOD, "quality": "superb"},
        {"id": "g", "values": {}},
        {"id": "h", "values": {"warp_mm": 1.0}},
        {"id": "", "values": GOOD},
        row("i"),
    )
    assert said.status_code == 200
    refused = {one["row"]: one["reason"] for one in said.json()["refused"]}
    assert said.json()["accepted"] == 2
    assert sorted(refused) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert "column warp_mm" in refused[2]
    assert "'0,35'" in refused[2]
    assert "yesterday" in refused[5]
    assert "superb" in refused[6]
    assert "length_mm" in refused[8]
    assert on_disk(judging.path) == 2


def test_when_no_row_is_taken_the_answer_is_a_problem(judging: Any) -> None:
    said = judging.send(row("a", warp_mm="x"))
    assert said.status_code == 422
    assert (said.json()["row"], said.json()["column"]) == (1, "warp_mm")
    assert said.json()["cure"]
    assert said.json()["refused"][0]["row"] == 1
    assert on_disk(judging.path) == 0


def test_a_missing_value_is_null_and_is_judged_on_the_rest(judging: Any) -> None:
    assert judging.send(row("a", warp_mm=None), row("b", **dict.fromkeys(GOOD))).json()["accepted"] == 2
    one, other = judging.get("/api/v1/lines/press/points").json()["points"]
    assert one["charts"]["t2"]["value"] is not None
    assert "warp_mm" in one["note"]
    assert other["charts"]["t2"] == {"value": None, "ucl": None, "out": False}
    assert other["note"]


def test_further_columns_and_another_order_change_nothing(judging: Any) -> None:
    judging.send(row("a"), {"id": "b", "values": dict(reversed(GOOD.items()))}, row("c", operator_badge=7))
    values = {p["charts"]["t2"]["value"] for p in judging.get("/api/v1/lines/press/points").json()["points"]}
    assert len(values) == 1


def test_rows_of_a_line_without_a_model_are_kept_and_not_judged(house: Any) -> None:
    assert house.send({"id": "a", "values": {"any": 1}}, {"id": "b", "values": {"other": 2}}).json()["accepted"] == 2
    assert house.get("/api/v1/lines/press/points").json() == {"points": [], "next": 0, "more": False}


def test_a_csv_is_taken_whole(judging: Any, boards: list[dict[str, Any]]) -> None:
    head = "timestamp,board_id," + ",".join(GOOD)
    lines = [f"{b['time']},{b['id']},{','.join(map(str, b['values'].values()))}" for b in boards[:20]]
    csv = {"headers": {"Content-Type": "text/csv; charset=utf-8"}}
    said = judging.post("/api/v1/lines/press/rows", content="\n".join([head, *lines]), **csv)
    assert (said.status_code, said.json()["accepted"]) == (200, 20)
    assert judging.send(*boards[:20]).json()["duplicates"] == 20  # the same rows as JSON are the same rows
    broken = judging.post("/api/v1/lines/press/rows", content="\n".join([head, *lines[:3], lines[3] + ",1,2"]), **csv)
    assert broken.status_code == 422
    missing = judging.post("/api/v1/lines/press/rows", content="timestamp,board_id\n2025-03-04T06:00:00Z,B1\n", **csv)
    assert missing.status_code == 422
    assert on_disk(judging.path) == 20


def test_what_a_csv_holds_besides_numbers_is_told(judging: Any) -> None:
    text = "board_id," + ",".join(GOOD) + "\nB1,160,100,1.6,152.4,Bad,35\nB2,160,100,1.6,152.4,0.3,35\n"
    said = judging.post("/api/v1/lines/press/rows", content=text, headers={"Content-Type": "text/csv"}).json()
    assert said["accepted"] == 2
    assert any(finding["columns"] == ["warp_mm"] for finding in said["findings"])


@pytest.mark.parametrize(
    "content,kind,status",
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"rows": 1}', "application/json", 422),
        (b'{"rows": [], "row": []}', "application/json", 422),
        (b'{"rows": [{"values": {"a": NaN}}]}', "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"<rows/>", "application/xml", 415),
        (b"a,b\n1,2\n", "", 415),
        (b"", "text/csv", 422),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "text/csv", 422),
    ],
)
def test_a_body_that_is_none(house: Any, content: bytes, kind: str, status: int) -> None:
    said = house.post("/api/v1/lines/press/rows", content=content, headers={"Content-Type": kind})
    assert said.status_code == status


@pytest.mark.parametrize("kind", ["application/json", "text/csv"])
def test_a_packed_body_is_unpacked(judging: Any, kind: str) -> None:
    names = ",".join(GOOD)
    text = json.dumps({"rows": [row("a"), row("b")]}) if kind == "application/json" else f"id,{names}\na,1,2,3,4,5,6\nb,2,3,4,5,6,7\n"
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    said = judging.post("/api/v1/lines/press/rows", content=gzip.compress(text.encode()), headers=headers)
    assert (said.status_code, said.json()["accepted"]) == (200, 2)


@pytest.mark.parametrize(
    "content,packing,status",
    [
        (b'{"rows": []}', "gzip", 422),
        (gzip.compress(b'{"rows": []}')[:-1], "gzip", 422),
        (gzip.compress(b'{"rows": []}') + b"more", "gzip", 422),
        (b"", "gzip", 422),
        (gzip.compress(bytes(17 * 1024 * 1024)), "gzip", 413),
        (b'{"rows": []}', "br", 415),
        (b'{"rows": []}', "identity", 200),
    ],
    ids=["not packed", "cut off", "more after it", "nothing", "a bomb", "another packing", "none"],  # the time is in a packed body
)
def test_a_body_that_is_packed_otherwise_than_it_says(judging: Any, content: bytes, packing: str, status: int) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": packing}
    said = judging.post("/api/v1/lines/press/rows", content=content, headers=headers)
    assert said.status_code == status
    assert said.status_code == 200 or said.json()["cure"]


def test_no_rows_are_no_mistake(house: Any) -> None:
    assert house.send().json()["accepted"] == 0


def test_a_misspelt_word_is_refused_with_its_place(house: Any) -> None:
    said = house.send({"values": {"a": 1}}, {"values": {"a": 1}, "tiem": "2025-03-04T06:00:00Z"})
    assert said.status_code == 422
    assert said.json()["row"] == 2
    assert "tiem" in said.json()["detail"]


def test_an_unknown_line_is_named(house: Any) -> None:
    said = house.send(row("a"), line="pres")
    assert said.status_code == 404
    assert "press" in said.json()["cure"]


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_413(house: Any, declared: bool) -> None:
    size = 65 * 1024 * 1024

    def parts() -> Iterator[bytes]:
        for _ in range(66):
            yield bytes(1024 * 1024)

    headers = {"Content-Type": "application/json", **({"Content-Length": str(size)} if declared else {})}
    said = house.post("/api/v1/lines/press/rows", content=b"{}" if declared else parts(), headers=headers)
    assert said.status_code == 413
    assert said.json()["cure"]


def test_a_server_that_is_busy_says_when_to_come_back(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(store, "WAITING", 1)
    house = request.getfixturevalue("house")
    free, started = threading.Event(), threading.Event()
    held = house.ledger.submit(lambda connection: (started.set(), free.wait(60)))
    started.wait(60)
    waiting = house.ledger.submit(lambda connection: None)
    said = house.send({"id": "a", "values": {"x": 1}})
    assert said.status_code == 429
    assert int(said.headers["Retry-After"]) >= 1
    free.set()
    held.result(60)
    waiting.result(60)
    assert house.send({"id": "a", "values": {"x": 1}}).json()["accepted"] == 1


def test_a_ledger_that_is_closed_is_503_and_nothing_was_accepted(house: Any) -> None:
    house.ledger.close()
    said = house.send({"id": "a", "values": {"x": 1}})
    assert said.status_code == 503
    assert said.headers["Retry-After"]


def test_many_senders_at_once_lose_nothing_and_double_nothing(judging: Any, boards: list[dict[str, Any]]) -> None:
    parts = [boards[i : i + 10] for i in range(0, 400, 10)]
    with ThreadPoolExecutor(8) as crew:
        said = list(crew.map(lambda part: judging.send(*part).json(), [part for part in parts for _ in range(2)]))
    assert sum(one["accepted"] for one in said) == 400
    assert sum(one["duplicates"] for one in said) == 400
    assert on_disk(judging.path) == 400
    got = judging.get("/api/v1/lines/press/points?limit=1000").json()["points"]
    assert sorted(p["id"] for p in got) == sorted(b["id"] for b in boards[:400])


def test_pages_of_points_join_without_gap_or_overlap(judging: Any, boards: list[dict[str, Any]]) -> None:
    judging.send(*boards[:100])
    after, got = 0, []
    while True:
        page = judging.get("/api/v1/lines/press/points", params={"after": after, "limit": 7}).json()
        got += page["points"]
        after = page["next"]
        if not page["more"]:
            break
    assert [p["seq"] for p in got] == list(range(1, 101))
    assert judging.get("/api/v1/lines/press/points", params={"after": 100}).json() == {"points": [], "next": 100, "more": False}


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
VALUES = st.dictionaries(st.sampled_from([*GOOD, "extra"]), st.none() | st.floats() | ANY, max_size=8)
ROW = st.fixed_dictionaries(
    {"values": VALUES | ANY},
    optional={"id": st.none() | st.text(max_size=5) | ANY, "time": st.none() | st.text(max_size=10) | ANY, "quality": st.just("bad") | ANY},
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.fixed_dictionaries({"rows": st.lists(ROW, max_size=5)}) | ANY)
def test_whatever_is_sent_every_row_is_accounted_for(judging: Any, body: Any) -> None:
    text = json.dumps(body)  # with NaN and Infinity, as careless senders write them
    before = on_disk(judging.path)
    said = judging.post(
        "/api/v1/lines/press/rows", content=text.encode("utf-8", "surrogatepass"), headers={"Content-Type": "application/json"}
    )
    assert said.status_code in (200, 422)
    if "accepted" in said.json():
        receipt = said.json()
        assert receipt["accepted"] + receipt["duplicates"] + len(receipt["refused"]) == len(body["rows"])
        assert all(1 <= one["row"] <= len(body["rows"]) and one["reason"] for one in receipt["refused"])
        if said.status_code == 422:
            assert receipt["row"] == receipt["refused"][0]["row"]
        assert on_disk(judging.path) == before + receipt["accepted"]
    else:
        assert on_disk(judging.path) == before
    assert judging.get("/api/v1/lines/press/points?limit=5").status_code == 200


SOUND = json.dumps({"rows": [{"time": "2025-03-04T06:00:00Z", "values": GOOD, "quality": "good"}, row(None, warp_mm=None)]}).encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(SOUND) - 1),
    cut=st.integers(0, 12),
    new=st.binary(max_size=6) | st.sampled_from([b"NaN", b"-", b"1e999", b'"', b"null", b"{}", b"[", b"\\ud800", b"\xff", b"9" * 5000]),
)
def test_a_body_that_was_damaged_on_its_way_is_never_a_failure_of_the_server(house: Any, at: int, cut: int, new: bytes) -> None:
    before = on_disk(house.path)
    body = SOUND[:at] + new + SOUND[at + cut :]
    said = house.post("/api/v1/lines/press/rows", content=body, headers={"Content-Type": "application/json"})
    assert said.status_code in (200, 422)
    assert on_disk(house.path) == before + said.json().get("accepted", 0)
