"""The newest rows of a line in memory are those that the ledger has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from spc.ledger import Ledger
from spc.ledger.lines import put_line
from spc.ledger.rows import append_rows, keys_of, rows_between, schema_of
from spc.ledger.windows import Window
from spc.line.recent import Recent
from tests.small import NAMES, rows


def alike(one: Window, other: Window) -> None:
    assert one.seq.tolist() == other.seq.tolist()
    assert one.received.tolist() == other.received.tolist()
    assert one.rows.believed.tobytes() == other.rows.believed.tobytes()
    assert one.rows.at.tolist() == other.rows.at.tolist()
    assert (one.rows.ids, one.rows.quality, one.rows.subgroup) == (other.rows.ids, other.rows.quality, other.rows.subgroup)


def test_the_window_is_what_the_ledger_would_give(tmp_path: Path) -> None:
    assert Recent().window is None
    recent = Recent()
    first = replace(rows(700, quality=("good",) * 690 + ("bad",) * 10), subgroup=tuple(f"g{k // 5}" for k in range(700)))
    second = rows(150, first=701)
    second.x[3, 1] = np.nan
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:

        def store(connection: Connection) -> None:
            schema = schema_of(connection, NAMES)
            for at, block, now in ((1, first, 10), (701, second, 20)):
                append_rows(connection, "a", at, block, keys=keys_of("a", block), schema_id=schema, source="", now=now)
                recent.add(at, block, now)

        ledger.write(lambda connection: put_line(connection, "a", "A", 1))
        ledger.write(store)
        window = recent.window
        assert window is not None
        assert window.seq[[0, -1]].tolist() == [201, 850]
        with ledger.read() as connection:
            alike(window, rows_between(connection, "a", 201, 850))


def test_rows_that_do_not_follow_or_have_other_columns_are_not_put_beside() -> None:
    recent = Recent()
    recent.add(1, rows(200), 1)
    recent.add(302, rows(10, first=302), 2)
    assert recent.window is not None
    assert recent.window.seq.tolist() == list(range(302, 312))
    recent.add(312, replace(rows(10, first=312), names=("a", "b", "c")), 3)
    assert recent.window.seq.tolist() == list(range(312, 322))
