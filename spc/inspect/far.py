"""Single cells that are so far away that a slip is likelier than the process: ×10, swapped columns, another unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, row_numbers
from spc.nouns import Finding

_FAR = 20.0  # robust standard deviations
_SHARE = 0.02  # more far cells than this are a heavy tail or another state of the process, not slips
_GAP = 0.6  # the farthest ordinary cell is nearer than this share of the nearest far one; else it is a heavy tail
_NEAR = 5.0


def far(m: Measured) -> Iterator[Finding]:
    """Cells more than 20 robust standard deviations from their column's median, with a guess at what happened."""
    cells: list[tuple[int, int]] = []
    if m.n < 10:
        return
    for j in range(m.p):
        if m.spreads[j] <= 0:
            continue
        away = np.abs(m.x[:, j] - m.medians[j]) / m.spreads[j]
        beyond = np.flatnonzero(away > _FAR)
        near = float(np.max(away, where=away <= _FAR, initial=0.0))
        if 0 < len(beyond) <= max(3, _SHARE * m.n) and near < _GAP * float(away[beyond].min()):
            cells += [(int(i), j) for i in beyond]
    if not cells:
        return
    cells.sort()
    where = sorted({i for i, _ in cells})
    shown = [_told(m, i, j, [k for r, k in cells if r == i and k != j]) for i, j in cells[:5]]
    more = f"; and {len(cells) - 5} more" if len(cells) > 5 else ""
    lie = "lies" if len(cells) == 1 else "lie"
    text = (
        f"{counted(len(cells), 'cell')} in {counted(len(where), 'row')} {lie} more than {_FAR:g} robust sd away: {'; '.join(shown)}{more}."
    )
    cure = "Correct the cells, or exclude the rows with the cause. A robust fit is not moved by them, a classical one is."
    names = tuple(dict.fromkeys(m.names[j] for _, j in cells))
    yield Finding("far", "amber", text, cure, names, row_numbers(where))


def _told(m: Measured, i: int, j: int, others: list[int]) -> str:
    value = float(m.x[i, j])
    text = f"{m.names[j]} {value:.6g} in row {i + 1} (usually {m.medians[j]:.6g}"
    for k in others:
        if _fits(m, k, value) and _fits(m, j, float(m.x[i, k])):
            return text + f"; swapped with {m.names[k]}?)"
    for factor, sign in ((10.0, "×10"), (100.0, "×100"), (1000.0, "×1000"), (0.1, "÷10"), (0.01, "÷100"), (0.001, "÷1000")):
        if abs(m.medians[j]) > _FAR * m.spreads[j] and _fits(m, j, value / factor):
            return text + f"; {sign}?)"
    if abs(m.medians[j]) > _FAR * m.spreads[j] and _fits(m, j, -value):
        return text + "; sign?)"
    return text + ")"


def _fits(m: Measured, j: int, value: float) -> bool:
    return bool(abs(value - m.medians[j]) < _NEAR * m.spreads[j])
