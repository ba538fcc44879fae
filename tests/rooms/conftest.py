"""What tests of all rooms share: one warm process for every workbench that a server of theirs has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spc.workbench import bench
from spc.workbench.starter import Child, Forks


class Shared:
    """Loading everything costs two seconds: it is done once. Each bench ends its own children; this outlives them all."""

    def __init__(self) -> None:
        self.forks = Forks()

    def warm(self) -> None:
        self.forks.warm()

    def child(self) -> Child:
        return self.forks.child()

    def close(self) -> None:
        return


@pytest.fixture(scope="session")
def _warm() -> Iterator[Shared]:
    made = Shared()
    yield made
    made.forks.close()


@pytest.fixture(autouse=True)
def _one_warm_process(_warm: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of the process itself sets `bench.usual` back to Forks."""
    monkeypatch.setattr(bench, "usual", lambda: _warm)
