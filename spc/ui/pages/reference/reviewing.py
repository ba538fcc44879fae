"""Callbacks of the review: pictures, rows that are looked at and decided, and stability without a law."""

from __future__ import annotations

import asyncio
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, html, no_update

from spc.errors import Complaint
from spc.report.pictures import PICTURES
from spc.ui.components import EMPTY_FIGURE, complaint
from spc.ui.pages.reference import draft as drafts
from spc.ui.pages.reference import ids, stable
from spc.ui.pages.reference.desk import Desk
from spc.ui.pages.reference.parts import HERE, decided, drawn, opened_drawer, pictured, rows_of
from spc.ui.shell import theme_now


def review_callbacks(app: Dash, desk: Desk) -> None:
    """Pictures, rows that are looked at, and what is decided about them."""

    @app.callback(
        Output(ids.CHART, "figure"),
        Output(ids.DISTANCES, "figure"),
        Output(ids.COUNTER, "children"),
        Output(ids.CHART_SUMMARY, "children"),
        Output(ids.DISTANCES_SUMMARY, "children"),
        Output(ids.TABLE, "children"),
        Input(ids.DRAFT, "data"),
        Input(ids.SCALE, "data"),
        Input(ids.ALONG, "data"),
        State(ids.PICK, "data"),
        *HERE,
        State(ids.PAGE, "data-from"),
    )
    async def draw(draft: Any, scale: str, along: str, pick: Any, ref: str, model_id: str, came_from: str) -> Any:
        try:
            return await asyncio.to_thread(drawn, desk, ref, model_id, came_from, draft, scale, along, rows_of(pick), theme_now())
        except Complaint as wrong:
            return dict(EMPTY_FIGURE), dict(EMPTY_FIGURE), complaint(wrong.text, wrong.cure), "", "", ""

    @app.callback(
        Output(ids.PICTURE_CHART, "figure"),
        Output(ids.PICTURE_SUMMARY, "children"),
        Output(ids.PICTURE_BOX, "hidden"),
        Output(ids.PICTURE_PAIR, "hidden"),
        Input(ids.PICTURE, "data"),
        Input(ids.PICTURE_X, "data"),
        Input(ids.PICTURE_Y, "data"),
        Input(ids.DRAFT, "data"),
        State(ids.PICK, "data"),
        *HERE,
    )
    async def more(name: str, x: str, y: str, draft: Any, pick: Any, ref: str, model_id: str) -> Any:
        if name not in PICTURES or not model_id:
            return no_update, no_update, no_update, no_update
        try:
            return await asyncio.to_thread(pictured, desk, ref, model_id, draft, name, (x or "", y or ""), rows_of(pick), theme_now())
        except Complaint as wrong:
            return dict(EMPTY_FIGURE), complaint(wrong.text, wrong.cure), False, True

    @app.callback(
        Output(ids.DRAWER, "hidden"),
        Output(ids.DRAWER_BODY, "children"),
        Output(ids.AROUND, "figure"),
        Output(ids.DECIDED, "children"),
        Input(ids.PICK, "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def choose(pick: Any, ref: str, model_id: str) -> Any:
        return *await asyncio.to_thread(opened_drawer, desk, ref, model_id, rows_of(pick), theme_now()), ""

    @app.callback(
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Output(ids.DECIDED, "children", allow_duplicate=True),
        Input(ids.EXCLUDE, "n_clicks"),
        Input(ids.KEEP, "n_clicks"),
        Input(ids.UNDO, "n_clicks"),
        State(ids.PICK, "data"),
        State(ids.DRAFT, "data"),
        State(ids.CAUSE, "data"),
        State(ids.NOTE, "value"),
        State(ids.WHO, "value"),
        *HERE,
        prevent_initial_call=True,
    )
    async def decide(_e: Any, _k: Any, _u: Any, pick: Any, draft: Any, cause: str, note: str, by: str, ref: str, model_id: str) -> Any:
        try:
            rows = rows_of(pick)
            new, said = decided(desk, str(ctx.triggered_id), ref, model_id, draft, rows, cause or "", note or "", by or "")
        except Complaint as wrong:
            return no_update, complaint(wrong.text, wrong.cure)
        return new, html.Span(said, className="done")

    @app.callback(
        Output(ids.PICK, "data"),
        Output(ids.ROWS_SAID, "children"),
        Input(ids.ROWS_LOOK, "n_clicks"),
        Input(ids.LOOK_ALL, "n_clicks"),
        Input(ids.ROWS, "n_submit"),
        State(ids.ROWS, "value"),
        *HERE,
        prevent_initial_call=True,
    )
    async def look(_l: Any, _a: Any, _s: Any, text: str, ref: str, model_id: str) -> Any:
        try:
            seen = await asyncio.to_thread(desk.reviewed, ref, model_id)
            rows = seen.outlying if ctx.triggered_id == ids.LOOK_ALL else drafts.rows_of(text or "", len(seen))
        except Complaint as wrong:
            return no_update, complaint(wrong.text, wrong.cure)
        return {"rows": rows}, "" if rows else "No row is outlying."


def stability_callbacks(app: Dash, desk: Desk) -> None:
    """Stability without a law."""

    @app.callback(
        Output(ids.STABLE_ASK, "data"),
        Output(ids.STABLE_SAID, "children"),
        Input(ids.STABLE, "n_clicks"),
        State(ids.STABLE_OVERALL, "value"),
        State(ids.BY, "value"),
        State(ids.DRAFT, "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def asked(clicks: int | None, overall: str, by: str, draft: dict[str, Any] | None, ref: str, model_id: str) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            model = await asyncio.to_thread(desk.model, model_id)
            body = stable.asked(overall, drafts.excluded(draft, model_id, model), model, by or "")
        except Complaint as wrong:
            return no_update, complaint(wrong.text, wrong.cure)
        return {"ref": ref, "body": body, "press": clicks}, "Asking …"

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("spcReference", "check"),
        Output(ids.STABLE_ASKED, "data"),
        Input(ids.STABLE_ASK, "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.STABLE_SAID, "children", allow_duplicate=True),
        Input(ids.STABLE_ANSWER, "data"),
        prevent_initial_call=True,
    )
    async def answered(result: dict[str, Any] | None) -> Any:
        return stable.answered(result) if result else no_update
