"""A sensor that repeats its value for longer than chance and its resolution explain."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.sentence import listed
from spc.nouns import Finding, Floats, Ints

_SHORTEST = 8  # a shorter run is never called stuck
_TIMES = 5  # a stuck run is so many times longer than the long ones among the others
_CHANCE = 1e-6


def stuck(m: Measured) -> Iterator[Finding]:
    """Runs of equal consecutive cells that are far longer than the other runs of their column."""
    found = []
    for j, name in enumerate(m.names):
        if m.spreads[j] <= 0:  # half of the cells are equal: that is said elsewhere
            continue
        starts, lengths = _runs(m.x[:, j])
        for k in _implausible(lengths, m.n):
            found.append((name, int(starts[k]), int(lengths[k]), float(m.x[starts[k], j])))
    if not found:
        return
    found.sort(key=lambda one: -one[2])
    shown = [f"{name} is {value:.6g} for {length} rows, from {m.name_time(start)} on" for name, start, length, value in found]
    rows = sorted({start + i + 1 for _, start, length, _ in found for i in range(min(length, 1000))})[:1000]
    names = tuple(dict.fromkeys(name for name, _, _, _ in found))
    text = f"Stuck: {listed(shown, 3) if len(shown) <= 3 else '; '.join(shown[:3]) + f'; and {len(shown) - 3} more'}."
    cure = "Exclude these rows if the sensor or its transmission was frozen; a frozen stretch makes the limits too tight."
    yield Finding("stuck", "amber", text, cure, names, tuple(rows))


def _runs(column: Floats) -> tuple[Ints, Ints]:
    """Where each run of equal numbers begins and how long it is; missing cells end a run and are none."""
    change = np.flatnonzero(column[1:] != column[:-1]) + 1
    starts = np.concatenate(([0], change))
    lengths = np.diff(np.concatenate((starts, [len(column)])))
    seen = np.isfinite(column[starts])
    return starts[seen], lengths[seen]


def _implausible(lengths: Ints, n: int) -> list[int]:
    """The runs that neither the usual run length of the column nor chance explains."""
    if len(lengths) < 5:
        return []
    usual = max(1.0, float(np.percentile(lengths, 95)))
    long = np.flatnonzero(lengths >= max(_SHORTEST, _TIMES * usual))
    rest = np.delete(lengths, long)
    if not len(long) or not len(rest) or lengths[long].sum() > 0.5 * n:
        return []
    repeats = (float(rest.sum()) - len(rest) + 1.0) / (float(rest.sum()) + 2.0)  # chance that the next cell is equal
    plausible = np.log(_CHANCE / n) / np.log(min(repeats, 0.999))
    return [int(k) for k in long if lengths[k] > plausible]
