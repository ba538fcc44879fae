"""Two candidates over the same rows, one chart above the other on the common scale statistic / limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from spc.figures.frame import Figure, dashed, frame, note
from spc.figures.theme import Theme
from spc.figures.words import number, plain

TOP: Final = 5.0  # times the limit: higher rows stand at the upper edge, and are counted beside it
DENSE: Final = 1000  # points of one side beyond which dots would only be a blur, and thousands of things to draw

Dots = tuple[str, Sequence[int], Sequence[str | None], Sequence[float | None]]  # name, rows, local times, statistic / limit


def side_by_side(theme: Theme, sides: Sequence[Dots], odd: Sequence[int] = ()) -> Figure:
    """Each candidate's statistic / limit with its rows out marked; rows on which they disagree (`odd`) wear a ring."""
    timed = all(at is not None for _, _, times, _ in sides for at in times)
    figure: Figure = {"data": [], "layout": _frame(theme, len(sides), timed)}
    seen = set(odd)
    top = max(1.5, min(TOP, 1.08 * max((v for _, _, _, ratio in sides for v in ratio if v is not None), default=0.0)))
    for k, (name, rows, times, ratio) in enumerate(sides):
        key = str(k + 1) if k else ""
        y = [None if v is None else min(v, top) for v in ratio]
        x: list[Any] = list(times) if timed else list(rows)
        figure["layout"][f"yaxis{key}"] |= {"range": [0, 1.04 * top], "title": {"text": "statistic / limit", "standoff": 6}}
        figure["layout"]["shapes"].append(
            {"type": "line", "xref": "paper", "yref": f"y{key}", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": dashed(theme)}
        )
        words: Figure = {"xref": "paper", "xanchor": "left", "yref": f"y{key}"}
        figure["layout"]["annotations"] += [
            note(theme, "limit", size=13, **words, x=1, y=1, xshift=5),
            note(theme, f"<b>{plain(name)}</b>", size=13, **{**words, "yref": f"y{key} domain"}, x=0, y=1, yanchor="bottom"),
        ]
        higher = [v for v in ratio if v is not None and v > top]
        if higher:
            text = f"{len(higher)} higher, up to {number(max(higher))} × limit ↑"
            place = {**words, "yref": f"y{key} domain", "xanchor": "right"}
            figure["layout"]["annotations"].append(note(theme, text, **place, x=1, y=1, yanchor="bottom"))
        figure["data"] += _traces(theme, name, (rows, x, y, ratio), key, seen)
    return figure


def _frame(theme: Theme, count: int, timed: bool) -> Figure:
    layout = frame(theme, margin={"l": 58, "r": 56, "t": 24, "b": 40}, hovermode="closest", annotations=[], shapes=[])
    x, y = layout.pop("xaxis"), layout.pop("yaxis")
    share = 1.0 / count
    for k in range(count):
        high = 1.0 - k * share
        domain = [max(0.0, high - share + (0.09 if k < count - 1 else 0.0)), high]
        layout[f"yaxis{k + 1 if k else ''}"] = {**y, "domain": domain, "nticks": 6, "anchor": "x"}
    words = {} if timed else {"title": {"text": "row", "standoff": 2}}
    layout["xaxis"] = {**x, **words, "type": "date" if timed else "linear", "nticks": 9, "anchor": f"y{count}" if count > 1 else "y"}
    return layout


def _traces(
    theme: Theme, name: str, told: tuple[Sequence[int], list[Any], list[Any], Sequence[float | None]], key: str, odd: set[int]
) -> list[Any]:
    rows, x, y, ratio = told
    on = {"type": "scatter", "xaxis": "x", "yaxis": f"y{key}"}

    def hover(i: int) -> str:
        return f"row {rows[i]}: {number(ratio[i])} × limit"

    line = {"color": theme.series, "width": 1.2}
    dot = {"color": theme.series, "size": 3.5}
    mode = "lines+markers" if len(rows) <= DENSE else "lines"
    series = {**on, "name": name, "mode": mode, "x": x, "y": y, "line": line, "marker": dot, "connectgaps": False}
    series |= {"hoverinfo": "text", "hovertext": [hover(i) for i in range(len(rows))]}
    out = [i for i, v in enumerate(ratio) if v is not None and v > 1.0]
    marks = {"symbol": "triangle-up", "size": 9, "color": theme.high, "line": {"width": 0}}
    beyond = {**on, "name": "beyond the limit", "mode": "markers", "x": [x[i] for i in out], "y": [y[i] for i in out], "marker": marks}
    ring = {"symbol": "circle-open", "size": 15, "color": theme.selection, "line": {"width": 1.8}}
    apart = [i for i, row in enumerate(rows) if row in odd]
    rings = {**on, "name": "they disagree", "mode": "markers", "x": [x[i] for i in apart], "y": [y[i] for i in apart], "marker": ring}
    return [series, {**beyond, "hoverinfo": "skip"}, {**rings, "hoverinfo": "skip"}]
