"""Results of simulations that limits come from: made once, then answered from here, after a restart as well.

They can all be made again, so the ledger keeps no more than a certain amount of them: the oldest go first.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from spc.errors import LedgerError
from spc.ledger.schema import calibration
from spc.ledger.store import Ledger

MOST_BYTES = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """A result without its bytes: the relative standard error of its false-alarm probability, and when it was made."""

    key: str
    error: float
    made_at: int
    bytes: int


def get_calibration(connection: Connection, key: str) -> bytes | None:
    """The bytes under this key, or None."""
    found = connection.execute(select(calibration.c.value).where(calibration.c.key == key)).scalar()
    return None if found is None else bytes(found)


def put_calibration(connection: Connection, key: str, value: bytes, error: float, now: int, most: int = MOST_BYTES) -> None:
    """Keeps a result, in place of an earlier one under this key; the oldest go when all together are more than `most` bytes."""
    values = {"value": value, "error": error, "made_at": now, "bytes": len(value)}
    changed = connection.execute(update(calibration).where(calibration.c.key == key).values(**values)).rowcount
    if not changed:
        connection.execute(insert(calibration).values(key=key, **values))
    total = int(connection.execute(select(func.coalesce(func.sum(calibration.c.bytes), 0))).scalar_one())
    if total <= most:
        return
    for one in reversed(calibrations(connection)):
        if total <= most or one.key == key:
            continue
        connection.execute(delete(calibration).where(calibration.c.key == one.key))
        total -= one.bytes


def calibrations(connection: Connection) -> list[StoredCalibration]:
    """All that are kept, the newest first."""
    columns = (calibration.c.key, calibration.c.error, calibration.c.made_at, calibration.c.bytes)
    query = select(*columns).order_by(calibration.c.made_at.desc(), calibration.c.key)
    return [StoredCalibration(*one) for one in connection.execute(query)]


class Calibrations:
    """The ledger as a store for simulated results (`spc.limits.cache`). A ledger that fails is as good as an empty one here."""

    def __init__(self, ledger: Ledger, clock: Callable[[], int]) -> None:
        self._ledger, self._clock = ledger, clock

    def get(self, key: str) -> bytes | None:
        """The bytes under this key, or None."""
        with suppress(LedgerError), self._ledger.read() as connection:
            return get_calibration(connection, key)
        return None

    def put(self, key: str, value: bytes, error: float) -> None:
        """Keeps a result."""
        with suppress(LedgerError):
            self._ledger.write(lambda connection: put_calibration(connection, key, value, error, self._clock()))
