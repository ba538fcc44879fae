"""Whose doing an alarm of a chart with memory is: from the rows since the change began, not from the one that rang."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from spc import sentences
from spc.blame.words import MEMORY
from spc.ledger import rows as store
from spc.nouns import Model
from spc.sentences import Telling


def lasting(connection: Connection, line: str, model: Model, told: Mapping[str, Any], last: int, telling: Telling) -> dict[str, Any]:
    """The facts for the sentence of a chart with memory, from those of when it began (spc.line.began) and the rows up to `last`."""
    if told["chart"] not in MEMORY or "since_from" not in told:
        return {}
    window = store.rows_between(connection, line, told["since_from"], last)
    return sentences.lasting(model, told, window.rows, int(window.seq[0]), telling) if len(window) else {}
