"""The limit of SPE for a fit: as many times the usual approximate one as keeps its promise over references like this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spc.charts import BoundSpe
from spc.limits.outside import Refitted
from spc.nouns import Limit
from spc.phase1.chains import Fits


@dataclass(frozen=True, eq=False)
class Calibrated:
    """The limits of SPE for a model whose own `usual` limit is known, from fits that are as uncertain as the model's own.

    The number of axes is that of the model in every fit: what is promised is promised for charts with as many.
    """

    refitted: Refitted
    usual: float
    words: str

    @classmethod
    def of(cls, chart: BoundSpe, fits: Fits) -> Calibrated:
        """From the chart of a model and fits to references of a process like it."""
        many = chart.bound(fits.factors)
        found = Refitted.of(many.outside.rest, fits.center, fits.factor, many.usual, fits.tables)
        p = chart.outside.axes.shape[0]
        return cls(found, float(chart.usual), f"{p - chart.components} of {p} axes")

    def ratio(self, rate: float) -> float:
        """The limit with this rate of false alarms, in units of the usual one."""
        return self.refitted.ratio(rate)

    def between(self, low: float, high: float) -> Callable[[float], float]:
        """The same for rates between two, quickly: the logarithm of the limit is nearly a parabola in that of the rate."""
        at = np.log([low, np.sqrt(low * high), high]) - np.log(high)
        curve = np.polyfit(at, np.log([self.ratio(float(np.exp(one) * high)) for one in at]), 2)
        return lambda rate: float(np.exp(np.polyval(curve, np.log(rate / high))))

    def error(self, rate: float) -> float:
        """Its relative standard error, as one of the rate."""
        return self.refitted.error(rate)

    def limit(self, rate: float, words: str) -> Limit:
        """The limit, with `words` for the simulation and its law."""
        ratio = self.ratio(rate)
        law = f"{words}; {self.words}, {ratio:.4g} times Box's limit {self.usual:.4g} for known parameters, exact tail of each fit"
        return Limit(ratio * self.usual, rate, law)
