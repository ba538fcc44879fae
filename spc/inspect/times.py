"""The times of the rows: how often, from when to when, and whether they run forward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, lasting, listed, row_numbers
from spc.nouns import Finding, Floats, Ints, Severity

_GAP = 20  # intervals


def times(m: Measured) -> Iterator[Finding]:
    """Sampling interval and time span; rows whose time goes back or repeats; long gaps; rows without a time."""
    known = ~np.isnat(m.at)
    if int(known.sum()) < 2:
        return
    where = np.flatnonzero(known)
    steps = np.diff(m.at[where]).astype(np.int64) / 1e6
    yield from _backwards(m, where, steps)
    forward = steps[steps > 0]
    if not len(forward):
        return
    usual = float(np.median(forward))
    yield _sampling(m, where, steps, usual)
    gaps = np.flatnonzero(steps > _GAP * usual)
    if len(gaps):
        worst = int(gaps[np.argmax(steps[gaps])])
        long = f"the longest, {lasting(float(steps[worst]))}, before {m.name_time(int(where[worst + 1]))}"
        text = f"{counted(len(gaps), 'gap')} of more than {_GAP} intervals; {long}."
        cure = "Check that the process was the same before and after; split the reference there if not."
        yield Finding("gaps", "note", text, cure, (), row_numbers(where[gaps + 1]))
    if not known.all():
        lost = np.flatnonzero(~known)
        yield Finding("time_missing", "amber", f"{counted(len(lost), 'row')} without a time.", "", (), row_numbers(lost))


def _backwards(m: Measured, where: Ints, steps: Floats) -> Iterator[Finding]:
    back = where[1:][steps < 0]
    if len(back):
        at = int(back[0])
        before = m.at[where[np.searchsorted(where, at) - 1]]
        more = f" and in {counted(len(back) - 1, 'other row')}" if len(back) > 1 else ""
        text = f"Time goes backwards at {m.name_time(at)}, after {str(before)[:19].replace('T', ' ')}{more}."
        if bool(np.any(np.abs(steps[steps < 0] + 3600) < 60)):
            text += " One hour back looks like the end of summer time."
        cure = "Sort the rows by time, or check the logger's clock; charts over time need the order."
        yield Finding("time_backwards", "amber", text, cure, (), row_numbers(back))
    same = where[1:][steps == 0]
    if len(same):
        severity: Severity = "amber" if len(same) < 0.5 * len(steps) else "note"
        has = "has" if len(same) == 1 else "have"
        text = f"{counted(len(same), 'row')} {has} the same time as the row before: {listed([int(i) + 1 for i in same], 8)}."
        cure = "Exclude repeats; rows of one moment may also be a subgroup."
        yield Finding("time_repeated", severity, text, cure, (), row_numbers(same))


def _sampling(m: Measured, where: Ints, steps: Floats, usual: float) -> Finding:
    first, last = m.at[where].min(), m.at[where].max()
    span = float((last - first).astype(np.int64)) / 1e6
    begin, end = (str(at)[:19].replace("T", " ") for at in (first, last))
    text = f"One row every {lasting(usual)}, from {begin} to {end} UTC ({lasting(span)})."
    uneven = float(np.mean(np.abs(steps - usual) > 0.1 * usual))
    if uneven > 0.01:
        shortest, longest = lasting(max(float(steps.min()), 0.0)), lasting(float(steps.max()))
        text += f" The times are uneven: {100 * uneven:.0f} % of the intervals differ, from {shortest} to {longest}."
    return Finding("sampling", "note", text)
