"""A run of rows with large T²: did their level move, or their spread, and whose?"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, fdtrc, polygamma, psi

from spc.blame.named import Laws, inside_spread, named
from spc.blame.sets import Rest
from spc.nouns import Cause, Floats, Model

_GREW = 3.0  # standard deviations from which a variance, or a correlation, is said to have moved
_MOST = 3  # relations that are told


def of_rows(model: Model, chart: str, rows: Floats, value: float) -> tuple[Floats, Cause | None]:
    """From the last rows (n, p) up to the signal of a chart of log T²: the values (p,) of a shift of the level, and no cause, when that
    explains it; else the cause "spread".

    The rows since T² rose are taken (`rising`). In control n·d²(mean) has the law of the T² of a mean, and what is left, the sum of the
    squared distances from that mean, about χ²((n − 1)p): the one with the smaller p-value has it. The values are those of one row as far
    out as that mean is, √n times its deviation. Raises ValueError without a row that has all values.
    """
    rows = rows[~np.isnan(rows).any(axis=1)]
    if not len(rows):
        raise ValueError("no row has values for all variables")
    z = model.scatter.whiten(rows)
    z, rows = (part[rising(z) :] for part in (z, rows))
    n, p = z.shape
    center = z.mean(axis=0)
    level, left = n * float(center @ center), float(np.sum((z - center) ** 2))
    x = model.scatter.colour(np.sqrt(n) * center)[0]
    if n < 3 or _log(_level_tail(model, level, n)) <= _log(float(chdtrc((n - 1) * p, left * Laws(model).scale(p)))):
        return x, None
    return x, _spread(model, chart, rows - rows.mean(axis=0), value)


def rising(z: Floats) -> int:
    """The row from which log T² of whitened rows z (n, p) is higher than in control, by maximum likelihood.

    >>> rising(np.array([[0.8], [1.1], [-0.9], [1.0], [3.0], [-4.0], [3.5]]))
    4
    """
    n, p = z.shape
    logs = np.log(np.maximum(np.einsum("ij,ij->i", z, z), 1e-12)) - psi(0.5 * p) - np.log(2.0)
    summed = np.cumsum(logs[::-1])[::-1] / np.sqrt(float(polygamma(1, 0.5 * p)))
    return int(np.argmax(np.maximum(summed, 0.0) ** 2 / np.arange(n, 0, -1)))


def _level_tail(model: Model, level: float, n: int) -> float:
    """P(n·d²(mean) > level) for the mean of n new rows."""
    p, dof = model.p, model.dof
    if dof - p + 1 <= 0:
        return float(chdtrc(p, level))
    lift = 1.0 + n * (model.lift - 1.0)
    return float(fdtrc(p, dof - p + 1, level * Laws(model).scale(p) * (dof - p + 1) / (p * dof * lift)))


def _log(p: float) -> float:
    return float(np.log(max(p, 1e-300)))


def _spread(model: Model, chart: str, off: Floats, value: float) -> Cause:
    """The cause "spread" of n rows, from their deviations (n, p) from their mean."""
    n, scatter = len(off), model.scatter
    x = scatter.center + off
    share = np.einsum("ij,ij->j", off, scatter.solve(x))
    sd = scatter.sd
    whole = Rest.of(scatter, x)
    own, given = np.sum((off / sd) ** 2, axis=0), whole.gains
    _, chosen = named(whole, inside_spread(model, n - 1, Laws(model).alpha))
    order = sorted(chosen, key=lambda j: -float(given[j]))
    _, vectors = np.linalg.eigh(scatter.whiten(x).T @ scatter.whiten(x))
    first = vectors[:, -1]
    return Cause(
        chart=chart,
        kind="spread",
        names=model.names,
        value=value,
        share=share * (value / float(share.sum())),
        sigma=_normal_score(own, n - 1),
        given=_normal_score(given, n - 1),
        named=tuple(model.names[j] for j in order),
        direction=first * np.sign(first[int(np.argmax(np.abs(first)))]),
        pairs=_moved(model, off, order, np.sqrt(own / (n - 1))),
    )


def _normal_score(value: Floats, dof: int) -> Floats:
    """How many standard deviations a sum of `dof` squares is above what it is in control (Wilson & Hilferty 1931)."""
    return np.asarray((np.cbrt(value / dof) - (1.0 - 2.0 / (9.0 * dof))) / np.sqrt(2.0 / (9.0 * dof)))


def _moved(model: Model, off: Floats, order: list[int], ratio: Floats) -> tuple[tuple[str, str, float], ...]:
    """What moved, of the named variables: (a, a, how many times its spread is the reference's), (a, b, their correlation now)."""
    n = len(off)
    sd = model.scatter.sd
    scores = _normal_score(ratio**2 * (n - 1), n - 1)
    wide = [(model.names[j], model.names[j], float(ratio[j])) for j in order if scores[j] >= _GREW]
    if n < 5:
        return tuple(wide)
    length = np.sqrt(np.einsum("ij,ij->j", off, off))
    with np.errstate(divide="ignore", invalid="ignore"):
        now = np.clip(np.nan_to_num(off.T @ off / np.outer(length, length)), -1 + 1e-9, 1 - 1e-9)
    was = np.clip(model.scatter.covariance / np.outer(sd, sd), -1 + 1e-9, 1 - 1e-9)
    change = np.abs(np.arctanh(now) - np.arctanh(was)) / np.sqrt(1.0 / (n - 3) + 1.0 / max(model.dof - 2, 1))
    found: dict[tuple[int, int], float] = {}
    for j in order:
        for k in range(model.p):
            if k != j and change[j, k] >= _GREW and (k, j) not in found:
                found[j, k] = float(change[j, k])
    ties = sorted(found, key=lambda pair: -found[pair])[:_MOST]
    return (*wide, *((model.names[j], model.names[k], float(now[j, k])) for j, k in ties))
