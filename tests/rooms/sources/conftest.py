"""What tests of several sources look at."""

from __future__ import annotations

import pytest

from spc.sources import Batch
from spc.sources.reorder import InOrder


@pytest.fixture
def held_back(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of rows that a source has put in order so far, batch by batch: what it holds back is not given, so this tells it came."""
    seen: list[int] = []
    put = InOrder.put

    def counted(order: InOrder, batch: Batch, now: int) -> None:
        seen.append(len(batch.rows))
        put(order, batch, now)

    monkeypatch.setattr(InOrder, "put", counted)
    return seen
