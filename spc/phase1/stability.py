"""Whether a reference is stable, without assuming a distribution: which rows can be asked, and which variables moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spc.errors import BadRecipe, TooFewRows
from spc.nouns import Bools, Floats, Ints, Reference
from spc.phase1.columns import split
from spc.phase1.distribution_free import DistributionFree, Shift, distribution_free

_NAMED = 3  # variables named for a shift
_SHARE = 0.5  # of the largest move that the others must reach to be named


@dataclass(frozen=True, slots=True)
class Move:
    """How far a variable moved with a shift: its mean before and after, in its own unit, and the difference in standard deviations."""

    name: str
    before: float
    after: float
    sd: float


@dataclass(frozen=True, eq=False)
class Stability:
    """The answer about a reference: `found`, whose shifts carry the row numbers of the file; `rows` (from 1) and `names` that were asked.

    `moves` has, for each shift, the variables that moved most, the largest first.
    """

    found: DistributionFree
    rows: tuple[int, ...]
    names: tuple[str, ...]
    moves: tuple[tuple[Move, ...], ...]

    @property
    def first_rows(self) -> tuple[object, ...]:
        """For each shift the row of the file, or the label of the subgroup, with which it begins."""
        return tuple(self.found.names[shift.first - 1] for shift in self.found.shifts)

    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers."""
        shifts = [
            {"kind": shift.kind, "first": first, "gain": shift.gain, "moves": [_plain(one) for one in moves]}
            for shift, first, moves in zip(self.found.shifts, self.first_rows, self.moves, strict=True)
        ]
        return {**self.found.to_dict(), "shifts": shifts, "n": len(self.rows), "names": list(self.names)}


def stability(
    reference: Reference,
    *,
    overall: float = 0.05,
    exclude: Iterable[int] = (),
    subgroups: bool = False,
    permutations: int = 999,
    seed: int = 0,
) -> Stability:
    """Ask `distribution_free` about the complete rows of a reference in the order of the file, without those in `exclude` (from 1).

    Constant columns and copies of others say nothing of their own and are left out. `subgroups` judges the reference's subgroups instead
    of single rows. Raises the complaints of `distribution_free`, BadRecipe without labels of subgroups, and TooFewRows.
    """
    labels = reference.rows.subgroup
    if subgroups and not labels:
        raise BadRecipe("The reference has no subgroups.", cure="Give one column the role subgroup, or look at single rows.")
    guards = {column.name for column in reference.columns if column.role == "guard"}
    measured = [j for j, name in enumerate(reference.names) if name not in guards]
    kept = _kept(reference.x[:, measured], set(exclude), np.array([bool(one) for one in labels]) if subgroups else None)
    if np.sum(kept) < 2:
        raise TooFewRows(f"{int(np.sum(kept))} rows are complete and not excluded.", cure="Ignore the columns that are mostly empty.")
    x = reference.x[kept][:, measured]
    names = tuple(reference.names[j] for j in measured)
    charted = list(split(x, names).charted)
    x, names = x[:, charted], tuple(names[j] for j in charted)
    places = np.flatnonzero(kept)
    asked = [labels[i] for i in places] if subgroups else None
    permutations = max(permutations, int(np.ceil(1.0 / overall)) - 1 if 0.0 < overall < 1.0 else permutations)
    found = distribution_free(x, overall=overall, permutations=permutations, seed=seed, subgroup=asked)
    block = np.arange(len(x)) if asked is None else _blocks(asked)
    moves = tuple(_moves(x, names, block, found.shifts, one) for one in found.shifts)
    if asked is None:
        found = replace(found, names=tuple(int(i) + 1 for i in places))
    return Stability(found, tuple(int(i) + 1 for i in places), names, moves)


def _kept(x: Floats, exclude: set[int], labelled: Bools | None) -> Bools:
    kept = np.asarray(~np.isnan(x).any(axis=1))
    for row in exclude:
        if not 1 <= row <= len(kept):
            raise BadRecipe(f"The reference has rows 1 to {len(kept)}.", cure="Number the data rows from 1.", row=row)
        kept[row - 1] = False
    return kept if labelled is None else np.asarray(kept & labelled)


def _blocks(labels: list[str]) -> Ints:
    """The place of each row's subgroup, from 0: neighbours with one label."""
    new = [i > 0 and labels[i] != labels[i - 1] for i in range(len(labels))]
    return np.cumsum(new).astype(np.int64)


def _moves(x: Floats, names: tuple[str, ...], block: Ints, shifts: tuple[Shift, ...], one: Shift) -> tuple[Move, ...]:
    """The means on the two sides of a shift, as far as the next ones; an isolated subgroup against the stretch around it."""
    alone = np.isin(block, [shift.first - 1 for shift in shifts if shift.kind == "isolated"])
    starts = sorted(shift.first - 1 for shift in shifts if shift.kind == "step")
    stretch = np.searchsorted(starts, block, side="right")
    here = stretch == np.searchsorted(starts, one.first - 1, side="right")
    after = block == one.first - 1 if one.kind == "isolated" else here & ~alone
    before = (here if one.kind == "isolated" else stretch == np.searchsorted(starts, one.first - 1, side="left")) & ~alone
    rest = np.vstack([x[(stretch == k) & ~alone] - x[(stretch == k) & ~alone].mean(axis=0) for k in np.unique(stretch[~alone])])
    sd = np.sqrt(np.sum(rest**2, axis=0) / max(1, len(rest) - len(starts) - 1))
    was, now = x[before].mean(axis=0), x[after].mean(axis=0)
    far = (now - was) / np.maximum(sd, np.finfo(float).tiny)
    order = [int(j) for j in np.argsort(-np.abs(far), kind="stable")[:_NAMED] if abs(far[j]) >= _SHARE * np.max(np.abs(far))]
    return tuple(Move(names[j], float(was[j]), float(now[j]), float(far[j])) for j in order)


def _plain(one: Move) -> dict[str, Any]:
    return {"name": one.name, "before": one.before, "after": one.after, "sd": one.sd}
