"""Health, metrics, the description, and answers to what is not there."""

from __future__ import annotations

import json
import re
from typing import Any

from prometheus_client.parser import text_string_to_metric_families


def metrics(house: Any) -> dict[str, float]:
    answer = house.client.get("/metrics")
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(one.labels.items()))
            found[f"{one.name}[{labels}]" if labels else one.name] = one.value
    return found


def test_alive_and_ready(house: Any) -> None:
    assert house.get("/healthz").json()["status"] == "ok"
    ready = house.get("/readyz")
    assert (ready.status_code, ready.json()["status"], set(ready.json()["lines"])) == (200, "ready", {"press", "mixer"})


def test_not_ready_when_nothing_can_be_written_but_still_alive(house: Any) -> None:
    house.ledger.close()
    answer = house.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert "closed" in answer.json()["ledger"]
    assert house.get("/healthz").status_code == 200


def test_metrics_count_what_happened(judging: Any, boards: list[dict[str, Any]]) -> None:
    judging.send(*boards[:125])
    judging.send(*boards[:5], {"id": "x", "values": {"warp_mm": "high"}})
    found = metrics(judging)
    assert found["spc_rows_accepted_total[line=press]"] == 125
    assert found["spc_rows_judged_total[line=press]"] == 125
    assert found["spc_rows_accepted_total[line=mixer]"] == 0
    assert found["spc_rows_duplicate_total[line=press]"] == 5
    assert found["spc_rows_refused_total[line=press]"] == 1
    assert found["spc_signals_total[line=press]"] == 2
    assert found["spc_alarms_open"] == 1
    assert found["spc_outbox_waiting"] == 0
    assert found["spc_commit_seconds_count"] == 2
    judging.send(*boards[125:130])
    assert metrics(judging)["spc_rows_judged_total[line=press]"] == 130


def test_only_rows_that_were_judged_are_counted_as_judged(judging: Any, boards: list[dict[str, Any]]) -> None:
    judging.send(*boards[:10])
    judging.post("/api/v1/lines/press/deactivate", {"reason": "changeover", "by": "Ada"})
    judging.send(*boards[10:14])
    id = judging.get("/api/v1/models").json()["models"][0]["id"]
    judging.post(f"/api/v1/models/{id}/activate", {"line": "press", "reason": "back", "by": "Ada"})
    judging.send(*boards[14:16])
    found = metrics(judging)
    assert (found["spc_rows_accepted_total[line=press]"], found["spc_rows_judged_total[line=press]"]) == (16, 12)
    assert len(judging.get("/api/v1/lines/press/points").json()["points"]) == 12


def test_an_unknown_path_under_api_is_a_problem_and_a_known_one_takes_its_own_methods(house: Any) -> None:
    assert house.get("/api/v2/lines").status_code == 404
    assert house.get("/api").status_code == 404
    for method, path in (("PUT", "/api/v1/models"), ("DELETE", "/api/v1/lines/press/rows"), ("GET", "/api/v1/lines/press/rows")):
        answer = house.client.request(method, path)
        assert answer.status_code == 405, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["allow"]


def test_the_page_of_the_description_asks_nobody_else_for_anything(house: Any) -> None:
    answer = house.client.get("/api/docs")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//|@import|url\(", answer.text)
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert house.client.get(path).status_code == 404


def test_every_path_is_described(house: Any) -> None:
    schema = house.get("/api/openapi.json").json()
    page = house.client.get("/api/docs").text
    operations = [(path, method, one) for path, methods in schema["paths"].items() for method, one in methods.items()]
    promised = {
        "/healthz", "/readyz", "/metrics", "/api/v1/references", "/api/v1/references/{id}", "/api/v1/models", "/api/v1/models/{id}",
        "/api/v1/models/{id}/activate", "/api/v1/lines/{line}/rows", "/api/v1/lines/{line}/points", "/api/v1/lines/{line}/stream",
        "/api/v1/alarms", "/api/v1/alarms/{id}/acknowledge", "/api/v1/alarms/{id}/shelve", "/api/v1/alarms/{id}/cause", "/api/v1/jobs/{id}",
    }  # fmt: skip
    assert promised <= {path for path, _, _ in operations}
    for path, method, one in operations:
        assert one["summary"], path
        assert one["description"], path
        assert f"{method.upper()} {path}" in page
    assert len({one["operationId"] for _, _, one in operations}) == len(operations)
    shapes = set(schema["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/(\w+)", json.dumps(schema))) <= shapes


def test_rows_of_a_product_without_a_model_are_not_counted_as_judged(judging: Any, boards: list[dict[str, Any]]) -> None:
    judging.send(*boards[:10])
    id = judging.get("/api/v1/models").json()["models"][0]["id"]
    judging.post(f"/api/v1/models/{id}/activate", {"line": "press", "reason": "its own", "by": "Ada", "product": "B"})
    judging.post("/api/v1/lines/press/deactivate", {"reason": "changeover", "by": "Ada"})
    judging.send(*({**one, "product": "B"} for one in boards[10:14]), *({**one, "product": "C"} for one in boards[14:17]))
    assert metrics(judging)["spc_rows_judged_total[line=press]"] == 14
    judging.send({**boards[20], "product": "B"})
    assert metrics(judging)["spc_rows_judged_total[line=press]"] == 15


def test_metrics_of_a_line_without_a_source(judging: Any, boards: list[dict[str, Any]]) -> None:
    judging.send(*boards[:10])
    found = metrics(judging)
    assert "spc_source_up[line=press]" not in found
    assert found["spc_lease_held[line=press]"] == 1
    assert found["spc_lease_held[line=mixer]"] == 0
    assert "spc_source_lag_seconds[line=mixer]" not in found


def test_metrics_of_a_source(tmp_path: Any) -> None:
    from spc.api.counters import Counters
    from spc.ledger import Ledger
    from spc.line import Plant
    from spc.settings import LineSettings, PartSettings, Settings

    source = PartSettings("source", "replay", {"path": "/nowhere/rows.csv"})
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        plant = Plant(ledger, Settings(ledger=f"sqlite:///{tmp_path}/a.db", lines=(LineSettings("press", source=source),)))
        tally = plant.source("press").tally
        tally.rows, tally.scraps, tally.lost, tally.last = 7, 2, 1, 1_741_068_000_000_000
        text = Counters(plant).text().decode()
    said = {name: float(value) for line in text.splitlines() if line[:1] != "#" for name, value in [line.rsplit(" ", 1)]}
    assert said['spc_source_up{line="press"}'] == 0
    assert said['spc_source_rows_total{line="press"}'] == 7
    assert said['spc_source_scraps_total{line="press"}'] == 2
    assert said['spc_source_lost_total{line="press"}'] == 1
    assert said['spc_source_last_batch_timestamp_seconds{line="press"}'] == 1_741_068_000
