"""From an upload over a fit to a model that is active."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spc.line import save_model
from spc.nouns import Model

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards"


def uploaded(house: Any, content: bytes | None = None, **form: str) -> Any:
    body = (DEMO / "phase1_reference.csv").read_bytes() if content is None else content
    return house.post("/api/v1/references", files={"file": ("reference.csv", body)}, data=form)


def test_an_upload_answers_with_what_was_found(house: Any) -> None:
    said = uploaded(house, by="Ada")
    assert said.status_code == 201
    found = said.json()
    assert {"id", "findings", "names", "columns", "n", "dialect"} <= set(found)
    assert (found["n"], found["name"], found["created_by"]) == (200, "reference.csv", "Ada")
    assert found["names"] == ["length_mm", "width_mm", "thickness_mm", "hole_pitch_mm", "warp_mm", "copper_um"]
    assert house.get(said.headers["Location"]).json() == found
    assert [one["id"] for one in house.get("/api/v1/references").json()["references"]] == [found["id"]]
    assert uploaded(house, by="Ada").json()["id"] == found["id"]


def test_the_file_itself_may_be_the_body(house: Any) -> None:
    def parts() -> Iterator[bytes]:
        text = (DEMO / "phase1_reference.csv").read_bytes()
        yield from (text[i : i + 1000] for i in range(0, len(text), 1000))

    words = {"name": "raw.csv", "roles": json.dumps({"warp_mm": "ignore"})}
    said = house.post("/api/v1/references", content=parts(), params=words, headers={"Content-Type": "text/csv"})
    assert said.status_code == 201
    assert said.json()["name"] == "raw.csv"
    assert "warp_mm" not in said.json()["names"]
    assert said.json()["digest"] == uploaded(house).json()["digest"]


def test_roles_that_are_answered_make_another_reference(house: Any) -> None:
    first = uploaded(house).json()
    for method in ("POST", "PATCH"):
        said = house.client.request(method, f"/api/v1/references/{first['id']}/roles", json={"roles": {"copper_um": "ignore"}})
        assert said.status_code == 201
        assert said.json()["id"] != first["id"]
        assert "copper_um" not in said.json()["names"]
    assert "copper_um" in house.get(f"/api/v1/references/{first['id']}").json()["names"]
    wrong = house.post(f"/api/v1/references/{first['id']}/roles", {"roles": {"copper_um": "ballast"}})
    assert (wrong.status_code, wrong.json()["column"]) == (422, "copper_um")
    assert house.post(f"/api/v1/references/{first['id']}/roles", {"roles": {"gold_um": "ignore"}}).status_code == 422


@pytest.mark.parametrize(
    "content,kind",
    [
        (b"", "BadTable"),
        (b"PK\x03\x04" + bytes(50), "BadTable"),
        (b"<!doctype html><html>sign in</html>", "BadTable"),
        (b"a,b\n" + b"1,2\n" * 9 + b"1,2,3\n", "BadTable"),
        (b"a;b\n" + b"x;y\n" * 50, "BadTable"),
    ],
)
def test_a_file_that_is_no_reference_is_refused_in_words(house: Any, content: bytes, kind: str) -> None:
    said = uploaded(house, content)
    assert said.status_code == 422
    assert said.json()["title"] == kind
    assert said.json()["cure"]
    assert house.get("/api/v1/references").json()["references"] == []


@pytest.mark.parametrize("roles", ["[", "[1]", '{"warp_mm": "wide"}', '{"gold": "ignore"}', '{"warp_mm": 1}'])
def test_roles_that_make_no_sense(house: Any, roles: str) -> None:
    assert uploaded(house, roles=roles).status_code == 422


def test_a_form_without_a_file(house: Any) -> None:
    said = house.post("/api/v1/references", files={"roles": (None, "{}")})
    assert said.status_code == 422
    assert "file" in said.json()["detail"]
    broken = house.post("/api/v1/references", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert broken.status_code == 422
    nameless = house.post("/api/v1/references", content=b"", headers={"Content-Type": "multipart/form-data"})
    assert nameless.status_code == 422


def test_a_fit_is_a_job_with_what_the_terminal_prints(house: Any) -> None:
    job = house.fitted(house.kept())
    assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, None)
    result = job["result"]
    assert {"id", "n", "p", "names", "estimator", "alpha", "charts", "outliers", "scatter", "digest", "version"} <= set(result)
    again = house.get(f"/api/v1/models/{result['id']}").json()
    assert {key: again[key] for key in result} == result
    text = house.client.get(f"/api/v1/models/{result['id']}/file").text
    assert Model.from_json(text).digest == result["digest"]
    assert [one["id"] for one in house.get("/api/v1/models").json()["models"]] == [result["id"]]


def test_the_report_of_a_model_is_a_file(house: Any) -> None:
    result = house.fitted(house.kept())["result"]
    said = house.client.get(f"/api/v1/models/{result['id']}/report")
    assert (said.status_code, said.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert said.headers["content-disposition"].startswith('attachment; filename="report-')
    assert result["digest"] in said.text
    assert "Phase I report" in said.text
    assert house.get("/api/v1/models/nonsense/report").status_code == 404


def test_a_recipe_with_exclusions_and_ignored_columns(house: Any) -> None:
    recipe = {
        "estimator": "classical",
        "alpha": 0.001,
        "ignore": ["copper_um"],
        "exclusions": [{"row": 167, "reason": "slip", "by": "Ada"}],
    }
    result = house.fitted(house.kept(), recipe)["result"]
    assert (result["n"], result["p"], result["alpha"]) == (199, 5, 0.001)
    assert result["excluded"] == [{"row": 167, "reason": "slip"}]


@pytest.mark.parametrize(
    "recipe,said",
    [
        ({"estimator": "mdc"}, "mcd"),
        ({"estimatr": "mcd"}, "estimator"),
        ({"alpha": 2}, "alpha"),
        ({"limit": "chi"}, "chi2"),
        ({"charts": ["mewma"]}, "t2"),
        ({"estimator": {"name": "mcd", "k": 3}}, "mcd"),
        ({"estimator": "os:system"}, "HTTP"),
        ({"estimator": {"name": "subprocess:Popen", "args": "true"}}, "HTTP"),
        ({"charts": {"builtins:print": {}}}, "HTTP"),
        ({"charts": ["builtins:print"]}, "HTTP"),
        ({"charts": {"t2": {"name": "builtins:print"}}}, "HTTP"),
        ({"exclusions": [{"row": 1}]}, "reason"),
        ({"charts": 7}, "recipe"),
        ({"estimator": 7}, "recipe"),
    ],
)
def test_a_recipe_that_cannot_be_read_is_refused_at_once(house: Any, recipe: dict[str, Any], said: str) -> None:
    answer = house.post("/api/v1/models", {"reference_id": house.kept(), "recipe": recipe})
    assert answer.status_code == 422
    assert said in answer.json()["detail"] + answer.json()["cure"]


def test_a_fit_that_cannot_be_done_fails_in_words(house: Any) -> None:
    job = house.fitted(house.kept(b"a_mm,b_mm,c_mm\n1,5,2\n2,3,9\n7,1,1\n"))
    assert job["state"] == "failed"
    assert job["error"]["title"] == "TooFewRows"
    assert job["error"]["cure"]
    assert house.get("/api/v1/models").json()["models"] == []


def test_what_does_not_exist_is_404(house: Any) -> None:
    for path in (
        "/api/v1/references/x",
        "/api/v1/models/x",
        "/api/v1/models/x/file",
        "/api/v1/jobs/x",
        "/api/v1/alarms/x",
        "/api/v1/lines/x",
    ):
        assert house.get(path).status_code == 404
    assert house.post("/api/v1/models", {"reference_id": "x"}).status_code == 404
    assert house.post("/api/v1/models/x/activate", {"line": "press", "reason": "why not", "by": "Ada"}).status_code == 404
    assert house.post("/api/v1/references/x/roles", {"roles": {}}).status_code == 404


def test_activation_needs_a_reason_and_moves_the_pointer(house: Any, demo_model: Model) -> None:
    id = save_model(house.ledger, demo_model, reference_id=None, by="Ada", now=house.plant.clock())
    path = f"/api/v1/models/{id}/activate"
    assert house.post(path, {"line": "press", "by": "Ada"}).status_code == 422
    assert house.post(path, {"line": "press", "reason": " ", "by": "Ada"}).status_code == 422
    assert house.post(path, {"line": "oven", "reason": "first", "by": "Ada"}).status_code == 404
    said = house.post(path, {"line": "press", "reason": "first", "by": "Ada"})
    assert (said.status_code, said.json()["model_id"], said.json()["after_seq"]) == (200, id, 0)
    assert house.post(path, {"line": "press", "reason": "again", "by": "Ada"}).status_code == 409
    line = house.get("/api/v1/lines/press").json()
    assert line["model_id"] == id
    assert [(one["by"], one["reason"]) for one in line["activations"]] == [("Ada", "first")]
    off = house.post("/api/v1/lines/press/deactivate", {"reason": "changeover", "by": "Ada"})
    assert off.json()["model_id"] is None
    assert {one["name"]: one["model_id"] for one in house.get("/api/v1/lines").json()["lines"]} == {"press": None, "mixer": None}
