"""The whole sentence of an alarm, and the same facts said again in another language."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spc.sentences import reworded

AT = 1_741_070_220_000_000  # 2025-03-04 06:37 UTC
MINUTE = 60_000_000
WARP = {"name": "warp", "sigma": 6.4, "given": 6.2, "value": 0.741, "usual": 0.35, "sd": 0.06, "unit": "mm"}
FACTS: dict[str, Any] = {
    "chart": "t2",
    "value": 52.3,
    "ucl": 22.1,
    "row": 133,
    "part": "B00321",
    "at": AT,
    "matter": {"chart": "t2", "kind": "level", "named": [WARP]},
    "telling": {"title": "SMT-2", "part": "Part", "zone": "Europe/Berlin", "advice": "Do: look.", "language": "en"},
}
BEGAN = {
    "since_row": 120,
    "since_low": 118,
    "since_high": 121,
    "since_kind": "step",
    "since_at": AT - 9 * MINUTE,
    "since_low_at": AT - 11 * MINUTE,
    "since_high_at": AT - 8 * MINUTE,
}


@pytest.mark.parametrize(
    "more, english, german",
    [
        ({}, "", ""),
        (BEGAN, " It began at 07:28 (07:26–07:29).", " Beginn: 07:28 (07:26–07:29)."),
        (BEGAN | {"since_row": 133}, "", ""),
        (BEGAN | {"since_kind": "drift"}, " Rising since about 07:28 (07:26–07:29).", " Steigt seit etwa 07:28 (07:26–07:29)."),
        (
            BEGAN | {"since_at": None},
            " It began at row 120 (118–121).",
            " Beginn: Zeile 120 (118–121).",
        ),
        (
            BEGAN | {"since_at": AT - 1440 * MINUTE, "since_low_at": AT - 1440 * MINUTE, "since_high_at": AT - 1440 * MINUTE},
            " It began at 3 March, 07:37.",
            " Beginn: 3. März, 07:37.",
        ),
        (
            {"alike": {"cause": "wrong {panel} lot", "times": 3, "last": AT - 20 * 1440 * MINUTE}},
            " Looks like wrong {panel} lot (3 times, last on 12 February).",
            " Sieht aus wie wrong {panel} lot (3-mal, zuletzt am 12. Februar).",
        ),
        (
            {"alike": {"cause": "wrong lot", "times": 1, "last": AT - 365 * 1440 * MINUTE}},
            " Looks like wrong lot (once before, on 4 March 2024).",
            " Sieht aus wie wrong lot (schon einmal, am 4. März 2024).",
        ),
        ({"alike": None}, "", ""),
    ],
)
def test_when_what_since_when_and_what_it_looks_like(more: dict[str, Any], english: str, german: str) -> None:
    facts = json.loads(json.dumps({**FACTS, **more}))
    head, tail = "07:37 SMT-2: warp is 6.4 sd high (0.741 mm; usual 0.350 ± 0.060 mm).", "T² 52.3 (UCL 22.1). Part B00321. Do: look."
    assert reworded(facts) == f"{head}{english} {tail}"
    head, tail = (
        "07:37 SMT-2: warp ist 6,4 s zu hoch (0,741 mm; üblich 0,350 ± 0,060 mm).",
        "T² 52,3 (Eingriffsgrenze 22,1). Teil B00321. Do: look.",
    )
    assert reworded(facts, "de") == f"{head}{german} {tail}"


def test_a_row_without_a_time_and_a_line_without_a_title() -> None:
    bare = FACTS | {"at": None, "part": None, "telling": FACTS["telling"] | {"title": "", "advice": "", "language": "de"}}
    assert reworded(bare) == "Zeile 133: warp ist 6,4 s zu hoch (0,741 mm; üblich 0,350 ± 0,060 mm). T² 52,3 (Eingriffsgrenze 22,1)."
    assert reworded(bare, "en").startswith("Row 133: warp is")


def test_a_chart_with_memory_says_since_when_in_its_clause() -> None:
    small = (
        FACTS | BEGAN | {"chart": "ewma_log_t2", "matter": {"chart": "mewma", "kind": "level", "named": [{"name": "heat", "sigma": 0.8}]}}
    )
    assert "a small shift that lasts: heat 0.8 sd high on average since 07:28 (07:26–07:29). EWMA of log T² 52.3" in reworded(small)
    assert "im Mittel 0,8 s zu hoch, seit 07:28 (07:26–07:29). EWMA von log T² 52,3" in reworded(small, "de")


def test_a_guard_has_no_statistic() -> None:
    guard = {"chart": "guard", "kind": "guard", "named": [{"name": "pressure", "value": 5.0, "usual": 4.0}]}
    assert reworded(FACTS | {"chart": "guard", "matter": guard}) == (
        "07:37 SMT-2: pressure is 5, not 4: in the reference it never moved. Part B00321. Do: look."
    )


def test_facts_of_an_earlier_version_have_no_sentence_to_say_again() -> None:
    with pytest.raises(KeyError):
        reworded({"chart": "t2", "value": 1.0})
