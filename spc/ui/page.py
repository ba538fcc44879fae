"""What a page is to the shell: an address, a name, its layout. Each file in `pages/` has one `register(app, view) -> Page`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from spc.ui.theme import LIGHT, Theme


@dataclass(frozen=True, slots=True)
class Visit:
    """One opening of a page: the named parts of its address, the query, and the colour scheme that the browser shows."""

    parts: Mapping[str, str]
    query: Mapping[str, str]
    theme: Theme = LIGHT


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the dashboard.

    `path` is "/alarms" or, with a named part, "/line/<line>". `layout` makes its content for a visit (it may read the ledger: it is
    called off the event loop); `skeleton` is the same tree of ids without any data, against which callbacks are checked. `nav` is the
    word in the menu, empty when the page is reached from others only.
    """

    path: str
    title: str
    layout: Callable[[Visit], Any]
    skeleton: Callable[[], Any]
    nav: str = ""

    def match(self, path: str) -> dict[str, str] | None:
        """The named parts when this address is ours, else None.

        >>> Page("/line/<line>", "Line", lambda v: None, lambda: None).match("/line/smt%202")
        {'line': 'smt 2'}
        """
        pattern = re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path.rstrip("/") or "/")
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def find(pages: Sequence[Page], path: str) -> tuple[Page, dict[str, str]] | None:
    """The page at an address, with the named parts of that address."""
    for page in pages:
        parts = page.match(path)
        if parts is not None:
            return page, parts
    return None
