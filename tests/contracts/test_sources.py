"""Every registered source keeps the contract; a new one is picked up by itself once it has an example here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spc.errors import BadSettings
from spc.nouns import Rows
from spc.settings import PartSettings
from spc.sources import SOURCES, build, check
from tests.small import FakeClock
from tests.small import rows as some_rows

EXAMPLES: dict[str, dict[str, Any]] = {
    "replay": {"rows_per_s": 1000.0},
    "tail": {"every_s": 0.01},
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    block = some_rows(1200)
    lines = ["timestamp,board_id," + ",".join(block.names)]
    lines += [f"{at},{id}," + ",".join(map(repr, x)) for at, id, x in zip(block.at, block.ids, block.x.tolist(), strict=True)]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_every_source_keeps_the_contract(kind: str, table: Path) -> None:
    source = build(PartSettings("source", kind, {"path": str(table), **EXAMPLES[kind]}))
    assert check(source, FakeClock(), quiet_s=0.5) == 1200


@dataclass(frozen=True)
class Broken:
    """Breaks one promise, by name."""

    how: str

    @property
    def name(self) -> str:
        return "" if self.how == "no name" else "broken"

    def read(self, after: Any, stop: threading.Event, clock: Callable[[], int]) -> Iterator[tuple[Rows, Any]]:
        start = 0 if self.how == "begins again" else (after or {"row": 0})["row"]
        for row in range(start, 20, 10):
            block = some_rows(10, first=row + 1)
            if self.how == "ragged":
                block = Rows(block.names, block.x, block.at[:5], block.ids)
            if self.how == "infinite":
                block.x[0, 0] = np.inf
            yield block, {"row": (row + 10,) if self.how == "no json" else row + 10}
        while self.how == "does not stop":
            pass


@dataclass
class Soft:
    name: str = "soft"


@pytest.mark.parametrize(
    "how, said",
    [
        ("no name", "has no name"),
        ("begins again", "does not give the rest"),
        ("ragged", "is not whole"),
        ("infinite", "is infinite"),
        ("no json", "trip through JSON"),
    ],
)
def test_a_source_that_breaks_its_promise_is_found(how: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        check(Broken(how), FakeClock(), quiet_s=0.3)


def test_a_good_one_passes_and_one_that_can_change_does_not() -> None:
    assert check(Broken("not"), FakeClock(), quiet_s=0.3) == 20
    with pytest.raises(BadSettings, match="can change"):
        check(Soft(), FakeClock())  # type: ignore[arg-type]
