import re
from pathlib import Path

import pytest

from spc.ui.shell import ASSETS
from spc.ui.theme import DARK, LIGHT, THEMES, Theme, contrast

TEXTS = ("text", "quiet", "critical", "high", "medium", "low", "selection")
LINES = ("series", "limit", "edge")


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
@pytest.mark.parametrize("ground", ["ground", "surface"])
def test_text_and_lines_can_be_seen(theme: Theme, ground: str) -> None:
    behind = getattr(theme, ground)
    assert {name: contrast(getattr(theme, name), behind) for name in TEXTS if contrast(getattr(theme, name), behind) < 4.5} == {}
    assert {name: contrast(getattr(theme, name), behind) for name in LINES if contrast(getattr(theme, name), behind) < 3.0} == {}


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_text_on_a_filled_priority_can_be_read(theme: Theme) -> None:
    assert min(contrast(theme.on_fill, theme.priority(p)) for p in ("critical", "high", "medium", "low")) >= 4.5


def test_the_colours_are_those_of_the_screens() -> None:
    assert (LIGHT.ground, LIGHT.text, LIGHT.series, LIGHT.limit) == ("#E4E6E8", "#1C1F23", "#4B5259", "#2F3439")
    assert (LIGHT.critical, LIGHT.high, LIGHT.medium, LIGHT.low, LIGHT.selection) == ("#A8001C", "#8F4400", "#6B5500", "#86007A", "#004C97")
    assert (DARK.ground, DARK.text, DARK.series, DARK.limit) == ("#26292D", "#E8EAED", "#A9B0B7", "#CFD4D9")
    assert (DARK.critical, DARK.high, DARK.medium, DARK.low, DARK.selection) == ("#FF5A5F", "#FF9A3C", "#FFD54A", "#F07CE0", "#6CB4FF")


def test_the_colours_of_one_scheme_are_all_different() -> None:
    # the page changes the scheme of a chart that is already drawn by exchanging colour for colour
    for theme in THEMES.values():
        values = [v.upper() for v in theme.css().values()]
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_the_style_sheet_has_the_same_colours(theme: Theme) -> None:
    sheet = (ASSETS / "theme.css").read_text(encoding="utf-8")
    block = sheet.split(f'[data-theme="{theme.name}"] {{')[1].split("}")[0]
    assert dict(re.findall(r"(--[\w-]+):\s*(#\w{6});", block)) == theme.css()


def test_no_other_style_sheet_or_script_brings_a_colour_of_its_own() -> None:
    known = {value.upper() for theme in THEMES.values() for value in theme.css().values()} | {"#FFFFFF", "#767D84"}
    for path in Path(ASSETS).glob("*.*s*"):
        if path.name != "theme.css" and path.suffix in (".css", ".js"):
            found = {c.upper() for c in re.findall(r"#[0-9A-Fa-f]{6}\b", path.read_text(encoding="utf-8"))}
            assert found <= known, path.name


def test_no_rule_has_the_whole_document_restyled_at_each_change() -> None:
    # .content:has(#wall) did: 1653 elements at every mutation below it, 13 ms twice at each press
    for path in Path(ASSETS).glob("*.css"):
        for subject in re.findall(r"([\w.#\-\"\[\]=]+):has\(", path.read_text(encoding="utf-8")):
            assert subject in (".tile", ".field", ".compare-form"), f"{path.name}: {subject}:has"
