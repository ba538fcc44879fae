"""Simulated results in the ledger."""

from __future__ import annotations

import threading

from spc.ledger import Ledger, calibrations
from spc.ledger.calibrations import Calibrations, get_calibration, put_calibration

KEY = "a" * 64


def test_a_result_comes_back_after_a_restart_and_a_later_one_takes_its_place(url: str) -> None:
    with Ledger.open(url) as ledger:
        store = Calibrations(ledger, lambda: 7)
        assert store.get(KEY) is None
        store.put(KEY, b"\0\xff one", 0.02)
        store.put(KEY, b"two", 0.01)
    with Ledger.open(url) as ledger:
        assert Calibrations(ledger, lambda: 8).get(KEY) == b"two"
        with ledger.read() as connection:
            (one,) = calibrations.calibrations(connection)
    assert (one.key, one.error, one.made_at, one.bytes) == (KEY, 0.01, 7, 3)


def test_the_oldest_go_when_there_is_too_much(url: str) -> None:
    with Ledger.open(url) as ledger:
        for at in range(5):
            ledger.write(lambda c, at=at: put_calibration(c, f"{at}", bytes(10), 0.0, at, most=30))  # type: ignore[misc]
        with ledger.read() as connection:
            assert [one.key for one in calibrations.calibrations(connection)] == ["4", "3", "2"]
            assert get_calibration(connection, "0") is None


def test_two_at_once_write_one_result(url: str) -> None:
    with Ledger.open(url) as ledger:
        store = Calibrations(ledger, lambda: 7)
        crew = [threading.Thread(target=store.put, args=(KEY, b"same", 0.0)) for _ in range(8)]
        for one in crew:
            one.start()
        for one in crew:
            one.join()
        assert store.get(KEY) == b"same"


def test_a_ledger_that_is_closed_is_as_good_as_an_empty_one(url: str) -> None:
    with Ledger.open(url) as ledger:
        store = Calibrations(ledger, lambda: 7)
    store.put(KEY, b"late", 0.0)
