"""The demo's stream on a line with charts for shifts and for spread: every kind of defect gets the sentence that says what it is.

The truth is beside the data: which board has which defect (phase2_truth.csv).
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from spc.charts import T2, EwmaLogT2, Mewma
from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.line import Line, acknowledge, activate, save_model
from spc.nouns import Alarm
from spc.phase1 import Recipe, fit
from spc.reference import read, read_rows
from spc.scatter import Mcd
from spc.sentences import reworded
from spc.settings import LineSettings, VariableSettings
from tests.small import FakeClock

DATA = Path(__file__).resolve().parents[2] / "data" / "demo_circuit_boards"
DEFECT = pd.read_csv(DATA / "phase2_truth.csv")["defect_type"].to_numpy(str)
NAMES = {
    "length_mm": "Länge",
    "width_mm": "Breite",
    "thickness_mm": "Dicke",
    "hole_pitch_mm": "Lochabstand",
    "warp_mm": "Verzug",
    "copper_um": "Kupfer",
}
SETTINGS = LineSettings(
    "smt",
    "SMT-2",
    part="Platine",
    language="de",
    variables={column: VariableSettings(name, "µm" if column == "copper_um" else "mm") for column, name in NAMES.items()},
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Alarm]:
    """The first incident of each kind of defect, each acknowledged when it was over."""
    charts = {"t2": T2(), "mewma": Mewma(), "ewma_log_t2": EwmaLogT2()}
    model = fit(read(DATA / "phase1_reference.csv"), Recipe(estimator=Mcd(), alpha=0.0027, charts=charts)).model
    rows = read_rows(DATA / "phase2_stream.csv", columns=model.columns, time=model.time_column, id=model.id_column)
    ledger, clock = Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('demo')}/spc.db"), FakeClock()
    found: dict[str, Alarm] = {}
    try:
        line = Line(ledger, SETTINGS, clock=clock)
        activate(ledger, "smt", save_model(ledger, model, reference_id=None, by="Ada", now=clock()), "new", "Ada", clock())
        for start in range(0, len(rows), 5):
            line.take(rows.part(slice(start, start + 5)))
            with ledger.read() as connection:
                alarms = [one for one in book.alarms(connection) if not one.acknowledged and not one.active]
            for alarm in alarms:
                acknowledge(ledger, alarm.id, "Ada", "", clock())
                found.setdefault(DEFECT[alarm.first_row - 1], alarm)
    finally:
        ledger.close()
    return found


@pytest.mark.parametrize(
    "defect, german, english",
    [
        ("single warped board", r"Verzug ist 5,\d s zu hoch \(0,654 mm; üblich 0,35\d ± 0,0\d\d mm\)\.", r"Verzug is 5\.\d sd high"),
        (
            "wrong panel lot (length long, width short)",
            r"Länge liegt \d,\d s über dem, was Lochabstand und Breite erwarten lassen \(160,126 mm statt 160,0\d\d mm; ",
            r"Länge is \d\.\d sd above what Lochabstand and Breite imply \(160\.126 mm instead of",
        ),
        (
            "small sustained shift (router re-zeroed wrongly)",
            r"kleine, aber bleibende Verschiebung: (Lochabstand|Länge) im Mittel \d,\d s zu hoch \(.* seit 08:\d\d",
            r"a small shift that lasts: (Lochabstand|Länge) \d\.\d sd high on average .* since 08:\d\d",
        ),
        (
            "press wear drift (thickness up, copper down)",
            r"(bleibende Verschiebung|langsames Wandern): Dicke .*\d,\d s zu hoch.* seit (etwa )?\d\d:\d\d",
            r"(shift that lasts|slow drift): Dicke .*\d\.\d sd high",
        ),
        (
            "loose clamp (variance up)",
            r"Streuung, nicht Lage: .* streuen \d,\d- bis \d,\d-mal so stark wie in der Referenz\. Beginn: 10:\d\d",
            r"spread, not level: .* vary \d\.\d to \d\.\d times as much as in the reference\. It began at 10:\d\d",
        ),
        ("warp gauge stuck near zero", r"Verzug ist 6,\d s zu niedrig", r"Verzug is 6\.\d sd low"),
    ],
)
def test_each_defect_gets_its_sentence(told: dict[str, Alarm], defect: str, german: str, english: str) -> None:
    alarm = told[defect]
    assert re.search(german, alarm.sentence), alarm.sentence
    assert re.search(english, reworded(alarm.facts, "en")), reworded(alarm.facts, "en")
    assert reworded(alarm.facts) == alarm.sentence
