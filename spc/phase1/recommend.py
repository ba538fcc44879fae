"""What a reference asks for: the estimator, the variables and the charts that a person would choose who looked at all of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spc.charts import EwmaLogT2
from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, listed
from spc.nouns import Exclusion, Finding, Floats, Reference, Rows
from spc.phase1.own import WELL
from spc.phase1.recipe import Recipe
from spc.scatter import Cellwise, Classical, Known, Mcd, Mrcd

GAPS = 0.20  # share of rows with a gap above which leaving them out costs more than a fit of single values
_RAREST = 1e-5  # false alarms per row below which charts with memory have no limit


@dataclass(frozen=True)
class Recommendation:
    """A recipe for a reference, with the `reasons` for what is other than usual in it: the person decides."""

    recipe: Recipe
    reasons: tuple[Finding, ...]


@dataclass(frozen=True)
class Advice:
    """An estimator that fits some rows better than the usual one, and why."""

    estimator: str
    why: str


def recommend(reference: Reference, recipe: Recipe | None = None) -> Recommendation:
    """What to change in a recipe (the usual one, when none is given) for this reference, before anything is fitted.

    Columns that only drift are left out: their level in control is not known from these rows, and a T² that holds later rows to it calls
    them out for nothing. The robust MCD is not taken where half of a column's values are equal, since it would find no scatter in it,
    where gaps would cost too many rows, or where the rows are too few. Beside T² comes the moving average of log T², which sees small
    changes of the mean and of the scatter that last, within the same false alarms, where the rows are worth ten independent ones per
    variable or more. What a person chose other than the usual stays: another estimator, other charts, columns that are ignored. The limit
    "auto" then follows from the rows as they are fitted.

    >>> import pandas as pd
    >>> import spc
    >>> rng = np.random.default_rng(1)
    >>> steady, walk = rng.normal(size=(400, 2)), np.cumsum(rng.normal(size=400))
    >>> table = pd.DataFrame(np.column_stack([steady, walk]), columns=["flow", "speed", "oil"])
    >>> found = recommend(spc.read(table))
    >>> found.recipe.ignore, list(found.recipe.charts)
    (('oil',), ['t2', 'ewma_log_t2'])
    """
    recipe = recipe or Recipe()
    if isinstance(recipe.estimator, Known):  # its parameters name every variable
        return Recommendation(recipe, ())
    reasons = []
    drifts = _drifting(_seen(reference, recipe))
    if drifts is not None:
        recipe = replace(recipe, ignore=(*recipe.ignore, *drifts.columns))
        reasons.append(drifts)
    advice = advised(_seen(reference, recipe)) if isinstance(recipe.estimator, Mcd) else None
    if advice is not None:
        recipe = replace(recipe, estimator=_BY_NAME[advice.estimator]())
        reasons.append(_told(advice.why, f"So the estimator is {advice.estimator}."))
    if _may_remember(recipe) and _stands_for_later(_seen(reference, recipe)):
        recipe = replace(recipe, charts={**recipe.charts, EwmaLogT2.name: EwmaLogT2()})
        why = "T² sees one row at a time. A small change that lasts, of the mean or of the scatter, is seen sooner by its moving average."
        reasons.append(_told(why, f"So {EwmaLogT2.title} stands beside T², within the same false alarms."))
    return Recommendation(recipe, tuple(reasons))


def advised(rows: Measured) -> Advice | None:
    """What some rows ask for in place of MCD: cellwise, classical or MRCD; None when MCD will do."""
    return from_gaps(rows.x) or _coarse(rows) or too_few(rows.x)


def from_gaps(x: Floats) -> Advice | None:
    """Cellwise, when rows of x (n, p) with gaps are more than a fifth and the others would not stand for them."""
    gaps = np.isnan(x)
    gaps = gaps[~gaps.all(axis=1)]
    n, p = gaps.shape
    incomplete = int(gaps.any(axis=1).sum())
    needed = Cellwise().rows_needed(p)
    if not n or not p or incomplete <= GAPS * n or n < needed or ((~gaps).sum(axis=0) < max(n / 2, needed / 2)).any():
        return None
    return Advice("cellwise", f"{incomplete} of {n} rows have gaps; cellwise fits them, every other estimate leaves them out.")


def too_few(x: Floats) -> Advice | None:
    """MRCD, when MCD has too few complete rows of x (n, p).

    >>> too_few(np.random.default_rng(1).standard_normal((20, 12))).estimator
    'mrcd'
    >>> too_few(np.random.default_rng(1).standard_normal((25, 12))) is None
    True
    """
    n, p = x.shape
    whole = int((~np.isnan(x)).all(axis=1).sum())
    if not p or whole >= Mcd().rows_needed(p) or whole < Mrcd().rows_needed(p):
        return None
    rows = f"{whole} complete rows" if whole < n else f"{whole} rows"
    needs = f"MCD, which needs {Mcd().rows_needed(p)}; MRCD needs {Mrcd().rows_needed(p)}"
    return Advice("mrcd", f"{rows} of {p} variables are too few for {needs}.")


def _coarse(rows: Measured) -> Advice | None:
    """Classical, when half of a column's values are equal: for MCD the others are the outliers, and nothing is left of the scatter."""
    if rows.n <= rows.p + 2:
        return None
    coarse = [name for name, spread in zip(rows.names, rows.spreads, strict=True) if spread == 0]
    if not coarse:
        return None
    has = "has" if len(coarse) == 1 else "have"
    text = f"{listed(coarse, 4)} {has} the same value in half of the rows or more, so that MCD would take the others for outliers."
    return Advice(
        "classical", f"{text} The classical estimate bears no bad rows: look at those it calls out, and exclude any with a cause."
    )


_BY_NAME = {"cellwise": Cellwise, "classical": Classical, "mrcd": Mrcd}


def _seen(reference: Reference, recipe: Recipe) -> Measured:
    """The rows and measurements that a fit would see."""
    left = np.ones(len(reference), dtype=bool)
    left[[row - 1 for row in _rows(recipe.exclusions) if 1 <= row <= len(reference)]] = False
    keep = [j for j, name in enumerate(reference.names) if name not in recipe.ignore]
    x, names = np.where(left[:, None], reference.x, np.nan)[:, keep], tuple(reference.names[j] for j in keep)
    rows = Rows.of(x, names)
    return Measured.of(rows, reference.columns)


def _rows(exclusions: tuple[Exclusion, ...]) -> list[int]:
    return [one.row for one in exclusions]


def _drifting(rows: Measured) -> Finding | None:
    """The columns that only drift, unless all do: then nothing would be left to chart."""
    if rows.n < 4 or not rows.p:
        return None
    memory = rows.level.memory
    names = tuple(name for name, drifts in zip(rows.names, memory.drifts, strict=True) if drifts)
    if not names or len(names) == rows.p:
        return None
    few = max(1, round(float(memory.worth[memory.drifts].max())))
    worth = f"{counted(rows.n, 'row')} are worth {few} independent ones or fewer"
    if len(names) == 1:
        text = f"{names[0]} only drifts: for its level {worth}, so that where it belongs cannot be told from them."
        return Finding("recommended", "note", text, "So it is left out of T²; watch it apart.", names)
    text = f"{listed(names)} only drift: for their levels {worth}, so that where they belong cannot be told from them."
    return Finding("recommended", "note", text, "So they are left out of T²; watch them apart.", names)


def _may_remember(recipe: Recipe) -> bool:
    """Whether charts with memory can share the false alarms with T²."""
    alone = set(recipe.charts) == {"t2"} and recipe.charts["t2"].alpha is None
    plain = not (recipe.subgroup or recipe.product or recipe.pool or recipe.guarantee or recipe.overall) and recipe.ucl is None
    return alone and plain and recipe.alpha >= _RAREST and recipe.limit != "bootstrap"


def _stands_for_later(rows: Measured) -> bool:
    """Whether the rows are enough for a chart that adds up small differences: else it calls out those between one run and the next."""
    whole = int(rows.complete.sum())
    return rows.p > 0 and whole > 4 and whole >= WELL * rows.p * rows.level.memory.time_scatter


def _told(text: str, cure: str) -> Finding:
    return Finding("recommended", "note", text, cure)
