"""`spc explain --chart`: whose doing a row's point on any chart is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spc.errors import Complaint
from spc.language import message

if TYPE_CHECKING:
    from spc.blame.matter import Matter
    from spc.blame.since import Began
    from spc.cli.explained import Spoken
    from spc.cli.judged import Judged
    from spc.nouns import Cause, Floats, Model, Rows

_WITHIN = message("The point lies within its limit.")


def taken_apart(result: Judged, row: int, chart: str, began: Began | None, how: Spoken) -> dict[str, Any]:
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
        "sentence": _sentence(model, found, began, result.to_explain(row - 1), rows, how)
        if points.tracks[chart].out[row - 1]
        else how.language.say(_WITHIN),
        "since_row": None if began is None else began.since.row,
        "note": points.notes[row - 1],
    }


def _by_name(found: Cause, values: list[float]) -> dict[str, float]:
    return {name: value for name, value in zip(found.names, values, strict=True) if math.isfinite(value)}


def _sentence(model: Model, found: Cause, began: Began | None, judged: tuple[Model, Floats, int] | None, rows: Rows, how: Spoken) -> str:
    """With the values `judged`, or, for a chart with memory, each variable's average since the change began, where that is known: what
    such a chart remembers is in no unit of a row.
    """
    from spc.blame.average import averaged, unsized
    from spc.blame.matter import matter
    from spc.blame.words import MEMORY, worded

    language = how.language.code
    if found.kind == "guard":
        return " ".join(worded(one, language) for one in _guards(model, found, rows, how))
    if found.chart not in MEMORY and judged is not None:
        return worded(matter(judged[0], found, judged[1], called=how.called), language)
    told = matter(model, found, called=how.called)
    if found.kind in ("level", "relation"):
        told = unsized(told) if began is None else averaged(model, told, model.scatter.factor @ began.shift, called=how.called)
    return worded(told, language)


def _guards(model: Model, found: Cause, rows: Rows, how: Spoken) -> list[Matter]:
    """The facts of each guard that moved on the last row, the one that is furthest out first."""
    from spc.blame.matter import guard_matter

    value = dict(zip(rows.names, rows.x[-1].tolist(), strict=True))
    guards = {guard.name: guard for guard in model.guards}
    moved = [guards[name] for name in found.named]
    expected = [one.level + math.fsum(slope * value[name] for name, slope in one.slopes) for one in moved]
    return [guard_matter(one, value[one.name], level, how.called) for one, level in zip(moved, expected, strict=True)]
