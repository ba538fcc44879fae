"""What the reference page is made of, as pure functions of the desk, the address and the draft."""

from __future__ import annotations

from typing import Any

from dash import State, dcc, html, no_update
from dash.development.base_component import Component

from spc.errors import Complaint
from spc.nouns import Model
from spc.phase1 import Recipe, recommend
from spc.report.pictures import picture
from spc.report.reviewed import kinds
from spc.ui import figures_phase1 as figures
from spc.ui.components import EMPTY_FIGURE, attr, button, graph, panel
from spc.ui.page import Visit
from spc.ui.pages.reference import data, fitting, ids, review
from spc.ui.pages.reference import draft as drafts
from spc.ui.pages.reference.desk import Desk, Opened
from spc.ui.theme import Theme

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
    found = desk.recommended(ref) if model is None else None
    form = fitting.options(model, visit.query.get("job", ""), hint, opened.table, found)
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


def fit_asked(  # noqa: PLR0913 - one for each field of the form
    desk: Desk,
    ref: str,
    model_id: str,
    draft: dict[str, Any] | None,
    estimator: str,
    alpha: Any,
    by: str,
    subgroup: str | None = None,
    memory: list[str] | None = None,
    dynamics: str | None = None,
) -> dict[str, Any]:
    """The body of the request for a fit. Raises Complaint: a red finding without an answer, a number that is none."""
    table = desk.opened(ref).table
    if left := drafts.unanswered(table.findings, draft, ref):
        raise Complaint(left[0].text, cure="Answer this finding first.")
    model = desk.model(model_id) if model_id else None
    out = drafts.excluded(draft, model_id, model) if model is not None else {}
    grouped = subgroup if subgroup is not None else str(model.recipe.get("subgroup", "")) if model is not None else ""
    interval = table.rows.between(bool(grouped))
    words = fitting.asked(estimator, alpha, model, subgroup, memory, interval, dynamics)
    if estimator == fitting.RECOMMENDED:
        words = recommend(table, Recipe.from_dict(words, interval)).recipe.to_dict()
    recipe = drafts.recipe(words, out)
    return {"reference_id": ref, "recipe": recipe, "by": by.strip(), "note": drafts.note(draft, ref, table.findings)}


def rows_of(pick: Any) -> list[int]:
    """The chosen rows, whatever the browser sent."""
    rows = pick.get("rows") if isinstance(pick, dict) else None
    return sorted({row for row in rows if isinstance(row, int)}) if isinstance(rows, list) else []


# --------------------------------------------------------------------------------------------------------------- callbacks

HERE = (State(ids.PAGE, "data-ref"), State(ids.PAGE, "data-model"))
