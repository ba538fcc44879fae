"""A pandas DataFrame as columns: numbers stay the same bits, objects are read cell by cell as the cells of a file are."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from spc.errors import Refused, TooFewRows
from spc.nouns import Role
from spc.reference.cells import LARGEST, Odd, is_missing, number, numbers
from spc.reference.fields import Field, Table
from spc.reference.guess import check_roles
from spc.reference.names import normal_name
from spc.reference.source import ReadLimits
from spc.reference.units import unit_of_name


def table_of_frame(frame: pd.DataFrame, roles: Mapping[str, Role], limits: ReadLimits, needed: Collection[str] = ()) -> tuple[Table, str]:
    """The columns of a DataFrame, and the SHA-256 of a canonical form of it (names, numbers as float64, other cells as text)."""
    if len(frame) == 0 or frame.shape[1] == 0:
        raise TooFewRows("The table has no rows.", cure="A reference needs some ten rows per variable.")
    if len(frame) > limits.max_rows or frame.shape[1] > limits.max_width:
        raise Refused(f"The table has {len(frame)} rows and {frame.shape[1]} columns.", cure="Keep fewer.")
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index(names=["time" if frame.index.name is None else str(frame.index.name)])
    names = _names(frame)
    check_roles(names, roles)
    fields, digest = [], hashlib.sha256()
    for j, name in enumerate(names):
        one = _field(name, frame.iloc[:, j], roles.get(name), name in needed)
        digest.update(name.encode() + b"\0")
        digest.update(one.values.tobytes() if one.storage == "number" else "\x1f".join(one.texts).encode("utf-8", "replace"))
        fields.append(one)
    return Table(fields, len(frame)), digest.hexdigest()


def _names(frame: pd.DataFrame) -> list[str]:
    names: list[str] = []
    labels: list[object] = list(frame.columns)
    for j, label in enumerate(labels):
        name = normal_name(" ".join(str(part) for part in label) if isinstance(label, tuple) else label) or f"column_{j + 1}"
        k, free = 1, name
        while free in names:
            k += 1
            free = f"{name}_{k}"
        names.append(free)
    return names


def _field(name: str, series: pd.Series[Any], role: Role | None, needed: bool) -> Field:
    numeric = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_complex_dtype(series)
    if numeric and role != "id":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        one = Field(name, unit_of_name(name), "number")
        endless = [Odd(int(i) + 1, "infinite", str(values[i])) for i in np.flatnonzero(np.abs(values) > LARGEST)]
        one.add_values(np.where(np.abs(values) <= LARGEST, values, np.nan), endless)
        one.close(len(values))
        return one
    texts = [_text(v) for v in series.tolist()]
    seen = [t for t in texts[:400] if not is_missing(t)]
    figures = sum(number(t)[0] in ("number", "grouped") for t in seen)
    if role in ("measurement", "guard") or needed or (role is None and (not seen or 2 * figures >= len(seen))):
        values, odd = numbers(texts, ".", 1)
        one = Field(name, unit_of_name(name), "number")
        one.add_values(values, odd)
        one.close(len(texts))
        return one
    return Field(name, unit_of_name(name), "text", texts=texts)


def _text(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value.isoformat(" ") if hasattr(value, "isoformat") else str(value)
