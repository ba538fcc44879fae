"""Tables and summaries as people take them away: the columns of `judge`, the JSON of `fit`, CSV that is safe in a spreadsheet.

The terminal, the HTTP interface and the front door all take their columns from here, so that the same number has the same digits in
each of them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from spc.nouns import Blame, Bools, Floats, Model, Points, ProductModels, Reference, Signal, Times
from spc.runlength.budget import Budget

Table = dict[str, list[Any]]  # column name -> one cell per row; None where there is nothing to say

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> str:
    """One cell of a CSV: nothing for a missing value, every digit of a number, and text that no spreadsheet takes for a formula.

    >>> [cell(v) for v in (None, float("nan"), 0.1, -2.5, True, "B00001", "=1+1", "-5")]
    ['', '', '0.1', '-2.5', '1', 'B00001', "'=1+1", "'-5"]
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return "'" + text if text.startswith(_FORMULA) else text


def write_csv(table: Mapping[str, Sequence[Any]], out: TextIO) -> None:
    """A table as CSV: comma, decimal point, UTF-8, one header line.

    >>> import io; out = io.StringIO(); write_csv({"row": [1, 2], "t2": [0.5, None]}, out); out.getvalue()
    'row,t2\\n1,0.5\\n2,\\n'
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([cell(name) for name in table])
    writer.writerows([cell(value) for value in line] for line in zip(*table.values(), strict=True))


def times(at: Times) -> list[str | None]:
    """UTC times as ISO 8601 text, to the microsecond only where there is one; None where the time is unknown.

    >>> times(np.array(["2025-03-03T06:00:45.000000", "2025-03-03T06:00:45.250000", "NaT"], dtype="datetime64[us]"))
    ['2025-03-03T06:00:45Z', '2025-03-03T06:00:45.250000Z', None]
    """
    known = ~np.isnat(at)
    text = np.datetime_as_string(at)
    return [(str(t).removesuffix(".000000") + "Z") if ok else None for t, ok in zip(text, known, strict=True)]


def numbers(values: Iterable[float]) -> list[float | None]:
    """Numbers as JSON takes them: null where a value is missing or not finite."""
    return [float(v) if math.isfinite(v) else None for v in values]


def points_table(points: Points, signals: Sequence[Signal] = (), *, timed: bool, named: bool, blame: Blame | None = None) -> Table:
    """The judgement of a block, one entry per row: row, [time], [id], then per chart NAME, NAME_ucl, NAME_out, then signal and note.

    `timed` and `named` say whether there are a time and an id column; `blame` adds one column blame_VARIABLE per variable that sums to
    t2. A chart that could not be judged is None in all three of its columns, and `note` says why.
    """
    table: Table = {"row": [int(k) for k in points.rows]}
    if timed:
        table["time"] = times(points.at)
    if named:
        table["id"] = list(points.ids)
    for name, track in points.tracks.items():
        value = numbers(track.value)
        table[name] = list(value)
        table[f"{name}_ucl"] = [u if v is not None else None for u, v in zip(numbers(track.ucl), value, strict=True)]
        table[f"{name}_out"] = [int(o) if v is not None else None for o, v in zip(track.out, value, strict=True)]
    table["signal"] = _signals(len(points), signals)
    table["note"] = [note or None for note in points.notes]
    if blame is not None:
        for j, variable in enumerate(blame.names):
            table[f"blame_{variable}"] = list(numbers(blame.share[:, j]))
    return table


def _signals(n: int, signals: Sequence[Signal]) -> list[str | None]:
    """The reason beside each row where a signal starts or ends."""
    reasons: list[list[str]] = [[] for _ in range(n)]
    for signal in signals:
        reasons[signal.index].append(signal.reason)
    return ["; ".join(r) or None for r in reasons]


def review_table(reference: Reference, t2: Floats, ucl: Floats, out: Bools, used: Bools) -> Table:
    """The reference rows as the model sees them: row, [time], [id], t2, ucl, out, used."""
    n = len(reference)
    table: Table = {"row": list(range(1, n + 1))}
    if reference.column("time") is not None:
        table["time"] = times(reference.rows.at)
    if reference.column("id") is not None:
        table["id"] = list(reference.rows.ids)
    known = np.isfinite(t2)
    table["t2"] = list(numbers(t2))
    table["ucl"] = list(numbers(np.where(known, ucl, np.nan)))
    table["out"] = [int(o) if k else None for o, k in zip(out, known, strict=True)]
    table["used"] = [int(u) for u in used]
    return table


def model_summary(model: Model) -> dict[str, Any]:
    """What `fit --json` prints: the facts of a model without its tables of limits."""
    promised = Budget.kept(model)
    return {
        "n": model.n,
        "p": model.p,
        "names": list(model.names),
        "estimator": model.estimator,
        "alpha": model.alpha,
        "arl0": promised.arl0,
        "charts": {name: limits[-1].to_dict() for name, limits in model.new_limits.items()},
        "outliers": list(model.outliers),
        "excluded": [{"row": e.row, "reason": e.reason} for e in model.excluded],
        "guards": [g.name for g in model.guards],
        "findings": [f.to_dict() for f in model.findings],
        "scatter": {
            "center": model.scatter.center.tolist(),
            "covariance": model.scatter.covariance.tolist(),
            "logdet": model.scatter.logdet,
            "h": model.scatter.h,
            "objective": model.scatter.objective,
        },
        "digest": model.digest,
        "version": model.version,
        **({} if model.subgroup is None else {"subgroup": model.subgroup.to_dict()}),
        "budget": {"words": promised.words, **promised.to_dict()},
        **({} if model.dynamics is None else {"dynamics": model.dynamics.to_dict()}),
        **({"ucl": model.recipe["ucl"]} if model.recipe.get("ucl") is not None else {}),
    }


def products_summary(models: ProductModels) -> dict[str, Any]:
    """What `fit --product --json` prints: the report on the products' scatters, and the facts of each model."""
    return {
        "product": models.column,
        "pooled": models.pooled,
        "agreement": None if models.agreement is None else models.agreement.to_dict(),
        "models": {name: model_summary(model) for name, model in models.models.items()},
        "findings": [finding.to_dict() for finding in models.findings],
        "digest": models.digest,
        "version": models.first.version,
    }


def reference_summary(reference: Reference) -> dict[str, Any]:
    """What `inspect --json` prints: the columns as they were found and everything that was noticed."""
    return {
        "n": len(reference),
        "names": list(reference.names),
        "columns": [c.to_dict() for c in reference.columns],
        "dialect": reference.dialect.to_dict(),
        "findings": [f.to_dict() for f in reference.findings],
        "digest": reference.digest,
        "interval_s": reference.rows.interval,
    }
