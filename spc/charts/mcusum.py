"""The multivariate cumulative sum: evidence for a shift of a known size adds up until it is enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from spc.charts.contract import Lanes
from spc.errors import BadRecipe
from spc.nouns import Floats


@dataclass(frozen=True)
class Mcusum:
    """‖s‖ with s ← (s + z)(1 − k/‖s + z‖), or 0 where ‖s + z‖ ≤ k, of whitened rows z (Crosier 1988, eq. 1 to 3).

    k: the reference value, half the Mahalanobis length of the shift that matters. alpha: false alarms per row; None takes the recipe's.
    Raises BadRecipe for a k that is not positive.

    >>> state, values = Mcusum(k=1.0).step(Mcusum().start(2), np.array([[3.0, 4.0], [0.3, 0.4], [-2.1, -2.8]]))
    >>> values.round(12).tolist()
    [4.0, 3.5, 0.0]
    """

    k: float = 0.5
    alpha: float | None = None
    name: ClassVar[str] = "mcusum"
    title: ClassVar[str] = "MCUSUM"

    def __post_init__(self) -> None:
        if not 0.0 < self.k < math.inf:
            raise BadRecipe(f"k = {self.k:g} is not a reference value.", cure="Use a positive number, half the shift that matters: 0.5.")

    def start(self, p: int) -> dict[str, Any]:
        """The memory before the first row: the sum s (p,)."""
        return {"s": [0.0] * p}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """The statistic of each whitened row z (n, p), and the memory after them."""
        s, values = np.array(state["s"]), np.empty(len(z))
        for i, row in enumerate(z):
            s = s + row
            length = math.sqrt(float(s @ s))
            if length == math.inf:
                length = math.hypot(*s.tolist())
            if length <= self.k:
                s, values[i] = np.zeros_like(s), 0.0
            else:
                s *= 1.0 - self.k / length
                values[i] = length - self.k
        return {"s": s.tolist()}, values

    def lanes(self, count: int, p: int) -> Lanes:
        """The same for `count` processes side by side."""
        s = np.zeros((count, p))

        def advance(z: Floats) -> Floats:
            nonlocal s
            s = s + z
            length = np.sqrt(np.einsum("ij,ij->i", s, s))
            left = np.maximum(length - self.k, 0.0)
            s *= (left / np.maximum(length, self.k))[:, None]
            return np.asarray(left)

        return advance
