"""Scraps taken again, or discarded: nothing that a source sent is lost before a person says so."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from spc.errors import BadTable, Complaint, Refused
from spc.ledger import Ledger, events, scraps
from spc.ledger.scraps import Kept
from spc.line.receipt import Receipt
from spc.nouns import Rows
from spc.settings import Settings
from spc.sources.payload import Form, read_payload, runs

if TYPE_CHECKING:
    from spc.line.plant import Plant

HELD: Final = 503  # of a complaint that another process runs a line


def take_again(plant: Plant, line: str, id: int, by: str, payload: bytes | None = None) -> Receipt | None:
    """Reads a scrap once more, as its source reads, or as JSON rows; `payload` is what to read in its place, corrected.

    Rows that are here already are not taken twice. Of a line that another process runs that one is asked, and None is the answer: it takes
    the scrap between two blocks (`take_asked`). Raises NotFound, Conflict (handled before), and Complaint when still no row can be made of
    it: then it stays.
    """
    plant.line(line)
    if not plant.elsewhere(line):
        try:
            return _take(plant, line, id, by, payload)
        except Refused as held:
            if held.status != HELD:
                raise
    plant.ledger.write(lambda connection: scraps.ask_for_scrap(connection, line, id, by, payload, plant.clock()))
    return None


def take_asked(plant: Plant, lines: Collection[str]) -> None:
    """Takes the scraps of these lines, which are run here, that somebody asked for in another process; why not, is written down.

    A scrap is marked as taken in the transaction that takes its rows, so that whoever is killed here leaves it asked for, or taken.
    """
    with plant.ledger.read() as connection:
        found = scraps.asked(connection, lines)
    for one in found:
        try:
            _take(plant, one.line, one.scrap, one.by, one.payload)
        except Refused as held:
            if held.status != HELD:
                raise
            continue  # whoever runs it now takes them
        except Complaint as wrong:
            plant.ledger.write(partial(scraps.refuse_scrap, one=one, why=str(wrong)))


def _take(plant: Plant, line: str, id: int, by: str, payload: bytes | None) -> Receipt:
    target = plant.line(line)
    with plant.ledger.read() as connection:
        kept = scraps.get_scrap(connection, line, id)
    blocks = _read(plant, kept, kept.payload if payload is None else payload)

    def job(connection: Connection) -> Receipt:
        scraps.handle_scrap(connection, line, id, "taken", by, plant.clock())
        facts = {"scrap": id, "reason": kept.reason, "corrected": payload is not None}
        events.note_event(connection, plant.clock(), by, "scrap taken", f"line:{line}", facts=facts)
        total = Receipt(0)
        for rows in blocks:
            one = target.taken(connection, rows, kept.source)
            first = total.first_seq if total.first_seq is not None else one.first_seq
            total = Receipt(total.accepted + one.accepted, total.duplicates + one.duplicates, (), first, one.last_seq or total.last_seq)
        return total

    return target.together(job)


def discard(ledger: Ledger, line: str, id: int, by: str, why: str, now: int) -> None:
    """A person says that nothing is to be made of a scrap; it is kept all the same. Raises NotFound, Conflict, Complaint (no reason)."""
    if not why.strip():
        raise Complaint("There is no reason.", cure="Say why in a few words: it is kept.")

    def job(connection: Connection) -> None:
        scraps.handle_scrap(connection, line, id, "discarded", by, now)
        events.note_event(connection, now, by, "scrap discarded", f"line:{line}", why, {"scrap": id})

    ledger.write(job)


def _read(plant: Plant, kept: Kept, payload: bytes) -> list[Rows]:
    """The rows of a scrap; raises Complaint with what is wrong with it."""
    source = plant.source_of(kept.line, kept.source)
    again = getattr(source, "again", None)
    if again is not None:
        return list(again(payload, kept.reason))
    settings: Settings = plant.settings
    sent, wrong = read_payload(payload, Form(zone=settings.zone))
    if wrong:
        raise BadTable(wrong[0].reason, cure="Correct what was sent and take that.")
    return runs(sent)
