"""The alarms: what is open, what was answered and by whom; newest first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from spc.errors import Complaint, LedgerError
from spc.nouns import Alarm
from spc.ui import causes, ids, known
from spc.ui.components import attr, choice, complaint, empty, priority_mark, select, table
from spc.ui.page import Page, Visit
from spc.ui.view import View
from spc.ui.words import STATES, clock, number, utc

FILTERS = {
    "open": "Open",
    "unacknowledged": "Not acknowledged",
    "returned": "Returned",
    "shelved": "Shelved",
    "normal": "Closed",
    "all": "All",
}
NONE = {
    "open": "No alarm is open.",
    "unacknowledged": "Every alarm that is active is acknowledged.",
    "returned": "No alarm has returned unseen.",
    "shelved": "No alarm is shelved.",
    "normal": "No alarm is closed yet.",
    "all": "There has been no alarm yet.",
}
COLUMNS = ("Priority", "State", "Opened", "Line", "What happened", "Out", "Worst", "Answered", "Action")


def row(alarm: Alarm, title: str, timezone: str) -> list[Any]:
    """One alarm as a row of the table."""
    answered: list[Any] = []
    if alarm.acknowledged_by:
        answered.append(html.Div(f"{alarm.acknowledged_by}, {clock(alarm.acknowledged_at, timezone)}", title=utc(alarm.acknowledged_at)))
    if alarm.note:
        answered.append(html.Div(alarm.note, className="quiet"))
    if alarm.shelved_until is not None:
        until = clock(alarm.shelved_until, timezone)
        answered.append(html.Div(f"shelved by {alarm.shelved_by} until {until}: {alarm.shelve_reason}", title=utc(alarm.shelved_until)))
    if alarm.cause:
        answered.append(html.Div(f"cause: {alarm.cause}", className="quiet"))
    words = "Answer" if alarm.state in ("unacknowledged", "returned") else "Open"
    press = html.Button(
        words,
        type="button",
        className="button main" if words == "Answer" else "button",
        **attr(data_answer=alarm.id, aria_label=f"{words} alarm of {title}, {clock(alarm.opened_at, timezone)}"),
    )
    return [
        html.Span([priority_mark(alarm.priority), " ", alarm.priority], className="nowrap"),
        STATES[alarm.state],
        html.Span(clock(alarm.opened_at, timezone, date=True), title=utc(alarm.opened_at), className="nowrap"),
        dcc.Link(title, href=f"/line/{alarm.line}"),
        html.Span(alarm.sentence, className="what"),
        str(alarm.rows_out) if alarm.rows_out else "–",
        f"{number(alarm.worst, 2)} × UCL" if alarm.rows_out else "–",
        answered or "–",
        press,
    ]


def listing(found: Sequence[Alarm], titles: Mapping[str, str], timezone: str, chosen: str) -> Component:
    """The table, or a sentence when there is nothing."""
    if not found:
        return empty(NONE.get(chosen, NONE["all"]))
    rows = [row(one, titles.get(one.line, one.line), timezone) for one in found]
    return table(COLUMNS, rows, caption="Alarms, newest first", numbers=(5, 6))


def summary(found: Sequence[Alarm]) -> str:
    """How many are open, in one line."""
    if not found:
        return "No alarm is open."
    counts = Counter(STATES[a.state].lower() for a in found)
    return f"{len(found)} open: " + ", ".join(f"{n} {words}" for words, n in counts.items()) + "."


def page(titles: Mapping[str, str], line: str) -> Component:
    """The filters; the table comes by callback, and again whenever an alarm changes."""
    filters = [
        choice(ids.ALARMS_STATE, FILTERS, "open", label="Which alarms"),
        select(ids.ALARMS_LINE, {"": "all lines", **titles}, line, label="Line"),
    ]
    return html.Div(
        [
            html.Div([html.H1("Alarms"), html.P(id=ids.ALARMS_SUMMARY, className="summary", role="status")], className="title-row"),
            html.Div(filters, className="controls left"),
            html.Div(id=ids.ALARMS_LIST, className="panel"),
            causes.pareto_panel(),
            known.panel(),
        ],
        id=ids.ALARMS,
    )


def register(app: Dash, view: View) -> Page:
    """The page at /alarms; `?line=` chooses one line."""

    def titles() -> dict[str, str]:
        return {name: view.title(name) for name in view.names()}

    def layout(visit: Visit) -> Component:
        return page(titles(), visit.query.get("line", ""))

    def shown(chosen: str, line: str | None) -> tuple[Component, str]:
        found = view.alarms("" if chosen == "all" else chosen, line or "")
        return listing(found, titles(), view.timezone, chosen), summary(view.alarms("open", line or ""))

    @app.callback(
        Output(ids.ALARMS_LIST, "children"),
        Output(ids.ALARMS_SUMMARY, "children"),
        Input(ids.ALARMS_CHANGED, "data"),
        Input(ids.ALARMS_STATE, "data"),
        Input(ids.ALARMS_LINE, "data"),
    )
    async def refresh(_changed: int, chosen: str, line: str | None) -> Any:
        try:
            return await asyncio.to_thread(shown, chosen or "open", line)
        except (Complaint, LedgerError) as wrong:
            return complaint(str(wrong)), ""

    causes.register_pareto(app, view, ids.ALARMS_LINE)
    known.register(app, view, ids.ALARMS_LINE)
    return Page("/alarms", "Alarms", layout, lambda: page({}, ""), nav="Alarms")
