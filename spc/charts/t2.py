"""Hotelling's T²: one number per row for how far it is from the centre, all variables and their relations taken together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from spc.charts.contract import Lanes
from spc.nouns import Floats


@dataclass(frozen=True)
class T2:
    """T² = ‖z‖² of each whitened row (Hotelling 1947). It has no memory: each row is judged by itself.

    alpha: false-alarm probability per row; None takes the recipe's.

    >>> T2().step(T2().start(2), np.array([[3.0, 4.0]]))[1].tolist()
    [25.0]
    """

    alpha: float | None = None
    name: ClassVar[str] = "t2"
    title: ClassVar[str] = "T²"

    def start(self, p: int) -> dict[str, Any]:
        """The chart's memory before the first row: none."""
        return {}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """T² of each whitened row z (n, q)."""
        return state, np.asarray(np.einsum("ij,ij->i", z, z))

    def lanes(self, count: int, p: int) -> Lanes:
        """The same for `count` processes side by side."""
        return lambda z: np.asarray(np.einsum("ij,ij->i", z, z))
