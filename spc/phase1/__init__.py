"""Phase I: what the process is like when nothing is wrong."""

from __future__ import annotations

from spc.phase1.fit import Fit, Review, fit
from spc.phase1.recipe import LIMITS, Recipe

__all__ = ["LIMITS", "Fit", "Recipe", "Review", "fit"]
