"""A file read block by block gives the rows that it gives when it is read as a whole, whatever is odd about it."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spc.errors import BadTable, ColumnMismatch, Complaint
from spc.nouns import Rows
from spc.reference import read_rows, row_blocks

HEAD = "zeit;teil;a;b;sorte;los\n"
ROW = "2025-03-{d:02d} 06:{m:02d};B{k};{a};{b};{s};L{g}\n"


def joined(blocks: list[Rows]) -> Rows:
    def all_of(name: str) -> tuple[Any, ...]:
        return tuple(itertools.chain.from_iterable(getattr(one, name) for one in blocks))

    x, at = np.concatenate([one.x for one in blocks]), np.concatenate([one.at for one in blocks])
    return Rows(blocks[0].names, x, at, all_of("ids"), (), all_of("subgroup"), all_of("product"))


def same(text: str, size: int, **words: Any) -> list[Rows]:
    content = text.encode()
    asked = {
        "columns": ("b", "a"),
        "time": "zeit",
        "id": "teil",
        "product": "sorte",
        "subgroup": "los",
        "timezone": "Europe/Berlin",
    } | words
    whole = read_rows(content, **asked)
    blocks = list(row_blocks(content, size=size, **asked))
    got = joined(blocks)
    assert got.names == whole.names
    assert got.x.tobytes() == whole.x.tobytes()
    assert np.array_equal(got.at, whole.at, equal_nan=True)
    assert (got.ids, got.product, got.subgroup) == (whole.ids, whole.product, whole.subgroup)
    return blocks


def line(k: int, a: str = "1,5", b: str = "2,25") -> str:
    return ROW.format(d=1 + k % 28, m=k % 60, k=k, a=a, b=b, s="AB"[k % 2], g=k // 5)


ODD = st.sampled_from(
    ["plain", "plain", "plain", "plain", "gap", "word", "empty", "short", "footer", "header", "blank", "quoted", "grouped"]
)


@settings(deadline=None, max_examples=60)
@given(kinds=st.lists(ODD, min_size=12, max_size=80), size=st.integers(60, 900))
@example(kinds=["plain"] * 14 + ["footer", "empty", "plain", "empty", "footer"], size=80)
@example(kinds=["plain"] * 14 + ["empty"] * 9 + ["footer"] * 2, size=60)
@example(kinds=["plain"] * 14 + ["empty"] * 9 + ["plain"] + ["empty"] * 9, size=60)
def test_any_file_in_any_blocks(kinds: list[str], size: int) -> None:
    made: dict[str, Callable[[int], str]] = {
        "plain": line,
        "gap": lambda k: line(k, a="", b="NaN"),
        "word": lambda k: line(k, b="?"),
        "empty": lambda k: ";;;;;\n",
        "short": lambda k: f"2025-03-01 06:00;B{k};3\n",
        "footer": lambda k: "End of report\n",
        "header": lambda k: HEAD,
        "blank": lambda k: "\n",
        "quoted": lambda k: line(k).replace(f"B{k}", f'"B;\n{k}"'),
        "grouped": lambda k: line(k, a="1.234,5"),
    }
    text = HEAD + "".join(line(k) for k in range(4)) + "".join(made[kind](k + 4) for k, kind in enumerate(kinds))
    wrong, other = (complaint_of(read, text.encode()) for read in (read_rows, lambda *a, **w: list(row_blocks(*a, size=size, **w))))
    assert other == wrong
    if wrong is None:
        same(text, size)


def complaint_of(read: Callable[..., Any], content: bytes) -> tuple[Any, ...] | None:
    try:
        read(content, columns=("b", "a"))
    except Complaint as said:
        return type(said), said.row, said.column
    return None


def test_day_and_month_are_told_apart_by_the_first_block_that_can() -> None:
    days = [f"{d:02d}/{m:02d}/2025 06:00" for d, m in [(3, 4), (3, 4), (3, 4)] * 20 + [(3, 25)]]
    text = "zeit;a;b\n" + "".join(f"{day};{k};1,5\n" for k, day in enumerate(days))
    blocks = same(text, 80)
    assert len(blocks) > 5
    assert str(blocks[0].at[0]).startswith("2025-03-04")


def test_a_decimal_mark_that_shows_only_later() -> None:
    text = "zeit;a;b\n" + "".join(f"2025-03-01 06:{k % 60:02d};{k};7\n" for k in range(6000)) + "2025-03-01 07:00;1,25;7\n"
    assert same(text, 20_000)[-1].x[-1, 1] == 1.25


def test_dates_and_times_of_day_in_two_columns_and_numbers_as_times() -> None:
    two = "datum;uhrzeit;a;b\n" + "".join(f"01.03.2025;06:{k:02d}:00;{k};7,5\n" for k in range(50))
    assert str(same(two, 120, time="datum")[-1].at[-1]).startswith("2025-03-01T05:49")
    stamps = "zeit,a,b\n" + "".join(f"{1_741_000_000 + 45 * k},{k},7.5\n" for k in range(50))
    assert not np.isnat(joined(same(stamps, 120)).at).any()


def test_bytes_of_other_encodings_and_ends_of_line() -> None:
    text = HEAD + "".join(line(k).replace("B", "Bü").replace("\n", "\r\n") for k in range(60))
    for encoding in ("utf-16", "cp1252", "utf-8-sig"):
        whole = read_rows(text.encode(encoding), columns=("a",), id="teil")
        got = joined(list(row_blocks(text.encode(encoding), columns=("a",), id="teil", size=300)))
        assert (got.ids, got.x.tobytes()) == (whole.ids, whole.x.tobytes())


def test_what_is_wrong_is_said_with_its_row() -> None:
    text = HEAD + "".join(line(k) for k in range(200))
    with pytest.raises(ColumnMismatch, match="c"):
        list(row_blocks(text.encode(), columns=("c",)))
    many = text + line(200).replace("\n", ";too;many\n") + line(201)
    blocks = row_blocks(many.encode(), columns=("a",), size=400)
    assert len(next(blocks)) < 20
    with pytest.raises(BadTable, match=r"row 201.*cells"):
        list(blocks)


def test_progress_reaches_the_end() -> None:
    said: list[float] = []
    text = HEAD + "".join(line(k) for k in range(300))
    list(row_blocks(text.encode(), columns=("a",), size=500, report=lambda share, stage: said.append(share)))
    assert said == sorted(said)
    assert said[-1] == 1.0
    assert len(said) > 10


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    names = [f"v{j}" for j in range(30)]
    row = ",".join(f"{j}.12345" for j in range(30)) + "\n"
    for n in (50_000, 150_000):  # 11 and 34 MB, read 4 MB at a time
        path = tmp_path / f"{n}.csv"
        path.write_text(",".join(names) + "\n" + row * n)
        tracemalloc.start()
        rows = sum(len(block) for block in row_blocks(path, columns=names))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert rows == n
    assert peaks[1] < 1.1 * peaks[0]
