"""`spc replay --with`: the rows of a file through one or several models, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import numpy as np
import typer

from spc.cli import files
from spc.cli.proposed import Proposed
from spc.errors import BadSettings, BadTable, ColumnMismatch
from spc.nouns import Floats, Rows
from spc.reference import read_rows, row_blocks
from spc.replay import Candidate, Needs, Outcome, Replayed, Telling, replay
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


class Labels:
    """What is said of each row: 1 bad, 0 good, NaN where nobody knows. By part number when both tables have them, else by position."""

    def __init__(self, path: Path, column: str, id: str | None) -> None:
        told = read_rows(path, columns=(column,), id=id)
        self._name, self._x, self._done = path.name, told.x[:, 0], 0
        unique = all(told.ids) and len(set(told.ids)) == len(told.ids)
        self._known = dict(zip(told.ids, self._x.tolist(), strict=True)) if unique else None

    def __call__(self, rows: Rows) -> Floats:
        """The labels of the next block."""
        if self._done == 0 and not all(rows.ids):
            self._known = None
        low, self._done = self._done, self._done + len(rows)
        if self._known is not None:
            return np.array([self._known.get(one, np.nan) for one in rows.ids])
        if self._done > len(self._x):
            self._refuse("more")
        return self._x[low : self._done]

    def finish(self) -> None:
        """Raises BadTable when labels are left over."""
        if self._known is None and self._done < len(self._x):
            self._refuse(str(self._done))

    def _refuse(self, n: str) -> None:
        cure = "Give one label for each row, or part numbers in both."
        raise BadTable(f"{self._name} has {len(self._x)} labels for {n} rows.", cure=cure)


def own_label(rows: Rows) -> Floats:
    """The labels of a block that has them in its last column."""
    return np.ascontiguousarray(rows.x[:, -1])


def played(
    path: Path, words: Sequence[str], *, rule: str, truth: str, truth_file: str, timezone: str, time: str | None, id: str | None
) -> Replayed:
    """The file through each candidate, read block by block. Raises the complaints of reading, fitting and judging."""
    watch = watch_of(rule)
    proposed = [Proposed.of(one) for one in words]
    with files.progress("replay") as report:
        candidates = [one.candidate(timezone, report) for one in proposed]
        needs = Needs.of(candidates, truth if not truth_file else "")
        told = Labels(files.table_path(truth_file), truth, id or needs.id) if truth and truth_file else None
        rows = _named(
            row_blocks(
                path,
                columns=needs.columns,
                time=time or needs.time,
                id=id or needs.id,
                subgroup=needs.subgroup,
                product=needs.product,
                timezone=timezone,
                report=lambda share, stage: report(share, "playing"),
            ),
            candidates,
        )
        labels = told or (own_label if truth else None)
        found = replay(rows, candidates, watch, truth=labels, telling=Telling(zone=Settings(timezone=timezone).zone))
    if told is not None:
        told.finish()
    for one, candidate in zip(proposed, candidates, strict=True):
        one.keep(candidate)
    return found


def _named(blocks: Iterator[Rows], candidates: Sequence[Candidate]) -> Iterator[Rows]:
    """The blocks; a missing column names the candidates that need it."""
    try:
        yield from blocks
    except ColumnMismatch as wrong:
        who = [one.name for one in candidates if wrong.column in one.model.columns]
        raise ColumnMismatch(f"{' and '.join(who)}: {wrong.text}" if who else wrong.text, cure=wrong.cure, column=wrong.column) from wrong


def tell(found: Replayed, timezone: str) -> None:
    """The table side by side, the alarms with their dates in `timezone`, and the comparison."""
    zone = Settings(timezone=timezone).zone
    out = typer.echo
    said = {key: value for key, value in found.to_dict().items() if key in ("since", "until")}
    span = f", {said['since']} to {said['until']}" if said["since"] else ""
    out(f"{found.n} rows{span}. An alarm: {found.rule}.")
    for k, one in enumerate(found.outcomes):
        out("")
        out(f"{'Champion' if k == 0 else 'Challenger'} {one.sentence}" if found.compared else one.sentence)
        for reason, n in one.not_judged.items():
            out(f"  not judged, {reason}: {n}")
        if one.effect > 1.05:
            alone = f"{100 * one.rate.low:.3g} % to {100 * one.rate.high:.3g} %"
            out(f"  rows out come in {one.runs} runs, {one.effect:.1f} of them count as one; for independent rows the interval is {alone}")
        _alarms(one, zone)
    for pair in found.compared:
        out("")
        out(pair.sentence)
        for row in pair.rows[:SHOWN]:
            out(f"  row {row.row}: only {row.out} ({row.ratios[0]:.2f} and {row.ratios[1]:.2f} × limit)")


def _alarms(one: Outcome, zone: tzinfo) -> None:
    for alarm in one.told[:SHOWN]:
        out = f"{alarm.rows_out} row{'' if alarm.rows_out == 1 else 's'} out, up to {alarm.worst:.2f} × limit"
        day = "" if np.isnat(alarm.at) else f", {_local(alarm.at, zone):%Y-%m-%d}"
        typer.echo(f"  row {alarm.row}{day}: {alarm.sentence} ({out})")
    if one.alarms > SHOWN:
        typer.echo(f"  … and {one.alarms - SHOWN} more alarms.")


def _local(at: np.datetime64, zone: tzinfo) -> datetime:
    """A row's time on the clock of a zone.

    >>> str(_local(np.datetime64("2025-03-04T23:30"), UTC))
    '2025-03-04 23:30:00+00:00'
    """
    made: datetime = at.astype("datetime64[us]").item()
    return made.replace(tzinfo=UTC).astimezone(zone)
