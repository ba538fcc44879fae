"""After a replay: keep a model that was fitted for it, or let one judge a line. Asked twice, because it changes what people are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from spc.ui.components import attr, button, field, panel, select, text_input


def decide(job: str, told: Mapping[str, Any], titles: Mapping[str, str]) -> list[Component]:
    """The form; nothing when no candidate may judge a line. An option is a model's id, or "keep:" and the name of one not stored yet."""
    able = [one for one in told.get("candidates", ()) if not one["products"]]
    if not able or not titles:
        return []
    options = {one["model_id"] or f"keep:{one['name']}": _called(one) for one in able}
    usual = next((key for key, one in zip(reversed(options), reversed(able), strict=True) if told["line"] not in one["judges"]), "")
    line = select("replay-line", {"": "choose a line", **titles}, told["line"] or "", label="Line", shown=True)
    first = [
        select("replay-chosen", options, usual, label="Model", shown=True),
        line,
        field("Reason", text_input("replay-reason", placeholder="why this model judges the line from now on", maxLength=500)),
        field("Your name", text_input("replay-by", remember=True, autoComplete="name", maxLength=80)),
        button("Make it the line's model", "replay-decide", kind="main"),
    ]
    if any(one["model_id"] is None for one in able):
        first.append(button("Only keep it", "replay-keep"))
    sure = [
        html.P(id="replay-question", className="sentence"),
        html.Div([button("Yes, judge by it", "replay-yes", kind="main"), button("No", "replay-no")], className="form-row"),
    ]
    return [
        panel(
            "Make one the line's model",
            html.Div(first, className="form-row"),
            html.Div(sure, id="replay-sure", hidden=True, role="alertdialog", **attr(aria_labelledby="replay-question")),
            html.Div(id="replay-decided", className="activated", role="status"),
            id="replay-decision",
        ),
        html.Div(id="replay-job", hidden=True, **attr(data_job=job)),
    ]


def _called(one: Mapping[str, Any]) -> str:
    return f"{one['name']}: {one['reference'] or 'without a reference'}, {one['estimator']}"
