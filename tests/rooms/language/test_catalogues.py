"""The message catalogues are whole: every message of the program in each language, nothing fuzzy or left over, compiled as written."""

from __future__ import annotations

import gettext
import importlib.util
import string
import sys
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog

from spc.language import LANGUAGES, Language, spoken

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "messages.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages"] = module
    spec.loader.exec_module(module)
    return module


def ids(catalogue: Catalog) -> set[object]:
    return {one.id for one in catalogue if one.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_every_message_of_the_program_and_no_other(script: ModuleType, language: str) -> None:
    assert ids(script.catalogue(language)) == ids(script.extracted())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_a_guess_or_left_over(script: ModuleType, language: str) -> None:
    found = script.catalogue(language)
    assert not found.obsolete
    for one in found:
        if one.id:
            assert not one.fuzzy, one.id
            assert all(one.string if isinstance(one.string, tuple) else (one.string,)), one.id
            if language == "en":
                assert one.string == one.id


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_same_places_for_values(script: ModuleType, language: str) -> None:
    for one in script.catalogue(language):
        if one.id:
            said = one.string if isinstance(one.string, tuple) else (one.string,)
            asked = one.id if isinstance(one.id, tuple) else (one.id,)
            for mine, other in zip(said, asked, strict=True):
                assert places(mine) == places(other), one.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_at_run_time_is_what_was_written(script: ModuleType, language: str) -> None:
    made = script.LOCALE / language / "LC_MESSAGES" / "spc.mo"
    assert made.read_bytes() == script.compiled(script.catalogue(language))


def test_a_message_that_is_in_no_catalogue_stays_as_it_is() -> None:
    assert spoken("de").say("nobody translated {this}", this="that") == "nobody translated that"


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        spoken("fr")
    assert spoken("").code == "en"


def test_numbers_are_written_as_the_language_writes_them() -> None:
    bare = Language("de", gettext.NullTranslations())
    assert [bare.number(v, 1) for v in (-0.04, 0.05, -12.34, 1e16, float("nan"))] == ["0,0", "0,1", "−12,3", "1,00e16", "–"]
    assert [bare.number(v, 2) for v in (1e-12, 0.0, 5.0)] == ["1,00e−12", "0,00", "5,00"]
    assert spoken("en").measured(1234567.0, 3456.0) == "1234600"


def test_times_are_on_the_plants_clock_with_the_day_when_it_is_another() -> None:
    zone = ZoneInfo("Europe/Berlin")
    late = 1_741_130_000_000_000  # 2025-03-04 23:13:20 UTC, the 5th in Berlin
    assert spoken("de").clock(late, zone, beside=late) == "00:13"
    assert spoken("de").clock(late, zone, beside=late - 3_600_000_000) == "5. März, 00:13"
    assert spoken("en").clock(late, zone, beside=late + 400 * 86_400_000_000) == "5 March 2025, 00:13"
