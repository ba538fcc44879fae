"""Whatever stands in a line of a CSV file: it is a row or a scrap, and its neighbours are rows."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spc.sources.lines import Layout

HEAD = b"time,board,a_mm,b_mm\n"


def line(k: int) -> bytes:
    return b"2025-03-04T06:%02d:%02d,B%05d,%.3f,%.3f\n" % (k // 60, k % 60, k, 160 + k / 1000, 0.3 + k / 100)


LAYOUT = Layout.of(HEAD + b"".join(map(line, range(1, 31))), (), None, None, "UTC")
CELL = st.sampled_from(
    [b"", b"1.5", b"1,5", b"-", b"NaN", b"1e400", b"abc", b'"', b'"a', b"\xff", b"\x00", b"=1+1", b"2025-03-04", b"\r", b" "]
)
JUNK = st.one_of(
    st.binary(max_size=40),
    st.lists(CELL, max_size=7).map(b",".join),
    st.text(max_size=30).map(str.encode),
    st.integers(0, 30).map(lambda n: line(99)[:n]),
).map(lambda text: text.replace(b"\n", b"") + b"\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(JUNK, min_size=1, max_size=4))
def test_every_line_is_a_row_or_a_scrap(junk: list[bytes]) -> None:
    assert LAYOUT is not None
    block = line(41) + b"".join(one + line(50 + k) for k, one in enumerate(junk))
    rows, scraps = LAYOUT.rows(block)
    ids = [one for one in rows.ids if one in {f"B{k:05d}" for k in (41, *range(50, 50 + len(junk)))}]
    if b'"' not in block:  # a quoted cell may well run over lines
        assert ids == ["B00041", *(f"B{k:05d}" for k in range(50, 50 + len(junk)))]
    if not any(one in block for one in (b'"', b"\r", HEAD.strip())):
        lines = [one for one in block.split(b"\n") if one.strip(b",;|\t' ")]
        assert len(rows) + sum(one.payload.count(b"\n") for one in scraps) == len(lines)
    assert all(one.reason for one in scraps)
    assert rows.x.shape == (len(rows), 2)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(JUNK, max_size=4))
def test_a_file_that_begins_with_junk_below_its_header_is_read(junk: list[bytes]) -> None:
    good = b"".join(map(line, range(1, 4)))
    found = Layout.of(HEAD + b"".join(junk) + good, ("a_mm", "b_mm"), "time", "board", "UTC")
    assert found is not None
    rows, _ = found.rows((b"".join(junk) + good)[max(0, found.header_bytes - len(HEAD)) :])
    assert [one for one in rows.ids if one in ("B00001", "B00002", "B00003")][-1:] == ["B00003"] or b'"' in b"".join(junk)
