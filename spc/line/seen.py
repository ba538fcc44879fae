"""Blame over time: for each row of a window its T², its limit, and what every variable had in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from spc.blame import blame
from spc.ledger import lines, points
from spc.ledger.clock import to_us
from spc.ledger.models import get_model
from spc.ledger.rows import Window, rows_between
from spc.line.means import Sizes, means
from spc.nouns import Bools, Floats, Ints, Model, Rows, Scatter
from spc.phase2 import Monitor

GetModel = Callable[[Connection, str], Model]


class KnownModels:
    """Reads models from the ledger once: a stored model is never changed."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._known: dict[str, Model] = {}

    def __call__(self, connection: Connection, id: str) -> Model:
        """The model of this id; raises NotFound, or BadModel when the ledger was tampered with."""
        found = self._known.get(id)
        if found is None:
            found = get_model(connection, id)
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[id] = found
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Rows of a line in order: number, time (µs UTC), whether that is its own time, T², limit and out (n,); share and x (n, p).

    Shares are signed and sum to T²; x are the values that were judged. NaN where a row or a value was not judged. `model` judged the
    newest of the rows; rows of another model are told by the names that both know. Where means of subgroups were judged, one row stands
    for each: the one that closed it. `size` (n,) is how many rows its mean is of, 1 where single rows were judged.
    """

    model: Model | None
    seq: Ints
    at: Ints
    timed: Bools
    t2: Floats
    ucl: Floats
    out: Bools
    share: Floats
    x: Floats
    size: Ints

    def __len__(self) -> int:
        return len(self.seq)

    def some(self, which: Bools) -> Seen:
        """Those of the rows that are marked (n,)."""
        if which.all():
            return self
        track = self.t2[which], self.ucl[which], self.out[which]
        return Seen(
            self.model, self.seq[which], self.at[which], self.timed[which], *track, self.share[which], self.x[which], self.size[which]
        )

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.names if self.model is not None else ()

    @property
    def scatter(self) -> Scatter | None:
        """That of what the newest model judges: single rows, or means of subgroups of the usual size."""
        if self.model is None or self.model.subgroup is None:
            return None if self.model is None else self.model.scatter
        return self.model.sized(self.model.subgroup.size).scatter

    @property
    def sigma(self) -> Floats:
        """How far each value is from its level under the newest model, in standard deviations (n, p)."""
        if self.scatter is None:
            return self.x
        scatter = self.scatter
        return np.asarray((self.x - scatter.center) / np.sqrt(np.diag(scatter.covariance)))


def seen(connection: Connection, line: str, first: int, last: int, get: GetModel = get_model) -> Seen:
    """The rows with first <= seq <= last, each as the model saw it that judged it; of a model with subgroups, those that closed one."""
    window = rows_between(connection, line, first, last)
    place = points.activations_between(connection, line, window.seq)  # the activation that judged each row
    made = {one.id: one.model_id for one in lines.activations(connection, line)}
    judges = {int(k): made[int(k)] for k in np.unique(place) if k}
    models = {k: get(connection, id) for k, id in judges.items() if id is not None}
    model = models[max(models)] if models else None
    n, p = len(window), model.p if model is not None else 0
    share, x = np.full((n, p), np.nan), np.full((n, p), np.nan)
    size, kept = np.ones(n, dtype=np.int64), np.ones(n, dtype=np.bool_)
    for k, one in models.items():
        here = np.flatnonzero(place == k)
        if model is None:
            continue
        if one.subgroup is None:
            charted = _charted(connection, line, window, one, here)
            parts = blame(one, charted).share
        else:
            kept[here] = False
            here, charted, parts, size_ = _means(connection, line, window, one, here)
            kept[here], size[here] = True, size_
        known = [(j, one.names.index(name)) for j, name in enumerate(model.names) if name in one.names]
        for j, own in known:
            share[here, j], x[here, j] = parts[:, own], charted[:, own]
    t2, ucl, out = _track(connection, line, window)
    at = np.array([window.received[i] if us is None else us for i, us in enumerate(to_us(window.rows.at))], dtype=np.int64)
    timed = ~np.isnat(window.rows.at)
    return Seen(model, window.seq, at, timed, t2, ucl, out, share, x, size).some(kept)


def _charted(connection: Connection, line: str, window: Window, model: Model, here: Ints) -> Floats:
    """The values (m, p) that the model judged of some of the window's rows, which follow each other."""
    x = values(window, model.inputs)[here]
    if model.dynamics is None or not len(here):
        return x
    monitor, start = Monitor(model), int(window.seq[here[0]])
    before = rows_between(connection, line, start - model.dynamics.depth, start - 1)
    monitor.follow(Rows(model.inputs, values(before, model.inputs), before.rows.at, before.rows.ids))
    some = window.rows
    ids = tuple(some.ids[i] for i in here)
    return _judged(monitor, Rows(model.columns, values(window, model.columns)[here], some.at[here], ids), start)


def _means(connection: Connection, line: str, window: Window, model: Model, here: Ints) -> tuple[Ints, Floats, Floats, Ints]:
    """The places (m,) in the window of the rows that closed a subgroup, its mean (m, p), its shares (m, p), and its number of rows."""
    sizes, first, last = Sizes(model), int(window.seq[here[0]]), int(window.seq[here[-1]])
    found = means(connection, line, model, first, last)
    charted, parts = np.full((len(found), model.p), np.nan), np.full((len(found), model.p), np.nan)
    for i, one in enumerate(found):
        charted[i], parts[i] = one.x, sizes.blame(one).share[0]
    places = np.searchsorted(window.seq, np.array([one.seq for one in found], dtype=np.int64))
    return places, charted, parts, np.array([one.k for one in found], dtype=np.int64)


def _judged(monitor: Monitor, rows: Rows, start: int) -> Floats:
    monitor.judge(rows, start)
    return monitor.charted


def values(window: Window, names: tuple[str, ...]) -> Floats:
    """The named columns (n, p) of stored rows, NaN where a value is missing or not to be believed."""
    return window.rows.picked(names)


def _track(connection: Connection, line: str, window: Window) -> tuple[Floats, Floats, Bools]:
    n = len(window)
    value, ucl, out = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.bool_)
    if n:
        seq, track = points.track_between(connection, line, int(window.seq[0]), int(window.seq[-1]))
        at = np.searchsorted(window.seq, seq)
        value[at], ucl[at], out[at] = track.value, track.ucl, track.out
    return value, ucl, out
