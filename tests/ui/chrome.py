"""Chromium as a person has it: started once, with a profile that keeps what it has loaded and compiled from one test to the next.

The scripts of a page are five megabytes. A browser that meets them for the first time parses them for two seconds, and each context of
Playwright's own is such a browser. A profile on disk keeps them; what the *pages* stored is taken away before each test.
"""

from __future__ import annotations

import tempfile
from typing import Any

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --autoplay-policy=user-gesture-required"
).split()
LIMIT_MS = 90_000  # for what never comes: a machine that builds ten things at a time takes a minute for what takes a second elsewhere
STORED = "cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage,shared_storage,storage_buckets"  # not what is loaded


class Chrome:
    """A running Chromium: `page` is a new page in its profile, `browser` makes contexts without any profile."""

    def __init__(self, playwright: Any, path: str, base: str) -> None:
        """`playwright` has been started and is stopped by `close`; a path that a page goes to is one of the server at `base`."""
        self._folder = tempfile.TemporaryDirectory(prefix="spc-chrome-", ignore_cleanup_errors=True)
        self._playwright = playwright
        self._base = base
        self._context = playwright.chromium.launch_persistent_context(
            self._folder.name,
            executable_path=path,
            args=FLAGS,
            base_url=base,
            viewport={"width": 1280, "height": 720},
            color_scheme="light",
            timezone_id="UTC",
            locale="en-GB",
            reduced_motion="reduce",
        )
        self._context.set_default_timeout(LIMIT_MS)
        self._first = self._context.pages[0]
        self._devtools = self._context.new_cdp_session(self._first)

    @property
    def browser(self) -> Any:
        return self._context.browser

    def page(self) -> Any:
        """A page of its own: no other is open, and nothing is kept of what the ones before stored."""
        self.clear()
        return self._context.new_page()

    def clear(self) -> None:
        """Closes every page and takes away what they stored; what was loaded stays."""
        for one in self._context.pages:
            if one is not self._first:
                one.close()
        self._context.clear_cookies()
        self._devtools.send("Storage.clearDataForOrigin", {"origin": self._base, "storageTypes": STORED})

    def alive(self) -> bool:
        return bool(self._context.browser.is_connected())

    def close(self) -> None:
        if self.alive():
            self._context.close()
        self._playwright.stop()
        self._folder.cleanup()
