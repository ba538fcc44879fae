"""Two groups of rows that could each be the process."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from spc.nouns import Bools, Finding, Ints, Scatter

_SHOWN = 1000  # row numbers that a finding carries


def two_basins(scatter: Scatter, positions: Ints) -> tuple[Finding, ...]:
    """What a person must be told when a robust fit has a rival: which rows they disagree about, with the objective of each.

    positions (n,): where the rows of the fit stand in the reference, from 0. The first finding has the rows of both groups, the second
    those that the rival takes for good and this fit for bad. Empty when the fit has no rival.
    """
    rival = scatter.rival
    if rival is None or scatter.used is None or rival.used is None or scatter.objective is None or rival.objective is None:
        return ()
    here, there = _apart(positions, scatter.used, rival.used), _apart(positions, rival.used, scatter.used)
    rows = np.sort(np.concatenate([here, there]))
    lower = "higher" if scatter.objective > rival.objective else "lower"
    text = (
        f"Two groups of rows could each be the process. This fit (log det {scatter.objective:.6g}, the {lower}) takes {len(here)} rows "
        f"for good that the other one (log det {rival.objective:.6g}) takes for bad{_first(here)}, and {len(there)} the other way "
        f"round{_first(there)}. Rows that lie close together make a determinant small wherever they lie, so the lower one need not be "
        "the process: a limit drawn around the wrong group would let its cause pass, or alarm on good rows."
    )
    cure = (
        "Look at these rows together. If they have a special cause, exclude them with that reason, or take the other group "
        f"(estimator mcd, basin '{'lowest' if lower == 'higher' else 'deterministic'}')."
    )
    other = f"The other group: {len(there)} rows that this fit takes for bad and its rival for good."
    return (
        Finding("two_basins", "amber", text, cure, (), tuple(int(i) + 1 for i in rows[:_SHOWN])),
        Finding("other_basin", "note", other, "", (), tuple(int(i) + 1 for i in there[:_SHOWN])),
    )


def basin_groups(findings: Iterable[Finding]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Of a model's findings, the rows (from 1) that only this fit takes for good, and those that only its rival does; None without one.

    A finding carries a thousand rows; what it leaves out is left out here.
    """
    told = {one.kind: one.rows for one in findings}
    if "two_basins" not in told or "other_basin" not in told:
        return None
    there = set(told["other_basin"])
    return tuple(row for row in told["two_basins"] if row not in there), told["other_basin"]


def _apart(positions: Ints, good: Bools, other: Bools) -> Ints:
    return np.asarray(positions[good & ~other])


def _first(rows: Ints) -> str:
    if not len(rows):
        return ""
    shown = ", ".join(str(int(i) + 1) for i in rows[:6])
    return f" (rows {shown}{', …' if len(rows) > 6 else ''})"
