"""Replays over HTTP: a job whose result is what the verb says."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from spc.ledger import jobs, models
from spc.line import activate, save_model
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor
from spc.reference import read, read_rows
from spc.replay import Candidate, replay
from tests.rooms.api.conftest import DEMO, House
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
        ({"line": "press", "since": "2025-03-04 07:00", "until": "2025-03-04 06:00"}, 422, "ends (2025-03-04 06:00) before it begins"),
        ({"line": "press", "first": 9, "last": 8}, 422, "ends (row 8) before it begins (row 9)"),
        ({"line": "press", "until": "31.2.2025"}, 422, "The end of the stretch, '31.2.2025', is not a time"),
        ({"reference_id": "none", "first": 3}, 422, "played as a whole"),
        ({"line": "press", "candidates": [{}]}, 422, "exactly one of model_id and reference_id"),
        ({"line": "press", "candidates": [{"model_id": "a", "reference_id": "b"}]}, 422, "exactly one of model_id and reference_id"),
        ({"line": "press", "candidates": [{"model_id": "a", "recipe": {"alpha": 0.1}}]}, 422, "has its recipe"),
        ({"line": "press", "candidates": [{"reference_id": "none"}]}, 404, "none"),
        ({"line": "press", "candidates": [{"reference_id": "REF", "recipe": {"estimatr": "mcd"}}]}, 422, "no 'estimatr'"),
        ({"line": "press", "candidates": [{"reference_id": "REF", "recipe": {"alpha": 7}}]}, 422, "alpha"),
        ({"line": "press", "candidates": [{"reference_id": "REF", "recipe": {"estimator": "os:system"}}]}, 422, "over HTTP"),
        ({"line": "press", "candidates": [{"reference_id": "REF", "recipe": {"product": "x"}, "keep": True}]}, 422, "by product"),
        ({"line": "press", "candidates": [{"reference_id": "REF"}, {"reference_id": "REF"}]}, 422, "Two candidates are called"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(house: House, asked: dict[str, Any], status: int, why: str) -> None:
    reference = house.kept()
    said = [{k: reference if v == "REF" else v for k, v in one.items()} for one in asked.get("candidates", [{"model_id": saved(house)}])]
    answer = house.post("/api/v1/replays", {**asked, "candidates": said})
    assert answer.status_code == status, answer.text
    assert why in answer.json()["detail"]


def test_no_rows_fail_in_words(house: House) -> None:
    job = played(house, line="press", candidates=[{"model_id": saved(house)}])
    assert job["state"] == "failed"
    assert "no rows to play" in job["error"]["detail"]


RECIPE = {"estimator": "classical", "false_alarms": "2 per week", "every": "45s", "charts": ["t2"], "limit": "f"}


def stored(house: House) -> int:
    with house.ledger.read() as connection:
        return len(models.models(connection))


def test_a_reference_with_a_recipe_is_fitted_for_the_replay_alone(house: House, demo_model: Any) -> None:
    reference = house.kept()
    active = save_model(house.ledger, demo_model, reference_id=reference, by="Ada", now=house.plant.clock())
    activate(house.ledger, "press", active, "first", "Ada", house.plant.clock())
    fresh = {"reference_id": reference, "recipe": RECIPE, "name": "strict"}
    job = played(house, reference_id=house.kept((DEMO / "phase2_stream.csv").read_bytes()), candidates=[{"model_id": active}, fresh])
    assert job["state"] == "done", job
    table = read(DEMO / "phase1_reference.csv")
    wanted = fit(table, Recipe.from_dict(RECIPE)).model
    old, new = job["result"]["candidates"]
    assert (old["model_id"], old["judges"], old["reference"]) == (active, ["press"], "kept.csv")
    assert (new["model_id"], new["digest"], new["estimator"], new["alpha"]) == (None, wanted.digest, wanted.estimator, wanted.alpha)
    assert new["recipe"] == RECIPE
    stream = read_rows(DEMO / "phase2_stream.csv", columns=wanted.columns)
    assert job["result"]["outcomes"][1]["rows_out"] == int(Monitor(wanted).judge(stream).tracks["t2"].out.sum()) > 0
    assert stored(house) == 1
    answer = house.post(f"/api/v1/replays/{job['id']}/keep", {"candidate": "strict", "by": "Ada", "note": "after the replay"})
    assert answer.status_code == 202
    kept = house.job(answer.headers["Location"])
    assert kept["result"]["id"] == wanted.digest[:16]
    assert house.get(f"/api/v1/models/{wanted.digest[:16]}").json()["note"] == "after the replay"
    assert house.get(f"/api/v1/replays/{job['id']}").json()["result"]["candidates"][1]["model_id"] == wanted.digest[:16]
    assert house.post(f"/api/v1/replays/{job['id']}/keep", {"candidate": "strict"}).status_code == 409
    assert house.post(f"/api/v1/replays/{job['id']}/keep", {"candidate": "nobody"}).status_code == 404
    assert (
        house.post(f"/api/v1/models/{wanted.digest[:16]}/activate", {"line": "press", "reason": "as played", "by": "Ada"}).status_code
        == 200
    )


def test_a_candidate_that_is_asked_to_be_kept_is_stored_with_the_result(house: House) -> None:
    reference = house.kept()
    stream = house.kept((DEMO / "phase2_stream.csv").read_bytes())
    fresh = {"reference_id": reference, "recipe": {"estimator": "classical"}, "keep": True}
    job = played(house, reference_id=stream, candidates=[fresh], by="Ada")
    assert job["state"] == "done", job
    made = job["result"]["candidates"][0]["model_id"]
    record = house.get(f"/api/v1/models/{made}").json()
    assert (record["created_by"], record["reference_id"], stored(house)) == ("Ada", reference, 1)
    assert [e["what"] for e in events(house)] == ["model saved"]


def events(house: House) -> list[dict[str, Any]]:
    from spc.ledger import events as book

    with house.ledger.read() as connection:
        return [{"what": one.what} for one in book.events(connection) if one.what == "model saved"]


def test_a_cancelled_replay_leaves_nothing(house: House) -> None:
    x = np.random.default_rng(1).normal(size=(10_000, 3)).round(4)
    text = ",".join(NAMES) + "\n" + "\n".join([",".join(map(repr, row)) for row in x.tolist()] * 25)  # long to play
    rows_id, reference = house.kept(text.encode()), house.kept(("\n".join(text.splitlines()[:301]) + "\n").encode())
    fresh = [
        {"reference_id": reference, "recipe": {"estimator": "classical", "alpha": a}, "keep": True, "name": str(a)} for a in (0.01, 0.02)
    ]
    answer = house.post("/api/v1/replays", {"reference_id": rows_id, "candidates": fresh, "by": "Ada"})
    path = f"/api/v1/replays/{answer.json()['job']}"
    until = time.monotonic() + 60
    while (job := house.get(path).json())["stage"] != "playing":
        assert time.monotonic() < until, job
        assert job["state"] in ("waiting", "running"), job
        time.sleep(0.02)
    assert 0 < job["progress"] < 1  # both are fitted, the rows are being played
    gone = house.client.delete(f"{path}?by=Ada").json()
    assert gone["state"] == "cancelled"
    served = house.app.state.served
    while served.tickets:
        assert time.monotonic() < until
        time.sleep(0.02)
    job = house.get(path).json()
    assert (job["state"], job["result"], stored(house)) == ("cancelled", None, 0)
    assert house.client.delete(path).status_code == 409
    with house.ledger.read() as connection:
        assert len(jobs.jobs(connection)) == 1


def test_a_replay_is_cancelled_while_it_fits(house: House) -> None:
    x = np.random.default_rng(2).normal(size=(6000, 20))
    text = ",".join(f"v{j}" for j in range(20)) + "\n" + "\n".join(",".join(f"{v:.5f}" for v in row) for row in x.tolist())
    reference = house.kept(text.encode())
    slow = {"reference_id": reference, "recipe": {"estimator": "mcd", "limit": "bootstrap"}, "keep": True}
    path = f"/api/v1/replays/{house.post('/api/v1/replays', {'reference_id': reference, 'candidates': [slow]}).json()['job']}"
    until = time.monotonic() + 60
    while not house.get(path).json()["stage"].startswith("fitting"):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert house.client.delete(path).json()["state"] == "cancelled"
    while house.app.state.served.tickets:
        assert time.monotonic() < until
        time.sleep(0.02)
    job = house.get(path).json()
    assert (job["state"], job["result"], stored(house)) == ("cancelled", None, 0)


def test_only_a_replay_is_one(house: House) -> None:
    fitted = house.fitted(house.kept())
    for answer in (house.get(f"/api/v1/replays/{fitted['id']}"), house.client.delete(f"/api/v1/replays/{fitted['id']}")):
        assert answer.status_code == 404
    assert house.post(f"/api/v1/replays/{fitted['id']}/keep", {"candidate": "x"}).status_code == 404


def two_kinds(rng: np.random.Generator, n: int) -> bytes:
    lines = ["kind,lot,a,b"]
    lines += [f"{'AB'[k % 2]},L{k // 10},{rng.normal(10 * (k % 2)):.6f},{rng.normal(-10 * (k % 2)):.6f}" for k in range(n)]
    return "\n".join(lines).encode()


def test_products_and_subgroups_of_a_table(house: House) -> None:
    rng = np.random.default_rng(5)
    reference, table = house.kept(two_kinds(rng, 300)), house.kept(two_kinds(rng, 200))
    by_kind = {"estimator": "classical", "product": "kind", "ignore": ["lot"]}
    by_lot = {"estimator": "classical", "subgroup": "lot", "ignore": ["kind"]}
    said = [{"reference_id": reference, "recipe": by_kind, "name": "kinds"}, {"reference_id": reference, "recipe": by_lot, "name": "lots"}]
    job = played(house, reference_id=table, candidates=said)
    assert job["state"] == "done", job
    kinds, lots = job["result"]["outcomes"]
    assert (kinds["judged"], lots["judged"]) == (200, 20)
    assert kinds["rows_out"] <= 4
    assert job["result"]["candidates"][0]["products"] == ["A", "B"]
    assert house.post(f"/api/v1/replays/{job['id']}/keep", {"candidate": "kinds"}).status_code == 422
    assert stored(house) == 0
