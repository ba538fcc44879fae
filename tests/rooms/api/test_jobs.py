"""Jobs: cancelled while they wait and while they run; the workbench that does them is warm before it is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spc.api import application
from spc.ledger import events, models
from spc.workbench.starter import Forks
from tests.waiting import until

LONG = {"estimator": {"name": "mcd", "h": 0.63}, "limit": "calibrated"}  # no table has this h: it is simulated, for seconds


def test_a_job_is_cancelled_while_it_runs_and_while_it_waits(house: Any) -> None:
    reference = house.kept()
    x = (
        np.random.default_rng(1).standard_normal((400, 30)).round(3).tolist()
    )  # so many columns that it is far from over when it is cancelled
    wide = house.kept("\n".join([",".join(f"v{j}" for j in range(30)), *(",".join(map(str, row)) for row in x)]).encode())
    asked = [house.post("/api/v1/models", {"reference_id": wide, "recipe": LONG}).headers["Location"] for _ in range(3)]
    until(lambda: all(house.get(path).json()["stage"] for path in asked[:2]))  # two at a time
    assert house.get(asked[2]).json()["state"] == "waiting"
    for path in reversed(asked):
        answer = house.client.delete(path, params={"by": "Ada"})
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    until(lambda: not house.app.state.served.tickets)
    assert house.fitted(reference)["state"] == "done"
    assert [house.get(path).json()["state"] for path in asked] == ["cancelled"] * 3
    with house.ledger.read() as connection:
        assert len(models.models(connection)) == 1
        assert [(one.by, one.about[:4]) for one in events.events(connection) if one.what == "job cancelled"] == [("Ada", "job:")] * 3


def test_a_job_that_is_over_or_unknown_cannot_be_cancelled(house: Any) -> None:
    job = house.fitted(house.kept())
    again = house.client.delete(f"/api/v1/jobs/{job['id']}")
    assert (again.status_code, again.json()["detail"]) == (409, "This job is over: done.")
    assert house.get(f"/api/v1/jobs/{job['id']}").json()["result"] == job["result"]
    assert house.client.delete("/api/v1/jobs/nonsense").status_code == 404


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "WARM_AFTER_S", 0.01)
    monkeypatch.setattr("spc.workbench.bench.usual", Forks)  # its own, and not the one that these tests share


def test_what_a_fit_needs_is_loaded_after_the_start_and_ended_with_the_server(at_once: None, house: Any) -> None:
    forks = house.app.state.served.bench._starter
    until(lambda: forks._process is not None)
    process = forks._process
    assert process.poll() is None
    house.app.state.served.close()
    assert process.poll() is not None
