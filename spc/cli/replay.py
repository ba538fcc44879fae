"""`spc replay`: the rows of a file are sent to a line of a running server, or played through models side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from spc.cli import files
from spc.errors import BadRecipe

NAME = "replay"
SHORT = "Send a file to a running server, or play it through models side by side."
EXAMPLE = (
    "spc replay data/demo_circuit_boards/phase2_stream.csv --to smt-2 --speed max",
    "spc replay data/demo_circuit_boards/phase2_stream.csv --with model.json --with other.json --watch '2 of 3'",
    "spc replay data/demo_circuit_boards/phase2_stream.csv --with model.json "
    "--with 'data/demo_circuit_boards/phase1_reference.csv: estimator=classical alpha=0.001 name=strict'",
)


def command(
    rows: Annotated[str, typer.Argument(metavar="FILE", help="A CSV with times; without, one row a second.")],
    to: Annotated[str | None, typer.Option("--to", metavar="LINE", help="The line that gets the rows.")] = None,
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="MODEL.json",
            help="Play the rows through this model, again for another: a file of `spc fit`, or 'REFERENCE.csv: estimator=mcd alpha=0.001'.",
        ),
    ] = None,
    watch: Annotated[str, typer.Option(metavar="RULE", help="With --with: what raises an alarm, 'K of N' points out.")] = "1 of 1",
    truth: Annotated[str, typer.Option(metavar="COL", help="With --with: the column that says which rows are bad (1) and good (0).")] = "",
    truth_file: Annotated[str, typer.Option(metavar="TRUTH.csv", help="The file with that column, when it is not FILE.")] = "",
    speed: Annotated[str, typer.Option(metavar="FACTOR", help="60x: an hour in a minute; max: as fast as the server takes them.")] = "60x",
    url: Annotated[str, typer.Option(metavar="URL", help="The server.")] = "http://127.0.0.1:8050",
    time: Annotated[str | None, typer.Option(metavar="COL", help="The column with the time.")] = None,
    id: Annotated[str | None, typer.Option(metavar="COL", help="The column with the part or serial number.")] = None,
    patience: Annotated[float, typer.Option(metavar="SECONDS", help="How long to go on trying when the server does not answer.")] = 60.0,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Send a file's rows to a running server (--to), or play them through models side by side (--with).

    A row that was sent already is not counted twice: an interrupted replay can be repeated.
    """
    if (to is None) == (not candidates):
        raise BadRecipe("Say exactly one of --to and --with.", cure="--to LINE sends the rows; --with MODEL.json plays them here.")
    if candidates:
        from spc.cli.candidates import played, tell

        words = {"rule": watch, "truth": truth, "truth_file": truth_file, "timezone": timezone, "time": time, "id": id}
        found = played(files.table_path(rows), candidates, **words)  # type: ignore[arg-type]
        if json:
            files.print_json(found.to_dict())
        else:
            tell(found, timezone)
        return
    if to is None:
        return
    from spc.cli.sending import Sender, replayed, speed_of

    factor = speed_of(speed)
    path = files.table_path(rows)
    with Sender(url, to, patience) as sender, files.progress(f"sending to {to}") as report:
        total = replayed(path, sender, factor, time=time, id=id, timezone=timezone, report=report)
    if json:
        files.print_json(total.to_dict())
        return
    typer.echo(f"{total.accepted} rows accepted, {total.duplicates} were there already, {len(total.refused)} refused.")
    if total.late:
        typer.echo(f"{total.late} of them are older than rows that the line had before: they were judged, and raise no alarm.")
    for one in total.refused[:10]:
        typer.echo(f"row {one['row']}: {one['reason']}")
    if len(total.refused) > 10:
        typer.echo(f"… and {len(total.refused) - 10} more.")
