"""Phase I: what the process is like when nothing is wrong."""

from __future__ import annotations

from spc.phase1.again import review
from spc.phase1.distribution_free import DistributionFree, Shift, distribution_free
from spc.phase1.fit import Fit, fit
from spc.phase1.overall import overall_limit
from spc.phase1.products import ProductFits, fit_products
from spc.phase1.recipe import LIMITS, Recipe
from spc.phase1.recommend import Recommendation, recommend
from spc.phase1.review import Review, SubgroupReview
from spc.phase1.stability import Move, Stability, stability

__all__ = [
    "LIMITS",
    "DistributionFree",
    "Fit",
    "Move",
    "ProductFits",
    "Recipe",
    "Recommendation",
    "Review",
    "Shift",
    "Stability",
    "SubgroupReview",
    "distribution_free",
    "fit",
    "fit_products",
    "overall_limit",
    "recommend",
    "review",
    "stability",
]
