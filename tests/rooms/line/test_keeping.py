"""Retention: days that are old go to the archive once a night, and a failure is tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from spc.errors import LedgerError
from spc.ledger import Ledger, archive
from spc.ledger.archive import _alone
from spc.line import Line, Plant
from spc.line.keeping import Keeping
from spc.settings import LineSettings, Settings
from tests.small import FakeClock
from tests.small import rows as some_rows


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_every_night_what_is_older_than_said_leaves_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEPT", 3)
    clock = FakeClock(at("2025-03-04T12:00"))
    settings = Settings(keep_days=2, timezone="Europe/Berlin")
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        line = Line(ledger, LineSettings("smt-2"), clock=clock)
        for start in range(1, 60, 5):
            line.take(some_rows(5, first=start))
            clock.go(86_400.0 / 2)
        keeping = Keeping(ledger, settings, clock)

        def files() -> int:
            return len(list(ledger.archive.rglob("*.parquet")))

        clock.now = at("2025-03-10T01:30")  # half past two in Berlin
        assert keeping.look()
        assert files() == 0
        clock.now = at("2025-03-10T02:30")
        with _alone(ledger.archive), pytest.raises(LedgerError, match="Another process"):
            keeping.look()
        assert keeping.look()  # it failed: it is tried again
        assert files() == 4  # received on the 4th to the 7th: the 8th and the 9th are kept
        clock.now = at("2025-03-10T20:00")
        keeping.look()
        assert files() == 4
        clock.now = at("2025-03-11T02:00")
        keeping.look()
        assert files() == 5


def test_a_plant_keeps_all_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        for days, apart, threads in ((0, False, 0), (30, False, 1), (30, True, 0)):
            plant = Plant(ledger, Settings(keep_days=days), apart=apart)
            plant.start()
            found = [one.name for one in plant._threads if one.name == "archive"]
            plant.stop()
            assert len(found) == threads
