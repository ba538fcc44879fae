"""The dispersion on a line: an alarm that tells what varies more, over a restart in the middle of the subgroup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.ledger import points as dots
from spc.line import Line, activate, save_model
from spc.nouns import Alarm, Limit, Point, Subgroups
from spc.settings import LineSettings
from tests.small import SD, FakeClock, model, rows

PLAIN = model()
KEPT = Subgroups("lot", 8, 8, 50, {"t2": (0.0,) * 3}, {"t2": 0.0}, {"dispersion": tuple((k, 27.0) for k in (4, 5, 6, 7, 8))})
GROUPED = replace(
    PLAIN,
    subgroup=KEPT,
    new_limits={**PLAIN.new_limits, "dispersion": (Limit(27.0, 0.00135, "likelihood ratio"),)},
    reference_limits={**PLAIN.reference_limits, "dispersion": Limit(27.0, 0.00135, "likelihood ratio")},
    tails={**PLAIN.tails, "dispersion": ()},
    recipe={"charts": {"t2": {"name": "t2"}, "dispersion": {"name": "dispersion"}}, "subgroup": "lot"},
)


def test_a_wider_spread_rings_and_is_told_over_a_restart(tmp_path: Path) -> None:
    url, clock = f"sqlite:///{tmp_path}/a.db", FakeClock()
    z = np.random.default_rng(1).standard_normal((24, 3))
    z[8:16, 1] = 5.0 * (z[8:16, 1] - z[8:16, 1].mean())
    block = replace(rows(24), x=PLAIN.scatter.center + SD * z, subgroup=("L1",) * 8 + ("L2",) * 8 + ("L3",) * 8)
    found: dict[tuple[int, str], Point] = {}
    alarms: list[Alarm] = []
    for part in (slice(0, 3), slice(3, 11), slice(11, 24)):
        ledger = Ledger.open(url)
        line = Line(ledger, LineSettings("smt-2"), clock=clock)
        if part.start == 0:
            activate(ledger, "smt-2", save_model(ledger, GROUPED, reference_id=None, by="Ada", now=clock()), "new", "Ada", clock())
        line.take(block.part(part))
        with ledger.read() as connection:
            found = {(one.row, one.chart): one for one in dots.points_after(connection, "smt-2", 0, 200) if one.value == one.value}
            alarms = book.alarms(connection)
        ledger.close()
    assert sorted(found) == [(row, chart) for row in (8, 16, 24) for chart in ("dispersion", "t2")]
    assert [found[row, "dispersion"].out for row in (8, 16, 24)] == [False, True, False]
    assert not found[16, "t2"].out
    (alarm,) = alarms
    assert alarm.first_row == 16
    assert alarm.facts["chart"] == "dispersion"
    assert "spread, not level: warp_mm varies " in alarm.sentence
    assert "times as much as in the reference" in alarm.sentence
    assert f"Dispersion {found[16, 'dispersion'].value:.1f} (UCL 27.0)" in alarm.sentence
    assert "began" not in alarm.sentence
    assert abs(sum(alarm.facts["blame"].values()) - found[16, "dispersion"].value) < 1e-9 * found[16, "dispersion"].value
    assert alarm.facts["culprit"] == "warp_mm"
