"""Several charts under one budget of false alarms: together they alarm as often as was asked, each as often as the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from scipy.linalg import solve_triangular

from spc.charts import BoundSpe, Chart, Mcusum, Mewma, Spe
from spc.errors import BadRecipe, Degenerate
from spc.limits import Calibration, Like, Tabled
from spc.limits.cache import Key, remembered
from spc.limits.calibrated import configuration
from spc.limits.packing import APART
from spc.nouns import Floats, Limit, Scatter
from spc.phase1.chains import Chains, Fits, followed
from spc.phase1.laws import ChiSquared, Exact, Larger, Law, Progress
from spc.phase1.likeness import rounder
from spc.phase1.outside import Calibrated
from spc.phase1.own import Own
from spc.phase1.own_charts import own_shares
from spc.phase1.regressed import Regressed
from spc.runlength import Mcusum as McusumRun
from spc.runlength import Mewma as MewmaRun
from spc.scatter import Estimator, equivariance, takes_missing, title

_RAREST = 1e-5  # false alarms per row below which a simulation takes too long
_DRAWN = 1000  # fits that processes are judged with
_FITS, _CELLS = (40, 100), 4e5  # references that are fitted: so many, and about so many numbers in all
_EXACT_FITS, _EXACT_CELLS = (100, 300), 1.5e6  # the same where a tail is worked out from each fit, and no luck of rows comes on top
_MOST_ROWS, _PER_VARIABLE = 4000, 60  # rows of a simulated reference at most: with more of them fits hardly differ from the truth


@dataclass(frozen=True)
class Shares:
    """What each chart of a recipe gets: its own false alarms per row (alpha), and the limit of those beside T²."""

    alpha: Mapping[str, float]
    limits: Mapping[str, Limit]


def shares(
    estimator: Estimator,
    charts: Mapping[str, Chart],
    law: Law | Own,
    n: int,
    p: int,
    alpha: float,
    seed: int = 0,
    progress: Progress | None = None,
    like: Like | None = None,
) -> Shares:
    """How charts share alpha false alarms per row, with limits for the charts beside T², for a fit of n rows of p variables.

    A chart with an alpha of its own keeps it and stands outside the budget. For the others one rate is looked for that each has by itself
    and with which all together alarm at rate alpha, on average over references: false alarms per row in the long run, when a chart begins
    anew after each. T² has its limit from `law`; the others' are simulated, with fits as uncertain as this one is. A chart that depends on
    the scatter comes bound to the fitted one. Raises BadRecipe for one that is not, and for an alpha too small to simulate.
    """
    for name in (name for name, chart in charts.items() if isinstance(chart, Spe)):
        text = f"The limit of {name} depends on the relations of the variables, not on their number alone."
        raise BadRecipe(text, cure="Fit a reference with this chart: its model has the limit.")
    own = {name: chart.alpha for name, chart in charts.items() if chart.alpha is not None}
    if all(name == "t2" for name in charts):
        return Shares({name: own.get(name, alpha) for name in charts}, {})
    if isinstance(law, Own):
        return _from_rows(charts, own, law, alpha)
    for name, rate in [("the recipe", alpha), *own.items()]:
        if rate < _RAREST:
            raise BadRecipe(
                f"A false alarm in {1 / rate:.0f} rows ({name}) is too rare to work out a limit for a chart beside T².",
                cure=f"Ask for at most {1 / _RAREST:.0f} rows between false alarms, or take t2 alone; or give t2 a rare alpha of its "
                f"own, and the others one of {_RAREST:g}.",
            )
    if not isinstance(law, ChiSquared | Exact | Calibration | Larger | Tabled):
        return _simulated(estimator, charts, law, n, p, alpha, seed, progress, like)
    about = type(law).__name__, getattr(law, "fits", 0), like and like.digest
    asked = tuple((name, chart.about if isinstance(chart, BoundSpe) else chart) for name, chart in charts.items())
    key = Key(("charts together", estimator, asked, n, p, alpha, seed, about))

    def made() -> _Kept:
        return _Kept.of(_simulated(estimator, charts, law, n, p, alpha, seed, progress, like))

    return remembered(key, _Kept, made, lambda _: 0.0).shares


@dataclass(frozen=True)
class _Kept:
    """Shares as flat tuples of texts and numbers, which a store can keep."""

    alpha: tuple[tuple[str, float], ...]
    limits: tuple[tuple[str, float, float, str], ...]
    answers: dict[str, float] = field(default_factory=dict, metadata=APART)

    @classmethod
    def of(cls, one: Shares) -> _Kept:
        return cls(tuple(one.alpha.items()), tuple((name, limit.value, limit.alpha, limit.law) for name, limit in one.limits.items()))

    @property
    def shares(self) -> Shares:
        return Shares(dict(self.alpha), {name: Limit(value, alpha, law) for name, value, alpha, law in self.limits})


def _simulated(
    estimator: Estimator,
    charts: Mapping[str, Chart],
    law: Law,
    n: int,
    p: int,
    alpha: float,
    seed: int,
    progress: Progress | None,
    like: Like | None,
) -> Shares:
    own = {name: chart.alpha for name, chart in charts.items() if chart.alpha is not None}
    together = {name: chart for name, chart in charts.items() if name not in own}
    told = None if progress is None else partial(_said, progress)
    fits = _fits(estimator, law, n, p, seed, like, exact=any(isinstance(chart, BoundSpe) for chart in charts.values()))
    exact = {name: Calibrated.of(chart, fits) for name, chart in charts.items() if isinstance(chart, BoundSpe)}
    followed_by = partial(followed, fits=fits, seed=seed, progress=told)
    rates: dict[str, float] = dict(own)
    limits: dict[str, Limit] = {}
    if together:
        chains = followed_by(together, alpha=alpha)
        rate, found = _balanced(chains, law, p, alpha, exact)
        rates |= dict.fromkeys(together, rate)
        words = _words(estimator, n, p, chains.fits, together, alpha, chains.error(found))
        limits |= {
            name: exact[name].limit(rate, words) if name in exact else Limit(found[name], rate, f"{words}{_beside(chart, p, rate)}")
            for name, chart in together.items()
            if name != "t2"
        }
    for name, rate in own.items():
        if name in exact:
            words = _words(estimator, n, p, len(fits.center), {name: charts[name]}, rate, exact[name].error(rate))
            limits[name] = exact[name].limit(rate, words)
        elif name != "t2":
            alone = {name: charts[name]}
            chains = followed_by(alone, alpha=rate)
            value = chains.limit_at(name)(rate)
            words = _words(estimator, n, p, chains.fits, alone, rate, chains.error({name: value}))
            limits[name] = Limit(value, rate, f"{words}{_beside(charts[name], p, rate)}")
    return Shares(rates, limits)


def _from_rows(charts: Mapping[str, Chart], own: Mapping[str, float], law: Own, alpha: float) -> Shares:
    """The same for limits from the reference itself."""
    if law.scored is None:
        raise BadRecipe("A bootstrap has no limit for charts with memory.", cure="Take limit 'crossfit', or the chart t2 alone.")
    rates: dict[str, float] = dict(own)
    limits: dict[str, Limit] = {}
    groups = [({name: chart for name, chart in charts.items() if name not in own}, alpha)]
    for together, budget in [*groups, *(({name: charts[name]}, rate) for name, rate in own.items())]:
        if together:
            rate, found = own_shares(together, law.scored, budget)
            rates, limits = rates | dict.fromkeys(together, rate), limits | found
    return Shares(rates, limits)


def _said(progress: Progress, share: float) -> None:
    progress(share, "following the charts of simulated processes")


def _balanced(chains: Chains, law: Law, p: int, alpha: float, exact: Mapping[str, Calibrated]) -> tuple[float, dict[str, float]]:
    """The rate that each chart has by itself when all together have alpha, and the limits: bisection on the logarithm of the rate."""
    alone, least = len(chains.records) == 1, alpha / len(chains.records)
    at = {
        name: chains.limit_at(name) if name not in exact else exact[name].ratio if alone else exact[name].between(least, alpha)
        for name in chains.records
        if name != "t2"
    }
    if "t2" in chains.records:
        at["t2"] = lambda rate: law.new_row(rate, p).value
    low, high = np.log(alpha / len(at)), np.log(alpha)
    found = {name: limit(alpha) for name, limit in at.items()}
    while high - low > 1e-3 and len(at) > 1:
        middle = 0.5 * (low + high)
        found = {name: limit(float(np.exp(middle))) for name, limit in at.items()}
        low, high = (low, middle) if chains.rate(found) > alpha else (middle, high)
    rate = float(np.exp(0.5 * (low + high))) if len(at) > 1 else alpha
    return rate, {name: limit(rate) for name, limit in at.items()}


def _fits(estimator: Estimator, law: Law, n: int, p: int, seed: int, like: Like | None, exact: bool = False) -> Fits:
    """Fits as uncertain as that of the reference: known parameters, a Wishart matrix, or the estimator on simulated references.

    `exact`: tails are worked out from each of them, which is worth more of them.
    """
    if exact and like is not None and not isinstance(law, ChiSquared) and not getattr(estimator, "regularised", False):
        like = rounder(like, n - 1)
    found = _simulated_fits(estimator, law, n, p, seed, like, exact)
    return found if like is None else replace(found, truth=like.factor)


def _simulated_fits(estimator: Estimator, law: Law, n: int, p: int, seed: int, like: Like | None, exact: bool) -> Fits:
    rng = np.random.default_rng([seed, n, p, 5])
    if isinstance(law, Regressed):  # T² of residuals is that of single rows, stretched
        single = _simulated_fits(estimator, law.inner, n, p, seed, like, exact)
        return replace(single, factor=single.factor / np.sqrt(law.stretch))
    if isinstance(law, ChiSquared):
        return Fits.known(p)
    if isinstance(law, Exact):
        return Fits.classical(n, p, _DRAWN, rng)
    rows = min(n, max(_MOST_ROWS, _PER_VARIABLE * p))
    if equivariance(estimator) == "affine" and not takes_missing(estimator):
        seen = _fitted(estimator, lambda: configuration(rng, rows, p), rows, p, exact)
        return Fits.classical(rows, p, _DRAWN, rng).seen(seen)
    lower = np.eye(p) if like is None else like.factor
    found = _fitted(estimator, lambda: rng.standard_normal((rows, p)) @ lower.T, rows, p, exact)
    center = solve_triangular(lower, found.center.T, lower=True).T
    return Fits(center, np.tril(np.array([solve_triangular(lower, one, lower=True) for one in found.factor])))


def _fitted(estimator: Estimator, drawn: Callable[[], Floats], rows: int, p: int, exact: bool) -> Fits:
    found: list[Scatter] = []
    wanted = np.clip(_EXACT_CELLS / (rows * p), *_EXACT_FITS) if exact else np.clip(_CELLS / (rows * p), *_FITS)
    while len(found) < int(wanted):
        with suppress(Degenerate):  # normal rows that the estimator cannot answer: draw others
            found.append(estimator(drawn()))
    return Fits(np.array([one.center for one in found]), np.array([one.factor for one in found]))


def _words(estimator: Estimator, n: int, p: int, fits: int, charts: Mapping[str, Chart], alpha: float, error: float) -> str:
    fitted = f"{title(estimator)}: n = {n}, p = {p}, {fits} references"
    known = f"known parameters, p = {p}" if fits == 1 else fitted
    others = f", {' and '.join(charts)} together one false alarm in {1 / alpha:.4g} rows" if len(charts) > 1 else ""
    return f"simulated for {known}{others} (standard error {error:.1%})"


def _beside(chart: Chart, p: int, rate: float) -> str:
    """The limit for known parameters, where it can be computed."""
    run: MewmaRun | McusumRun
    if isinstance(chart, Mewma):
        run = MewmaRun(p, chart.lam, chart.exact)
    elif isinstance(chart, Mcusum):
        run = McusumRun(p, chart.k)
    else:
        return ""
    try:
        return f"; with known parameters {run.limit(1.0 / rate):.4g}"
    except BadRecipe:
        return ""
