"""A small house behind the pages: a real ledger, real lines, a clock that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from spc import ui
from spc.ledger import Ledger
from spc.line import Line, activate, save_model
from spc.nouns import Model
from spc.settings import LineSettings, Settings
from tests.small import FakeClock, model
from tests.small import rows as some_rows


class House:
    """What a page needs of a plant, without its threads."""

    def __init__(self, folder: Path, names: Sequence[str] = ("mixer",)) -> None:
        self.clock = FakeClock()
        self.settings = Settings(
            ledger=f"sqlite:///{folder}/spc.db",
            timezone="Europe/Berlin",
            lines=tuple(
                LineSettings(n, f"The {n}", interval_s=1.0, advice={"warp_mm": "Do: check the oven.", "*": "Do: call."}) for n in names
            ),
        )
        self.ledger = Ledger.open(self.settings.ledger)
        self.lines = {one.name: Line(self.ledger, one, clock=self.clock, zone=self.settings.zone) for one in self.settings.lines}
        self.next = dict.fromkeys(names, 1)

    def activate(self, line: str = "mixer", made: Model | None = None) -> str:
        """A model becomes active on a line."""
        id = save_model(self.ledger, made or model(), reference_id=None, by="Ada", now=self.clock())
        activate(self.ledger, line, id, "new lot", "Ada", self.clock())
        return id

    def send(self, n: int, out: tuple[int, ...] = (), line: str = "mixer") -> None:
        """n rows come; those whose place (from 1) is in `out` are far off."""
        self.lines[line].take(some_rows(n, first=self.next[line], out=out))
        self.next[line] += n

    def serve(self) -> tuple[FastAPI, Any]:
        """The pages on an application, and dash."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        return app, ui.mount(app, self)
