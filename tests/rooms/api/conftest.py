"""A real application on a real SQLite ledger."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from spc import phase1
from spc.api import build
from spc.ledger import Ledger
from spc.line import Plant, activate, save_model, save_reference
from spc.nouns import Model
from spc.reference import read
from spc.scatter import Classical
from spc.settings import LineSettings, Settings

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards"
RECIPE = {"estimator": "classical"}


@dataclass(frozen=True)
class House:
    app: FastAPI
    client: TestClient
    ledger: Ledger
    plant: Plant
    path: Path

    def get(self, path: str, **words: Any) -> Any:
        return told(self.client.get(path, **words))

    def post(self, path: str, body: Any = None, **words: Any) -> Any:
        return told(self.client.post(path, json=body, **words))

    def send(self, *rows: dict[str, Any], line: str = "press") -> Any:
        return self.post(f"/api/v1/lines/{line}/rows", {"rows": list(rows)})

    def kept(self, content: bytes | None = None) -> str:
        """The id of a reference that is in the ledger already."""
        body = (DEMO / "phase1_reference.csv").read_bytes() if content is None else content
        return save_reference(self.ledger, body, name="kept.csv", by="test", now=self.plant.clock())

    def fitted(self, reference: str, recipe: dict[str, Any] | None = None) -> dict[str, Any]:
        """A fit, waited for."""
        asked = self.post("/api/v1/models", {"reference_id": reference, "recipe": recipe or RECIPE})
        assert asked.status_code == 202, asked.text
        return self.job(asked.headers["Location"])

    def job(self, path: str, patience_s: float = 60.0) -> dict[str, Any]:
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            job: dict[str, Any] = self.get(path).json()
            if job["state"] in ("done", "failed"):
                return job
            time.sleep(0.05)
        raise AssertionError(f"{path} is not done")


def told(answer: Any) -> Any:
    """An answer as a client of any language must be able to read it: strict JSON, problems as problem details."""
    kind = answer.headers["content-type"]
    if "json" in kind:
        json.loads(answer.content, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    if answer.status_code >= 400:
        assert kind == "application/problem+json", answer.text
        problem = answer.json()
        assert {"type", "title", "status", "detail", "cure", "row", "column"} <= set(problem)
        assert problem["status"] == answer.status_code
        assert problem["detail"]
        assert "Traceback" not in answer.text
    return answer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(ledger=f"sqlite:///{tmp_path}/spc.db", lines=(LineSettings("press", title="Press 1"), LineSettings("mixer")))
    ledger = Ledger.open(settings.ledger)
    plant = Plant(ledger, settings)
    app = build(plant, settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield House(app, client, ledger, plant, tmp_path / "spc.db")
    ledger.close()


@pytest.fixture(scope="session")
def demo_model() -> Model:
    return phase1.fit(read(DEMO / "phase1_reference.csv"), phase1.Recipe(estimator=Classical())).model


@pytest.fixture
def judging(house: House, demo_model: Model) -> House:
    """The same with the demo's model active on the line press."""
    now = house.plant.clock()
    id = save_model(house.ledger, demo_model, reference_id=None, by="test", now=now)
    activate(house.ledger, "press", id, "for the test", "test", now)
    return house


@pytest.fixture(scope="session")
def boards() -> list[dict[str, Any]]:
    """The demo's stream as rows for the interface."""
    head, *lines = (DEMO / "phase2_stream.csv").read_text().splitlines()
    names = head.split(",")[2:]
    cells = [line.split(",") for line in lines]
    return [
        {"time": at.replace(" ", "T") + "Z", "id": id, "values": dict(zip(names, map(float, values), strict=True))}
        for at, id, *values in cells
    ]
