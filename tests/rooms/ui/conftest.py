from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rooms.ui.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, ("mixer", "press"))
    yield made
    made.ledger.close()
