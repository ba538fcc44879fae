"""The reference page: an upload, its findings and columns, the Phase I review, and making the model active.

What takes long (the upload, reading it, a fit) is asked of the HTTP interface by assets/upload.js, which shows how far it is; what is
quick happens here. The address holds the reference, the model under review and the one before it, so that a reload loses nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from spc.errors import Complaint, LedgerError
from spc.nouns import Model
from spc.report.pictures import PICTURES, picture
from spc.report.reviewed import kinds
from spc.ui import figures_phase1 as figures
from spc.ui import ids as shell_ids
from spc.ui.components import EMPTY_FIGURE, attr, button, complaint, graph, panel
from spc.ui.page import Page, Visit
from spc.ui.pages.reference import data, fitting, ids, review, stable
from spc.ui.pages.reference import draft as drafts
from spc.ui.pages.reference.desk import Desk, Opened
from spc.ui.shell import theme_now
from spc.ui.theme import Theme
from spc.ui.view import View

__all__ = ["register"]

STEPS = ("Upload", "Check the data", "Review", "Activate")


def head(here: int) -> Component:
    """The title, and where one is on the way from a file to an active reference."""
    items = [
        html.Li(f"{k} {words}", className="step here" if k == here else "step", **attr(aria_current="step" if k == here else "false"))
        for k, words in enumerate(STEPS, 1)
    ]
    return html.Div([html.H1("Reference"), html.Ol(items, className="steps", **attr(aria_label="Steps"))], className="title-row")


def start(desk: Desk) -> list[Component]:
    """The page before anything is uploaded."""
    place = data.upload(desk.recent(), desk.timezone, demo=desk.demo_path() is not None, small=False)
    words = "A reference is a table of rows from a time when the process was as it should be. The limits of every chart come from it."
    return [html.P(words, className="summary"), panel("Upload a reference", place)]


def checked(desk: Desk, opened: Opened, ref: str, page: int, *, closed: bool) -> list[Component]:
    """What was found in the file: to be read before a fit, and folded away after it."""
    table, name = opened.table, opened.stored.name or ref
    apply = [
        button("Read again with these roles", ids.ROLES_APPLY, hidden=True),
        html.Div(id=ids.ROLES_SAID, role="status"),
    ]
    inner = [
        data.facts_line(opened, desk.timezone),
        html.Div(data.findings(table, ref, None), id=ids.FINDINGS),
        html.Div([data.columns(table, page), *data.pages_of(table, ref)], id=ids.COLUMNS),
        html.Div(apply, className="controls left"),
    ]
    measured = sum(c.role == "measurement" for c in table.columns)
    title = html.Summary(f"{name}: {len(table)} rows, {measured} measurements")
    other = html.Details(
        [html.Summary("Another file"), data.upload((), desk.timezone, demo=desk.demo_path() is not None, small=True)], className="panel"
    )
    return [html.Details([title, *inner], id=ids.DATA, className="panel data", open=not closed), other]


def body(desk: Desk, visit: Visit) -> list[Component]:
    """The parts of the page for an address."""
    ref, model_id = visit.query.get("ref", ""), visit.query.get("model", "")
    if not ref:
        return [head(1), *start(desk)]
    opened = desk.opened(ref)
    model = desk.model(model_id) if model_id else None
    page = int(visit.query["page"]) if visit.query.get("page", "").isdecimal() else 1
    file_parts = checked(desk, opened, ref, page, closed=model is not None)
    hint = desk.suggested(ref)
    form = fitting.options(model, visit.query.get("job", ""), hint, opened.table)
    fit = panel("Refit" if model else "Fit", form, class_name="fit-panel")
    if model is None:
        # an empty chart that nobody sees: the drawing program is loaded while the engineer reads, not after the fit
        early = html.Div(graph(ids.EARLY, label="empty"), hidden=True)
        return [head(2), file_parts[0], fit, file_parts[1], early]
    seen = desk.reviewed(ref, model_id)
    active = panel("Activate", fitting.activation(desk.lines()), class_name="activate-panel")
    return [head(3), review.section(seen, opened.table, model_id), fit, active, *file_parts]


def whole(parts: list[Component], ref: str, model_id: str, came_from: str) -> Component:
    """The page around its parts. The key makes the browser build it anew for another reference or model."""
    return html.Div(
        [dcc.Store(id=ids.DRAFT, storage_type="session"), dcc.Store(id=ids.ANSWERED), *parts],
        id=ids.PAGE,
        key=f"{ref}/{model_id}",
        **attr(data_ref=ref, data_model=model_id, data_from=came_from),
    )


def skeleton() -> Component:
    """The same ids without any data."""
    parts = [
        data.upload((), "UTC", demo=True, small=False),
        html.Details(id=ids.DATA),
        html.Div(id=ids.FINDINGS),
        html.Div(id=ids.COLUMNS),
        fitting.options(None, ""),
        review.section(None, None, ""),
        fitting.activation({}),
    ]
    return whole(parts, "", "", "")


# -------------------------------------------------------------------------------------------------------------- what is said


def gate(desk: Desk, ref: str, model_id: str, draft: dict[str, Any] | None) -> tuple[Component, bool, str, str]:
    """The findings as they are answered, whether a fit may begin, why not, and the words of its button."""
    table = desk.opened(ref).table
    left = drafts.unanswered(table.findings, draft, ref)
    words = f"{len(left)} red finding{'s' if len(left) != 1 else ''} to answer before a fit." if left else ""
    label = "Fit"
    if model_id:
        out = len(drafts.excluded(draft, model_id, desk.model(model_id)))
        label = f"Refit without {out} row{'s' if out != 1 else ''}" if out else "Refit with every row"
    return data.findings(table, ref, draft), bool(left), words, label


def drawn(
    desk: Desk, ref: str, model_id: str, came_from: str, draft: dict[str, Any] | None, scale: str, along: str, pick: list[int], theme: Theme
) -> tuple[Any, ...]:
    """Both charts, the counter, a line of words for each chart, and the table."""
    table, seen = desk.opened(ref).table, desk.reviewed(ref, model_id)
    out, kept = drafts.excluded(draft, model_id, seen.model), drafts.kept(draft, ref)
    axis = review.axis(table, seen, along, desk.timezone)
    shown = review.tracks(seen, out, kept)
    chart = figures.t2_review(theme, axis, shown, scale=scale, picked=pick, stamp=model_id + scale + along)
    far: Any = dict(EMPTY_FIGURE)
    if len(shown) == 2:
        far = figures.distances(theme, axis, shown[0], shown[1], scale=scale, picked=pick, stamp=model_id + scale)
    before = _model_or_none(desk, came_from)
    waiting = drafts.pending(draft, model_id, seen.model)
    words = " ".join(review.summary(one, axis) for one in shown)
    both = review.distances_summary(seen) if len(shown) == 2 else ""
    rows = review.rows_table(table, seen, out, kept, desk.timezone)
    return chart, far, review.counter(seen, before, waiting, out), words, both, rows


def pictured(
    desk: Desk, ref: str, model_id: str, draft: dict[str, Any] | None, name: str, pair: tuple[str, str], pick: list[int], theme: Theme
) -> tuple[Any, ...]:
    """One of the other pictures: its figure, its words, and whether the place of the picture and of the pair are hidden."""
    table, seen = desk.opened(ref).table, desk.reviewed(ref, model_id)
    out, kept = drafts.excluded(draft, model_id, seen.model), drafts.kept(draft, ref)
    axis = review.axis(table, seen, "row", desk.timezone)
    chosen = [int(one) for one in pair if one.isdecimal() and int(one) < seen.model.p]
    two = (chosen[0], chosen[1]) if len(chosen) == 2 and chosen[0] != chosen[1] else None
    made = picture(name, theme, seen, axis, kinds(seen, out, kept), pair=two, picked=pick)
    return made.figure, made.words, False, name != "ellipses"


def _model_or_none(desk: Desk, id: str) -> Model | None:
    try:
        return desk.model(id) if id else None
    except Complaint:
        return None


def opened_drawer(desk: Desk, ref: str, model_id: str, rows: list[int], theme: Theme) -> tuple[bool, Any, Any]:
    """The drawer for the chosen rows: hidden when there are none."""
    if not rows:
        return True, no_update, no_update
    table, seen = desk.opened(ref).table, desk.reviewed(ref, model_id)
    rows = [row for row in rows if 1 <= row <= len(seen)]
    if not rows:
        return True, no_update, no_update
    return False, review.told(table, seen, rows, desk.timezone), review.around(table, seen, rows, theme)


def decided(
    desk: Desk, what: str, ref: str, model_id: str, draft: dict[str, Any] | None, rows: list[int], cause: str, note: str, by: str
) -> tuple[drafts.Draft, str]:
    """The draft after a person's word, and that word confirmed. Raises Complaint with the cure."""
    model, told = desk.model(model_id), drafts.spans(rows)
    if what == ids.EXCLUDE:
        return drafts.exclude(
            draft, ref, model_id, model, rows, cause=cause, note=note, by=by
        ), f"Excluded: {told}. Refit to see the new limit."
    if what == ids.KEEP:
        return drafts.keep(draft, ref, model_id, model, rows, note=note, by=by), f"Kept as common cause: {told}."
    return drafts.undo(draft, ref, model_id, model, rows), f"Undone: {told}."


def fit_asked(
    desk: Desk, ref: str, model_id: str, draft: dict[str, Any] | None, estimator: str, alpha: Any, by: str, subgroup: str | None = None
) -> dict[str, Any]:
    """The body of the request for a fit. Raises Complaint: a red finding without an answer, a number that is none."""
    table = desk.opened(ref).table
    if left := drafts.unanswered(table.findings, draft, ref):
        raise Complaint(left[0].text, cure="Answer this finding first.")
    model = desk.model(model_id) if model_id else None
    out = drafts.excluded(draft, model_id, model) if model is not None else {}
    recipe = drafts.recipe(fitting.asked(estimator, alpha, model, subgroup), out)
    return {"reference_id": ref, "recipe": recipe, "by": by.strip(), "note": drafts.note(draft, ref, table.findings)}


def rows_of(pick: Any) -> list[int]:
    """The chosen rows, whatever the browser sent."""
    rows = pick.get("rows") if isinstance(pick, dict) else None
    return sorted({row for row in rows if isinstance(row, int)}) if isinstance(rows, list) else []


# --------------------------------------------------------------------------------------------------------------- callbacks

HERE = (State(ids.PAGE, "data-ref"), State(ids.PAGE, "data-model"))


def register(app: Dash, view: View) -> Page:
    """The page at /reference, and its callbacks."""
    desk = Desk(view)

    def layout(visit: Visit) -> Component:
        return whole(body(desk, visit), visit.query.get("ref", ""), visit.query.get("model", ""), visit.query.get("from", ""))

    _data_callbacks(app, desk)
    _fit_callbacks(app, desk)
    _review_callbacks(app, desk)
    _stability_callbacks(app, desk)
    _activation_callbacks(app, desk)
    return Page("/reference", "Reference", layout, skeleton, nav="Reference")


def _data_callbacks(app: Dash, desk: Desk) -> None:
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


def _fit_callbacks(app: Dash, desk: Desk) -> None:
    @app.callback(Output(ids.ARL0, "children"), Input(ids.ALPHA, "value"), prevent_initial_call=True)
    async def promised(alpha: str | None) -> Any:
        try:
            return fitting.promise(alpha or "")
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
        State(ids.ALPHA, "value"),
        State(ids.BY, "value"),
        State(ids.DRAFT, "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def asked(clicks: int | None, estimator: str, groups: str, alpha: str, by: str, draft: Any, ref: str, model_id: str) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            request = await asyncio.to_thread(fit_asked, desk, ref, model_id, draft, estimator, alpha, by or "", groups)
        except Complaint as wrong:
            return no_update, complaint(str(wrong))
        return {"body": request, "press": clicks, "from": model_id}, ""

    @app.callback(
        Output(ids.FIT_ASK, "data", allow_duplicate=True),
        Output(ids.FIT_SAID, "children", allow_duplicate=True),
        Input(ids.OTHER_BASIN, "n_clicks"),
        State(ids.ALPHA, "value"),
        State(ids.BY, "value"),
        State(ids.DRAFT, "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def other(clicks: int | None, alpha: str, by: str, draft: dict[str, Any] | None, ref: str, model_id: str) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            request = await asyncio.to_thread(fit_asked, desk, ref, model_id, draft, fitting.OTHER_BASIN, alpha, by or "")
        except Complaint as wrong:
            return no_update, complaint(str(wrong))
        return {"body": request, "press": clicks, "from": model_id}, ""

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("spcReference", "fit"),
        Output(ids.FIT_ASKED, "data"),
        Input(ids.FIT_ASK, "data"),
        prevent_initial_call=True,
    )


def _review_callbacks(app: Dash, desk: Desk) -> None:
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


def _stability_callbacks(app: Dash, desk: Desk) -> None:
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


def _activation_callbacks(app: Dash, desk: Desk) -> None:
    @app.callback(Output(ids.NEW_LINE, "hidden"), Input(ids.LINE, "data"), prevent_initial_call=True)
    async def new_line(line: str | None) -> Any:
        return line != "+"

    @app.callback(
        Output(ids.ACTIVATED, "children"),
        Input(ids.ACTIVATE, "n_clicks"),
        State(ids.LINE, "data"),
        State(ids.NEW_NAME, "value"),
        State(ids.NEW_TITLE, "value"),
        State(ids.REASON, "value"),
        State(ids.SIGNER, "value"),
        *HERE,
        prevent_initial_call=True,
    )
    async def activate(_c: Any, line: str, name: str, title: str, reason: str, by: str, ref: str, model_id: str) -> Any:
        if not line:
            return complaint("No line is chosen.", "Choose the line that this model is to judge, or a new one.")
        new = line == "+"

        def work() -> Any:
            target = (name or "").strip() if new else line
            done = desk.activate(model_id, target, reason=reason or "", by=by or "", title=title or "", new=new)
            return fitting.confirmed(done, model_id, desk.model(model_id), desk.timezone)

        try:
            return await asyncio.to_thread(work)
        except Complaint as wrong:
            return complaint(wrong.text, wrong.cure)
        except LedgerError as wrong:
            return complaint(f"Nothing was activated: {wrong}", "Try again; tell whoever looks after the server.")
