"""Laws that turn a promise (a false-alarm probability per row) into a control limit, each saying in words what it is."""

from __future__ import annotations

from spc.limits.calibrated import TAIL_GRID, Calibration, Effort, Like, calibrate
from spc.limits.exact import KnownParameters, NewRow, ReferenceRow, checked_alpha
from spc.limits.guaranteed import Guaranteed, checked_confidence, guaranteed
from spc.limits.quadratic import tail
from spc.limits.table import Tabled, covers, lookup

__all__ = [
    "TAIL_GRID",
    "Calibration",
    "Effort",
    "Guaranteed",
    "KnownParameters",
    "Like",
    "NewRow",
    "ReferenceRow",
    "Tabled",
    "calibrate",
    "checked_alpha",
    "checked_confidence",
    "covers",
    "guaranteed",
    "lookup",
    "tail",
]
