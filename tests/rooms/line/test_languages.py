"""A line that speaks German: its alarms, its letters and its silence; and alarms that are older than the facts of sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.line import Line, activate, save_model, words
from spc.nouns import Alarm
from spc.sentences import reworded
from spc.settings import LineSettings, VariableSettings
from tests.small import FakeClock, model, rows

SETTINGS = LineSettings(
    "mixer",
    "Mischer",
    language="de",
    interval_s=45.0,
    variables={"warp_mm": VariableSettings("Verzug"), "copper_um": VariableSettings("", "µm")},
)
ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger.open(f"sqlite:///{tmp_path}/spc.db")
    yield made
    made.close()


def line_of(ledger: Ledger, clock: FakeClock) -> Line:
    line = Line(ledger, SETTINGS, clock=clock, zone=ZONE)
    activate(ledger, "mixer", save_model(ledger, model(), reference_id=None, by="Ada", now=clock()), "new", "Ada", clock())
    return line


def alarm_of(ledger: Ledger) -> Alarm:
    with ledger.read() as connection:
        return book.alarms(connection)[0]


def test_an_alarm_is_kept_in_the_lines_language_and_can_be_said_in_another(ledger: Ledger) -> None:
    line_of(ledger, FakeClock()).take(rows(6, out=(4,)))
    alarm = alarm_of(ledger)
    assert alarm.sentence.startswith(
        "07:03 Mischer: Verzug ist 8,0 s zu hoch (0,830 mm; üblich 0,350 ± 0,060 mm). T² 64,0 (Eingriffsgrenze "
    )
    assert alarm.sentence.endswith(" Teil B00004.")
    assert reworded(alarm.facts, "en").startswith("07:03 Mischer: Verzug is 8.0 sd high (0.830 mm; usual 0.350 ± 0.060 mm). T² 64.0 (UCL ")
    assert alarm.facts["culprit"] == "warp_mm"


def test_letters_and_silence_are_in_the_lines_language(ledger: Ledger) -> None:
    line_of(ledger, FakeClock()).take(rows(6, out=(4,)))
    alarm = alarm_of(ledger)
    letter = words.letter(replace(alarm, rows_out=7, worst=2.14), "back in", SETTINGS, "http://plant", ZONE, alarm.opened_at)
    assert letter.subject == "Mischer: wieder in Ordnung"
    assert " 7 Messungen über der Eingriffsgrenze, bis zum 2,1-Fachen. Begonnen hat es so: 07:03 Mischer: Verzug" in letter.sentence
    said = words.silence(SETTINGS, ZONE, alarm.opened_at + 120_000_000, alarm.opened_at)
    assert said.endswith(
        "Mischer: seit 120 s keine Messwerte (erwartet wird alle 45 s eine). Bitte Messgerät, "
        "Kabel und das Programm prüfen, das die Messwerte schickt."
    )


def test_an_alarm_from_before_sentences_were_made_of_facts_keeps_its_sentence(ledger: Ledger) -> None:
    clock = FakeClock()
    line = line_of(ledger, clock)
    line.take(rows(6, out=(6,)))
    alarm = alarm_of(ledger)
    old = {name: fact for name, fact in alarm.facts.items() if name not in ("matter", "telling")}
    ledger.write(lambda connection: book.put_alarm(connection, replace(alarm, sentence="As it was said.", facts=old)))
    line.take(rows(4, first=7, out=(1, 2)))
    later = alarm_of(ledger)
    assert (later.rows_out, later.sentence) == (3, "As it was said.")
