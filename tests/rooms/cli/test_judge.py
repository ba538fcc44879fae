"""`spc judge`, `explain` and `inspect`."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spc.nouns import Model

Spc = Callable[..., Any]


def judged(spc: Spc, model: Path, rows: Path, tmp_path: Path, *words: str) -> list[dict[str, str]]:
    done = spc("judge", model, rows, "-o", tmp_path / "points.csv", *words)
    assert done.code == 0, done.err
    with (tmp_path / "points.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def said(done: Any) -> dict[str, Any]:
    assert done.err == ""
    found: dict[str, Any] = json.loads(done.out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    return found


def test_one_line_per_row_with_the_promised_columns(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    points = judged(spc, model, stream, tmp_path)
    assert list(points[0]) == ["row", "time", "id", "t2", "t2_ucl", "t2_out", "signal", "note"]
    assert len(points) == 500
    assert {point["t2_out"] for point in points} == {"0", "1"}
    for point in points:
        assert (float(point["t2"]) > float(point["t2_ucl"])) == (point["t2_out"] == "1")


def test_t2_is_the_squared_distance(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    points = judged(spc, model, stream, tmp_path)
    m = Model.from_json(model.read_text())
    with stream.open() as text:
        x = np.array([[float(row[name]) for name in m.names] for row in csv.DictReader(text)])
    centred = x - m.scatter.center
    expected = np.einsum("ij,ij->i", centred, np.linalg.solve(m.scatter.covariance, centred.T).T)
    assert [float(point["t2"]) for point in points] == pytest.approx(expected, rel=1e-9)


def test_blame_sums_to_t2(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    for point in judged(spc, model, stream, tmp_path, "--blame"):
        shares = [float(value) for name, value in point.items() if name.startswith("blame_")]
        assert len(shares) == 6
        assert math.fsum(shares) == pytest.approx(float(point["t2"]), rel=1e-9)


def test_the_order_of_the_columns_changes_nothing(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join(",".join(line.split(",")[::-1]) for line in stream.read_text().splitlines()))
    assert judged(spc, model, turned, tmp_path) == judged(spc, model, stream, tmp_path)


def test_a_row_with_a_missing_value_is_judged_on_the_rest_and_says_so(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    lines = stream.read_text().splitlines()
    part, empty = lines[3].split(","), lines[4].split(",")
    lines[3], lines[4] = ",".join([*part[:-1], ""]), ",".join([*empty[:2], *[""] * 6])
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(lines) + "\n")
    points = judged(spc, model, rows, tmp_path, "--blame")
    whole = judged(spc, model, stream, tmp_path, "--blame")
    assert float(points[2]["t2_ucl"]) < float(whole[2]["t2_ucl"])  # the limit of five variables
    assert "copper_um" in points[2]["note"]
    assert points[2]["blame_copper_um"] == ""
    assert (points[3]["t2"], points[3]["t2_ucl"], points[3]["t2_out"]) == ("", "", "")
    assert points[3]["note"]
    assert [p["t2"] for p in points[4:]] == [p["t2"] for p in whole[4:]]


def test_a_signal_stands_where_it_starts_and_where_it_ends(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    points = judged(spc, model, stream, tmp_path)
    signals = said(spc("judge", model, stream, "--json"))["signals"]
    assert [(str(s["row"]), s["reason"]) for s in signals] == [(p["row"], p["signal"]) for p in points if p["signal"]]
    assert [s["kind"] for s in signals[:2]] == ["out", "in"]
    assert points[signals[0]["row"] - 1]["t2_out"] == "1"


def test_fail_on_signal_is_exit_code_1_and_everything_is_written(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    done = spc("judge", model, stream, "--fail-on-signal", "-o", tmp_path / "points.csv", "--json")
    assert done.code == 1
    assert len(said(done)["charts"]["t2"]["out"]) > 0
    assert len((tmp_path / "points.csv").read_text().splitlines()) == 501
    calm = tmp_path / "calm.csv"
    calm.write_text("\n".join(stream.read_text().splitlines()[:101]))
    assert spc("judge", model, calm, "--fail-on-signal").code == 0


def test_ids_that_look_like_formulas_are_text_in_a_spreadsheet(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    text = stream.read_text()
    for number, id in enumerate(("=1+1", "+1", "-1", "@SUM(A1)"), start=201):
        text = text.replace(f"B{number:05d}", id)
    rows.write_text(text)
    points = judged(spc, model, rows, tmp_path, "--blame")
    assert [p["id"] for p in points[:5]] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "B00205"]
    assert any(p["blame_warp_mm"].startswith("-") for p in points)  # numbers are numbers


def test_a_long_file_is_judged_in_blocks_with_the_same_bits(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    head, *lines = stream.read_text().splitlines()
    long = tmp_path / "long.csv"
    long.write_text("\n".join([head, *lines * 10]))
    once, ten = judged(spc, model, stream, tmp_path), judged(spc, model, long, tmp_path)
    assert [p["t2"] for p in ten] == [p["t2"] for p in once] * 10
    assert [int(p["row"]) for p in ten] == list(range(1, 5001))
    assert [p["row"] for p in ten[:450] if p["signal"]] == [p["row"] for p in once[:450] if p["signal"]]


def test_a_constant_column_is_a_guard_and_signals_when_it_moves(spc: Spc, reference: Path, stream: Path, tmp_path: Path) -> None:
    def with_flux(source: Path, moved: int) -> Path:
        head, *lines = source.read_text().splitlines()
        path = tmp_path / source.name
        body = [f"{line},{9.5 if i == moved else 4.5}" for i, line in enumerate(lines, start=1)]
        path.write_text("\n".join([head + ",flux_ml", *body]))
        return path

    assert spc("fit", with_flux(reference, 0), "-o", tmp_path / "model.json", "--estimator", "classical").code == 0
    points = judged(spc, tmp_path / "model.json", with_flux(stream, 30), tmp_path)
    assert [p["row"] for p in points if p["guard_out"] == "1"] == ["30"]
    assert "flux_ml" in points[29]["note"]
    assert points[29]["signal"]


def test_explain_says_it_in_german_too(spc: Spc, model: Path, stream: Path) -> None:
    german = spc("explain", model, stream, "--row", 121, "--language", "de")
    assert "warp_mm ist 4,5 s zu hoch (0,654 mm; üblich 0,352 ± 0,068 mm)." in german.out
    wrong = spc("explain", model, stream, "--row", 121, "--language", "fr")
    assert wrong.code == 2
    assert "There are no sentences in 'fr'. Languages: en, de." in wrong.err


def test_explain_takes_a_row_apart(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    found = said(spc("explain", model, stream, "--row", 121, "--json"))
    assert set(found) >= {"row", "t2", "ucl", "p_value", "blame", "terms", "smallest_set", "sentence", "since_row"}
    point = judged(spc, model, stream, tmp_path)[120]
    assert found["t2"] == pytest.approx(float(point["t2"]), rel=1e-10)
    assert math.fsum(found["blame"].values()) == pytest.approx(found["t2"], rel=1e-9)
    assert found["p_value"] < 0.0027
    assert found["smallest_set"] == ["warp_mm"]
    assert found["since_row"] == 121
    assert found["sentence"].startswith("warp_mm is ")
    assert set(found["terms"][0]) == {"variable", "given", "value", "p_value", "ucl"}
    assert (found["named"], found["kind"]) == (["warp_mm"], "level")
    assert [(step["variable"], step["t2"] <= step["ucl"]) for step in found["elimination"]] == [("warp_mm", True)]
    calm = said(spc("explain", model, stream, "--row", 1, "--json"))
    assert (calm["smallest_set"], calm["since_row"]) == ([], None)


@pytest.mark.parametrize("row", [0, -1, 501])
def test_explain_knows_its_rows(spc: Spc, model: Path, stream: Path, row: int) -> None:
    done = spc("explain", model, stream, "--row", row)
    assert (done.code, done.out) == (2, "")
    assert "1 to 500" in done.err


def test_explain_a_row_without_values(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    lines = stream.read_text().splitlines()
    lines[2] = "2025-03-04 06:00:45,B00202" + "," * 6
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    found = said(spc("explain", model, tmp_path / "rows.csv", "--row", 2, "--json"))
    assert (found["t2"], found["p_value"], found["blame"]) == (None, None, {})
    assert spc("explain", model, tmp_path / "rows.csv", "--row", 2).code == 0


def test_explain_for_a_person_agrees_with_its_json(spc: Spc, model: Path, stream: Path) -> None:
    text = spc("explain", model, stream, "--row", 121).out
    found = said(spc("explain", model, stream, "--row", 121, "--json"))
    assert found["sentence"] in text
    assert f"T² {found['t2']:.4g}" in text


def test_inspect_tells_columns_dialect_and_findings(spc: Spc, reference: Path) -> None:
    found = said(spc("inspect", reference, "--json"))
    assert found["n"] == 200
    assert {c["name"]: c["role"] for c in found["columns"]}["board_id"] == "id"
    assert found["dialect"]["delimiter"] == ","
    assert any(f["rows"] == [167] for f in found["findings"])
    text = spc("inspect", reference).out
    for finding in found["findings"]:
        assert finding["text"] in text


def test_inspect_of_a_guessed_role_that_is_answered(spc: Spc, reference: Path) -> None:
    found = said(spc("inspect", reference, "--ignore", "warp_mm", "--json"))
    assert "warp_mm" not in found["names"]
    assert {c["name"]: c["role"] for c in found["columns"]}["warp_mm"] == "ignore"


def test_explain_says_since_when_and_how_sure(spc: Spc, reference: Path, stream: Path, tmp_path: Path) -> None:
    model = tmp_path / "robust.json"
    assert spc("fit", reference, "-o", model).code == 0
    found = said(spc("explain", model, stream, "--row", 350, "--json"))
    one = found["since"]
    assert (one["kind"], one["change"], found["since_row"]) == ("drift", "drift", one["row"])
    assert one["low"] <= one["row"] <= one["high"] < found["first_out"]
    assert abs(one["row"] - 301) <= 15  # where the wear begins
    noise = said(spc("explain", model, stream, "--row", 421, "--json"))
    assert (noise["since"]["change"], noise["since"]["kind"]) == ("spread", "step")
    assert abs(noise["since_row"] - 401) <= 2  # behind two earlier excursions of the same loose clamp
    told = spc("explain", model, stream, "--row", 421)
    assert "It began at row 400 (rows 400 to 401): a change of the spread fits better" in told.out
