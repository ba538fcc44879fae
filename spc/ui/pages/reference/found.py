"""What the fit itself found, beside what was found in the file: each with the rows to look at, and the other group of two."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from spc.nouns import Finding, Model, Reference
from spc.phase1.basins import basin_groups
from spc.ui.components import attr, button
from spc.ui.pages.reference import ids
from spc.ui.pages.reference.data import ORDER, SEVERITIES

TOLD_ELSEWHERE = ("other_basin",)  # told with the finding that it belongs to


def found(model: Model | None, table: Reference | None) -> Component:
    """The findings of a fit that the file's own do not hold. The button that fits the other group is always there, hidden without one."""
    own = [] if model is None or table is None else [one for one in model.findings if one not in table.findings]
    groups = basin_groups(own)
    again = button("Fit with the other group", ids.OTHER_BASIN, hidden=groups is None)
    ranked = sorted((one for one in own if one.kind not in TOLD_ELSEWHERE), key=lambda one: ORDER.index(one.severity))
    lines = [_line(one, [*_looks(one, groups), *([again] if one.kind == "two_basins" else [])]) for one in ranked]
    return html.Div([html.Ul(lines, className="findings"), *([again] if groups is None else [])], id=ids.FIT_FOUND, hidden=not lines)


def _looks(one: Finding, groups: tuple[Sequence[int], Sequence[int]] | None) -> list[Component]:
    if one.kind == "two_basins" and groups is not None:
        words = ("Look at the group that only this fit takes for good", "Look at the other group")
        return [_look(f"{text} ({len(rows)})", rows) for text, rows in zip(words, groups, strict=True) if rows]
    return [_look("Look at these rows", one.rows)] if one.rows else []


def _look(words: str, rows: Sequence[int]) -> Component:
    return button(words, **attr(data_rows=",".join(str(row) for row in rows)))


def _line(one: Finding, answers: list[Component]) -> Component:
    mark, colour, words = SEVERITIES[one.severity]
    parts = [
        html.Span(mark, className=f"mark {colour}", title=words, **attr(aria_hidden="true")),
        html.Span(f"{words}: ", className="unseen"),
        html.Span(one.text, className="finding-text"),
        html.Span(f" {one.cure}", className="quiet"),
    ]
    return html.Li([html.Div(parts), html.Div(answers, className="finding-answers")], className=f"finding {one.severity}")
