"""`spc explain`: whose doing one row's T² is."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spc.cli import files
from spc.errors import Complaint

if TYPE_CHECKING:
    from spc.blame import Explanation
    from spc.blame.since import Began
    from spc.cli.judged import Judged
    from spc.nouns import Floats, Model, Signal
    from spc.phase2.arithmetic import Arithmetic

NAME = "explain"
SHORT = "Whose doing one row's T² is."
EXAMPLE = (
    "spc explain model.json data/demo_circuit_boards/phase2_stream.csv --row 421",
    "spc explain model.json data/demo_circuit_boards/phase2_stream.csv --row 421 --line smt-2",
)


def command(
    model: Annotated[str, typer.Argument(metavar="MODEL.json", help="What `spc fit` wrote.")],
    rows: Annotated[str, typer.Argument(metavar="ROWS.csv", help="New rows with the model's columns, in any order.")],
    row: Annotated[int, typer.Option("--row", metavar="K", help="The row, counted from 1.")],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    language: Annotated[
        str | None, typer.Option("--language", envvar="SPC_LANGUAGE", metavar="en|de", help="The language; the line's, or English.")
    ] = None,
    line: Annotated[
        str | None, typer.Option("--line", metavar="LINE", help="The line whose settings say what people call the columns.")
    ] = None,
    config: Annotated[
        str, typer.Option("--config", envvar="SPC_CONFIG", metavar="FOLDER", help="With --line: the folder of plant.toml and lines/*.toml.")
    ] = "config",
    arithmetic: Annotated[
        bool, typer.Option("--arithmetic", help="Show the arithmetic of T² and of its limit: formula, inputs, law, source, Python.")
    ] = False,
    chart: Annotated[str, typer.Option("--chart", metavar="CHART", help="Take the row's point on this chart of the model apart.")] = "t2",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Take one row apart: its T² and p-value, each variable's share, and the fewest variables that explain it."""
    from spc.blame import explain, sentence
    from spc.blame.words import WITHIN
    from spc.cli.began import began
    from spc.cli.explained import spoken_of, tell, tell_chart
    from spc.cli.judged import judged
    from spc.cli.taken_apart import taken_apart

    known = files.load_model(model)
    how = spoken_of(line, config, language, known)
    with files.progress("judging") as report:
        result = judged(known, files.table_path(rows), timezone, report)
    if not 1 <= row <= len(result.rows):
        raise Complaint(f"{rows} has rows 1 to {len(result.rows)}.", cure="Number the data rows from 1.", row=row)
    asked = result.to_explain(row - 1)
    if asked is None:
        raise Complaint("This row was not judged.", cure=f"Its note: {result.points.notes[row - 1]}.", row=row)
    row = asked[2] + 1
    since = began(result, row)
    if chart != "t2":
        since = None if chart in WITHIN else since
        other = taken_apart(result, row, chart, since, how)
        files.print_json(other) if json else tell_chart(other, since, how)
        return
    said = _said(row, explain(*asked[:2]), since, result.points.notes[row - 1])
    said["first_out"] = first_out(result.signals, row)
    said["sentence"] = sentence(*asked[:2], how.language.code, how.called)
    shown = []
    if arithmetic and said["t2"] is not None:
        shown = [*_arithmetic(*asked[:2], result.raw(asked[2])), *_remembered(result, row)]
    if json:
        files.print_json({**said, **({"arithmetic": [one.to_dict() for one in shown]} if arithmetic else {})})
        return
    tell(said, since, how)
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
    from spc.phase2.worked_dispersion import arithmetic_of_dispersion

    monitor = result.monitor
    if not isinstance(monitor, Monitor) or monitor.model.dynamics is not None:
        return []
    if monitor.model.subgroup is not None:
        mine = monitor.subgroup_of(row - 1)
        return [] if mine is None else arithmetic_of_dispersion(monitor.model, mine[1].x)
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
