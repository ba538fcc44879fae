"""`spc judge`: each row of a file against a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from spc.cli import files
from spc.errors import BadRecipe

if TYPE_CHECKING:
    from spc.cli.judged import Judged
    from spc.nouns import Model, Points, ProductModels

NAME = "judge"
SHORT = "Judge each row of a file."
EXAMPLE = (
    "spc judge model.json data/demo_circuit_boards/phase2_stream.csv -o points.csv --blame",
    "spc judge model.json data/demo_circuit_boards/phase2_stream.csv --fail-on-signal --json",
)


def command(
    model: Annotated[str, typer.Argument(metavar="MODEL.json", help="What `spc fit` wrote.")],
    rows: Annotated[str, typer.Argument(metavar="ROWS.csv", help="New rows with the model's columns, in any order.")],
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="POINTS.csv", help="One line per row; - is stdout.")] = None,
    blame: Annotated[bool, typer.Option("--blame", help="Add each variable's share of t2.")] = False,
    fail_on_signal: Annotated[bool, typer.Option("--fail-on-signal", help="Exit code 1 when the rows leave control.")] = False,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Judge each row of a file: its distance from the model, the limit, and where the process leaves control and comes back."""
    if json and output == "-":
        raise BadRecipe("--json and a file on stdout would mix.", cure="Name a file.")
    from spc.cli.judged import judged
    from spc.export import points_table, write_csv

    known = files.load_model(model)
    with files.progress("judging") as report:
        result = judged(known, files.table_path(rows), timezone, report)
    if output is not None:
        with files.written(output) as out:
            shares = result.blame() if blame else None
            write_csv(points_table(result.points, result.signals, timed=result.timed, named=result.named, blame=shares), out)
    if json:
        files.print_json(_summary(known, result))
    elif output != "-":
        _tell(result, output)
    if fail_on_signal and any(signal.kind == "out" for signal in result.signals):
        raise typer.Exit(1)


def _out(points: Points) -> dict[str, list[int]]:
    """The rows that are out, per chart."""
    return {name: [int(k) for k in points.rows[track.out]] for name, track in points.tracks.items()}


def _by_product(models: ProductModels) -> dict[str, Any]:
    """The limits of each product's charts."""
    return {name: {chart: one[-1].to_dict() for chart, one in model.new_limits.items()} for name, model in models.models.items()}


def _summary(model: Model | ProductModels, result: Judged) -> dict[str, Any]:
    points, signals = result.points, result.signals
    out = _out(points)
    from spc.nouns import ProductModels

    first = model.first if isinstance(model, ProductModels) else model
    limits = (
        {"charts": {name: {"out": out.get(name, [])} for name in first.new_limits}, "products": _by_product(model)}
        if isinstance(model, ProductModels)
        else {"charts": {name: {**limits[-1].to_dict(), "out": out.get(name, [])} for name, limits in model.new_limits.items()}}
    )
    return {
        "n": len(points),
        "model": model.digest,
        "alpha": first.alpha,
        **limits,
        "guards": out.get("guard", []),
        "signals": [
            {"row": s.point.row, "id": s.point.id, "chart": s.chart, "kind": s.kind, "since": s.since, "reason": s.reason} for s in signals
        ],
        "findings": [finding.to_dict() for finding in result.findings],
        "notes": [{"row": int(row), "note": note} for row, note in zip(points.rows, points.notes, strict=True) if note],
    }


def _tell(result: Judged, output: str | None) -> None:
    files.print_findings(result.findings)
    for name, rows in _out(result.points).items():
        typer.echo(f"{name}: {len(rows)} of {len(result.points)} rows out" + (f": {files.listed(rows)}." if rows else "."))
    for signal in result.signals:
        typer.echo(f"row {signal.point.row}: {signal.reason}")
    if output is not None:
        typer.echo(f"Points written to {output}.")
