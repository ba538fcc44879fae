"""A ledger of every earlier version is brought to this one, with all that is in it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from spc.ledger import Ledger, engine, keys, lines, points, rows, scraps
from spc.nouns import Rows

NOW = 1_741_068_000_000_000
X = np.array([[0.1 + 0.2, np.nan], [-0.0, 5e-324], [3.0, 4.0], [5.0, 6.0]])
NAN = float("nan")


def old(url: str, revision: str) -> None:
    """A ledger as programs before the fourth version wrote it: one record per row, one per point."""
    made = engine.engine_for(engine.database(url), writes=True)
    engine.migrate(made, revision)

    def put(connection: sa.Connection, table: str, **values: Any) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        connection.execute(sa.text(f'insert into "{table}" ({names}) values ({", ".join(f":{name}" for name in values)})'), values)  # noqa: S608

    with made.begin() as connection:
        put(connection, "line", name="smt-2", title="SMT-2", created_at=1)
        put(connection, "activation", id=1, line="smt-2", model_id=None, at=1, after_seq=1, made_by="Ada", reason="start")
        put(connection, "row_schema", id=1, names_json=json.dumps(["a", "b"]))
        part, quality, at = ("B1", None, "B3", "Ä 4"), ("good", "bad", "good", "good"), (NOW - 5, None, NOW - 3, NOW - 2)
        key = ("smt-2 id B1", None, "smt-2 id B3", "smt-2 id Ä 4")
        for i in range(4):
            received = NOW if i < 3 else NOW + 40 * 86_400_000_000  # the last one came in another month
            row = {"line": "smt-2", "seq": i + 1, "key": key[i], "at": at[i], "received_at": received, "part": part[i]}
            put(connection, "row", **row, quality=quality[i], source="http", schema_id=1, x=X[i].astype("<f8").tobytes())
            for chart, value in (("t2", (1.0, None, 2.0, 40.0)[i]), ("mewma", (0.5, None, 0.75, 3.0)[i])):
                point = {"line": "smt-2", "seq": i + 1, "chart": chart, "value": value, "ucl": None if value is None else 14.0}
                note = "not judged: quality bad" if i == 1 else ""
                if i:
                    put(connection, "point", **point, out=value == 40.0, note=note, activation_id=1)
    made.dispose()


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_rows_and_points_move_into_blocks(blank: str, revision: str) -> None:
    old(blank, revision)
    with Ledger.open(blank) as ledger:
        assert ledger.check() == []
        with ledger.read() as connection:
            window = rows.rows_between(connection, "smt-2", 1, 9)
            found = points.points_after(connection, "smt-2", 0)
            asked = Rows(("a", "b"), np.zeros((4, 2)), np.full(4, np.datetime64("NaT", "us")), ("B3", "Ä 4", "B9", None))
            known = rows.stored(connection, "smt-2", rows.keys_of("smt-2", asked))
            assert lines.last_seq(connection, "smt-2") == 4
            assert [(one.after_seq, one.by) for one in lines.activations(connection, "smt-2")] == [(1, "Ada")]
            assert points.rows_out(connection, "smt-2", 1, 4) == 1
            assert rows.span(connection, "smt-2", NOW - 3, NOW) == (2, 4)
            assert rows.span(connection, "smt-2", NOW - 4, NOW - 3) == (3, 3)
            assert rows.span(connection, "smt-2", NOW + 1, None) == (1, 0)
    assert window.rows.x.tobytes() == X.tobytes()
    assert window.rows.ids == ("B1", None, "B3", "Ä 4")
    assert window.rows.quality == ("good", "bad", "good", "good")
    assert window.rows.at.astype(np.int64).tolist() == [NOW - 5, np.iinfo(np.int64).min, NOW - 3, NOW - 2]
    assert {key: seq for key, (seq, _, _) in known.items()} == {"smt-2 id B3": 3, "smt-2 id Ä 4": 4}
    assert known["smt-2 id B3"][1:] == (X[2].tobytes(), ("a", "b"))
    assert [(one.row, one.chart, one.out, one.note) for one in found] == [
        (2, "mewma", False, "not judged: quality bad"),
        (2, "t2", False, "not judged: quality bad"),
        (3, "mewma", False, ""),
        (3, "t2", False, ""),
        (4, "mewma", False, ""),
        (4, "t2", True, ""),
    ]
    np.testing.assert_array_equal([one.value for one in found], [NAN, NAN, 0.75, 2.0, 3.0, 40.0])


def test_row_keys_get_numbers_that_follow_each_other(blank: str) -> None:
    """A ledger whose index has other numbers for the same keys: all of them are there anew, none of the old ones."""
    made = engine.engine_for(engine.database(blank), writes=True)
    old(blank, "0003")
    engine.migrate(made, "0004")
    ids = (("X", "7", "Ä-000000000000000000001", "B" + "9" * 30), (None, None, None, "B1"), (None,) * 4)
    blocks = []
    for k, some in enumerate(ids):
        at = np.array([f"2025-03-04T0{k}:00", f"1969-12-31T2{k}:59:59.999999", "NaT", f"2025-03-04T0{k}:01"], dtype="datetime64[us]")
        blocks.append(Rows(("a", "b"), X, at, some))
    with made.begin() as connection:
        before = connection.execute(sa.text("select hash, seq, month from row_key")).all()
        assert len(before) == 3
        lines.put_line(connection, "smt-3", "SMT-3", NOW)
        for k, block in enumerate(blocks):
            known = rows.keys_of("smt-3", block)
            rows.append_rows(connection, "smt-3", 1 + 4 * k, block, keys=known, schema_id=1, source="", now=NOW)
        connection.execute(sa.text("update row_key set hash = hash / 2 + 1"))
    made.dispose()
    with Ledger.open(blank) as ledger, ledger.read() as connection:
        found = {tuple(one) for one in connection.execute(sa.text("select hash, seq, month from row_key"))}
        assert ledger.check() == []
        for k, block in enumerate(blocks):
            expected = [i + 1 + 4 * k for i, key in enumerate(rows.keys_of("smt-3", block)) if key is not None]
            assert keys.places(connection, rows.keys_of("smt-3", block)) == expected
            numbers = zip(rows.keys_of("smt-3", block).placed, range(1 + 4 * k, 5 + 4 * k), strict=True)
            assert {(one, seq, 202503) for one, seq in numbers if one is not None} <= found
    assert len(found) == 3 + 4 + 3 + 3


@pytest.mark.parametrize("revision", ["0004", "0005", "0006"])
def test_scraps_that_wait_can_be_asked_for(blank: str, revision: str) -> None:
    made = engine.engine_for(engine.database(blank), writes=True)
    engine.migrate(made, revision)
    with made.begin() as connection:
        connection.execute(sa.text("insert into line (name, title, created_at) values ('smt-2', 'SMT-2', 1)"))
        words = {"payload": b"row 4"}
        columns = "line, source, at, reason, payload, state, handled_by"
        connection.execute(sa.text(f"insert into scrap ({columns}) values ('smt-2', 'tail', 1, 'no row', :payload, 'waiting', '')"), words)  # noqa: S608
    made.dispose()
    with Ledger.open(blank) as ledger:
        assert ledger.check() == []
        ledger.write(lambda connection: scraps.ask_for_scrap(connection, "smt-2", 1, "Ada", b"row 5", 2))
        with ledger.read() as connection:
            (kept,) = scraps.scraps(connection, "smt-2")
        assert (kept.payload, kept.asked) == (b"row 4", scraps.Asked(1, "smt-2", 2, "Ada", b"row 5", ""))
