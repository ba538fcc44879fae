"""Columns that say the same as others: copies in another unit, sums, balances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import linalg

from spc.inspect.measured import Measured
from spc.nouns import Finding, Floats

_EXACT = 1e-6  # residual of an exact relation, in standard deviations of the column
_ROWS = 20_000  # rows that are enough to see a relation; it is then checked on all
_MANY = 5  # more relations than this are told in one finding
_WIDE = 600  # more columns than this are only compared pair by pair
_WEIGHT = 1e-4  # a term that moves the column by less than this many of its standard deviations is left out


def copies(m: Measured) -> Iterator[Finding]:
    """Exact linear relations, each with its equation."""
    x, kept = _complete(m)
    n, p = x.shape
    if p < 2 or n < p + 2:
        return
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    free: list[int] = []
    relations: list[list[int]] = []
    for j in range(p):
        i = _twin(z, free, j)
        if i is None:
            free.append(j)
        else:
            relations.append([i, j])
    if 2 <= len(free) <= _WIDE:
        r, order = linalg.qr(z[:, free], mode="r", pivoting=True)
        r = r[: len(free)] / np.sqrt(n)
        rank = int(np.sum(np.abs(np.diag(r)) > _EXACT))
        inner = r[:rank, :rank]
        for k in range(rank, len(free)):
            weights = linalg.solve_triangular(inner, r[:rank, k])
            relations.append(sorted([free[order[i]] for i in range(rank) if abs(weights[i]) > _WEIGHT] + [free[order[k]]]))
    yield from _exact(m, x, kept, relations)


def _complete(m: Measured) -> tuple[Floats, list[int]]:
    """A sample of complete rows of the columns that lack little, and which columns these are."""
    kept = [j for j in range(m.p) if m.present[:, j].mean() > 0.8]
    whole = np.flatnonzero(m.present[:, kept].all(axis=1)) if kept else np.empty(0, dtype=np.int64)
    whole = whole[:: max(1, len(whole) // _ROWS)]
    x = m.x[whole][:, kept]
    varies = [k for k in range(x.shape[1]) if len(x) and np.ptp(x[:, k]) > 0]
    return x[:, varies], [kept[k] for k in varies]


def _twin(z: Floats, free: list[int], j: int) -> int | None:
    """The column before j of which it is a copy, up to unit and zero."""
    if not free:
        return None
    r = z[:, free].T @ z[:, j] / len(z)
    best = int(np.argmax(np.abs(r)))
    left = z[:, j] - r[best] * z[:, free[best]]
    return free[best] if float(np.sqrt(np.mean(left * left))) < _EXACT else None


def _exact(m: Measured, x: Floats, kept: list[int], relations: list[list[int]]) -> Iterator[Finding]:
    """One finding for each relation; one for all when there are many."""
    rows = f"all {m.n} rows" if len(x) == m.n else f"all {len(x)} rows that were compared"
    told = [(_equation(m, x, kept, terms), [m.names[kept[j]] for j in (terms[-1], *terms[:-1])]) for terms in relations]
    if len(told) > _MANY:
        shown = "; ".join(equation for equation, _ in told[:3])
        text = f"{len(told)} columns say nothing of their own in {rows}: {shown}; and {len(told) - 3} more. They are watched as guards."
        yield Finding("copy", "amber", text, "Ignore those whose relation is of no interest.", tuple(names[0] for _, names in told))
        return
    for equation, names in told:
        what = "a copy" if len(names) == 2 else "a sum"
        text = f"{equation} in {rows}: {names[0]} is {what} and says nothing of its own. As a guard it alarms if this breaks."
        yield Finding("copy", "amber", text, f"Ignore {names[0]} if that relation is of no interest.", tuple(names))


def _equation(m: Measured, x: Floats, kept: list[int], terms: list[int]) -> str:
    """The last of some columns as a sum of the others."""
    *others, lead = terms
    center, scale = x.mean(axis=0), x.std(axis=0)
    z = (x[:, others] - center[others]) / scale[others]
    weights = np.linalg.lstsq(z, (x[:, lead] - center[lead]) / scale[lead], rcond=None)[0]
    slopes = weights * scale[lead] / scale[others]
    level = float(center[lead] - slopes @ center[others])
    equation = f"{m.names[kept[lead]]} = {_sum(slopes, [m.names[kept[j]] for j in others])}"
    if abs(level) > 1e-5 * max(float(scale[lead]), 1e-3 * abs(float(center[lead]))):
        equation += f" {'+' if level > 0 else '−'} {abs(level):.6g}"
    return equation


def _sum(slopes: Floats, names: list[str]) -> str:
    order = np.argsort(-np.abs(slopes), kind="stable")[:6]
    terms = [("−" if slopes[k] < 0 else "+", f"{abs(slopes[k]):.6g}·{names[k]}") for k in sorted(order.tolist())]
    first = ("−" if terms[0][0] == "−" else "") + terms[0][1]
    more = " + …" if len(names) > len(order) else ""
    return " ".join([first, *(f"{sign} {term}" for sign, term in terms[1:])]) + more
