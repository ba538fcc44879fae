"""Blame over time on the page of a line: the map under the chart, and the closer look at one variable and its pair.

Both are made empty here; assets/blame.js asks for the shares of the window and draws them, so that a press is answered without waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from spc.ui import ids
from spc.ui.components import attr, choice, panel, select
from spc.ui.view import About

SPANS = {"chart": "as the chart", "long": "last 10 000 rows"}
SHOWN = {"some": "the 12 most to blame", "all": "all"}
AT_ONCE = 12  # variables in the table of a row before the rest is folded away
KEY = (
    "▲ row beyond its limit. Colour: rows beyond; grey: rows within; the fuller, the larger the share of the limit. "
    "Striped or −: takes away from T²."
)
BAND = "Band: reference level ± 3 sd. Ellipse: holds 97.5 % of good rows. The last 20 rows are joined, the newest largest."


def heat_map() -> Component:
    """The map of each variable's signed share of T², its columns under the rows of the chart."""
    controls = [
        choice(ids.LINE_HEAT_SPAN, SPANS, "chart", label="Rows of the map"),
        choice(ids.LINE_HEAT_ROWS, SHOWN, "some", label="Variables of the map"),
    ]
    drawn: dict[str, Any] = {
        "role": "application",
        "tabIndex": 0,
        "disable_n_clicks": True,
        **attr(aria_label="Map of each variable's share of T²"),
    }
    table = html.Details([html.Summary("The map in numbers"), html.Div(id=ids.LINE_HEAT_TABLE, className="table-scroll")])
    return html.Div(
        [
            html.Div([html.H3("Blame over time"), html.Div(controls, className="controls")], className="heat-head"),
            html.Div(id=ids.LINE_HEAT, className="heat", **drawn),
            html.P(id=ids.LINE_HEAT_SAID, className="heat-said", **attr(aria_live="polite")),
            html.P(KEY, className="footer"),
            table,
        ],
        className="heat-box",
    )


def closer(about: About) -> Component:
    """One variable's own trend with its reference band, and its pair with the reference's ellipse."""
    names = {name: name for name in about.names}
    lists = [
        select(ids.LINE_CLOSER_VARIABLE, names, label="Variable", shown=True),
        select(ids.LINE_CLOSER_PARTNER, names, label="With", shown=True),
    ]
    trend = html.Div(id=ids.LINE_OWN_TREND, className="drawn", role="img", **attr(aria_label="The variable over time"))
    pair = html.Div(id=ids.LINE_PAIR, className="drawn", role="img", **attr(aria_label="The variable against its partner"))
    return panel(
        "A closer look",
        html.P("Choose a point of the chart, or a cell of the map.", id=ids.LINE_CLOSER_WORDS, className="summary", role="status"),
        html.Div([trend, html.Div(pair, id=ids.LINE_PAIR_BOX)], className="closer-two"),
        html.P(BAND, className="footer"),
        id=ids.LINE_CLOSER,
        class_name="closer",
        actions=html.Div(lists, className="closer-lists"),
    )


def bars(names: Sequence[str], shares: Sequence[float | None], *, out: bool, most: int = 8) -> str:
    """The signed share of each variable in T² as bars in HTML, the largest on top; it is marked when the point is beyond its limit.

    >>> bars(["a", "b"], [1.0, 9.0], out=True).count("bar-row")
    2
    """
    known = [(name, share) for name, share in zip(names, shares, strict=True) if share is not None]
    total = sum(share for _, share in known)
    ranked = sorted(known, key=lambda pair: abs(pair[1]), reverse=True)[:most]
    if not ranked or not total:
        return ""
    low, high = min(0.0, *(share for _, share in ranked)), max(0.0, *(share for _, share in ranked))
    rows = [_bar(name, share, total, low, high, marked=out and k == 0) for k, (name, share) in enumerate(ranked)]
    return "".join(rows) + '<div class="bar-key">share of T²; left of the line: takes away</div>'


def _bar(name: str, share: float, total: float, low: float, high: float, *, marked: bool) -> str:
    scale, shown = 100.0 / (high - low), escape(name)
    zero, width = -low * scale, abs(share) * scale
    start = zero if share >= 0 else zero - width
    fill = f'<rect x="{start:.2f}" y="2" width="{width:.2f}" height="12" class="bar-fill{" marked" if marked else ""}"/>'
    line = f'<line x1="{zero:.2f}" x2="{zero:.2f}" y1="0" y2="16" class="bar-zero"/>'
    drawn = f'<svg class="bar-track" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">{fill}{line}</svg>'
    words = f'<span class="bar-name" title="{shown}">{shown}</span>{drawn}<span class="bar-part">{round(100 * share / total)} %</span>'
    return f'<div class="bar-row" data-variable="{shown}">{words}</div>'


def numbers(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of the values of a row, as HTML; the first column names a variable, and pressing it looks closer.

    Rows after the twelfth are folded away: a browser lays out only what is seen, and a press must be answered at once.

    >>> numbers(("Variable", "Value"), [("a<b", "3")]).count("a&lt;b")
    2
    >>> "2 more variables" in numbers(("Variable", "Value"), [(f"x{j}", "3") for j in range(14)])
    True
    """
    first, rest = _table(columns, rows[:AT_ONCE], "Values of this row"), rows[AT_ONCE:]
    if not rest:
        return first
    more = f"{len(rest)} more variable{'' if len(rest) == 1 else 's'}"
    return f"{first}<details data-rest><summary>{more}</summary>{_table(columns, rest, 'Values of the other variables')}</details>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    head = "".join(f'<th scope="col"{_flush(j)}>{escape(one)}</th>' for j, one in enumerate(columns))
    body = "".join(f"<tr>{''.join(_cell(j, one) for j, one in enumerate(row))}</tr>" for row in rows)
    inner = f'<table class="table"><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="table-scroll" tabindex="0" role="region" aria-label="{caption}">{inner}</div>'


def _cell(j: int, text: str) -> str:
    shown = escape(text)
    if j == 0:
        shown = f'<button type="button" class="row-button" title="Look closer" data-variable="{shown}">{shown}</button>'
    return f"<td{_flush(j)}>{shown}</td>"


def _flush(j: int) -> str:
    return ' class="number nowrap"' if j else ""
