"""Replays over HTTP: a job whose result is what the verb says."""

from __future__ import annotations

from typing import Any

import pytest

from spc.line import save_model
from spc.replay import Candidate, replay
from tests.rooms.api.conftest import House
from tests.small import NAMES, model, rows


def saved(house: House, center: float = 0.0) -> str:
    return save_model(house.ledger, model(center=center), reference_id=None, by="test", now=house.plant.clock())


def played(house: House, **asked: Any) -> dict[str, Any]:
    answer = house.post("/api/v1/replays", asked)
    assert answer.status_code == 202, answer.text
    return house.job(answer.headers["Location"])


def test_a_stretch_of_a_line_through_two_models(house: House) -> None:
    block = rows(200, out=(20, 21, 90, 150), by=3.9)
    house.plant.line("press").take(block)
    one, other = saved(house), saved(house, -0.8)
    job = played(house, line="press", first=11, last=180, candidates=[{"model_id": one, "name": "old"}, {"model_id": other, "name": "new"}])
    assert job["state"] == "done", job
    said = job["result"]
    wanted = replay(block.part(slice(10, 180)), [Candidate("old", model()), Candidate("new", model(center=-0.8))], first_row=11)
    assert (said["first"], said["last"], said["line"]) == (11, 180, "press")
    assert [[a["row"] for a in o["told"]] for o in said["outcomes"]] == [[a.row for a in o.told] for o in wanted.outcomes]
    assert said["compared"][0]["sentence"] == wanted.compared[0].sentence
    assert said["outcomes"][0]["picture"]["ratio"] == list(wanted.outcomes[0].picture[2])
    until = f"{block.at[99]}Z"
    by_time = played(house, line="press", until=until, newest=50, watch={"k": 2, "n": 3}, candidates=[{"model_id": one}])["result"]
    assert (by_time["n"], by_time["rule"]) == (50, "2 of 3 points beyond the limit")
    assert (by_time["first"], by_time["last"]) == (51, 100)


def test_an_uploaded_table_with_labels(house: House) -> None:
    block = rows(40, out=(7, 30))
    lines = [",".join([*NAMES, "bad"])]
    lines += [",".join([*(repr(float(v)) for v in row), str(int(k in (6, 29, 35)))]) for k, row in enumerate(block.x)]
    reference = house.kept("\n".join(lines).encode())
    job = played(house, reference_id=reference, candidates=[{"model_id": saved(house)}], truth="bad")
    assert job["state"] == "done", job
    found = job["result"]["outcomes"][0]["found"]
    assert (found["bad"], found["bad_out"], found["good_out"], found["delay"]) == (3, 2, 0, 0)


@pytest.mark.parametrize(
    "asked, status, why",
    [
        ({}, 422, "exactly one"),
        ({"line": "nowhere"}, 404, "nowhere"),
        ({"line": "press", "truth": "bad"}, 422, "labels"),
        ({"line": "press", "since": "yesterday"}, 422, "not a time"),
        ({"line": "press", "watch": {"k": 3, "n": 2}}, 422, "makes no sense"),
        ({"line": "press", "candidates": [{"model_id": "none"}]}, 404, "no model"),
        ({"reference_id": "none"}, 404, "none"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(house: House, asked: dict[str, Any], status: int, why: str) -> None:
    answer = house.post("/api/v1/replays", {"candidates": [{"model_id": saved(house)}], **asked})
    assert answer.status_code == status, answer.text
    assert why in answer.json()["detail"]


def test_no_rows_fail_in_words(house: House) -> None:
    job = played(house, line="press", candidates=[{"model_id": saved(house)}])
    assert job["state"] == "failed"
    assert "no rows to play" in job["error"]["detail"]
