"""The colour schemes of the pages: those of the pictures."""

from __future__ import annotations

from spc.figures.theme import COOKIE, DARK, LIGHT, MARKS, SYMBOLS, THEMES, Theme, contrast, luminance

__all__ = ["COOKIE", "DARK", "LIGHT", "MARKS", "SYMBOLS", "THEMES", "Theme", "contrast", "luminance"]
