"""Answering an alarm: the form under the banner, on every page. Acknowledge, shelve, say what the cause was."""

from __future__ import annotations

import asyncio
from typing import Any

from dash import Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component

from spc.errors import Complaint, LedgerError
from spc.nouns import Alarm
from spc.ui import ids
from spc.ui.components import attr, button, choice, complaint, field, priority_mark, select, text_input
from spc.ui.view import View
from spc.ui.words import STATES, clock, number, utc

SHELVE_FOR = {"15": "15 min", "60": "1 h", "480": "8 h"}
CAUSES = {
    "": "choose the cause",
    "material": "material or lot",
    "tool": "tool or wear",
    "machine": "machine setting",
    "sensor": "sensor or gauge",
    "handling": "handling or set-up",
    "environment": "environment",
    "false": "nothing was wrong (false alarm)",
}


def layout() -> Component:
    """The form, closed. Its words are filled in when an alarm is chosen; name and note are never overwritten while one types."""
    close = button("Close", ids.ANSWER_CLOSE, kind="quiet")
    who = field("Your name", text_input(ids.ANSWER_BY, remember=True, autoComplete="name", maxLength=80))
    note = field("Note", text_input(ids.ANSWER_NOTE, placeholder="what you saw or did", maxLength=500))
    acknowledge = button("Acknowledge", ids.ANSWER_ACKNOWLEDGE, kind="main")
    shelve = [choice(ids.ANSWER_SHELVE_FOR, SHELVE_FOR, "60", label="Shelve for"), button("Shelve", ids.ANSWER_SHELVE)]
    known: dict[str, Any] = {"list": ids.ANSWER_CAUSE_NAMES, "maxLength": 160, "autoComplete": "off"}
    cause = [
        select(ids.ANSWER_CAUSE_CODE, CAUSES, label="Cause"),
        field("Which", text_input(ids.ANSWER_CAUSE_NAME, placeholder="wrong panel lot", **known)),
        html.Datalist(id=ids.ANSWER_CAUSE_NAMES),
        field("Done", text_input(ids.ANSWER_DONE, placeholder="lot sent back", maxLength=300, autoComplete="off")),
        button("Record cause", ids.ANSWER_CAUSE),
    ]
    return html.Section(
        [
            html.Div([html.Div(id=ids.ANSWER_FACTS, className="answer-facts"), close], className="answer-head"),
            html.Div([who, note, acknowledge], className="answer-row"),
            html.Div(
                [
                    html.Div(shelve, className="answer-group"),
                    html.Div(cause, className="answer-group"),
                ],
                className="answer-row minor",
            ),
            html.Div(id=ids.ANSWER_SAID, className="answer-said", role="status"),
        ],
        id=ids.ANSWER,
        className="answer",
        hidden=True,
        **attr(aria_label="Answer an alarm"),
    )


def facts(alarm: Alarm, title: str, timezone: str, advice: str = "") -> list[Component]:
    """The alarm in words: what, where, since when, how bad, and what to do."""
    size = f"{alarm.rows_out} point{'s' if alarm.rows_out != 1 else ''} beyond the limit, up to {number(alarm.worst, 2)} × UCL"
    parts = [
        html.H2([priority_mark(alarm.priority), f" {title}: {alarm.priority} alarm of {clock(alarm.opened_at, timezone)}"]),
        html.P(alarm.sentence, className="sentence"),
        html.P(
            f"{STATES[alarm.state]}. {size}." if alarm.rows_out else f"{STATES[alarm.state]}.",
            title=utc(alarm.opened_at),
            className="quiet",
        ),
    ]
    if advice and advice not in alarm.sentence:
        parts.insert(2, html.P(advice, className="advice"))
    return [*parts, *alike(alarm, timezone)]


def alike(alarm: Alarm, timezone: str) -> list[Component]:
    """The known causes that the alarm looks like, or that it looks like none of them; nothing where none is known."""
    found, known = alarm.facts.get("looks_like") or (), int(alarm.facts.get("known_causes") or 0)
    if alarm.kind != "process":
        return []
    if not found:
        of = "unlike the one known cause" if known == 1 else f"like none of the {known} known causes"
        return [html.P(f"It looks {of} of this line.", className="quiet")] if known else []
    said: list[Component] = []
    for one in found:
        often = "once before" if one["times"] == 1 else f"{one['times']} times"
        when = f"last on {clock(one['last'], timezone, date=True)}"
        done = f" Then: {one['action']}." if one["action"] else ""
        said.append(
            html.P(f"Looks like {one['cause']} ({often}, {when}; similarity {100 * one['similarity']:.0f} %).{done}", className="alike")
        )
    return said


def act(view: View, what: str, alarm_id: str, by: str, note: str, minutes: int, cause: str, name: str = "", action: str = "") -> str:
    """Do what was asked, and say in one sentence what was done. Raises Complaint with the cure."""
    by, note = by.strip(), note.strip()
    if not by:
        raise Complaint("Nobody has signed.", cure="Type your name first.")
    if what == ids.ANSWER_ACKNOWLEDGE:
        view.acknowledge(alarm_id, by, note)
        return f"Acknowledged by {by}."
    if what == ids.ANSWER_SHELVE:
        if not note:
            raise Complaint("A shelved alarm needs a reason.", cure="Type it into the note.")
        view.shelve(alarm_id, by, note, minutes)
        return f"Shelved by {by} for {SHELVE_FOR.get(str(minutes), f'{minutes} min')}; it comes back by itself."
    name = name.strip()
    if not cause and not name:
        raise Complaint("No cause is chosen.", cure="Choose one from the list, or give it a name.")
    said = ": ".join(one for one in (CAUSES.get(cause, cause) if cause else "", name) if one)
    view.cause(alarm_id, by, said, None if cause == "false" else name or said, action, note)
    return f"Cause recorded by {by}: {said}."


def register(app: Dash, view: View) -> None:
    """Two callbacks: open the form for an alarm, and carry out what was pressed."""

    @app.callback(
        Output(ids.ANSWER_FACTS, "children"),
        Output(ids.ANSWER, "hidden"),
        Output(ids.ANSWER_NOTE, "value"),
        Output(ids.ANSWER_SAID, "children"),
        Output(ids.ANSWER_CAUSE_NAMES, "children"),
        Output(ids.ANSWER_CAUSE_NAME, "value"),
        Output(ids.ANSWER_DONE, "value"),
        Input(ids.ANSWER_ASK, "data"),
        Input(ids.ANSWER_CLOSE, "n_clicks"),
        prevent_initial_call=True,
    )
    async def opened(ask: dict[str, Any] | None, _closed: int | None) -> Any:
        if ctx.triggered_id == ids.ANSWER_CLOSE or not ask:
            return no_update, True, no_update, "", no_update, no_update, no_update
        try:
            alarm, title, advice = await asyncio.to_thread(view.alarm, str(ask["id"]))
            known = await asyncio.to_thread(view.known_causes, alarm.line)
        except Complaint as wrong:
            return complaint(wrong.text, wrong.cure), False, "", "", [], "", ""
        names = [html.Option(value=one.name) for one in known]
        return facts(alarm, title, view.timezone, advice), False, "", "", names, "", ""

    @app.callback(
        Output(ids.ANSWER_SAID, "children", allow_duplicate=True),
        Output(ids.ANSWER_FACTS, "children", allow_duplicate=True),
        Input(ids.ANSWER_ACKNOWLEDGE, "n_clicks"),
        Input(ids.ANSWER_SHELVE, "n_clicks"),
        Input(ids.ANSWER_CAUSE, "n_clicks"),
        State(ids.ANSWER_ASK, "data"),
        State(ids.ANSWER_BY, "value"),
        State(ids.ANSWER_NOTE, "value"),
        State(ids.ANSWER_SHELVE_FOR, "data"),
        State(ids.ANSWER_CAUSE_CODE, "data"),
        State(ids.ANSWER_CAUSE_NAME, "value"),
        State(ids.ANSWER_DONE, "value"),
        prevent_initial_call=True,
    )
    async def done(_a: Any, _s: Any, _c: Any, ask: dict[str, Any], by: str, note: str, minutes: str, *cause: str | None) -> Any:
        what, chosen = str(ctx.triggered_id), str((ask or {}).get("id", ""))
        try:
            said = await asyncio.to_thread(act, view, what, chosen, by or "", note or "", int(minutes or 60), *(one or "" for one in cause))
            alarm, title, advice = await asyncio.to_thread(view.alarm, chosen)
        except Complaint as wrong:
            return complaint(wrong.text, wrong.cure), no_update
        except LedgerError as wrong:
            return complaint(f"Nothing was recorded: {wrong}", "Try again; tell whoever looks after the server."), no_update
        return html.Span(said, className="done"), facts(alarm, title, view.timezone, advice)
