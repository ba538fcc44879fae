from __future__ import annotations

import pytest

from spc.blame.pareto import Incident, pareto

SOME = [Incident("b", 1, 30.0), Incident("a", 9, 10.0), Incident("b", 2, 0.0), Incident("c", 9, 5.0)]


@pytest.mark.parametrize("by, order", [("alarms", ["b", "a", "c"]), ("rows", ["a", "c", "b"]), ("seconds", ["b", "a", "c"])])
def test_the_worst_comes_first_and_the_shares_end_at_one(by: str, order: list[str]) -> None:
    bars = pareto(SOME, by)  # type: ignore[arg-type]
    assert [one.cause for one in bars] == order
    assert bars[-1].cumulative == pytest.approx(1.0)
    assert sum(one.alarms for one in bars) == 4
    assert sum(one.rows for one in bars) == 21


def test_the_order_in_which_alarms_come_makes_no_difference() -> None:
    assert pareto(SOME) == pareto(SOME[::-1])


def test_nothing_happened() -> None:
    assert pareto([]) == ()
    assert pareto([Incident("a", 0, 0.0)], "rows")[0].cumulative == 0.0
