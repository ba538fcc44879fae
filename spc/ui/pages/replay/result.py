"""What came of a replay: who was played, the sentences, the table side by side, the charts, the alarms and the disagreements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from spc.charts import titled
from spc.figures.replay import side_by_side
from spc.replay.said import percent
from spc.ui.components import empty, graph, panel, table
from spc.ui.theme import Theme
from spc.ui.words import clock, number

LISTED: Final = 50  # alarms, and rows of disagreement, in a table


def result(told: Mapping[str, Any], theme: Theme, timezone: str, titles: Mapping[str, str]) -> list[Component]:
    """The parts of a finished replay."""
    outcomes, compared = told["outcomes"], told["compared"]
    odd = [row["row"] for pair in compared for row in pair["rows"]]
    sides = [(one["name"], one["picture"]["rows"], _local(one["picture"]["times"], timezone), one["picture"]["ratio"]) for one in outcomes]
    words = [html.P(one["sentence"], className="sentence") for one in (*compared, *outcomes)]
    label = "Statistic over limit of each candidate, one above the other"
    footer = f"▲ beyond the limit · ○ a row on which they disagree · rows {told['first']} to {told['last']}"
    parts = [panel("Who was played", who(told["candidates"], timezone, titles))] if told.get("candidates") else []
    parts += [
        panel("Result", *words, numbers(outcomes)),
        panel(
            "Statistic / limit",
            graph("replay-chart", side_by_side(theme, sides, odd), label=label, class_name="replay-chart"),
            html.P(footer, className="footer"),
        ),
    ]
    parts += [panel(f"Alarms of {one['name']}", alarms(one, timezone)) for one in outcomes]
    parts += [panel(f"Where {pair['champion']} and {pair['challenger']} disagree", apart(pair, timezone)) for pair in compared]
    return parts


def side(name: str, k: int, of: int) -> str:
    """A candidate with its part in the comparison.

    >>> side("old", 0, 2), side("Champion", 0, 2), side("old", 0, 1)
    ('old (champion)', 'Champion', 'old')
    """
    part = "champion" if k == 0 else "challenger"
    return name if of == 1 or part in name.lower() else f"{name} ({part})"


def who(candidates: Sequence[Mapping[str, Any]], timezone: str, titles: Mapping[str, str]) -> Component:
    """Each candidate: reference, when it was made, estimator, alpha, charts, and what it is at present."""
    rows = [
        [
            html.Strong(side(one["name"], k, len(candidates))),
            one["reference"] or "–",
            html.Span(_when(one["made_at"], timezone) if one["made_at"] else "for this replay", className="nowrap"),
            f"{one['estimator']}, n {one['n']}",
            number(one["alpha"]),
            ", ".join(titled(name) for name in one["charts"]),
            _is(one, titles),
        ]
        for k, one in enumerate(candidates)
    ]
    columns = ["", "Reference", "Made", "Estimator", "α", "Charts", "Is"]
    return table(columns, rows, caption="The models that were played", numbers=(4,))


def _is(one: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    if one["products"]:
        return f"a model for each product: {', '.join(one['products'])}"
    if one["judges"]:
        return f"judges {', '.join(titles.get(name, name) for name in one['judges'])}"
    return "not stored" if one["model_id"] is None else "stored"


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
        ["False alarms asked for, per row", *(percent(one["asked"]) for one in outcomes)],
        ["Found, if all rows were good (95 % interval)", *(span(one["clustered"]) for one in outcomes)],
        [
            "The interval if no row knew of another",
            *(f"{percent(i['low'])} to {percent(i['high'])}" for i in (o["rate"] for o in outcomes)),
        ],
    ]
    if all(one["found"] for one in outcomes):
        lines[5][0] = "Found among good rows (95 % interval)"
    if all(one["per_day"] for one in outcomes):
        days = [one["per_day"] for one in outcomes]
        lines.append(["Alarms per day (95 %)", *(f"{number(d['value'])} ({number(d['low'])} to {number(d['high'])})" for d in days)])
    if all(one["found"] and one["found"]["bad"] for one in outcomes):
        found = [one["found"] for one in outcomes]
        lines.append(["Bad rows found", *(span(one["detection"]) for one in found)])
        lines.append(["F1", *(number(one["f1"]) for one in found)])
        lines.append(["Rows to the first alarm", *("–" if one["delay"] is None else str(one["delay"]) for one in found)])
    heads = [side(one["name"], k, len(outcomes)) for k, one in enumerate(outcomes)]
    return table(["", *heads], lines, caption="Side by side", numbers=range(1, len(outcomes) + 1))


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
