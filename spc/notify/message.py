"""What a person outside the page gets to read, and the face of whatever brings it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. A message that is sent again has the same `id`: a receiver can tell a repeat by it.

    `reason` says why it is sent ("first", "out again", "back in" …), `at` is µs UTC, `facts` is for programs.
    """

    id: str
    subject: str
    sentence: str
    link: str = ""
    reason: str = "first"
    at: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "subject": self.subject,
            "sentence": self.sentence,
            "link": self.link,
            "reason": self.reason,
            "at": self.at,
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Message:
        return cls(d["id"], d["subject"], d["sentence"], d["link"], d["reason"], int(d["at"]), d["facts"])


class Notifier(Protocol):
    """Tells one message, or raises NotifyError, which says whether trying again is of use."""

    def __call__(self, message: Message) -> None: ...
