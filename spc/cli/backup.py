"""`spc backup FILE`: the whole ledger as one file, while lines run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spc.cli import files
from spc.cli.serve import ledger_url

NAME = "backup"
SHORT = "The whole ledger as one file."
EXAMPLE = ("spc backup monday.zip --ledger run.db",)


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where the backup goes; an earlier backup of this name is replaced.")],
    ledger: Annotated[str | None, typer.Option(metavar="URL|FILE", help="The ledger: a file, or a database address.")] = None,
    config: Annotated[str, typer.Option(metavar="FOLDER", help="The folder of plant.toml, which names the ledger.")] = "config",
    archive: Annotated[str | None, typer.Option(metavar="FOLDER", help="The archived days, if they are not in their usual place.")] = None,
    no_archive: Annotated[bool, typer.Option("--no-archive", help="Leave the archived days out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Copy a ledger as it is at one moment, with its lines' digests; whoever reads or writes it goes on."""
    from spc.ledger.backup import backup
    from spc.settings import load

    url, folder = ledger_url(ledger), Path(archive) if archive is not None else None
    if url is None:
        settings = load(config)
        url, folder = settings.ledger, folder or settings.archive_folder
    made = backup(url, file, folder, days=not no_archive)
    if json:
        files.print_json({"file": file, **made.to_dict()})
        return
    typer.echo(f"{file}: lines {', '.join(made.lines) or 'none'}; {made.rows} rows, tables of version {made.revision}.")
    if made.left_out:
        typer.echo(f"{made.left_out} files of the archive are not in it: copy their folder as well.")
