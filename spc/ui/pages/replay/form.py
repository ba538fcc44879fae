"""What is played through what: the form of the replay page. assets/replay.js reads it and asks for the replay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from spc.charts import CHARTS
from spc.ui.components import attr, button, field, panel, select, text_input
from spc.ui.pages.reference.estimators import OFFERS
from spc.ui.pages.replay.known import Choices

RULES: Final = {rule: f"{rule} beyond" for rule in ("1 of 1", "2 of 2", "2 of 3", "3 of 5")}
NEW: Final = "new"  # the challenger that is fitted for the replay
LIMITS: Final = {
    "auto": "as the reference asks for",
    "calibrated": "calibrated for the estimator",
    "crossfit": "from the reference itself",
    "bootstrap": "bootstrap of the reference",
    "kde": "smoothed density",
}


def form(choices: Choices, asked: Mapping[str, Any]) -> Component:
    """The form as it was filled in for the replay that is shown."""
    said = asked.get("candidates", ())
    stored = [NEW if one.get("model_id") is None else one["model_id"] for one in said]
    one, other = [*stored, "", ""][:2]
    fresh: Mapping[str, Any] = next((each for each in said if each.get("model_id") is None), {})
    if one == NEW:
        one, other = "", NEW
    rule = asked.get("watch", {"k": 1, "n": 1})
    through = [
        select("replay-one", {"": "choose a model", **choices.models}, one, label="Champion", shown=True),
        select("replay-other", {"": "none", NEW: "a new fit …", **choices.models}, other, label="Challenger", shown=True),
        select("replay-watch", RULES, f"{rule['k']} of {rule['n']}", label="An alarm is", shown=True),
        button("Play", "replay-run", kind="main"),
    ]
    bar = html.Progress(id="replay-bar", max="1", value="0", **attr(aria_label="Replay"))
    running = html.Div([bar, button("Cancel", "replay-cancel")], id="replay-running", className="fit-running", hidden=True)
    return panel(
        "What is played",
        html.Div(_rows(choices, asked), className="form-row"),
        html.Div(through, className="form-row replay-through"),
        html.Div(_fresh(choices, fresh), id="replay-new", className="form-row", hidden=other != NEW),
        html.Div(id="replay-said", className="gate", role="status"),
        running,
    )


def _rows(choices: Choices, asked: Mapping[str, Any]) -> list[Component]:
    def text(name: str, hint: str, **more: Any) -> Component:
        return text_input(f"replay-{name}", value=str(asked.get(name) or ""), placeholder=hint, **more)

    source = f"line:{asked['line']}" if asked.get("line") else f"file:{asked['reference_id']}" if asked.get("reference_id") else ""
    return [
        select("replay-source", {"": "choose a line or a file", **choices.sources}, source, label="Rows of", shown=True),
        field("From", text("since", "2025-03-04 06:00", maxLength=40)),
        field("To", text("until", "2025-03-05 06:00", maxLength=40)),
        field("From row", text("first", "first", inputMode="numeric", maxLength=12)),
        field("To row", text("last", "last", inputMode="numeric", maxLength=12)),
        field("Column of truly bad rows", text("truth", "of a file; may be empty", maxLength=200)),
        button("Upload a file", "replay-upload"),
    ]


def _fresh(choices: Choices, one: Mapping[str, Any]) -> list[Component]:
    """The recipe of a challenger that is fitted for the replay and not stored."""
    recipe: Mapping[str, Any] = one.get("recipe", {})
    estimators = {json.dumps(offer.asked): offer.words for offer in OFFERS.values()}
    charts = {"t2": "T²"} | {f"t2,{name}": f"T² and {chart.title}" for name, chart in CHARTS.items() if name != "t2"}
    promised = next((str(recipe[word]) for word in ("false_alarms", "alpha", "arl0") if recipe.get(word) is not None), "0.0027")
    if recipe.get("every"):
        promised += f" every {recipe['every']}"
    estimator = recipe.get("estimator")
    return [
        select(
            "replay-ref",
            {"": "choose a reference", **choices.references},
            str(one.get("reference_id") or ""),
            label="Fitted to",
            shown=True,
        ),
        select(
            "replay-estimator",
            estimators,
            json.dumps(estimator) if estimator else next(iter(estimators)),
            label="Estimator",
            shown=True,
        ),
        field("α, ARL₀ or 1 per week", text_input("replay-alpha", value=promised, maxLength=60)),
        select("replay-charts", charts, ",".join(recipe.get("charts", ("t2",))), label="Charts", shown=True),
        select("replay-limit", LIMITS, str(recipe.get("limit", "auto")), label="Limit", shown=True),
    ]
