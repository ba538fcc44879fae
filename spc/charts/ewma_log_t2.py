"""The moving average of log T²: it rises with a shift and with a change of the spread or of a relation, once that lasts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import digamma

from spc.charts.contract import Lanes
from spc.charts.smoothed import smoothed, weight
from spc.nouns import Floats

_LEAST = 1e-12  # a T² below it counts as this: a row in the very centre must not weigh without bound


@dataclass(frozen=True)
class EwmaLogT2:
    """exp(e) with e ← λ log T² + (1 − λ)e: a geometric moving average of T², on the scale of T².

    lam: λ, 0 < λ ≤ 1. It begins at what log T² is on average in control, ψ(p/2) + log 2. alpha: false alarms per row; None takes the
    recipe's. Raises BadRecipe for another λ.

    >>> _, values = EwmaLogT2(lam=0.5).step({"e": 0.0}, np.array([[1.0, 0.0], [2.0, 0.0]]))
    >>> values.tolist()
    [1.0, 2.0]
    """

    lam: float = 0.1
    alpha: float | None = None
    name: ClassVar[str] = "ewma_log_t2"
    title: ClassVar[str] = "EWMA of log T²"

    def __post_init__(self) -> None:
        weight(self.lam, "EWMA of log T²")

    def start(self, p: int) -> dict[str, Any]:
        """The memory before the first row: the mean of log T² in control."""
        return {"e": _middle(p)}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """The statistic of each whitened row z (n, p), and the memory after them."""
        if not len(z):
            return state, np.empty(0)
        e = smoothed(_logs(z)[:, None], np.array([state["e"]]), self.lam)[:, 0]
        return {"e": float(e[-1])}, np.exp(e)

    def lanes(self, count: int, p: int) -> Lanes:
        """The same for `count` processes side by side."""
        e = np.full(count, _middle(p))

        def advance(z: Floats) -> Floats:
            nonlocal e
            e = self.lam * _logs(z) + (1.0 - self.lam) * e
            return np.exp(e)

        return advance


def _logs(z: Floats) -> Floats:
    found = np.asarray(np.log(np.maximum(np.einsum("ij,ij->i", z, z), _LEAST)))
    for i in np.flatnonzero(found == math.inf):  # the square is no number any more, its logarithm is one
        found[i] = 2.0 * math.log(math.hypot(*z[i].tolist()))
    return found


def _middle(p: int) -> float:
    return float(digamma(0.5 * p) + np.log(2.0))
