"""Replay: rows of the past through a champion and a challenger, side by side; what each alarm would have said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, html
from dash.development.base_component import Component

from spc.errors import NotFound
from spc.ledger import jobs
from spc.ui.components import complaint, graph
from spc.ui.page import Page, Visit
from spc.ui.pages.replay.decide import decide
from spc.ui.pages.replay.earlier import EARLIER, earlier, going_on
from spc.ui.pages.replay.form import NEW, form
from spc.ui.pages.replay.known import Choices, Known
from spc.ui.pages.replay.result import result
from spc.ui.view import View


def page(choices: Choices, asked: Mapping[str, Any], parts: Sequence[Component] = (), timezone: str = "") -> Component:
    """The form, and below it what came of the replay that stands in the address."""
    words = "What these models would have said of rows of the past, before one of them judges the line."
    clock = f" Times are those of {timezone}." if timezone else ""
    head = [html.H1("Replay"), html.P(words + clock, className="summary")]
    return html.Div([html.Div(head, className="title-row"), form(choices, asked), *parts], id="replay")


def register(app: Dash, view: View) -> Page:
    """The page at /replay; `?job=` shows a replay that was asked for."""
    known = Known(view)

    def layout(visit: Visit) -> Component:
        choices = known.choices()
        asked: Mapping[str, Any] = {}
        if "file" in visit.query:  # just sent; what was chosen before stays chosen
            chosen = [visit.query.get(part, "") for part in ("one", "other")]
            fresh = [{"model_id": None if id == NEW else id} for id in chosen]
            asked = {"reference_id": visit.query["file"], "candidates": fresh}
        parts: list[Component] = []
        if "job" in visit.query:
            with view.plant.ledger.read() as c:
                job = jobs.get_job(c, visit.query["job"])
            if job.kind != "replay":
                raise NotFound("This is not a replay.", cure="Choose the rows and the models, and play them.")
            asked = job.request
            if job.state == "done" and job.result is not None:
                parts = [*result(job.result, visit.theme, view.timezone, choices.lines), *decide(job.id, job.result, choices.lines)]
            elif job.state in ("waiting", "running"):
                parts = [going_on(job)]
            else:
                error = job.error or {}
                parts = [complaint(str(error.get("detail", f"This replay is {job.state}.")), str(error.get("cure", "")))]
        with view.plant.ledger.read() as c:
            before = [one for one in jobs.headlines(c, "replay", EARLIER) if one.id != visit.query.get("job")]
        return page(choices, asked, [*parts, *earlier(before, choices, view.timezone)], view.timezone)

    def skeleton() -> Component:
        return html.Div([page(Choices({}, {}, {}, {}), {}), graph("replay-chart", label="Statistic over limit")])

    return Page("/replay", "Replay", layout, skeleton, nav="Replay")
