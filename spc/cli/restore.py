"""`spc restore FILE --ledger URL`: a ledger from its backup."""

from __future__ import annotations

from typing import Annotated

import typer

from spc.cli import files
from spc.cli.serve import ledger_url

NAME = "restore"
SHORT = "A ledger from its backup."
EXAMPLE = ("spc restore monday.zip --ledger again.db",)


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `spc backup` wrote.")],
    ledger: Annotated[str, typer.Option(metavar="URL|FILE", help="Where there is no ledger yet: a new file, or an empty database.")],
    archive: Annotated[str | None, typer.Option(metavar="FOLDER", help="Where the archived days in it go.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Make a ledger again from its backup, and verify every line to the bit. A ledger that is there already is left alone."""
    from spc.ledger.restore import restore

    made = restore(file, ledger_url(ledger) or ledger, archive)
    if json:
        files.print_json({"ledger": ledger, **made.to_dict()})
        return
    typer.echo(f"{ledger}: {made.rows} rows, the same to the bit as in {file}.")
    for name, one in made.lines.items():
        typer.echo(f"  {name}: up to row {one.last_seq}")
