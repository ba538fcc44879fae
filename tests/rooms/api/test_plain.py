"""A CSV that is read at once gives the very rows that the reader of files finds, and nothing that it would have told of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from spc.api.plain import plain
from spc.errors import Complaint
from spc.nouns import Finding, Rows
from spc.reference import read_rows

NAMES = ("length_mm", "warp_mm", "copper_um")


def checked(text: str, columns: tuple[str, ...] = NAMES, time: str | None = "time", id: str | None = "id") -> Rows | None:
    rows = plain(text.encode(), columns, time, id)
    if rows is not None:
        told: list[Finding] = []
        other = read_rows(text.encode(), columns=columns, time=time, id=id, timezone="Europe/Berlin", on_finding=told.append)
        assert told == []
        assert rows.x.tobytes() == np.ascontiguousarray(other.x).tobytes()
        assert rows.x.shape == other.x.shape
        assert rows.at.astype("datetime64[us]").tobytes() == other.at.astype("datetime64[us]").tobytes()
        words = ("names", "ids", "quality", "subgroup", "product")
        assert [getattr(rows, word) for word in words] == [getattr(other, word) for word in words]
    return rows


ROW = "2025-03-04T06:00:00Z,B1,160.25,0.5,35\n"
HEAD = "time,id,length_mm,warp_mm,copper_um\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ROW,
        HEAD + ROW.rstrip(),
        (HEAD + ROW).replace("\n", "\r\n"),
        HEAD + "".join(ROW.replace("B1", f"B{i}").replace("T06", f"T0{i}") for i in range(3)),
        HEAD + "2025-03-04 06:00:00.25Z,B1,1e-3,-0.5,0\n",
        "id,warp_mm,copper_um,length_mm\nSMT-7,1.5,2,3\n",
        "warp_mm,copper_um,time,length_mm\n1.5,2,2025-03-04T06:00:00Z,3\n",
    ],
)
def test_what_programs_write_is_read_at_once(text: str) -> None:
    assert checked(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        HEAD + "\n",
        HEAD + ROW + "\n" + ROW,
        HEAD + ROW + ROW,
        HEAD + ROW.replace("0.5", ""),
        HEAD + ROW.replace("0.5", "nan"),
        HEAD + ROW.replace("0.5", " 0.5"),
        HEAD + ROW.replace("0.5", '"0.5"'),
        HEAD + ROW.replace("0.5", "1e400"),
        HEAD + ROW.replace("0.5", "Bad"),
        HEAD + ROW.replace("35", "35,1"),
        HEAD + ROW.replace("160.25", "160.250").replace("0.5", "0"),
        HEAD + ROW.replace("B1", "17"),
        HEAD + ROW.replace("B1", "NA"),
        HEAD + ROW.replace("B1", "Bö1"),
        HEAD + ROW.replace("03-04", "02-30"),
        HEAD + ROW.replace("2025", "0099"),
        HEAD + ROW.replace("Z", ""),
        HEAD + ROW.replace("Z", "+01:00"),
        HEAD.replace("copper_um", "copper um") + ROW,
        HEAD.replace("copper_um", "other") + ROW,
        HEAD.replace("id", "badge") + ROW,
        HEAD.replace("warp_mm", "length_mm") + ROW,
        (HEAD + ROW).replace(",", ";"),
    ],
    ids=lambda text: repr(text)[-45:],
)
def test_anything_else_is_left_to_the_reader_of_files(text: str) -> None:
    assert plain(text.encode(), NAMES, "time", "id") is None


PLAIN = (
    st.floats(-1e9, 1e9).map(lambda x: f"{x:.4f}")
    | st.floats(-1e15, 1e15).map(repr)
    | st.integers(-(10**15) + 1, 10**15 - 1).map(str)
    | st.sampled_from(["0", "-0.0", "00.5", "1.234", "1e5", "1.25e-99"])
)
ODD = PLAIN | st.sampled_from(["1E5", "5.", "1,5", "", "-", "+1", ".5", "nan", "12 mm"])
NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True) | st.sampled_from(["bad", "nan", "mm", "N", "date", "row", "Time", "e5"])
CELLS = {
    "id": st.from_regex(r"[A-Za-z][A-Za-z_-]{0,3}[0-9]{1,4}", fullmatch=True) | st.sampled_from(["Q1", "mar4", "B00017"]),
    "time": st.integers(-2 * 10**15, 4 * 10**15).map(lambda us: f"{np.datetime64(us, 'us')}Z") | st.just("2025-03-04 06:00:00Z"),
}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_reader_of_files_finds_the_same(data: Any) -> None:
    columns = data.draw(st.lists(NAME.filter(lambda name: name not in CELLS), min_size=3, max_size=5, unique=True))
    head = data.draw(st.permutations([*columns, *data.draw(st.sampled_from([["time", "id"], ["id"], ["time"], []]))]))
    number = data.draw(st.sampled_from([PLAIN, PLAIN, PLAIN, ODD]))
    rows = data.draw(st.lists(st.tuples(*(CELLS.get(name, number) for name in head)), min_size=1, max_size=6))
    text = "\n".join([",".join(head), *map(",".join, rows)]) + "\n"
    try:
        event("read at once" if checked(text, tuple(columns)) is not None else "left to the reader")
    except Complaint as wrong:
        raise AssertionError(f"{wrong}: {text!r}") from wrong
