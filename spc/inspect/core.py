"""A robust fit of a sample of the rows: what several checks look at, made once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg
from scipy.special import gammainc

from spc.errors import Complaint
from spc.nouns import Bools, Floats, Ints, Scatter
from spc.scatter import Hyperplane, Mcd

ROWS = 2000  # rows that are enough for a robust scatter
WIDE = 40  # beyond so many columns the scatter is that of bounded columns: the MCD would take seconds
_CLIP = 2.5  # robust standard deviations
_EXACT = 1e-6


@dataclass(frozen=True, eq=False)
class Core:
    """`x` (k, q): a sample of complete rows, in order, of the columns that vary on their own; `where` (k,) and `columns` (q,) say which.

    `scatter` is robust; `d2` (k,) are the rows' squared distances from it. `flats` are relations between columns (positions in the
    table) that hold exactly in most rows, so that one column of each was left out.
    """

    x: Floats
    where: Ints
    columns: tuple[int, ...]
    scatter: Scatter
    d2: Floats
    flats: tuple[tuple[tuple[int, ...], Hyperplane], ...] = ()


def core(x: Floats, present: Bools, spreads: Floats) -> Core | None:
    """The robust fit of a sample of the complete rows of x (n, p), or None when there are too few."""
    columns = [j for j in range(x.shape[1]) if spreads[j] > 0 and present[:, j].mean() > 0.8]
    where = np.flatnonzero(present[:, columns].all(axis=1)) if columns else np.empty(0, dtype=np.int64)
    where = where[:: max(1, -(-len(where) // ROWS))]
    columns = _independent(x[where][:, columns], columns)
    flats: list[tuple[tuple[int, ...], Hyperplane]] = []
    while columns and len(where) > 2 * len(columns) + 1:
        rows = x[where][:, columns]
        try:
            scatter = _unordered(rows) if len(columns) <= WIDE else bounded(rows)
        except Hyperplane as flat:
            flats.append((tuple(columns), flat))
            columns = [j for k, j in enumerate(columns) if k != flat.columns()[0]]
            continue
        except (Complaint, np.linalg.LinAlgError):
            return None
        return Core(rows, where, tuple(columns), scatter, scatter.d2(rows), tuple(flats))
    return None


def _unordered(x: Floats) -> Scatter:
    """The MCD of rows x, the same for every order of the rows: a search for steps must not see the order through the fit."""
    order = np.lexsort(x.T)[np.random.default_rng(0).permutation(len(x))]
    found = Mcd()(x[order])
    if found.used is None:
        return found
    used = np.empty(len(x), dtype=bool)
    used[order] = found.used
    return replace(found, used=used)


def _independent(x: Floats, columns: list[int]) -> list[int]:
    """The columns that are no exact sum of others."""
    if len(columns) < 2 or len(x) <= len(columns) + 1:
        return columns
    scale = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    r, order = linalg.qr(z, mode="r", pivoting=True)
    size = np.abs(np.diag(r[: len(columns)])) / np.sqrt(len(x))
    return [columns[k] for k in sorted(order[: int(np.sum(size > _EXACT))].tolist())]


def bounded(x: Floats) -> Scatter:
    """Medians, and the covariance of the columns clipped at 2.5 robust standard deviations: for very many columns.

    A positive definite matrix that no single cell can move far (the idea of Raymaekers & Rousseeuw 2021, with a plain clip).
    """
    center = np.median(x, axis=0)
    scale = 1.4826 * np.median(np.abs(x - center), axis=0)
    scale = np.where(scale > 0, scale, x.std(axis=0))
    z = np.clip((x - center) / scale, -_CLIP, _CLIP)
    z -= z.mean(axis=0)
    kept = float(gammainc(1.5, _CLIP**2 / 2)) + _CLIP**2 * (1 - float(gammainc(0.5, _CLIP**2 / 2)))  # variance that a clip leaves
    lower = np.linalg.cholesky(z.T @ z / ((len(x) - 1) * kept))
    return Scatter(center, lower * scale[:, None], len(x))
