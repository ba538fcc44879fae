"""`spc run LINE`: one line, its source and its alerts, without pages."""

from __future__ import annotations

import dataclasses
import math
import signal
import threading
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spc import logs
from spc.cli import files
from spc.cli.serve import ledger_url

if TYPE_CHECKING:
    from spc.line import Plant

NAME = "run"
SHORT = "One line without pages."
EXAMPLE = ("spc run smt-2 --ledger run.db --seconds 5",)

_LOOK_S = 0.2


def command(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The name of a file in config/lines, without .toml.")],
    ledger: Annotated[str | None, typer.Option(metavar="URL|FILE", help="Where everything is kept: a file, or a database address.")] = None,
    config: Annotated[str, typer.Option(metavar="FOLDER", help="The folder of plant.toml and lines/*.toml.")] = "config",
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop when the source has no more rows.")] = False,
    for_s: Annotated[float | None, typer.Option("--seconds", min=0.0, help="Stop after this time.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Read one line's source, judge its rows and tell people, until interrupted. While it runs, no other process judges the line."""
    from spc.ledger import Ledger
    from spc.line import Plant
    from spc.notify import build
    from spc.settings import load

    settings = load(config)
    logs.set_up(settings.log, settings.log_level)
    settings = dataclasses.replace(settings, lines=(settings.line(line),), ledger=ledger_url(ledger) or settings.ledger)
    with Ledger.open(settings.ledger) as book:
        plant = Plant(book, settings, build(settings.notify), apart=True)
        plant.start()
        try:
            _wait(plant, line, until_end, for_s)
        finally:
            plant.stop()
        told = _told(plant, line)
    if json:
        files.print_json(told)
    else:
        typer.echo(f"{line}: {told['rows']} rows on disk, {told['open_alarms']} open alarms, source {told['source']}.")


def _wait(plant: Plant, line: str, until_end: bool, for_s: float | None) -> None:
    """Until SIGTERM, the end of the time, or the end of the source if that was asked for; an interrupt is raised as ever."""
    ended, last = threading.Event(), time.monotonic() + (math.inf if for_s is None else for_s)
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        while time.monotonic() < last and not ended.wait(_LOOK_S):
            if until_end and plant.source(line).state in ("ended", "none"):
                return
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(plant: Plant, line: str) -> dict[str, Any]:
    from spc.ledger import alarms, lines

    with plant.ledger.read() as connection:
        rows = lines.last_seq(connection, line)
        still_open = len(alarms.alarms(connection, state="open", line=line, limit=100_000))
    return {"line": line, "rows": rows, "open_alarms": still_open, "source": plant.source(line).state}
