"""`spc explain --chart`: whose doing a row's point on any chart is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import typer

from spc.errors import Complaint

if TYPE_CHECKING:
    from spc.blame.since import Began
    from spc.cli.judged import Judged
    from spc.nouns import Cause, Floats, Model


def taken_apart(result: Judged, row: int, chart: str, began: Began | None) -> dict[str, Any]:
    """The facts of a chart's point on a row of a file, ready for JSON; the chart began with the file.

    Raises BadRecipe for a chart that the model does not have, Complaint when the row has no point on it.
    """
    from spc.phase2 import Monitor, ProductMonitor, cause_of

    rows = result.rows.part(slice(0, row))
    if isinstance(result.monitor, ProductMonitor):
        every = ProductMonitor(result.monitor.models)
        points = every.judge(rows, whole=True)
        found, model = every.cause_of(rows, points, row - 1, chart), result.monitor.models.models[rows.product[row - 1]]
    else:
        model, monitor = result.monitor.model, Monitor(result.monitor.model)
        points = monitor.judge(rows, whole=True)
        found = cause_of(monitor, rows, points, row - 1, chart)
    if found is None:
        raise Complaint(f"This row has no point on the chart {chart}.", cure=f"Its note: {points.notes[row - 1] or 'none'}.", row=row)
    return {
        "row": row,
        "chart": chart,
        "value": found.value,
        "ucl": float(points.tracks[chart].ucl[row - 1]),
        "kind": found.kind,
        "named": list(found.named),
        "pairs": [list(pair) for pair in found.pairs],
        "blame": _by_name(found, found.share.tolist()),
        "sigma": _by_name(found, found.sigma.tolist()),
        "given": _by_name(found, found.given.tolist()),
        "sentence": _sentence(model, found, began, result.to_explain(row - 1))
        if points.tracks[chart].out[row - 1]
        else "The point lies within its limit.",
        "since_row": None if began is None else began.since.row,
        "note": points.notes[row - 1],
    }


def _by_name(found: Cause, values: list[float]) -> dict[str, float]:
    return {name: value for name, value in zip(found.names, values, strict=True) if math.isfinite(value)}


def _sentence(model: Model, found: Cause, began: Began | None, judged: tuple[Model, Floats, int] | None) -> str:
    """With the values `judged`, or, for a chart with memory, each variable's average since the change began, where that is known: what
    such a chart remembers is in no unit of a row.
    """
    from spc.blame.average import averaged, unsized
    from spc.blame.matter import matter
    from spc.blame.words import MEMORY, worded

    if found.kind == "guard":
        return f"Guards that moved: {', '.join(found.named)}."
    if found.chart not in MEMORY and judged is not None:
        return worded(matter(judged[0], found, judged[1]))
    told = matter(model, found)
    if found.kind in ("level", "relation"):
        told = unsized(told) if began is None else averaged(model, told, model.scatter.factor @ began.shift)
    return worded(told)


def tell(said: dict[str, Any]) -> None:
    """The same for a person."""
    out = "out" if said["value"] > said["ucl"] else "in control"
    typer.echo(f"Row {said['row']}: {said['chart']} {said['value']:.4g}, UCL {said['ucl']:.4g}: {out}.")
    typer.echo(said["sentence"])
    width = max(len(name) for name in said["blame"])
    for name, share in sorted(said["blame"].items(), key=lambda one: -one[1]):
        typer.echo(f"  {name:<{width}}  {share:10.4g}  ({said['sigma'][name]:+.2f} sd; given the others {said['given'][name]:+.2f} sd)")
    if said["since_row"] is not None:
        typer.echo(f"It began at row {said['since_row']}.")
    if said["note"]:
        typer.echo(f"Note: {said['note']}.")
