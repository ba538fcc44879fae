"""A line is run by one process at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from spc.errors import Refused
from spc.ledger import Ledger, leases, lines

NOW = 1_741_068_000_000_000
LONG = leases.LENGTH_US


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as ledger:
        ledger.write(lambda connection: lines.put_line(connection, "smt-2", "SMT-2", NOW))
        yield ledger


def hold(ledger: Ledger, owner: str, epoch: int, now: int) -> int:
    return ledger.write(lambda connection: leases.hold(connection, "smt-2", owner, epoch, now))


def test_whoever_is_first_holds_it_and_renews_it(ledger: Ledger) -> None:
    assert hold(ledger, "a", 0, NOW) == 1
    for second in range(40):
        assert hold(ledger, "a", 1, NOW + second * 1_000_000) == 1
    with pytest.raises(Refused, match="is run by process") as refused:
        hold(ledger, "b", 0, NOW + 40_000_000)
    assert (refused.value.status, 0 < (refused.value.retry_after or 0) <= 15) == (503, True)
    with ledger.read() as connection:
        assert leases.holder(connection, "smt-2", NOW + 40_000_000)[0] == "a"
        assert leases.holder(connection, "smt-2", NOW + 80_000_000) == ("", "")


def test_one_that_ran_out_goes_to_another_and_the_first_learns_of_it(ledger: Ledger) -> None:
    assert hold(ledger, "a", 0, NOW) == 1
    assert hold(ledger, "b", 0, NOW + LONG) == 2
    with pytest.raises(Refused):
        hold(ledger, "a", 1, NOW + LONG + 1)
    assert hold(ledger, "a", 1, NOW + 2 * LONG) == 3  # not 1: what it remembers is old


def test_one_of_this_machine_that_is_dead_is_not_waited_for(ledger: Ledger) -> None:
    with subprocess.Popen([sys.executable, "-c", "from spc.ledger import leases; print(leases.owner())"], stdout=subprocess.PIPE) as died:
        dead = died.communicate()[0].decode().strip()
    assert leases.gone(dead)
    assert not any(leases.gone(one) for one in (leases.owner(), "a", "", f"a:1:{'elsewhere'}", dead.replace(dead[-3:], "xxx")))
    assert hold(ledger, dead, 0, NOW) == 1
    assert hold(ledger, "b", 0, NOW + 1) == 2


def test_it_is_let_go_when_a_ledger_is_closed_and_cleared_by_the_next_that_is_alone(url: str) -> None:
    with Ledger.open(url) as first, Ledger.open(url) as second:
        first.write(lambda connection: lines.put_line(connection, "smt-2", "SMT-2", NOW))
        hold(first, first.owner, 0, NOW)
        hold(second, "dead", 0, NOW + LONG)
        hold(second, second.owner, 0, NOW + 2 * LONG)
    with Ledger.open(url) as third, third.read() as connection:
        assert leases.holder(connection, "smt-2", NOW) == ("", "")
    with Ledger.open(url) as fourth:
        hold(fourth, "dead", 0, NOW)
    with Ledger.open(url) as fifth:
        assert hold(fifth, fifth.owner, 0, NOW) == 5
