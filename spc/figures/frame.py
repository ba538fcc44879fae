"""What every chart shares: the font, quiet axes, no legend, no animation."""

from __future__ import annotations

from typing import Any, Final

from spc.figures.theme import Theme

Figure = dict[str, Any]

FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"


def frame(theme: Theme, *, size: int = 13, **layout: Any) -> Figure:
    """What every chart shares: no ground of its own, quiet axes, no legend, no animation."""
    axis = {
        "ticklabeloverflow": "allow",
        "gridcolor": theme.rule,
        "linecolor": theme.edge,
        "tickcolor": theme.edge,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": False,
        "fixedrange": True,
    }
    base: Figure = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": size, "color": theme.text},
        "hoverlabel": {"bgcolor": theme.surface, "bordercolor": theme.edge, "font": {"family": FONT, "size": size, "color": theme.text}},
        "showlegend": False,
        "margin": {"l": 56, "r": 84, "t": 10, "b": 46},
        "dragmode": False,
        "xaxis": {**axis, "showgrid": False},
        "yaxis": dict(axis),
    }
    for key, value in layout.items():
        base[key] = {**base[key], **value} if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return base


def note(theme: Theme, text: str, *, size: int = 12, **place: Any) -> Figure:
    """Words upon a chart, without an arrow."""
    return {"showarrow": False, "text": text, "font": {"family": FONT, "size": size, "color": theme.text}, **place}


def modebar(theme: Theme) -> Figure:
    """The colours of the buttons for zoom and lasso."""
    return {"bgcolor": "rgba(0,0,0,0)", "color": theme.edge, "activecolor": theme.text}


def dashed(theme: Theme) -> Figure:
    """The line of a limit."""
    return {"color": theme.limit, "width": 1.5, "dash": "6px,4px"}
