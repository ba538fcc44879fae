"""Columns that the others nearly determine, although a few bad rows may hide it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import linalg

from spc.inspect.core import Core
from spc.inspect.measured import Measured
from spc.inspect.sentence import listed, row_numbers
from spc.limits import NewRow
from spc.nouns import Finding, Floats
from spc.scatter import Hyperplane

NOMINAL = 0.0027
_NEAR = 0.1  # share of its standard deviation that the others leave of a column: R² = 0.99
_COPY = 1e-2  # from here on it is the last digits that T² watches
_MOST = 3  # relations that are told
_ENOUGH = 1.3  # a shorter equation may leave so many times what the full one leaves
_TERMS = 5


def collinear(m: Measured) -> Iterator[Finding]:
    """Relations that hold exactly in most rows, and columns of which the others leave less than a tenth."""
    c = m.core
    if c is None:
        return
    for columns, flat in c.flats:
        yield _broken(m, columns, flat)
    if len(c.x) <= 2 * len(c.columns) or len(c.columns) < 2:
        return
    s = c.scatter.covariance
    scale = np.sqrt(np.diag(s))
    r = s / np.outer(scale, scale)
    told: list[Finding] = []
    rest = list(range(len(r)))
    while len(told) < _MOST and len(rest) > 1:
        lead, left = _closest(r, rest, len(c.x))
        if left >= _NEAR:
            break
        others = _chosen(r, lead, [k for k in rest if k != lead], left)
        told.append(_told(m, c, lead, others, r, scale))
        rest.remove(lead)
    yield from told


def _closest(r: Floats, rest: list[int], n: int) -> tuple[int, float]:
    """The column that the others leave least of, and how much, corrected for the fit's own freedom."""
    lower = np.linalg.cholesky(r[np.ix_(rest, rest)])
    inverse = linalg.solve_triangular(lower, np.eye(len(rest)), lower=True)
    left = np.sqrt(n / (n - len(rest)) / np.sum(inverse**2, axis=0))
    k = int(np.argmin(left))
    return rest[k], float(left[k])


def _chosen(r: Floats, lead: int, others: list[int], left: float) -> list[int]:
    """The few columns, most helpful first, that explain the lead nearly as well as all others do."""
    kept: list[int] = []
    while others and len(kept) < _TERMS:
        sizes = [_left(r, lead, [*kept, k]) for k in others]
        best = int(np.argmin(sizes))
        kept.append(others.pop(best))
        if sizes[best] <= _ENOUGH * left:
            break
    return kept


def _left(r: Floats, lead: int, kept: list[int]) -> float:
    weights = np.linalg.solve(r[np.ix_(kept, kept)], r[kept, lead])
    return float(np.sqrt(max(1.0 - r[kept, lead] @ weights, 0.0)))


def _told(m: Measured, c: Core, lead: int, kept: list[int], r: Floats, scale: Floats) -> Finding:
    weights = np.linalg.solve(r[np.ix_(kept, kept)], r[kept, lead])
    slopes = weights * scale[lead] / scale[kept]
    left = _left(r, lead, kept)
    level = float(c.scatter.center[lead] - slopes @ c.scatter.center[kept])
    name = m.names[c.columns[lead]]
    equation = " ".join(f"{'−' if b < 0 else '+'} {abs(b):.4g}·{m.names[c.columns[k]]}" for b, k in zip(slopes, kept, strict=True))
    equation = equation.removeprefix("+ ") + f" {'−' if level < 0 else '+'} {abs(level):.4g}"
    sd = left * float(scale[lead])
    room = np.sqrt(NewRow(len(c.x), c.x.shape[1]).limit(NOMINAL).value)
    text = (
        f"{name} is nearly known from {'another column' if len(kept) == 1 else 'others'}: {name} = {equation}, to ± {sd:.3g} "
        f"(R² = {1 - left**2:.4g}, condition number {np.linalg.cond(r):.3g}). T² watches that relation closely: "
        f"{room * sd:.3g} off it alarms, {100 * room * left:.3g} % of what {name} itself may move."
    )
    cure = (
        "If it is one quantity measured twice, ignore one column: what is left is the noise of the sensors. "
        "If the relation must hold, keep both: nothing sees its breaking sooner."
    )
    names = (name, *(m.names[c.columns[k]] for k in kept))
    if left < _COPY:
        return Finding("nearly_copy", "amber", text, cure, names)
    return Finding("collinear", "note", text, cure, names)


def _broken(m: Measured, columns: tuple[int, ...], flat: Hyperplane) -> Finding:
    """A relation that holds exactly in most rows, and the rows in which it does not."""
    names = [m.names[j] for j in columns]
    x = m.x[:, list(columns)]
    size = np.abs(flat.slopes) * 1.4826 * np.nanmedian(np.abs(x - np.nanmedian(x, axis=0)), axis=0)
    off = np.flatnonzero(np.abs(x @ flat.slopes - flat.level) > 1e-5 * float(size.max()))
    involved = tuple(names[j] for j in flat.columns())
    equation = flat.words(names).split(" in ")[0]
    shown = listed([int(i) + 1 for i in off], 8)
    text = f"{equation} in all rows but {len(off)} ({shown}): {involved[0]} says nothing of its own there, and no robust scatter exists."
    cure = f"Correct or exclude these rows; {involved[0]} then becomes a guard. Or ignore it."
    return Finding("collinear", "amber", text, cure, involved, row_numbers(off))
