"""What the rows since a change began say about it, and the one that rang does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from spc import sentences
from spc.ledger import rows as store
from spc.nouns import Model
from spc.sentences import Telling


def lasting(connection: Connection, line: str, model: Model, told: Mapping[str, Any], last: int, telling: Telling) -> dict[str, Any]:
    """What an alarm's facts say better now that it is known when the change began (spc.line.began), from the rows up to `last`."""
    if "since_from" not in told or "matter" not in told:
        return {}
    window = store.rows_between(connection, line, max(told["since_from"], told["since_row"]), last)
    return sentences.lasting(model, told, window.rows, int(window.seq[0]), telling) if len(window) else {}
