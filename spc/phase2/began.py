"""When a change began that a chart signalled, from the rows as a model judges them."""

from __future__ import annotations

import numpy as np

from spc.blame.since import MOST, Began, whitened
from spc.blame.since import began as began_of_whitened
from spc.charts.believed import FARTHEST, unbelieved
from spc.nouns import Floats, Ints, Model, Rows
from spc.phase2.monitor import Monitor


def began(model: Model, rows: Rows, first_row: int = 1) -> Began | None:
    """When the change began that lasts up to the last of the rows, numbered from `first_row`; None when none of them could be judged.

    A missing value is what the others of its row imply; a row of bad quality, or without any value, is passed over. With subgroups it is
    their means that are looked at, each at its first row; with dynamics, what is charted of a row and those before it.
    """
    z, numbers, weight = judged(model, rows, first_row)
    if np.isnan(z.sum()) and np.isnan(z).any(axis=1).all():
        return None
    return began_of_whitened(z, numbers, weight) if len(z) else None


def judged(model: Model, rows: Rows, first_row: int = 1) -> tuple[Floats, Ints, Floats]:
    """What is judged of the rows: whitened (n, p), the number of the row at which each begins (n,), and how much it is shifted when the
    process is (n,): √k for the mean of a subgroup of k rows.
    """
    if rows.names == model.inputs:
        x = rows.believed
    else:
        x = rows.picked(model.inputs) if set(model.inputs) <= set(rows.names) else Monitor(model).select(rows)
    numbers = np.arange(first_row, first_row + len(rows))
    if model.dynamics is not None:
        x = model.dynamics.step({}, x, rows.at)[1].x
    if model.subgroup is None:
        return _believed(whitened(model.scatter, x)), numbers, np.ones(len(x))
    monitor = Monitor(model)
    monitor.judge(rows, first_row, whole=True)
    means = [one for _, one in monitor.closed if one.k][-MOST:]
    z = [whitened(model.sized(one.k).scatter, one.mean)[0] for one in means]
    places = np.array([numbers[max(one.first, 0)] for one in means], dtype=np.int64)
    return _believed(np.array(z).reshape(-1, model.p)), places, np.sqrt(np.array([one.k for one in means], dtype=np.float64))


def _believed(z: Floats) -> Floats:
    """Whitened rows (n, p) without those that no chart remembers: NaN, but for the newest ones, which count as 1e16 standard deviations."""
    far = unbelieved(np.nan_to_num(z))
    if far is None:
        return z
    newest = np.logical_and.accumulate(far[::-1])[::-1]
    z = np.where((far & ~newest)[:, None], np.nan, z)
    away = z[newest] / np.abs(z[newest]).max(axis=1, keepdims=True)
    z[newest] = away * (FARTHEST / np.sqrt(np.einsum("ij,ij->i", away, away)))[:, None]
    return z


def deviation(model: Model, shift: Floats) -> dict[str, float]:
    """A shift (p,) of whitened rows as that of each variable, in its own unit: what another model of the same variables can take up.

    >>> from spc.nouns import Scatter
    >>> words = ("a", "b"), ("", ""), Scatter(np.zeros(2), np.array([[2.0, 0.0], [1.0, 1.0]]), 60), (), 0.01, {}, {}, {}, "known", {}, 60
    >>> deviation(Model(*words, (), (), (), None, None, "", ""), np.array([1.0, 1.0]))
    {'a': 2.0, 'b': 2.0}
    """
    return dict(zip(model.names, (model.scatter.factor @ shift).tolist(), strict=True))
