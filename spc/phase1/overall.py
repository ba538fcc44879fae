"""The limit for reference rows at an overall error rate: how many clean references show any outlier at all."""

from __future__ import annotations

from functools import partial

from spc.errors import BadRecipe
from spc.limits import Calibration, KnownParameters, Like, Tabled, checked_alpha
from spc.limits.cache import Key, remembered
from spc.limits.overall import Overall, overall
from spc.nouns import Limit
from spc.phase1.laws import ChiSquared, Exact, Larger, Law, Progress
from spc.scatter import Estimator, Known, equivariance, title

_MOST = 4000  # rows; the fits of larger tables take long, and their rows hardly depend on one another


def overall_limit(
    estimator: Estimator,
    law: Law,
    n: int,
    p: int,
    rate: float,
    seed: int = 0,
    progress: Progress | None = None,
    like: Like | None = None,
) -> Limit:
    """The limit that the largest T² of n reference rows of p variables exceeds in the share `rate` of clean references.

    Simulated for the estimator (`spc.limits.overall`), `like` a fitted reference when it is not affine equivariant. With known parameters
    and beyond 4000 rows, each row is held to 1 − (1 − rate)^(1/n), exact for independent rows; `law` is then asked. Raises BadRecipe for
    a rate that is no probability and for a law of other than normal rows, TooFewRows when n ≤ p + 1 or when rows have gaps.
    Source: Cerioli 2010.

    >>> from spc.phase1.laws import ChiSquared
    >>> overall_limit(Known(center=(0.0,), covariance=((1.0,),)), ChiSquared(1), 50, 1, 0.01).law
    'χ²(1), each of 50 rows at 0.0201 %: the largest is beyond it in 1 % of clean references'
    """
    checked_alpha(rate)
    if not isinstance(law, Exact | ChiSquared | Calibration | Larger | Tabled):
        raise BadRecipe(
            "An overall rate is for limits that are worked out from normal references.",
            cure="Use limit 'calibrated', or ask for no overall rate.",
        )
    if isinstance(estimator, Known) or n > _MOST:
        each = 1.0 - (1.0 - rate) ** (1.0 / n)
        one = KnownParameters(p).limit(each) if isinstance(estimator, Known) else law.new_row(each, p)
        words = f"{one.law}, each of {n} rows at {100 * each:.3g} %: the largest is beyond it in {100 * rate:.4g} % of clean references"
        return Limit(one.value, rate, words)
    affine = equivariance(estimator) == "affine" and (like is None or like.gaps is None)
    return _simulated(estimator, n, p, seed, progress, None if affine else like).limit(rate)


def _simulated(estimator: Estimator, n: int, p: int, seed: int, progress: Progress | None, like: Like | None) -> Overall:
    report = None if progress is None else (lambda share: progress(share, f"calibrating the overall limit for n = {n}, p = {p}"))
    key = Key(("overall", estimator, n, p, seed, like and like.digest))
    asked = partial(overall, estimator, title(estimator), n, p, like=like, seed=seed, progress=report)
    return remembered(key, Overall, asked, lambda found: found.error(found.value(0.01)))
