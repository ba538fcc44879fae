"""`spc explain`: whose doing one row's T² is."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spc.cli import files
from spc.errors import Complaint
from spc.language import LANGUAGES

if TYPE_CHECKING:
    from spc.blame import Explanation
    from spc.blame.since import Began
    from spc.cli.judged import Judged
    from spc.nouns import Floats, Model, Signal
    from spc.phase2.arithmetic import Arithmetic

NAME = "explain"
SHORT = "Whose doing one row's T² is."
EXAMPLE = ("spc explain model.json data/demo_circuit_boards/phase2_stream.csv --row 421",)


def command(
    model: Annotated[str, typer.Argument(metavar="MODEL.json", help="What `spc fit` wrote.")],
    rows: Annotated[str, typer.Argument(metavar="ROWS.csv", help="New rows with the model's columns, in any order.")],
    row: Annotated[int, typer.Option("--row", metavar="K", help="The row, counted from 1.")],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    language: Annotated[
        str, typer.Option("--language", envvar="SPC_LANGUAGE", metavar="en|de", help="The language of the sentence.")
    ] = "en",
    arithmetic: Annotated[
        bool, typer.Option("--arithmetic", help="Show the arithmetic of T² and of its limit: formula, inputs, law, source, Python.")
    ] = False,
    chart: Annotated[str, typer.Option("--chart", metavar="CHART", help="Take the row's point on this chart of the model apart.")] = "t2",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Take one row apart: its T² and p-value, each variable's share, and the fewest variables that explain it."""
    from spc.blame import explain, sentence
    from spc.cli.began import began
    from spc.cli.judged import judged
    from spc.cli.taken_apart import taken_apart, tell

    if language not in LANGUAGES:
        raise Complaint(f"There are no sentences in {language!r}.", cure=f"Languages: {', '.join(LANGUAGES)}.")
    known = files.load_model(model)
    with files.progress("judging") as report:
        result = judged(known, files.table_path(rows), timezone, report)
    if not 1 <= row <= len(result.rows):
        raise Complaint(f"{rows} has rows 1 to {len(result.rows)}.", cure="Number the data rows from 1.", row=row)
    asked = result.to_explain(row - 1)
    if asked is None:
        raise Complaint("This row was not judged.", cure=f"Its note: {result.points.notes[row - 1]}.", row=row)
    row = asked[2] + 1
    if chart != "t2":
        other = taken_apart(result, row, chart, began(result, row))
        files.print_json(other) if json else tell(other)
        return
    said = _said(row, explain(*asked[:2]), began(result, row), result.points.notes[row - 1])
    said["first_out"] = first_out(result.signals, row)
    said["sentence"] = sentence(*asked[:2], language)
    shown = []
    if arithmetic and said["t2"] is not None:
        shown = [*_arithmetic(*asked[:2], result.raw(asked[2])), *_remembered(result, row)]
    if json:
        files.print_json({**said, **({"arithmetic": [one.to_dict() for one in shown]} if arithmetic else {})})
        return
    _tell(said)
    for one in shown:
        _show(one)


def _arithmetic(model: Model, x: Floats, raw: Floats | None) -> list[Arithmetic]:
    """The arithmetic of a row's T² and of the limit it is held against."""
    import numpy as np

    from spc.phase2.arithmetic import arithmetic_of_limit, arithmetic_of_point

    return [arithmetic_of_point(model, x, raw=raw), arithmetic_of_limit(model, "t2", int(np.sum(~np.isnan(x))))]


def _remembered(result: Judged, row: int) -> list[Arithmetic]:
    """The arithmetic of the row's points on the charts beside T², those with memory having begun with the file."""
    import numpy as np

    from spc.phase2 import Monitor
    from spc.phase2.arithmetic import arithmetic_of_limit
    from spc.phase2.remembered import arithmetic_of_memory

    monitor = result.monitor
    if not isinstance(monitor, Monitor) or monitor.model.dynamics is not None or monitor.model.subgroup is not None:
        return []
    x = monitor.select(replace(result.rows, x=result.rows.believed))[:row]
    names = [name for name, limits in monitor.model.new_limits.items() if name != "t2" and len(limits) == 1]
    model, names = monitor.model, names if not np.isnan(x[-1]).any() else []
    return [one for name in names for one in (arithmetic_of_memory(model, x, name), arithmetic_of_limit(model, name))]


def _show(one: Arithmetic) -> None:
    inputs = "; ".join(f"{name} = {value}" for name, value in one.inputs.items())
    typer.echo(f"\n{one.what}\n  {one.formula}\n  Inputs: {inputs}\n  Law: {one.law}\n  Source: {one.source}\n  In Python:")
    typer.echo("".join(f"    {line}\n" if line else "\n" for line in one.snippet.splitlines()), nl=False)


def first_out(signals: list[Signal], row: int) -> int | None:
    """The first row of the excursion of t2 that this row belongs to; None when the process was in control."""
    began = None
    for signal in signals:
        if signal.chart == "t2" and signal.point.row <= row:
            began = signal.since if signal.kind == "out" else None
    return began


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _finite(numbers: dict[str, object]) -> dict[str, object]:
    return {name: _number(one) if isinstance(one, float) else one for name, one in numbers.items()}


def _said(row: int, found: Explanation, began: Began | None, note: str) -> dict[str, Any]:
    return {
        "row": row,
        "t2": _number(found.t2),
        "ucl": _number(found.ucl),
        "p_value": _number(found.p_value),
        "blame": found.blame,
        "sigma": found.sigma,
        "given": found.given,
        "terms": [_finite(term.to_dict()) for term in found.terms],
        "smallest_set": list(found.smallest_set),
        "elimination": [_finite(asdict(step)) for step in found.steps],
        "named": list(found.named),
        "kind": found.kind,
        "sentence": found.sentence,
        "since_row": None if began is None else began.since.row,
        "since": None if began is None else {**asdict(began.since), "change": began.change, "why": began.why},
        "note": note,
    }


def _tell(said: dict[str, Any]) -> None:
    if said["t2"] is None:
        typer.echo(f"Row {said['row']}: {said['note'] or 'not judged'}.")
        return
    out = "out" if said["t2"] > said["ucl"] else "in control"
    typer.echo(f"Row {said['row']}: T² {said['t2']:.4g}, UCL {said['ucl']:.4g}, p-value {said['p_value']:.2g}: {out}.")
    typer.echo(said["sentence"])
    width = max(len(name) for name in said["blame"])
    for name, share in sorted(said["blame"].items(), key=lambda one: -one[1]):
        typer.echo(f"  {name:<{width}}  {share:10.4g}  ({said['sigma'][name]:+.2f} sd; given the others {said['given'][name]:+.2f} sd)")
    if said["smallest_set"]:
        typer.echo(f"Without {', '.join(said['smallest_set'])} the row lies within its limit.")
    if said["since"] is not None:
        one = said["since"]
        within = f" (rows {one['low']} to {one['high']})" if one["low"] < one["high"] else ""
        typer.echo(f"It began at row {one['row']}{within}: {one['why']}.")
    if said["first_out"] is not None:
        typer.echo(f"T² out since row {said['first_out']}.")
    if said["note"]:
        typer.echo(f"Note: {said['note']}.")
