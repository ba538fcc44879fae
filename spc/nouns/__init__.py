"""The nouns: frozen values that the rooms hand to each other. No files, no SQL, no web, no plotting here.

A table of rows is a *block*: arrays, one entry per row. A live row is a block of one, so that watching a line and replaying a year
are the same code. Missing values are NaN in `x`; unknown times are NaT in `at`.
"""

from __future__ import annotations

from spc.nouns.alarm import Alarm
from spc.nouns.arrays import Bools, Codes, Floats, Ints, Times
from spc.nouns.cause import Cause, Since
from spc.nouns.dynamics import Dynamics
from spc.nouns.model import MODEL_VERSION, Guard, Limit, Model
from spc.nouns.points import Blame, Point, Points, Signal, Track
from spc.nouns.products import Agreement, ProductModels, load_model
from spc.nouns.reference import Column, Dialect, Exclusion, Finding, Reference, Role, Severity
from spc.nouns.rows import QUALITIES, UNFIT, Rows
from spc.nouns.scatter import Scatter
from spc.nouns.subgroups import Subgroups

__all__ = [
    "MODEL_VERSION",
    "QUALITIES",
    "UNFIT",
    "Agreement",
    "Alarm",
    "Blame",
    "Bools",
    "Cause",
    "Codes",
    "Column",
    "Dialect",
    "Dynamics",
    "Exclusion",
    "Finding",
    "Floats",
    "Guard",
    "Ints",
    "Limit",
    "Model",
    "Point",
    "Points",
    "ProductModels",
    "Reference",
    "Role",
    "Rows",
    "Scatter",
    "Severity",
    "Signal",
    "Since",
    "Subgroups",
    "Times",
    "Track",
    "load_model",
]
