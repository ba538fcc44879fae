"""What each column is for: guessed from its name and its cells, with the reason, and overruled by whoever knows better."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from spc.errors import BadTable, ColumnMismatch
from spc.nouns import Column, Role
from spc.reference.cells import is_missing, numbers, which_missing
from spc.reference.fields import Field, Table
from spc.reference.packed import different, hashes, in_blocks
from spc.reference.stamps import is_clock, is_date, looks_like_time
from spc.reference.words import ELAPSED_NAME, GROUP_NAME, ID_NAME, LABEL_NAME, PRODUCT_NAME, TIME_NAME

_RARE = 0.05  # a two-valued column that changes more seldom than this is a switch or a label, not a measurement
_FEW = 9  # steps of one that are no chance
_NAMED, _NAMELESS = 0.6, 0.95  # share of different cells from which on a column identifies rows, with and without the name of one


@dataclass(frozen=True, slots=True)
class Facts:
    """What a column's cells say: how many are missing, how many values there are, and for numbers their range."""

    missing: int
    distinct: int
    low: float | None = None
    middle: float | None = None
    high: float | None = None
    rarest: float = 1.0  # share of the rarer value of two
    counting: bool = False  # whole numbers, each one more than the one before
    restarting: bool = False  # the same, but starting again from 0 or 1 now and then
    runs: int = 0  # stretches of equal cells


def facts_of(one: Field, n: int) -> Facts:
    """The facts of a column of n rows."""
    if one.storage == "text":
        lost = np.concatenate([np.zeros(0, dtype=bool), *(which_missing(block) for block in in_blocks(one.texts))])
        known = hashes(one.texts)
        runs = int(np.sum(known[1:] != known[:-1])) + 1
        return Facts(int(lost.sum()), different(known[~lost]), runs=runs)
    x = one.values[np.isfinite(one.values)]
    if not len(x):
        return Facts(n, 0)
    distinct = different(x)
    low, middle, high = float(x.min()), float(np.median(x)), float(x.max())
    rarest = min(float(np.mean(x == low)), float(np.mean(x == high))) if distinct == 2 else 1.0
    steps = np.diff(one.values)
    counting = len(steps) >= _FEW and bool(np.all(steps == 1.0)) and low == round(low)
    restarting = low in (0.0, 1.0) and distinct > 2 and len(steps) >= _FEW and bool(np.all((steps == 1.0) | (one.values[1:] == low)))
    return Facts(n - len(x), distinct, low, middle, high, rarest, counting, restarting, int(np.sum(steps != 0)) + 1)


def check_roles(names: list[str], roles: Mapping[str, Role]) -> None:
    """Raise ColumnMismatch for a name that no column has, BadTable for a role that does not exist."""
    for name, role in roles.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 1, 0.4)
            cure = f"Did you mean {near[0]}?" if near else f"The columns are {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}."
            raise ColumnMismatch(f"There is no column {name!r}.", cure=cure, column=name)
        if role not in get_args(Role):
            raise BadTable(f"There is no role {role!r}.", cure=f"The roles are {', '.join(get_args(Role))}.", column=name)


def guess(table: Table, given: Mapping[str, Role]) -> list[Column]:
    """The columns with their roles. `given` roles are kept; at most one column is the part id, one the product, one the subgroup."""
    columns = []
    for one in table.fields:
        facts = facts_of(one, table.n)
        role, why = (given[one.name], "chosen") if one.name in given else _role(one, facts, table.n)
        role, why = _possible(one, facts, role, why, table.n)
        if role == "guard" and why == "" and facts.low is not None:
            why = f"{facts.low:.10g} in {'all ' if not facts.missing else ''}{table.n - facts.missing} rows"
        columns.append(Column(one.name, role, one.unit, facts.missing, facts.distinct, facts.low, facts.middle, facts.high, why))
    return _one_of_each(columns, given, table.n)


def _possible(one: Field, facts: Facts, role: Role, why: str, n: int) -> tuple[Role, str]:
    """A role that the cells allow: a constant column cannot be a measurement, a column of texts cannot be one either."""
    if role == "measurement" and facts.distinct == 1 and n > 1:
        return "guard", f"{facts.low:.10g} in all {n - facts.missing} rows that have a value" if facts.missing else ""
    if role in ("measurement", "guard") and why == "chosen" and one.count("text") and facts.distinct == 0:
        odd = one.first("text")[0]
        raise BadTable(f"{odd.text[:40]!r} is not a number.", cure="A column of words cannot be measured.", row=odd.row, column=one.name)
    return role, why


def _role(one: Field, facts: Facts, n: int) -> tuple[Role, str]:
    if one.storage == "text":
        return role_of_texts(one, facts, n)
    words = one.count("text")
    if words > facts.distinct and words > n - facts.missing:
        return "ignore", f"text in {words} of {n} rows"
    if facts.distinct == 0:
        return "ignore", "no value in any row"
    return _role_by_name(one, facts, n) or _role_by_values(facts)


def _role_by_name(one: Field, facts: Facts, n: int) -> tuple[Role, str] | None:
    if LABEL_NAME.fullmatch(one.name) and facts.distinct <= 10 and _whole(one):
        return "ignore", "looks like a label: what is known afterwards, not what is measured"
    if GROUP_NAME.fullmatch(one.name) and facts.distinct == 1 < n:
        return "ignore", "one number for the whole file"
    if facts.counting or facts.distinct == 1:
        return None
    if GROUP_NAME.fullmatch(one.name) and _whole(one) and facts.runs == facts.distinct and facts.distinct <= 0.6 * n:
        return "subgroup", f"{facts.distinct} groups of consecutive rows"
    if ELAPSED_NAME.fullmatch(one.name) and bool(np.all(np.diff(one.values[np.isfinite(one.values)]) >= 0)):
        return "ignore", f"elapsed time, from {facts.low:g} to {facts.high:g}, without a date"
    return None


def _role_by_values(facts: Facts) -> tuple[Role, str]:
    if facts.distinct == 1:
        return "guard", ""
    if facts.counting:
        return "id", "counts the rows"
    if facts.restarting:
        return "ignore", f"counts from {facts.low:g}, again and again"
    if facts.distinct == 2 and facts.rarest < _RARE:
        return "ignore", f"two values, one of them in only {100 * facts.rarest:.2g} % of the rows: a switch or a label"
    return "measurement", "numbers"


def _whole(one: Field) -> bool:
    x = one.values[np.isfinite(one.values)]
    return bool(np.all(x == np.round(x)))


def role_of_texts(one: Field, facts: Facts, n: int) -> tuple[Role, str]:
    """What a column of texts that nobody gave a role is for, and why."""
    seen = n - facts.missing
    if not seen:
        return "ignore", "no value in any row"
    probe = [t for t in (*one.texts[:100], *one.texts[100 :: max(1, n // 100)]) if not is_missing(t)]
    if probe and sum(looks_like_time(t) for t in probe) >= 0.8 * len(probe):
        return "time", "dates and times" if not is_clock(probe[0]) else "times of day"
    if GROUP_NAME.fullmatch(one.name) and facts.runs == facts.distinct and 1 < facts.distinct <= 0.6 * n:
        return "subgroup", f"{facts.distinct} groups of consecutive rows"
    identifies = _NAMED if ID_NAME.fullmatch(one.name) else _NAMELESS
    if facts.distinct >= identifies * seen and (seen > 1 or ID_NAME.fullmatch(one.name)):
        return "id", f"{facts.distinct} different texts in {n} rows"
    if PRODUCT_NAME.fullmatch(one.name) and facts.distinct <= max(20, n // 20):
        return "product", f"{facts.distinct} different texts"
    return "ignore", f"text in {seen} of {n} rows"


def as_numbers_after_all(table: Table, given: Mapping[str, Role], mark: str) -> None:
    """A column that was kept as texts for its name, but whose cells are plain numbers that do not identify rows, becomes numbers."""
    for one in table.fields:
        if one.storage != "text" or one.name in given or not ID_NAME.fullmatch(one.name):
            continue
        if not np.isfinite(numbers(one.texts[:1000], mark, 1)[0]).any():
            continue
        values, odd = numbers(one.texts, mark, 1)
        seen = int(np.isfinite(values).sum())
        distinct = different(hashes(one.texts))
        identifies = distinct >= _NAMED * table.n and bool(np.all(values[np.isfinite(values)] == np.round(values[np.isfinite(values)])))
        if seen and 2 * seen > table.n - sum(o.kind == "missing" for o in odd) and not identifies:
            one.storage, one.texts = "number", ()
            one.add_values(values, odd)
            one.close(table.n)


def _one_of_each(columns: list[Column], given: Mapping[str, Role], n: int) -> list[Column]:
    """Of several part ids, products or subgroups the chosen one stays, else the best named, else the first."""
    best = {"id": ID_NAME, "product": PRODUCT_NAME, "subgroup": GROUP_NAME}
    for role, pattern in best.items():
        found = [c for c in columns if c.role == role]
        if len(found) < 2:
            continue
        found.sort(key=lambda c: (c.name not in given, pattern.fullmatch(c.name) is None))
        for spare in found[1:]:
            other = replace(spare, role="ignore", why=f"{found[0].name} is already the {'part id' if role == 'id' else role}")
            columns[columns.index(spare)] = other
    return columns


def time_columns(table: Table, columns: list[Column], given: Mapping[str, Role]) -> tuple[Field | None, Field | None]:
    """The column that holds the time of a row, and the one beside it that holds the time of day when the first holds only dates."""
    chosen = [c.name for c in columns if given.get(c.name) == "time"]
    found = chosen or [c.name for c in columns if c.role == "time"]
    if not found:
        return None, None
    named = [name for name in found if TIME_NAME.fullmatch(name)]
    dated = [name for name in (named or found) if not _is(table, name, is_clock)] or found
    first = table.named(dated[0])
    if first is None or first.storage != "text" or not _is(table, first.name, is_date):
        return first, None
    j = table.fields.index(first)
    beside = [table.fields[k] for k in (j + 1, j - 1) if 0 <= k < len(table.fields)]
    return first, next((f for f in beside if given.get(f.name, "time") == "time" and _is(table, f.name, is_clock)), None)


def _is(table: Table, name: str, test: object) -> bool:
    one = table.named(name)
    if one is None or one.storage != "text" or not callable(test):
        return False
    seen = [t for t in one.texts[:200] if not is_missing(t)]
    return bool(seen) and sum(bool(test(t)) for t in seen) >= 0.9 * len(seen)
