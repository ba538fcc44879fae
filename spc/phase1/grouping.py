"""Which rows of a reference belong together: rational subgroups by the labels of a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.errors import BadRecipe, BadTable, TooFewRows
from spc.nouns import Bools, Exclusion, Finding, Ints, Reference
from spc.phase1.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Grouping:
    """The subgroups of n rows: their labels in order, and for each row the position of its subgroup (n,), −1 without a label."""

    column: str
    labels: tuple[str, ...]
    group: Ints

    @property
    def known(self) -> Bools:
        """Which rows have a label."""
        return np.asarray(self.group >= 0)

    def unlabelled(self, excluded: Bools) -> tuple[Exclusion, ...]:
        """The rows that no subgroup claims and nobody excluded, with the reason why they are not in the fit."""
        return tuple(Exclusion(int(i) + 1, f"no subgroup: {self.column} is empty") for i in np.flatnonzero(~self.known & ~excluded))

    def within(self, fitted: Bools) -> Ints:
        """For each fitted row the position of its subgroup among those that have one; raises TooFewRows when no scatter is left in them."""
        left, position = np.unique(self.group[fitted], return_inverse=True)
        sizes = np.bincount(position.reshape(-1))
        if len(sizes) and sizes.max() < 2:
            raise TooFewRows(
                f"Every subgroup has a single row in the fit ({len(sizes)} labels for {int(fitted.sum())} rows): none has a spread.",
                cure="Fit single rows, without a subgroup, or choose the column whose label several rows share.",
                column=self.column,
            )
        if len(left) < 2:
            raise TooFewRows(
                f"There {'is one subgroup' if len(left) else 'are no rows with a label'}: means cannot be compared.",
                cure="Take rows from several subgroups, some twenty of them.",
                column=self.column,
            )
        return np.asarray(position.reshape(-1), dtype=np.int64)

    def findings(self, sizes: Ints) -> tuple[Finding, ...]:
        """What a person should know about the sizes of the subgroups and about rows without a label."""
        found = []
        lost = tuple(int(i) + 1 for i in np.flatnonzero(~self.known))
        if lost:
            text = f"{len(lost)} rows have no label in {self.column}: they belong to no subgroup and are not in the fit."
            found.append(
                Finding("subgroup_missing", "amber", text, "Write their labels, or exclude these rows.", (self.column,), lost[:1000])
            )
        if sizes.min() < sizes.max():
            text = f"The subgroups have {sizes.min()} to {sizes.max()} rows: each is held against the limit for its own size."
            found.append(Finding("subgroup_sizes", "note", text, "", (self.column,)))
        single = int(np.sum(sizes == 1))
        if single:
            text = f"{single} of {len(sizes)} subgroups have a single row: they count for the centre, not for the scatter within."
            found.append(Finding("subgroup_single", "note", text, "Check whether rows are missing.", (self.column,)))
        return tuple(found)


def grouping(reference: Reference, recipe: Recipe) -> Grouping | None:
    """The subgroups that a recipe asks for; None when it judges single rows.

    Raises BadRecipe for a recipe with products and when the reference has no labels from that column, BadTable when a label comes again
    after another one: subgroups are consecutive rows.
    """
    if recipe.product:
        raise BadRecipe(
            "A recipe with a product asks for a model for each, and this makes one.",
            cure="Call fit_products, or spc fit --product in a terminal; or fit one product's rows without it.",
            column=recipe.product,
        )
    if not recipe.subgroup:
        return None
    label = reference.rows.subgroup
    if reference.column("subgroup") != recipe.subgroup or len(label) != len(reference):
        known = [column.name for column in reference.columns]
        cure = (
            "Read the table with this column in the role subgroup." if recipe.subgroup in known else f"The columns are: {', '.join(known)}."
        )
        raise BadRecipe("The reference was not read with subgroups from this column.", cure=cure, column=recipe.subgroup)
    place: dict[str, int] = {}
    group = np.full(len(label), -1, dtype=np.int64)
    before, last = "", 0
    for i, one in enumerate(label):
        if not one:
            continue
        if one not in place:
            place[one] = len(place)
        elif one != before:
            first = label.index(one) + 1
            raise BadTable(
                f"Subgroup {one!r} comes again: it began in row {first}, and row {last + 1} belongs to {before!r}.",
                cure="A subgroup is a run of consecutive rows. Sort the rows, give each subgroup a label of its own, or choose the column "
                "that numbers the subgroups rather than the rows in them.",
                row=i + 1,
                column=recipe.subgroup,
            )
        before, last = one, i
        group[i] = place[one]
    return Grouping(recipe.subgroup, tuple(place), group)
