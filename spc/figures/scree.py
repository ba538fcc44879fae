"""How many directions the variables really have: the eigenvalues of the correlation, robust beside classical."""

from __future__ import annotations

from collections.abc import Sequence

from spc.figures.frame import Figure, frame, modebar, note
from spc.figures.theme import Theme


def scree(theme: Theme, own: Sequence[float], classical: Sequence[float] | None = None, *, name: str = "robust") -> Figure:
    """Eigenvalues (p,) in descending order; they sum to p. Filled and solid: the own estimate; hollow and dotted: the classical one."""
    p = len(own)
    log = min(own) < 1e-3 * max(own)
    layout = frame(
        theme,
        margin={"l": 58, "r": 14, "t": 24, "b": 40},
        modebar=modebar(theme),
        hovermode="x",
        xaxis={
            "title": {"text": "component", "standoff": 4},
            "range": [0.6, p + 0.4],
            **({"dtick": 1} if p <= 20 else {"nticks": 10}),
        },
        yaxis={
            "title": {"text": "eigenvalue of the correlation", "standoff": 4},
            "type": "log" if log else "linear",
            **({"dtick": 1} if log else {"rangemode": "tozero", "nticks": 6}),
        },
        meta={"review": "scree"},
    )
    data = [_line(theme, own, name, "circle", "solid")]
    words = f"solid: {name}"
    if classical is not None:
        data.append(_line(theme, classical, "classical", "circle-open", "2px,3px"))
        words += ", dotted: classical"
    layout["annotations"] = [note(theme, words, xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom")]
    return {"data": data, "layout": layout}


def _line(theme: Theme, values: Sequence[float], name: str, symbol: str, dash: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": list(range(1, len(values) + 1)),
        "y": list(values),
        "line": {"color": theme.series, "width": 1.5, "dash": dash},
        "marker": {"color": theme.series, "symbol": symbol, "size": 8, "line": {"color": theme.series, "width": 1.5}},
        "hovertemplate": f"{name}, component %{{x}}: %{{y:.4g}}<extra></extra>",
    }
