"""A reference asked over HTTP whether it is stable: a job like a fit."""

from __future__ import annotations

from typing import Any

import numpy as np


def stepped() -> bytes:
    x = np.random.default_rng(2).standard_t(4, size=(60, 3))
    x[40:, 1] += 3.0
    return ("lot,a,b,c\n" + "\n".join(f"{i // 3},{a:.5f},{b:.5f},{c:.5f}" for i, (a, b, c) in enumerate(x.tolist()))).encode()


def asked(house: Any, reference: str, **words: Any) -> Any:
    return house.post(f"/api/v1/references/{reference}/distribution-free", words)


def test_the_answer_of_the_job_says_where_the_shift_begins_and_what_moved(house: Any) -> None:
    reference = house.kept(stepped())
    said = asked(house, reference, overall=0.01, by="Ada")
    assert said.status_code == 202
    job = house.job(said.headers["Location"])
    assert (job["kind"], job["state"]) == ("distribution-free", "done")
    result = job["result"]
    assert (result["reference_id"], result["stable"], result["overall"], result["n"]) == (reference, False, 0.01, 60)
    assert result["p_value"] == 0.001
    assert result["shifts"][0]["first"] in (40, 41, 42)
    assert result["shifts"][0]["moves"][0]["name"] == "b"
    assert "not stable" in result["sentence"]


def test_rows_are_left_out(house: Any) -> None:
    job = house.job(asked(house, house.kept(stepped()), exclude=list(range(41, 61))).headers["Location"])
    assert job["result"]["n"] == 40


def test_what_cannot_be_asked_is_refused_in_words(house: Any) -> None:
    reference = house.kept(stepped())
    assert asked(house, "nonsense").status_code == 404
    assert asked(house, reference, overall=1.5).status_code == 422
    assert asked(house, reference, overal=0.05).status_code == 422
    job = house.job(asked(house, reference, subgroups=True, exclude=[61]).headers["Location"])
    assert job["state"] == "failed"
    assert job["error"]["cure"]
