"""Rows that depend on the ones before: what a recipe asks, and how the dependence is estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from spc.errors import BadRecipe, Complaint, Degenerate, TooFewRows
from spc.limits.residual import regression
from spc.nouns import Bools, Dynamics, Finding, Floats, Scatter, Times
from spc.nouns.dynamics import called
from spc.phase1.own import LEAP
from spc.scatter import Estimator, Hyperplane, Known

WORDS = ("", *(f"lagged {k}" for k in range(1, 6)), "residual")
_NEAR = 0.95  # largest root from which on a process hardly comes back to its usual values


@dataclass(frozen=True, eq=False)
class Charted:
    """The rows of a reference as they are charted: x (n, q), which of them have a whole past (n,), the `dynamics` that made them.

    `factor` is the lower factor (2p, 2p) of rows behind the rows before them, for residuals.
    """

    x: Floats
    whole: Bools
    dynamics: Dynamics
    factor: Floats | None = None


def checked(asked: str, *, groups: bool, promises: bool) -> None:
    """Raises BadRecipe for words that nobody knows, and where rows before a row make no sense or limits would not hold."""
    if asked not in WORDS:
        raise BadRecipe(f"There is no dynamics '{asked}'.", cure=f"Choose one of {', '.join(WORDS[1:])}, or none.")
    if asked and groups:
        raise BadRecipe(
            "The rows before a row are not looked at in means of subgroups, nor with several products.",
            cure="Judge single rows of one product, or leave dynamics out.",
        )
    if asked and promises:
        raise BadRecipe(
            "A guarantee or an overall rate rests on simulated rows that do not depend on one another.",
            cure="Leave it out, or leave dynamics out.",
        )


def charted(asked: str, estimator: Estimator, names: tuple[str, ...], x: Floats, at: Times, offered: Bools) -> Charted:
    """The rows x (n, p) with times (n,) as `asked` charts them; `offered` (n,) are those that may take part in the fit.

    Raises TooFewRows, Degenerate for rows that obey an equation or only drift, BadRecipe for known parameters.
    """
    if isinstance(estimator, Known):
        raise BadRecipe("Known parameters say nothing of how a row depends on the one before.", cure="Take another estimator.")
    lags = 0 if asked == "residual" else int(asked.split()[1])
    good = x[offered & ~np.isnan(x).any(axis=1)]
    if len(good) < 2:
        raise TooFewRows(f"Only {len(good)} of {len(x)} rows are complete and not excluded.", cure="Bring more rows.")
    center, scale = np.median(good, axis=0), good.std(axis=0, ddof=1)
    start = Dynamics(names, lags, _leap(at), center, scale)
    if lags:
        _, seen = start.step({}, x, at)
        return Charted(seen.x, offered & _past(start, x, at, offered) & ~np.isnan(seen.x).any(axis=1), start)
    before = Dynamics(names, 1, start.leap, center, scale)
    _, pair = before.step({}, x, at)
    whole = offered & _past(before, x, at, offered) & ~np.isnan(pair.x).any(axis=1)
    p = len(names)
    stacked = np.hstack([pair.x[whole, p:], pair.x[whole, :p]])
    least = max(2 * p + 2, estimator.rows_needed(2 * p))
    if len(stacked) < least:
        raise TooFewRows(
            f"{len(stacked)} rows that have a row before them are too few for the dynamics of {p} variables.",
            cure=f"At least {least} are needed, and {max(20 * p, 2 * least)} is a good start; or leave out columns.",
        )
    found = _estimated(estimator, stacked, names)
    past, matrix = regression(found.center, found.factor)
    sd = np.sqrt(np.diag(found.covariance))[:p]
    _stable(matrix, names, found.factor[:p, :p])
    made = Dynamics(names, 0, start.leap, past, sd, matrix)
    return Charted(made.step({}, x, at)[1].x, whole, made, found.factor)


def _leap(at: Times) -> float | None:
    """The time step from which on a row has none before it: twenty usual ones; None without times."""
    if len(at) < 3 or np.isnat(at).any():
        return None
    steps = np.diff(at) / np.timedelta64(1, "s")
    usual = float(np.median(steps))
    return LEAP * usual if usual > 0 else None


def _past(dynamics: Dynamics, x: Floats, at: Times, offered: Bools) -> Bools:
    """Which rows (n,) have as many rows before them as they need, none of them left out of the fit."""
    _, seen = dynamics.step({}, x, at)
    good = seen.before >= dynamics.lags
    for lag in range(1, dynamics.lags + 1):
        good[lag:] &= offered[:-lag]
    return good


def _estimated(estimator: Estimator, stacked: Floats, names: tuple[str, ...]) -> Scatter:
    both = (*(called(name, 1) for name in names), *names)
    try:
        return estimator(stacked)
    except Hyperplane as flat:
        cure = "Ignore one of these columns, or judge rows as they are."
        raise Degenerate(flat.words(list(both)), cure=cure, column=both[flat.columns()[0]]) from flat
    except Complaint as wrong:
        if wrong.column is not None and wrong.column.isdigit():
            wrong.column = both[int(wrong.column) - 1]
        raise


def roots(matrix: Floats) -> Floats:
    """The sizes (p,) of the roots of a VAR(1), the largest first: a deviation along each shrinks by it from row to row."""
    return np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]


def drifting(matrix: Floats, names: tuple[str, ...], lower: Floats, least: float) -> tuple[str, ...]:
    """The columns that move most along the directions whose roots are at least so large; `lower` is the rows' own lower factor."""
    values, vectors = np.linalg.eig(solve_triangular(lower, matrix @ lower, lower=True))
    there = np.abs(values) >= least
    if not there.any():
        return ()
    moved = np.abs(lower @ vectors[:, there]) / np.sqrt(np.sum(lower**2, axis=1))[:, None]
    most = moved.max(axis=1)
    return tuple(name for name, size in zip(names, most, strict=True) if size >= 0.5 * most.max())


def _stable(matrix: Floats, names: tuple[str, ...], lower: Floats) -> None:
    largest = float(roots(matrix)[0])
    if largest >= 1.0:
        columns = drifting(matrix, names, lower, 1.0)
        raise Degenerate(
            f"{' and '.join(columns)} only drift: from row to row a deviation does not shrink (largest root {largest:.3g}), so that there "
            "is no usual value to come back to.",
            cure="Leave out these columns, or judge rows as they are.",
            column=columns[0],
        )


def told(made: Charted) -> tuple[Finding, ...]:
    """What a person should know about residuals: how long deviations last, and how little of a sustained shift stays in sight."""
    dynamics = made.dynamics
    if dynamics.coefficients is None or made.factor is None:
        return ()
    p, sizes = dynamics.p, roots(dynamics.coefficients)
    lower = made.factor[:p, :p]
    names = drifting(dynamics.coefficients, dynamics.names, lower, float(sizes[0]) * (1.0 - 1e-9))
    listed = ", ".join(names)
    text = (
        f"Judged is what the row before does not imply (VAR(1), largest root {sizes[0]:.2f}, along {listed}). A shift that lasts shows "
        f"with its full size in its first row; after that as little as {100.0 * (1.0 - sizes[0]):.0f} % of it stays in sight."
    )
    if sizes[0] < _NEAR:
        return (Finding("dynamics", "note", text, "See the manual: Rows that depend on the ones before.", names),)
    cure = f"Leave out {listed}, which only drift{'s' if len(names) == 1 else ''}, or watch it on a trend."
    return (Finding("dynamics", "amber", text, cure, names),)
