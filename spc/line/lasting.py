"""What the rows since a change began say about it, and the one that rang does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spc import sentences
from spc.line.page import Page
from spc.nouns import Model
from spc.sentences import Telling


def lasting(page: Page, model: Model, told: Mapping[str, Any], last: int, telling: Telling) -> dict[str, Any]:
    """What an alarm's facts say better now that it is known when the change began (spc.line.began), from the rows up to `last`."""
    if "since_from" not in told or "matter" not in told:
        return {}
    size = model.subgroup.size if model.subgroup is not None else 1
    window = page.rows_between(max(told["since_from"], told["since_row"]), last, size)
    return sentences.lasting(model, told, window.rows, int(window.seq[0]), telling) if len(window) else {}
