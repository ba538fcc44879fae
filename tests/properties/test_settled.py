"""Lines of a file that are read at once are the very rows that the reader of files finds, whatever stands in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from spc.errors import Complaint
from spc.nouns import Rows
from spc.sources.lines import Layout

ODD = (
    "", " ", "Bad Input", "nan", "-", "#N/A", "OFF", "inf", "1e400", "1_0", "+1", ".5", "5.", "1E5", "1d5", "1.5", "1,5", "1.234", "1,234",
    "1.234,5", "1 234", "1'234", "12 mm", "7%", "007", "0", "1200", "-0", " 1", "1 ", '"1"', '"', 'a"b', "ü", "\N{MINUS SIGN}1", "\u00a05",
    "\x0b", "\x01", "2025-03-04", "06:00:01", "31.03.2025 06:00:00", "03/31/2025 06:00:00", "2025-02-30T06:00:00", "2025-03-30 02:30:00",
    "2025-10-26 02:30:00", "1741068000", "45720.25", "B17", "00017", "A-1", "x;y", "x,y", "x y", "length_mm", "NaN1", "mar4", "e5",
)  # fmt: skip
STAMPS = (
    "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f+01:00", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %H:%M",
    "%Y/%m/%d %H:%M:%S", "%s", "%d-%b-%Y %H:%M:%S",
)  # fmt: skip


@dataclass(frozen=True)
class Writer:
    """How a program writes a table: its signs, its columns, and how many decimals."""

    delimiter: str
    mark: str
    decimals: tuple[int, ...]
    stamp: str
    beside: bool
    id: str
    id_form: str
    labels: tuple[tuple[str, str, int], ...]
    quoted: bool
    end: str
    head: str = ""

    @property
    def names(self) -> list[str]:
        stamps = [] if not self.stamp else ["date", "clock"] if self.beside else ["timestamp"]
        ids = [self.id] if self.id else []
        return [*stamps, *ids, *(name for name, _, _ in self.labels), *(f"v{j}_mm" for j in range(len(self.decimals)))]

    def header(self) -> bytes:
        return (self.head + self.delimiter.join(self.names) + self.end).encode()

    def cells(self, k: int, rng: np.random.Generator, from_us: int) -> list[str]:
        at = np.datetime64(from_us + 45_000_000 * k, "us").astype("datetime64[us]").item()
        stamps: list[str] = []
        if self.beside:
            stamps = [at.strftime("%d.%m.%Y"), at.strftime("%H:%M:%S")]
        elif self.stamp:
            stamps = [str(int(at.timestamp())) if self.stamp == "%s" else at.strftime(self.stamp)]
        ids = [self.id_form.format(k + 1)] if self.id else []
        labels = [form.format(k // every) for _, form, every in self.labels]
        values = [f"{3 + x:.{n}f}".replace(".", self.mark) for n, x in zip(self.decimals, rng.normal(size=len(self.decimals)), strict=True)]
        return [*stamps, *(f'"{one}"' if self.quoted else one for one in (*ids, *labels)), *values]

    def line(self, cells: list[str]) -> bytes:
        return (self.delimiter.join(cells) + self.end).encode()


LABELS = st.sampled_from(
    [("lot", "{}", 4), ("lot", "L{}", 3), ("subgroup", "G{}", 5), ("product", "PCB-{}", 50), ("product", "A", 9), ("recipe", "{}", 30),
     ("operator", "anna", 9), ("serial_no", "{:05d}", 1), ("state", "0", 9), ("type", "T{}", 1), ("remark", "", 9)]
)  # fmt: skip
WRITERS = st.builds(
    Writer,
    delimiter=st.sampled_from([",", ";", ";", "\t", "|"]),
    mark=st.just("."),
    decimals=st.lists(st.sampled_from([4, 4, 2, 3, 0]), min_size=1, max_size=4).map(tuple),
    stamp=st.sampled_from(["", STAMPS[0], *STAMPS]),
    beside=st.booleans(),
    id=st.sampled_from(["", "board_id", "id", "serial", "code"]),
    id_form=st.sampled_from(["B{:05d}", "{}", "{:06d}", "SMT-{}"]),
    labels=st.lists(LABELS, max_size=2, unique_by=lambda one: one[0]).map(tuple),
    quoted=st.sampled_from([False, False, False, True]),
    end=st.sampled_from(["\n", "\n", "\r\n"]),
    head=st.sampled_from(["", "", "", "\ufeff", "Line 3 report\n", "\n"]),
)
TIMES = st.sampled_from([1_741_068_000_000_000, 1_743_292_000_000_000, 1_761_436_000_000_000, 1_741_600_000_000_000])


def same(a: tuple[Rows, Any], b: tuple[Rows, Any]) -> None:
    (rows, scraps), (other, refused) = a, b
    assert scraps == refused
    assert rows.x.shape == other.x.shape
    assert np.ascontiguousarray(rows.x).tobytes() == np.ascontiguousarray(other.x).tobytes()
    assert rows.at.astype("datetime64[us]").tobytes() == other.at.astype("datetime64[us]").tobytes()
    assert rows.at.dtype == other.at.dtype
    words = ("names", "ids", "quality", "subgroup", "product")
    assert [getattr(rows, word) for word in words] == [getattr(other, word) for word in words]


@st.composite
def files(draw: Any) -> tuple[Writer, list[bytes], Layout]:
    writer = draw(WRITERS)
    comma = writer.delimiter != "," and draw(st.booleans())
    writer = replace(writer, mark="," if comma else ".", beside=writer.beside and bool(writer.stamp))
    rng, from_us = np.random.default_rng(draw(st.integers(0, 99))), draw(TIMES)
    first, more = draw(st.sampled_from([1, 2, 5, 30])), draw(st.sampled_from([1, 1, 2, 10, 70]))
    cells = [writer.cells(k, rng, from_us) for k in range(first + more)]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        row = draw(st.integers(max(0, first - 3), first + more - 1))
        cells[row][draw(st.integers(0, len(cells[row]) - 1))] = draw(st.sampled_from(ODD))
    lines = [writer.line(one) for one in cells]
    time = {"timestamp": "timestamp"} if draw(st.booleans()) else {}
    options = {
        "id": writer.id or None,
        "time": time.get(writer.names[0]),
        "subgroup": draw(st.sampled_from(["", "lot", "subgroup"])),
        "product": draw(st.sampled_from(["", "", "product", "lot"])),
        "timezone": draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        "columns": draw(st.sampled_from([(), (), tuple(reversed(writer.names[-len(writer.decimals) :]))])),
    }
    try:
        layout = Layout.of(writer.header() + b"".join(lines[:first]), **options)
    except Complaint:
        layout = None
    assume(layout is not None)
    assert layout is not None
    return writer, lines[first:], layout


@settings(max_examples=40, deadline=None)
@given(files())
def test_the_reader_of_files_finds_the_same(file: tuple[Writer, list[bytes], Layout]) -> None:
    _, lines, layout = file
    block = b"".join(lines)
    at_once = layout.settled is not None and layout.settled.rows([one for one in block.splitlines(keepends=True) if one.strip()])
    event("read at once" if at_once else "doubtful file" if layout.settled is None else "left to the reader")
    same(layout.rows(block), replace(layout, settled=None).rows(block))


def _plain(delimiter: str, mark: str, **changed: Any) -> Writer:
    usual: dict[str, Any] = {
        "decimals": (3, 4, 2), "stamp": "%Y-%m-%dT%H:%M:%SZ", "beside": False, "id": "board_id", "id_form": "B{:05d}",
        "labels": (), "quoted": False, "end": "\n",
    }  # fmt: skip
    return Writer(delimiter, mark, **(usual | changed))


@pytest.mark.parametrize(
    "writer, options",
    [
        (_plain(",", "."), {}),
        (_plain(";", ","), {}),
        (_plain("\t", ",", end="\r\n"), {}),
        (_plain(",", ".", quoted=True), {}),
        (_plain(",", ".", head="\ufeff"), {}),
        (_plain(";", ",", head="Report of line 3\n\n"), {}),
        (_plain(",", ".", stamp="", id_form="{}", id="code"), {"id": "code"}),
        (_plain(";", ",", decimals=(3, 3)), {}),
        (_plain(";", ",", stamp="%d.%m.%Y %H:%M:%S"), {"timezone": "Europe/Berlin"}),
        (_plain(",", ".", stamp="%m/%d/%Y %I:%M:%S %p"), {}),
        (_plain(",", ".", stamp="%Y-%m-%d %H:%M:%S"), {"timezone": "Europe/Berlin"}),
        (_plain(",", ".", stamp="%Y-%m-%dT%H:%M:%S.%f+01:00"), {}),
        (_plain(";", ",", beside=True), {}),
        (_plain(",", ".", stamp="%s"), {}),
        (_plain(",", ".", labels=(("lot", "L{}", 5),)), {"subgroup": "lot"}),
        (_plain(",", ".", labels=(("lot", "{}", 5),)), {"subgroup": "lot"}),
        (_plain(",", ".", labels=(("product", "PCB-{}", 40),)), {}),
        (_plain(",", ".", labels=(("article", "{}", 40), ("lot", "{}", 5))), {"product": "article", "subgroup": "lot"}),
        (_plain(",", ".", labels=(("operator", "anna", 9),)), {}),
    ],
    ids=lambda one: " ".join(map(str, one.names)) if isinstance(one, Writer) else str(sorted(one)),
)
def test_what_programs_write_is_read_at_once(writer: Writer, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    lines = [writer.line(writer.cells(k, rng, 1_741_600_000_000_000)) for k in range(120)]
    usual: dict[str, Any] = {"columns": (), "time": None, "id": None, "timezone": "UTC"}
    layout = Layout.of(writer.header() + b"".join(lines[:40]), **(usual | options))
    assert layout is not None
    assert layout.settled is not None
    for first, last in ((40, 41), (41, 43), (43, 120)):
        rows = layout.settled.rows(lines[first:last])
        assert rows is not None
        assert len(rows) == last - first
        same((rows, ()), replace(layout, settled=None).rows(b"".join(lines[first:last])))


def test_a_missing_value_and_a_word_for_one_are_read_at_once() -> None:
    layout = Layout.of(b"id;a;b\nB1;1,5;2\nB2;1,6;3\n", (), None, None, "UTC")
    assert layout is not None
    assert layout.settled is not None
    rows = layout.settled.rows([b"B3;;Bad Input\n", b"B4;1,75;#N/A\n"])
    assert rows is not None
    assert np.array_equal(rows.x, [[np.nan, np.nan], [1.75, np.nan]], equal_nan=True)
    assert layout.settled.rows([b"B3;1,7;OFF\n"]) is None  # a word that nobody knows is told of
    assert layout.settled.rows([b"B3;1.7;2\n"]) is None
    assert layout.settled.rows([b"B3;1,7\n"]) is None
    assert layout.settled.rows([b'B3;"1,7;2\n', b"B4;1,7;2\n"]) is None
