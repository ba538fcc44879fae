"""`spc run LINE`: one line, its source and its alerts, without pages."""

from __future__ import annotations

import dataclasses
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spc import logs
from spc.cli import files
from spc.cli.serve import ledger_url
from spc.errors import BadSettings, Complaint

if TYPE_CHECKING:
    from spc.line import Plant
    from spc.settings import Settings

NAME = "run"
SHORT = "One line without pages."
EXAMPLE = ("spc run smt-2 --ledger run.db --seconds 5", "spc run smt-2 --probe")

_LOOK_S = 0.2


def command(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The name of a file in config/lines, without .toml.")],
    ledger: Annotated[str | None, typer.Option(metavar="URL|FILE", help="Where everything is kept: a file, or a database address.")] = None,
    config: Annotated[str, typer.Option(metavar="FOLDER", help="The folder of plant.toml and lines/*.toml.")] = "config",
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop when the source has no more rows.")] = False,
    for_s: Annotated[float | None, typer.Option("--seconds", min=0.0, help="Stop after this time.")] = None,
    metrics: Annotated[
        int | None,
        typer.Option(metavar="PORT", min=0, max=65535, help="Give numbers for Prometheus at http://127.0.0.1:PORT/metrics; 0 for none."),
    ] = None,
    probe: Annotated[bool, typer.Option("--probe", help="Only try the line's source: say what it finds, take nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Read one line's source, judge its rows and tell people, until interrupted. While it runs, no other process judges the line."""
    from spc.ledger import Ledger
    from spc.line import Plant
    from spc.notify import build
    from spc.settings import load

    settings = load(config)
    if probe:
        typer.echo(_probed(settings, line))
        return
    logs.set_up(settings.log, settings.log_level)
    own = settings.line(line)
    settings = dataclasses.replace(settings, lines=(own,), ledger=ledger_url(ledger) or settings.ledger)
    with Ledger.open(settings.ledger, settings.archive_folder) as book:
        plant = Plant(book, settings, build(settings.notify), apart=True)
        with _scraped(plant, line, own.metrics_port if metrics is None else metrics):
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


@contextmanager
def _scraped(plant: Plant, line: str, port: int) -> Iterator[None]:
    """Meanwhile the numbers of the line are given to who asks on this machine; raises BadSettings when the port is not free."""
    if not port:
        yield
        return
    from prometheus_client import CollectorRegistry, start_http_server

    from spc.line.measures import OfLedger, OfSources

    registry = CollectorRegistry()
    registry.register(OfLedger(plant, line))
    registry.register(OfSources(plant, line))
    try:
        server, thread = start_http_server(port, "127.0.0.1", registry)
    except OSError as taken:
        why = taken.strerror or str(taken)
        raise BadSettings(f"The port {port} for metrics cannot be used: {why}.", cure="Give another one: --metrics PORT.") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _probed(settings: Settings, line: str) -> str:
    """What the source of a line finds, in a sentence; raises the complaint when it cannot be reached."""
    from spc.ledger.clock import now_us
    from spc.sources import build

    part = settings.line(line).source
    if part is None:
        raise BadSettings(f"Line {line} has no source: rows are sent to it.", cure="Add [source] to its file, or send rows over HTTP.")
    source = build(part, settings.timezone)
    ask = getattr(source, "probe", None)
    if ask is None:
        raise BadSettings(
            f"A source of the kind {part.kind} cannot be tried.", cure="Give its class a method probe(clock), or run the line."
        )
    try:
        return f"{line}: {ask(now_us)}"
    except (Complaint, OSError):
        raise
    except Exception as broken:
        raise BadSettings(f"The source cannot be reached: {str(broken) or type(broken).__name__}.", cure="Check its address.") from broken


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
