"""Rows from which on the process is another one: steps in level or spread inside the reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, percent
from spc.limits import NewRow, tail
from spc.nouns import Finding, Floats

NOMINAL = 0.0027
_MOVED = 0.5  # standard deviations; a smaller step in one column is told only when there is no larger one
_SPREAD = 1.4  # ratio of standard deviations


def changes(m: Measured) -> Iterator[Finding]:
    """Steps found by a likelihood-ratio search with permutations, the variables that moved and by how much."""
    c, found = m.core, m.steps
    if (
        c is None or not found.first or not found.independent
    ):  # what is alike from row to row wanders by itself: that is said by the autocorrelation
        return
    columns = list(c.columns)
    whole = np.isfinite(m.x[:, columns]).all(axis=1)
    x, where = m.x[whole][:, columns], np.flatnonzero(whole)
    stretches = np.split(x, np.searchsorted(where, found.first))
    told = [
        _moved(m, first, before, after, columns) for first, before, after in zip(found.first, stretches[:-1], stretches[1:], strict=True)
    ]
    names = tuple(dict.fromkeys(name for _, moved in told for name in moved))
    shown = "; ".join(words for words, _ in told[:4]) + (f"; and {len(told) - 4} more steps" if len(told) > 4 else "")
    text = f"The process changes within the reference, {counted(len(told), 'time')}: {shown}."
    rate = real_rate(stretches)
    if rate is not None:
        text += f" With one limit for all of it (nominal {percent(NOMINAL)}), rows like the last stretch would alarm at {percent(rate)}"
        text += f", and spreads are up to {_widened(stretches):.2g} times too wide to see small shifts."
    cure = "Find out what was changed there. Keep the stretch that is how the process will run; exclude the other with that reason."
    yield Finding("changes", "amber", text, cure, names, tuple(k + 1 for k in found.first))


def _moved(m: Measured, first: int, before: Floats, after: Floats, columns: list[int]) -> tuple[str, list[str]]:
    """What differs between two neighbouring stretches, largest first: "at row 101 (…) copper_um +1.2 sd"."""
    low, high = (np.median(part, axis=0) for part in (before, after))
    spreads = [1.4826 * np.median(np.abs(part - np.median(part, axis=0)), axis=0) for part in (before, after)]
    pooled = np.sqrt((len(before) * spreads[0] ** 2 + len(after) * spreads[1] ** 2) / (len(before) + len(after)))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.where(pooled > 0, pooled, m.spreads[columns])
        shift = np.nan_to_num((high - low) / pooled)
        ratio = np.nan_to_num(spreads[1] / spreads[0], nan=1.0, posinf=1.0)
    noise = 1.2533 * np.sqrt(1 / len(before) + 1 / len(after))  # standard error of a difference of medians, in sd
    order = np.argsort(-np.abs(shift), kind="stable")
    said = [(int(k), f"{m.names[columns[k]]} {shift[k]:+.2g} sd") for k in order if abs(shift[k]) > max(_MOVED, 3 * noise)]
    wide = np.argsort(-np.abs(np.log(np.maximum(ratio, 1e-9))), kind="stable")
    room = 1.0 + 4 * noise
    said += [
        (int(k), f"{m.names[columns[k]]} varies {ratio[k]:.2g} times as much")
        for k in wide
        if ratio[k] > max(_SPREAD, room) or 0 < ratio[k] < 1 / max(_SPREAD, room)
    ][:3]
    if not said:
        k = int(order[0])
        said = [(k, f"no column by much (most: {m.names[columns[k]]} {shift[k]:+.2g} sd), but how columns move together")]
    more = f" and {len(said) - 4} more" if len(said) > 4 else ""
    words = f"at {m.name_time(first)} " + ", ".join(text for _, text in said[:4]) + more
    return words, list(dict.fromkeys(m.names[columns[k]] for k, _ in said))


def real_rate(stretches: list[Floats]) -> float | None:
    """The probability that a row like those of the last stretch is beyond the F limit of the classical fit to all stretches together."""
    x = np.vstack(stretches)
    n, p = x.shape
    last = _trimmed(stretches[-1])
    if len(last) < p + 2:
        return None
    center = x.mean(axis=0)
    scale = x.std(axis=0)
    lower = np.linalg.cholesky(np.cov(((x - center) / scale).T).reshape(p, p))
    z = np.linalg.solve(lower, ((last - center) / scale).T).T
    values, vectors = np.linalg.eigh(np.cov(z.T).reshape(p, p))
    values = np.maximum(values, 1e-9)
    offset = vectors.T @ z.mean(axis=0) / np.sqrt(values)
    limit = NewRow(n, p).limit(NOMINAL).value
    return float(tail(limit, values[None], (offset**2)[None])[0])


def _trimmed(x: Floats) -> Floats:
    """The rows without cells farther than 4 robust standard deviations."""
    center = np.median(x, axis=0)
    spread = 1.4826 * np.median(np.abs(x - center), axis=0)
    return x[(np.abs(x - center) <= 4 * spread).all(axis=1)]


def _widened(stretches: list[Floats]) -> float:
    """The largest ratio, over the columns, of the spread of all rows to that within the stretches."""
    kept = [_trimmed(part) for part in stretches]
    x = np.vstack([part for part in kept if len(part)])
    within = sum((np.sum((part - part.mean(axis=0)) ** 2, axis=0) for part in kept if len(part)), np.zeros(x.shape[1]))
    return float(np.max(np.sqrt(np.sum((x - x.mean(axis=0)) ** 2, axis=0) / within)))
