"""The Phase I review: the charts, what a person says about rows, and the table that does all that the mouse does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from spc import blame
from spc.nouns import Model, Reference
from spc.phase1.again import raw
from spc.phase2.arithmetic import arithmetic_of_limit, arithmetic_of_point
from spc.phase2.worked_dispersion import arithmetic_of_dispersion
from spc.phase2.worked_means import arithmetic_of_mean
from spc.report import pictures
from spc.report.reviewed import Reviewed, kinds
from spc.report.told import axis, count_words, distances_summary, micros, p_words, summary, timed, tracks, values, when
from spc.runlength.budget import Budget
from spc.ui import figures_phase1 as figures
from spc.ui.arithmetic import fold
from spc.ui.components import attr, button, choice, field, graph, select, table, text_input
from spc.ui.figures_phase1 import LOOKS, SCALES, Kind, Trend
from spc.ui.pages.reference import draft as drafts
from spc.ui.pages.reference import ids, stable
from spc.ui.pages.reference.draft import Decision
from spc.ui.pages.reference.found import found
from spc.ui.theme import Theme
from spc.ui.words import clock, near, number, utc

__all__ = ["axis", "distances_summary", "summary", "timed", "tracks"]

SPAN: Final = 50  # rows shown before and after the chosen ones
MOST_ROWS: Final = 100  # rows of the table
MOST_TOLD: Final = 6  # chosen rows that are told one by one
ALONG: Final = {"time": "Time", "row": "Row"}


# ---------------------------------------------------------------------------------------------------------------- in words


def counter(seen: Reviewed, before: Model | None, waiting: int, out: Mapping[int, Decision]) -> list[Component]:
    """How many rows the model rests on and what that did to its limit; what waits for a refit; a warning when much is left out."""
    model, n = seen.model, len(seen)
    ucl = number(model.reference_limits["t2"].value)
    old = number(before.reference_limits["t2"].value) if before is not None else ""
    moved = f"UCL {old} → {ucl}" if old else f"UCL {ucl}"
    parts: list[Component] = [html.Span(f"n = {model.n} of {n}, {moved}", className="n-of")]
    parts.append(
        html.Span(f"{count_words(int(np.sum(seen.out & seen.fitted)))} beyond, {int(np.sum(seen.kin)) or 'none'} alike", className="beyond")
    )
    if waiting:
        parts.append(html.Span(f"{count_words(waiting)} changed: refit to see the new limit", className="waiting"))
    share = len(out) / n if n else 0.0
    if share > drafts.MANY:
        words = f" {share:.0%} of the rows are excluded: the rest may describe a better process than the one that will run."
        parts.append(html.Span([html.Span("▲", className="mark high", **attr(aria_hidden="true")), words], className="many"))
    return parts


def legend() -> Component:
    """The shapes of the charts, in words."""
    items = [html.Span("● within the UCL", className="key")]
    items += [
        html.Span([html.Span(look.mark, className=f"mark {look.colour}"), f" {look.words}"], className="key") for look in LOOKS.values()
    ]
    return html.P(items, className="legend")


# ---------------------------------------------------------------------------------------------------------------- the drawer


def told(reference: Reference, seen: Reviewed, rows: Sequence[int], timezone: str) -> list[Component]:
    """The chosen rows in words: one with its values, several with a sentence each."""
    if len(rows) == 1:
        return _told_one(reference, seen, rows[0], timezone)
    items = [
        html.Li([html.Strong(f"Row {row}"), f", T² {number(float(seen.t2[row - 1]))}: ", seen.sentence(row)]) for row in rows[:MOST_TOLD]
    ]
    rest = len(rows) - MOST_TOLD
    more = [html.P(f"and {rest} more.", className="quiet")] if rest > 0 else []
    return [html.H2(f"{len(rows)} rows: {drafts.spans(rows)}"), html.Ul(items, className="told"), *more]


def _told_one(reference: Reference, seen: Reviewed, row: int, timezone: str) -> list[Component]:
    i = row - 1
    part = reference.rows.ids[i]
    head = f"Row {row}{f', {part}' if part else ''}"
    at = micros(reference, i)
    verdict = "beyond the limit" if seen.out[i] else "alike to rows beyond the limit" if seen.kin[i] else "within the limit"
    numbers = f"T² {number(float(seen.t2[i]))}, UCL {number(float(seen.ucl[i]))}, p-value {p_words(seen.p_value(row))}: {verdict}."
    if at is not None:
        numbers = f"{clock(at, timezone, date=True)}. {numbers}"
    parts: list[Component] = [html.H2(head), html.P(numbers, title=utc(at)), html.P(seen.sentence(row), className="sentence")]
    parts += leverage(seen, row)
    if not seen.fitted[i]:
        parts.append(html.P("This row took no part in the fit and is judged as a new one.", className="quiet"))
    return [*parts, *single_values(seen, i), _values_table(seen, i), *_arithmetic(reference, seen, i)]


def _arithmetic(reference: Reference, seen: Reviewed, i: int) -> list[Component]:
    """The arithmetic of the T² of the row, or of the mean of its subgroup, and of its limit."""
    model, q = seen.model, int(np.sum(~np.isnan(seen.x[i])))
    mine = next((one for one in seen.subgroups if i + 1 in one.rows), None)
    if mine is not None:
        rows, fitted = seen.x[[row - 1 for row in mine.rows]], bool(seen.fitted[mine.rows[0] - 1])
        limit = arithmetic_of_limit(model, reference=fitted, size=len(rows))
        return [fold([arithmetic_of_mean(model, rows), limit, *arithmetic_of_dispersion(model, rows)])]
    if model.subgroup is not None or q == 0:
        return []
    own = bool(seen.fitted[i]) and q == model.p
    point = arithmetic_of_point(model, seen.x[i], raw=raw(reference, model, i))
    return [fold([point, arithmetic_of_limit(model, "t2", q, reference=own)])]


def single_values(seen: Reviewed, i: int) -> list[Component]:
    """The values of row i, from 0, that a cellwise fit set aside or that are missing, each with what the row's others let expect."""
    told = seen.cells
    if told is None or not seen.fitted[i]:
        return []
    lines = []
    for j, name in enumerate(seen.model.names):
        sd, gone = float(told.sd[i, j]), bool(np.isnan(seen.x[i, j]))
        if gone or told.flagged[i, j]:
            value = "missing" if gone else near(float(seen.x[i, j]), sd)
            lines.append(html.Li([html.Strong(name), f" {value}, expected {near(float(told.expected[i, j]), sd)} ± {number(sd, 2)}"]))
    if not lines:
        return [html.P("No single value of this row was set aside.", className="quiet")]
    head = html.P("Single values that the fit set aside or lacked, and what the row's other values let expect:", className="quiet")
    return [html.Div([head, html.Ul(lines, className="told")], className="single-values")]


def leverage(seen: Reviewed, row: int) -> list[Component]:
    """The pull of a row on the classical estimate, beside the mean of all; and whether that estimate would have shown the row."""
    i = row - 1
    if np.isnan(seen.leverage[i]):
        return []
    mean = (seen.model.p + 1) / int(np.sum(~np.isnan(seen.leverage)))
    words = f"Leverage {number(float(seen.leverage[i]), 2)}, {number(float(seen.leverage[i]) / mean, 2)} × the mean"
    title = "1/n + d²/(n − 1), with the classical d²: the pull of this row on the classical mean and covariance, 1 at the most."
    if seen.robust:
        words += f". Classical T² {number(float(seen.classical_t2[i]))}, UCL {number(float(seen.classical_ucl[i]))}"
        masked = bool(seen.out[i] and not seen.classical_t2[i] > seen.classical_ucl[i])
        words += ": masked there, a classical chart would not show it" if masked else ""
    return [html.P(f"{words}.", className="leverage", title=title)]


def _values_table(seen: Reviewed, i: int) -> Component:
    model = seen.model
    found = blame.blame(model, seen.x[i])
    share, sigma, given = (part[0].tolist() for part in (found.share, found.sigma, found.given))
    sd = np.sqrt(np.diag(model.scatter.covariance)).tolist()
    total = float(np.nansum(found.share)) or 1.0
    order = sorted(range(model.p), key=lambda j: -(share[j] if np.isfinite(share[j]) else -np.inf))
    rows = [
        (
            model.names[j],
            near(float(seen.x[i, j]), sd[j]),
            f"{near(float(model.scatter.center[j]), sd[j])} ± {number(sd[j], 2)}",
            number(sigma[j], 2),
            number(given[j], 2),
            f"{share[j] / total:.0%}" if np.isfinite(share[j]) else "–",
        )
        for j in order
    ]
    heads = ("Variable", "Value", "Reference", "sd off", "given rest", "Share")
    return table(heads, rows, caption="Values of this row", numbers=range(1, 6))


def around(reference: Reference, seen: Reviewed, rows: Sequence[int], theme: Theme) -> dict[str, Any]:
    """The raw course of the three variables that matter most for the chosen rows."""
    model = seen.model
    low, high = max(1, min(rows) - SPAN), min(len(seen), max(rows) + SPAN)
    share = np.nan_to_num(blame.blame(model, seen.x[[row - 1 for row in rows]]).share)
    columns, x, center, sd = model.names, seen.x, model.scatter.center, np.sqrt(np.diag(model.scatter.covariance))
    if model.dynamics is not None:  # what is charted is made of these
        columns, center, sd = model.inputs, model.dynamics.center, model.dynamics.sd
        x = reference.x[:, [reference.names.index(name) for name in columns]]
        share = share.reshape(len(rows), -1, len(columns)).sum(axis=1)
    top = np.argsort(-share.sum(axis=0))[:3]
    step = max(1, (high - low + 1) // figures.MOST)
    shown = sorted({*range(low, high + 1, step), *rows})
    trends = []
    for j in top.tolist():
        m, unit = float(center[j]), model.units[j]
        course = values(x[[row - 1 for row in shown], j])
        trends.append(Trend(f"{columns[j]}{f' [{unit}]' if unit else ''}", course, (m - 3 * float(sd[j]), m, m + 3 * float(sd[j]))))
    return figures.around(theme, shown, trends, rows)


def drawer() -> Component:
    """The chosen rows and what can be said about them; closed while none is chosen."""
    cause = select(ids.CAUSE, {"": "no special cause chosen", **drafts.CAUSES}, label="Cause", shown=True)
    form = [
        html.Div(
            [cause, field("Your name", text_input(ids.WHO, remember=True, autoComplete="name", maxLength=80))], className="drawer-pair"
        ),
        field("Note", text_input(ids.NOTE, placeholder="what is known about it", maxLength=500)),
        html.Div(
            [button("Exclude", ids.EXCLUDE, kind="main"), button("Keep: common cause", ids.KEEP), button("Undo", ids.UNDO)],
            className="drawer-buttons",
        ),
        html.Div(id=ids.DECIDED, className="decided", role="status"),
    ]
    words = html.Div(
        [
            html.Div([button("Close", ids.DRAWER_CLOSE, kind="quiet")], className="drawer-close"),
            html.Div(id=ids.DRAWER_BODY),
            graph(ids.AROUND, label="Raw values around the chosen rows", class_name="around"),
        ],
        className="drawer-words",
    )
    return html.Aside(
        [words, html.Div(form, className="drawer-form")],
        id=ids.DRAWER,
        className="drawer",
        hidden=True,
        tabIndex=-1,
        **attr(aria_label="The chosen rows"),
    )


# ----------------------------------------------------------------------------------------------------------------- the table


def listed(seen: Reviewed, out: Mapping[int, Decision], kept: Mapping[int, Decision]) -> tuple[list[int], int]:
    """The rows of the table: outlying, excluded and kept ones, the farthest first, and how many there are in all."""
    every = sorted({*seen.outlying, *out, *kept})
    ranked = sorted(every, key=lambda row: -np.nan_to_num(seen.t2[row - 1] / seen.ucl[row - 1]))
    return ranked[:MOST_ROWS], len(every)


def rows_table(reference: Reference, seen: Reviewed, out: Mapping[int, Decision], kept: Mapping[int, Decision], timezone: str) -> Component:
    """The outlying rows: what is wrong with each, what was decided, and a button that opens it."""
    rows, count = listed(seen, out, kept)
    if not rows:
        return html.P("No row is beyond the limit and none is excluded.", className="summary")
    kind = kinds(seen, out, kept)
    lines = [_line(reference, seen, row, kind[row - 1], out.get(row) or kept.get(row), timezone) for row in rows]
    heads = ("Row", "Time", "Part", "T²", "T²/UCL", "p-value", "Why", "Decided", "")
    made = table(heads, lines, caption="Outlying and excluded rows, the farthest first", numbers=(0, 3, 4, 5))
    more = [html.P(f"{count - len(rows)} more: type their numbers above to look at them.", className="quiet")] if count > len(rows) else []
    box = html.Div(made, className="rows-box", tabIndex=0, role="region", **attr(aria_label="Outlying and excluded rows"))
    return html.Div([box, *more])


def _line(reference: Reference, seen: Reviewed, row: int, kind: Kind, said: Decision | None, timezone: str) -> tuple[Any, ...]:
    i = row - 1
    look = LOOKS.get(kind)
    mark: list[Any] = [html.Span(look.mark, className=f"mark {look.colour}", title=look.words), " "] if look else []
    decided = " · ".join(part for part in ((said or {}).get(word, "") for word in ("reason", "note", "by")) if part)
    words = {"excluded": "excluded: ", "kept": "kept: "}.get(kind, "")
    return (
        html.Span([*mark, str(row)], className="nowrap"),
        html.Span(when(reference, i, timezone), className="nowrap"),
        reference.rows.ids[i] or "–",
        number(float(seen.t2[i])),
        number(float(seen.t2[i] / seen.ucl[i])),
        html.Span(p_words(seen.p_value(row)), className="nowrap"),
        html.Span(seen.sentence(row), className="what"),
        html.Span(f"{words}{decided}" if decided else "–"),
        html.Button("Look", type="button", className="row-button", **attr(data_look=str(row), aria_label=f"Look at row {row}")),
    )


# -------------------------------------------------------------------------------------------------------------- the section


def section(seen: Reviewed | None, reference: Reference | None, model_id: str) -> Component:
    """The whole review; the charts, the counter and the table are filled by a callback, again after every decision."""
    robust = seen is None or seen.robust
    by_time = reference is not None and timed(reference)
    scale = "near" if seen is not None and figures.far(tracks(seen, {}, {})) else "t2"
    controls = [
        html.A("Report", href=f"/api/v1/models/{model_id}/report", download="", className="button", hidden=not model_id),
        choice(ids.SCALE, SCALES, scale, label="Scale of the chart"),
        html.Div(choice(ids.ALONG, ALONG, "time" if by_time else "row", label="Along the axis"), hidden=not by_time),
    ]
    chart = html.Div(
        [
            graph(ids.CHART, label="T² of every reference row", class_name=f"review-t2{' two' if robust else ''}", tools=True),
            html.P(id=ids.CHART_SUMMARY, className="summary"),
        ],
        className="review-main",
    )
    side = html.Div(
        [
            graph(ids.DISTANCES, label="Robust against classical distance", class_name="review-dd", tools=True),
            html.P(id=ids.DISTANCES_SUMMARY, className="summary"),
        ],
        className="review-side",
        hidden=not robust,
    )
    rows = [
        html.H2("Outlying rows"),
        html.Div(
            [
                html.Div(
                    [html.Label("Rows", htmlFor=ids.ROWS), text_input(ids.ROWS, placeholder="12, 15-20", maxLength=500)],
                    className="field inline",
                ),
                button("Look", ids.ROWS_LOOK),
                button("Look at all outlying rows", ids.LOOK_ALL),
                html.Span(id=ids.ROWS_SAID, role="status"),
            ],
            className="controls left",
        ),
        html.Div(id=ids.TABLE),
    ]
    head = html.Div(
        [
            html.H2("Review", tabIndex=-1, className="review-title"),
            html.Div(id=ids.COUNTER, className="counter", role="status"),
            html.Div(controls, className="controls"),
        ],
        className="review-head",
    )
    return html.Section(
        [
            dcc.Store(id=ids.PICK),
            head,
            html.Div([chart, side], className="review-charts" if robust else "review-charts one"),
            html.Div([legend(), html.P(footer(seen.model, model_id) if seen else "", className="footer")], className="review-foot"),
            *([fold([arithmetic_of_limit(seen.model), arithmetic_of_limit(seen.model, reference=True)])] if seen else []),
            found(None if seen is None else seen.model, reference),
            more_pictures(seen),
            stable.section(),
            drawer(),
            html.Div(rows, className="review-rows"),
        ],
        id=ids.REVIEW,
        className="panel review",
        **attr(data_model=model_id),
    )


def more_pictures(seen: Reviewed | None) -> Component:
    """The other pictures of the fit, each drawn when it is asked for."""
    names = seen.model.names if seen is not None else ()
    short = {"qq": "Q–Q", "ellipses": "Ellipses", "scree": "Scree", "correlation": "Correlations", "cells": "Single values"}
    offered = {name: short[name] for name in (pictures.offered(seen) if seen is not None else short)}
    first = "All pairs" if len(names) <= pictures.MATRIX else "The pair that differs most"
    pair = [
        select(id, {"": words, **{str(j): name for j, name in enumerate(names)}}, label=label)
        for id, words, label in ((ids.PICTURE_X, first, "Along x"), (ids.PICTURE_Y, "–", "Along y"))
    ]
    box = [
        html.Div(pair, id=ids.PICTURE_PAIR, className="picture-pair", hidden=True),
        graph(ids.PICTURE_CHART, label="The chosen picture", class_name="picture", tools=True),
        html.P(id=ids.PICTURE_SUMMARY, className="summary"),
    ]
    head = html.Div([html.H2("More pictures"), choice(ids.PICTURE, offered, "", label="More pictures")], className="controls left")
    return html.Div([head, html.Div(box, id=ids.PICTURE_BOX, hidden=True)], className="review-picture")


def footer(model: Model, model_id: str) -> str:
    """How the limit came about, in one line."""
    own, new = model.reference_limits["t2"], model.new_limits["t2"][-1]
    guards = f" · guards {', '.join(g.name for g in model.guards)}" if model.guards else ""
    return (
        f"{model.estimator} · n {model.n} · p {model.p} · α {number(model.alpha)} · ARL₀ {number(Budget.kept(model).arl0)} · "
        f"UCL of reference rows {number(own.value)}, of new rows {number(new.value)} = {new.law} · model {model_id[:8]}{guards}"
    )
