"""From the words of `spc fit` to roles and a recipe."""

from __future__ import annotations

import csv
import json
from typing import Any

import numpy as np

from spc.cli.budget import budget_of, option
from spc.cli.files import table_path
from spc.errors import BadRecipe, BadTable, Complaint
from spc.nouns import Exclusion, Reference, Role
from spc.phase1 import Recipe
from spc.runlength.budget import WORDS, given_limit

Said = tuple[float | None, float | None, str | None, str | None]  # --alpha, --arl0, --false-alarms, --every


def words(text: str) -> tuple[str, ...]:
    """The words of a list with commas.

    >>> words("warp_mm, copper_um,")
    ('warp_mm', 'copper_um')
    """
    return tuple(word.strip() for word in text.split(",") if word.strip())


def roles(ignore: str, time: str | None, id: str | None, subgroup: str | None = None, product: str | None = None) -> dict[str, Role]:
    """The roles that were given as options; a column has one role only."""
    found: dict[str, Role] = dict.fromkeys(words(ignore), "ignore")
    of_row: tuple[tuple[str | None, Role], ...] = ((time, "time"), (id, "id"), (subgroup, "subgroup"), (product, "product"))
    for column, role in of_row:
        if column is not None:
            if column in found:
                raise BadRecipe(f"It was given two roles: {found[column]} and {role}.", cure="Give it one.", column=column)
            found[column] = role
    return found


def recipe(
    table: Reference,
    *,
    estimator: str,
    h: str | None,
    known: str | None,
    charts: str,
    budget: Said,
    limit: str,
    ignore: str,
    seed: int,
    exclude: str | None,
    subgroup: str | None = None,
    product: str | None = None,
    pool: bool = False,
    watch: str | None = None,
    guarantee: float | None = None,
    overall: float | None = None,
    ucl: float | None = None,
    dynamics: str = "",
) -> Recipe:
    """The recipe; raises BadRecipe for a word that nobody knows and BadTable for a list of rows that cannot be read."""
    interval = table.rows.between(bool(subgroup))
    asked: dict[str, Any] = {
        "estimator": _estimator(table, estimator, h, known),
        "charts": list(words(charts)),
        **_promised(budget, ucl, watch, interval, "subgroup" if subgroup else "row"),
        "limit": limit,
        "ignore": list(words(ignore)),
        "exclusions": [] if exclude is None else [one.to_dict() for one in _exclusions(exclude)],
        "seed": seed,
        "subgroup": subgroup or "",
        "product": product or "",
        "pool": pool,
        "guarantee": guarantee,
        "overall": overall,
        "dynamics": dynamics,
    }
    return Recipe.from_dict(asked, interval)


def _promised(budget: Said, ucl: float | None, watch: str | None, interval: float | None, point: str) -> dict[str, Any]:
    """The words of a recipe for the false alarms that are accepted, or for a limit that is given in their place."""
    said = dict(zip((*WORDS, "every"), budget, strict=True))
    if given_limit({**said, "ucl": ucl}, option) is not None:
        return {"ucl": ucl, "every": said["every"], "watch": watch}
    promised = budget_of(*budget, interval, watch, point)
    return {"alpha": promised.alpha, "budget": promised.to_dict() if budget[0] is None or watch is not None else {}}


def _estimator(table: Reference, name: str, h: str | None, known: str | None) -> dict[str, Any]:
    if known is not None:
        return _known(known, table.names)
    name, *options = name.replace(",", " ").split() or [""]
    asked: dict[str, Any] = {"name": name, **dict(_option(one) for one in options)}
    if h is None:
        return {**asked, "h": 1.0} if asked.get("h") == 1 else asked  # a share: one row is no subset
    try:
        number = float(h)
    except ValueError:
        raise BadRecipe(f"--h {h} is not a number.", cure="Give a share such as 0.75, or a number of rows.") from None
    return {**asked, "h": int(number) if h.strip().isdigit() and number > 1 else number}


def _option(text: str) -> tuple[str, Any]:
    """One word of an estimator, such as basin=deterministic: its name and its value, a number when it is one.

    >>> _option("h=0.5"), _option("seed=3"), _option("basin=deterministic"), _option("deep=true")
    (('h', 0.5), ('seed', 3), ('basin', 'deterministic'), ('deep', True))
    """
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise BadRecipe(f"'{text}' is not a word of an estimator.", cure='Write name=value: --estimator "mcd h=0.5 basin=deterministic".')
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, {"true": True, "false": False}.get(value, value)


def _known(path: str, names: tuple[str, ...]) -> dict[str, Any]:
    """The parameters of a JSON file; when it names its columns they are put into the order of the table's."""
    try:
        said = json.loads(table_path(path).read_text(encoding="utf-8"))
        center, covariance = np.array(said["center"], dtype=float), np.array(said["covariance"], dtype=float)
        order = list(said.get("names", names))
        if set(order) == set(names) and len(order) == len(names) == len(center):
            place = [order.index(name) for name in names]
            center, covariance = center[place], covariance[np.ix_(place, place)]
        elif "names" in said:
            raise BadRecipe(f"{path} is for {', '.join(order)}.", cure=f"The table has {', '.join(names)}.")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as broken:
        raise BadRecipe(
            f"{path} does not hold parameters: {type(broken).__name__} {broken}.",
            cure='Write {"names": ["a", "b"], "center": [0, 0], "covariance": [[1, 0.5], [0.5, 1]]}.',
        ) from broken
    return {"name": "known", "center": center.tolist(), "covariance": covariance.tolist()}


def _exclusions(path: str) -> list[Exclusion]:
    """The rows of a file with the columns row, reason and perhaps note."""
    found = []
    try:
        with table_path(path).open(encoding="utf-8-sig", newline="") as text:
            lines = csv.DictReader(text, strict=True)
            for needed in ("row", "reason"):
                if needed not in (lines.fieldnames or ()):
                    raise BadTable(f"{path} has no such column.", cure="The columns are row, reason and perhaps note.", column=needed)
            for number, line in enumerate(lines, start=1):
                row = (line["row"] or "").strip()
                if not row.isdecimal():
                    cure = "Number the reference's data rows from 1."
                    raise BadTable(f"{path}: {row!r} is not the number of a row.", cure=cure, row=number, column="row")
                found.append(Exclusion(int(row), (line["reason"] or "").strip(), (line.get("note") or "").strip()))
    except (UnicodeDecodeError, csv.Error) as broken:
        raise BadTable(f"{path} is not a CSV in UTF-8: {broken}.", cure="Write the columns row, reason and perhaps note.") from broken
    twice = {one.row for one in found if [other.row for other in found].count(one.row) > 1}
    if twice:
        raise Complaint(f"{path} names it twice.", cure="Name each row once.", row=min(twice))
    return found
