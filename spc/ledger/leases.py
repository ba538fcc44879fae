"""Leases: a line is judged by one process at a time, because the memories of its charts live there.

Whoever runs a line holds its lease for a few seconds and renews it with what it writes, in the same transaction. A process that died lets
the lease run out; another then takes the line, and its epoch grows, so that nothing the first one still had in hand is written after.
"""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from spc.errors import Refused
from spc.ledger.quick import Quick
from spc.ledger.schema import lease

LENGTH_US = 15_000_000  # a process that died is missed for so long
RENEW_US = 10_000_000  # a lease that has less than this left is renewed

_HERE = lease.c.line == bindparam("of_line")
_LOOK = select(lease.c.owner, lease.c.epoch, lease.c.until, lease.c.told).where(_HERE)
_ASK = Quick(_LOOK.with_for_update())
_RENEW = Quick(update(lease).where(_HERE).values(until=bindparam("to")))


def told() -> str:
    """Who this process is, for people.

    >>> told().startswith("process ")
    True
    """
    return f"process {os.getpid()} on {socket.gethostname()}"


def owner() -> str:
    """A key for this process that nobody else has, from which processes of the same machine can see whether it still lives.

    >>> gone(owner())
    False
    """
    return f"{uuid.uuid4().hex[:12]}:{os.getpid()}:{_world()}"


def gone(owner: str) -> bool:
    """True when a holder was a process of this machine (and of this container) that is no more; of another one nobody can tell."""
    _, pid, world = owner.split(":", 2) if owner.count(":") >= 2 else ("", "", "")
    if not pid.isdecimal() or not world or world != _world():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@cache
def _world() -> str:
    """What process numbers of this machine belong to: the start of the system and the space of process numbers. Empty when not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot[:13]}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def hold(connection: Connection, line: str, owner: str, epoch: int, now: int) -> int:
    """Makes sure that `owner` holds the line, and returns the epoch of its lease: another than `epoch` means that it was somebody else's.

    Raises Refused (status 503) while another process holds it.
    """
    found = _ASK.first(connection, {"of_line": line})
    if found is None:
        connection.execute(insert(lease).values(line=line, owner=owner, epoch=1, until=now + LENGTH_US, told=told()))
        return 1
    holder, current, until, who = found
    if holder == owner and current == epoch:
        if not RENEW_US <= until - now <= LENGTH_US:  # one that is longer than any was given before the clock was set back
            _RENEW.change(connection, {"of_line": line, "to": now + LENGTH_US})
        return epoch
    if holder not in ("", owner) and until > now and not gone(holder):
        text = f"Line {line} is run by {who}."
        raise Refused(text, cure="Send its rows there, or stop it first.", status=503, retry_after=max(1.0, (until - now) / 1e6))
    mine = {"owner": owner, "epoch": current + 1, "until": now + LENGTH_US, "told": told()}
    connection.execute(update(lease).where(lease.c.line == line).values(**mine))
    return int(current) + 1


def keep(connection: Connection, line: str, owner: str, epoch: int, now: int) -> None:
    """Renews a lease if it is still the same; takes none."""
    mine = (lease.c.line == line) & (lease.c.owner == owner) & (lease.c.epoch == epoch)
    connection.execute(update(lease).where(mine).values(until=now + LENGTH_US))


def release(connection: Connection, owner: str) -> None:
    """Lets go of all lines that `owner` holds: another may take them at once."""
    connection.execute(update(lease).where(lease.c.owner == owner).values(owner="", until=0))


def clear(connection: Connection) -> None:
    """Ends every lease: for the start of a process that is the only one on this ledger."""
    connection.execute(update(lease).values(owner="", until=0))


def holder(connection: Connection, line: str, now: int) -> tuple[str, str]:
    """Who runs a line, as its key and in words; empty when nobody does."""
    found = connection.execute(_LOOK, {"of_line": line}).first()
    return (str(found.owner), str(found.told)) if found is not None and found.owner and found.until > now else ("", "")


def forget(connection: Connection, line: str) -> None:
    """Drops the lease of a line that is no more."""
    connection.execute(delete(lease).where(lease.c.line == line))
