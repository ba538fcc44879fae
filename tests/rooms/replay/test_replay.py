"""Replay: what candidates would have said of rows of the past, counted and put in words."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from spc.errors import BadRecipe, BadTable, ColumnMismatch
from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.line import Line, activate, save_model
from spc.nouns import Guard, Model, Rows, Subgroups
from spc.phase1 import Recipe, fit
from spc.reference import read, read_rows
from spc.replay import Candidate, Replayed, Telling, replay
from spc.scatter import Classical, Mcd
from spc.settings import LineSettings
from spc.watch import Watch
from tests.small import CENTER, FakeClock, model, rows

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards"


def one(block: Rows, watch: Watch = Watch(), made: Model | None = None, **words: object) -> Replayed:
    return replay(block, [Candidate("A", made or model())], watch, **words)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def demo() -> tuple[Rows, np.ndarray, Model, Model]:
    reference = read(DEMO / "phase1_reference.csv")
    robust = fit(reference, Recipe(estimator=Mcd())).model
    classical = fit(reference, Recipe(estimator=Classical())).model
    truth = read_rows(DEMO / "phase2_truth.csv", columns=("defect",)).x[:, 0]
    return read_rows(DEMO / "phase2_stream.csv", columns=robust.columns, time="timestamp", id="board_id"), truth, robust, classical


def test_an_alarm_lasts_until_its_chart_is_back_in() -> None:
    found = one(rows(40, out=(10, 12, 20, 40))).outcomes[0]
    assert [(a.row, a.since, a.ended, a.rows_out) for a in found.told] == [(10, 10, 15, 2), (20, 20, 23, 1), (40, 40, None, 1)]
    assert (found.n, found.judged, found.rows_out, found.alarms, found.runs) == (40, 40, 4, 3, 3)
    assert found.told[0].worst > 3.0
    assert found.told[0].id == "B00010"


def test_the_watch_rule_decides_what_is_an_alarm_and_not_what_is_out() -> None:
    found = one(rows(40, out=(10, 12, 20, 40)), Watch(k=2, n=3)).outcomes[0]
    assert found.rows_out == 4
    assert [(a.row, a.since, a.rows_out) for a in found.told] == [(12, 10, 2)]


def test_an_alarm_reaches_back_into_an_earlier_block() -> None:
    block = rows(12, out=(4, 6))
    found = replay([block.part(slice(0, 5)), block.part(slice(5, 12))], [Candidate("A", model())], Watch(k=2, n=3)).outcomes[0]
    assert [(a.row, a.since, a.rows_out) for a in found.told] == [(6, 4, 2)]


def test_the_sentence_is_the_one_that_the_line_sends(tmp_path: Path) -> None:
    guard = Guard("length_mm", 160.0, 0.3, ())
    made = dataclasses.replace(model(), guards=())
    settings = LineSettings("mixer", "Line 2 mixer", part="Batch", advice={"warp_mm": "Do: check the oven.", "*": "Do: call."})
    telling = Telling(settings.title, settings.part, advice=settings.advice)
    block = rows(12, out=(5,))
    ledger = Ledger.open(f"sqlite:///{tmp_path}/spc.db")
    try:
        clock = FakeClock()
        line = Line(ledger, settings, clock=clock)
        activate(ledger, "mixer", save_model(ledger, made, reference_id=None, by="Ada", now=clock()), "new", "Ada", clock())
        line.take(block)
        with ledger.read() as connection:
            sent = book.alarms(connection)[0].sentence
    finally:
        ledger.close()
    said = one(block, made=made, telling=telling).outcomes[0].told[0].sentence
    assert said == sent
    assert said.startswith("06:03 Line 2 mixer: warp_mm is 8.0 sd high")
    assert said.endswith("Batch B00005. Do: check the oven.")
    moved = dataclasses.replace(made, guards=(guard,))
    assert "guard" not in said
    block.x[6, 0] = CENTER[0] + 1.0
    both = one(block, made=moved).outcomes[0]
    assert both.by_chart["guard"] == 1
    assert both.by_chart["t2"] == 2
    assert both.rows_out == 2


def test_a_row_without_a_time_is_named_by_its_number() -> None:
    block = rows(12, out=(5,))
    bare = Rows(block.names, block.x, np.full(12, np.datetime64("NaT"), dtype="datetime64[us]"), (None,) * 12)
    found = one(bare)
    assert found.outcomes[0].told[0].sentence.startswith("Row 5: warp_mm is 8.0 sd high")
    assert found.outcomes[0].per_day is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_rows_that_are_not_judged_are_counted_with_their_reasons() -> None:
    block = rows(10, quality=("good",) * 6 + ("bad", "stale", "bad", "good"))
    block.x[0] = np.nan
    block.x[1, 0] = np.nan
    found = one(block).outcomes[0]
    assert found.judged == 6
    assert found.not_judged == {"no value for any variable": 1, "quality bad": 2, "quality stale": 1}
    assert found.in_part == 1


def test_members_of_subgroups_are_judged_as_a_whole() -> None:
    slopes = {"t2": (0.0, 0.0, 0.0)}
    grouped = dataclasses.replace(model(), subgroup=Subgroups("lot", 5, 5, 20, slopes, {"t2": 0.0}))
    block = dataclasses.replace(rows(20, out=(6, 7, 8, 9, 10)), subgroup=tuple(f"L{i // 5}" for i in range(20)))
    found = one(block, made=grouped).outcomes[0]
    assert (found.judged, found.rows_out, found.not_judged) == (4, 1, {"part of a subgroup, which is judged as a whole": 16})
    assert "warp_mm is" in found.told[0].sentence


def test_champion_and_challenger_are_counted_against_each_other() -> None:
    block = rows(200, out=(20, 21, 22, 90, 150), by=3.5)
    found = replay(block, [Candidate("old", model()), Candidate("new", model(center=-0.8))])
    c = found.compared[0]
    a, b = found.outcomes
    assert (c.both + c.only_champion, c.both + c.only_challenger) == (a.rows_out, b.rows_out)
    assert c.both + c.only_champion + c.only_challenger + c.neither == c.n == 200
    assert c.only_challenger == len([one for one in c.rows if one.out == "new"])
    assert all((one.ratios[0] > 1) != (one.ratios[1] > 1) for one in c.rows)
    assert c.agreement == (c.both + c.neither) / 200
    assert c.only_challenger > 3
    assert f"only new on {c.only_challenger}" in c.sentence


def test_a_candidate_agrees_with_itself() -> None:
    found = replay(rows(50, out=(7,)), [Candidate("A", model()), Candidate("the same", model())])
    assert found.compared[0].agreement == 1.0
    assert found.compared[0].sentence == "A and the same say the same on all 50 rows."


def test_bad_rows_are_found_and_the_delay_is_counted_in_rows() -> None:
    block = rows(100, out=(3, 52, 53, 54, 55))
    truth = np.zeros(100)
    truth[49:55] = 1.0  # rows 50 to 55: the first two are not out
    truth[80:83] = 1.0  # a fault that nobody finds
    truth[99] = np.nan
    found = one(block, truth=truth).outcomes[0]
    told = found.found
    assert told is not None
    assert (told.bad, told.bad_out, told.good, told.good_out) == (9, 4, 90, 1)
    assert (told.faults, told.caught, told.delay, told.median_delay) == (2, 1, 2, 2.0)
    assert told.f1 == pytest.approx(2 * 4 / (2 * 4 + 1 + 5))
    assert [a.bad for a in found.told] == [False, True]
    assert found.rate.value == pytest.approx(1 / 90)
    assert "Of 9 bad rows it found 4 (44 %)" in found.sentence
    assert "2 rows after the first bad row" in found.sentence


def test_the_demo_and_its_truth(demo: tuple[Rows, np.ndarray, Model, Model]) -> None:
    block, truth, robust, classical = demo
    found = replay(block, [Candidate("classical", classical), Candidate("robust", robust)], truth=truth)
    old, new = (one.found for one in found.outcomes)
    assert old is not None
    assert new is not None
    assert new.bad == int(truth.sum())
    assert new.bad_out > old.bad_out  # a reference with bad rows in it blinds the classical estimate
    assert (new.faults, new.caught, new.good_out) == (6, 6, 0)
    assert new.f1 == pytest.approx(2 * new.bad_out / (new.bad + new.bad_out))
    assert "robust finds" in found.compared[0].sentence
    assert found.since == block.at.min()


def test_only_so_many_alarms_are_told_and_all_are_counted() -> None:
    found = one(rows(200, out=tuple(range(4, 200, 8))), most=5).outcomes[0]
    assert (len(found.told), found.alarms) == (5, 25)


def test_a_picture_of_many_rows_keeps_the_ones_that_stand_out() -> None:
    parts = [rows(3000, first=k * 3000 + 1, out=(1500,) if k == 2 else ()) for k in range(4)]
    found = replay(parts, [Candidate("A", model())]).outcomes[0]
    drawn, _, ratio = found.picture
    assert len(drawn) <= 4000
    assert drawn == tuple(sorted(drawn))
    assert [row for row, value in zip(drawn, ratio, strict=True) if value is not None and value > 1.0] == [7500]


@pytest.mark.parametrize(
    "candidates, words",
    [([], "no candidate"), ([Candidate("A", model()), Candidate("A", model())], "Two candidates are called 'A'")],
)
def test_candidates_that_cannot_be_told_apart_are_refused(candidates: list[Candidate], words: str) -> None:
    with pytest.raises(BadRecipe, match=words):
        replay(rows(5), candidates)


def test_no_rows_and_labels_of_another_length_are_refused() -> None:
    with pytest.raises(BadTable, match="no rows"):
        one(rows(0))
    for n in (4, 6):
        with pytest.raises(BadTable, match="labels"):
            one(rows(5), truth=np.zeros(n))


def test_a_missing_column_names_the_candidate() -> None:
    block = rows(5)
    short = Rows(block.names[:2], block.x[:, :2], block.at, block.ids)
    with pytest.raises(ColumnMismatch, match="column copper_um: A: "):
        one(short)
