import dataclasses

import pytest

from spc.charts import CHARTS
from spc.notify import NOTIFIERS
from spc.scatter import ESTIMATORS
from spc.settings import LineSettings, Settings, WatchSettings
from spc.sources import SOURCES
from spc.ui.pages.manual import chapters, page

TEXT = "\n".join(text for _, text in chapters().values())


def settings() -> list[str]:
    words = {f.name for cls in (Settings, LineSettings, WatchSettings) for f in dataclasses.fields(cls)}
    return sorted(words - {"root", "lines"})  # not words of a file: where the folder is, and the files beside it


def options() -> list[str]:
    return sorted({f.name for registry in (SOURCES, NOTIFIERS) for cls in registry.values() for f in dataclasses.fields(cls)})


@pytest.mark.parametrize("word", [*ESTIMATORS, *CHARTS, *SOURCES, *NOTIFIERS, "guard", *settings(), *options()])
def test_the_manual_has_a_word_about(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_each_chapter_begins_with_its_title_and_needs_nothing_from_elsewhere() -> None:
    found = chapters()
    assert len(found) >= 6
    for title, text in found.values():
        assert text.startswith(f"# {title}\n")
        assert "http://" not in text.replace("http://host:port", "").replace("http://127.0.0.1:8050", "")


def test_an_unknown_chapter_is_said_to_be_unknown() -> None:
    assert "There is no chapter" in str(page(chapters(), "nonsense"))
