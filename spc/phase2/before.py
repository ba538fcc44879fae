"""What is said of a row that is judged together with the rows before it: its note, and the arithmetic of what is charted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spc.nouns import Bools, Dynamics, Floats, Model
from spc.nouns.dynamics import Seen, called


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


@dataclass(frozen=True, eq=False)
class Made:
    """How a charted row is made of the raw rows (k, p), the last of which is the row itself: words for its arithmetic."""

    raw: Floats
    formula: str
    inputs: Mapping[str, str]
    source: str

    def snippet(self, model: Model) -> str:
        """Lines of Python that begin with the raw rows and print T²."""
        rows = str(self.raw.tolist()).replace("nan", "np.nan")
        return (
            "from pathlib import Path\n\nimport numpy as np\nimport spc\n\n"
            f"rows = np.array({rows}, dtype=float)  # the last is the row itself\n"
            f"model = spc.Model.from_json(Path('model.json').read_text())  # digest {model.digest[:16]}\n"
            "at = np.full(len(rows), np.datetime64('NaT'), dtype='datetime64[us]')\n"
            "x = model.dynamics.step({}, rows, at)[1].x[-1]\n"
            "seen = ~np.isnan(x)\nprint(float(model.scatter.part(seen).d2(x[seen])[0]))\n"
        )


def made_of(dynamics: Dynamics, raw: Floats) -> Made:
    """The arithmetic of the last of the raw rows (k, p), for a row that had those before it.

    >>> two = Dynamics(("flow",), 0, None, np.array([10.0]), np.array([1.0]), np.array([[0.5]]))
    >>> made_of(two, np.array([[12.0], [9.0]])).inputs
    {'flow': '9', 'flow (1 row before)': '12', "the row before's usual value m₁": '10', 'A': '[[0.5]]'}
    """
    inputs = {
        called(name, lag): f"{value:.10g}"
        for lag, row in enumerate(raw[::-1][: max(dynamics.lags, 1) + 1])
        for name, value in zip(dynamics.names, row.tolist(), strict=True)
    }
    if dynamics.coefficients is None:
        return Made(raw, "x = the row and those before it, side by side; ", inputs, "Ku, Storer & Georgakis 1995")
    inputs["the row before's usual value m₁"] = ", ".join(f"{v:.6g}" for v in dynamics.center.tolist())
    inputs["A"] = f"[{', '.join('[' + ', '.join(f'{v:.6g}' for v in row) + ']' for row in dynamics.coefficients.tolist())}]"
    return Made(raw, "x = xₜ − A(xₜ₋₁ − m₁); ", inputs, "Lütkepohl 2005, section 2.1")
