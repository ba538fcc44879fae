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
