"""`spc replay --with`: the rows of a file through one or several models, side by side."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer

from spc.cli import files
from spc.errors import BadRecipe, BadSettings, BadTable, ColumnMismatch
from spc.nouns import Floats, ProductModels, Rows
from spc.phase1 import Recipe, fit
from spc.reference import read, read_rows
from spc.replay import Candidate, Outcome, Replayed, Telling, replay
from spc.settings import Settings
from spc.watch import Watch

SHOWN = 20  # alarms of each candidate that are listed


def watch_of(words: str) -> Watch:
    """The rule in words: "2 of 3", or with the points in a row that end an alarm, "2 of 3, 5 back".

    >>> watch_of("2 of 3, 5 back")
    Watch(k=2, n=3, back=5)
    """
    found = re.fullmatch(r"\s*(\d+)\s+of\s+(\d+)\s*(?:,\s*(\d+)\s+back\s*)?", words)
    if found is None:
        raise BadSettings(f"{words!r} is not a rule.", cure='Write for instance "2 of 3", or "2 of 3, 5 back".')
    return Watch(int(found[1]), int(found[2]), int(found[3] or Watch().back))


def candidate(words: str, timezone: str) -> Candidate:
    """A model file, or a reference with the words of a recipe: "reference.csv estimator=classical alpha=0.001"."""
    if Path(words).exists() or " " not in words.strip():
        name, asked = words, {}
    else:
        name, *rest = shlex.split(words)
        asked = dict(_pair(one) for one in rest)
    if not asked and not name.lower().endswith((".csv", ".txt", ".tsv")):
        return Candidate(_called(words), files.load_model(name))
    made = fit(read(files.table_path(name), timezone=timezone), Recipe.from_dict(asked)).model
    return Candidate(_called(words), made)


def _called(words: str) -> str:
    """A model is called by its file's name, without the folder."""
    head, _, rest = words.strip().partition(" ")
    return f"{Path(head).name.removesuffix('.json')}{f' {rest}' if rest else ''}"


def _pair(word: str) -> tuple[str, Any]:
    key, sign, value = word.partition("=")
    if not sign:
        raise BadRecipe(f"{word!r} is no word of a recipe.", cure='Write for instance "reference.csv estimator=mcd alpha=0.001".')
    try:
        return key, int(value)
    except ValueError:
        pass
    try:
        return key, float(value)
    except ValueError:
        return key, value


def labels(path: Path, column: str, rows: Rows, id: str | None) -> Floats:
    """1 for a bad row, 0 for a good one, NaN where nobody knows; by part number when both tables have them, else by position."""
    told = read_rows(path, columns=(column,), id=id)
    x = told.x[:, 0]
    if all(told.ids) and all(rows.ids) and len(set(told.ids)) == len(told.ids):
        known = dict(zip(told.ids, x.tolist(), strict=True))
        return np.array([known.get(one, np.nan) for one in rows.ids])
    if len(x) != len(rows):
        raise BadTable(
            f"{path.name} has {len(x)} labels for {len(rows)} rows.", cure="Give one label for each row, or part numbers in both."
        )
    return x


def played(
    path: Path, words: Sequence[str], *, rule: str, truth: str, truth_file: str, timezone: str, time: str | None, id: str | None
) -> Replayed:
    """The file through each candidate. Raises the complaints of reading, fitting and judging."""
    watch = watch_of(rule)
    candidates = [candidate(one, timezone) for one in words]
    models = [one.model.first if isinstance(one.model, ProductModels) else one.model for one in candidates]
    columns = tuple(dict.fromkeys(name for one in candidates for name in one.model.columns))
    time = time or next((one.time_column for one in models if one.time_column), None)
    id = id or next((one.id_column for one in models if one.id_column), None)
    product = next((one.model.column for one in candidates if isinstance(one.model, ProductModels)), None)
    subgroup = next((one.subgroup.column for one in models if one.subgroup), None)
    try:
        rows = read_rows(path, columns=columns, time=time, id=id, subgroup=subgroup, product=product, timezone=timezone)
    except ColumnMismatch as wrong:
        who = [one.name for one in candidates if wrong.column in one.model.columns]
        raise ColumnMismatch(f"{' and '.join(who)}: {wrong.text}", cure=wrong.cure, column=wrong.column) from wrong
    told = labels(files.table_path(truth_file) if truth_file else path, truth, rows, id) if truth else None
    return replay(rows, candidates, watch, truth=told, telling=Telling(zone=Settings(timezone=timezone).zone))


def tell(found: Replayed) -> None:
    """The table side by side, the alarms, and the comparison."""
    out = typer.echo
    said = {key: value for key, value in found.to_dict().items() if key in ("since", "until")}
    span = f", {said['since']} to {said['until']}" if said["since"] else ""
    out(f"{found.n} rows{span}. An alarm: {found.rule}.")
    for one in found.outcomes:
        out("")
        out(one.sentence)
        for reason, n in one.not_judged.items():
            out(f"  not judged, {reason}: {n}")
        if one.effect > 1.05:
            alone = f"{100 * one.rate.low:.3g} % to {100 * one.rate.high:.3g} %"
            out(f"  rows out come in {one.runs} runs, {one.effect:.1f} of them count as one; for independent rows the interval is {alone}")
        _alarms(one)
    for pair in found.compared:
        out("")
        out(pair.sentence)
        for row in pair.rows[:SHOWN]:
            out(f"  row {row.row}: only {row.out} ({row.ratios[0]:.2f} and {row.ratios[1]:.2f} × limit)")


def _alarms(one: Outcome) -> None:
    for alarm in one.told[:SHOWN]:
        out = f"{alarm.rows_out} row{'' if alarm.rows_out == 1 else 's'} out, up to {alarm.worst:.2f} × limit"
        typer.echo(f"  row {alarm.row}: {alarm.sentence} ({out})")
    if one.alarms > SHOWN:
        typer.echo(f"  … and {one.alarms - SHOWN} more alarms.")
