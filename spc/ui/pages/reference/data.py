"""The upload and what was found in it: how the file is written, the findings to answer, and the columns with their roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote, urlencode

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from spc.ledger.references import StoredReference
from spc.nouns import Column, Finding, Floats, Reference
from spc.ui.components import attr, button, table
from spc.ui.pages.reference import draft as drafts
from spc.ui.pages.reference import ids
from spc.ui.pages.reference.desk import Opened
from spc.ui.words import clock, number, utc

ROLES: Final = {
    "measurement": "measurement",
    "guard": "guard: alarm if it moves",
    "time": "time",
    "id": "part id",
    "product": "product",
    "subgroup": "subgroup",
    "ignore": "ignore",
}
SEVERITIES: Final = {
    "red": ("◆", "critical", "must be answered"),
    "amber": ("▲", "high", "look at it"),
    "note": ("●", "", "for the record"),
}
ORDER: Final = ("red", "amber", "note")
ENCODINGS: Final = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with byte-order mark", "cp1252": "Windows-1252"}
DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "spaces"}
DECIMALS: Final = {".": "point", ",": "comma"}
# the kinds of finding that leaving out a column answers
COLUMNWISE: Final = "constant mostly_one_value copy nearly_copy stuck too_few_rows mostly_missing rescaled text_cells infinite".split()
PER_PAGE: Final = 50  # columns in the table at once
BINS: Final = 60  # stretches of a sparkline


def href(ref: str, model: str = "", came_from: str = "") -> str:
    """The address of a reference, of a model of it, and of the model that was there before."""
    parts = {"ref": ref, "model": model, "from": came_from}
    return "/reference?" + urlencode({k: v for k, v in parts.items() if v})


def upload(recent: Sequence[StoredReference], timezone: str, *, demo: bool, small: bool) -> Component:
    """The place to drop a file, the button that does the same, and the newest uploads."""
    choose = button("Choose a CSV file", ids.CHOOSE, kind="" if small else "main")
    use = button("Use the demo data", ids.DEMO) if demo else html.Button(id=ids.DEMO, hidden=True)
    zone = html.Div(
        [
            html.P("Drop a CSV file here, or", className="drop-words"),
            html.Div([choose, use, button("Cancel", ids.CANCEL, kind="quiet", hidden=True)], className="drop-buttons"),
            html.P(
                "Rows of a time when the process was as it should be. Any separator, decimal comma or point; up to 1 GB.", className="hint"
            ),
        ],
        id=ids.DROP,
        className="drop small" if small else "drop",
    )
    said = [
        html.Div(
            html.Progress(id=ids.UPLOAD_BAR, max="1", value="0", **attr(aria_label="Upload")), id=f"{ids.UPLOAD_BAR}-box", hidden=True
        ),
        html.Div(id=ids.UPLOAD_SAID, **attr(aria_live="polite")),
        html.Div(id=ids.DEMO_SAID),
    ]
    return html.Div([zone, *said, *([] if small else [_recent(recent, timezone)])], className="upload")


def _recent(recent: Sequence[StoredReference], timezone: str) -> Component:
    if not recent:
        return html.Div()
    rows = [
        (
            dcc.Link(one.name or one.id, href=href(one.id)),
            number(one.facts.get("n"), 12) if one.facts.get("n") else "–",
            html.Span(clock(one.created_at, timezone, date=True), title=utc(one.created_at)),
            one.created_by or "–",
        )
        for one in recent
    ]
    head = html.H2("Uploaded before")
    return html.Section(
        [head, table(("File", "Rows", "Uploaded", "By"), rows, caption="Uploaded before", numbers=(1,))], className="panel recent"
    )


# ------------------------------------------------------------------------------------------------------------------ the file


def file_facts(opened: Opened, timezone: str) -> list[tuple[str, str]]:
    """How the file is written and how much is in it, as pairs of word and value."""
    table_, dialect = opened.table, opened.table.dialect
    measured = [c.name for c in table_.columns if c.role == "measurement"]
    facts = [
        ("Rows", str(len(table_))),
        ("Measurements", str(len(measured))),
        ("Separator", DELIMITERS.get(dialect.delimiter, repr(dialect.delimiter))),
        ("Decimal sign", DECIMALS.get(dialect.decimal, dialect.decimal)),
        ("Encoding", ENCODINGS.get(dialect.encoding.lower(), dialect.encoding)),
    ]
    if dialect.thousands:
        facts.append(("Thousands sign", repr(dialect.thousands)))
    if dialect.units_row:
        facts.append(("Units", "in a row of their own"))
    return facts + time_facts(table_, timezone)


def time_facts(table_: Reference, timezone: str) -> list[tuple[str, str]]:
    """First and last time and the usual distance between rows; says so when there is no time."""
    at = table_.rows.at
    known = at[~np.isnat(at)]
    if not len(known):
        return [("Time", "none: rows are counted")]
    first, last = (int(one.astype("datetime64[us]").astype(np.int64)) for one in (known.min(), known.max()))
    facts = [("Time", f"{clock(first, timezone, date=True)} to {clock(last, timezone, date=True)}")]
    steps = np.diff(at).astype("timedelta64[us]").astype(np.float64)
    steps = steps[np.isfinite(steps) & (steps > 0)] / 1e6
    if len(steps):
        usual = float(np.median(steps))
        even = float(np.mean(np.abs(steps - usual) <= 0.01 * usual))
        facts.append(("Interval", f"{duration(usual)}{'' if even > 0.99 else f' in {even:.0%} of the steps'}"))
    return facts


def duration(seconds: float) -> str:
    """A length of time with its unit.

    >>> duration(45.0), duration(0.02), duration(600.0), duration(7200.0)
    ('45 s', '20 ms', '10 min', '2 h')
    """
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{number(seconds / size)} {unit}"
    return f"{number(1000 * seconds)} ms" if seconds < 1 else f"{number(seconds)} s"


def facts_line(opened: Opened, timezone: str) -> Component:
    """The facts of the file, in one line that wraps."""
    pairs = [html.Div([html.Dt(word), html.Dd(value)]) for word, value in file_facts(opened, timezone)]
    return html.Dl(pairs, className="facts")


# --------------------------------------------------------------------------------------------------------------- the findings


def findings(table_: Reference, ref: str, draft: Mapping[str, Any] | None) -> Component:
    """Every finding: what was seen, the cure, and the buttons that answer it. The red ones come first."""
    if not table_.findings:
        return html.P("Nothing stands out in this file.", className="summary")
    done = drafts.answered(draft, ref)
    roles = {c.name: c.role for c in table_.columns}
    ranked = sorted(table_.findings, key=lambda one: ORDER.index(one.severity))
    return html.Ul([_finding(one, roles, drafts.key(one) in done) for one in ranked], className="findings")


def _finding(one: Finding, roles: Mapping[str, str], done: bool) -> Component:
    mark, colour, words = SEVERITIES[one.severity]
    head = [
        html.Span(mark, className=f"mark {colour}", title=words, **attr(aria_hidden="true")),
        html.Span(f"{words}: ", className="unseen"),
        html.Span(one.text, className="finding-text"),
    ]
    if one.cure:
        head.append(html.Span(f" {one.cure}", className="quiet"))
    if one.rows and str(one.rows[0]) not in one.text:
        shown = drafts.spans(one.rows[:40])
        head.append(html.Span(f" Rows {shown}{' …' if len(one.rows) > 40 else ''}.", className="quiet"))
    return html.Li([html.Div(head), html.Div(_answers(one, roles, done), className="finding-answers")], className=f"finding {one.severity}")


def _answers(one: Finding, roles: Mapping[str, str], done: bool) -> list[Component]:
    """Buttons: leave out a column of the finding; for a red one also "use it as it is"."""
    found = []
    if one.severity != "note" and one.kind in COLUMNWISE:
        for name in one.columns[:3]:
            if roles.get(name) in ("measurement", "guard"):
                found.append(_role_button(f"Ignore {name}", name, "ignore"))
    if one.severity == "red":
        words = "Answered: used as it is. Take back" if done else "Use it as it is"
        found.append(button(words, **attr(data_answer_finding=drafts.key(one), aria_pressed="true" if done else "false")))
    return found


def _role_button(words: str, column: str, role: str) -> Component:
    return button(words, kind="quiet", **attr(data_role_of=column, data_role=role))


# ---------------------------------------------------------------------------------------------------------------- the columns


def columns(table_: Reference, page: int = 1) -> Component:
    """The columns with their roles, which can be changed, and the few numbers that show whether they are what they should be."""
    every = table_.columns
    pages = -(-len(every) // PER_PAGE)
    page = min(max(page, 1), pages)
    shown = every[(page - 1) * PER_PAGE : page * PER_PAGE]
    n = len(table_)
    told: dict[str, list[Finding]] = {}
    for one in table_.findings:
        for name in one.columns:
            told.setdefault(name, []).append(one)
    rows = [_column(one, table_, n, told.get(one.name, [])) for one in shown]
    heads = ("Column", "Role", "Unit", "Min", "Median", "Max", "Trend", "Missing", "Distinct", "Found")
    return table(heads, rows, caption=f"Columns of the file{f', page {page} of {pages}' if pages > 1 else ''}", numbers=(3, 4, 5, 7, 8))


def pages_of(table_: Reference, ref: str) -> list[Component]:
    """Links to the pages of the column table, when there are several."""
    count = -(-len(table_.columns) // PER_PAGE)
    if count < 2:
        return []
    links = [dcc.Link(str(k), href=f"/reference?ref={quote(ref)}&page={k}", className="row-button") for k in range(1, count + 1)]
    return [html.Nav([f"{len(table_.columns)} columns, {PER_PAGE} a page: ", *links], **attr(aria_label="Pages of the column table"))]


def _column(one: Column, table_: Reference, n: int, told: Sequence[Finding]) -> tuple[Any, ...]:
    choose = html.Select(
        [html.Option(words, value=role, selected=role == one.role) for role, words in ROLES.items()],
        className="input role",
        **attr(data_role_select=one.name, data_role_was=one.role, aria_label=f"Role of {one.name}"),
    )
    worst = min((ORDER.index(f.severity) for f in told), default=2)
    words = "; ".join(dict.fromkeys(f.kind.replace("_", " ") for f in told if f.severity != "note")) or one.why
    mark = html.Span(SEVERITIES[ORDER[worst]][0] + " ", className=f"mark {SEVERITIES[ORDER[worst]][1]}") if worst < 2 else ""
    trend = sparkline(table_.x[:, table_.names.index(one.name)], one.name) if one.name in table_.names else "–"
    return (
        html.Strong(one.name),
        choose,
        one.unit or "–",
        number(one.minimum, 4),
        number(one.median, 4),
        number(one.maximum, 4),
        trend,
        f"{100 * one.missing / n:.3g} %" if n else "–",
        str(one.distinct),
        html.Span([mark, words], className="quiet"),
    )


def sparkline(x: Floats, name: str) -> Component:
    """A column's course, drawn as a mask so that it takes the page's own colour in either colour scheme."""
    low, high = _stretches(x)
    known = [v for v in (*low, *high) if np.isfinite(v)]
    if not known:
        return html.Span("–")
    bottom, span = min(known), (max(known) - min(known)) or 1.0
    bars = []
    for k, (a, b) in enumerate(zip(low, high, strict=True)):
        if np.isfinite(a):
            y1, y2 = (22.0 - 20.0 * (v - bottom) / span for v in (b, a))
            bars.append(f"M{k + 0.5:g} {y1 - 0.7:.1f}V{y2 + 0.7:.1f}")
    course = "".join(bars)
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(low)} 24" preserveAspectRatio="none">'
    svg = f'{frame}<path d="{course}" stroke="#000" stroke-width="1.1"/></svg>'
    mask = f"url('data:image/svg+xml,{quote(svg)}')"
    return html.Div(
        className="spark",
        role="img",
        style={"maskImage": mask, "WebkitMaskImage": mask},
        **attr(aria_label=f"Course of {name} from {number(min(known), 4)} to {number(max(known), 4)}"),
    )


def _stretches(x: Floats) -> tuple[list[float], list[float]]:
    """The lowest and the highest value of each of at most 60 stretches of rows; NaN where a stretch has none."""
    edges = np.unique(np.linspace(0, len(x), min(len(x), BINS) + 1).astype(int))
    low, high = [], []
    for a, b in pairwise(edges.tolist()):
        part = x[a:b][np.isfinite(x[a:b])]
        low.append(float(part.min()) if len(part) else np.nan)
        high.append(float(part.max()) if len(part) else np.nan)
    return low, high
