"""A table of which one column only drifts, shared by tests of the recommendation."""

from __future__ import annotations

import numpy as np


def csv(n: int = 400) -> str:
    """flow and speed steady, oil wandering."""
    rng = np.random.default_rng(1)
    steady, walk = rng.normal(size=(n, 2)), np.cumsum(rng.normal(size=n))
    lines = [f"{10 + a:.5f},{50 + b:.5f},{80 + c:.5f}" for (a, b), c in zip(steady, walk, strict=True)]
    return "\n".join(["flow,speed,oil", *lines]) + "\n"
