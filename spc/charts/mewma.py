"""The multivariate exponentially weighted moving average: small shifts that last add up, and are seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from spc.charts.contract import Lanes
from spc.charts.smoothed import smoothed, weight
from spc.nouns import Floats


@dataclass(frozen=True)
class Mewma:
    """‖y‖² (2 − λ)/λ with y ← λz + (1 − λ)y of whitened rows z (Lowry, Woodall, Champ & Rigdon 1992).

    lam: λ, the weight of the newest row, 0 < λ ≤ 1: small values see small shifts. exact: each row is measured by its own variance,
    λ(1 − (1 − λ)^2t)/(2 − λ), which sees a shift sooner that was there from the start; it needs a limit of its own. alpha: false alarms
    per row; None takes the recipe's. Raises BadRecipe for another λ.

    >>> state, values = Mewma(lam=0.5).step(Mewma().start(2), np.array([[3.0, 4.0], [0.0, 0.0]]))
    >>> values.tolist(), state
    ([18.75, 4.6875], {'y': [0.75, 1.0], 't': 2})
    """

    lam: float = 0.1
    exact: bool = False
    alpha: float | None = None
    name: ClassVar[str] = "mewma"
    title: ClassVar[str] = "MEWMA"

    def __post_init__(self) -> None:
        weight(self.lam, "MEWMA")

    def start(self, p: int) -> dict[str, Any]:
        """The memory before the first row: the mean y (p,) and the number of rows in it."""
        return {"y": [0.0] * p, "t": 0}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """The statistic of each whitened row z (n, p), and the memory after them."""
        if not len(z):
            return state, np.empty(0)
        y = smoothed(z, np.array(state["y"]), self.lam)
        t = int(state["t"])
        return {"y": y[-1].tolist(), "t": t + len(z)}, np.asarray(np.einsum("ij,ij->i", y, y) / self._variance(t + 1, len(z)))

    def lanes(self, count: int, p: int) -> Lanes:
        """The same for `count` processes side by side."""
        y, t = np.zeros((count, p)), 0

        def advance(z: Floats) -> Floats:
            nonlocal y, t
            y = self.lam * z + (1.0 - self.lam) * y
            t += 1
            return np.asarray(np.einsum("ij,ij->i", y, y) / self._variance(t, 1))

        return advance

    def _variance(self, t: int, n: int) -> Floats | float:
        """What ‖y‖² of rows t … t + n − 1 is measured by: one number, or with `exact` each row's own."""
        lasting = self.lam / (2.0 - self.lam)
        return np.asarray(lasting * (1.0 - (1.0 - self.lam) ** (2.0 * np.arange(t, t + n)))) if self.exact else lasting
