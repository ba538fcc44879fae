"""The dispersion of subgroups beside T² of their means: how uncertain the reference is, limits, and the false alarms that both share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, ndtri

from spc.charts import Chart, Dispersion
from spc.errors import BadRecipe
from spc.limits.cache import Key, remembered
from spc.limits.grouped import SubgroupFits
from spc.limits.likelihood import Spreads
from spc.limits.packing import pack
from spc.nouns import Floats, Limit
from spc.phase1.means import ExactMeans, MeanLaw, Means

_DRAWN, _CELLS = (400, 4000), 20_000  # fits: so many, and about so many eigenvalues in all
_BATCHES = 20  # in which they are drawn, independent of one another
_TURNS = 6  # of the search for the rate that both charts have


@dataclass(frozen=True)
class Shared:
    """What each chart of subgroups gets: its false alarms per subgroup, and the limits of the dispersion by the number of rows."""

    alpha: Mapping[str, float]
    limits: Mapping[str, Limit]
    by_size: Mapping[str, tuple[tuple[int, float], ...]]


def shared(charts: Mapping[str, Chart], law: MeanLaw, p: int, alpha: float, seed: int, title: str) -> Shared:
    """How T² of a subgroup's mean and its dispersion share alpha false alarms per subgroup of the usual size.

    A chart with an alpha of its own keeps it and stands outside the budget. Otherwise one rate is looked for that each has by itself and
    with which both together alarm at rate alpha, on average over references: given one, a subgroup's mean and covariance are
    independent. Raises BadRecipe for other charts and when the usual subgroup has no more rows than there are variables.
    """
    own = {name: chart.alpha for name, chart in charts.items() if chart.alpha is not None}
    spread = next((name for name, chart in charts.items() if isinstance(chart, Dispersion)), None)
    others = [name for name, chart in charts.items() if name not in ("t2", spread)]
    if others:
        raise BadRecipe(
            f"Means of subgroups have no limit for {', '.join(others)} yet.",
            cure="Take the charts t2 and dispersion, or judge single rows.",
        )
    if spread is None:
        return Shared({"t2": own.get("t2", alpha)}, {}, {})
    if law.size <= p:
        raise BadRecipe(
            f"Subgroups of {law.size} rows have no covariance of {p} variables: the dispersion needs more rows than variables.",
            cure=f"Take subgroups of {p + 1} rows or more, chart fewer variables, or leave out the chart {spread}.",
        )
    fits = remembered(Key(("spreads", _about(law.means), p, seed)), Spreads, lambda: drawn(law.means, p, seed), lambda _: 0.0)
    rates = {name: own.get(name, alpha) for name in ("t2", spread)}
    if not own:
        rates = dict.fromkeys(rates, _rate(fits, law, p, alpha))
    k, rate = law.size, rates[spread]
    many = fits.tables if isinstance(law.means, SubgroupFits) else len(fits.center)
    known = f"known parameters, p = {p}" if many == 1 else f"{title}, p = {p}, {many} references"
    both = f", t2 and {spread} together one false alarm in {1 / alpha:.4g} subgroups" if not own else ""
    words = f"likelihood ratio of the covariance of {k} rows, {known}{both} (standard error {fits.error(rate, k):.1%})"
    return Shared(rates, {spread: Limit(fits.value(rate, k), rate, words)}, {spread: fits.by_size(rate, law.full)})


def _rate(fits: Spreads, law: MeanLaw, p: int, alpha: float) -> float:
    """The rate that each of the two has by itself when both together have alpha."""
    rate = alpha / 2.0
    for _ in range(_TURNS):
        both = fits.together(law.new_row(rate, p).value, fits.value(rate, law.size), law.size)
        if abs(both / alpha - 1.0) < 1e-4:
            break
        rate *= alpha / both
    return rate


def drawn(means: Means, p: int, seed: int) -> Spreads:
    """Fits to references of a process that is N(0, I), as uncertain as those that the law of the means rests on.

    Known parameters; a normal and a Wishart matrix with the degrees of freedom of a pooled covariance (Bartlett 1933); or the simulated
    fits of an estimator, each seen from the mean and covariance of its table, which are independent of it (Basu 1955).
    """
    count = int(np.clip(_CELLS / p, *_DRAWN)) // _BATCHES
    if isinstance(means, ExactMeans):
        rng = np.random.default_rng([seed, means.n, means.groups, p, 11])
        parts = [_classical(rng, means.n, means.n - means.groups, p, count) for _ in range(_BATCHES)]
        center, factor = (np.stack(one, axis=1).reshape(-1, *one[0].shape[1:]) for one in zip(*parts, strict=True))
        return Spreads(center, factor, _BATCHES)
    if not isinstance(means, SubgroupFits):
        return Spreads(np.zeros((1, p)), np.eye(p)[None], 1)
    if not means.whitened:
        return Spreads(means.center, means.factor, len(means.center))
    tables = len(means.center)
    rng = np.random.default_rng([seed, means.n, means.groups, p, 12])
    center, factor = _classical(rng, means.n, means.n - 1, p, tables * max(_BATCHES * count // tables, 1))
    each = np.arange(len(center)) % tables
    center = center + np.einsum("kab,kb->ka", factor, means.center[each])
    return Spreads(center, factor @ means.factor[each], tables)


def _classical(rng: np.random.Generator, n: int, dof: int, p: int, count: int) -> tuple[Floats, Floats]:
    """Means of n rows (count, p) and lower factors (count, p, p) of covariances with so many degrees of freedom.

    Each number is drawn from another `count`-th part of its law (McKay, Beckman & Conover 1979), so that no luck is left in any one.
    """

    def even(*shape: int) -> Floats:
        return (
            rng.permuted(np.broadcast_to(np.arange(count)[:, None], (count, int(np.prod(shape)))), axis=0).reshape(count, *shape)
            + rng.random((count, *shape))
        ) / count

    lower = np.tril(ndtri(even(p, p)), -1)
    lower[:, np.arange(p), np.arange(p)] = np.sqrt(chdtri(dof - np.arange(p), even(p)))
    return ndtri(even(p)) / np.sqrt(n), lower / np.sqrt(dof)


def _about(means: Means) -> object:
    """What the fits depend on, for a key: of simulated ones the numbers themselves."""
    return hashlib.sha256(pack(means)).hexdigest() if isinstance(means, SubgroupFits) else means
