from __future__ import annotations

from dataclasses import replace

import pytest

from spc import alarms
from spc.errors import Complaint, Conflict
from spc.nouns import Alarm

NOW = 1_741_068_000_000_000


def out(
    row: int = 121, *, charts: tuple[str, ...] = ("t2",), worst: float = 2.0, now: int = NOW, sentence: str = "warp_mm high"
) -> alarms.Out:
    return alarms.Out("smt-2", "process", row, now, sentence, charts, "high", 1, worst, {"value": 44.0})


@pytest.fixture
def opened() -> Alarm:
    return alarms.go_out(None, out())


def test_a_signal_opens_an_incident(opened: Alarm) -> None:
    assert (opened.active, opened.acknowledged, opened.state) == (True, False, "unacknowledged")
    assert (opened.first_row, opened.last_row, opened.rows_out, opened.worst) == (121, 121, 1, 2.0)
    assert opened.facts == {"value": 44.0, "charts_out": ["t2"]}
    assert opened.id == alarms.alarm_id("smt-2", "process", 121) != alarms.alarm_id("smt-2", "process", 122)


def test_later_rows_update_it_and_calm_ones_do_not(opened: Alarm) -> None:
    later = alarms.update(opened, rows_out=3, worst=5.5, last_row=125, now=NOW + 1)
    assert (later.rows_out, later.worst, later.last_row, later.updated_at) == (4, 5.5, 125, NOW + 1)
    assert alarms.update(later, rows_out=0, worst=0.0, last_row=130, now=NOW + 2) is later
    assert alarms.update(later, rows_out=1, worst=float("nan"), last_row=126, now=NOW + 2).worst == 5.5


def test_active_and_acknowledged_are_two_memories(opened: Alarm) -> None:
    seen = alarms.acknowledge(opened, "Ada", "looking", NOW + 1)
    assert (seen.state, seen.acknowledged_by, seen.note, seen.acknowledged_at) == ("acknowledged", "Ada", "looking", NOW + 1)
    assert alarms.come_back(seen, "t2", NOW + 2).state == "normal"
    returned = alarms.come_back(opened, "t2", NOW + 2)
    assert (returned.state, returned.returned_at) == ("returned", NOW + 2)
    assert alarms.acknowledge(returned, "Ada", "", NOW + 3).state == "normal"


def test_acknowledging_twice_is_a_conflict_that_names_the_first(opened: Alarm) -> None:
    seen = alarms.acknowledge(opened, "Ada", "", NOW)
    with pytest.raises(Conflict, match="by Ada"):
        alarms.acknowledge(seen, "Bob", "", NOW + 1)
    with pytest.raises(Complaint, match="name"):
        alarms.acknowledge(opened, "  ", "", NOW)


def test_going_out_again_before_anybody_looked_is_the_same_incident(opened: Alarm) -> None:
    returned = alarms.come_back(opened, "t2", NOW + 1)
    again = alarms.go_out(returned, out(140, worst=1.5, now=NOW + 2, sentence="copper_um low"))
    assert again.id == opened.id
    assert (again.state, again.returned_at, again.first_row, again.last_row, again.rows_out) == ("unacknowledged", None, 121, 140, 2)
    assert (again.sentence, again.worst) == ("copper_um low", 2.0)


def test_after_it_is_over_a_new_signal_is_a_new_incident(opened: Alarm) -> None:
    over = alarms.acknowledge(alarms.come_back(opened, "t2", NOW + 1), "Ada", "", NOW + 2)
    assert alarms.is_over(over)
    assert alarms.go_out(over, out(150)).id != opened.id


def test_an_acknowledged_incident_that_is_still_out_stays_acknowledged(opened: Alarm) -> None:
    seen = alarms.acknowledge(opened, "Ada", "", NOW)
    joined = alarms.go_out(seen, out(123, charts=("guard",)))
    assert (joined.state, joined.facts["charts_out"], joined.sentence) == ("acknowledged", ["t2", "guard"], "warp_mm high")


def test_it_has_returned_only_when_every_chart_is_back(opened: Alarm) -> None:
    both = alarms.go_out(opened, out(123, charts=("guard",)))
    one = alarms.come_back(both, "t2", NOW + 1)
    assert one.active
    assert not alarms.come_back(one, "guard", NOW + 2).active


def test_ending_closes_all_charts_at_once(opened: Alarm) -> None:
    ended = alarms.end(opened, NOW + 5)
    assert (ended.active, ended.returned_at, ended.facts["charts_out"]) == (False, NOW + 5, [])
    assert alarms.end(ended, NOW + 6) is ended


def test_shelving_has_a_reason_and_an_end(opened: Alarm) -> None:
    shelved = alarms.shelve(opened, "Ada", "gauge in calibration", NOW + 60_000_000, NOW)
    assert (shelved.state, shelved.shelved_by, shelved.shelve_reason) == ("shelved", "Ada", "gauge in calibration")
    assert alarms.unshelve(shelved, NOW + 60_000_000).state == "unacknowledged"
    with pytest.raises(Conflict, match="already shelved"):
        alarms.shelve(shelved, "Bob", "me too", NOW + 60_000_000, NOW)
    with pytest.raises(Conflict, match="not shelved"):
        alarms.unshelve(opened, NOW)
    with pytest.raises(Complaint, match="reason"):
        alarms.shelve(opened, "Ada", " ", NOW + 1, NOW)
    for until in (NOW, NOW - 1, NOW + alarms.LONGEST_SHELF_US + 1):
        with pytest.raises(Complaint, match="within seven days"):
            alarms.shelve(opened, "Ada", "x", until, NOW)


def test_a_shelved_incident_is_not_over_even_when_it_returned_and_was_seen(opened: Alarm) -> None:
    shelved = alarms.shelve(opened, "Ada", "gauge in calibration", NOW + 60_000_000, NOW)
    quiet = alarms.acknowledge(alarms.come_back(shelved, "t2", NOW + 1), "Ada", "", NOW + 2)
    assert not alarms.is_over(quiet)
    assert alarms.go_out(quiet, out(140)).id == opened.id
    with pytest.raises(Conflict, match="over"):
        alarms.shelve(replace(quiet, shelved_until=None), "Ada", "x", NOW + 60_000_000, NOW + 3)


def test_the_cause_can_be_said_and_said_again(opened: Alarm) -> None:
    assert alarms.cause(alarms.cause(opened, "Ada", "lot 7", NOW), "Ada", "wrong panel lot 7", NOW).cause == "wrong panel lot 7"
    with pytest.raises(Complaint, match="cause is empty"):
        alarms.cause(opened, "Ada", "", NOW)
