"""Callbacks of the reference page: the demo, findings that are answered, roles, the fit that is asked for, and activation."""

from __future__ import annotations

import asyncio
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from spc.errors import Complaint, LedgerError
from spc.ui import ids as shell_ids
from spc.ui.components import complaint
from spc.ui.pages.reference import data, fitting, ids
from spc.ui.pages.reference import draft as drafts
from spc.ui.pages.reference.desk import Desk
from spc.ui.pages.reference.parts import HERE, fit_asked, gate


def data_callbacks(app: Dash, desk: Desk) -> None:
    """The demo, findings that are answered, columns and their roles."""

    @app.callback(
        Output(shell_ids.URL, "search"),
        Output(ids.DEMO_SAID, "children"),
        Input(ids.DEMO, "n_clicks"),
        prevent_initial_call=True,
    )
    async def demo(clicks: int | None) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            return data.href(await asyncio.to_thread(desk.demo)).removeprefix("/reference"), ""
        except (Complaint, LedgerError) as wrong:
            return no_update, complaint(str(wrong))

    @app.callback(
        Output(ids.DRAFT, "data", allow_duplicate=True),
        Input(ids.ANSWERED, "data"),
        State(ids.DRAFT, "data"),
        State(ids.PAGE, "data-ref"),
        prevent_initial_call=True,
    )
    async def answered(press: dict[str, Any] | None, draft: dict[str, Any] | None, ref: str) -> Any:
        return drafts.answer(draft, ref, str(press["key"])) if press else no_update

    @app.callback(
        Output(ids.FINDINGS, "children"),
        Output(ids.FIT, "disabled"),
        Output(ids.FIT_GATE, "children"),
        Output(ids.FIT, "children"),
        Input(ids.DRAFT, "data"),
        *HERE,
    )
    async def may_fit(draft: dict[str, Any] | None, ref: str, model_id: str) -> Any:
        if not ref:
            return no_update, no_update, no_update, no_update
        return await asyncio.to_thread(gate, desk, ref, model_id, draft)


def fit_callbacks(app: Dash, desk: Desk) -> None:
    """The fit that is asked for, and how far it is."""

    @app.callback(
        Output(ids.ARL0, "children"),
        Input(ids.ALPHA, "value"),
        Input(ids.ESTIMATOR, "data"),
        Input(ids.GROUPS, "data"),
        Input(ids.MEMORY, "data"),
        Input(ids.DYNAMICS, "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def promised(alpha: str | None, estimator: str | None, groups: str | None, memory: Any, dynamics: str | None, *here: str) -> Any:
        ref, model_id = here

        def work() -> Any:
            table, model = desk.opened(ref).table if ref else None, desk.model(model_id) if model_id else None
            return fitting.promised(alpha or "", table, model, estimator or "", groups or "", memory or [], dynamics or "")

        try:
            return await asyncio.to_thread(work)
        except Complaint as wrong:
            return complaint(wrong.text, wrong.cure)

    @app.callback(Output(ids.ESTIMATOR_HELP, "children"), Input(ids.ESTIMATOR, "data"), HERE[0], prevent_initial_call=True)
    async def told(estimator: str | None, ref: str) -> Any:
        try:
            return fitting.helped(estimator or "", await asyncio.to_thread(desk.suggested, ref))
        except Complaint as wrong:
            return str(wrong)

    @app.callback(
        Output(ids.FIT_ASK, "data"),
        Output(ids.FIT_SAID, "children"),
        Input(ids.FIT, "n_clicks"),
        State(ids.ESTIMATOR, "data"),
        State(ids.GROUPS, "data"),
        State(ids.MEMORY, "data"),
        State(ids.DYNAMICS, "data"),
        State(ids.ALPHA, "value"),
        State(ids.BY, "value"),
        State(ids.DRAFT, "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def asked(clicks: int | None, estimator: str, groups: str, memory: Any, dynamics: str, alpha: str, by: str, *here: Any) -> Any:
        draft, ref, model_id = here
        if not clicks:
            return no_update, no_update
        words = (estimator, alpha, by or "", groups, memory or [], dynamics or "")
        try:
            request = await asyncio.to_thread(fit_asked, desk, ref, model_id, draft, *words)
        except Complaint as wrong:
            return no_update, complaint(str(wrong))
        return {"body": request, "press": clicks, "from": model_id}, ""

    for pressed, what in ((ids.OTHER_BASIN, fitting.OTHER_BASIN), (ids.RECOMMENDED, fitting.RECOMMENDED)):
        _by_button(app, desk, pressed, what)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("spcReference", "fit"),
        Output(ids.FIT_ASKED, "data"),
        Input(ids.FIT_ASK, "data"),
        prevent_initial_call=True,
    )


def _by_button(app: Dash, desk: Desk, pressed: str, what: str) -> None:
    """A fit that a button of its own asks for, whatever estimator the form shows."""

    @app.callback(
        Output(ids.FIT_ASK, "data", allow_duplicate=True),
        Output(ids.FIT_SAID, "children", allow_duplicate=True),
        Input(pressed, "n_clicks"),
        State(ids.ALPHA, "value"),
        State(ids.BY, "value"),
        State(ids.DRAFT, "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def asked(clicks: int | None, alpha: str, by: str, draft: dict[str, Any] | None, ref: str, model_id: str) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            request = await asyncio.to_thread(fit_asked, desk, ref, model_id, draft, what, alpha, by or "")
        except Complaint as wrong:
            return no_update, complaint(str(wrong))
        return {"body": request, "press": clicks, "from": model_id}, ""


def activation_callbacks(app: Dash, desk: Desk) -> None:
    """Making the model active."""

    @app.callback(Output(ids.NEW_LINE, "hidden"), Input(ids.LINE, "data"), prevent_initial_call=True)
    async def new_line(line: str | None) -> Any:
        return line != "+"

    @app.callback(
        Output(ids.PRODUCTS, "children"), Output(ids.PRODUCT_HINT, "children"), Input(ids.LINE, "data"), prevent_initial_call=True
    )
    async def products(line: str | None) -> Any:
        known = await asyncio.to_thread(desk.products, line) if line and line != "+" else {}
        return fitting.products_of_line(known)

    @app.callback(
        Output(ids.ACTIVATED, "children"),
        Input(ids.ACTIVATE, "n_clicks"),
        State(ids.LINE, "data"),
        State(ids.NEW_NAME, "value"),
        State(ids.NEW_TITLE, "value"),
        State(ids.PRODUCT, "value"),
        State(ids.REASON, "value"),
        State(ids.SIGNER, "value"),
        *HERE,
        prevent_initial_call=True,
    )
    async def activate(_c: Any, line: str, name: str, title: str, product: str, reason: str, by: str, ref: str, model_id: str) -> Any:
        if not line:
            return complaint("No line is chosen.", "Choose the line that this model is to judge, or a new one.")
        new = line == "+"

        def work() -> Any:
            target = (name or "").strip() if new else line
            words = {"reason": reason or "", "by": by or "", "title": title or "", "product": product or ""}
            done = desk.activate(model_id, target, new=new, **words)
            return fitting.confirmed(done, model_id, desk.model(model_id), desk.timezone)

        try:
            return await asyncio.to_thread(work)
        except Complaint as wrong:
            return complaint(wrong.text, wrong.cure)
        except LedgerError as wrong:
            return complaint(f"Nothing was activated: {wrong}", "Try again; tell whoever looks after the server.")
