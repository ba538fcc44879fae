"""Replay: rows of the past through a champion and a challenger, side by side; what each alarm would have said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dash import Dash, html
from dash.development.base_component import Component

from spc.errors import NotFound
from spc.figures.replay import side_by_side
from spc.ledger import jobs, models, references
from spc.ledger import lines as line_book
from spc.replay.said import percent
from spc.ui.components import button, complaint, empty, field, graph, panel, select, table, text_input
from spc.ui.page import Page, Visit
from spc.ui.theme import Theme
from spc.ui.view import View
from spc.ui.words import clock, number

RULES: Final = {rule: f"{rule} beyond" for rule in ("1 of 1", "2 of 2", "2 of 3", "3 of 5")}
LISTED: Final = 50  # alarms, and rows of disagreement, in a table
RECENT: Final = 30


def form(sources: Mapping[str, str], known: Mapping[str, str], asked: Mapping[str, Any]) -> Component:
    """What is played through what; assets/replay.js reads it and asks for the replay."""
    chosen = [one["model_id"] for one in asked.get("candidates", ())]
    one, other = [*chosen, "", ""][:2]
    rule = asked.get("watch", {"k": 1, "n": 1})
    source = f"line:{asked['line']}" if asked.get("line") else f"file:{asked['reference_id']}" if asked.get("reference_id") else ""
    rows = [
        select("replay-source", {"": "choose a line or a file", **sources}, source, label="Rows of", shown=True),
        field(
            "From row",
            text_input("replay-first", value=str(asked.get("first") or ""), placeholder="first", inputMode="numeric", maxLength=12),
        ),
        field(
            "To row", text_input("replay-last", value=str(asked.get("last") or ""), placeholder="last", inputMode="numeric", maxLength=12)
        ),
        field(
            "Column of truly bad rows",
            text_input("replay-truth", value=str(asked.get("truth") or ""), placeholder="of a file; may be empty", maxLength=200),
        ),
        button("Upload a file", "replay-upload"),
    ]
    through = [
        select("replay-one", {"": "choose a model", **known}, one, label="Champion", shown=True),
        select("replay-other", {"": "none", **known}, other, label="Challenger", shown=True),
        select("replay-watch", RULES, f"{rule['k']} of {rule['n']}", label="An alarm is", shown=True),
        button("Play", "replay-run", kind="main"),
    ]
    said = html.Div(id="replay-said", className="gate", role="status")
    return panel("What is played", html.Div(rows, className="form-row"), html.Div(through, className="form-row"), said)


def result(told: Mapping[str, Any], theme: Theme, timezone: str) -> list[Component]:
    """The sentences, the table side by side, the charts, the alarms and the disagreements of a finished replay."""
    outcomes, compared = told["outcomes"], told["compared"]
    odd = [row["row"] for pair in compared for row in pair["rows"]]
    sides = [(one["name"], one["picture"]["rows"], _local(one["picture"]["times"], timezone), one["picture"]["ratio"]) for one in outcomes]
    words = [html.P(one["sentence"], className="sentence") for one in (*compared, *outcomes)]
    label = "Statistic over limit of each candidate, one above the other"
    parts = [
        panel("Result", *words, numbers(outcomes)),
        panel(
            "Statistic / limit",
            graph("replay-chart", side_by_side(theme, sides, odd), label=label, class_name="replay-chart"),
            html.P(f"▲ beyond the limit · ○ a row on which they disagree · rows {told['first']} to {told['last']}", className="footer"),
        ),
    ]
    parts += [panel(f"Alarms of {one['name']}", alarms(one, timezone)) for one in outcomes]
    parts += [panel(f"Where {pair['champion']} and {pair['challenger']} disagree", apart(pair, timezone)) for pair in compared]
    return parts


def numbers(outcomes: Sequence[Mapping[str, Any]]) -> Component:
    """One column for each candidate."""

    def span(found: Mapping[str, Any]) -> str:
        return f"{percent(found['value'])} ({percent(found['low'])} to {percent(found['high'])})"

    def why(one: Mapping[str, Any]) -> str:
        said = "; ".join(f"{reason}: {n}" for reason, n in one["not_judged"].items())
        return f"{one['n'] - one['judged']}{f' ({said})' if said else ''}"

    lines: list[list[Any]] = [
        ["Rows judged", *(str(one["judged"]) for one in outcomes)],
        ["Rows not judged", *(why(one) for one in outcomes)],
        ["Rows beyond the limit", *(str(one["rows_out"]) for one in outcomes)],
        ["Alarms", *(str(one["alarms"]) for one in outcomes)],
        ["Asked", *(percent(one["asked"]) for one in outcomes)],
        ["Rate per row (95 %, rows independent)", *(span(one["rate"]) for one in outcomes)],
        ["Rate per row (95 %, rows in runs)", *(span(one["clustered"]) for one in outcomes)],
    ]
    if all(one["per_day"] for one in outcomes):
        days = [one["per_day"] for one in outcomes]
        lines.append(["Alarms per day (95 %)", *(f"{number(d['value'])} ({number(d['low'])} to {number(d['high'])})" for d in days)])
    if all(one["found"] and one["found"]["bad"] for one in outcomes):
        found = [one["found"] for one in outcomes]
        lines.append(["Bad rows found", *(span(one["detection"]) for one in found)])
        lines.append(["F1", *(number(one["f1"]) for one in found)])
        lines.append(["Rows to the first alarm", *("–" if one["delay"] is None else str(one["delay"]) for one in found)])
    return table(["", *(one["name"] for one in outcomes)], lines, caption="Side by side", numbers=range(1, len(outcomes) + 1))


def alarms(one: Mapping[str, Any], timezone: str) -> Component:
    """What each alarm would have said."""
    if not one["told"]:
        return empty("It would have raised no alarm.")
    rows = [
        [
            str(a["row"]),
            html.Span(_when(a["time"], timezone), className="nowrap"),
            a["sentence"],
            str(a["rows_out"]),
            number(a["worst"]),
        ]
        for a in one["told"][:LISTED]
    ]
    more = one["alarms"] - len(rows)
    caption = f"{one['alarms']} alarms, oldest first" + (f"; {more} more are not listed" if more > 0 else "")
    return table(["Row", "Time", "What it would have said", "Out", "Worst / limit"], rows, caption=caption, numbers=(0, 3, 4))


def apart(pair: Mapping[str, Any], timezone: str) -> Component:
    """The rows on which only one of the two is out."""
    if not pair["rows"]:
        return empty("They say the same of every row.")
    names = (pair["champion"], pair["challenger"])
    rows = [
        [
            str(r["row"]),
            html.Span(_when(r["time"], timezone), className="nowrap"),
            r["id"] or "–",
            f"only {r['out']}",
            *(number(v) for v in r["ratios"]),
        ]
        for r in pair["rows"][:LISTED]
    ]
    return table(["Row", "Time", "Part", "Out", *names], rows, caption="Statistic / limit of both", numbers=(0, 4, 5))


def _local(times: Sequence[int | None], timezone: str) -> list[str | None]:
    """Times (ms UTC) on the plant's clock, as plotly reads them."""
    return [None if at is None else clock(at * 1000, timezone, date=True) for at in times]


def _when(text: str | None, timezone: str) -> str:
    if text is None:
        return "–"
    return clock(int(datetime.fromisoformat(text).timestamp() * 1e6), timezone, date=True)


def page(sources: Mapping[str, str], known: Mapping[str, str], asked: Mapping[str, Any], parts: Sequence[Component] = ()) -> Component:
    """The form, and below it what came of the replay that stands in the address."""
    words = html.P("What these models would have said of rows of the past, before one of them judges the line.", className="summary")
    return html.Div([html.Div([html.H1("Replay"), words], className="title-row"), form(sources, known, asked), *parts], id="replay")


def register(app: Dash, view: View) -> Page:
    """The page at /replay; `?job=` shows a replay that was asked for."""

    def choices() -> tuple[dict[str, str], dict[str, str]]:
        with view.plant.ledger.read() as c:
            uploads, found = references.references(c, RECENT), models.models(c, RECENT)
            seats = {name: line_book.activations(c, name) for name in view.names()}
        sources = {f"line:{name}": f"line {view.title(name)}" for name in seats}
        sources |= {
            f"file:{one.id}": f"file {one.name or one.id[:8]}, {clock(one.created_at, view.timezone, date=True)}" for one in uploads
        }
        judges = {a.model_id: f"{view.title(name)} v{k}" for name, made in seats.items() for k, a in enumerate(made, 1)}
        known = {one.id: f"{one.id[:8]} · {judges.get(one.id, clock(one.created_at, view.timezone, date=True))}" for one in found}
        return sources, known

    def layout(visit: Visit) -> Component:
        sources, known = choices()
        asked: Mapping[str, Any] = {"reference_id": visit.query["file"]} if "file" in visit.query else {}
        parts: list[Component] = []
        if "job" in visit.query:
            with view.plant.ledger.read() as c:
                job = jobs.get_job(c, visit.query["job"])
            if job.kind != "replay":
                raise NotFound("This is not a replay.", cure="Choose the rows and the models, and play them.")
            asked = job.request
            if job.state == "done" and job.result is not None:
                parts = result(job.result, visit.theme, view.timezone)
            else:
                error = job.error or {}
                parts = [complaint(str(error.get("detail", f"This replay is {job.state}.")), str(error.get("cure", "")))]
        return page(sources, known, asked, parts)

    def skeleton() -> Component:
        return html.Div([page({}, {}, {}), graph("replay-chart", label="Statistic over limit")])

    return Page("/replay", "Replay", layout, skeleton, nav="Replay")
