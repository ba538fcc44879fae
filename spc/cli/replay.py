"""`spc replay`: the rows of a file are sent to a line of a running server, at the file's own pace or faster."""

from __future__ import annotations

from typing import Annotated

import typer

from spc.cli import files

NAME = "replay"
SHORT = "Send a file to a running server."
EXAMPLE = ("spc replay data/demo_circuit_boards/phase2_stream.csv --to smt-2 --speed max",)


def command(
    rows: Annotated[str, typer.Argument(metavar="FILE", help="A CSV with times; without, one row a second.")],
    to: Annotated[str, typer.Option("--to", metavar="LINE", help="The line that gets the rows.")],
    speed: Annotated[str, typer.Option(metavar="FACTOR", help="60x: an hour in a minute; max: as fast as the server takes them.")] = "60x",
    url: Annotated[str, typer.Option(metavar="URL", help="The server.")] = "http://127.0.0.1:8050",
    time: Annotated[str | None, typer.Option(metavar="COL", help="The column with the time.")] = None,
    id: Annotated[str | None, typer.Option(metavar="COL", help="The column with the part or serial number.")] = None,
    patience: Annotated[float, typer.Option(metavar="SECONDS", help="How long to go on trying when the server does not answer.")] = 60.0,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Send a file's rows to a running server. A row that was sent already is not counted twice: an interrupted replay can be repeated."""
    from spc.cli.sending import Sender, replayed, speed_of

    factor = speed_of(speed)
    path = files.table_path(rows)
    with Sender(url, to, patience) as sender, files.progress(f"sending to {to}") as report:
        total = replayed(path, sender, factor, time=time, id=id, timezone=timezone, report=report)
    if json:
        files.print_json(total.to_dict())
        return
    typer.echo(f"{total.accepted} rows accepted, {total.duplicates} were there already, {len(total.refused)} refused.")
    for one in total.refused[:10]:
        typer.echo(f"row {one['row']}: {one['reason']}")
    if len(total.refused) > 10:
        typer.echo(f"… and {len(total.refused) - 10} more.")
