"""Scraps taken again, or discarded: nothing that a source sent is lost before a person says so."""

from __future__ import annotations

from sqlalchemy import Connection

from spc.errors import BadTable, Complaint
from spc.ledger import Ledger, events, scraps
from spc.ledger.scraps import Kept
from spc.line.plant import Plant
from spc.line.receipt import Receipt
from spc.nouns import Rows
from spc.settings import Settings
from spc.sources.payload import Form, read_payload, runs


def take_again(plant: Plant, line: str, id: int, by: str, payload: bytes | None = None) -> Receipt:
    """Reads a scrap once more, as its source reads, or as JSON rows; `payload` is what to read in its place, corrected.

    Rows that are here already are not taken twice. Raises NotFound, Conflict (handled before), and Complaint when still no row can be
    made of it: then it stays.
    """
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
