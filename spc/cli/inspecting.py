"""`spc inspect`: what there is to know about a reference before a model is fitted to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spc.cli import files

if TYPE_CHECKING:
    from spc.nouns import Column, Reference

NAME = "inspect"
SHORT = "What there is to know of a reference."
EXAMPLE = (
    "spc inspect data/demo_circuit_boards/phase1_reference.csv",
    "spc inspect data/demo_circuit_boards/phase1_reference.csv --overall 0.05",
)


def command(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE.csv", help="Rows of the process in control.")],
    ignore: Annotated[str, typer.Option(metavar="COL,…", help="Columns to leave out.")] = "",
    time: Annotated[str | None, typer.Option(metavar="COL", help="The column with the time.")] = None,
    id: Annotated[str | None, typer.Option(metavar="COL", help="The column with the part or serial number.")] = None,
    subgroup: Annotated[str | None, typer.Option(metavar="COL", help="The column with the subgroup, for --overall.")] = None,
    overall: Annotated[
        float | None,
        typer.Option(metavar="P", help="Look for shifts without assuming a distribution; a stable table is blamed with this probability."),
    ] = None,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Read a reference and tell what was found: how the file is written, each column's role, and what a person should look at."""
    from spc.cli import asked
    from spc.export import reference_summary
    from spc.reference import read

    with files.progress("reading"):
        table = read(files.table_path(reference), roles=asked.roles(ignore, time, id, subgroup), timezone=timezone)
    answer = None
    if overall is not None:
        from spc.phase1 import stability

        answer = stability(table, overall=overall, subgroups=subgroup is not None)
    if json:
        files.print_json({**reference_summary(table), **({} if answer is None else {"distribution_free": answer.to_dict()})})
        return
    _tell(table)
    if answer is not None:
        typer.echo(answer.found.sentence)
        for first, moves in zip(answer.first_rows, answer.moves, strict=True):
            moved = ", ".join(f"{one.name} {one.before:.6g} → {one.after:.6g} ({one.sd:+.1f} sd)" for one in moves)
            typer.echo(f"  from {first} on: {moved}")


def _tell(table: Reference) -> None:
    d = table.dialect
    names = {",": "comma", ";": "semicolon", "\t": "tab", " ": "space", "|": "bar", ".": "point"}
    separated, decimal = names.get(d.delimiter, d.delimiter), names.get(d.decimal, d.decimal)
    typer.echo(f"{len(table)} rows; {d.encoding}, {separated}-separated, decimal {decimal}.")
    width = max((len(c.name) for c in table.columns), default=0)
    for column in table.columns:
        typer.echo(f"  {column.name:<{width}}  {column.role:<11} {_facts(column)}".rstrip())
    files.print_findings(table.findings)
    if not table.findings:
        typer.echo("Nothing stands out.")


def _facts(column: Column) -> str:
    """One column in a line: range, unit, missing values, and why it has its role."""
    parts = []
    if column.minimum is not None and column.median is not None and column.maximum is not None:
        parts.append(f"{column.minimum:g} … {column.median:g} … {column.maximum:g}" + (f" {column.unit}" if column.unit else ""))
    if column.missing:
        parts.append(f"{column.missing} missing")
    if column.why:
        parts.append(column.why)
    return "; ".join(parts)
