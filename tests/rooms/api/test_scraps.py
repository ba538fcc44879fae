"""Scraps and gaps over HTTP: seen, taken again, discarded."""

from __future__ import annotations

import base64

from spc.ledger import Ledger, leases, rows
from spc.line import Plant
from spc.sources import Batch, Gap, Scrap
from spc.sources.batch import NO_ROWS
from tests.rooms.api.conftest import House

PATH = "/api/v1/lines/press/scraps"


def scrapped(house: House, payload: bytes, reason: str = "nothing could be made of it") -> int:
    """The number of a scrap that a source gave."""
    house.plant.line("press").take_batch(Batch(NO_ROWS, None, (Scrap(payload, reason),)), source="mqtt press")
    found = house.get(PATH).json()["scraps"]
    return int(found[-1]["id"])


def count(house: House) -> int:
    with house.ledger.read() as connection:
        return len(rows.last_rows(connection, "press", 100))


def test_a_scrap_is_shown_with_its_reason_as_it_came(house: House) -> None:
    scrapped(house, b'{"values": {"a": "1,5"}}', "'1,5' is not a number")
    scrapped(house, b"\xff\x00", "Byte 1 is not UTF-8")
    first, second = house.get(PATH).json()["scraps"]
    assert (first["payload"], first["encoding"], first["source"]) == ('{"values": {"a": "1,5"}}', "text", "mqtt press")
    assert (base64.b64decode(second["payload"]), second["encoding"]) == (b"\xff\x00", "base64")
    assert second["reason"] == "Byte 1 is not UTF-8"
    assert "spc_scraps_waiting" in house.get("/metrics").text


def test_one_that_was_corrected_becomes_a_row_once(house: House) -> None:
    id = scrapped(house, b'{"id": "B7", "values": {"a": "1,5"}}')
    refused = house.post(f"{PATH}/{id}/take", {"by": "Ada"})
    assert refused.status_code == 422
    assert "not a number" in refused.json()["detail"] + refused.json()["title"]
    assert house.get(PATH).json()["scraps"][0]["state"] == "waiting"
    taken = house.post(f"{PATH}/{id}/take", {"by": "Ada", "payload": '{"id": "B7", "values": {"a": 1.5}}'})
    assert taken.json()["accepted"] == 1
    assert count(house) == 1
    assert house.post(f"{PATH}/{id}/take", {"by": "Ada", "payload": '{"id": "B8", "values": {"a": 1.5}}'}).status_code == 409
    assert count(house) == 1
    (done,) = house.get(PATH, params={"state": "taken"}).json()["scraps"]
    assert (done["handled_by"], done["payload"]) == ("Ada", '{"id": "B7", "values": {"a": "1,5"}}')


def test_of_a_line_that_another_process_runs_that_one_is_asked(house: House) -> None:
    id = scrapped(house, b'{"id": "B7", "values": {"a": "1,5"}}')
    corrected = {"by": "Ada", "payload": '{"id": "B7", "values": {"a": 1.5}}'}
    path = f"{PATH}/{id}"
    house.ledger.write(lambda connection: leases.release(connection, house.ledger.owner))
    with Ledger.open(f"sqlite:///{house.path}") as theirs:
        other = Plant(theirs, house.plant.settings)
        other.line("press").hold()
        answer = house.post(f"{path}/take", {"by": "Ada"})
        assert (answer.status_code, answer.headers["Location"]) == (202, path)
        assert house.get(path).json()["asked"]["refused"] is None
        other._look_once()
        assert "not a number" in house.get(path).json()["asked"]["refused"]
        assert house.post(f"{path}/take", corrected).json()["state"] == "waiting"
        assert [one["asked"]["refused"] for one in house.get(PATH).json()["scraps"]] == [None]
        other._look_once()
        other._look_once()
    done = house.get(path).json()
    assert (done["state"], done["handled_by"], "asked" in done) == ("taken", "Ada", False)
    assert count(house) == 1
    assert house.post(f"{path}/take", corrected).status_code == 409
    assert house.get(f"{PATH}/99").status_code == 404


def test_one_that_is_discarded_needs_a_reason_and_is_kept(house: House) -> None:
    id = scrapped(house, b"hello")
    assert house.post(f"{PATH}/{id}/discard", {"by": "Ada", "reason": " "}).status_code == 422
    assert house.post(f"{PATH}/{id}/discard", {"by": "Ada", "reason": "a test message"}).json() == {"id": id, "state": "discarded"}
    assert house.get(PATH).json()["scraps"] == []
    assert house.post(f"{PATH}/99/discard", {"by": "Ada", "reason": "why"}).status_code == 404


def test_gaps_are_told_with_their_reasons(house: House) -> None:
    now = house.plant.clock()
    batch = Batch(NO_ROWS, None, (), (Gap(now - 5_000_000, now, "sequence 7 to 9 is missing"), Gap(now, None, "cut off")))
    house.plant.line("press").take_batch(batch, source="mqtt press")
    found = house.get("/api/v1/lines/press/gaps").json()["gaps"]
    assert [(one["why"], one["until"] is None) for one in found] == [("sequence 7 to 9 is missing", False), ("cut off", True)]
    assert house.get("/api/v1/lines/press/gaps", params={"from": "2999-01-01"}).json()["gaps"][0]["why"] == "cut off"
    assert house.get("/api/v1/lines/press/gaps", params={"from": "yesterday"}).status_code == 422
