"""A line whose model judges subgroups: its alarm speaks of the mean, and a restart in the middle of a subgroup loses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.ledger import points as dots
from spc.line import Line, activate, save_model
from spc.nouns import Alarm, Subgroups
from spc.settings import LineSettings
from tests.small import NAMES, SD, FakeClock, model, rows

SLOPES = {"t2": (0.0, 0.0, 0.0)}
GROUPED = replace(model(), subgroup=Subgroups("lot", 4, 4, 50, SLOPES, {"t2": 0.0}))


@pytest.mark.parametrize("labels", [True, False])
def test_the_mean_is_judged_and_blamed_over_a_restart(tmp_path: Path, labels: bool) -> None:
    url, clock = f"sqlite:///{tmp_path}/a.db", FakeClock()
    block = rows(8, out=(5, 6, 7, 8), by=3.0)  # no row is out by itself, their mean is by 6 of its standard deviations
    if labels:
        block = replace(block, subgroup=("L1",) * 4 + ("L2",) * 4)
    found: dict[int, float] = {}
    alarms: list[Alarm] = []
    for part in (slice(0, 3), slice(3, 6), slice(6, 8)):
        ledger = Ledger.open(url)
        line = Line(ledger, LineSettings("smt-2"), clock=clock)
        if part.start == 0:
            activate(ledger, "smt-2", save_model(ledger, GROUPED, reference_id=None, by="Ada", now=clock()), "new", "Ada", clock())
        line.take(block.part(part))
        with ledger.read() as connection:
            found = {one.row: one.value for one in dots.points_after(connection, "smt-2", 0, 100) if one.value == one.value}
            alarms = book.alarms(connection)
        ledger.close()
    assert list(found) == [4, 8]
    z = (block.x[4:] - model().scatter.center) / SD
    assert found[8] == pytest.approx(4 * np.sum(z.mean(axis=0) ** 2))
    (alarm,) = alarms
    assert alarm.first_row == 8
    assert f"{NAMES[1]} is 6.0 sd high" in alarm.sentence
    assert alarm.facts["values"][NAMES[1]] == pytest.approx(block.x[4:, 1].mean())
    assert sum(alarm.facts["blame"].values()) == pytest.approx(found[8])
