import pytest

from spc.errors import Complaint, Conflict, NotFound
from spc.ui import answer, ids, known
from spc.ui.pages import alarms as page
from spc.ui.pages import line
from spc.ui.view import View
from tests.rooms.ui.house import House


@pytest.fixture
def view(house: House) -> View:
    house.activate()
    house.send(20, out=(19, 20))
    return View(house)


@pytest.fixture
def alarm(view: View) -> str:
    return view.alarms("open")[0].id


def test_to_acknowledge_takes_a_name(view: View, alarm: str) -> None:
    with pytest.raises(Complaint, match="Type your name"):
        answer.act(view, ids.ANSWER_ACKNOWLEDGE, alarm, "  ", "seen", 60, "")
    assert answer.act(view, ids.ANSWER_ACKNOWLEDGE, alarm, "Ann", "seen", 60, "") == "Acknowledged by Ann."
    kept = view.alarm(alarm)[0]
    assert (kept.acknowledged_by, kept.note, kept.state) == ("Ann", "seen", "acknowledged")


def test_the_second_signature_is_told_who_was_first(view: View, alarm: str) -> None:
    answer.act(view, ids.ANSWER_ACKNOWLEDGE, alarm, "Ann", "", 60, "")
    with pytest.raises(Conflict):
        answer.act(view, ids.ANSWER_ACKNOWLEDGE, alarm, "Ben", "", 60, "")


def test_to_shelve_takes_a_reason_and_ends_by_itself(view: View, alarm: str, house: House) -> None:
    with pytest.raises(Complaint, match="reason"):
        answer.act(view, ids.ANSWER_SHELVE, alarm, "Ann", "", 15, "")
    assert "for 15 min" in answer.act(view, ids.ANSWER_SHELVE, alarm, "Ann", "part is on order", 15, "")
    assert view.alarm(alarm)[0].shelved_until == house.clock.now + 15 * 60_000_000


def test_a_cause_is_chosen_from_the_list(view: View, alarm: str) -> None:
    with pytest.raises(Complaint, match="Choose one"):
        answer.act(view, ids.ANSWER_CAUSE, alarm, "Ann", "", 60, "")
    answer.act(view, ids.ANSWER_CAUSE, alarm, "Ann", "", 60, "sensor")
    assert view.alarm(alarm)[0].cause == "sensor or gauge"


def test_a_cause_with_a_name_is_known_and_what_goes_the_same_way_looks_like_it(view: View, alarm: str, house: House) -> None:
    said = answer.act(view, ids.ANSWER_CAUSE, alarm, "Ann", "", 60, "material", "wrong panel lot", "lot sent back")
    assert said == "Cause recorded by Ann: material or lot: wrong panel lot."
    answer.act(view, ids.ANSWER_ACKNOWLEDGE, alarm, "Ann", "", 60, "")
    assert [one.name for one in view.known_causes("mixer")] == ["wrong panel lot"]
    assert answer.alike(view.alarm(alarm)[0], "UTC") == []  # not like itself
    house.send(20, out=(19, 20))
    again = view.alarm(view.alarms("")[0].id)[0]
    assert again.id != alarm
    (shown,) = answer.alike(again, "UTC")
    assert str(shown.children).startswith("Looks like wrong panel lot (once before, last on ")
    assert str(shown.children).endswith("Then: lot sent back.")
    view.withdraw_cause("mixer", view.known_causes("mixer")[0].id, "Ann", "it was the gauge")
    assert answer.alike(view.alarm(again.id)[0], "UTC") == []


def test_an_alarm_that_looks_like_none_of_the_known_causes_says_so(view: View, alarm: str) -> None:
    shown = view.alarm(alarm)[0]
    shown.facts["known_causes"] = 3  # type: ignore[index]
    assert "like none of the 3 known causes" in str(answer.alike(shown, "UTC"))


def test_known_causes_are_listed_renamed_and_withdrawn(view: View, alarm: str) -> None:
    assert "No cause is known" in str(known.listing([], "UTC"))
    answer.act(view, ids.ANSWER_CAUSE, alarm, "Ann", "", 60, "material", "wrong lot", "lot sent back")
    (one,) = view.known_causes("mixer")
    shown = str(known.listing([one], "UTC"))
    assert "wrong lot" in shown
    assert "lot sent back" in shown
    with pytest.raises(Complaint, match="No cause is chosen"):
        known.act(view, ids.KNOWN_RENAME, "mixer", "", "x", "Ann", "why")
    with pytest.raises(Complaint, match="reason"):
        known.act(view, ids.KNOWN_RENAME, "mixer", str(one.id), "wrong panel lot", "Ann", "")
    said = known.act(view, ids.KNOWN_RENAME, "mixer", str(one.id), "wrong panel lot", "Ann", "there are two")
    assert said == "wrong lot is now called wrong panel lot."
    assert "wrong panel lot is withdrawn" in known.act(view, ids.KNOWN_WITHDRAW, "mixer", str(one.id), "", "Ann", "a gauge")
    assert view.known_causes("mixer") == []


def test_nothing_was_wrong_is_no_known_cause(view: View, alarm: str) -> None:
    answer.act(view, ids.ANSWER_CAUSE, alarm, "Ann", "", 60, "false")
    assert view.known_causes("mixer") == []


def test_an_alarm_that_is_not_there_is_said_so(view: View) -> None:
    with pytest.raises(NotFound):
        view.alarm("nonsense")


def test_the_list_shows_who_answered_in_local_time_with_utc_behind(view: View, alarm: str) -> None:
    answer.act(view, ids.ANSWER_ACKNOWLEDGE, alarm, "Ann", "seen", 60, "")
    shown = str(page.listing(view.alarms(""), {"mixer": "The mixer"}, "Europe/Berlin", "all"))
    assert "Ann, 07:00:00" in shown
    assert "2025-03-04 06:00:00 UTC" in shown
    assert "The mixer" in shown


def test_the_summary_counts_what_is_open(view: View) -> None:
    assert page.summary(view.alarms("open")) == "1 open: 1 not acknowledged."
    assert page.summary([]) == "No alarm is open."


def test_a_point_is_explained_in_words_bars_and_numbers(view: View) -> None:
    words, bars, table = line.why(view.blamed("mixer", 20), "Europe/Berlin")
    said = " ".join(str(w) for w in words)
    assert "Row 20, part B00020" in said
    assert "beyond the limit" in said
    assert "warp_mm is 8.0 sd high" in said
    assert bars.index("warp_mm") < bars.index("length_mm")
    assert line.told(view, "mixer", 20)["bars"] == bars
    assert "not judged" in line.told(view, "mixer", 999)["words"]
    assert "0.830" in str(table)
    assert "Python" not in table, "what is folded away is worked out when it is opened"
    worked = line.arithmetic(view, "mixer", 20)["arithmetic"]
    assert "T² of this row" in worked
    assert "UCL of t2 for a new row" in worked
    assert "not judged" in line.arithmetic(view, "mixer", 999)["arithmetic"]


def test_a_row_that_was_not_judged_is_said_so(view: View) -> None:
    with pytest.raises(NotFound, match="not judged"):
        view.blamed("mixer", 999)
