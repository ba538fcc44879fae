import dataclasses

import pytest

from spc.nouns import Alarm
from spc.ui.words import LineFacts, state, worst

NOW = 1_741_068_000_000_000
SECOND = 1_000_000
LINE = LineFacts("mixer", "Mixer", last_seq=9, last_at=NOW - SECOND, seen_at=NOW - SECOND, stale_after_s=10.0, model="v1")


def alarm(**changes: object) -> Alarm:
    one = Alarm("a1", "mixer", "process", "high", NOW - 60 * SECOND, NOW, 1, 2, True, False, "warp is high")
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


def test_a_line_that_runs_well_says_so_and_nothing_else() -> None:
    now = state(LINE, NOW)
    assert (now.key, now.words, now.more, now.priority, now.flash) == ("normal", "In control", "", "", False)


@pytest.mark.parametrize("age_s, words", [(9.9, "In control"), (10.5, "No data 10 s"), (260, "No data 4 min"), (7300, "No data 2 h 1 min")])
def test_silence_is_never_calm(age_s: float, words: str) -> None:
    assert state(dataclasses.replace(LINE, seen_at=NOW - int(age_s * SECOND)), NOW).words == words


def test_a_line_that_never_sent_a_row_is_not_in_control() -> None:
    assert state(LineFacts("mixer", "Mixer"), NOW).words == "No data yet"


def test_rows_without_a_model_are_not_monitored() -> None:
    assert state(dataclasses.replace(LINE, model=""), NOW).words == "Not monitored"


def test_a_point_beyond_the_limit_before_the_rule_is_met_is_a_warning() -> None:
    assert state(dataclasses.replace(LINE, out=True), NOW).words == "Warning"


@pytest.mark.parametrize(
    "changes, key, words, flash",
    [
        ({}, "alarm", "ALARM", True),
        ({"acknowledged": True}, "acknowledged", "ALARM", False),
        ({"active": False}, "returned", "Alarm returned", True),
        ({"active": False, "acknowledged": True}, "normal", "In control", False),
        ({"shelved_until": NOW + 1}, "normal", "In control", False),
    ],
)
def test_active_and_acknowledged_are_two_memories(changes: dict[str, object], key: str, words: str, flash: bool) -> None:
    now = state(dataclasses.replace(LINE, alarms=(alarm(**changes),)), NOW)
    assert (now.key, now.words, now.flash) == (key, words, flash)


def test_an_alarm_outranks_silence_and_says_both() -> None:
    now = state(dataclasses.replace(LINE, alarms=(alarm(),), seen_at=NOW - 240 * SECOND), NOW)
    assert (now.words, now.more) == ("ALARM", "No data 4 min")


def test_an_alarm_about_silence_reads_as_silence() -> None:
    now = state(dataclasses.replace(LINE, alarms=(alarm(kind="no data", priority="medium"),), seen_at=NOW - 240 * SECOND), NOW)
    assert (now.key, now.words, now.flash) == ("stale", "No data 4 min", True)


def test_the_worst_priority_counts() -> None:
    assert worst((alarm(priority="low"), alarm(priority="critical"), alarm(priority="high"))) == "critical"


@pytest.mark.parametrize("kind, words", [("stuck", "Sensor stuck"), ("disk", "Disk nearly full")])
def test_an_alarm_that_is_not_about_the_process_neither_hides_another_nor_is_hidden(kind: str, words: str) -> None:
    other = alarm(id="a2", kind=kind, priority="medium")
    one = state(dataclasses.replace(LINE, alarms=(other,)), NOW)
    assert (one.key, one.words, one.priority, one.flash) == ("alarm", words, "medium", True)
    seen = state(dataclasses.replace(LINE, alarms=(dataclasses.replace(other, acknowledged=True),)), NOW)
    assert (seen.key, seen.words, seen.more, seen.flash) == ("acknowledged", words, "acknowledged", False)
    both = state(dataclasses.replace(LINE, alarms=(other, alarm())), NOW)
    assert (both.words, both.more, both.priority) == ("ALARM", words.lower(), "high")
    silent = state(dataclasses.replace(LINE, alarms=(other,), seen_at=NOW - 240 * SECOND), NOW)
    assert (silent.key, silent.words, silent.more) == ("stale", "No data 4 min", words.lower())
    back = state(dataclasses.replace(LINE, alarms=(other, alarm(active=False))), NOW)
    assert (back.key, back.words, back.more) == ("returned", "Alarm returned", f"not acknowledged; {words.lower()}")


def test_a_clock_that_is_off_is_said_with_every_state() -> None:
    off = dataclasses.replace(LINE, skew="rows dated 95 s back")
    assert [state(one, NOW).more for one in (off, dataclasses.replace(off, model=""), dataclasses.replace(off, alarms=(alarm(),)))] == [
        "rows dated 95 s back",
        "no active reference; rows dated 95 s back",
        "rows dated 95 s back",
    ]
