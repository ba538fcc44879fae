"""What one fit simulated, the next fit of the same shape finds in the ledger."""

from __future__ import annotations

from typing import Any

from spc.ledger.calibrations import calibrations

RECIPE = {"estimator": {"name": "mcd", "h": 0.63}, "limit": "calibrated"}  # no table has this h


def table(turn: int) -> bytes:
    return ("a\n" + "\n".join(str((turn * k) % 401) for k in range(400)) + "\n").encode()


def test_a_second_fit_of_the_same_shape_is_answered_from_the_ledger(house: Any) -> None:
    first = house.fitted(house.kept(table(37)), RECIPE)
    with house.ledger.read() as connection:
        kept = calibrations(connection)
    assert [one.error > 0.0 for one in sorted(kept, key=lambda one: one.bytes)] == [False, True]  # the answers, and the fits
    second = house.fitted(house.kept(table(41)), RECIPE)
    with house.ledger.read() as connection:
        assert calibrations(connection) == kept  # nothing was simulated, or it would have been kept anew
    limits = [one["result"]["charts"] for one in (first, second)]
    assert limits[0] == limits[1]
