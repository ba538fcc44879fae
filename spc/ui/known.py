"""The known causes of a line: the list, another name for one, and away with one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component

from spc.errors import Complaint, LedgerError
from spc.ledger.causes import KnownCause
from spc.ui import ids
from spc.ui.components import attr, button, complaint, empty, field, select, table, text_input
from spc.ui.view import View
from spc.ui.words import clock

COLUMNS = ("Cause", "Times", "Last", "What was done then", "First said by")


def panel() -> Component:
    """The list, closed until it is asked for, and the form below it."""
    change = [
        html.Div(select(ids.KNOWN_WHICH, {"": "choose a cause"}, "", label="Cause"), id=ids.KNOWN_CHOICE),
        field("New name", text_input(ids.KNOWN_NAME, maxLength=160)),
        field("Reason", text_input(ids.KNOWN_REASON, maxLength=300)),
        field("Your name", text_input(ids.KNOWN_BY, remember=True, autoComplete="name", maxLength=80)),
        button("Rename", ids.KNOWN_RENAME),
        button("Withdraw", ids.KNOWN_WITHDRAW),
    ]
    return html.Details(
        [
            html.Summary("Known causes"),
            html.Div(id=ids.KNOWN_LIST),
            html.Div(change, className="causes-form"),
            html.Div(id=ids.KNOWN_SAID, role="status", className="answer-said"),
        ],
        className="panel",
        **attr(aria_label="Known causes"),
    )


def listing(found: Sequence[KnownCause], timezone: str) -> Component:
    """The causes with their incidents counted, the last on top; or a sentence when there is none."""
    if not found:
        return empty("No cause is known on this line yet: record the cause of an alarm with its name.")
    ranked = sorted(found, key=lambda one: -(one.last_at or 0))
    rows = [
        (
            one.name,
            str(len(one.cases)),
            clock(one.last_at, timezone, date=True) if one.last_at is not None else "–",
            next((case.action for case in reversed(one.cases) if case.action), "–"),
            f"{one.created_by}, {clock(one.created_at, timezone, date=True)}",
        )
        for one in ranked
    ]
    return table(COLUMNS, rows, caption="Known causes, the last one first", numbers=(1,))


def act(view: View, what: str, line: str, which: str, name: str, by: str, reason: str) -> str:
    """Do what was asked, and say what was done. Raises Complaint with the cure."""
    if not which.isdigit():
        raise Complaint("No cause is chosen.", cure="Choose one from the list.")
    before = next((one.name for one in view.known_causes(line) if one.id == int(which)), "")
    if what == ids.KNOWN_RENAME:
        view.rename_cause(line, int(which), name, by, reason)
        return f"{before} is now called {' '.join(name.split())}."
    view.withdraw_cause(line, int(which), by, reason)
    return f"{before} is withdrawn: nothing looks like it any more."


def register(app: Dash, view: View, line_of: str) -> None:
    """The list follows the line that is chosen, and the alarms; the two buttons change it."""

    def shown(line: str | None) -> tuple[Component, Component]:
        found = view.known_causes(line) if line else []
        names = {"": "choose a cause", **{str(one.id): one.name for one in found}}
        choice = select(ids.KNOWN_WHICH, names, "", label="Cause")
        return (listing(found, view.timezone) if line else empty("Choose a line above: causes are known by line.")), choice

    @app.callback(
        Output(ids.KNOWN_LIST, "children"),
        Output(ids.KNOWN_CHOICE, "children"),
        Input(line_of, "data"),
        Input(ids.ALARMS_CHANGED, "data"),
        Input(ids.KNOWN_SAID, "children"),
    )
    async def refresh(line: str | None, _changed: int, _said: Any) -> Any:
        try:
            return await asyncio.to_thread(shown, line)
        except (Complaint, LedgerError) as wrong:
            return complaint(str(wrong)), no_update

    @app.callback(
        Output(ids.KNOWN_SAID, "children"),
        Input(ids.KNOWN_RENAME, "n_clicks"),
        Input(ids.KNOWN_WITHDRAW, "n_clicks"),
        State(line_of, "data"),
        State(ids.KNOWN_WHICH, "data"),
        State(ids.KNOWN_NAME, "value"),
        State(ids.KNOWN_BY, "value"),
        State(ids.KNOWN_REASON, "value"),
        prevent_initial_call=True,
    )
    async def done(_rename: Any, _withdraw: Any, line: str | None, *words: str | None) -> Any:
        try:
            said = await asyncio.to_thread(act, view, str(ctx.triggered_id), line or "", *(one or "" for one in words))
        except Complaint as wrong:
            return complaint(wrong.text, wrong.cure)
        except LedgerError as wrong:
            return complaint(f"Nothing was changed: {wrong}", "Try again; tell whoever looks after the server.")
        return html.Span(said, className="done")
