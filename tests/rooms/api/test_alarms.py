"""Alarms over HTTP: listed, answered, each answer kept with its name."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def alarm(judging: Any, boards: list[dict[str, Any]]) -> dict[str, Any]:
    """The one incident of a line that went out."""
    judging.send(*boards[:121])
    found: list[dict[str, Any]] = judging.get("/api/v1/alarms?state=open").json()["alarms"]
    assert len(found) == 1
    return found[0]


def test_an_alarm_says_what_and_where(alarm: dict[str, Any], judging: Any) -> None:
    assert (alarm["line"], alarm["state"], alarm["active"], alarm["first_row"]) == ("press", "unacknowledged", True, 121)
    assert "warp_mm" in alarm["sentence"]
    assert alarm["facts"]["part"] == "B00321"
    assert alarm["opened_at"].endswith("Z")
    one = judging.get(f"/api/v1/alarms/{alarm['id']}").json()
    assert [event["what"] for event in one["events"]] == ["opened"]
    assert one["messages"] == []


def test_an_alarm_is_said_again_in_another_language(alarm: dict[str, Any], judging: Any) -> None:
    path = f"/api/v1/alarms/{alarm['id']}"
    german = judging.get(f"{path}?language=de").json()["sentence"]
    assert " s zu hoch (0,654 mm; üblich 0,35" in german
    assert judging.get(f"{path}?language=en").json()["sentence"] == alarm["sentence"]
    assert judging.get(f"{path}?language=fr").status_code == 422


def test_acknowledged_once(alarm: dict[str, Any], judging: Any) -> None:
    path = f"/api/v1/alarms/{alarm['id']}/acknowledge"
    assert judging.post(path, {"by": " "}).status_code == 422
    assert judging.post(path, {"note": "mine"}).status_code == 422
    said = judging.post(path, {"by": "Ada", "note": "on my way"})
    assert (said.status_code, said.json()["state"], said.json()["acknowledged_by"]) == (200, "acknowledged", "Ada")
    second = judging.post(path, {"by": "Grace"})
    assert second.status_code == 409
    assert "Ada" in second.json()["detail"]
    events = judging.get(f"/api/v1/alarms/{alarm['id']}").json()["events"]
    assert [(one["what"], one["by"], one["note"]) for one in events[1:]] == [("acknowledged", "Ada", "on my way")]


def test_shelved_until_a_time_with_a_reason(alarm: dict[str, Any], judging: Any) -> None:
    path = f"/api/v1/alarms/{alarm['id']}/shelve"
    assert judging.post(path, {"by": "Ada", "reason": "gauge"}).status_code == 422
    assert judging.post(path, {"by": "Ada", "minutes": 5}).status_code == 422
    assert judging.post(path, {"by": "Ada", "reason": "gauge", "until": "1999-01-01T00:00:00Z"}).status_code == 422
    assert judging.post(path, {"by": "Ada", "reason": "gauge", "until": "soon"}).status_code == 422
    assert judging.post(path, {"by": "Ada", "reason": "gauge", "minutes": 5, "until": "2999-01-01T00:00:00Z"}).status_code == 422
    assert judging.post(path, {"by": "Ada", "reason": "gauge", "minutes": 1e300}).status_code == 422
    said = judging.post(path, {"by": "Ada", "note": "gauge is being changed", "minutes": 5})
    assert (said.status_code, said.json()["state"], said.json()["shelve_reason"]) == (200, "shelved", "gauge is being changed")
    assert judging.get("/api/v1/alarms?state=shelved").json()["alarms"][0]["id"] == alarm["id"]
    assert judging.post(f"/api/v1/alarms/{alarm['id']}/unshelve", {"by": "Ada"}).json()["state"] == "unacknowledged"
    assert judging.post(f"/api/v1/alarms/{alarm['id']}/unshelve", {"by": "Ada"}).status_code == 409


def test_the_cause(alarm: dict[str, Any], judging: Any) -> None:
    path = f"/api/v1/alarms/{alarm['id']}/cause"
    assert judging.post(path, {"by": "Ada"}).status_code == 422
    said = judging.post(path, {"by": "Ada", "cause": "reflow", "note": "cooling fan stood still"})
    assert said.json()["cause"] == "reflow: cooling fan stood still"


def test_lists_are_filtered(alarm: dict[str, Any], judging: Any) -> None:
    assert judging.get("/api/v1/alarms?line=mixer").json()["alarms"] == []
    assert len(judging.get("/api/v1/alarms?line=press&state=unacknowledged").json()["alarms"]) == 1
    assert judging.get("/api/v1/alarms?state=acknowledged").json()["alarms"] == []
    wrong = judging.get("/api/v1/alarms?state=angry")
    assert wrong.status_code == 422
    assert "unacknowledged" in wrong.json()["cure"]
    assert judging.get("/api/v1/alarms?limit=0").status_code == 422


def test_since_when_and_known_causes(alarm: dict[str, Any], judging: Any) -> None:
    assert alarm["since"]["row"] == 121
    assert alarm["since"]["row_time"].endswith("Z")
    assert alarm["since"]["kind"] == "step"
    assert alarm["facts"]["looks_like"] == []
    empty = judging.get("/api/v1/lines/press/causes")
    assert (empty.status_code, empty.json()) == (200, {"causes": []})
    said = {"by": "Ada", "cause": "reflow", "note": "cooling fan stood still", "action": "fan changed"}
    assert judging.post(f"/api/v1/alarms/{alarm['id']}/cause", said).status_code == 200
    (known,) = judging.get("/api/v1/lines/press/causes").json()["causes"]
    assert (known["name"], known["times"], known["last_at"]) == ("reflow", 1, alarm["opened_at"])
    (incident,) = known["incidents"]
    assert (incident["alarm_id"], incident["action"], incident["note"]) == (alarm["id"], "fan changed", "cooling fan stood still")
    assert incident["shift"]["shift"]["warp_mm"] > 0.2
    assert judging.get(f"/api/v1/alarms/{alarm['id']}").json()["looks_like"] == []  # not like itself

    path = f"/api/v1/lines/press/causes/{known['id']}"
    assert judging.post(f"{path}/rename", {"by": "Ada", "name": "reflow oven"}).status_code == 422
    renamed = judging.post(f"{path}/rename", {"by": "Ada", "name": "reflow oven", "reason": "there are two"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "reflow oven")
    gone = judging.post(f"{path}/withdraw", {"by": "Ada", "reason": "the oven is gone"})
    assert (gone.status_code, gone.json()["withdrawn_by"]) == (200, "Ada")
    assert judging.post(f"{path}/withdraw", {"by": "Ada", "reason": "again"}).status_code == 409
    assert judging.get("/api/v1/lines/press/causes").json()["causes"] == []
    assert len(judging.get("/api/v1/lines/press/causes?withdrawn=true").json()["causes"]) == 1
    assert judging.get("/api/v1/lines/nowhere/causes").status_code == 404
    assert judging.post("/api/v1/lines/press/causes/99/withdraw", {"by": "Ada", "reason": "x"}).status_code == 404


def test_a_cause_that_is_none_is_kept_under_no_name(alarm: dict[str, Any], judging: Any) -> None:
    said = judging.post(f"/api/v1/alarms/{alarm['id']}/cause", {"by": "Ada", "cause": "nothing was wrong", "known": False})
    assert said.json()["cause"] == "nothing was wrong"
    assert judging.get("/api/v1/lines/press/causes").json()["causes"] == []
