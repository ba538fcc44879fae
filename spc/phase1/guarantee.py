"""The law of limits with a guarantee for the very reference at hand, beside the law that holds on average over references."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.errors import BadRecipe
from spc.limits import Calibration, Effort, Like, Tabled
from spc.limits.guaranteed import Guaranteed, checked_confidence, classical, said
from spc.nouns import Floats, Limit
from spc.phase1.laws import ChiSquared, Exact, Larger, Law, Progress, simulated
from spc.scatter import Estimator

_FITS, _ROWS = 800, 200_000  # simulated references, and rows of theirs from which fewer do: confidence ± 0.7 points
_CONFIGURATIONS, _BETWEEN = 9000, (250, 700)  # for affine equivariant estimators, times p/n: means and covariances are drawn for each
_ANCHORS = (0.5, 0.05, 0.0027, 1e-5, 1e-7)  # where tails are worked out; their ratio to the law on average is smooth between these


@dataclass(frozen=True)
class Guarantee:
    """New rows alarm with probability at most alpha with this confidence; rows of the reference itself keep the law on average.

    When the references of the sample have fewer rows than n, the logarithm of the guaranteed limit over the one on average is carried to
    n as 1/√n, the size of the luck of a reference.
    """

    average: Law
    sample: Guaranteed
    n: int

    @property
    def at(self) -> Calibration:
        """What the limits are worked out from."""
        return self.sample.found

    def new_row(self, alpha: float, q: int) -> Limit:
        few = self.sample.found.n
        if few == self.n:
            return self.sample.new_row(alpha, q)
        ratio = self.sample.quantile(alpha, q) / self.sample.found.quantile(alpha, q)
        usual = self.average.new_row(alpha, q)
        value = usual.value * ratio ** np.sqrt(few / self.n)
        return Limit(value, alpha, f"{said(alpha, self.sample.confidence)}: {usual.law}")

    def reference_row(self, alpha: float) -> Limit:
        return self.average.reference_row(alpha)

    def tails(self) -> tuple[tuple[float, float], ...]:
        usual = dict(self.average.tails())
        at = np.log([alpha for alpha in _ANCHORS if alpha in usual])
        ratios = [np.log(self.new_row(float(a), self.sample.found.p).value / usual[a]) for a in _ANCHORS if a in usual]
        between = np.exp(_curve(at[::-1], np.array(ratios)[::-1], np.log(list(usual))))
        return tuple((alpha, value * float(ratio)) for (alpha, value), ratio in zip(usual.items(), between, strict=True))


def with_guarantee(
    average: Law,
    confidence: float,
    estimator: Estimator,
    n: int,
    p: int,
    seed: int = 0,
    progress: Progress | None = None,
    like: Like | None = None,
) -> Law:
    """The law with a guarantee, from the one on average of the same estimator; with known parameters every reference is the same.

    Raises BadRecipe when the law is one for which no references can be simulated.
    """
    checked_confidence(confidence)
    if isinstance(average, ChiSquared):
        return average
    if isinstance(average, Exact):
        return Guarantee(average, Guaranteed(classical(n, p), confidence), n)
    if isinstance(average, Tabled):  # a table of averages: references have to be simulated, only as many as the luck of theirs asks for
        effort = Effort(int(np.clip(_CONFIGURATIONS * p / n, *_BETWEEN)), error=np.inf)
        sample = simulated(estimator, n, p, seed, progress, like, effort)
        return Guarantee(average, Guaranteed(sample.at if isinstance(sample, Larger) else sample, confidence), n)
    if isinstance(average, Larger):
        return Guarantee(average, Guaranteed(average.at, confidence), n)
    if isinstance(average, Calibration):
        return Guarantee(average, Guaranteed(average, confidence), n)
    raise BadRecipe(
        "A guarantee is for limits that are worked out from normal references.",
        cure="Use limit 'calibrated', or ask for no guarantee.",
    )


def fewest(confidence: float | None, n: int) -> int:
    """How many references of n rows a calibration should simulate at least: more when a guarantee is to be read from it.

    >>> fewest(None, 200), fewest(0.9, 200), fewest(0.9, 1000)
    (60, 800, 200)
    """
    return 60 if confidence is None else int(np.clip(_ROWS / n, 100, _FITS))


def _curve(at: Floats, values: Floats, wanted: Floats) -> Floats:
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - takes long to load, and not every process fits

    return np.asarray(PchipInterpolator(at, values)(wanted))
