"""From a reference and a recipe to a model, with everything a person needs to review it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from spc.charts import Dispersion, bound, of_subgroups
from spc.errors import Complaint, Degenerate
from spc.nouns import Bools, Finding, Floats, Limit, Model, Reference, Scatter
from spc.phase1 import spreads, subgroups
from spc.phase1.automatic import Table, own_or
from spc.phase1.basins import two_basins
from spc.phase1.chosen import Chosen
from spc.phase1.dynamic import told
from spc.phase1.given import alpha_of, as_given, roughly, settled
from spc.phase1.guarantee import fewest, with_guarantee
from spc.phase1.kin import kin
from spc.phase1.laws import Law, Progress, Tails, by_count, law
from spc.phase1.likeness import likeness
from spc.phase1.overall import overall_limit
from spc.phase1.own import Own
from spc.phase1.recipe import Recipe
from spc.phase1.regressed import allowed, of_residuals
from spc.phase1.review import Review
from spc.phase1.shared import shares
from spc.phase1.told import findings, untold
from spc.scatter import Classical, Hyperplane, title
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
    chosen = Chosen.of(reference, recipe)
    x, fitted = chosen.x, chosen.fitted
    within = None if chosen.groups is None else subgroups.Within.of(chosen.groups, fitted)
    if within is None and (spread := next((name for name, chart in recipe.charts.items() if isinstance(chart, Dispersion)), "")):
        raise of_subgroups(spread)
    scatter = _estimate(recipe.estimator if within is None else within.ask(recipe.estimator), x[fitted], chosen.names)
    used = np.zeros(len(x), dtype=bool)
    if scatter.used is not None:
        used[np.flatnonzero(fitted)] = scatter.used
    alpha = {name: chart.alpha if chart.alpha is not None else recipe.alpha for name, chart in recipe.charts.items()}
    limits = _Limits({}, {}, {})
    if within is None:
        like, n = likeness(recipe.estimator, scatter, x[fitted]), int(fitted.sum())
        table = Table(x[fitted], chosen.names, np.flatnonzero(fitted), reference.rows.at[fitted], recipe.estimator, scatter)
        many, made = fewest(recipe.guarantee, n), chosen.dynamic

        def choose(least: float) -> tuple[Law | Own, tuple[Finding, ...]]:
            plain = partial(law, recipe.estimator, recipe.limit, n, scatter.p, least, recipe.seed, progress, like, many)
            normal = plain if made is None else partial(of_residuals, plain, recipe, made, scatter, n, progress)
            simulated = recipe.guarantee is not None or recipe.overall is not None  # both rest on simulated normal references
            found, why = own_or(recipe.limit, table, least, normal, recipe.seed, progress, only_law=simulated, charts=recipe.charts)
            return (found if made is None else allowed(found, recipe, made)), why

        if recipe.ucl is None:
            (one, reasons), promised = choose(min(alpha.values()) / len(alpha)), recipe.alpha
        else:
            one, reasons, promised = settled(choose, recipe.ucl, scatter.p, roughly(recipe.estimator, recipe.ucl, n, scatter.p))
        made_charts = {name: bound(chart, scatter.factor) for name, chart in recipe.charts.items()}
        split = shares(recipe.estimator, made_charts, one, n, scatter.p, promised, recipe.seed, progress, like)
        alpha = dict(split.alpha)
        average = one
        if recipe.guarantee is not None:
            one = with_guarantee(one, recipe.guarantee, recipe.estimator, n, scatter.p, recipe.seed, progress, like)
        limits.add("t2", one, alpha["t2"], scatter.p, recipe.ucl)
        limits.give(split.limits)
        if recipe.overall is not None:
            limits.own["t2"] = overall_limit(recipe.estimator, average, n, scatter.p, recipe.overall, recipe.seed, progress, like)
        review = _review(x, scatter, fitted, used, limits.new["t2"], limits.own["t2"], alpha["t2"])
        subgroup, grouped = None, reasons
    else:
        means, scatter = within.law(recipe, scatter, progress)
        parted = spreads.shared(recipe.charts, means, scatter.p, recipe.alpha, recipe.seed, title(recipe.estimator))
        alpha = dict(parted.alpha) if recipe.ucl is None else {"t2": alpha_of(means, recipe.ucl, scatter.p)}
        limits.add("t2", means, alpha["t2"], scatter.p, recipe.ucl)
        limits.give(parted.limits)
        review = subgroups.review(x, within, scatter, used, means, alpha["t2"])
        subgroup = replace(within.noun({"t2": means}, alpha, scatter.p), by_size=parted.by_size)
        grouped = (*within.findings(review), *subgroups.wide(x, review, scatter, subgroup))
    grouped = grouped if chosen.dynamic is None else (*told(chosen.dynamic), *grouped)
    found = (*findings(review, fitted, chosen.excluded), *two_basins(scatter, np.flatnonzero(fitted)), *grouped)
    model = Model(
        names=chosen.names,
        units=_units(reference, chosen),
        scatter=scatter,
        guards=chosen.parts.guards,
        alpha=alpha["t2"] if len(alpha) == 1 else recipe.alpha,
        new_limits=limits.new,
        reference_limits=limits.own,
        tails=limits.tails,
        estimator=recipe.estimator.name,
        recipe=recipe.to_dict(),
        n=int(fitted.sum()),
        outliers=tuple(int(i) + 1 for i in np.flatnonzero((review.out | review.kin) & fitted)),
        excluded=chosen.left_out(recipe.exclusions),
        findings=(*reference.findings, *untold(chosen.parts.findings, reference.findings), *found),
        time_column=reference.column("time"),
        id_column=reference.column("id"),
        reference_digest=reference.digest,
        code_version=VERSION,
        subgroup=subgroup,
        dynamics=None if chosen.dynamic is None else chosen.dynamic.dynamics,
    )
    return Fit(model, review)


@dataclass(frozen=True)
class _Limits:
    """Per chart: the limits for new rows by number of observed variables, that for reference rows, and the tail of the law."""

    new: dict[str, tuple[Limit, ...]]
    own: dict[str, Limit]
    tails: dict[str, Tails]

    def add(self, chart: str, found: Law, alpha: float, p: int, ucl: float | None = None) -> None:
        limits = by_count(found, alpha, p)
        self.new[chart] = limits if ucl is None else as_given(limits, ucl)
        self.own[chart] = found.reference_row(alpha)
        self.tails[chart] = found.tails()

    def give(self, limits: Mapping[str, Limit]) -> None:
        """The limits of charts beside T², which judge complete rows only."""
        for chart, limit in limits.items():
            self.new[chart], self.own[chart], self.tails[chart] = (limit,), limit, ()


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


def _units(reference: Reference, chosen: Chosen) -> tuple[str, ...]:
    units: Mapping[str, str] = {column.name: column.unit for column in reference.columns}
    if chosen.dynamic is None:
        return tuple(units.get(name, "") for name in chosen.names)
    dynamics = chosen.dynamic.dynamics
    return tuple(units.get(name, "") for name in dynamics.names) * (dynamics.lags + 1)
