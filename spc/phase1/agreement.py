"""Whether products scatter alike: a decision about pooling needs a number, its law, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spc.errors import Degenerate
from spc.limits.agreement import box_m, box_tail, trace, trace_tail
from spc.nouns import Agreement, Floats, Ints, Scatter
from spc.phase1.laws import Progress
from spc.phase1.means import asked_within
from spc.phase1.recipe import Recipe
from spc.scatter import Classical, Estimator, equivariance

SIMULATIONS = 199
LEVEL = 0.05


def agreement(
    products: Sequence[str],
    tables: Sequence[Floats],
    groups: Sequence[Ints | None],
    names: tuple[str, ...],
    recipe: Recipe,
    progress: Progress | None = None,
) -> Agreement:
    """Box's M of the products' scatters over the same columns, and the test of their centres.

    tables[i] (n_i, p) are the fitted rows of a product and groups[i] their subgroups, None for single rows. Classical scatters follow
    the laws of Box (1949) and Pillai & Samson (1959); of any other estimator the same statistics are simulated, for these n_i, under one
    covariance and one mean: outliers, which it withstands, then do not pass for a difference.
    """
    n = [len(one) for one in tables]
    dof = [len(one) - (1 if group is None else int(group.max()) + 1) for one, group in zip(tables, groups, strict=True)]
    found = [_asked(recipe.estimator, table, group) for table, group in zip(tables, groups, strict=True)]
    p = len(names)
    statistic, apart = box_m(found, dof), trace(found, n, dof)
    if isinstance(recipe.estimator, Classical):
        p_value, law = box_tail(statistic, p, dof)
        means_p, means_law = trace_tail(apart, p, len(n), sum(dof))
    else:
        p_value, means_p = _simulated(recipe, found, n, groups, dof, (statistic, apart), progress)
        law = means_law = f"{SIMULATIONS} simulated references of {recipe.estimator.name}"
    text = _words(products, p_value, means_p, sum(n), isinstance(recipe.estimator, Classical))
    return Agreement(names, statistic, p_value, law, means_p, means_law, sum(n), text)


def _asked(estimator: Estimator, table: Floats, group: Ints | None) -> Scatter:
    return estimator(table) if group is None else asked_within(estimator, table, group)


def _simulated(
    recipe: Recipe,
    found: Sequence[Scatter],
    n: Sequence[int],
    groups: Sequence[Ints | None],
    dof: Sequence[int],
    seen: tuple[float, float],
    progress: Progress | None,
) -> tuple[float, float]:
    """The share of simulated references of one normal law whose statistics are as large; the seen one counts as one of them."""
    rng = np.random.default_rng([recipe.seed, sum(n), len(n)])
    p = found[0].p
    truth = np.eye(p) if equivariance(recipe.estimator) == "affine" else _middle(found, dof)
    as_large = np.ones(2)
    done = 0
    while done < SIMULATIONS:
        tables = [rng.standard_normal((rows, p)) @ truth.T for rows in n]
        try:
            drawn = [_asked(recipe.estimator, table, group) for table, group in zip(tables, groups, strict=True)]
        except Degenerate:  # normal rows that the estimator cannot answer: draw again
            continue
        as_large += [box_m(drawn, dof) >= seen[0], trace(drawn, n, dof) >= seen[1]]
        done += 1
        if progress is not None:
            progress(done / SIMULATIONS, "comparing the products")
    share = as_large / (SIMULATIONS + 1)
    return float(share[0]), float(share[1])


def _middle(found: Sequence[Scatter], dof: Sequence[int]) -> Floats:
    weights = np.asarray(dof, dtype=float) / sum(dof)
    covariance = sum(w * one.covariance for w, one in zip(weights, found, strict=True))
    scale = np.sqrt(np.diag(covariance))
    return np.asarray(np.linalg.cholesky(covariance / np.outer(scale, scale)) * scale[:, None])


def _words(products: Sequence[str], p_value: float, means_p: float, n: int, exact: bool) -> str:
    who = " and ".join(products) if len(products) < 3 else f"{', '.join(products[:-1])} and {products[-1]}"
    least = 0.0 if exact else 1.0 / (SIMULATIONS + 1)
    centres = f"centres {'differ' if means_p < LEVEL else 'do not differ visibly'} ({_p(means_p, least)})"
    if p_value < LEVEL:
        return f"The scatters of {who} differ ({_p(p_value, least)}): separate models. Their {centres}."
    return (
        f"No difference between the scatters of {who} is seen ({_p(p_value, least)}): pooling would rest one scatter on {n} rows, "
        f"with a centre each. Their {centres}."
    )


def _p(value: float, least: float) -> str:
    """A p-value for a sentence; the smallest one that so many simulations can give is an upper bound.

    >>> _p(0.0123, 0.005), _p(0.005, 0.005), _p(1e-9, 0.0)
    ('p = 0.012', 'p ≤ 0.005', 'p < 0.0001')
    """
    if value <= least:
        return f"p ≤ {least:g}"
    return "p < 0.0001" if value < 1e-4 else f"p = {value:.2g}"
