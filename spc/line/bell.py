"""The bell: messages of the outbox are brought to people, each at least once, and never marked told before they were."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping

import structlog

from spc.errors import NotifyError
from spc.ledger import Ledger, outbox
from spc.ledger.outbox import Letter
from spc.notify import Message, Notifier

LEASE_US = 120_000_000  # longer than any notifier's time limit, or another would send the same
TRIES = 12
FIRST_US = 2_000_000
LONGEST_US = 600_000_000

_log = structlog.get_logger("spc.bell")


def back_off(tries: int, chance: float) -> int:
    """How long to wait after the n-th failure, in µs: doubling from 2 s to 10 min, of which a random half is kept.

    The chance keeps many messages from knocking together on a receiver that has just come up again.

    >>> [back_off(n, 1.0) // 1_000_000 for n in (1, 2, 3, 9, 12)]
    [2, 4, 8, 512, 600]
    >>> back_off(3, 0.0) // 1_000_000
    4
    """
    whole = min(FIRST_US * 2 ** (tries - 1), LONGEST_US)
    return int(whole * (0.5 + 0.5 * chance))


def ring(
    ledger: Ledger,
    notifiers: Mapping[str, Notifier],
    clock: Callable[[], int],
    *,
    limit: int = 10,
    chance: Callable[[], float] = random.random,
) -> int:
    """Tells what is due, and returns how many messages were claimed. Another bell on the same ledger never tells the same at once.

    A message that was refused for good, or failed twelve times, is kept as dead; every other failure is tried again later. If this
    process dies between telling and writing "told", the lease runs out and the message goes out again with the same id.
    """
    owner = uuid.uuid4().hex
    now = clock()
    claimed = ledger.write(lambda connection: outbox.claim(connection, tuple(notifiers), now, LEASE_US, owner, limit), known=True)
    for letter in claimed:
        _tell(ledger, notifiers[letter.notifier], letter, owner, clock, chance)
    return len(claimed)


def _tell(ledger: Ledger, notifier: Notifier, letter: Letter, owner: str, clock: Callable[[], int], chance: Callable[[], float]) -> None:
    log = _log.bind(message=letter.id, notifier=letter.notifier, reason=letter.reason, tries=letter.tries)
    try:
        notifier(Message.from_dict(letter.message))
    except Exception as broken:  # noqa: BLE001 - a plugin may raise anything, and no message may be lost by it
        text, permanent = str(broken) or type(broken).__name__, isinstance(broken, NotifyError) and broken.permanent
        if permanent or letter.tries >= TRIES:
            ledger.write(lambda connection: outbox.dead(connection, letter.id, owner, text), known=True)
            log.error("message given up", error=text)
        else:
            due = clock() + back_off(letter.tries, chance())
            ledger.write(lambda connection: outbox.again(connection, letter.id, owner, due, text), known=True)
            log.warning("message not told yet", error=text)
    else:
        ledger.write(lambda connection: outbox.told(connection, letter.id, owner, clock()), known=True)
        log.info("message told")
