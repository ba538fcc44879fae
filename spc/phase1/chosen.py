"""Which rows and columns of a reference take part in a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.errors import BadRecipe, Degenerate, TooFewRows
from spc.nouns import Bools, Exclusion, Floats, Reference
from spc.phase1 import dynamic
from spc.phase1.columns import Split, split
from spc.phase1.dynamic import Charted
from spc.phase1.grouping import Grouping, grouping
from spc.phase1.recipe import Recipe
from spc.scatter import takes_missing


@dataclass(frozen=True, eq=False)
class Chosen:
    """The charted columns x (n, p) of all rows with their names, the guards beside them, and which rows (n,) are fitted or excluded."""

    names: tuple[str, ...]
    x: Floats
    parts: Split
    fitted: Bools
    excluded: Bools
    groups: Grouping | None
    dynamic: Charted | None = None

    @classmethod
    def of(cls, reference: Reference, recipe: Recipe) -> Chosen:
        """Raises BadRecipe for a column or row that is not there, TooFewRows and Degenerate where nothing is left to fit."""
        names, x = _columns(reference, recipe)
        excluded = _excluded(recipe.exclusions, len(x))
        fitted = _offered(x, excluded, takes_missing(recipe.estimator))
        groups = grouping(reference, recipe)
        if groups is not None:
            fitted &= groups.known & ~np.isnan(x).any(axis=1)
        watched = frozenset(column.name for column in reference.columns if column.role == "guard")
        parts = _split(x[fitted], names, len(x), watched)
        charted = list(parts.charted)
        names, x = tuple(names[j] for j in charted), x[:, charted]
        if not recipe.dynamics:
            return cls(names, x, parts, fitted, excluded, groups)
        made = dynamic.charted(recipe.dynamics, recipe.estimator, names, x, reference.rows.at, fitted)
        return cls(made.dynamics.charted, made.x, parts, made.whole, excluded, groups, made)

    def left_out(self, exclusions: tuple[Exclusion, ...]) -> tuple[Exclusion, ...]:
        """Every row that took no part in the fit: those a person excluded, those of no subgroup, those with a missing value."""
        excluded = self.excluded | self.fitted
        if self.groups is not None:
            exclusions, excluded = exclusions + self.groups.unlabelled(excluded), excluded | ~self.groups.known
        missing = [
            Exclusion(int(i) + 1, self._why(np.isnan(self.x[i])))
            for i in np.flatnonzero((np.isnan(self.x).any(axis=1) | (self.dynamic is not None)) & ~excluded)
        ]
        return tuple(sorted([*exclusions, *missing], key=lambda one: one.row))

    def _why(self, empty: Bools) -> str:
        """Why a row that nobody excluded took no part."""
        if self.dynamic is None:
            return "missing " + ", ".join(self.names[j] for j in np.flatnonzero(empty))
        lags, p = self.dynamic.dynamics.lags, self.dynamic.dynamics.p
        if not empty.any():
            return "a row before it took no part"
        now = empty[:p] if lags or not empty.all() else np.zeros(p, dtype=bool)
        if now.any():
            return "missing " + ", ".join(self.names[j] for j in np.flatnonzero(now))
        return f"{max(lags, 1)} complete row{'s' if lags > 1 else ''} before it {'are' if lags > 1 else 'is'} needed"


def _columns(reference: Reference, recipe: Recipe) -> tuple[tuple[str, ...], Floats]:
    unknown = [name for name in recipe.ignore if name not in reference.names and name not in {c.name for c in reference.columns}]
    if unknown:
        raise BadRecipe("There is no such column to leave out.", cure=f"The columns are: {', '.join(reference.names)}.", column=unknown[0])
    kept = [j for j, name in enumerate(reference.names) if name not in recipe.ignore]
    if not kept:
        raise BadRecipe("No column is left to chart.", cure="Leave out fewer columns.")
    return tuple(reference.names[j] for j in kept), reference.x[:, kept]


def _excluded(exclusions: tuple[Exclusion, ...], n: int) -> Bools:
    mask = np.zeros(n, dtype=bool)
    for one in exclusions:
        if not 1 <= one.row <= n:
            raise BadRecipe(f"The reference has rows 1 to {n}.", cure="Number the data rows from 1.", row=one.row)
        if not one.reason.strip():
            raise BadRecipe("An exclusion needs a reason.", cure="Give a cause code, such as 'typing slip'.", row=one.row)
        mask[one.row - 1] = True
    return mask


def _offered(x: Floats, excluded: Bools, gaps: bool) -> Bools:
    """Which rows take part in the fit: complete ones, or, for an estimator that takes gaps, all with any value."""
    empty = np.isnan(x)
    return ~excluded & ~(empty.all(axis=1) if gaps else empty.any(axis=1))


def _split(x: Floats, names: tuple[str, ...], n: int, watched: frozenset[str]) -> Split:
    if len(x) < 2:
        raise TooFewRows(
            f"Only {len(x)} of {n} rows are complete and not excluded.",
            cure="Ignore the columns that are mostly empty, collect more rows, or take an estimator that fits gaps (cellwise).",
        )
    if np.isnan(x).any():
        x = _whole(x, names)
    parts = split(x, names, watched)
    if not parts.charted:
        raise Degenerate("No column varies: there is nothing to chart.", cure="Check the sensors, or choose other columns.")
    return parts


def _whole(x: Floats, names: tuple[str, ...]) -> Floats:
    """What the columns of a table with gaps are told from: its complete rows, or, when these are few, gaps filled with the median."""
    empty = np.isnan(x)
    if np.any(hollow := empty.all(axis=0)):
        column = names[int(np.argmax(hollow))]
        raise Degenerate("It has no value in any row of the fit.", cure="Ignore this column, or check the sensor.", column=column)
    complete = x[~empty.any(axis=1)]
    return complete if len(complete) > 2 * x.shape[1] else np.where(empty, np.nanmedian(x, axis=0), x)
