"""Phase I estimators: each is a question asked of a table (frozen parameters), and its answer is a Scatter.

An estimator is a frozen dataclass with a `name`, a flag `robust`, `rows_needed(p)` and `__call__(x) -> Scatter`; it is listed in
ESTIMATORS or named `module:Class` in the settings. `check` is the contract that every one of them must pass.
"""

from __future__ import annotations

from spc.scatter.classical import Classical
from spc.scatter.contract import Equivariance, Estimator, check, equivariance, takes_missing
from spc.scatter.factor import Hyperplane
from spc.scatter.known import Known
from spc.scatter.mcd import Mcd, subset_size
from spc.scatter.mm import Mm
from spc.scatter.s import S

ESTIMATORS: dict[str, type[Estimator]] = {"classical": Classical, "known": Known, "mcd": Mcd, "s": S, "mm": Mm}

__all__ = [
    "ESTIMATORS",
    "Classical",
    "Equivariance",
    "Estimator",
    "Hyperplane",
    "Known",
    "Mcd",
    "Mm",
    "S",
    "check",
    "equivariance",
    "subset_size",
    "takes_missing",
]
