"""Reading: a table comes back as it was, however it was written; and bytes that are no table end in words, never in a traceback."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spc.errors import Complaint
from spc.nouns import Reference
from spc.reference import RowParser, read, read_rows

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
NAMES = ("length", "width_mm", "Höhe [µm]", "warp", "copper")
MISSING = ("", "Bad", "#N/A", "-", "NaN", "I/O Timeout", "1.#QNAN")
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

values = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False).map(lambda v: round(v, 4)) | st.sampled_from([math.nan])


@st.composite
def written(draw: st.DrawFn) -> tuple[np.ndarray, bytes]:
    """A table of numbers, and the bytes of it in some dialect."""
    n, p = draw(st.integers(3, 12)), draw(st.integers(2, 5))
    x = np.array(draw(st.lists(st.lists(values, min_size=p, max_size=p), min_size=n, max_size=n)))
    x[0] = draw(st.lists(st.floats(0.001, 0.999).map(lambda v: round(v, 4) + 0.00011), min_size=p, max_size=p))  # the decimal mark is seen
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    mark = "." if delimiter == "," else draw(st.sampled_from([".", ","]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quote = draw(st.booleans())
    missing = draw(st.sampled_from(MISSING))
    units = draw(st.booleans())
    trailing = draw(st.sampled_from(["", delimiter]))

    def cell(value: float) -> str:
        return missing if math.isnan(value) else repr(float(value)).replace(".", mark)

    lines = [["part", *NAMES[:p]], *([["", *["mm"] * p]] if units else [])]
    lines += [[f"B{i:03d}", *map(cell, row)] for i, row in enumerate(x, 1)]
    text = "".join(delimiter.join(f'"{c}"' if quote else c for c in line) + trailing + end for line in lines)
    title = draw(st.sampled_from(["", f"Report of the week{end}{end}"]))
    return x, (title + text).encode(draw(st.sampled_from(ENCODINGS)))


@SLOW
@given(written())
def test_a_table_comes_back_to_the_last_bit(table: tuple[np.ndarray, bytes]) -> None:
    x, content = table
    names = NAMES[: x.shape[1]]
    reference = read(content, roles=dict.fromkeys(names, "measurement"))
    assert reference.names == names
    assert np.array_equal(reference.x, x, equal_nan=True)
    assert reference.rows.ids == tuple(f"B{i:03d}" for i in range(1, len(x) + 1))
    backwards = read_rows(content, columns=names[::-1])
    assert np.array_equal(backwards.x, x[:, ::-1], equal_nan=True)


@SLOW
@given(written())
def test_line_by_line_is_the_same_as_the_whole(table: tuple[np.ndarray, bytes]) -> None:
    x, content = table
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content or (b"\r" in content and b"\n" not in content):
        return
    names = NAMES[: x.shape[1]]
    parser = RowParser(content, columns=names)
    rows, complaints = parser.feed(content[parser.offset :].splitlines(keepends=True))
    assert complaints == []
    assert np.array_equal(rows.x, x, equal_nan=True)
    assert rows.ids == tuple(f"B{i:03d}" for i in range(1, len(x) + 1))


PIECES = (
    b'1|2.5|1,5|-|a|time|2025-03-03|=1|nan|1e400|sep=;|<html>|{|99.99.9999|31/12/2025 25:61|1.2.3|1,234|"x|Bad|mm|[mm]|00017|inf|1_0'.split(
        b"|"
    )
)
SIGNS = [b",", b";", b"\t", b"\n", b"\n", b"\r\n", b"\r", b'"', b" ", b"|", b"'", b"\xef\xbb\xbf", b"\xff", b"\xe4", b"\0"]
pieces = st.sampled_from([*PIECES, *SIGNS])


def _complaint(work: Callable[[], Reference | RowParser]) -> Complaint | None:
    """What was said, if anything; any other exception goes through and fails the test."""
    try:
        work()
    except Complaint as said:
        return said
    return None


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300) | st.lists(pieces, max_size=120).map(b"".join))
@example(b",\x01\n,\n0000-1-1")  # a column without a single cell
def test_any_bytes_end_in_a_reference_or_in_words(content: bytes) -> None:
    said = _complaint(lambda: read(content))
    assert said is None or (said.text and said.cure)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(pieces, max_size=60).map(b"".join),
    st.lists(st.lists(pieces.filter(lambda p: b"\n" not in p), max_size=12).map(b"".join), max_size=8),
)
def test_a_growing_file_of_anything_ends_in_rows_or_in_words(head: bytes, lines: list[bytes]) -> None:
    said = _complaint(lambda: RowParser(head))
    if said is not None:
        assert said.cure
        return
    parser = RowParser(head)
    before = parser.rows
    rows, complaints = parser.feed(lines)
    assert len(rows) + len(complaints) == parser.rows - before
    assert all(c.row is not None for c in complaints)


@pytest.mark.parametrize(
    "text", ["0.1", "1e-5", "123456789.123456789", "2.2250738585072014e-308", "17179869183.999998", "0.30000000000000004"]
)
def test_a_block_is_read_to_the_same_bits_as_a_live_row(text: str) -> None:
    content = b"a,b\n" + b"".join(f"{text},{i}.5\n".encode() for i in range(200))
    assert read_rows(content, columns=("a",)).x[:, 0].tolist() == [float(text)] * 200
