"""Pairs of variables with their tolerance ellipses, robust and classical: one pair, or all of them as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from spc.figures.frame import Figure, frame, modebar, note
from spc.figures.rows import LOOKS, ORDINARY, Axis, Kind, Look, dots, ring, thinned
from spc.figures.theme import Theme

MATRIX: Final = 8  # variables up to which all pairs are drawn
_IN_PANEL: Final = 240  # ordinary rows in one small panel

Line = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two variables: their titles, the value of each row, and the ellipses as closed lines (classical: None when there is none)."""

    titles: tuple[str, str]
    x: Sequence[float | None]
    y: Sequence[float | None]
    robust: Line
    classical: Line | None = None


def ellipse(
    theme: Theme, axis: Axis, pair: Pair, kinds: Sequence[Kind], *, level: float = 0.975, own: str = "robust", picked: Sequence[int] = ()
) -> Figure:
    """One pair of variables, each row a mark, with the tolerance ellipses of the own and of the classical estimate."""
    layout = frame(
        theme,
        margin={"l": 62, "r": 14, "t": 24, "b": 40},
        modebar=modebar(theme),
        hovermode="closest",
        xaxis={"title": {"text": pair.titles[0], "standoff": 4}, "fixedrange": False, "nticks": 7},
        yaxis={"title": {"text": pair.titles[1], "standoff": 4}, "fixedrange": False, "nticks": 6},
        meta={"review": "ellipse"},
    )
    layout["annotations"] = [note(theme, _key(pair, level, own), xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom")]
    return {"data": _panel(theme, axis, pair, kinds, {}, picked, small=False), "layout": layout}


def _key(pair: Pair, level: float, own: str) -> str:
    words = f"{100 * level:g} % ellipses: solid {own}"
    return f"{words}, dotted classical" if pair.classical is not None else words


def _panel(theme: Theme, axis: Axis, pair: Pair, kinds: Sequence[Kind], on: Figure, picked: Sequence[int], *, small: bool) -> list[Figure]:
    d = list(zip(pair.x, pair.y, strict=True))
    flat = [float("nan") if v is None else v for v in pair.x]
    shown = thinned(flat, [kind != "in" for kind in kinds], **({"most": _IN_PANEL} if small else {}))
    data = []
    for kind in ("in", *LOOKS):
        places = [i for i in shown if kinds[i] == kind and None not in d[i]]
        if places:
            drawn = {**dots(theme, axis, d, places, _sized(LOOKS.get(kind, ORDINARY), small)), **on}
            if small:  # fifteen times the words of every row would outweigh the page
                drawn |= {"hovertext": None, "hoverinfo": None, "hovertemplate": "row %{customdata}<extra></extra>"}
            data.append({key: value for key, value in drawn.items() if value is not None})
    for line, dash, name in ((pair.robust, "solid", "ellipse"), (pair.classical, "2px,3px", "classical ellipse")):
        if line is not None:
            look = {"color": theme.limit, "width": 1.3 if small else 1.8, "dash": dash}
            x, y = ([point[k] for point in line] for k in (0, 1))
            data.append({"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": look, "hoverinfo": "skip", **on})
    data.append({**ring(theme, axis, d, picked), **on})
    if small:
        data[-1]["marker"]["size"] = 10
    return data


def _sized(look: Look, small: bool) -> Look:
    return Look(look.symbol, look.mark, look.colour, 3 if look is ORDINARY else 6, look.words) if small else look


def matrix(
    theme: Theme,
    axis: Axis,
    titles: Sequence[str],
    pairs: dict[tuple[int, int], Pair],
    kinds: Sequence[Kind],
    *,
    level: float = 0.975,
    own: str = "robust",
    picked: Sequence[int] = (),
) -> Figure:
    """Every pair of p ≤ 8 variables: the rows and both ellipses below the diagonal, the names on it.

    `pairs[(i, j)]` with i > j has variable j along x and i along y.
    """
    p = len(titles)
    layout = frame(theme, size=11, margin={"l": 8, "r": 8, "t": 22, "b": 8}, hovermode="closest", meta={"review": "matrix"})
    bare: dict[str, Any] = {**layout.pop("xaxis"), "showticklabels": False, "ticks": "", "mirror": True, "showgrid": False}
    layout.pop("yaxis")
    layout["annotations"], data = [], []
    gap = 0.012
    for i in range(p):
        low = 1.0 - (i + 1) / p
        at: Figure = {"xref": "paper", "yref": "paper", "x": (i + 0.5) / p, "y": low + 0.5 / p, "xanchor": "center", "yanchor": "middle"}
        layout["annotations"].append(note(theme, _cut(titles[i], p), size=12, **at))
        for j in range(i):
            number = i * (i - 1) // 2 + j  # panels are counted row by row
            key = str(number + 1) if number else ""
            pair = pairs[i, j]
            layout[f"xaxis{key}"] = {**bare, "domain": [j / p + gap / 2, (j + 1) / p - gap / 2], "anchor": f"y{key}", **_room(pair, 0)}
            layout[f"yaxis{key}"] = {**bare, "domain": [low + gap / 2, low + 1.0 / p - gap / 2], "anchor": f"x{key}", **_room(pair, 1)}
            data += _panel(theme, axis, pair, kinds, {"xaxis": f"x{key}", "yaxis": f"y{key}"}, picked, small=True)
    first = next(iter(pairs.values()), None)
    if first is not None:
        words = _key(first, level, own)
        layout["annotations"].append(note(theme, words, xref="paper", yref="paper", x=1, y=1, xanchor="right", yanchor="bottom"))
    return {"data": data, "layout": layout}


def _cut(title: str, p: int) -> str:
    """A title that fits on the diagonal: the name, and its unit below."""
    name, bracket, unit = title.partition(" [")
    most = max(8, 92 // p)
    short = name if len(name) <= most else f"{name[: most - 1]}…"
    return f"<b>{short}</b><br>[{unit}" if bracket else f"<b>{short}</b>"


def _room(pair: Pair, side: int) -> Figure:
    """The own ellipse with as much around it as itself: what lies farther out leaves the panel, and the structure inside stays visible."""
    drawn = [point[side] for point in pair.robust]
    low, high = min(drawn), max(drawn)
    span = high - low
    beside = [point[side] for point in pair.classical or ()] + [v for v in (pair.x, pair.y)[side] if v is not None]
    low, high = max(low - 0.6 * span, min([low, *beside])), min(high + 0.6 * span, max([high, *beside]))
    return {"range": [low - 0.06 * span, high + 0.06 * span]}
