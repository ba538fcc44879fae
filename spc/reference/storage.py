"""Whether a column is kept as numbers or as texts, judged on the sample of its cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from spc.nouns import Role
from spc.reference.cells import is_missing, number, suffix
from spc.reference.fields import Storage
from spc.reference.layout import Layout
from spc.reference.stamps import looks_like_time
from spc.reference.units import is_unit
from spc.reference.words import ID_NAME

_CELLS = 20_000  # cells looked at
_LEADING_ZERO = re.compile(r"0\d+", re.ASCII)


def storages(layout: Layout, roles: Mapping[str, Role], needed: Collection[str] = ()) -> tuple[list[Storage], list[str]]:
    """For each column of the header: "number" or "text", and the unit that every cell carries behind its number ("" for none)."""
    kinds: list[Storage] = []
    units: list[str] = []
    sample = layout.sample[: max(20, _CELLS // layout.header.width)]
    for name, j in zip(layout.header.names, layout.header.kept, strict=True):
        seen = [c for r in sample if j < len(r.cells) and not is_missing(c := r.cells[j])]
        unit = _common_unit(seen)
        units.append(unit)
        role = roles.get(name)
        if name in needed or role in ("measurement", "guard"):
            kinds.append("number")
        elif role in ("id", "product") or (ID_NAME.fullmatch(name) and role is None):
            kinds.append("text")
        else:
            kinds.append("number" if unit else _of_cells(seen))
    return kinds, units


def _of_cells(seen: list[str]) -> Storage:
    if not seen:
        return "number"
    if 2 * sum(_LEADING_ZERO.fullmatch(c.strip()) is not None for c in seen) > len(seen):
        return "text"  # part numbers such as 00017 would lose their zeros
    figures = sum(number(c)[0] in ("number", "grouped", "other_mark", "infinite") for c in seen)
    if figures == len(seen):
        return "number"
    times = sum(looks_like_time(c) for c in seen[:50]) * 2 > len(seen[:50])
    return "number" if 2 * figures >= len(seen) and not times else "text"


def _common_unit(seen: list[str]) -> str:
    """The unit behind the numbers, when nearly all cells carry the same."""
    if not seen or number(seen[0])[0] in ("number", "grouped"):
        return ""
    units = Counter(parts[1] for c in seen if (parts := suffix(c)) is not None and number(parts[0])[0] != "text")
    if not units:
        return ""
    unit, count = units.most_common(1)[0]
    return unit if is_unit(unit) and count >= 0.9 * len(seen) else ""
