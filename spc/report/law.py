"""The law of T² of reference rows, as far as a model tells it: what a Q–Q plot is drawn against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spc.limits import KnownParameters, ReferenceRow, lookup
from spc.nouns import Limit, Model

_BODY = 0.1  # alpha from which robust distances of reference rows are taken to follow the classical law


@dataclass(frozen=True, eq=False)
class OwnLaw:
    """T² of a row that took part in the fit: the classical quantiles, raised in the tail so that the model's calibrated limit is met.

    Where the shipped table knows the estimator, it gives the ratios to the classical law from alpha = 0.1 on. Elsewhere the model keeps one
    limit for reference rows: its ratio holds at the model's alpha and beyond, and fades to 1 at alpha = 0.1, along a straight line in log
    alpha; the body of the law is then right to some percent from n = 10 p on. For the classical estimate the ratio is 1, and this is the
    exact beta law; for known parameters it is χ². Where no classical law exists (n ≤ p + 1) the ratio to χ² is taken as constant.
    """

    model: Model

    def limit(self, alpha: float) -> Limit:
        """The value above which a share alpha of good reference rows lies."""
        alphas, ratios = self._ratios
        ratio = float(np.interp(np.log(alpha), np.log(alphas), ratios))
        return Limit(self._classical(alpha) * float(np.exp(ratio)), alpha, self.model.reference_limits["t2"].law)

    @cached_property
    def _ratios(self) -> tuple[list[float], list[float]]:
        """Alphas in ascending order, and the logs of the ratios there; beyond the ends they are constant."""
        own, model = self.model.reference_limits["t2"], self.model
        h = model.recipe.get("estimator", {}).get("h")
        known = lookup(model.estimator, h, model.estimator, model.n, model.p) if isinstance(h, float) else None
        if known is not None:
            alphas = sorted(float(alpha) for alpha in known.own_alphas)
            return alphas, [float(np.log(known.reference_row(alpha).value / self._classical(alpha))) for alpha in alphas]
        ratio = float(np.log(own.value / self._classical(own.alpha)))
        return ([own.alpha, _BODY], [ratio, 0.0]) if self._exact and own.alpha < _BODY else ([own.alpha], [ratio])

    @property
    def _exact(self) -> bool:
        return self.model.estimator != "known" and self.model.n > self.model.p + 1

    def _classical(self, alpha: float) -> float:
        n, p = self.model.n, self.model.p
        return (ReferenceRow(n, p).limit(alpha) if self._exact else KnownParameters(p).limit(alpha)).value
