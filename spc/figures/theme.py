"""The two colour schemes and the marks of the four priorities. Grey ground, colour only for what is abnormal, never colour alone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Theme:
    """One colour scheme. Text has a contrast of 4.5 : 1 or more on `ground` and `surface`, lines and marks 3 : 1 or more.

    `ground` lies behind everything, `surface` behind tiles and charts, `rule` is a hairline that carries no meaning, `edge` the outline
    of a control, `on_fill` text upon a filled priority colour.
    """

    name: str
    ground: str
    surface: str
    text: str
    quiet: str
    rule: str
    edge: str
    series: str
    limit: str
    critical: str
    high: str
    medium: str
    low: str
    selection: str
    on_fill: str

    def priority(self, priority: str) -> str:
        """The colour of "critical", "high", "medium" or "low"."""
        colours = {"critical": self.critical, "high": self.high, "medium": self.medium, "low": self.low}
        return colours.get(priority, self.high)

    def css(self) -> dict[str, str]:
        """The custom properties of the style sheet: {"--ground": "#E4E6E8", …}."""
        return {f"--{f.name.replace('_', '-')}": getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "name"}


LIGHT: Final = Theme(
    name="light",
    ground="#E4E6E8",
    surface="#EEF0F1",
    text="#1C1F23",
    quiet="#4B525A",
    rule="#C3C8CC",
    edge="#767D84",
    series="#4B5259",
    limit="#2F3439",
    critical="#A8001C",
    high="#8F4400",
    medium="#6B5500",
    low="#86007A",
    selection="#004C97",
    on_fill="#FFFFFF",
)
DARK: Final = Theme(
    name="dark",
    ground="#26292D",
    surface="#1D2023",
    text="#E8EAED",
    quiet="#B4BAC1",
    rule="#3D4248",
    edge="#7F868D",
    series="#A9B0B7",
    limit="#CFD4D9",
    critical="#FF5A5F",
    high="#FF9A3C",
    medium="#FFD54A",
    low="#F07CE0",
    selection="#6CB4FF",
    on_fill="#17191C",
)
THEMES: Final = {"light": LIGHT, "dark": DARK}

COOKIE: Final = "spc_theme"  # the page says in it which scheme it shows, so that a figure is drawn right the first time

MARKS: Final = {"critical": "◆", "high": "▲", "medium": "■", "low": "●"}
SYMBOLS: Final = {"critical": "diamond", "high": "triangle-up", "medium": "square", "low": "circle"}  # the same shapes in plotly's words


def luminance(colour: str) -> float:
    """The relative luminance of "#RRGGBB" (WCAG 2.2).

    >>> round(luminance("#FFFFFF"), 3)
    1.0
    """
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2).

    >>> round(contrast("#1C1F23", "#E4E6E8"), 1)
    13.2
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
