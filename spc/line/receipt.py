"""What a sender of rows is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken: its number in what was sent, from 1, and why."""

    row: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {"row": self.row, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a block of rows; when the sender has it, it is on disk.

    `duplicates` were here before and were not taken again; `conflicts` (rows of the block, from 1) are those among them that came with
    other values than before: the first ones stand. `first_seq` and `last_seq` number the rows that were taken. `late` of them came so long
    after newer ones that they raise no alarm.
    """

    accepted: int
    duplicates: int = 0
    refused: tuple[Refusal, ...] = ()
    first_seq: int | None = None
    last_seq: int | None = None
    conflicts: tuple[int, ...] = ()
    late: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "refused": [one.to_dict() for one in self.refused],
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "conflicts": list(self.conflicts),
            "late": self.late,
        }
