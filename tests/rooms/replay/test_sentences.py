"""An alarm is said in the same words by the line that raises it and by the replay that would have raised it, whatever the chart."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.line import Line, activate, save_model
from spc.nouns import Guard, Limit, Model, Rows
from spc.replay import Candidate, Telling, replay
from spc.settings import LineSettings
from tests.small import CENTER, NAMES, SD, FakeClock, model, rows

SETTINGS = LineSettings("mixer", "Line 2 mixer", part="Batch", advice={"warp_mm": "Do: check the oven.", "*": "Do: call."})
LIMITS = {"mewma": 11.0, "mcusum": 5.0, "ewma_log_t2": 2.6}


def with_chart(name: str) -> Model:
    """The model of the tests with a further chart, and T² so wide that only the other rings."""
    made = model()
    if name == "t2":
        return made
    if name == "guard":
        return dataclasses.replace(made, guards=(Guard("pressure", 4.0, 0.5, ()),))
    limits = {"t2": tuple(Limit(1e6, 1e-9, "wide") for _ in NAMES), name: tuple(Limit(LIMITS[name], 0.002, "simulated") for _ in NAMES)}
    return dataclasses.replace(made, new_limits=limits, recipe={"charts": {"t2": {"name": "t2"}, name: {"name": name}}})


def drifting(name: str) -> Rows:
    """Rows of which the last thirty have shifted by less than T² sees."""
    block = rows(60, seed=4)
    if name == "t2":
        return rows(60, out=(41,))
    if name == "guard":
        x = np.column_stack([block.x, np.where(np.arange(60) < 40, 4.0, 5.0)])
        return Rows((*block.names, "pressure"), x, block.at, block.ids)
    x = block.x.copy()
    x[30:] = CENTER + 1.8 * SD * (np.where(np.arange(30)[:, None] % 2, 1.0, 1.2) if name != "ewma_log_t2" else 2.0)
    return dataclasses.replace(block, x=x)


@pytest.mark.parametrize(
    "name, said",
    [
        ("t2", "warp_mm is 8.0 sd high"),
        ("guard", "pressure is 5, not 4: in the reference it never moved."),
        ("mewma", " sd high on average"),
        (
            "mcusum",
            "lasts: warp_mm 2.0 sd high on average (0.469 mm; usual 0.350 ± 0.060 mm) since 06:23 (06:21–06:23). MCUSUM 6.4 ",
        ),
        (
            "ewma_log_t2",
            "a shift that lasts: length_mm 3.6 sd high on average (160.180 mm; usual 160.000 ± 0.050 mm) since 06:23. EWMA ",
        ),
    ],
)
def test_the_line_and_the_replay_say_the_same(name: str, said: str, tmp_path: Path) -> None:
    made, block = with_chart(name), drifting(name)
    ledger = Ledger.open(f"sqlite:///{tmp_path}/spc.db")
    try:
        clock = FakeClock()
        line = Line(ledger, SETTINGS, clock=clock)
        activate(ledger, "mixer", save_model(ledger, made, reference_id=None, by="Ada", now=clock()), "new", "Ada", clock())
        line.take(block)
        with ledger.read() as connection:
            alarm = book.alarms(connection)[0]
            sent = book.events_of(connection, alarm.id)[0].note  # as it was first said: later rows say it better
    finally:
        ledger.close()
    telling = Telling(SETTINGS.title, SETTINGS.part, advice=SETTINGS.advice)
    parts = [block.part(slice(a, a + 7)) for a in range(0, 60, 7)]
    found = replay(parts, [Candidate("A", made)], telling=telling).outcomes[0]
    assert found.told[0].sentence == sent
    assert said in sent
    assert found.told[0].charts == (name,)
    assert found.told[0].row > 30
    assert sent.endswith("Do: check the oven." if "warp_mm" in sent else "Do: call.")


def test_a_chart_with_memory_stays_out_and_its_tracks_are_counted() -> None:
    made, block = with_chart("mewma"), drifting("mewma")
    found = replay(block, [Candidate("T² alone", model()), Candidate("with MEWMA", made)])
    alone, both = found.outcomes
    assert (alone.rows_out, both.by_chart["t2"]) == (0, 0)
    assert both.by_chart["mewma"] == both.rows_out > 10
    assert (both.alarms, both.told[0].ended) == (1, None)
    assert found.compared[0].only_challenger == both.rows_out
    assert both.told[0].worst == max(v for v in both.picture[2] if v is not None)
