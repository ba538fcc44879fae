"""Blame over time from a ledger: dynamics, subgroups, periods, and whom a Pareto counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from spc.blame import blame
from spc.errors import Complaint, NotFound
from spc.ledger import Ledger
from spc.line import Line, activate, save_model
from spc.line.causes import causes, compared
from spc.line.periods import moment, period
from spc.line.seen import KnownModels, seen
from spc.nouns import Dynamics, Limit, Model
from spc.phase2 import Monitor
from spc.settings import LineSettings
from tests.small import CENTER, SD, FakeClock, model, rows

S = 1_000_000


def of(tmp_path: Path, made: Model) -> tuple[Ledger, Line, FakeClock]:
    ledger, clock = Ledger.open(f"sqlite:///{tmp_path}/spc.db"), FakeClock()
    line = Line(ledger, LineSettings("press"), clock=clock)
    activate(ledger, "press", save_model(ledger, made, reference_id=None, by="Ada", now=clock()), "new lot", "Ada", clock())
    return ledger, line, clock


def test_rows_that_are_judged_with_the_ones_before_keep_their_shares_whatever_the_window(tmp_path: Path) -> None:
    coefficients = np.diag([0.5, 0.3, 0.0])
    made = model()
    made = replace(made, dynamics=Dynamics(made.names, 0, None, CENTER, SD, coefficients))
    ledger, line, _ = of(tmp_path, made)
    block = rows(40, out=(30,))
    line.take(block)
    monitor = Monitor(made)
    monitor.judge(block, 1)
    expected = blame(made, monitor.charted).share
    with ledger.read() as c:
        whole, part = seen(c, "press", 1, 40), seen(c, "press", 21, 40, KnownModels())
    assert whole.share[1:] == pytest.approx(expected[1:], rel=1e-9)
    assert part.share == pytest.approx(expected[20:], rel=1e-9)
    assert np.nansum(part.share, axis=1) == pytest.approx(part.t2, rel=1e-9)
    ledger.close()


def test_a_window_without_rows_or_without_a_model_is_empty(tmp_path: Path) -> None:
    ledger, clock = Ledger.open(f"sqlite:///{tmp_path}/spc.db"), FakeClock()
    line = Line(ledger, LineSettings("press"), clock=clock)
    with ledger.read() as c:
        assert len(seen(c, "press", 1, 0)) == 0
    line.take(rows(5))
    with ledger.read() as c:
        found = seen(c, "press", 1, 5)
        assert (len(found), found.names, found.share.shape) == (5, (), (5, 0))
        with pytest.raises(Complaint, match="No row of this period was judged"):
            compared(c, "press", (0, 2**62))
        with pytest.raises(NotFound, match="no row in this period"):
            compared(c, "press", (0, 1))
    ledger.close()


def test_an_alarm_belongs_to_a_period_while_it_was_open(tmp_path: Path) -> None:
    ledger, line, clock = of(tmp_path, model())
    start = clock()
    line.take(rows(10, out=(8, 9, 10)))
    clock.go(600)
    now = clock()
    with ledger.read() as c:
        whole = causes(c, start - S, now, now, line="press")
        late = causes(c, start + 300 * S, now, now, line="press")
        before = causes(c, start - 60 * S, start - S, now, line="press")
    assert [(one.cause, one.alarms, one.rows, one.seconds) for one in whole] == [("warp_mm", 1, 3, 600.0)]
    assert [one.seconds for one in late] == [300.0], "its time is cut to the period"
    assert before == ()
    line.take(rows(20, first=11))
    clock.go(3600)
    with ledger.read() as c:
        assert [one.seconds for one in causes(c, start - S, clock(), clock(), line="press")] == [600.0], "it returned"
        assert causes(c, start + 700 * S, clock(), clock(), line="press") == ()
    ledger.close()


def test_periods_are_the_plants() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert moment("2025-03-04 06:00", berlin) == moment("2025-03-04T05:00Z", UTC)
    day = moment("2025-03-30", berlin, end=True) + 1 - moment("2025-03-30", berlin)
    assert day == 23 * 3600 * S, "the day on which the clocks go forward"
    assert period("week", 10**15, UTC) == (10**15 - 7 * 86_400 * S, 10**15)
    assert period("between", 10**15, UTC, "2001-01-01")[1] == 10**15
    early = ("0001-01-01T00:00+10:00", "", "not a time")
    for since, until, said in (("", "", "from when"), ("soon", "", "not a time"), ("2030-01-01", "", "before it begins"), early):
        with pytest.raises(Complaint, match=said):
            period("between", 10**15, UTC, since, until)


def test_limits_of_fewer_variables_do_not_disturb(tmp_path: Path) -> None:
    made = model()
    made = replace(made, new_limits={"t2": tuple(Limit(one.value + 1.0, one.alpha, one.law) for one in made.new_limits["t2"])})
    ledger, line, _ = of(tmp_path, made)
    block = rows(5)
    block.x[2, 0] = np.nan
    line.take(block)
    with ledger.read() as c:
        found = seen(c, "press", 1, 5)
    assert found.ucl[2] == made.new_limits["t2"][1].value
    assert np.isnan(found.share[2]).tolist() == [True, False, False]
    assert np.nansum(found.share[2]) == pytest.approx(found.t2[2], rel=1e-9)
    ledger.close()
