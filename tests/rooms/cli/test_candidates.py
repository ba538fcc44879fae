"""`spc replay --with`: models side by side, in a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Spc = Callable[..., Any]
DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards"
STREAM, TRUTH = DEMO / "phase2_stream.csv", DEMO / "phase2_truth.csv"


@pytest.fixture
def model(spc: Spc, tmp_path: Path) -> Path:
    path = tmp_path / "old.json"
    assert spc("fit", DEMO / "phase1_reference.csv", "-o", path, "--estimator", "classical", "--limit", "f").code == 0
    return path


def test_a_model_and_a_reference_with_a_recipe_side_by_side(spc: Spc, model: Path) -> None:
    words = ("--with", model, "--with", f"{DEMO / 'phase1_reference.csv'} estimator=classical limit=f alpha=0.05")
    done = spc("replay", STREAM, *words, "--truth", "defect", "--truth-file", TRUTH, "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    old, new = said["outcomes"]
    assert (said["n"], old["name"], new["name"], new["asked"]) == (
        500,
        "old",
        "phase1_reference.csv estimator=classical limit=f alpha=0.05",
        0.05,
    )
    judged = json.loads(spc("judge", model, STREAM, "--json").out)
    assert old["rows_out"] == len(judged["charts"]["t2"]["out"])
    assert [one["row"] for one in old["told"]] == [one["row"] for one in judged["signals"] if one["kind"] == "out"]
    assert said["compared"][0]["only_challenger"] == new["rows_out"] - old["rows_out"]
    assert old["found"]["bad"] == 148
    told = spc("replay", STREAM, "--with", model, "--watch", "2 of 3")
    assert "2 of 3 points beyond the limit" in told.out
    assert "old: 20 rows of 500 beyond the limit" in told.out
    berlin = spc("replay", STREAM, "--with", model, "--timezone", "Asia/Tokyo")
    first = next(line for line in berlin.out.splitlines() if line.startswith("  row "))
    assert re.match(r"  row \d+, 2025-\d\d-\d\d: \d\d:\d\d: ", first)


@pytest.mark.parametrize(
    "words, why",
    [
        ((), "exactly one of --to and --with"),
        (("--to", "x", "--with", "y"), "exactly one of --to and --with"),
        (("--with", "MODEL", "--watch", "often"), "'often' is not a rule"),
        (("--with", "MODEL", "--with", "MODEL"), "Two candidates are called 'old'"),
        (("--with", "MODEL", "--truth", "nowhere"), "nowhere"),
        (("--with", "nowhere.json"), "There is no file nowhere.json"),
        (("--with", "REFERENCE: estimatr=mcd"), "Did you mean 'estimator'?"),
        (("--with", "REFERENCE: estimator=mdc"), "Did you mean 'mcd'?"),
        (("--with", "REFERENCE: alpha=often"), "alpha=often is not a number"),
        (("--with", "REFERENCE: seed=0.5"), "seed=0.5 is not a whole number"),
        (("--with", "REFERENCE: alpha=2"), "alpha"),
        (("--with", "REFERENCE: robust"), "'robust' is no word of a recipe"),
        (("--with", "REFERENCE: estimator='mcd"), "No closing quotation"),
        (("--with", "REFERENCE: pool=perhaps"), "neither true nor false"),
        (("--with", "REFERENCE: product=nowhere"), "nowhere"),
        (("--with", "nowhere.csv: alpha=0.01"), "There is no file nowhere.csv"),
        (("--with", "MODEL: alpha=0.01"), "is a model"),
        (("--with", "MODEL", "--truth", "warp_mm"), "is a variable of a model, not a label"),
    ],
)
def test_wrong_words_are_one_message(spc: Spc, model: Path, words: tuple[str, ...], why: str) -> None:
    reference = str(DEMO / "phase1_reference.csv")
    done = spc("replay", STREAM, *(one.replace("MODEL", str(model)).replace("REFERENCE", reference) for one in words))
    assert (done.code, done.out) == (2, "")
    assert why in done.err


def test_a_reference_with_the_options_of_fit_is_the_model_that_fit_makes(spc: Spc, tmp_path: Path) -> None:
    reference, made, kept = DEMO / "phase1_reference.csv", tmp_path / "made.json", tmp_path / "kept.json"
    asked = ("--estimator", "classical", "--false-alarms", "2 per week", "--every", "45s", "--limit", "f")
    assert spc("fit", reference, "-o", made, *asked).code == 0
    words = f"{reference}: estimator='classical' false-alarms='2 per week' every=45s limit=f name=new keep={kept}"
    done = spc("replay", STREAM, "--with", made, "--with", words, "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert [one["name"] for one in said["outcomes"]] == ["made", "new"]
    assert said["compared"][0]["agreement"] == 1.0
    assert kept.read_bytes() == made.read_bytes()
    assert set(tmp_path.glob("*.json")) == {made, kept}


def test_nothing_is_kept_unless_it_is_asked_for(spc: Spc, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert spc("replay", STREAM, "--with", f"{DEMO / 'phase1_reference.csv'}: estimator=classical").code == 0
    assert spc("replay", STREAM, "--with", f"{DEMO / 'phase1_reference.csv'}: estimator=classical keep=x.json --truth no").code == 2
    assert list(tmp_path.iterdir()) == [model]


def table(path: Path, rng: np.random.Generator, n: int, spread: float = 1.0, ids: bool = False) -> Path:
    """Rows of two products in turn, whose means lie far apart, in lots of five."""
    lines = ["part,kind,lot,a,b" if ids else "kind,lot,a,b"]
    for k in range(n):
        center = 10.0 * (k % 2)
        a, b = rng.normal(center, spread), rng.normal(-center, spread)
        lines.append(",".join([*([f"P{k}"] if ids else []), "AB"[k % 2], f"L{k // 10}", f"{a:.6f}", f"{b:.6f}"]))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_each_row_is_judged_by_the_model_of_its_product(spc: Spc, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    reference, rows, model = table(tmp_path / "ref.csv", rng, 240), table(tmp_path / "rows.csv", rng, 400), tmp_path / "by.json"
    assert spc("fit", reference, "-o", model, "--product", "kind", "--ignore", "lot", "--estimator", "classical").code == 0
    words = f"{reference}: product=kind ignore=lot estimator=classical alpha=0.01"
    done = spc("replay", rows, "--with", model, "--with", words, "--json")
    assert done.code == 0, done.err
    by, fresh = json.loads(done.out)["outcomes"]
    judged = json.loads(spc("judge", model, rows, "--json").out)
    assert by["rows_out"] == len(judged["charts"]["t2"]["out"])
    assert (by["judged"], fresh["judged"]) == (400, 400)
    assert fresh["rows_out"] >= by["rows_out"]
    alone = json.loads(spc("replay", rows, "--with", f"{reference}: ignore=lot,kind estimator=classical", "--json").out)["outcomes"][0]
    assert alone["asked"] == by["asked"]
    strange = tmp_path / "strange.csv"
    strange.write_text(rows.read_text().replace("\nA,", "\nC,", 3))
    lost = json.loads(spc("replay", strange, "--with", model, "--json").out)["outcomes"][0]
    assert lost["not_judged"] == {"product 'C' has no model (A, B)": 3}


def test_subgroups_are_judged_as_a_whole(spc: Spc, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    reference, rows, model = table(tmp_path / "ref.csv", rng, 400), table(tmp_path / "rows.csv", rng, 300), tmp_path / "lots.json"
    text = rows.read_text().splitlines()
    text[101:111] = [line.rsplit(",", 2)[0] + ",40.0,-40.0" for line in text[101:111]]  # lot 10
    rows.write_text("\n".join(text) + "\n")
    asked = ("--subgroup", "lot", "--ignore", "kind", "--estimator", "classical")
    assert spc("fit", reference, "-o", model, *asked).code == 0
    words = f"{reference}: subgroup=lot ignore=kind estimator=classical name=fresh"
    done = spc("replay", rows, "--with", model, "--with", words, "--json")
    assert done.code == 0, done.err
    lots, fresh = json.loads(done.out)["outcomes"]
    assert (lots["judged"], lots["rows_out"], lots["alarms"]) == (30, fresh["rows_out"], fresh["alarms"])
    assert [one["row"] for one in lots["told"]] == [110]
    assert lots["not_judged"] == {"part of a subgroup, which is judged as a whole": 270}
    judged = json.loads(spc("judge", model, rows, "--json").out)
    assert judged["charts"]["t2"]["out"] == [110]
    other = f"{reference}: subgroup=kind ignore=lot estimator=classical"
    done = spc("replay", rows, "--with", model, "--with", other)
    assert done.code == 2


def test_labels_of_another_file_by_part_number_and_by_position(spc: Spc, tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    reference, rows = table(tmp_path / "ref.csv", rng, 200, ids=True), table(tmp_path / "rows.csv", rng, 60, ids=True)
    words = ("--with", f"{reference}: ignore=kind,lot estimator=classical", "--truth", "bad", "--truth-file")
    by_part, by_place, short = tmp_path / "part.csv", tmp_path / "place.csv", tmp_path / "short.csv"
    by_part.write_text("part,bad\n" + "".join(f"P{k},{int(k < 4)}\n" for k in reversed(range(50))))
    found = json.loads(spc("replay", rows, *words, by_part, "--json").out)["outcomes"][0]["found"]
    assert (found["bad"], found["good"]) == (4, 46)
    by_place.write_text("bad,x\n" + "".join(f"{int(k < 4)},1.5\n" for k in range(60)))
    found = json.loads(spc("replay", rows, *words, by_place, "--json").out)["outcomes"][0]["found"]
    assert (found["bad"], found["good"]) == (4, 56)
    for n in (59, 61):
        short.write_text("bad,x\n" + "".join(f"{int(k < 4)},1.5\n" for k in range(n)))
        done = spc("replay", rows, *words, short)
        assert done.code == 2
        assert f"{n} labels for" in done.err
