"""The dispersion of a subgroup on a line's page: its rows are found again in the ledger, and tell what moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spc.charts import Dispersion, titled
from spc.ledger import points, rows
from spc.line.seen import values
from spc.nouns import Floats, Model, Track

Called = Mapping[str, tuple[str, str]]
_SAME = 1e-9  # relative: the value on the chart must come out again


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """A subgroup's point on a chart of the rows within it: the chart, its track with one point, and its complete rows x (k, p)."""

    chart: str
    track: Track
    x: Floats

    @property
    def out(self) -> bool:
        return bool(self.track.out[0])

    @property
    def words(self) -> str:
        """The numbers, for a person.

        >>> one = np.array([30.25]), np.array([20.0]), np.array([True])
        >>> Within("dispersion", Track(*one), np.empty((0, 2))).words
        'Dispersion 30.2, UCL 20.'
        """
        return f"{titled(self.chart)} {self.track.value[0]:.3g}, UCL {self.track.ucl[0]:.3g}."


def within(connection: Any, line: str, seq: int, model: Model) -> list[Within]:
    """The points of the charts within a subgroup on the row that closed it; none whose value does not come out as it stands there."""
    if model.subgroup is None or not model.subgroup.by_size:
        return []
    stands = {one.chart: one for one in points.points_between(connection, line, seq, seq) if one.chart in model.subgroup.by_size}
    x = values(rows.rows_between(connection, line, max(1, seq - model.subgroup.full), seq), model.names)
    found = []
    for name, one in stands.items():
        mine = _rows_of(model, x, one.value) if math.isfinite(one.value) else None
        if mine is not None:
            found.append(Within(name, Track(np.array([one.value]), np.array([one.ucl]), np.array([one.out])), mine))
    return found


def _rows_of(model: Model, x: Floats, value: float) -> Floats | None:
    """The complete rows of the subgroup that has this value: up to the last row or, where that began another, the one before."""
    for end in (len(x), len(x) - 1):
        for start in range(end):
            some = x[start:end]
            whole = some[~np.isnan(some).any(axis=1)]
            if len(whole) > model.p and math.isclose(Dispersion().of(model.scatter.whiten(whole)), value, rel_tol=_SAME):
                return whole
    return None


def told(model: Model, one: Within, language: str = "en", called: Called | None = None) -> str:
    """Which variance or which correlation of the subgroup is not that of the reference, in a sentence."""
    from spc.blame import cause  # noqa: PLC0415 - scipy's laws: needed by the first click, not by the first page
    from spc.blame.matter import matter  # noqa: PLC0415
    from spc.blame.words import worded  # noqa: PLC0415

    c = Dispersion().covariance(model.scatter.whiten(one.x))
    found = cause(model, one.chart, covariance=c, worth=len(one.x) - 1.0, value=float(one.track.value[0]))
    return worded(matter(model, found, called=called), language)
