"""Replays that were asked for before: the finished ones can be looked at again, a running one waited for or cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from spc.ledger.jobs import Job
from spc.ui.components import attr, button, panel, table
from spc.ui.pages.replay.known import Choices
from spc.ui.words import clock

EARLIER: Final = 8


def earlier(found: Sequence[Job], choices: Choices, timezone: str) -> list[Component]:
    """The newest replays, each with the way to it; nothing when there is none."""
    if not found:
        return []
    rows = [
        [
            html.Span(clock(job.created_at, timezone, date=True)[:16], className="nowrap"),
            played(job.request, choices),
            " against ".join(through(one, choices) for one in job.request.get("candidates", ())),
            dcc.Link(job.state, href=f"/replay?job={job.id}"),
        ]
        for job in found
    ]
    return [panel("Earlier replays", table(["Asked", "Rows", "Models", "State"], rows, caption="The newest replays"))]


def played(asked: Mapping[str, Any], choices: Choices) -> str:
    """Which rows were played."""
    if not asked.get("line"):
        return choices.sources.get(f"file:{asked.get('reference_id')}", "a file")
    said = choices.lines.get(str(asked["line"]), str(asked["line"]))
    for word, since, until in (("", "since", "until"), ("rows ", "first", "last")):
        if asked.get(since) or asked.get(until):
            said += f", {word}{asked.get(since) or 'the first'} to {asked.get(until) or 'the last'}"
    return said


def through(one: Mapping[str, Any], choices: Choices) -> str:
    """One candidate of a replay, as it was asked for."""
    if one.get("model_id") is None:
        return f"a new fit to {choices.references.get(str(one.get('reference_id')), 'a reference')}"
    return choices.models.get(one["model_id"], f"model {one['model_id'][:8]}").partition(" · judges ")[0]


def going_on(job: Job) -> Component:
    """A replay that is not done yet; assets/replay.js waits for it or cancels it."""
    words = html.P(f"This replay is {job.state}: {100 * job.progress:.0f} %.", className="sentence")
    waiting = button("Wait for it", "replay-wait", kind="main", **attr(data_job=job.id))
    return panel("A replay that is not done yet", html.Div([words, waiting, button("Cancel it", "replay-end")], className="form-row"))
