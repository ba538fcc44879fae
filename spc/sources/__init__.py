"""Where rows come from: iterables of blocks with a position, so that a restart goes on where the last one stopped.

A new one is a frozen dataclass in `SOURCES`, or anywhere and named `module:Class` in a line's settings; `check` is its contract. Rows that
are sent over HTTP need no source: the interface hands them to the line.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import cast

from spc.settings import PartSettings, plugin
from spc.sources.batch import Batch, Gap, Scrap
from spc.sources.replay import Replay
from spc.sources.source import Source, check
from spc.sources.tail import Tail

__all__ = ["SOURCES", "Batch", "Gap", "Replay", "Scrap", "Source", "Tail", "build", "check"]

SOURCES: dict[str, type] = {"replay": Replay, "tail": Tail}


def build(part: PartSettings, timezone: str = "UTC") -> Source:
    """The source that a line's settings ask for; raises BadSettings. Times without a zone are the plant's, unless the source says else."""
    named = SOURCES.get(part.kind)
    if named is not None and "timezone" not in part.options and any(one.name == "timezone" for one in fields(named)):
        part = replace(part, options={**part.options, "timezone": timezone})
    return cast(Source, plugin(SOURCES, part, "source"))
