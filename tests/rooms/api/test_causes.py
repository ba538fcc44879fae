"""Blame over time, Pareto and comparison over HTTP."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from spc.blame import blame
from spc.line import activate, cause, save_model
from tests.rooms.api.conftest import House
from tests.small import CENTER, NAMES, SD, model, rows


def sent(house: House, n: int, out: tuple[int, ...] = (), first: int = 1) -> np.ndarray:
    block = rows(n, first=first, out=out)
    house.send(
        *(
            {"id": block.ids[i], "time": f"{block.at[i]}Z", "values": dict(zip(NAMES, block.x[i].tolist(), strict=True))}
            for i in range(len(block))
        )
    )
    return block.x


def active(house: House, **words: Any) -> None:
    id = save_model(house.ledger, model(**words), reference_id=None, by="Ada", now=1)
    activate(house.ledger, "press", id, "new lot", "Ada", 1)


def test_shares_sum_to_t2_and_are_those_of_the_room(house: House) -> None:
    active(house)
    x = sent(house, 30, out=(12,))
    told = house.get("/api/v1/lines/press/blame").json()
    assert told["names"] == list(NAMES)
    assert [one["seq"] for one in told["rows"]] == list(range(1, 31))
    share = np.array([one["share"] for one in told["rows"]])
    assert share == pytest.approx(blame(model(), x).share, rel=1e-12)
    assert share.sum(axis=1) == pytest.approx([one["t2"] for one in told["rows"]], rel=1e-9)
    assert [one["seq"] for one in told["rows"] if one["out"]] == [12]
    some = house.get("/api/v1/lines/press/blame?after=10&limit=5").json()["rows"]
    assert [one["seq"] for one in some] == [11, 12, 13, 14, 15]
    newest = house.get("/api/v1/lines/press/blame?limit=5").json()["rows"]
    assert [one["seq"] for one in newest] == [26, 27, 28, 29, 30]
    timed = house.get("/api/v1/lines/press/blame", params={"from": "2025-03-04T06:05:00Z", "to": "2025-03-04T06:07:00Z"}).json()["rows"]
    assert [one["seq"] for one in timed] == [7, 8, 9]
    packed = house.get("/api/v1/lines/press/blame?packed=true").json()
    back = {k: np.frombuffer(base64.b64decode(packed[k]), "<f4").reshape(30, 3) for k in ("share", "sigma")}
    assert back["share"] == pytest.approx(share, rel=1e-6)
    assert back["sigma"] == pytest.approx((x - CENTER) / SD, rel=1e-4, abs=1e-4)


def test_gaps_rows_before_a_model_and_another_model(house: House) -> None:
    sent(house, 3)
    active(house)
    block = {"id": "gap", "time": "2025-03-04T07:00:00Z", "values": {"length_mm": 160.1, "warp_mm": None, "copper_um": 35.0}}
    house.send(block)
    active(house, center=2.0)
    x = sent(house, 4, first=4)
    told = house.get("/api/v1/lines/press/blame").json()["rows"]
    assert all(one["t2"] is None and one["share"] == [None] * 3 for one in told[:3])
    assert told[3]["share"][1] is None
    assert told[3]["share"][0] == pytest.approx(4.0)
    assert np.array([one["share"] for one in told[4:]]) == pytest.approx(blame(model(center=2.0), x).share, rel=1e-12)


def test_the_pareto_counts_alarms_rows_and_causes(house: House) -> None:
    active(house)
    sent(house, 30, out=(10, 11, 12))
    found = house.get("/api/v1/lines/press/pareto?kind=day").json()
    assert [(one["cause"], one["alarms"], one["rows"], one["cumulative"]) for one in found["causes"]] == [("warp_mm", 1, 3, 1.0)]
    assert house.get("/api/v1/pareto?kind=day").json()["causes"][0]["cause"] == "press: warp_mm"
    id = house.get("/api/v1/alarms").json()["alarms"][0]["id"]
    assert house.get("/api/v1/pareto?of=cause").json()["causes"][0]["cause"] == "no cause recorded"
    cause(house.ledger, id, "Ada", "wrong panel lot", house.plant.clock())
    assert house.get("/api/v1/pareto?of=cause&by=rows").json()["causes"][0] | {"seconds": 0} == {
        "cause": "wrong panel lot", "alarms": 1, "rows": 3, "seconds": 0, "cumulative": 1.0,
    }  # fmt: skip
    assert house.get("/api/v1/pareto", params={"from": "2020-01-01", "to": "2020-02-01"}).json()["causes"] == []


@pytest.mark.parametrize(
    "words, said",
    [
        ({"from": "yesterday"}, "'yesterday' is not a time."),
        ({"from": "2025-03-05", "to": "2025-03-04"}, "before it begins"),
        ({"from": "2025-03-04", "to": "x"}, "'x' is not a time."),
    ],
)
def test_a_period_that_is_none_is_answered(house: House, words: dict[str, str], said: str) -> None:
    answer = house.get("/api/v1/pareto", params=words)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_two_periods_and_the_reference(house: House) -> None:
    active(house)
    x = sent(house, 60)
    block = rows(40, first=61)
    moved = block.x + np.array([0.0, 0.06, 0.0])
    house.send(
        *(
            {"id": block.ids[i], "time": f"{block.at[i]}Z", "values": dict(zip(NAMES, moved[i].tolist(), strict=True))}
            for i in range(len(block))
        )
    )
    cut = {"before_from": "2025-03-04T06:00:00Z", "before_to": "2025-03-04T06:45:00Z", "from": "2025-03-04T06:45:01Z", "to": "2025-03-05"}
    told = house.get("/api/v1/lines/press/comparison", params=cut).json()
    assert (told["n_before"], told["n_after"]) == (60, 40)
    warp = told["changes"][1]
    assert warp["difference"] == pytest.approx((moved[:, 1].mean() - x[:, 1].mean()) / x[:, 1].std(ddof=1), rel=1e-9)
    assert warp["low"] > 0
    assert told["p_value"] < 1e-6
    against = house.get("/api/v1/lines/press/comparison", params={"from": cut["from"], "to": cut["to"]}).json()
    assert against["n_before"] == 200
    assert against["changes"][1]["difference"] == pytest.approx((moved[:, 1].mean() - CENTER[1]) / SD[1], rel=1e-9)
    for wrong, status in (({"from": "2030-01-01", "to": "2030-01-02"}, 404), ({**cut, "before_from": ""}, 422), ({}, 422)):
        assert house.get("/api/v1/lines/press/comparison", params=wrong).status_code == status
