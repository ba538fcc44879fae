"""A Pareto of causes, and two groups of rows side by side, as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spc.blame.compare import Change
from spc.blame.pareto import Bar, By
from spc.figures.frame import Figure, frame, note
from spc.figures.theme import Theme

MOST: Final = 12
TITLES: Final = {"alarms": "alarms", "rows": "rows beyond the limit", "seconds": "hours out"}


def counted(bar: Bar, by: By) -> float:
    """The number that a Pareto is sorted by; time in hours."""
    return bar.seconds / 3600.0 if by == "seconds" else float(bar.alarms if by == "alarms" else bar.rows)


def pareto_figure(theme: Theme, bars: Sequence[Bar], by: By) -> Figure:
    """The causes as bars, the worst on top, with the cumulative share beside each; all but the twelve worst are left to the table."""
    shown = list(bars[:MOST])[::-1]
    names = [_short(one.cause) for one in shown]
    drawn = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(shown))),
        "x": [counted(one, by) for one in shown],
        "marker": {"color": theme.series},
        "width": 0.6,
        "hoverinfo": "skip",
    }
    whole = {} if by == "seconds" else {"tickformat": "d"}
    layout = frame(
        theme,
        size=12,
        margin={"l": max(112, 14 + 7 * max((len(name) for name in names), default=0)), "r": 96, "t": 6, "b": 40},
        height=60 + 26 * max(1, len(shown)),
        xaxis={
            "title": {"text": TITLES[by], "standoff": 4},
            "rangemode": "tozero",
            "nticks": 6,
            **whole,
        },
        yaxis={"showline": False, "ticks": "", "showgrid": False, "tickvals": list(range(len(shown))), "ticktext": names},
    )
    layout["annotations"] = [
        note(theme, f"{_number(counted(one, by))} · Σ {100 * one.cumulative:.0f} %", xref="paper", x=1, xanchor="left", y=k, xshift=6)
        for k, one in enumerate(shown)
    ]
    return {"data": [drawn], "layout": layout}


def compared_figure(theme: Theme, changes: Sequence[Change]) -> Figure:
    """Each variable's difference of level in sd, and beside it its ratio of spreads, with their intervals; what changed is filled."""
    shown = list(changes)[::-1]
    places, names = list(range(len(shown))), [_short(one.name) for one in shown]
    level = [(one.difference, one.low, one.high, one.moved) for one in shown]
    spread = [(one.spread, one.spread_low, one.spread_high, one.spread_changed) for one in shown]
    layout = frame(
        theme,
        size=12,
        margin={"l": max(96, 14 + 7 * max((len(name) for name in names), default=0)), "r": 16, "t": 8, "b": 42},
        height=70 + 24 * max(1, len(shown)),
        xaxis={"title": {"text": "level: after − before, sd", "standoff": 4}, "domain": [0.0, 0.48], "nticks": 6},
        yaxis={"showline": False, "ticks": "", "tickvals": places, "ticktext": names, "range": [-0.7, len(shown) - 0.3]},
    )
    second = {**layout["xaxis"], "domain": [0.54, 1.0], "title": {"text": "spread: after / before", "standoff": 4}, "type": "log"}
    layout["xaxis2"] = {**second, "anchor": "y", "nticks": 5}
    line: Figure = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": {"color": theme.limit, "width": 1, "dash": "dot"}}
    layout["shapes"] = [{**line, "xref": "x", "x0": 0, "x1": 0}, {**line, "xref": "x2", "x0": 1, "x1": 1}]
    return {"data": [_intervals(theme, places, level, "x"), _intervals(theme, places, spread, "x2")], "layout": layout}


def _intervals(theme: Theme, places: Sequence[int], values: Sequence[tuple[float, float, float, bool]], axis: str) -> Figure:
    beyond = [one[3] for one in values]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [one[0] for one in values],
        "y": list(places),
        "xaxis": axis,
        "yaxis": "y",
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [one[2] - one[0] for one in values],
            "arrayminus": [one[0] - one[1] for one in values],
            "color": theme.series,
            "thickness": 1.5,
            "width": 4,
        },
        "marker": {
            "color": [theme.high if one else theme.surface for one in beyond],
            "symbol": ["diamond" if one else "circle" for one in beyond],
            "size": 9,
            "line": {"color": theme.series, "width": 1.5},
        },
        "hoverinfo": "skip",
    }


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.2g}" if value < 10 else f"{value:.1f}"


def _short(name: str, most: int = 30) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
