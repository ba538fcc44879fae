"""From a reference and a recipe to a model, with everything a person needs to review it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from spc.errors import BadRecipe, Complaint, Degenerate, TooFewRows
from spc.limits import Like
from spc.nouns import Bools, Exclusion, Finding, Floats, Limit, Model, Reference, Scatter
from spc.phase1 import subgroups
from spc.phase1.basins import two_basins
from spc.phase1.columns import Split, split
from spc.phase1.grouping import Grouping, grouping
from spc.phase1.kin import kin
from spc.phase1.laws import Law, Progress, by_count, law
from spc.phase1.means import MeanLaw
from spc.phase1.recipe import Recipe
from spc.phase1.review import Review
from spc.scatter import Classical, Hyperplane, takes_missing
from spc.version import VERSION


@dataclass(frozen=True, eq=False)
class Fit:
    """A model and the review of its reference."""

    model: Model
    review: Review


def fit(reference: Reference, recipe: Recipe | None = None, progress: Progress | None = None) -> Fit:
    """Estimate the in-control mean and scatter of a reference, and limits that keep their promise.

    Rows with a missing value (unless the estimator takes gaps) and excluded rows take no part in the fit and are judged as new rows.
    Constant columns and exact copies become guards. Raises TooFewRows, Degenerate (naming the columns and their equation), BadRecipe.
    `progress(share, words)` is called while a limit is being calibrated.
    """
    recipe = recipe or Recipe()
    names, x = _chosen(reference, recipe)
    excluded = _excluded(recipe.exclusions, len(x))
    fitted = _offered(x, excluded, takes_missing(recipe.estimator))
    groups = grouping(reference, recipe)
    if groups is not None:
        fitted &= groups.known & ~np.isnan(x).any(axis=1)
    watched = frozenset(column.name for column in reference.columns if column.role == "guard")
    parts = _split(x[fitted], names, len(x), watched)
    charted = list(parts.charted)
    x = x[:, charted]
    names = tuple(names[j] for j in charted)
    within = None if groups is None else subgroups.Within.of(groups, fitted)
    scatter = _estimate(recipe.estimator if within is None else within.ask(recipe.estimator), x[fitted], names)
    used = np.zeros(len(x), dtype=bool)
    if scatter.used is not None:
        used[np.flatnonzero(fitted)] = scatter.used
    n, p = int(fitted.sum()), len(names)
    alpha = {name: chart.alpha if chart.alpha is not None else recipe.alpha for name, chart in recipe.charts.items()}
    laws: dict[str, Law] = {}
    means: dict[str, MeanLaw] = {}
    if within is None:
        like = _like(scatter, x[fitted])
        laws |= {name: law(recipe.estimator, recipe.limit, n, p, alpha[name], recipe.seed, progress, like) for name in recipe.charts}
    else:
        means_law, scatter = within.law(recipe, scatter, progress)
        means = dict.fromkeys(recipe.charts, means_law)
        laws |= means
    new = {name: by_count(one, alpha[name], p) for name, one in laws.items()}
    own = {name: one.reference_row(alpha[name]) for name, one in laws.items()}
    if within is None:
        review = _review(x, scatter, fitted, used, new["t2"], own["t2"], alpha["t2"])
    else:
        review = subgroups.review(x, within, scatter, used, means["t2"], alpha["t2"])
    model = Model(
        names=names,
        units=_units(reference, names),
        scatter=scatter,
        guards=parts.guards,
        alpha=alpha["t2"],
        new_limits=new,
        reference_limits=own,
        tails={name: one.tails() for name, one in laws.items()},
        estimator=recipe.estimator.name,
        recipe=recipe.to_dict(),
        n=n,
        outliers=tuple(int(i) + 1 for i in np.flatnonzero((review.out | review.kin) & fitted)),
        excluded=_left_out(recipe.exclusions, x, names, excluded | fitted, groups),
        findings=reference.findings
        + _untold(parts.findings, reference.findings)
        + _findings(review, fitted, excluded)
        + two_basins(scatter, np.flatnonzero(fitted))
        + (() if within is None else within.findings(review)),
        time_column=reference.column("time"),
        id_column=reference.column("id"),
        reference_digest=reference.digest,
        code_version=VERSION,
        subgroup=None if within is None else within.noun(means, alpha, p),
    )
    return Fit(model, review)


def _chosen(reference: Reference, recipe: Recipe) -> tuple[tuple[str, ...], Floats]:
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


def _like(scatter: Scatter, x: Floats) -> Like:
    gaps = np.isnan(x)
    return Like(scatter.factor, gaps if gaps.any() else None)


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


def _estimate(ask: Callable[[Floats], Scatter], x: Floats, names: tuple[str, ...]) -> Scatter:
    try:
        return ask(x)
    except Hyperplane as flat:
        column = names[flat.columns()[0]]
        raise Degenerate(
            flat.words(list(names)), cure="Ignore one of these columns, or exclude the rows that break the equation.", column=column
        ) from flat
    except Complaint as wrong:
        if wrong.column is not None and wrong.column.isdigit():
            wrong.column = names[int(wrong.column) - 1]
        raise


def _review(x: Floats, scatter: Scatter, fitted: Bools, used: Bools, new: tuple[Limit, ...], own: Limit, alpha: float) -> Review:
    t2, ucl = np.full(len(x), np.nan), np.full(len(x), np.nan)
    seen = ~np.isnan(x)
    for pattern in np.unique(seen, axis=0):
        if pattern.any():
            rows = np.all(seen == pattern, axis=1)
            t2[rows] = scatter.part(pattern).d2(x[np.ix_(rows, pattern)])
            ucl[rows] = new[int(pattern.sum()) - 1].value
    inside = fitted & seen.all(axis=1)  # a row with gaps is held to the (wider) limit for a new row
    ucl[inside] = own.value
    out = t2 > ucl
    alike = np.zeros(len(x), dtype=bool)
    alike[inside] = kin(scatter.whiten(x[inside]), out[inside], ~used[inside])
    return Review(t2, ucl, out, used, fitted, alike, *_classical(x, fitted, alpha))


def _classical(x: Floats, fitted: Bools, alpha: float) -> tuple[Floats, Floats]:
    """T² with the plain mean and covariance of the same rows, and its limits: what would have been seen without a robust fit."""
    t2, ucl = np.full(len(x), np.nan), np.full(len(x), np.nan)
    fitted = fitted & ~np.isnan(x).any(axis=1)
    try:
        scatter = Classical()(x[fitted])
        laws = law(Classical(), "f", int(fitted.sum()), x.shape[1], alpha)
        inside, outside = laws.reference_row(alpha).value, laws.new_row(alpha, x.shape[1]).value
    except Complaint:
        return t2, ucl
    complete = ~np.isnan(x).any(axis=1)
    t2[complete] = scatter.d2(x[complete])
    ucl[complete] = np.where(fitted[complete], inside, outside)
    return t2, ucl


def _left_out(
    exclusions: tuple[Exclusion, ...], x: Floats, names: tuple[str, ...], excluded: Bools, groups: Grouping | None
) -> tuple[Exclusion, ...]:
    """Every row that took no part in the fit: those a person excluded, those with a missing value, those of no subgroup.

    excluded (n,): rows that are not told of as missing something: a person excluded them, or the fit took them with their gaps.
    """
    if groups is not None:
        exclusions, excluded = exclusions + groups.unlabelled(excluded), excluded | ~groups.known
    missing = [
        Exclusion(int(i) + 1, "missing " + ", ".join(names[j] for j in np.flatnonzero(np.isnan(x[i]))))
        for i in np.flatnonzero(np.isnan(x).any(axis=1) & ~excluded)
    ]
    return tuple(sorted([*exclusions, *missing], key=lambda one: one.row))


def _units(reference: Reference, names: tuple[str, ...]) -> tuple[str, ...]:
    units: Mapping[str, str] = {column.name: column.unit for column in reference.columns}
    return tuple(units.get(name, "") for name in names)


def _untold(found: tuple[Finding, ...], told: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The guards that the inspection of the reference has not spoken of already."""
    spoken = {column for finding in told if finding.kind in ("constant", "copy") for column in finding.columns}
    return tuple(finding for finding in found if finding.columns[0] not in spoken)


def _findings(review: Review, fitted: Bools, excluded: Bools) -> tuple[Finding, ...]:
    found = []
    kin_rows = np.flatnonzero(review.kin)
    if len(kin_rows):
        found.append(
            Finding(
                "kin",
                "amber",
                f"{len(kin_rows)} rows lie inside the limit but point the same way as rows outside it: probably the same cause.",
                "Look at them together, and exclude them with the same reason if the cause is confirmed.",
                (),
                tuple(int(i) + 1 for i in kin_rows),
            )
        )
    share = float(np.mean(excluded))
    if share > 0.10:
        found.append(
            Finding(
                "excluded",
                "amber",
                f"{100 * share:.0f} % of the rows are excluded: the rest may describe a better process than the one that will run.",
                "Exclude only rows with a known special cause; with so many, look for two processes in one reference.",
            )
        )
    return tuple(found)
