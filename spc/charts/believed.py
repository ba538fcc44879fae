"""Rows that are too far away to be measurements: a chart judges them, and does not remember them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from spc.charts.contract import Chart
from spc.nouns import Bools, Floats

FARTHEST: Final = 2.0**53  # standard deviations: one more of them makes no other number of a value that is further out than that
LARGEST: Final = float(np.finfo(np.float64).max)  # a statistic that is no float64 any more is this one

_SHORTENED: Final = 2.0**999  # see Scatter.whiten


def unbelieved(z: Floats) -> Bools | None:
    """Which of some whitened rows z (n, p) are further out than 2⁵³ ≈ 9e15 standard deviations; None, as nearly always, when none is.

    >>> unbelieved(np.array([[3.0, 4.0], [1e20, 0.0]])).tolist(), unbelieved(np.array([[3.0, 4.0]]))
    ([False, True], None)
    """
    if np.vdot(z, z) <= FARTHEST**2:  # of all rows together
        return None
    far = np.asarray(np.einsum("ij,ij->i", z, z) > FARTHEST**2)
    return far if far.any() else None


def judged(chart: Chart, state: dict[str, Any], z: Floats, far: Bools | None) -> tuple[dict[str, Any], Floats]:
    """What `chart.step` gives, the memory and the statistics (n,), for whitened rows z (n, p) of which some are `far` (see `unbelieved`).

    A value of 1e20 or 9.9e37 is what a broken sensor sends. The row is judged as every other, and is out; but a moving average would carry
    it on for hundreds of rows, and a cumulative sum for ever, so the chart goes on from what it remembered before. A statistic too large
    for a float64 is the largest one.

    >>> from spc.charts import Mcusum
    >>> z = np.array([[3.0], [1e200], [0.5]])
    >>> judged(Mcusum(k=0.5), {"s": [0.0]}, z, unbelieved(z))
    ({'s': [2.5]}, array([2.5e+000, 1.0e+200, 2.5e+000]))
    """
    if far is None:
        return chart.step(state, z)
    values, start = np.empty(len(z)), 0
    with np.errstate(over="ignore"):
        for i in [*np.flatnonzero(far).tolist(), len(z)]:
            if i > start:
                state, values[start:i] = chart.step(state, z[start:i])
            if i < len(z):
                _, values[i : i + 1] = chart.step(state, z[i : i + 1])
                if np.abs(z[i]).max() >= _SHORTENED and values[i] > 1e300:  # it is further out than its whitened values can say
                    values[i] = LARGEST
            start = i + 1
    return state, np.minimum(values, LARGEST)
