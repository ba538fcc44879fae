"""Pareto of causes over a period, and two periods of a line side by side: the forms, and what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from dash import Dash, Input, Output, State, html
from dash.development.base_component import Component

from spc.blame.compare import Comparison
from spc.blame.pareto import Bar, By
from spc.errors import Complaint, LedgerError
from spc.figures.causes import compared_figure, pareto_figure
from spc.figures.theme import Theme
from spc.line.causes import Of
from spc.ui import ids
from spc.ui.components import attr, button, choice, complaint, empty, field, graph, panel, table, text_input
from spc.ui.shell import theme_now
from spc.ui.view import View
from spc.ui.words import clock, number

PERIODS: Final = {"8h": "8 h", "day": "day", "week": "week", "month": "month", "between": "from – to"}
OF: Final = {"variable": "variables", "cause": "recorded causes"}
BY: Final = {"alarms": "alarms", "rows": "rows out", "seconds": "time out"}
WITH: Final = {"reference": "the reference", "before": "another period"}
HINT: Final = "2025-03-04 06:00"
SURE: Final = 0.05


# ---------------------------------------------------------------------------------------------------------------- the Pareto
def pareto_panel() -> Component:
    """Who was to blame: the period, what is counted, and the answer below."""
    between = [
        field("From", text_input(ids.PARETO_SINCE, placeholder=HINT)),
        field("To", text_input(ids.PARETO_UNTIL, placeholder="now")),
    ]
    form = [
        choice(ids.PARETO_PERIOD, PERIODS, "week", label="Period"),
        choice(ids.PARETO_OF, OF, "variable", label="Whose"),
        choice(ids.PARETO_BY, BY, "alarms", label="Sorted by"),
        html.Div(between, id=ids.PARETO_BETWEEN, className="causes-form", hidden=True),
    ]
    answer = html.Div(id=ids.PARETO_ANSWER, className="causes-answer", **attr(aria_live="polite"))
    return panel("Who was to blame", html.Div(form, className="causes-form"), answer, id=ids.PARETO, class_name="causes")


def pareto_answer(bars: Sequence[Bar], by: By, of: Of, period: str, theme: Theme) -> list[Component]:
    """The sentence, the picture and the table of a Pareto."""
    if not bars:
        return [empty(f"There was no alarm {period}.")]
    whole = sum(one.alarms for one in bars)
    first = bars[0]
    what = "variable" if of == "variable" else "recorded cause"
    said = f"{whole} alarm{'' if whole == 1 else 's'} {period}. Worst {what}: {first.cause}, {100 * first.cumulative:.0f} % of the "
    rows = [(one.cause, str(one.alarms), str(one.rows), span(one.seconds), f"{100 * one.cumulative:.0f} %") for one in bars]
    columns = ("Cause" if of == "cause" else "Variable", "Alarms", "Rows out", "Time out", "Cumulative")
    figure = graph("pareto-chart", pareto_figure(theme, bars, by), label=f"Pareto: {said}", class_name="compared")
    listed = table(columns, rows, caption="Causes, the worst first", numbers=(1, 2, 3, 4))
    return [html.P(f"{said}{BY[by]}.", className="summary"), figure, listed]


def span(seconds: float) -> str:
    """A length of time for a table.

    >>> span(42.0), span(600.0), span(5400.0)
    ('42 s', '10 min', '1.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def register_pareto(app: Dash, view: View, line_id: str) -> None:
    """The callback of the Pareto; `line_id` is the store with the chosen line."""

    @app.callback(
        Output(ids.PARETO_ANSWER, "children"),
        Output(ids.PARETO_BETWEEN, "hidden"),
        Input(ids.ALARMS_CHANGED, "data"),
        Input(ids.PARETO_PERIOD, "data"),
        Input(ids.PARETO_OF, "data"),
        Input(ids.PARETO_BY, "data"),
        Input(ids.PARETO_SINCE, "value"),
        Input(ids.PARETO_UNTIL, "value"),
        Input(line_id, "data"),
    )
    async def refresh(_changed: int, kind: str, of: Of, by: By, since: str | None, until: str | None, line: str | None) -> Any:
        theme, hidden = theme_now(), kind != "between"
        if not hidden and not (since or "").strip():
            return [empty(f"Give a time such as {HINT}, or only the day, in {view.timezone}.")], hidden
        try:
            bars, first, last = await asyncio.to_thread(view.causes, kind, since or "", until or "", line or "", of, by)
        except (Complaint, LedgerError) as wrong:
            return [complaint(getattr(wrong, "text", str(wrong)), getattr(wrong, "cure", ""))], hidden
        period = f"from {clock(first, view.timezone, date=True)[:16]} to {clock(last, view.timezone, date=True)[:16]}"
        return pareto_answer(bars, by, of, period, theme), hidden


# ------------------------------------------------------------------------------------------------------------ the comparison
def compare_panel() -> Component:
    """Two periods: the one that is asked about, and what it is held against."""
    before = [
        field("from", text_input(ids.COMPARE_BEFORE_SINCE, placeholder=HINT)),
        field("to", text_input(ids.COMPARE_BEFORE_UNTIL, placeholder="now")),
    ]
    against = choice(ids.COMPARE_WITH, WITH, "reference", label="Against")
    form = [
        field("Rows from", text_input(ids.COMPARE_SINCE, placeholder=HINT)),
        field("to", text_input(ids.COMPARE_UNTIL, placeholder="now")),
        html.Div([html.Span("against", className="label"), against], className="field"),
        html.Div(before, className="compare-before causes-form"),
        button("Compare", ids.COMPARE_ASK, kind="main"),
    ]
    parts = [
        html.Div(form, className="compare-form"),
        html.Div(id=ids.COMPARE_ANSWER, className="compare-answer", **attr(aria_live="polite")),
    ]
    return html.Details([html.Summary("Compare two periods"), *parts], id=ids.COMPARE, className="panel compare")


def compare_answer(found: Comparison, against: str, theme: Theme, of: str = "rows") -> list[Component]:
    """The sentences, the picture and the table of a comparison."""
    ranked = sorted(found.changes, key=lambda one: -abs(one.difference))
    rows = [
        (
            one.name,
            number(one.before, 6),
            number(one.after, 6),
            f"{one.difference:+.2f} ({one.low:+.2f} … {one.high:+.2f})" + (" ◆" if one.moved else ""),
            f"{one.spread:.2f} ({one.spread_low:.2f} … {one.spread_high:.2f})" + (" ◆" if one.spread_changed else ""),
        )
        for one in ranked
    ]
    columns = ("Variable", "Before", "After", "Level, sd", "Spread ratio")
    figure = graph("compare-chart", compared_figure(theme, ranked[:20]), label="Differences with their intervals", class_name="compared")
    words = [html.P(one, className="summary") for one in compared_words(found, against, of)]
    foot = "◆ the 95 % interval leaves out no change. Each interval stands for itself: with many variables one in twenty does so by chance."
    listed = table(columns, rows, caption="Each variable before and after", numbers=(1, 2, 3, 4))
    more = f"{of.capitalize()} count as independent; where they follow each other closely the true intervals are wider."
    return [*words, figure, listed, html.P(f"{foot} {more}", className="footer")]


def compared_words(found: Comparison, against: str, of: str = "rows") -> list[str]:
    """What changed, in words: the means together, the levels, the spreads, the pair; `of` is what is counted, "rows" or "subgroups"."""
    many = f"{found.n_after} {of} against {found.n_before} of {against}"
    if np.isnan(found.p_value):
        first = f"{many}: too few {of} to test all levels together."
    else:
        changed = "the levels have changed" if found.p_value < SURE else "no change of level is to be seen in all variables together"
        first = f"{many}: {changed} (T² of the difference {number(found.t2)}, p = {p_words(found.p_value)})."
    said = [first]
    moved = sorted((one for one in found.changes if one.moved), key=lambda one: -abs(one.difference))[:3]
    if moved:
        said.append(
            "; ".join(f"{one.name} is {abs(one.difference):.1f} sd {'higher' if one.difference > 0 else 'lower'}" for one in moved) + "."
        )
    spread = sorted((one for one in found.changes if one.spread_changed), key=lambda one: -abs(np.log(max(one.spread, 1e-300))))[:3]
    if spread:
        said.append("; ".join(f"{one.name} scatters {one.spread:.1f} times as wide" for one in spread) + ".")
    tie = found.tie
    if tie is not None:
        sure = "" if tie.p_value < SURE else ", which chance explains"
        pair = f"{tie.pair[0]} with {tie.pair[1]}"
        said.append(
            f"The relation that changed most: {pair}, correlation {tie.before:.2f} → {tie.after:.2f} (p = {p_words(tie.p_value)}{sure})."
        )
    return said


def p_words(p: float) -> str:
    """
    >>> p_words(0.31234), p_words(0.0004), p_words(1e-20)
    ('0.31', '0.0004', 'below 1e-6')
    """
    return "below 1e-6" if p < 1e-6 else f"{p:.2g}"


def register_compare(app: Dash, view: View) -> None:
    """The callback of the comparison."""

    @app.callback(
        Output(ids.COMPARE_ANSWER, "children"),
        Input(ids.COMPARE_ASK, "n_clicks"),
        State(ids.COMPARE_WITH, "data"),
        State(ids.COMPARE_SINCE, "value"),
        State(ids.COMPARE_UNTIL, "value"),
        State(ids.COMPARE_BEFORE_SINCE, "value"),
        State(ids.COMPARE_BEFORE_UNTIL, "value"),
        State(ids.LINE, "data-live-line"),
        prevent_initial_call=True,
    )
    async def answer(_press: int | None, kind: str, since: str, until: str, before: str, end: str, line: str) -> Any:
        theme, old = theme_now(), (before or "", end or "") if kind == "before" else None
        try:
            found = await asyncio.to_thread(view.compared, line, (since or "", until or ""), old)
            of = await asyncio.to_thread(view.charted, line)
        except (Complaint, LedgerError) as wrong:
            column = getattr(wrong, "column", None)
            text = getattr(wrong, "text", str(wrong))
            return [complaint(f"{column}: {text}" if column else text, getattr(wrong, "cure", ""))]
        return compare_answer(found, WITH[kind] if kind == "reference" else "the period before", theme, of)
