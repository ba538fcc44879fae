"""Several products in one reference: a model for each, and a report on whether their scatters agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spc.errors import BadRecipe, Complaint
from spc.inspect import inspect
from spc.nouns import Agreement, Exclusion, Finding, Floats, Ints, Model, ProductModels, Reference
from spc.phase1.agreement import agreement
from spc.phase1.fit import Fit, fit
from spc.phase1.laws import Progress
from spc.phase1.pooling import pooled
from spc.phase1.recipe import Recipe
from spc.phase1.review import Review
from spc.scatter import Known


@dataclass(frozen=True, eq=False)
class ProductFits:
    """The models, and for each product the review of its rows and their numbers in the reference (from 1)."""

    models: ProductModels
    reviews: Mapping[str, Review]
    rows: Mapping[str, tuple[int, ...]]


def fit_products(reference: Reference, recipe: Recipe, progress: Progress | None = None) -> ProductFits:
    """A model for each product of a reference, told apart by the labels in the column `recipe.product`.

    Whether their scatters agree is reported, not decided; with `recipe.pool` they share one scatter, each with a centre of its own.
    Rows without a label are in no fit and are named in a finding. Raises the complaints of `fit`, naming the product and its rows, and
    BadRecipe when the reference has no labels from that column.
    """
    if recipe.pool and set(recipe.charts) != {"t2"}:
        others = ", ".join(name for name in recipe.charts if name != "t2")
        raise BadRecipe(f"A pooled scatter has no limit for {others} yet.", cure="Take the chart t2 alone, or leave out 'pool'.")
    rows = _rows(reference, recipe)
    _refuse_strangers(recipe, len(reference))
    parts = {name: _part(reference, own) for name, own in rows.items()}
    asked = {name: replace(recipe, product="", pool=False, exclusions=_local(recipe.exclusions, own)) for name, own in rows.items()}
    fits = {name: _fit(name, parts[name], asked[name], progress) for name in rows}
    compared = _compare(fits, parts, recipe, progress) if len(fits) > 1 and not isinstance(recipe.estimator, Known) else None
    if recipe.pool:
        if recipe.subgroup or isinstance(recipe.estimator, Known):
            raise BadRecipe("Pooling over products is for single rows and estimated parameters.", cure="Leave out 'pool'.")
        fits = pooled(fits, {name: _charted(fits[name], parts[name]) for name in fits}, recipe, progress)
    models = {name: _renumbered(one.model, rows[name], recipe) for name, one in fits.items()}
    lost = _unlabelled(reference, recipe)
    mixed = set(inspect(reference.rows, reference.columns))  # seen in the mixture of products: each was inspected by itself instead
    common = tuple(finding for finding in reference.findings if finding not in mixed)
    found = ProductModels(recipe.product, models, compared, recipe.pool, (*common, *lost, *_told(compared, recipe)))
    return ProductFits(found, {name: one.review for name, one in fits.items()}, rows)


def _rows(reference: Reference, recipe: Recipe) -> dict[str, tuple[int, ...]]:
    """The row numbers of each product, in order of first appearance."""
    label = reference.rows.product
    if not recipe.product or reference.column("product") != recipe.product or len(label) != len(reference):
        known = [column.name for column in reference.columns]
        cure = f"The columns are: {', '.join(known)}."
        if recipe.product in known:
            cure = "Read the table with this column in the role product."
        raise BadRecipe("The reference was not read with products from this column.", cure=cure, column=recipe.product or None)
    rows: dict[str, list[int]] = {}
    for k, one in enumerate(label, start=1):
        if one:
            rows.setdefault(one, []).append(k)
    if not rows:
        raise BadRecipe("No row has a product.", cure="Write the products' labels, or fit without them.", column=recipe.product)
    return {name: tuple(own) for name, own in rows.items()}


def _part(reference: Reference, own: tuple[int, ...]) -> Reference:
    """The rows of one product as a reference of their own, inspected by themselves."""
    rows = reference.rows.some([k - 1 for k in own])
    return replace(reference, rows=rows, findings=inspect(rows, reference.columns))


def _refuse_strangers(recipe: Recipe, n: int) -> None:
    for one in recipe.exclusions:
        if not 1 <= one.row <= n:
            raise BadRecipe(f"The reference has rows 1 to {n}.", cure="Number the data rows from 1.", row=one.row)


def _local(exclusions: tuple[Exclusion, ...], own: tuple[int, ...]) -> tuple[Exclusion, ...]:
    place = {row: k for k, row in enumerate(own, start=1)}
    return tuple(replace(one, row=place[one.row]) for one in exclusions if one.row in place)


def _fit(name: str, part: Reference, recipe: Recipe, progress: Progress | None) -> Fit:
    try:
        return fit(part, recipe, progress)
    except Complaint as wrong:
        text = f"Product {name!r} ({len(part)} rows, counted by themselves): {wrong.text}"
        wrong.text, wrong.row, wrong.args = text, None, (text,)
        wrong.cure = f"{wrong.cure} Or leave this product's rows out of the file."
        raise


def _charted(one: Fit, part: Reference) -> Floats:
    """The product's rows in the columns of its model."""
    return np.asarray(part.x[:, [part.names.index(name) for name in one.model.names]])


def _compare(fits: Mapping[str, Fit], parts: Mapping[str, Reference], recipe: Recipe, progress: Progress | None) -> Agreement | None:
    """The report over the columns that are charted for every product."""
    names = tuple(name for name in next(iter(fits.values())).model.names if all(name in one.model.names for one in fits.values()))
    if not names:
        return None
    tables, groups = [], []
    for key, one in fits.items():
        place = [one.model.names.index(name) for name in names]
        tables.append(_charted(one, parts[key])[one.review.fitted][:, place])
        groups.append(_groups(parts[key], one))
    return agreement(tuple(fits), tables, groups, names, recipe, progress)


def _groups(part: Reference, one: Fit) -> Ints | None:
    if one.model.subgroup is None:
        return None
    label = np.array(part.rows.subgroup)[one.review.fitted]
    return np.asarray(np.unique(label, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _renumbered(model: Model, own: tuple[int, ...], recipe: Recipe) -> Model:
    """The model with the row numbers of the whole reference."""
    return replace(
        model,
        outliers=tuple(own[k - 1] for k in model.outliers),
        excluded=tuple(replace(one, row=own[one.row - 1]) for one in model.excluded),
        findings=tuple(replace(one, rows=tuple(own[k - 1] for k in one.rows)) for one in model.findings),
        recipe=recipe.to_dict(),
    )


def _unlabelled(reference: Reference, recipe: Recipe) -> tuple[Finding, ...]:
    lost = tuple(k for k, one in enumerate(reference.rows.product, start=1) if not one)
    if not lost:
        return ()
    text = f"{len(lost)} rows have no label in {recipe.product}: they are in no product's fit."
    return (Finding("product_missing", "amber", text, "Write their labels, or exclude these rows.", (recipe.product,), lost[:1000]),)


def _told(compared: Agreement | None, recipe: Recipe) -> tuple[Finding, ...]:
    if compared is None:
        return ()
    against = recipe.pool and compared.p_value < 0.05
    cure = "The scatter was pooled all the same: fit without pooling, unless the difference does not matter." if against else ""
    return (Finding("scatters", "amber" if against else "note", compared.text, cure, (recipe.product,)),)
