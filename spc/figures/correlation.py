"""Which variables go together: the robust correlation beside the classical one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spc.figures.frame import Figure, frame, modebar, note
from spc.figures.theme import Theme

DIFFERENT: Final = 0.2  # correlations that differ by more are marked: outliers made or hid them
_WRITTEN: Final = 12  # variables up to which the numbers stand in the cells

Matrix = Sequence[Sequence[float]]


def correlation(theme: Theme, names: Sequence[str], own: Matrix, classical: Matrix | None = None, *, name: str = "Robust") -> Figure:
    """Both correlations as shades of grey (the darker, the closer to ±1) with their numbers; a frame marks those that differ by 0.2."""
    p = len(names)
    both = [(name, own)] if classical is None else [(name, own), ("Classical", classical)]
    longest = max((len(_short(one)) for one in names), default=1)
    layout = frame(
        theme,
        size=12,
        margin={"l": 16 + 7 * longest, "r": 8, "t": 26, "b": 16 + (7 * longest if p > 3 else 14)},
        modebar=modebar(theme),
        hovermode="closest",
        meta={"review": "correlation"},
    )
    x, y = layout.pop("xaxis"), layout.pop("yaxis")
    layout["annotations"], layout["shapes"], data = [], [], []
    ticks = {"tickvals": list(range(p)), "ticktext": [_short(one) for one in names], "ticks": "", "showline": False, "showgrid": False}
    for k, (title, matrix) in enumerate(both):
        key = str(k + 1) if k else ""
        domain = [0.0, 1.0] if len(both) == 1 else [[0.0, 0.485], [0.515, 1.0]][k]
        layout[f"xaxis{key}"] = {**x, **ticks, "domain": domain, "anchor": f"y{key}", "tickangle": 90 if p > 3 else 0}
        layout[f"yaxis{key}"] = {**y, **ticks, "anchor": f"x{key}", "autorange": "reversed", "showticklabels": k == 0}
        data.append(_heat(theme, names, matrix, f"x{key}", f"y{key}"))
        place = {"xref": f"x{key} domain", "yref": f"y{key} domain", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
        layout["annotations"].append(note(theme, f"<b>{title}</b>", size=13, **place))
        if classical is not None:
            layout["shapes"] += [_mark(theme, i, j, key) for i, j in different(own, classical)]
    return {"data": data, "layout": layout}


def different(own: Matrix, classical: Matrix) -> list[tuple[int, int]]:
    """The pairs (i, j), i > j, whose two correlations differ by more than 0.2.

    >>> different([[1.0, 0.9], [0.9, 1.0]], [[1.0, 0.1], [0.1, 1.0]])
    [(1, 0)]
    """
    return [(i, j) for i in range(len(own)) for j in range(i) if abs(own[i][j] - classical[i][j]) > DIFFERENT]


def _heat(theme: Theme, names: Sequence[str], matrix: Matrix, x: str, y: str) -> Figure:
    p = len(names)
    written = {"texttemplate": "%{text}", "textfont": {"size": 11, "color": theme.text}} if p <= _WRITTEN else {}
    return {
        "type": "heatmap",
        "z": [[abs(v) for v in row] for row in matrix],
        "text": [[f"{v:.2f}".replace("-", "−") for v in row] for row in matrix],
        "customdata": [[f"{names[i]}, {names[j]}" for j in range(p)] for i in range(p)],
        "hovertemplate": "%{customdata}: %{text}<extra></extra>",
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "colorscale": [[0, theme.surface], [1, _between(theme.rule, theme.edge)]],
        "xgap": 1,
        "ygap": 1,
        "xaxis": x,
        "yaxis": y,
        **written,
    }


def _between(one: str, other: str) -> str:
    """The colour half-way: dark enough to be seen, light enough for text upon it.

    >>> _between("#000000", "#FFFFFF")
    '#7F7F7F'
    """
    return "#" + "".join(f"{(int(one[k : k + 2], 16) + int(other[k : k + 2], 16)) // 2:02X}" for k in (1, 3, 5))


def _mark(theme: Theme, i: int, j: int, key: str) -> Figure:
    at = {"xref": f"x{key or ''}", "yref": f"y{key or ''}", "x0": j - 0.46, "x1": j + 0.46, "y0": i - 0.46, "y1": i + 0.46}
    return {"type": "rect", "name": "different", **at, "line": {"color": theme.high, "width": 2}}


def _short(name: str, most: int = 14) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
