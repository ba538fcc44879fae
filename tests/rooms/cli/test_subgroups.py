"""`--subgroup`, `--product` and `--pool` in a terminal: what is written, what is said, the same numbers as in Python."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spc as front
from tests.rooms.cli.conftest import Done

Spc = Callable[..., Done]
QUICK = ("--estimator", "classical")


def table(seed: int, lots: int = 16, products: str = "AB") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 4 * lots
    x = rng.standard_normal((n, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    kind = [products[i % len(products)] for i in range(n)]
    return pd.DataFrame({"lot": [f"L{i // 4 + 1}" for i in range(n)], "kind": kind, "warp_mm": x[:, 0], "copper_um": x[:, 1]})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("subgroups")
    new = table(2, 5).drop(index=[2, 19])
    new.loc[new.lot == "L3", "warp_mm"] += 4.0
    table(1).to_csv(folder / "reference.csv", index=False)
    new.to_csv(folder / "new.csv", index=False)
    return folder / "reference.csv", folder / "new.csv"


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_model_of_subgroups_from_fit_to_explain(spc: Spc, files: tuple[Path, Path], tmp_path: Path) -> None:
    reference, new = files
    model, fitted = tmp_path / "model.json", tmp_path / "fitted.csv"
    done = spc("fit", reference, "-o", model, *QUICK, "--subgroup", "lot", "--rows", fitted)
    assert done.code == 0, done.err
    assert "64 rows in 16 subgroups" in done.out
    assert "for new subgroups of 4 (" in done.out
    summary = json.loads(spc("fit", reference, "--json", *QUICK, "--subgroup", "lot").out)
    assert {name: summary["subgroup"][name] for name in ("column", "size", "groups")} == {"column": "lot", "size": 4, "groups": 16}
    rows = lines(fitted.read_text())
    assert len(rows) == 64
    assert len({row["t2"] for row in rows[:4]}) == 1
    judged = lines(spc("judge", model, new, "-o", "-", "--blame").out)
    stated = [row for row in judged if row["t2"]]
    assert [row["row"] for row in stated] == ["3", "7", "11", "15", "18"]
    assert judged[0]["note"] == "subgroup L1: 1 of 4 rows"
    assert stated[0]["note"] == "subgroup L1: 3 rows"
    assert float(stated[0]["t2_ucl"]) < float(stated[1]["t2_ucl"])
    for row in stated:
        assert float(row["blame_warp_mm"]) + float(row["blame_copper_um"]) == pytest.approx(float(row["t2"]))
    assert spc("judge", model, new, "--fail-on-signal").code == 1
    said = json.loads(spc("explain", model, new, "--row", "9", "--json").out)
    assert (said["row"], said["t2"]) == (11, float(stated[2]["t2"]))
    assert said["sentence"].startswith("warp_mm is")


def test_python_gives_the_same_numbers(spc: Spc, files: tuple[Path, Path], tmp_path: Path) -> None:
    reference, new = files
    recipe = front.Recipe(estimator=front.scatter.Classical(), subgroup="lot")
    model = front.fit(pd.read_csv(reference), recipe)
    found = front.judge(model, pd.read_csv(new))
    spc("fit", reference, "-o", tmp_path / "m.json", *QUICK, "--subgroup", "lot")
    shown = lines(spc("judge", tmp_path / "m.json", new, "-o", "-").out)
    assert [float(row["t2"]) if row["t2"] else None for row in shown] == [None if np.isnan(v) else v for v in found.t2]


def test_rows_without_the_column_are_counted_and_that_is_said(spc: Spc, files: tuple[Path, Path], tmp_path: Path) -> None:
    reference, new = files
    spc("fit", reference, "-o", tmp_path / "m.json", *QUICK, "--subgroup", "lot")
    pd.read_csv(new).drop(columns="lot").to_csv(tmp_path / "bare.csv", index=False)
    done = spc("judge", tmp_path / "m.json", tmp_path / "bare.csv")
    assert "no column lot: every 4 rows are taken for a subgroup" in done.out


def test_a_model_for_each_product(spc: Spc, files: tuple[Path, Path], tmp_path: Path) -> None:
    reference, new = files
    model, fitted = tmp_path / "m.json", tmp_path / "fitted.csv"
    done = spc("fit", reference, "-o", model, *QUICK, "--product", "kind", "--rows", fitted)
    assert done.code == 0, done.err
    assert "A: 32 rows of 2 variables" in done.out
    assert "No difference between the scatters of A and B is seen" in done.out
    assert all(row["t2"] for row in lines(fitted.read_text()))
    strange = pd.read_csv(new)
    strange.loc[0, "kind"] = "Z"
    strange.to_csv(tmp_path / "new.csv", index=False)
    judged = lines(spc("judge", model, tmp_path / "new.csv", "-o", "-").out)
    assert (judged[0]["t2"], judged[0]["note"]) == ("", "product 'Z' has no model (A, B): not judged")
    assert all(row["t2"] for row in judged[1:])
    said = json.loads(spc("judge", model, tmp_path / "new.csv", "--json").out)
    assert said["products"]["A"]["t2"]["law"] == "2.131 · F(2, 30)"
    assert json.loads(spc("explain", model, tmp_path / "new.csv", "--row", "4", "--json").out)["t2"] == float(judged[3]["t2"])
    assert "product 'Z' has no model" in spc("explain", model, tmp_path / "new.csv", "--row", "1").err
    summary = json.loads(spc("fit", reference, "--json", *QUICK, "--product", "kind", "--pool").out)
    assert summary["pooled"] is True
    assert summary["models"]["A"]["n"] == 32
    assert summary["agreement"]["n"] == 64


@pytest.mark.parametrize(
    "options, said",
    [
        (["--pool"], ("--pool", "--product")),
        (["--product", "kind", "--report", "r.html"], ("--report",)),
        (["--subgroup", "kind"], ("kind", "comes again", "row 3")),
        (["--subgroup", "lott"], ("lott", "Did you mean lot")),
        (["--subgroup", "lot", "--ignore", "lot"], ("two roles",)),
    ],
)
def test_wrong_words_are_named(spc: Spc, files: tuple[Path, Path], options: list[str], said: tuple[str, ...]) -> None:
    done = spc("fit", files[0], *QUICK, *options)
    assert done.code == 2
    assert done.out == ""
    for word in said:
        assert word in done.err
