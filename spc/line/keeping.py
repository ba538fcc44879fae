"""Retention: once a night, days older than `keep_days` leave the database for the archive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

import structlog

from spc.ledger import Ledger
from spc.ledger.archive import DAY_US, Archived, archive_days
from spc.settings import Settings

HOUR: Final = 3  # of the plant's clock: the night shift runs, and nobody looks at a report
LOOK_S: Final = 60.0

_log = structlog.get_logger("spc.plant")


class Keeping:
    """Archives once a day, at three in the morning or as soon afterwards as the plant runs."""

    def __init__(self, ledger: Ledger, settings: Settings, clock: Callable[[], int]) -> None:
        self._ledger, self._settings, self._clock = ledger, settings, clock
        self._done: date | None = None

    def look(self) -> bool:
        """Does the day's work when it is due; True when there is nothing more to do now. Raises LedgerError."""
        now = self._clock()
        local = datetime.fromtimestamp(now / 1e6, UTC).astimezone(self._settings.zone)
        if local.hour >= HOUR and local.date() != self._done:
            keep(self._ledger, self._settings.keep_days, now, self._clock)
            self._done = local.date()
        return True


def keep(ledger: Ledger, days: int, now: int, clock: Callable[[], int]) -> list[Archived]:
    """Archives what was received more than so many whole days (UTC) ago."""
    files = archive_days(ledger, ledger.archive, now - days * DAY_US, clock)
    if files:
        rows, size = sum(one.last - one.first + 1 for one in files), sum(one.bytes for one in files)
        _log.info("archived", files=len(files), rows=rows, bytes=size, folder=str(ledger.archive))
    return files
