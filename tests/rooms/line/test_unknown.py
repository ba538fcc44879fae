"""A column that is misspelled in the settings of a line: told in the log, over HTTP and on the page, with the nearest that there is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import structlog

from spc.ledger import Ledger
from spc.line import Line, activate, save_model
from spc.line.unknown import unknown_columns
from spc.settings import LineSettings, VariableSettings
from tests.small import FakeClock, model, rows

TYPED = LineSettings(
    "mixer",
    variables={"wrap_mm": VariableSettings("warp"), "length_mm": VariableSettings("length")},
    advice={"copper": "Do: look.", "warp_mm": "Do: measure.", "*": "Do: call."},
)


def test_each_word_that_names_no_column_is_found_with_the_nearest() -> None:
    found = unknown_columns(TYPED, model())
    assert [(one.columns, one.cure) for one in found] == [(("wrap_mm",), "Did you mean warp_mm?"), (("copper",), "Did you mean copper_um?")]
    assert "[variables] name wrap_mm" in found[0].text
    assert "[advice] name copper" in found[1].text
    far = unknown_columns(LineSettings("mixer", advice={"zzz": "Do: x."}), model())
    assert far[0].cure == "Columns of the model: length_mm, warp_mm, copper_um."


def test_a_guard_is_a_column_too() -> None:
    from spc.nouns import Guard

    guarded = model(guards=(Guard("slot", 1.0, 0.5),))
    assert unknown_columns(LineSettings("mixer", variables={"slot": VariableSettings("slot number")}), guarded) == ()


def told(logs: list[structlog.typing.EventDict]) -> list[str]:
    return [str(one["cure"]) for one in logs if one["event"] == "settings name an unknown column"]


def test_the_log_says_it_once_when_a_model_becomes_active_and_once_when_the_line_starts(tmp_path: Path) -> None:
    ledger, clock = Ledger.open(f"sqlite:///{tmp_path}/spc.db"), FakeClock()
    try:
        with structlog.testing.capture_logs() as logs:
            line = Line(ledger, TYPED, clock=clock)
        assert told(logs) == [], "no model is active"
        activate(ledger, "mixer", save_model(ledger, model(), reference_id=None, by="Ada", now=clock()), "new lot", "Ada", clock())
        with structlog.testing.capture_logs() as logs:
            line.take(rows(2))
            line.take(rows(2, first=3))
        assert told(logs) == ["Did you mean warp_mm?", "Did you mean copper_um?"]
        with structlog.testing.capture_logs() as logs:
            again = Line(ledger, TYPED, clock=clock)
            again.take(rows(2, first=5))
        assert told(logs) == ["Did you mean warp_mm?", "Did you mean copper_um?"]
        with structlog.testing.capture_logs() as logs:
            Line(ledger, dataclasses.replace(TYPED, variables={}, advice={"*": "Do: call."}), clock=clock).take(rows(2, first=7))
        assert told(logs) == []
    finally:
        ledger.close()
