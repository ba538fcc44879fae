"""Lines over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spc.line import activate, save_model
from spc.settings import VariableSettings
from tests.small import model


def test_a_line_that_is_made_takes_rows_at_once(house: Any) -> None:
    made = house.post("/api/v1/lines", {"name": "lathe-7", "title": "Lathe 7", "by": "Ada"})
    assert (made.status_code, made.headers["location"], made.json()["title"]) == (201, "/api/v1/lines/lathe-7", "Lathe 7")
    sent = house.send({"id": "A1", "values": {"a": 1.0}}, line="lathe-7")
    assert (sent.status_code, sent.json()["accepted"]) == (200, 1)
    assert [one["name"] for one in house.get("/api/v1/lines").json()["lines"]] == ["press", "mixer", "lathe-7"]
    assert house.get("/readyz").json()["lines"]["lathe-7"] == {"source": "none"}


def test_a_bad_name_and_a_taken_one_are_refused_in_words(house: Any) -> None:
    bad = house.post("/api/v1/lines", {"name": "Lathe 7"})
    assert (bad.status_code, "small letters" in bad.json()["cure"]) == (422, True)
    taken = house.post("/api/v1/lines", {"name": "press"})
    assert (taken.status_code, "already" in taken.json()["detail"]) == (409, True)


def test_a_misspelled_column_in_the_settings_is_told_with_the_nearest(house: Any) -> None:
    press = house.plant.line("press")
    assert house.get("/api/v1/lines/press").json()["findings"] == []
    press.settings = replace(press.settings, variables={"wrap_mm": VariableSettings("warp")})
    now = house.plant.clock()
    activate(house.ledger, "press", save_model(house.ledger, model(), reference_id=None, by="Ada", now=now), "new lot", "Ada", now)
    (found,) = house.get("/api/v1/lines/press").json()["findings"]
    assert (found["columns"], found["cure"], found["severity"]) == (["wrap_mm"], "Did you mean warp_mm?", "amber")
    assert house.get("/api/v1/lines").json()["lines"][0]["findings"] == [found]


def test_a_clock_that_is_off_is_a_finding_of_its_line(house: Any) -> None:
    line = house.plant.line("press")
    assert house.get("/api/v1/lines/press").json()["findings"] == []
    for i in range(8):
        now = 1_741_068_000_000_000 + i * 45_000_000
        line.lag.look(now - 95_000_000, now)
    told = house.get("/api/v1/lines/press").json()
    (finding,) = told["findings"]
    assert finding["kind"] == "clock skew"
    assert "95 s after the time that they carry" in finding["text"]
    assert told["lag_s"] == 95.0
    text = house.client.get("/metrics").text
    assert 'spc_source_lag_seconds{line="press"} 95.0' in text
    assert 'spc_source_lag_seconds{line="mixer"}' not in text
