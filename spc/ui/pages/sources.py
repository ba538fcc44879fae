"""The sources: how each line's is, how far, and what was sent and could not be read, to take again or to discard."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from spc.errors import Complaint, LedgerError
from spc.ledger.scraps import Kept
from spc.ui import ids, sourced
from spc.ui.components import attr, button, complaint, empty, field, panel, select, table, text_input
from spc.ui.page import Page, Visit
from spc.ui.sourced import Told
from spc.ui.view import View
from spc.ui.words import ago, clock, utc

COLUMNS = ("Line", "Source", "State", "Since", "Rows", "Last row", "Lag", "Scraps waiting", "Gaps of the last day", "Run by")
SCRAPS = ("Scrap", "Received", "Source", "Why no row", "What was sent", "Action")
COUNTED = {
    "running": "running",
    "lost": "lost",
    "waiting": "starting",
    "elsewhere": "in another process",
    "ended": "ended",
    "none": "without a source",
    "absent": "not running",
}
MARKS = {"running": "", "none": "", "lost": "▲", "waiting": "○", "elsewhere": "→", "ended": "■", "absent": "▲"}


def row(one: Told, timezone: str) -> list[Any]:
    """One line as a row of the table, but for its name."""
    state: list[Any] = [html.Div([MARKS[one.state], " " if MARKS[one.state] else "", one.words], className=f"source-state {one.state}")]
    state += [html.Div(text, className="quiet what") for text in (one.error, one.skew) if text]
    return [
        one.source or "–",
        state,
        "–" if one.since is None else html.Span(clock(one.since, timezone, date=True), title=utc(one.since), className="nowrap"),
        str(one.rows),
        _newest(one, timezone),
        "–" if one.lag_s is None else f"{'−' if one.lag_s < 0 else ''}{ago(abs(one.lag_s))}",
        str(one.waiting),
        [html.Div(_gap(gap, timezone), title=utc(gap.since)) for gap in one.gaps[-3:]]
        + ([html.Div(f"and {len(one.gaps) - 3} before", className="quiet")] if len(one.gaps) > 3 else [])
        or "–",
        one.run_by or "nobody",
    ]


def _newest(one: Told, timezone: str) -> Any:
    if one.received is None or one.age_s is None:
        return "–"
    at = html.Span(clock(one.received, timezone, date=True), title=utc(one.received), className="nowrap")
    return [at, html.Div(f"{ago(one.age_s)} ago", className="quiet nowrap")]


def _gap(gap: Any, timezone: str) -> str:
    until = clock(gap.until, timezone) if gap.until is not None else "now"
    return f"{clock(gap.since, timezone)}–{until}: {gap.why}"


def listing(found: Sequence[Told], timezone: str) -> Component:
    """The table, or a sentence when there is no line."""
    if not found:
        return empty("There is no line yet.")
    rows = [
        [
            dcc.Link(one.title, href=f"/line/{one.line}"),
            *(html.Div(cell, id={"type": ids.SOURCES_CELL, "line": one.line, "place": j}) for j, cell in enumerate(row(one, timezone))),
        ]
        for one in found
    ]
    return table(COLUMNS, rows, caption="Sources of the lines", numbers=(4, 6, 7))


def summary(found: Sequence[Told]) -> str:
    """How many are how, in one line.

    >>> summary(())
    'There is no line yet.'
    """
    if not found:
        return "There is no line yet."
    counts = Counter(COUNTED[one.state] for one in found)
    waiting = sum(one.waiting for one in found)
    scraps = f" {waiting} scrap{'s wait' if waiting > 1 else ' waits'} for somebody." if waiting else ""
    return f"{', '.join(f'{n} {words}' for words, n in counts.items())}.{scraps}"


def kept(found: Sequence[Kept], waiting: int, timezone: str, handled: Sequence[Kept] = ()) -> Component:
    """The scraps of a line that wait, oldest first, or a sentence when none does; and those that were handled lately."""
    done = [
        html.P(f"Scrap {one.id} is {one.state}: {clock(one.handled_at, timezone)}, {one.handled_by}.", className="quiet") for one in handled
    ]
    if not found:
        return html.Div([empty("Nothing waits on this line: a row could be made of all that was sent."), *done])
    rows = [
        [
            str(one.id),
            html.Span(clock(one.at, timezone, date=True), title=utc(one.at), className="nowrap"),
            one.source or "–",
            html.Div([html.Span(one.reason, className="what"), *_asked(one, timezone)]),
            html.Code(sourced.shown(one.payload), className="payload"),
            html.Button(
                "Handle",
                type="button",
                className="button",
                **attr(aria_label=f"Handle scrap {one.id}", data_scrap=str(one.id)),
            ),
        ]
        for one in found
    ]
    more = [html.P(f"The oldest {len(found)} of {waiting}.", className="quiet")] if waiting > len(found) else []
    return html.Div([table(SCRAPS, rows, caption="Scraps that wait, the oldest first", numbers=(0,)), *more, *done])


def _asked(one: Kept, timezone: str) -> list[Component]:
    """Who asked the line's process to take a scrap, and why it did not."""
    if one.asked is None:
        return []
    who = f"{one.asked.by}, {clock(one.asked.at, timezone)}"
    if not one.asked.refused:
        return [html.Div(f"○ waits for the line's process ({who})", className="source-state waiting")]
    return [html.Div(f"▲ not taken ({who}): {one.asked.refused}", className="source-state lost")]


def form() -> Component:
    """What a person does with one scrap; hidden until one is chosen."""
    return html.Div(
        [
            html.H3(id=ids.SCRAP_HEAD),
            field("What to read", dcc.Textarea(id=ids.SCRAP_TEXT, value="", className="input payload-text", maxLength=sourced.LONGEST)),
            html.P(id=ids.SCRAP_HINT, className="hint"),
            html.Div(
                [
                    field("Your name", text_input(ids.SCRAP_BY, remember=True, autoComplete="name", maxLength=80)),
                    field("Reason, to discard it", text_input(ids.SCRAP_REASON, maxLength=300)),
                    button("Take again", ids.SCRAP_TAKE, kind="main"),
                    button("Discard", ids.SCRAP_DISCARD),
                ],
                className="answer-row",
            ),
        ],
        id=ids.SCRAP_FORM,
        hidden=True,
    )


def page(titles: Mapping[str, str], line: str, found: Sequence[Told], timezone: str) -> Component:
    """The cells of the table are filled again every few seconds while the page is connected: whoever stands in it is not moved."""
    return html.Div(
        [
            dcc.Store(id=ids.SOURCES_BEAT, data=0),  # set by assets/live.js with the heartbeat
            dcc.Store(id=ids.SOURCES_WAITING),
            dcc.Store(id=ids.SCRAP_PRESSED),
            dcc.Store(id=ids.SCRAP_CHOSEN),
            html.Div(
                [html.H1("Sources"), html.P(summary(found), id=ids.SOURCES_SUMMARY, className="summary", role="status")],
                className="title-row",
            ),
            html.Div(listing(found, timezone), id=ids.SOURCES_LIST, className="panel"),
            panel(
                "Scraps: what no row could be made of",
                html.Div(select(ids.SOURCES_LINE, dict(titles), line, label="Line"), className="controls left"),
                html.Div(id=ids.SOURCES_SCRAPS),
                form(),
                html.Div(id=ids.SOURCES_SAID, role="status", className="answer-said"),
            ),
        ],
        id=ids.SOURCES,
    )


def chosen(found: Kept) -> tuple[str, str, bool, str]:
    """Head, text, whether it can be corrected, and what to know of it."""
    text = sourced.text_of(found.payload)
    if text is not None:
        return f"Scrap {found.id}: {found.reason}", text, False, "Correct it if need be, or take it as it is once the settings are right."
    why = "It is too long to be corrected here" if len(found.payload) > sourced.LONGEST else "It is no text and cannot be corrected here"
    return f"Scrap {found.id}: {found.reason}", sourced.shown(found.payload), True, f"{why}; it can be taken again as it is, or discarded."


def register(app: Dash, view: View) -> Page:
    """The page at /sources; `?line=` chooses whose scraps are shown."""

    def titles() -> dict[str, str]:
        return {name: view.title(name) for name in view.names()}

    def layout(visit: Visit) -> Component:
        known = titles()
        asked = visit.query.get("line", "")
        return page(known, asked if asked in known else next(iter(known), ""), sourced.told(view), view.timezone)

    def all_told(cells: Sequence[Mapping[str, Any]]) -> tuple[Any, list[Any], str, dict[str, list[int]]]:
        found = sourced.told(view)
        rows = {one.line: row(one, view.timezone) for one in found}
        same = list(rows) == list(dict.fromkeys(cell["line"] for cell in cells))
        told = [rows[cell["line"]][cell["place"]] if same else no_update for cell in cells]
        return (
            no_update if same else listing(found, view.timezone),
            told,
            summary(found),
            {one.line: [one.waiting, *one.asked] for one in found if one.waiting},
        )

    def of_line(line: str, waiting: Mapping[str, list[int]] | None) -> Component:
        found, handled = sourced.waiting(view, line)
        return kept(found, (waiting or {}).get(line, [0])[0], view.timezone, handled)

    @app.callback(
        Output(ids.SOURCES_LIST, "children"),
        Output({"type": ids.SOURCES_CELL, "line": ALL, "place": ALL}, "children"),
        Output(ids.SOURCES_SUMMARY, "children"),
        Output(ids.SOURCES_WAITING, "data"),
        Input(ids.SOURCES_BEAT, "data"),
        Input(ids.SOURCES_SAID, "children"),
        State(ids.SOURCES_WAITING, "data"),
    )
    async def refresh(_beat: int, _said: Any, before: dict[str, list[int]] | None) -> Any:
        cells = [one["id"] for one in ctx.outputs_list[1]]
        try:
            shown, told, said, waiting = await asyncio.to_thread(all_told, cells)
        except (Complaint, LedgerError) as wrong:
            return no_update, [no_update] * len(cells), str(wrong), no_update
        return shown, told, said, waiting if waiting != before else no_update

    @app.callback(
        Output(ids.SOURCES_SCRAPS, "children"),
        Input(ids.SOURCES_LINE, "data"),
        Input(ids.SOURCES_WAITING, "data"),
    )
    async def scraps(line: str | None, waiting: dict[str, list[int]] | None) -> Any:
        try:
            return await asyncio.to_thread(of_line, line or "", waiting)
        except (Complaint, LedgerError) as wrong:
            return complaint(str(wrong))

    _handling(app, view)
    return Page("/sources", "Sources", layout, lambda: page({}, "", (), "UTC"), nav="Sources")


def _handling(app: Dash, view: View) -> None:
    """A scrap is chosen, then taken again or discarded."""

    def act(what: str, line: str, id: int, text: str, by: str, why: str) -> str:
        return sourced.take(view, line, id, by, text) if what == ids.SCRAP_TAKE else sourced.drop(view, line, id, by, why)

    # The buttons are not inputs: whenever their list is drawn anew, that would be another call, and the browser forgets the answer to a
    # call when the next one begins: a press would be lost, or the form of another line's scrap stay open.
    @app.callback(
        Output(ids.SCRAP_CHOSEN, "data"),
        Output(ids.SCRAP_HEAD, "children"),
        Output(ids.SCRAP_TEXT, "value"),
        Output(ids.SCRAP_TEXT, "disabled"),
        Output(ids.SCRAP_HINT, "children"),
        Output(ids.SCRAP_FORM, "hidden"),
        Input(ids.SCRAP_PRESSED, "data"),
        Input(ids.SOURCES_LINE, "data"),
        prevent_initial_call=True,
    )
    async def choose(pressed: dict[str, int] | None, line: str | None) -> Any:
        if ctx.triggered_id == ids.SOURCES_LINE or not pressed:
            return None, "", "", False, "", True
        try:
            found = await asyncio.to_thread(sourced.one, view, line or "", pressed["id"])
        except (Complaint, LedgerError) as wrong:
            return {"line": line, "id": None}, str(wrong), "", True, "", False
        return {"line": line, "id": found.id}, *chosen(found), False

    @app.callback(
        Output(ids.SOURCES_SAID, "children"),
        Output(ids.SCRAP_FORM, "hidden", allow_duplicate=True),
        Output(ids.SCRAP_REASON, "value"),
        Input(ids.SCRAP_TAKE, "n_clicks"),
        Input(ids.SCRAP_DISCARD, "n_clicks"),
        State(ids.SOURCES_LINE, "data"),
        State(ids.SCRAP_CHOSEN, "data"),
        State(ids.SCRAP_TEXT, "value"),
        State(ids.SCRAP_BY, "value"),
        State(ids.SCRAP_REASON, "value"),
        prevent_initial_call=True,
    )
    async def done(_take: Any, _drop: Any, line: str | None, before: dict[str, Any] | None, *words: str | None) -> Any:
        if not before or before["id"] is None or before["line"] != line:
            return no_update, no_update, no_update
        try:
            said = await asyncio.to_thread(act, str(ctx.triggered_id), line or "", before["id"], *(one or "" for one in words))
        except Complaint as wrong:
            return complaint(wrong.text, wrong.cure), no_update, no_update
        except LedgerError as wrong:
            return complaint(f"Nothing was changed: {wrong}", "Try again; tell whoever looks after the server."), no_update, no_update
        return html.Span(said, className="done"), True, ""
