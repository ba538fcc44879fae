"""New rows, from a whole file and from one that grows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spc.errors import BadTable, ColumnMismatch
from spc.nouns import Finding
from spc.reference import RowParser, read, read_rows

STREAM = Path(__file__).parents[3] / "data" / "demo_circuit_boards" / "phase2_stream.csv"
NAMES = ("length_mm", "width_mm", "thickness_mm", "hole_pitch_mm", "warp_mm", "copper_um")


def test_columns_by_name_in_the_order_asked() -> None:
    whole = read(STREAM)
    rows = read_rows(STREAM, columns=("copper_um", "length_mm"), time="timestamp", id="board_id")
    assert rows.names == ("copper_um", "length_mm")
    assert np.array_equal(rows.x[:, 1], whole.x[:, 0])
    assert np.array_equal(rows.at, whole.rows.at)
    assert rows.ids == whole.rows.ids


def test_one_row_is_enough() -> None:
    rows = read_rows(b"part;a;b\nB1;1,5;20\n", columns=("a", "b"))
    assert rows.x.tolist() == [[1.5, 20.0]]
    assert rows.ids == ("B1",)


def test_a_needed_column_is_read_whatever_it_looks_like() -> None:
    rows = read_rows(b"anomaly,part,c\n0,17,2.5\n0,18,2.5\n0,19,2.5\n", columns=("anomaly", "part", "c"))
    assert rows.x.tolist() == [[0, 17, 2.5], [0, 18, 2.5], [0, 19, 2.5]]


def test_a_model_of_rows_with_a_time_takes_rows_without_one() -> None:
    rows = read_rows(b"a,b\n1,2\n", columns=("a", "b"), time="timestamp", id="board_id")
    assert np.isnat(rows.at[0])
    assert rows.ids == (None,)


def test_what_was_taken_as_missing_is_told() -> None:
    found: list[Finding] = []
    rows = read_rows(b"a,b\n1,Bad\n2,oops\n3,1e999\n4,5\n", columns=("a", "b"), on_finding=found.append)
    assert np.isnan(rows.x[:3, 1]).all()
    assert {f.kind: f.rows for f in found} == {"missing_words": (1,), "text_cells": (2,), "infinite": (3,)}


def test_a_frame_of_new_rows() -> None:
    frame = pd.DataFrame({"b": [2.0, np.nan], "extra": ["x", "y"], "a": [1, 3]})
    assert np.array_equal(read_rows(frame, columns=("a", "b")).x, [[1, 2], [3, np.nan]], equal_nan=True)


@pytest.mark.parametrize("size", [1, 7, 500])
def test_a_growing_file_gives_the_rows_of_the_whole(size: int) -> None:
    content = STREAM.read_bytes()
    growing = RowParser(content[: content.index(b"\n") + 1], columns=NAMES)
    lines = content[growing.offset :].splitlines(keepends=True)
    blocks = [growing.feed(lines[i : i + size])[0] for i in range(0, len(lines), size)]
    whole = read_rows(STREAM, columns=NAMES)
    assert np.array_equal(np.concatenate([b.x for b in blocks]), whole.x)
    assert np.array_equal(np.concatenate([b.at for b in blocks]), whole.at)
    assert sum((b.ids for b in blocks), ()) == whole.ids
    assert growing.rows == 500


def test_lines_that_cannot_be_read_are_complaints_and_count_as_rows() -> None:
    growing = RowParser(b"a;b\n1,5;2,5\n", columns=("a", "b"))
    rows, complaints = growing.feed([b"1,5;2,5", b"1,5", b"", b"2;3;4", b"2.5;3", b"Bad;3\r\n", b'"x;3', b"7;8"])
    assert np.array_equal(rows.x, [[1.5, 2.5], [np.nan, 3], [7, 8]], equal_nan=True)
    assert [(c.row, type(c)) for c in complaints] == [(2, BadTable), (3, BadTable), (4, BadTable), (6, BadTable)]
    assert "Line 5" in str(complaints[1])
    assert (complaints[2].column, growing.rows) == ("a", 7)


def test_the_decimal_mark_is_settled_by_the_first_rows() -> None:
    growing = RowParser(b"time;a\n", columns=("a",))
    rows, _ = growing.feed([b"2025-03-03 06:00;3", b"2025-03-03 06:01;3,25"])
    assert rows.x[:, 0].tolist() == [3.0, 3.25]
    assert str(rows.at[1]) == "2025-03-03T06:01:00.000000"


def test_day_and_month_stay_as_the_head_settled_them() -> None:
    growing = RowParser(b"time,a\n28/02/2025 06:00,1.5\n01/03/2025 06:00,1.5\n", columns=("a",))
    rows, _ = growing.feed([b"02/03/2025 06:00,1.5"])
    assert str(rows.at[0])[:10] == "2025-03-02"


def test_a_header_that_comes_again_and_a_units_row_are_no_rows() -> None:
    growing = RowParser(b"part,a,b\n", columns=("a", "b"))
    rows, complaints = growing.feed([b",mm,mm", b"P1,1,2", b"part,a,b", b"P2,3,4"])
    assert (rows.ids, complaints, growing.rows) == (("P1", "P2"), [], 2)


def test_the_head_of_a_growing_file() -> None:
    with pytest.raises(ColumnMismatch):
        RowParser(b"a,b\n", columns=("a", "c"))
    with pytest.raises(BadTable, match="UTF-16"):
        RowParser("a,b\n1,2\n".encode("utf-16"), columns=("a",))
    assert RowParser(b"\xef\xbb\xbfsep=,\nline 2\n\na,b\n1,2\n", columns=("a",)).offset == len(b"\xef\xbb\xbfsep=,\nline 2\n\na,b\n")


def test_names_that_nobody_asked_for() -> None:
    growing = RowParser(b"timestamp,part,a,b,note\n")
    assert growing.names == ()
    rows, _ = growing.feed([b"2025-03-03 06:00:00,P1,1.5,2.5,fine"])
    assert rows.names == growing.names == ("a", "b")
    assert rows.ids == ("P1",)
