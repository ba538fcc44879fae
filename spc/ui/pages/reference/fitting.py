"""What is asked of a fit, and making its model active: the two forms of the page, and the pure functions behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from spc.charts import CHARTS, Dispersion
from spc.errors import Complaint
from spc.nouns import Model, Reference
from spc.phase1 import Recipe, Recommendation
from spc.ui.components import Children, attr, button, choice, complaint, field, select, text_input
from spc.ui.pages.reference import budget, estimators, ids
from spc.ui.pages.reference.desk import Done
from spc.ui.pages.reference.estimators import Suggestion
from spc.ui.words import clock, number, utc

ALPHA: Final = 0.0027
SHOWN: Final = 12  # products that are named
DYNAMICS: Final = {
    "": "judge rows as they are",
    "lagged 1": "with the row before (dynamic T²)",
    **{f"lagged {k}": f"with the {k} rows before" for k in range(2, 6)},
    "residual": "what the row before does not imply (VAR(1) residuals)",
}
OTHER_BASIN: Final = "the other group"  # asked for by the button of the finding
RECOMMENDED: Final = "as recommended"  # asked for by the button beside the reasons


def asked(
    estimator: str,
    alpha: Any,
    model: Model | None,
    subgroup: str | None = None,
    memory: Sequence[str] | None = None,
    interval: float | None = None,
    dynamics: str | None = None,
) -> dict[str, Any]:
    """The recipe's words; what the page does not ask stays as it was in the model. Raises BadRecipe.

    `subgroup` is the column whose subgroups are judged, "" for single rows; `memory` the charts beside T²; `dynamics` a key of `DYNAMICS`;
    None leaves them as they were.
    """
    words = dict(model.recipe) if model is not None else {}
    if estimator == OTHER_BASIN and model is not None:
        words["estimator"] = other_basin(model)
    if estimator in estimators.OFFERS and (model is None or estimator != estimators.of(model)[0]):
        words["estimator"] = dict(estimators.OFFERS[estimator].asked)
    if subgroup is not None:
        words.pop("subgroup", None)
        words |= {"subgroup": subgroup} if subgroup else {}
    if memory is not None:
        before = dict(words.get("charts", {}))
        words["charts"] = {name: before.get(name, {}) for name in ("t2", *memory)}
    if dynamics is not None:
        words.pop("dynamics", None)
        words |= {"dynamics": dynamics} if dynamics else {}
    for word in ("alpha", "budget", "ucl"):
        words.pop(word, None)
    words |= budget.asked(alpha, interval, "subgroup" if words.get("subgroup") else "row")
    Recipe.from_dict(words, interval)
    return words


def helped(estimator: str, hint: Suggestion | None) -> list[Component | str]:
    """The chosen estimator in a line or two, and what the table asks for."""
    parts: list[Component | str] = [estimators.help_of(estimator)]
    if hint is not None:
        short = estimators.OFFERS[hint.key].words.partition(":")[0]
        lead = "Chosen for this table" if hint.key == estimator else f"This table asks for {short}"
        parts = [html.Strong(f"{lead}: {hint.why} "), *parts]
    return parts


def recommended(found: Recommendation | None) -> Component:
    """What the table asks for that is not usual, each with its reason, and the button that fits it so; hidden when there is nothing."""
    reasons = () if found is None else found.reasons
    lines = [html.Li([one.text, html.Span(f" {one.cure}", className="recommended-what")]) for one in reasons]
    head = html.Div("Recommended for this table", className="label")
    return html.Div(
        [head, html.Ul(lines), button("Fit as recommended", ids.RECOMMENDED, kind="main")], className="recommended", hidden=not lines
    )


def other_basin(model: Model) -> dict[str, Any]:
    """The estimator that settles on the other of two groups of rows."""
    said = dict(model.recipe["estimator"])
    return {**said, "basin": "lowest" if said.get("basin") == "deterministic" else "deterministic"}


def groups(model: Model | None, table: Reference | None) -> Component:
    """Whether single rows or the means of subgroups are judged; nothing to see when the table has no subgroups."""
    column = (table.column("subgroup") or "") if table is not None and table.rows.subgroup else ""
    chosen = str(model.recipe.get("subgroup", "")) if model is not None else ""
    words = {"": "Single rows", **({column: f"Means of {column}"} if column else {})}
    made = choice(ids.GROUPS, words, chosen if chosen in words else "", label="What is judged")
    return html.Div([html.Div("What is judged", className="label"), made], className="field", hidden=not column)


def memory(model: Model | None, table: Reference | None = None) -> Component:
    """Which charts share the false alarms with T²; that of the spread within subgroups where the table has subgroups."""
    grouped = (table is not None and bool(table.rows.subgroup)) or (model is not None and model.subgroup is not None)
    words = {name: chart.title for name, chart in CHARTS.items() if name != "t2" and (grouped or name != Dispersion.name)}
    words |= {Dispersion.name: f"{Dispersion.title} (within subgroups)"} if grouped else {}
    chosen = [name for name in words if model is not None and name in model.new_limits]
    made = choice(ids.MEMORY, words, chosen, label="Charts beside T², for small changes that last and relations that break", many=True)
    return html.Div([html.Div("Beside T²: small changes that last, relations that break", className="label"), made], className="field")


def dynamics(model: Model | None) -> Component:
    """Whether rows are judged as they are or with those before them."""
    chosen = str(model.recipe.get("dynamics", "")) if model is not None else ""
    return select(ids.DYNAMICS, DYNAMICS, chosen, label="Rows depend on the ones before", shown=True)


def products(table: Reference | None) -> list[Component]:
    """A warning when the table holds several products: one fit takes them all as one process."""
    labels = [one for one in table.rows.product if one] if table is not None else []
    counts = {one: labels.count(one) for one in dict.fromkeys(labels)} if len(set(labels)) <= SHOWN else dict.fromkeys(labels)
    if table is None or len(counts) < 2:
        return []
    column = table.column("product")
    listed = ", ".join(f"{name} ({n} rows)" for name, n in list(counts.items())) if len(counts) <= SHOWN else "the labels are many"
    words = (
        f" This file holds {len(counts)} products by {column}: {listed}. A fit here takes all rows as one process, and a line watches one "
        f"product. Upload each product's rows as a file of its own, or fit a model for each in a terminal: "
        f"spc fit {table.name or 'FILE.csv'} --product {column}."
    )
    return [html.P([html.Span("▲", className="mark high", **attr(aria_hidden="true")), words], className="products")]


def options(
    model: Model | None, job: str, hint: Suggestion | None = None, table: Reference | None = None, found: Recommendation | None = None
) -> Component:
    """Estimator, alpha, the name of who asks, and the button; below it how far the fit is. `hint` is what the table asks for."""
    chosen, words = estimators.of(model, hint)
    alpha = budget.said_before(model) if model is not None else str(ALPHA)
    first = [
        select(ids.ESTIMATOR, words, chosen, label="Estimator", shown=True),
        groups(model, table),
        memory(model, table),
        dynamics(model),
        field("α, ARL₀, 1 per week or UCL", text_input(ids.ALPHA, value=alpha, maxLength=60)),
        html.Div(promised(alpha, table, model, chosen), id=ids.ARL0, className="arl0", role="status"),
    ]
    last = [
        field("Your name", text_input(ids.BY, remember=True, autoComplete="name", maxLength=80)),
        button("Refit" if model is not None else "Fit", ids.FIT, kind="main"),
        html.Div(id=ids.FIT_GATE, className="gate", role="status"),
    ]
    far = [html.Progress(id=ids.FIT_BAR, max="1", value="0", **attr(aria_label="Fit")), button("Cancel", ids.FIT_CANCEL)]
    running = [
        html.Div(far, id=f"{ids.FIT_BAR}-box", className="fit-running", hidden=True),
        html.Div(id=ids.FIT_SAID, **attr(aria_live="polite")),
    ]
    return html.Div(
        [
            dcc.Store(id=ids.FIT_ASK),
            dcc.Store(id=ids.FIT_ASKED),
            *products(table),
            recommended(found),
            html.Div(first, className="form-row"),
            html.P(helped(chosen, hint), id=ids.ESTIMATOR_HELP, className="hint estimator-help", role="status"),
            html.Div(last, className="form-row"),
            *running,
        ],
        className="fit",
        **attr(data_job=job),
    )


def promised(
    text: str,
    table: Reference | None,
    model: Model | None,
    estimator: str,
    subgroup: str | None = None,
    memory: Sequence[str] | None = None,
    dynamics: str | None = None,
) -> Children:
    """What the budget means for the fit that is chosen, or why it makes no sense and what to write instead."""
    subgroup = str(model.recipe.get("subgroup", "")) if subgroup is None and model is not None else subgroup or ""
    beside = memory if memory is not None else [] if model is None else [name for name in model.new_limits if name != "t2"]
    interval = None if table is None else table.rows.between(bool(subgroup))
    before = dynamics if dynamics is not None else "" if model is None else str(model.recipe.get("dynamics", ""))
    try:
        return budget.promise(text, interval, model, table, estimator=estimator, subgroup=subgroup, memory=beside, dynamics=before)
    except Complaint as wrong:
        return complaint(wrong.text, wrong.cure)


ALL_PRODUCTS = "all that have no model of their own"


def products_of_line(known: Mapping[str, bool]) -> tuple[list[Component], str]:
    """The products of a line to choose from, and in words; each with whether it has a model of its own.

    >>> products_of_line({"B": False, "A": True})[1]
    'This line has had the products A (with a model of its own), B. Leave it empty for all that have no model of their own.'
    """
    if not known:
        return [], ""
    told = ", ".join(f"{one} (with a model of its own)" if known[one] else one for one in sorted(known))
    said = f"This line has had the products {told}. Leave it empty for {ALL_PRODUCTS}."
    return [html.Option(value=one) for one in sorted(known)], said


def activation(lines: Mapping[str, str]) -> Component:
    """On which line, for which of its products, why, and who says so."""
    titles = {name: title if title == name else f"{title} ({name})" for name, title in lines.items()}
    line = select(ids.LINE, {"": "choose a line", **titles, "+": "a new line ..."}, label="Line", shown=True)
    new = [
        field("Name of the new line", text_input(ids.NEW_NAME, placeholder="press-4", maxLength=64)),
        field("Title", text_input(ids.NEW_TITLE, placeholder="Press 4, lids", maxLength=120)),
    ]
    row = [
        line,
        html.Div(new, id=ids.NEW_LINE, className="form-row", hidden=True),
        field("Product", text_input(ids.PRODUCT, placeholder=ALL_PRODUCTS, maxLength=120, list=ids.PRODUCTS, autoComplete="off")),
        html.Datalist(id=ids.PRODUCTS),
        field("Reason", text_input(ids.REASON, placeholder="why this model judges the line from now on", maxLength=500)),
        field("Your name", text_input(ids.SIGNER, remember=True, autoComplete="name", maxLength=80)),
        button("Activate", ids.ACTIVATE, kind="main"),
    ]
    hint = html.Div(id=ids.PRODUCT_HINT, className="hint", role="status")
    return html.Div([html.Div(row, className="form-row"), hint, html.Div(id=ids.ACTIVATED, className="activated", role="status")])


def confirmed(done: Done, model_id: str, model: Model, timezone: str) -> list[Component]:
    """What was done, from when, and where to look."""
    limit = model.new_limits["t2"][-1]
    whose = f"the product {done.product} on {done.title}" if done.product else done.title
    since = f"from the row after {done.after_seq} on" if done.after_seq else "from its first row on"
    known = {} if not done.product or done.product in done.known else done.known
    others = f" No row of this product has come yet; there have been {', '.join(sorted(known))}." if known else ""
    words = (
        f"Model {done.version} ({model_id[:8]}) judges {whose} {since}, since {clock(done.at, timezone, date=True)}. "
        f"UCL for new rows {number(limit.value)}, α {number(limit.alpha)}, n {model.n}.{others}"
    )
    link = dcc.Link(f"To the line {done.title}", href=f"/line/{done.line}", className="button main")
    mark = html.Span("▲", className="mark high", **attr(aria_hidden="true"))
    cure = "Fit it again with the line's rule beside the budget (\"2 of 3\"), or change the line's."
    warning = [html.P([mark, f" {done.warning} {cure}"], className="against")] if done.warning else []
    return [html.P(words, className="done", title=utc(done.at)), *warning, link]
