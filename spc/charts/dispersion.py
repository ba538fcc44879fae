"""The covariance within a subgroup against that of the reference: a spread or a relation that changed, whatever the mean does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from spc.charts.contract import Lanes
from spc.errors import BadRecipe
from spc.nouns import Floats

_FARTHEST = 1e75  # standard deviations from their mean beyond which rows count as this far out: a square must stay a number
_LARGEST = float(np.finfo(np.float64).max)
_LEAST = 1e-12  # a variance of a covariance: below it is rounding, and rows that are all alike have none


@dataclass(frozen=True)
class Dispersion:
    """ν (tr C − log|C| − p) of the covariance C of a subgroup's k = ν + 1 whitened rows: the likelihood ratio of Σ = Σ₀ (Korin 1968).

    It is 0 when the subgroup scatters exactly as the reference does within subgroups, and grows with a wider and with a narrower spread
    and with a relation that changes; the subgroup's mean has no part in it (Alt 1985). It needs more rows than variables. alpha: false
    alarms per subgroup; None takes the recipe's. It judges the rows of a subgroup together, so it has no memory and takes no single rows.

    >>> rows = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> dispersion = Dispersion()
    >>> dispersion.covariance(rows).round(4).tolist()
    [[2.6667, 0.0], [0.0, 0.6667]]
    >>> round(dispersion.of(rows), 4)  # 3 (2.6667 + 0.6667 − log 1.7778 − 2)
    2.2739
    """

    alpha: float | None = None
    name: ClassVar[str] = "dispersion"
    title: ClassVar[str] = "Dispersion"

    def covariance(self, z: Floats) -> Floats:
        """C (p, p) of whitened rows z (k, p), k > p, about their mean; raises ValueError for fewer.

        A spread of nothing, of rows that are all alike, is taken for one of 1e-6 standard deviations: it has a logarithm.
        """
        k, p = z.shape
        if k <= p:
            raise ValueError("a covariance needs more rows than there are variables")
        away = np.clip(z, -_FARTHEST, _FARTHEST)
        away = away - away.mean(axis=0)
        spread, axes = np.linalg.eigh(away.T @ away / (k - 1.0))
        return np.asarray((axes * np.maximum(spread, _LEAST)) @ axes.T)

    def of(self, z: Floats) -> float:
        """The statistic of whitened rows z (k, p)."""
        if np.abs(z).max() > _FARTHEST:  # beside a trace like this one the logarithm is nothing
            away = z - (z / len(z)).sum(axis=0)
            return min(float(np.einsum("ij,ij->", away, away)), _LARGEST)
        spread = np.maximum(np.linalg.eigvalsh(self.covariance(z)), _LEAST)
        return float((len(z) - 1.0) * np.sum((spread - 1.0) - np.log(spread)))

    def start(self, p: int) -> dict[str, Any]:
        """The chart's memory before the first subgroup: none."""
        return {}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """Not of single rows: raises BadRecipe."""
        raise of_subgroups(self.name)

    def lanes(self, count: int, p: int) -> Lanes:
        """Not of single rows: raises BadRecipe."""
        raise of_subgroups(self.name)


def of_subgroups(name: str) -> BadRecipe:
    """What is wrong when the dispersion is asked of single rows."""
    return BadRecipe(
        f"The chart {name} is of the covariance within subgroups: a single row has none.",
        cure="Name the column of the subgroups (--subgroup), or take mewmc, which watches the covariance of single rows.",
    )
