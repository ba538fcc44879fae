"""Columns that the others nearly determine, although a few bad rows may hide it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from spc.inspect.core import Core
from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, listed, row_numbers
from spc.limits import NewRow
from spc.nouns import Finding, Floats, Severity
from spc.scatter import Hyperplane

NOMINAL = 0.0027
_NEAR = 0.1  # share of its standard deviation that the others leave of a column: R² = 0.99
_COPY = 1e-2  # from here on it is the last digits that T² watches
_MOST = 3  # relations that are told
_ENOUGH = 1.3  # a shorter equation may leave so many times what the full one leaves
_TERMS = 5


@dataclass(frozen=True)
class Relation:
    """A column, the share of its spread that the others leave, its equation in words, and the columns that take part."""

    left: float
    words: str
    names: tuple[str, ...]


def collinear(m: Measured) -> Iterator[Finding]:
    """Relations that hold exactly in most rows, and columns of which the others leave less than a tenth."""
    c = m.core
    if c is None:
        return
    if c.flats:
        yield _broken(m, c.flats)
    if len(c.x) <= 2 * len(c.columns) or len(c.columns) < 2:
        return
    scale = np.sqrt(np.diag(c.scatter.covariance))
    r = c.scatter.covariance / np.outer(scale, scale)
    found: list[Relation] = []
    rest = list(range(len(r)))
    while len(rest) > 1:
        lead, left = _closest(r, rest, len(c.x))
        if left >= _NEAR:
            break
        kept = _chosen(r, lead, [k for k in rest if k != lead], left) if len(found) < _MOST else []
        found.append(_relation(m, c, lead, kept, left, r, scale))
        rest.remove(lead)
    condition = float(np.linalg.cond(r))
    if found and found[0].left < _COPY:
        cure = "If two of them are one measurement, ignore one: what is left is rounding or the noise of a sensor, and it would alarm."
        yield _told("nearly_copy", "amber", found, condition, cure)
    elif found:
        cure = "If it is one quantity measured twice, ignore one column. If the relation must hold, keep both: T² sees its breaking first."
        yield _told("collinear", "note", found, condition, cure)


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
    return math.sqrt(max(1.0 - float(r[kept, lead] @ weights), 0.0))


def _relation(m: Measured, c: Core, lead: int, kept: list[int], left: float, r: Floats, scale: Floats) -> Relation:
    name = m.names[c.columns[lead]]
    if not kept:
        return Relation(left, name, (name,))
    weights = np.linalg.solve(r[np.ix_(kept, kept)], r[kept, lead])
    slopes = weights * scale[lead] / scale[kept]
    left = _left(r, lead, kept)
    level = float(c.scatter.center[lead] - slopes @ c.scatter.center[kept])
    right = " ".join(f"{'−' if b < 0 else '+'} {abs(b):.4g}·{m.names[c.columns[k]]}" for b, k in zip(slopes, kept, strict=True))
    sd = left * float(scale[lead])
    reach = math.sqrt(NewRow(len(c.x), c.x.shape[1]).limit(NOMINAL).value) * sd
    words = (
        f"{name} = {right.removeprefix('+ ')} {'−' if level < 0 else '+'} {abs(level):.4g} ± {sd:.3g} (R² {1 - left**2:.6g}; "
        f"{reach:.3g} off it alarms, {100 * reach / (3 * float(scale[lead])):.2g} % of three of its own sd)"
    )
    return Relation(left, words, (name, *(m.names[c.columns[k]] for k in kept)))


def _told(kind: str, severity: Severity, found: list[Relation], condition: float, cure: str) -> Finding:
    shown = "; ".join(one.words for one in found[:_MOST]) + (f"; and {len(found) - _MOST} more" if len(found) > _MOST else "")
    one = "column is" if len(found) == 1 else "columns are"
    text = (
        f"{len(found)} {one} nearly known from others: {shown}. T² watches {'that relation' if len(found) == 1 else 'such relations'} "
        f"far more closely than any column (condition number {condition:.3g})."
    )
    return Finding(kind, severity, text, cure, tuple(dict.fromkeys(name for one in found for name in one.names)))


def _broken(m: Measured, flats: tuple[tuple[tuple[int, ...], Hyperplane], ...]) -> Finding:
    """Relations that hold exactly in most rows, and the rows in which they do not."""
    shown, rows, involved = [], set(), []
    for columns, flat in flats:
        names = [m.names[j] for j in columns]
        x = m.x[:, list(columns)]
        size = np.abs(flat.slopes) * m.spreads[list(columns)]
        off = np.flatnonzero(np.abs(x @ flat.slopes - flat.level) > 1e-5 * float(size.max()))
        rows |= set(off[:1000].tolist())
        involved += [names[j] for j in flat.columns()]
        shown.append(f"{flat.words(names).split(' in ')[0]} in all but {counted(len(off), 'row')} ({listed([int(i) + 1 for i in off], 8)})")
    text = (
        f"{'; '.join(shown[:3])}{' ...' if len(shown) > 3 else ''}: elsewhere it says nothing of its own, and there is no robust scatter."
    )
    cure = "Correct or exclude these rows, and the column becomes a guard; or ignore it."
    return Finding("collinear", "amber", text, cure, tuple(dict.fromkeys(involved)), row_numbers(sorted(rows)))
