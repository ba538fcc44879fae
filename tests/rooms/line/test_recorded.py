"""What is said of a stream with several incidents stays what was recorded: the facts and the sentences, to the digits that machines share.

`python -m tests.rooms.line.test_recorded` records them anew: after a change of what is said, never of how fast it is found.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import chdtri

from spc.ledger import Ledger
from spc.ledger import alarms as book
from spc.ledger.points import signals_after
from spc.line import Line, acknowledge, activate, cause, save_model
from spc.nouns import Floats, Limit, Model, Rows, Scatter
from spc.settings import LineSettings
from tests.small import START, FakeClock, model

KEPT = Path(__file__).with_name("recorded.json")
NAMES = ("length_mm", "width_mm", "warp_mm", "copper_um")
WORDS = ("value", "culprit", "matter", "since_row", "since_low", "since_high", "since_why")  # what is kept of a signal
LOWER = np.array([[0.05, 0.0, 0.0, 0.0], [0.04, 0.03, 0.0, 0.0], [0.0, 0.01, 0.06, 0.0], [0.3, 0.2, 0.1, 1.1]])
CENTER = np.array([160.0, 90.0, 0.35, 35.0])


def judge() -> Model:
    """Four variables that hang together, with a chart of rows and two with a memory."""
    t2 = tuple(Limit(float(chdtri(q, 0.0027)), 0.0027, f"chi-square({q})") for q in (1, 2, 3, 4))
    memory = {"mewma": (Limit(16.2, 0.0027, "given"),), "ewma_log_t2": (Limit(5.6, 0.0027, "given"),)}
    tails = tuple((alpha, float(chdtri(4, alpha))) for alpha in (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-6))
    return replace(
        model(),
        names=NAMES,
        units=("mm", "mm", "mm", "um"),
        scatter=Scatter(CENTER, LOWER, n=400),
        n=400,
        new_limits={"t2": t2, **memory},
        reference_limits={"t2": t2[-1]},
        tails={"t2": tails},
        recipe={"charts": {"t2": {"name": "t2"}, "mewma": {"name": "mewma"}, "ewma_log_t2": {"name": "ewma_log_t2"}}},
    )


def stream() -> Floats:
    """Calm rows, and a jump, a small shift that lasts, a broken relation, the jump again, a wider spread and a drift; some gaps."""
    rng = np.random.default_rng(20)
    z = np.clip(rng.standard_normal((700, 4)), -2.2, 2.2)
    z[640:] += 0.09 * np.arange(60)[:, None] * np.array([0.0, 1.0, 1.0, 0.0])
    z[520:560] *= 2.4
    x = CENTER + z @ LOWER.T
    for first, last, moved in ((80, 90, (0.0, 0.0, 0.4, 0.0)), (180, 230, (0.06, 0.05, 0.0, 0.0)), (320, 321, (0.07, -0.06, 0.0, 0.0))):
        x[first:last] += moved
    x[440:450] += (0.0, 0.0, 0.38, 0.0)
    x[83, 0] = x[322, 3] = x[500, 1] = np.nan
    return np.asarray(x)


def said(step: int, folder: Path) -> dict[str, Any]:
    """The alarms and signals of the stream in blocks of `step` rows; every other alarm is acknowledged, and the first has a cause."""
    clock, x = FakeClock(), stream()
    with Ledger.open(f"sqlite:///{folder}/a.db") as ledger:
        line = Line(ledger, LineSettings("smt", "SMT"), clock=clock, notifiers=("mail",))
        activate(ledger, "smt", save_model(ledger, judge(), reference_id=None, by="Ada", now=clock()), "new", "Ada", clock())
        at = (START + np.arange(len(x)) * np.timedelta64(45, "s")).astype("datetime64[us]")
        for first in range(0, len(x), step):
            here = slice(first, first + step)
            clock.go(45 * len(x[here]))
            line.take(Rows(NAMES, x[here], at[here], tuple(f"B{k:05d}" for k in range(len(x))[here])))
            with ledger.read() as connection:
                found = book.alarms(connection, limit=1000)
            for one in found:
                if not one.acknowledged:
                    acknowledge(ledger, one.id, "Ada", "seen", clock())
                    if len(found) == 1:
                        cause(ledger, one.id, "Ada", "the oven was hot", clock(), name="hot oven", action="fan changed")
        with ledger.read() as connection:
            alarms = [{"sentence": one.sentence, "facts": dict(one.facts)} for one in reversed(book.alarms(connection, limit=1000))]
            signals = [
                [one.seq, one.chart, one.kind, {word: one.facts.get(word) for word in WORDS}] for one in signals_after(connection, "smt")
            ]
    return {"alarms": alarms, "signals": signals}


@pytest.mark.parametrize("step", [25, 140])
def test_the_facts_and_sentences_of_several_incidents_stay_those_recorded(step: int, tmp_path: Path) -> None:
    kept, now = json.loads(KEPT.read_text())[str(step)], said(step, tmp_path)
    assert [one["sentence"] for one in now["alarms"]] == [one["sentence"] for one in kept["alarms"]]
    alike(kept, now, "")


def test_what_was_recorded_has_incidents_of_all_kinds() -> None:
    kept = [one["facts"] for part in json.loads(KEPT.read_text()).values() for one in part["alarms"]]
    assert {one["since_change"] for one in kept} == {"step", "drift", "spread"}
    assert {one["matter"]["kind"] for one in kept} >= {"level", "relation", "spread"}
    assert {one["chart"] for one in kept} >= {"t2", "mewma"}
    assert any(one["alike"] and one["alike"]["cause"] == "hot oven" for one in kept)


def alike(kept: Any, now: Any, where: str) -> None:
    """The same, numbers to eight digits; raises AssertionError that says where it is not."""
    if isinstance(kept, dict):
        assert set(kept) == set(now), where
        for word, value in kept.items():
            alike(value, now[word], f"{where}.{word}")
    elif isinstance(kept, list):
        assert len(kept) == len(now), where
        for i, (value, other) in enumerate(zip(kept, now, strict=True)):
            alike(value, other, f"{where}[{i}]")
    elif isinstance(kept, float):
        assert now == pytest.approx(kept, rel=1e-8, abs=1e-9), where
    elif where != ".model":
        assert now == kept, where


def record() -> None:
    """Writes what is said now."""
    found = {}
    for step in (25, 140):
        with tempfile.TemporaryDirectory() as folder:
            found[str(step)] = said(step, Path(folder))
    KEPT.write_text(json.dumps(found, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    record()
