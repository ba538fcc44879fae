"""Where rows come from: iterables of blocks with a position, so that a restart goes on where the last one stopped.

A new one is a frozen dataclass in `SOURCES`, or anywhere and named `module:Class` in a line's settings; `check` is its contract. Rows that
are sent over HTTP need no source: the interface hands them to the line.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import cast

from spc.settings import PartSettings, plugin
from spc.sources.batch import Batch, Gap, Scrap
from spc.sources.folder import Folder
from spc.sources.mqtt import Mqtt
from spc.sources.opcua import OpcUa
from spc.sources.replay import Replay
from spc.sources.source import Source, check, check_lost
from spc.sources.sparkplug import Sparkplug
from spc.sources.sql import Sql
from spc.sources.tail import Tail

__all__ = [
    "SOURCES",
    "Batch",
    "Folder",
    "Gap",
    "Mqtt",
    "OpcUa",
    "Replay",
    "Scrap",
    "Source",
    "Sparkplug",
    "Sql",
    "Tail",
    "build",
    "check",
    "check_lost",
]

SOURCES: dict[str, type] = {
    "folder": Folder,
    "mqtt": Mqtt,
    "opcua": OpcUa,
    "replay": Replay,
    "sparkplug": Sparkplug,
    "sql": Sql,
    "tail": Tail,
}


def build(part: PartSettings, timezone: str = "UTC") -> Source:
    """The source that a line's settings ask for; raises BadSettings. Times without a zone are the plant's, unless the source says else."""
    named = SOURCES.get(part.kind)
    if named is not None and "timezone" not in part.options and any(one.name == "timezone" for one in fields(named)):
        part = replace(part, options={**part.options, "timezone": timezone})
    return cast(Source, plugin(SOURCES, part, "source"))
