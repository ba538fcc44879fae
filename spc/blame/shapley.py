"""The Shapley split of T²: whose doing it is, whatever the order of the columns."""

from __future__ import annotations

import numpy as np

from spc.nouns import Blame, Floats, Model, Scatter


def blame(model: Model, x: Floats) -> Blame:
    """The signed share of each variable in T² for rows x (n, p) in the model's order; NaN marks a missing value.

    share φ_j = (x_j − m_j)·[S⁻¹(x − m)]_j over the observed variables: it sums to T² and does not depend on the order of the columns
    (Mayrhofer & Filzmoser 2023, the Shapley value of the squared Mahalanobis distance). given_j = [S⁻¹(x − m)]_j / √[S⁻¹]_jj, whose
    square is the conditional term T²_{j|others} of Mason, Young & Tracy 1995.
    """
    x = np.atleast_2d(np.asarray(x, dtype=np.float64))
    if not np.isnan(x.sum()):
        return Blame(model.names, *_parts(model.scatter, x))
    share, sigma, given = (np.full(x.shape, np.nan) for _ in range(3))
    seen = ~np.isnan(x)
    for pattern in np.unique(seen, axis=0):
        if pattern.any():
            rows = np.all(seen == pattern, axis=1)
            cells = np.ix_(rows, pattern)
            share[cells], sigma[cells], given[cells] = _parts(model.scatter.part(pattern), x[cells])
    return Blame(model.names, share, sigma, given)


def _parts(scatter: Scatter, x: Floats) -> tuple[Floats, Floats, Floats]:
    centred, solved = x - scatter.center, scatter.solve(x)
    return centred * solved, centred / scatter.sd, solved * scatter.conditional_scale
