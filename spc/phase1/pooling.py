"""One scatter for several products, each with a centre of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from spc.errors import BadRecipe
from spc.limits import Like
from spc.limits.cache import Key, remembered
from spc.limits.pooled import PooledExact, PooledFits, calibrate_pooled
from spc.nouns import Floats, Ints, Limit, Scatter
from spc.phase1.fit import Fit
from spc.phase1.laws import Progress
from spc.phase1.own import OWN
from spc.phase1.recipe import Recipe
from spc.scatter import Classical, Estimator, equivariance, title
from spc.scatter.within import group_centers, means, robust
from spc.scatter.within import pooled as pooled_within


def pooled(fits: Mapping[str, Fit], tables: Mapping[str, Floats], recipe: Recipe, progress: Progress | None) -> dict[str, Fit]:
    """The products' fits with the scatter pooled over them; tables are all rows of each, (n_i, p).

    Raises BadRecipe when the products do not chart the same columns.
    """
    first = next(iter(fits.values())).model
    for name, one in fits.items():
        odd = sorted(set(first.names) ^ set(one.model.names))
        if odd:
            raise BadRecipe(
                f"Product {name!r} does not chart the same columns as the others, so there is no common scatter.",
                cure="Ignore this column, or fit without pooling.",
                column=odd[0],
            )
    kept = [table[fits[name].review.fitted] for name, table in tables.items()]
    sizes = tuple(len(one) for one in kept)
    group = np.repeat(np.arange(len(sizes)), sizes)
    x = np.vstack(kept)
    center, scatter = _ask(recipe.estimator, x, group)
    law = _law(recipe, sizes, scatter, progress)
    factor = scatter.factor / np.sqrt(law.bias)
    used = scatter.used if scatter.used is not None else np.zeros(len(x), dtype=bool)
    alpha = first.alpha
    out = {}
    for i, (name, one) in enumerate(fits.items()):
        mine = group == i
        own = Scatter(center[i], factor, sizes[i], used=used[mine])
        new = tuple(law.new_row(i, alpha, q) for q in range(1, scatter.p + 1))
        out[name] = _refitted(one, own, new, law.reference_row(i, alpha), law.tails(i), tables[name], sum(sizes) - len(sizes))
    return out


def _ask(estimator: Estimator, x: Floats, group: Ints) -> tuple[Floats, Scatter]:
    """The centres (g, p) and the pooled scatter."""
    if isinstance(estimator, Classical):
        return means(x, group), pooled_within(x, group)
    found = robust(estimator, x, group)
    return group_centers(x, group, found), found


def _law(recipe: Recipe, sizes: tuple[int, ...], scatter: Scatter, progress: Progress | None) -> PooledExact | PooledFits:
    estimator = recipe.estimator
    if isinstance(estimator, Classical) and recipe.limit in ("auto", "f"):
        return PooledExact(sizes, scatter.p)
    if recipe.limit in ("f", "chi2", *OWN):
        raise BadRecipe(f"Limit '{recipe.limit}' is not for {estimator.name} pooled over products.", cure="Use limit 'auto'.")
    report = None if progress is None else (lambda share: progress(share, "calibrating the pooled limit"))
    truth = None if equivariance(estimator) == "affine" else scatter.factor

    def made() -> PooledFits:
        asked = (lambda x, group: _ask(estimator, x, group), title(estimator), sizes, scatter.p)
        return calibrate_pooled(*asked, truth=truth, seed=recipe.seed, progress=report)

    key = Key(("pooled", estimator, sizes, scatter.p, recipe.seed, None if truth is None else Like(truth).digest))
    return remembered(key, PooledFits, made, lambda _: 0.0)


def _refitted(
    one: Fit, scatter: Scatter, new: tuple[Limit, ...], own: Limit, tails: tuple[tuple[float, float], ...], x: Floats, dof: int
) -> Fit:
    """A product's fit with another scatter and its limits; x (n, p) are all of its rows, those outside the fit being new ones."""
    fitted, n = one.review.fitted, len(x)
    t2, ucl, used, seen = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool), ~np.isnan(x)
    for pattern in np.unique(seen, axis=0):
        if pattern.any():
            rows = np.all(seen == pattern, axis=1)
            t2[rows] = scatter.part(pattern).d2(x[np.ix_(rows, pattern)])
            ucl[rows] = new[int(pattern.sum()) - 1].value
    ucl[fitted], used[fitted] = own.value, scatter.used
    review = replace(one.review, t2=t2, ucl=ucl, out=t2 > ucl, used=used, kin=np.zeros(n, dtype=bool))
    model = replace(
        one.model,
        scatter=scatter,
        new_limits=dict.fromkeys(one.model.new_limits, new),
        reference_limits=dict.fromkeys(one.model.reference_limits, own),
        tails=dict.fromkeys(one.model.tails, tails),
        outliers=tuple(int(i) + 1 for i in np.flatnonzero(review.out & fitted)),
        findings=tuple(f for f in one.model.findings if f.kind not in ("kin", "limit", "limit_aside", "limit_thin")),
        pooled_dof=dof,
    )
    return Fit(model, review)
