"""The check of a reference without assuming a distribution: what is asked, and the answer in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from spc.errors import BadRecipe
from spc.nouns import Model
from spc.ui.components import attr, button, field, text_input
from spc.ui.pages.reference import ids
from spc.ui.words import number

SPAN: Final = 3  # rows on each side of the row in which a shift begins, to look at


def section() -> Component:
    """The button, the probability that is asked for, and the place of the answer."""
    words = (
        "Looks for steps by permuting the rows: right for every distribution, as long as rows do not depend on each other. "
        "It takes a second for 200 rows; excluded and incomplete rows are left out. Single far rows are for the chart above."
    )
    row = [
        field("False alarms over all rows", text_input(ids.STABLE_OVERALL, value="0.05", inputMode="decimal", maxLength=12)),
        button("Check without assuming a distribution", ids.STABLE),
    ]
    return html.Details(
        [
            html.Summary("More: is the reference stable, whatever its distribution?"),
            dcc.Store(id=ids.STABLE_ASK),
            dcc.Store(id=ids.STABLE_ASKED),
            dcc.Store(id=ids.STABLE_ANSWER),
            html.P(words, className="hint"),
            html.Div(row, className="form-row"),
            html.Div(id=ids.STABLE_SAID, className="stable-said", **attr(aria_live="polite")),
        ],
        className="stable",
    )


def asked(overall: Any, exclude: Iterable[int], model: Model, by: str) -> dict[str, Any]:
    """The words of the question; raises BadRecipe for a probability that is none."""
    try:
        value = float(str(overall).strip().replace(",", "."))
    except ValueError as wrong:
        raise BadRecipe(f"{str(overall)[:20]!r} is not a number.", cure="Type for instance 0.05.") from wrong
    if not 0.001 <= value < 1.0:
        raise BadRecipe(f"{value:g} is not between 0.001 and 1.", cure="Type for instance 0.05: one stable reference in 20 is blamed.")
    return {"overall": value, "exclude": sorted(exclude), "subgroups": model.subgroup is not None, "by": by.strip()}


def answered(result: Mapping[str, Any]) -> list[Component]:
    """The verdict, the p-value with what it means, and for each shift where it begins, which variables moved, and a button to look."""
    p, overall, rows = float(result["p_value"]), float(result["overall"]), int(result["n"])
    verdict = "Stable: no shift is seen." if result["stable"] else "Not stable."
    once = f"{number(p)} (of {result['permutations']} permutations)"
    means = (
        f"p-value {once}: of stable references, {p:.3g} would look at least as uneven. "
        f"{rows} rows of {len(result['names'])} variables were asked; a stable reference is blamed with probability {number(overall)}."
    )
    parts: list[Component] = [html.P([html.Strong(verdict), f" {means}"])]
    if result["shifts"]:
        parts.append(html.Ul([_shift(one) for one in result["shifts"]], className="told"))
    elif not result["stable"]:
        parts.append(html.P("Where it begins cannot be said.", className="quiet"))
    return parts


def _shift(one: Mapping[str, Any]) -> Component:
    first = one["first"]
    what = f"row {first}" if isinstance(first, int) else f"subgroup {first}"
    lead = f"A step begins at {what}" if one["kind"] == "step" else f"{what[0].upper()}{what[1:]} stands apart"
    moved = ", ".join(f"{m['name']} {number(m['before'], 4)} → {number(m['after'], 4)} ({m['sd']:+.2g} sd)" for m in one["moves"])
    rows = ",".join(str(row) for row in range(max(1, first - SPAN), first + SPAN)) if isinstance(first, int) else ""
    look = [button(f"Look at row {first}", kind="quiet", **attr(data_rows=rows))] if rows else []
    return html.Li([html.Strong(lead), f": {moved}. " if moved else ". ", *look])
