"""A column whose unit changes midway: level and spread jump by the same factor after a row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.nouns import Finding, Floats

_FACTORS: tuple[tuple[float, str], ...] = (
    (10.0, ""),
    (100.0, "a fraction and per cent, m and cm?"),
    (1000.0, "mm and m, g and kg, mbar and bar?"),
    (1e6, "µm and m, Pa and MPa?"),
    (25.4, "inch and mm?"),
    (14.503774, "psi and bar?"),
    (6.894757, "psi and kPa?"),
    (4.4482216, "lbf and N?"),
    (9.80665, "kgf and N?"),
    (60.0, "per second and per minute?"),
    (3600.0, "per second and per hour?"),
)
_SAMPLE = 20_000  # rows of each side that are enough for a median
_SHORTEST = 8  # rows on each side


def rescaled(m: Measured) -> Iterator[Finding]:
    """Columns of one sign whose median and spread change after some row by one of the factors between units in use."""
    for j, name in enumerate(m.names):
        where = np.flatnonzero(m.present[:, j])
        column = m.x[where, j]
        if len(column) < 2 * _SHORTEST or not (np.all(column > 0) or np.all(column < 0)):
            continue
        k = _step(np.log(np.abs(column)))
        found = _factor(column[:k], column[k:])
        if found is not None:
            factor, unit = found
            sign = f"×{factor:g}" if abs(np.median(column[k:])) > abs(np.median(column[:k])) else f"÷{factor:g}"
            row = int(where[k])
            hint = f" ({unit})" if unit else ""
            text = f"{name} is rescaled {sign} from {m.name_time(row)} on{hint}: its level and its spread change by that factor."
            cure = f"Bring the rows from {row + 1} on to the unit of the rows before, or exclude them."
            yield Finding("rescaled", "red", text, cure, (name,), tuple(range(row + 1, min(m.n, row + 1000) + 1)))


def _step(y: Floats) -> int:
    """The most likely place of a step in the mean."""
    n = len(y)
    left = np.arange(1, n)
    sums = np.cumsum(y - y.mean())[:-1]
    gain = sums**2 / (left * (n - left) / n)
    gain[: _SHORTEST - 1] = 0.0
    gain[n - _SHORTEST :] = 0.0
    return int(np.argmax(gain)) + 1


def _factor(before: Floats, after: Floats) -> tuple[float, str] | None:
    before, after = (part[:: max(1, len(part) // _SAMPLE)] for part in (before, after))
    low, high = sorted((before, after), key=lambda part: float(abs(np.median(part))))
    centers = float(abs(np.median(low))), float(abs(np.median(high)))
    spreads = float(np.median(np.abs(low - np.median(low)))), float(np.median(np.abs(high - np.median(high))))
    if min(spreads) <= 0 or any(spread > 0.2 * center for spread, center in zip(spreads, centers, strict=True)):
        return None
    between = np.sqrt(centers[0] * centers[1])
    if np.mean(np.abs(low) < between) < 0.95 or np.mean(np.abs(high) > between) < 0.95:
        return None
    level, spread = centers[1] / centers[0], spreads[1] / spreads[0]
    room = min(0.05, 0.005 + 4 * sum(s / c for s, c in zip(spreads, centers, strict=True)) / np.sqrt(min(len(low), len(high))))
    for factor, unit in _FACTORS:
        if abs(level / factor - 1) < room and 0.4 < spread / factor < 2.5:
            return factor, unit
    return None
