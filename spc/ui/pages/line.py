"""One line: T² as it comes, the raw trends, and for any point the reason in words."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from spc.errors import Complaint
from spc.phase2.arithmetic import arithmetic_of_limit, arithmetic_of_point
from spc.ui import causes, figures, ids, over_time
from spc.ui.arithmetic import asked, shown
from spc.ui.components import attr, button, choice, complaint, graph, panel
from spc.ui.markup import html_of
from spc.ui.page import Page, Visit
from spc.ui.shell import theme_now
from spc.ui.theme import LIGHT, Theme
from spc.ui.view import About, Blamed, View
from spc.ui.words import clock, near, number, utc

TREND_NAMES = 6  # trends shown at first
SPANS = {"200": "last 200", "600": "600", "2000": "2000 rows"}


def head(about: About) -> Component:
    """Name and state on the left, the reading aids on the right."""

    def fill(what: str, class_name: str) -> Component:
        return html.Span(className=class_name, **attr(data_fill=what))

    words = [fill("mark", "tile-mark"), fill("words", "tile-state"), fill("more", "tile-more"), fill("last", "tile-last")]
    controls = [
        choice(ids.LINE_SPAN, SPANS, "600", label="Rows shown"),
        choice(ids.LINE_SCALE, figures.SCALES, "t2", label="Scale of the chart"),
        button("Pause", ids.LINE_PAUSE, **attr(aria_pressed="false")),
    ]
    return html.Div(
        [
            html.H1(about.title),
            html.Div([*words, fill("model", "tile-model")], className="line-words", role="status"),
            html.Div(controls, className="controls"),
        ],
        className="line-head",
        id=ids.LINE_HEAD,
        **attr(data_line=about.line),
    )


def page(about: About, theme: Theme) -> Component:
    """The whole page, its charts empty: rows come over the live channel."""
    empty_chart = figures.t2_live(theme, about.line, priority=about.priority)
    chart = panel(
        "T² of each row",
        html.Div(id=ids.LINE_PAUSED, className="paused", role="status", hidden=True),
        graph(ids.LINE_CHART, empty_chart, label="T² chart; arrow keys choose a point", class_name="chart", keys=True),
        over_time.heat_map(),
        html.P(id=ids.LINE_SUMMARY, className="summary"),
        html.P(id=ids.LINE_FOOTER, className="footer"),
        class_name="chart-panel",
    )
    why = panel(
        "Why",
        html.Div("Choose a point of the chart.", id=ids.LINE_BLAME_WORDS, className="blame-words"),
        html.Div(id=ids.LINE_BLAME, className="bars", role="group", **attr(aria_label="Share of each variable in T²")),
        html.Div(id=ids.LINE_BLAME_TABLE),
        class_name="why",
    )
    companions = html.Div(companion_part(about, theme), id=ids.LINE_COMPANIONS_INNER)
    trends = html.Details(
        [
            html.Summary("Raw trends with the reference band (median ± 3 sd)"),
            html.Div(trend_part(about, theme), id=ids.LINE_TRENDS_INNER),
        ],
        id=ids.LINE_TRENDS_BOX,
        className="panel",
        open=True,
    )
    last = html.Details([html.Summary("The last 20 points as a table"), html.Div(id=ids.LINE_TABLE)], className="panel")
    return html.Div(
        [
            dcc.Store(id=ids.LINE_MODEL),
            head(about),
            html.Div(finding_part(about), id=ids.LINE_FINDINGS),
            html.Div([chart, why], className="line-top"),
            over_time.closer(about),
            companions,
            trends,
            causes.compare_panel(),
            last,
        ],
        id=ids.LINE,
        disable_n_clicks=True,
        **attr(data_live_line=about.line, data_activation=str(about.activation)),
    )


def finding_part(about: About) -> list[Component]:
    """Words of the line's settings that are not used; nothing when there are none."""
    return [html.P([f"{one.text} ", html.Span(one.cure)], className="line-finding", role="note") for one in about.findings]


def companion_part(about: About, theme: Theme) -> list[Component]:
    """The charts that share the false alarms with T²; nothing when there are none."""
    if not about.companions:
        return []
    figure = figures.companions_live(theme, about.line, about.companions, about.priority)
    names = ", ".join(title for _, title in about.companions)
    chart = graph(ids.LINE_COMPANIONS, figure, label=f"{names}, each over its limit", class_name=f"companions of-{len(about.companions)}")
    there = {name for name, _ in about.companions}
    seen = ["small changes that last"] if there - {"dispersion"} else []
    seen += [words for name, words in (("spe", "relations that break"), ("dispersion", "the spread within subgroups")) if name in there]
    return [panel(f"{'Charts beside T²' if there & {'spe', 'dispersion'} else 'Charts with memory'}: {', '.join(seen)}", chart)]


def trend_part(about: About, theme: Theme) -> list[Component]:
    """The variables to choose from, and the small multiples of the first few."""
    shown = list(about.names[:TREND_NAMES])
    picker = choice(ids.LINE_VARIABLES, {name: name for name in about.names}, shown, label="Variables shown", many=True)
    figure = trend_figure(about, shown, theme)
    return [picker, graph(ids.LINE_TRENDS, figure, label="Raw values of the chosen variables", class_name="trends")]


def trend_figure(about: About, shown: list[str], theme: Theme) -> dict[str, Any]:
    """The small multiples of the chosen variables."""
    return figures.trends_live(theme, about.line, about.names, about.units, about.band, shown)


def why(found: Blamed, timezone: str) -> tuple[list[Component], str, str]:
    """The words, and as HTML the bars and the table, that explain one row."""
    points, model = found.points, found.model
    track = points.tracks.get("t2")
    value = float(track.value[0]) if track else float("nan")
    ucl = float(track.ucl[0]) if track else float("nan")
    out = any(bool(t.out[0]) for t in (*points.tracks.values(), *(one.track for one in found.within)))
    at = None if np.isnat(points.at[0]) else int(points.at[0].astype("datetime64[us]").astype(np.int64))
    part = f", part {points.ids[0]}" if points.ids[0] else ""
    moment = f", {clock(at, timezone)}" if at is not None else ""
    verdict = "beyond the limit" if out else "within the limit"
    beside = "".join(f" {one.words}" for one in found.within)
    words: list[Component] = [
        html.P(f"Row {found.seq}{part}{moment}: {verdict}. T² {number(value)}, UCL {number(ucl)}.{beside}", title=utc(at)),
        html.P(found.sentence, className="sentence"),
    ]
    if model.subgroup is not None:
        words.append(html.P(f"The mean of {model.subgroup.size} row{'' if model.subgroup.size == 1 else 's'}.", className="quiet"))
    if points.notes[0]:
        words.append(html.P(points.notes[0], className="quiet"))
    share, sigma, given = (part[0].tolist() for part in (found.blame.share, found.blame.sigma, found.blame.given))
    shares = [None if np.isnan(b) else float(b) for b in share]
    sd = np.sqrt(np.diag(model.scatter.covariance)).tolist()
    rows = [
        (
            name,
            near(found.x[j], sd[j]),
            f"{near(float(model.scatter.center[j]), sd[j])} ± {number(sd[j], 2)}",
            number(sigma[j], 2),
            number(given[j], 2),
        )
        for j, name in sorted(enumerate(model.names), key=lambda pair: -abs(shares[pair[0]] or 0.0))
    ]
    numbers = over_time.numbers(("Variable", "Value", "Reference", "sd off", "given rest"), rows)
    if track and np.isfinite(value):
        numbers += html_of(asked(found.seq))
    return words, over_time.bars(model.names, shares, out=out), numbers


def told(view: View, line: str, seq: int) -> dict[str, str]:
    """Why a row has its T², as HTML for the three places of the page: assets/blame.js puts it there."""
    try:
        words, bars, numbers = why(view.blamed(line, seq), view.timezone)
    except Complaint as wrong:
        return {"words": html_of(complaint(wrong.text, wrong.cure)), "bars": "", "table": ""}
    return {"words": html_of(words), "bars": bars, "table": numbers}


def arithmetic(view: View, line: str, seq: int) -> dict[str, str]:
    """The arithmetic of a row's points on all charts of its line and of their limits, as HTML for the fold under its table."""
    try:
        found = view.blamed(line, seq)
        x = np.array(found.x, dtype=np.float64)
        limit = arithmetic_of_limit(found.model, "t2", int(np.sum(~np.isnan(x))))
        numbers = [arithmetic_of_point(found.model, x, raw=found.raw), limit, *view.worked(line, seq, found.model)]
    except Complaint as wrong:
        return {"arithmetic": html_of(complaint(wrong.text, wrong.cure))}
    return {"arithmetic": html_of(shown(numbers))}


def register(app: Dash, view: View) -> Page:
    """The page at /line/<line>, and its callbacks: choose trends, another model."""

    def layout(visit: Visit) -> Component:
        view.need(visit.parts["line"])
        return page(view.about(visit.parts["line"]), visit.theme)

    def skeleton() -> Component:
        return page(About("x", "x", 0, (), (), (), (), "", "", None, ()), LIGHT)

    @app.callback(
        Output(ids.LINE_TRENDS, "figure"),
        Input(ids.LINE_VARIABLES, "data"),
        State(ids.LINE, "data-live-line"),
        prevent_initial_call=True,
    )
    async def choose(shown: list[str] | None, line: str) -> Any:
        about = await asyncio.to_thread(view.about, line)
        return trend_figure(about, shown or [], theme_now())

    @app.callback(
        Output(ids.LINE_TRENDS_INNER, "children"),
        Output(ids.LINE_COMPANIONS_INNER, "children"),
        Output(ids.LINE_FINDINGS, "children"),
        Input(ids.LINE_MODEL, "data"),
        State(ids.LINE, "data-live-line"),
        prevent_initial_call=True,
    )
    async def another_model(_activation: int | None, line: str) -> Any:
        about, theme = await asyncio.to_thread(view.about, line), theme_now()
        return trend_part(about, theme), companion_part(about, theme), finding_part(about)

    causes.register_compare(app, view)
    return Page("/line/<line>", "{line}", layout, skeleton)
