"""The review of a reference under a model that was fitted to it, worked out again from the two: the same numbers to the last bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.errors import Complaint
from spc.limits import NewRow, ReferenceRow
from spc.nouns import Bools, Floats, Ints, Limit, Model, Reference, Scatter
from spc.phase1.grouped import grouped
from spc.phase1.review import Review
from spc.scatter import Classical


@dataclass(frozen=True, eq=False)
class Again:
    """A review with what it is made of: the rows x (n, p) in the model's order, and the classical estimate of the fitted ones.

    judged (n, p) is what T² is of: the row, or the mean of its subgroup of `sizes` (n,) rows. `classical` and its limit for reference
    rows are None where no classical estimate exists.
    """

    review: Review
    x: Floats
    judged: Floats
    sizes: Ints
    classical: Scatter | None
    classical_limit: Limit | None


def review(reference: Reference, model: Model) -> Review:
    """The review of a reference under the model that was fitted to it, as `fit` gave it.

    A model does not keep which rows the final estimate rests on: `used` says here which took part in the fit. Raises Complaint when the
    model was fitted to another file.
    """
    return again(reference, model).review


def again(reference: Reference, model: Model) -> Again:
    """The same, with the rows and the classical estimate beside it."""
    if reference.digest != model.reference_digest:
        raise Complaint("This model was fitted to another file.", cure="Open the reference that it belongs to, or fit again.")
    x = charted(reference, model)
    fitted = np.ones(len(x), dtype=bool)
    fitted[[one.row - 1 for one in model.excluded]] = False
    if model.subgroup is not None:
        found = grouped(reference, model, model.subgroup, x, fitted)
        return Again(found.review, x, found.judged, found.sizes, found.classical, found.classical_limit)
    t2, ucl = judged(model, x, fitted)
    out = t2 > ucl
    kin = np.zeros(len(x), dtype=bool)
    kin[[row - 1 for row in model.outliers]] = True
    plain_t2, plain_ucl, limit, classical = _classical(x, fitted, model.reference_limits["t2"].alpha)
    seen = Review(t2, ucl, out, fitted, fitted, kin & ~out, plain_t2, plain_ucl)
    return Again(seen, x, x, np.ones(len(x), dtype=np.int64), classical, limit)


def charted(reference: Reference, model: Model) -> Floats:
    """What a model charts of each row of its reference (n, p): its values in the model's order, or what its dynamics make of them."""
    x = reference.x[:, [reference.names.index(name) for name in model.inputs]]
    return x if model.dynamics is None else model.dynamics.step({}, x, reference.rows.at)[1].x


def raw(reference: Reference, model: Model, i: int) -> Floats | None:
    """The rows' own values (k, p) that row i, from 0, is judged with, itself last; None for a model that judges rows by themselves."""
    if model.dynamics is None:
        return None
    x = reference.x[: i + 1, [reference.names.index(name) for name in model.inputs]]
    return model.dynamics.run(x, reference.rows.at[: i + 1])


def judged(model: Model, x: Floats, fitted: Bools) -> tuple[Floats, Floats]:
    """T² (n,) of rows x (n, p) and the limit of each: a fitted row with gaps is held to the (wider) limit of a new row."""
    t2, ucl = np.full(len(x), np.nan), np.full(len(x), np.nan)
    seen = ~np.isnan(x)
    whole = seen.all(axis=1)
    patterns = [np.ones(x.shape[1], dtype=bool), *np.unique(seen[~whole], axis=0)]  # sorting a million whole rows would find one pattern
    for pattern in patterns:
        if pattern.any():
            rows = whole if pattern.all() else np.all(seen == pattern, axis=1)
            t2[rows] = model.scatter.part(pattern).d2(x[np.ix_(rows, pattern)])
            ucl[rows] = model.new_limits["t2"][int(pattern.sum()) - 1].value
    ucl[fitted & whole] = model.reference_limits["t2"].value
    return t2, ucl


def _classical(x: Floats, fitted: Bools, alpha: float) -> tuple[Floats, Floats, Limit | None, Scatter | None]:
    """T² by the plain mean and covariance of the same rows: what would have been seen without a robust fit."""
    t2, ucl = np.full(len(x), np.nan), np.full(len(x), np.nan)
    complete = ~np.isnan(x).any(axis=1)
    fitted = fitted & complete
    n, p = int(fitted.sum()), x.shape[1]
    try:
        scatter = Classical()(x[fitted])
        inside, outside = ReferenceRow(n, p).limit(alpha), NewRow(n, p).limit(alpha)
    except Complaint:
        return t2, ucl, None, None
    t2[complete] = scatter.d2(x[complete])
    ucl[complete] = np.where(fitted[complete], inside.value, outside.value)
    return t2, ucl, inside, scatter
