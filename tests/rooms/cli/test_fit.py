"""`spc fit`: what it writes, what it prints, and what its options mean."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, chi2
from scipy.stats import f as f_law

from spc.nouns import Model

Spc = Callable[..., Any]
KEYS = {
    "n",
    "p",
    "names",
    "estimator",
    "alpha",
    "arl0",
    "charts",
    "outliers",
    "excluded",
    "guards",
    "findings",
    "scatter",
    "digest",
    "version",
}
CLASSICAL = ("--estimator", "classical")


def fitted(spc: Spc, *words: object) -> dict[str, Any]:
    done = spc("fit", *words, "--json")
    assert (done.code, done.err) == (0, ""), done.err
    assert done.out.count("\n") == 1
    said: dict[str, Any] = json.loads(done.out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    return said


def test_the_json_has_what_is_promised(spc: Spc, reference: Path) -> None:
    said = fitted(spc, reference, *CLASSICAL)
    assert set(said) >= KEYS
    assert (said["n"], said["p"], said["estimator"], said["alpha"]) == (200, 6, "classical", 0.0027)
    assert said["arl0"] == pytest.approx(370.37, abs=0.01)
    assert set(said["charts"]["t2"]) == {"ucl", "law", "alpha"}
    assert said["charts"]["t2"]["ucl"] == pytest.approx(6 * 201 * 199 / (200 * 194) * f_law.isf(0.0027, 6, 194), rel=1e-9)
    assert set(said["scatter"]) == {"center", "covariance", "logdet", "h", "objective"}
    assert said["scatter"]["objective"] is None
    with reference.open() as text:
        x = np.array([[float(row[name]) for name in said["names"]] for row in csv.DictReader(text)])
    assert said["scatter"]["center"] == pytest.approx(x.mean(axis=0), rel=1e-12)
    assert np.allclose(said["scatter"]["covariance"], np.cov(x.T), rtol=1e-10)


def test_the_file_is_the_model_and_the_same_bytes_give_the_same_file(spc: Spc, reference: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    said = fitted(spc, reference, *CLASSICAL, "-o", one)
    fitted(spc, reference, *CLASSICAL, "-o", two)
    assert one.read_bytes() == two.read_bytes()
    model = Model.from_json(one.read_text())
    assert model.digest == said["digest"]
    assert list(model.names) == said["names"]


def test_the_three_ways_to_say_how_many_false_alarms(spc: Spc, reference: Path) -> None:
    by_alpha = fitted(spc, reference, *CLASSICAL, "--alpha", 45 / 604800)
    by_arl0 = fitted(spc, reference, *CLASSICAL, "--arl0", 604800 / 45)
    by_budget = fitted(spc, reference, *CLASSICAL, "--false-alarms", "1 per week", "--every", "45s")
    by_file = fitted(spc, reference, *CLASSICAL, "--false-alarms", "1 per week")  # the file has a row every 45 s
    for said in (by_arl0, by_budget, by_file):
        assert said["alpha"] == pytest.approx(by_alpha["alpha"], rel=1e-12)
        assert said["charts"]["t2"]["ucl"] == pytest.approx(by_alpha["charts"]["t2"]["ucl"], rel=1e-9)


def test_rows_are_the_reference_under_its_own_law(spc: Spc, reference: Path, tmp_path: Path) -> None:
    said = fitted(spc, reference, *CLASSICAL, "--rows", tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open() as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == ["row", "time", "id", "t2", "ucl", "out", "used"]
    assert [int(row["row"]) for row in rows] == list(range(1, 201))
    assert (rows[0]["time"], rows[0]["id"]) == ("2025-03-03T06:00:00Z", "B00001")
    assert float(rows[0]["ucl"]) == pytest.approx(199**2 / 200 * beta.isf(0.0027, 3, 96.5), rel=1e-8)
    out = [int(row["row"]) for row in rows if row["out"] == "1"]
    assert out == said["outliers"]
    assert sum(float(row["t2"]) for row in rows) == pytest.approx(199 * 6, rel=1e-9)  # the sum of T² is (n − 1)p


def test_excluded_rows_are_left_out_with_their_reason(spc: Spc, reference: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("row,reason,note\n167,typing slip,a comma\n144,warped panel,\n")
    said = fitted(spc, reference, *CLASSICAL, "--exclude", tmp_path / "rows.csv", "--rows", tmp_path / "fitted.csv")
    assert said["n"] == 198
    assert said["excluded"] == [{"row": 144, "reason": "warped panel"}, {"row": 167, "reason": "typing slip"}]
    with (tmp_path / "fitted.csv").open() as text:
        used = {int(row["row"]): row["used"] for row in csv.DictReader(text)}
    assert [row for row, flag in used.items() if flag == "0"] == [144, 167]


@pytest.mark.parametrize(
    "text,said",
    [
        ("row,why\n1,x\n", "column reason"),
        ("row,reason\none,x\n", "'one'"),
        ("row,reason\n0,x\n", "row 0"),
        ("row,reason\n201,x\n", "row 201"),
        ("row,reason\n5,\n", "row 5"),
        ("row,reason\n5,a\n5,b\n", "twice"),
        ("", "column row"),
        ('row,reason\n5,"a\n', "CSV"),
    ],
)
def test_a_list_of_rows_that_makes_no_sense(spc: Spc, reference: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rows.csv").write_text(text)
    done = spc("fit", reference, *CLASSICAL, "--exclude", tmp_path / "rows.csv")
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_known_parameters_make_a_chi_squared_chart_whatever_their_order(spc: Spc, reference: Path, tmp_path: Path) -> None:
    plain = fitted(spc, reference, *CLASSICAL)
    names, center, covariance = plain["names"], plain["scatter"]["center"], np.array(plain["scatter"]["covariance"])
    (tmp_path / "known.json").write_text(json.dumps({"center": center, "covariance": covariance.tolist()}))
    turned = {"names": names[::-1], "center": center[::-1], "covariance": covariance[::-1, ::-1].tolist()}
    (tmp_path / "turned.json").write_text(json.dumps(turned))
    known = fitted(spc, reference, "--known", tmp_path / "known.json")
    assert known["charts"]["t2"]["ucl"] == pytest.approx(chi2.isf(0.0027, 6), rel=1e-9)
    assert known["scatter"] == fitted(spc, reference, "--known", tmp_path / "turned.json")["scatter"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"center": 1, "covariance": 2}', '{"center": [1], "covariance": [[1]]}', '{"center": ["a"], "covariance": [[]]}'],
)
def test_parameters_that_make_no_sense(spc: Spc, reference: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "known.json").write_text(text)
    done = spc("fit", reference, "--known", tmp_path / "known.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1


def test_an_ignored_column_is_not_charted(spc: Spc, reference: Path) -> None:
    said = fitted(spc, reference, *CLASSICAL, "--ignore", "warp_mm, copper_um")
    assert said["names"] == ["length_mm", "width_mm", "thickness_mm", "hole_pitch_mm"]


def test_a_person_reads_what_a_program_reads(spc: Spc, reference: Path, tmp_path: Path) -> None:
    done = spc("fit", reference, *CLASSICAL, "-o", tmp_path / "model.json")
    assert done.code == 0
    for words in ("200 rows of 6 variables", "F(6, 194)", "Outliers: rows 144, 167, 177.", f"Model written to {tmp_path / 'model.json'}."):
        assert words in done.out


@pytest.mark.parametrize("name", ["one, two", "naïve µm", "=cmd"])
def test_names_come_through_whole(spc: Spc, reference: Path, tmp_path: Path, name: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(reference.read_text().replace("warp_mm", f'"{name}"'), encoding="utf-8")
    said = fitted(spc, table, *CLASSICAL)
    assert name in said["names"] or any(name in finding["text"] for finding in said["findings"])


def test_an_estimator_is_asked_with_its_words(spc: Spc, reference: Path, tmp_path: Path) -> None:
    said = fitted(spc, reference, "--estimator", "mcd h=0.5, basin=deterministic")
    assert said["estimator"] == "mcd"
    assert "MCD(h = 0.5)" in said["charts"]["t2"]["law"]


@pytest.mark.parametrize(
    "words, cure",
    [
        ("mcd basn=lowest", "Did you mean 'basin'? It takes: h, seed, basin."),
        ("mcd h", "Write name=value"),
        ("mcd basin=best", "Choose 'lowest' or 'deterministic'."),
        ("classical h=0.5", "It takes: nothing."),
        ("mcdd", "Did you mean 'mcd'?"),
        ("", "Choose from"),
    ],
)
def test_words_that_an_estimator_does_not_know(spc: Spc, reference: Path, words: str, cure: str) -> None:
    done = spc("fit", reference, "--estimator", words)
    assert (done.code, done.out) == (2, "")
    assert cure in done.err


def test_the_help_names_every_estimator(spc: Spc) -> None:
    from spc.cli.fit import _ESTIMATORS
    from spc.scatter import ESTIMATORS

    assert set(_ESTIMATORS) == set(ESTIMATORS) - {"known"}
