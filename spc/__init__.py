"""Multivariate statistical process control: read a reference, fit a model, judge each row, say why.

>>> import numpy, pandas, spc
>>> good = pandas.DataFrame(numpy.random.default_rng(1).normal(size=(100, 2)), columns=["length_mm", "warp_mm"])
>>> model = spc.fit(spc.read(good), spc.Recipe(estimator=spc.scatter.Classical()))
>>> spc.judge(model, pandas.DataFrame({"length_mm": [0.1, 6.0], "warp_mm": [0.2, -6.0]}))["t2_out"].tolist()
[0, 1]

Everything is loaded when it is first used, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from spc.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from spc import charts, distances, errors, scatter
    from spc.frames import Monitor
    from spc.nouns import Model, ProductModels, Reference, Role
    from spc.phase1 import Recipe

__version__ = VERSION

__all__ = [
    "Model",
    "Monitor",
    "ProductModels",
    "Recipe",
    "charts",
    "distances",
    "errors",
    "fit",
    "fit_products",
    "judge",
    "read",
    "scatter",
]

_HOME = {"Model": "spc.nouns", "Monitor": "spc.frames", "ProductModels": "spc.nouns", "Recipe": "spc.phase1"}


def read(
    source: str | bytes | Path | BinaryIO | pd.DataFrame,
    *,
    name: str = "",
    roles: Mapping[str, Role] | None = None,
    timezone: str = "UTC",
) -> Reference:
    """A reference table: a CSV file (its path, its bytes, or an open binary file) or a DataFrame.

    `roles` overrules the role that was guessed for a column; times without a zone are taken to be in `timezone`. Raises a Complaint
    that names row, column and cure.
    """
    from spc.frames import read as reading

    return reading(source, name=name, roles=roles, timezone=timezone)


def fit(reference: Reference | pd.DataFrame, recipe: Recipe | None = None) -> Model:
    """The model of a reference: its scatter, its limits with their laws, its outliers. Raises a Complaint when there can be none."""
    from spc.frames import fit as fitting

    return fitting(reference, recipe)


def fit_products(reference: Reference | pd.DataFrame, recipe: Recipe) -> ProductModels:
    """A model for each product of a reference, told apart by the column `recipe.product`, and whether their scatters agree.

    `spc.judge` and `spc.Monitor` take the answer in place of a model and judge each row by its own product's.
    """
    from spc.frames import fit_products as fitting

    return fitting(reference, recipe)


def judge(model: Model | ProductModels, rows: pd.DataFrame, *, blame: bool = False) -> pd.DataFrame:
    """Each row judged: a DataFrame with the columns of `spc judge` (row, [time], [id], t2, t2_ucl, t2_out, …, signal, note).

    Columns are matched by name. `blame` adds each variable's share of t2. Raises ColumnMismatch and BadTable.
    """
    from spc.frames import judge as judging

    return judging(model, rows, blame=blame)


def __getattr__(name: str) -> Any:
    if name in ("charts", "distances", "errors", "scatter", "sklearn"):
        return importlib.import_module(f"spc.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'spc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
