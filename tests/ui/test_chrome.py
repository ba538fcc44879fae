"""The browser of these tests: what was loaded stays from one page to the next, what was stored does not."""

from __future__ import annotations

from tests.ui.chrome import Chrome
from tests.ui.served import Served

STORED = "[localStorage.getItem('of'), sessionStorage.getItem('of'), /of=[a-z]*/.exec(document.cookie)?.[0] ?? null]"
LOADED = "performance.getEntriesByType('resource').filter((e) => e.name.includes('dash_renderer')).map((e) => e.transferSize)"


def test_a_page_finds_the_scripts_of_the_one_before_and_nothing_that_it_stored(chrome: Chrome, served: Served) -> None:
    one = chrome.page()
    one.goto("/manual")
    one.evaluate("localStorage.setItem('of', 'one'); sessionStorage.setItem('of', 'one'); document.cookie = 'of=one; max-age=600'")
    assert one.evaluate(STORED) == ["one", "one", "of=one"]
    other = chrome.page()
    assert one.is_closed()
    other.goto("/manual")
    assert other.evaluate(STORED) == [None, None, None]
    assert other.evaluate(LOADED) == [0], "from the profile, not from the server"
    chrome.clear()
