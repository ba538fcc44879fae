"""What is said of a row that is judged together with the rows before it."""

from __future__ import annotations

import numpy as np

from spc.nouns import Bools, Dynamics
from spc.nouns.dynamics import Seen


def noted(dynamics: Dynamics, missing: Bools | None, seen: Seen) -> list[str]:
    """A note for each row of a block that could not be judged in full: its own gaps `missing` (n, p), and those of the rows before it.

    >>> two = Dynamics(("flow",), 0, None, np.array([10.0]), np.array([1.0]), np.array([[0.5]]))
    >>> _, seen = two.step({}, np.array([[12.0], [12.0]]), np.full(2, np.datetime64("NaT"), dtype="datetime64[us]"))
    >>> noted(two, None, seen)
    ['no row before it: not judged', '']
    """
    notes = [""] * len(seen.x)
    empty = np.isnan(seen.x)
    nothing = np.all(empty, axis=1)
    for i in np.flatnonzero(np.any(empty, axis=1) | np.any(seen.filled, axis=1)):
        own = np.zeros(dynamics.p, dtype=bool) if missing is None else missing[i]
        notes[i] = _own(dynamics, own) or _past(dynamics, seen, int(i), bool(nothing[i]))
        if own.any() and nothing[i]:
            notes[i] += ": not judged"
    return notes


def _own(dynamics: Dynamics, gaps: Bools) -> str:
    if not gaps.any():
        return ""
    names = [name for name, gap in zip(dynamics.names, gaps, strict=True) if gap]
    return "no value for any variable" if gaps.all() else f"no value for {', '.join(names)}"


def _past(dynamics: Dynamics, seen: Seen, i: int, nothing: bool) -> str:
    had, needed = int(seen.before[i]), max(dynamics.lags, 1)
    if had < needed:
        rows = "no row" if had == 0 else f"only {had} row{'' if had == 1 else 's'}"
        return f"{rows} before it: {'not judged' if nothing else 'judged on what is there'}"
    if nothing:
        return "the row before it has no value: not judged"
    if not seen.filled[i].any():
        return "a row before it has gaps: judged on what is there"
    names = [name for name, gap in zip(dynamics.names, seen.filled[i], strict=True) if gap]
    return f"the row before it has no value for {', '.join(names)}: what was to be expected of it stands in"
