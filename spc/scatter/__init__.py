"""Phase I estimators: each is a question asked of a table (frozen parameters), and its answer is a Scatter.

An estimator is a frozen dataclass with a `name`, a flag `robust`, `rows_needed(p)` and `__call__(x) -> Scatter`; it is listed in
ESTIMATORS or named `module:Class` in the settings. `check` is the contract that every one of them must pass.
"""

from __future__ import annotations

from spc.scatter.cellwise import Cells, Cellwise
from spc.scatter.cholesky import ModifiedCholesky
from spc.scatter.classical import Classical
from spc.scatter.componentwise import Componentwise
from spc.scatter.contract import Equivariance, Estimator, check, equivariance, takes_missing, title
from spc.scatter.differences import SuccessiveDifferences
from spc.scatter.factor import Hyperplane
from spc.scatter.known import Known
from spc.scatter.mcd import Mcd, subset_size
from spc.scatter.mm import Mm
from spc.scatter.mrcd import Mrcd
from spc.scatter.ogk import Ogk
from spc.scatter.s import S
from spc.scatter.shrinkage import LedoitWolf, Oas

ESTIMATORS: dict[str, type[Estimator]] = {
    "classical": Classical,
    "known": Known,
    "mcd": Mcd,
    "s": S,
    "mm": Mm,
    "cellwise": Cellwise,
    "ogk": Ogk,
    "mrcd": Mrcd,
    "componentwise": Componentwise,
    "ledoit_wolf": LedoitWolf,
    "oas": Oas,
    "successive_differences": SuccessiveDifferences,
    "modified_cholesky": ModifiedCholesky,
}

__all__ = [
    "ESTIMATORS",
    "Cells",
    "Cellwise",
    "Classical",
    "Componentwise",
    "Equivariance",
    "Estimator",
    "Hyperplane",
    "Known",
    "LedoitWolf",
    "Mcd",
    "Mm",
    "ModifiedCholesky",
    "Mrcd",
    "Oas",
    "Ogk",
    "S",
    "SuccessiveDifferences",
    "check",
    "equivariance",
    "subset_size",
    "takes_missing",
    "title",
]
