"""Rows as they are sent: each is looked at by itself, so that one bad row does not keep a hundred good ones from the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby

from spc.api.shapes import SentRow
from spc.errors import Complaint
from spc.nouns import Rows
from spc.sources import payload

USUAL = {"quality": "good", "product": "", "subgroup": ""}  # labels of nearly every row, which need not be looked at


@dataclass(frozen=True, slots=True)
class Block:
    """Rows with the same columns, and where each of them stood in what was sent, from 1."""

    rows: Rows
    places: Sequence[int]


def blocks(sent: Sequence[SentRow], zone: tzinfo) -> tuple[list[Block], list[tuple[int, Complaint]]]:
    """The good rows as blocks in the order in which they were sent, and the others with what is wrong with each."""
    good: list[tuple[int, payload.Sent]] = []
    wrong: list[tuple[int, Complaint]] = []
    for place, row in enumerate(sent, start=1):
        try:
            labels = {word: label.strip() for word in payload.LABELS if (label := getattr(row, word)) != USUAL[word]}
            at = None if row.time is None else payload.us_of(row.time, zone)
            good.append((place, payload.row_of(at, row.id, row.values, labels)))
        except Complaint as complaint:
            complaint.row = place
            wrong.append((place, complaint))
    runs = [(names, list(run)) for names, run in groupby(good, key=lambda one: one[1].names)]
    return [Block(payload.rows_of(names, [one for _, one in run]), tuple(place for place, _ in run)) for names, run in runs], wrong
