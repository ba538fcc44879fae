"""`spc archive`: closed days leave the database for Parquet files, now."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spc.cli import files
from spc.cli.serve import ledger_url
from spc.errors import Complaint

if TYPE_CHECKING:
    from spc.ledger import Ledger
    from spc.settings import Settings

NAME = "archive"
SHORT = "Old days to files."
EXAMPLE = ("spc archive --ledger run.db --before 2026-01-01",)

LEDGER = typer.Option(metavar="URL|FILE", help="Where everything is kept: a file, or a database address.")
FOLDER = typer.Option(metavar="FOLDER", help="The folder of the archive, when it is not the one of the settings.")
CONFIG = typer.Option(metavar="FOLDER", help="The folder of plant.toml and lines/*.toml.")


def command(
    ledger: Annotated[str | None, LEDGER] = None,
    before: Annotated[str | None, typer.Option(metavar="DATE", help="Archive days (UTC) before this one; else keep_days says.")] = None,
    archive: Annotated[str | None, FOLDER] = None,
    config: Annotated[str, CONFIG] = "config",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Move closed days of all lines from the database to Parquet files. The plant does so every night when keep_days is set.

    Rows stay where they are found: charts, searches and replays read the files as if they were in the database. What is written is read
    back and compared to the last bit before anything is deleted. Lines may run meanwhile.
    """
    from spc.ledger.archive import DAY_US, archive_days
    from spc.ledger.clock import now_us

    settings = settled(ledger, archive, config)
    if before is None and not settings.keep_days:
        raise Complaint("Nothing says which days are old.", cure="Give --before DATE, or keep_days in plant.toml.")
    end = _us(before) if before is not None else now_us() - settings.keep_days * DAY_US
    with opened(settings) as book, files.progress("archiving") as tell:
        tell(0.0, "archiving")
        done = archive_days(book, book.archive, end, now_us)
        folder = str(book.archive)
    rows, size = sum(one.last - one.first + 1 for one in done), sum(one.bytes for one in done)
    if json:
        told = [{"line": one.line, "first": one.first, "last": one.last, "day": one.day, "path": one.path} for one in done]
        files.print_json({"rows": rows, "bytes": size, "folder": folder, "files": told})
    else:
        typer.echo(f"{rows} rows in {len(done)} files, {size / 1e6:.1f} MB, in {folder}." if done else "Nothing to archive.")


def settled(ledger: str | None, archive: str | None, config: str) -> Settings:
    """The settings, with another ledger or archive when one is named."""
    import dataclasses

    from spc.settings import load

    settings = load(config)
    folder = settings.archive if archive is None else str(Path(archive).resolve())
    return dataclasses.replace(settings, ledger=ledger_url(ledger) or settings.ledger, archive=folder)


def opened(settings: Settings) -> Ledger:
    """The ledger, which must be there already. Raises Complaint."""
    from spc.ledger import Ledger

    file = settings.ledger.removeprefix("sqlite:///")
    if file != settings.ledger and not Path(file).is_file():
        raise Complaint(f"There is no ledger {file}.", cure="Name it: --ledger FILE, or a database address.")
    return Ledger.open(settings.ledger, settings.archive_folder)


def _us(said: str) -> int:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise Complaint(f"{said!r} is no date.", cure="Write it as 2026-01-31.") from None
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000
