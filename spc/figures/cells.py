"""Which single values are off: rows by variables, for estimators that look at cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from spc.figures.frame import Figure, frame, modebar, note
from spc.figures.theme import Theme

MOST: Final = 60  # rows in the map: those with the most flagged values

Cell = Literal["", "high", "low", "flagged", "missing"]
_MARKS: Final[dict[Cell, tuple[str, str, str]]] = {
    "high": ("triangle-up", "high", "too high"),
    "low": ("triangle-down", "high", "too low"),
    "flagged": ("square", "high", "off"),
    "missing": ("circle-open", "series", "missing"),
}


def cells(theme: Theme, names: Sequence[str], rows: Sequence[int], found: Sequence[Sequence[Cell]], *, most: int = MOST) -> Figure:
    """The rows that have flagged or missing values, one line each, a mark in the column of the variable.

    `rows` are the row numbers of `found`, which has a word per variable: "high", "low", "flagged", "missing", or nothing. When there are
    more than `most` rows, those with the most marks are drawn.
    """
    told = [k for k, row in enumerate(found) if any(row)]
    chosen = sorted(sorted(told, key=lambda k: -sum(map(bool, found[k])))[:most])
    labels = [str(rows[k]) for k in chosen]
    layout = frame(
        theme,
        size=12,
        margin={"l": 58, "r": 14, "t": 26, "b": 20 + 7 * max((len(_short(name)) for name in names), default=1)},
        modebar=modebar(theme),
        hovermode="closest",
        xaxis={"tickvals": list(range(len(names))), "ticktext": [_short(name) for name in names], "range": [-0.5, len(names) - 0.5]},
        yaxis={
            "tickvals": list(range(len(labels))),
            "ticktext": labels,
            "range": [len(labels) - 0.5, -0.5],
            "title": {"text": "row", "standoff": 4},
        },
        meta={"review": "cells"},
    )
    layout["xaxis"] |= {"showgrid": True, "tickangle": 90 if len(names) > 4 else 0}
    words = f"{len(chosen)} of {len(told)} rows with marks" if len(told) > len(chosen) else f"{len(told)} rows with marks"
    layout["annotations"] = [note(theme, words, xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom")]
    data = []
    for word, (symbol, colour, told_as) in _MARKS.items():
        at = [(j, line) for line, k in enumerate(chosen) for j in range(len(names)) if found[k][j] == word]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": told_as,
                "x": [j for j, _ in at],
                "y": [line for _, line in at],
                "customdata": [rows[chosen[line]] for _, line in at],
                "hovertext": [f"row {rows[chosen[line]]}, {names[j]}: {told_as}" for j, line in at],
                "hoverinfo": "text",
                "marker": {"symbol": symbol, "size": 9, "color": getattr(theme, colour)},
            }
        )
    return {"data": data, "layout": layout}


def _short(name: str, most: int = 14) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
