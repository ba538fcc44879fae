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


def checked(
    text: str, columns: tuple[str, ...] = NAMES, time: str | None = "time", id: str | None = "id", subgroup: str = ""
) -> Rows | None:
    rows = plain(text.encode(), columns, time, id, subgroup)
    if rows is not None:
        told: list[Finding] = []
        words: dict[str, Any] = {"columns": columns, "time": time, "id": id, "subgroup": subgroup, "timezone": "Europe/Berlin"}
        other = read_rows(text.encode(), **words, on_finding=told.append)
        assert told == []
        assert rows.x.tobytes() == np.ascontiguousarray(other.x).tobytes()
        assert rows.x.shape == other.x.shape
        assert rows.at.astype("datetime64[us]").tobytes() == other.at.astype("datetime64[us]").tobytes()
        fields = ("names", "ids", "quality", "subgroup", "product")
        assert [getattr(rows, word) for word in fields] == [getattr(other, word) for word in fields]
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


LABELLED = "time,lot,id,product,length_mm,warp_mm,copper_um\n"
LABELS = "2025-03-04T06:00:0{i}Z,{lot},B{i},{product},160.25,0.5,3{i}\n"


def labelled(lots: str, products: str) -> str:
    return LABELLED + "".join(
        LABELS.format(i=i, lot=a, product=b) for i, (a, b) in enumerate(zip(lots.split(), products.split(), strict=True))
    )


@pytest.mark.parametrize(
    "lots, products",
    [("G1 G1 G2 G2", "PCB-7 PCB-7 PCB-7 PCB-8"), ("1 1 2 2", "A A A A"), ("17", "red"), ("night_1 night_1 day", "b b c")],
)
def test_labels_are_read_at_once(lots: str, products: str) -> None:
    rows = checked(labelled(lots, products), subgroup="lot")
    assert rows is not None
    assert (rows.subgroup, rows.product) == (tuple(lots.split()), tuple(products.split()))


@pytest.mark.parametrize(
    "lots, products",
    [
        ("G1 G1 G2", "A B C"),  # as many products as rows: rather the part
        ("G1 7 G2", "A A A"),
        ("007 007 008", "A A A"),
        ("G1 NA G2", "A A A"),
        ("G1 G1 G2", "A NA A"),
        ("G1 G1 G2", "inf inf inf"),
        ("1.5 1.5 2.5", "A A A"),
        ("G1 G1 G2", "4711 4711 4712"),
        ("G1 G1 G2", "mar-4-2025 mar-4-2025 mar-4-2025"),
        ("G1 G1 G2", "Bö Bö Bö"),
    ],
)
def test_labels_that_could_be_something_else_are_left_to_the_reader_of_files(lots: str, products: str) -> None:
    assert plain(labelled(lots, products).encode(), NAMES, "time", "id", "lot") is None


def test_a_column_that_nobody_named_is_left_to_the_reader_of_files() -> None:
    text = labelled("G1 G1 G2", "A A A")
    assert plain(text.encode(), NAMES, "time", "id") is None
    assert plain(text.replace("product", "operator").encode(), NAMES, "time", "id", "lot") is None
    assert plain(text.replace("product", "recipe").replace("lot", "sku").encode(), NAMES, "time", "id") is None


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
    "lot": st.sampled_from(["L1", "L2", "L3"]) | st.sampled_from(["1", "2", "17", "L1", "NA", "05", "1.5", "", "mar4"]),
    "product": st.sampled_from(["A", "PCB-7", "PCB-8"]) | st.sampled_from(["A", "B", "C", "D", "inf", "4711", "may-4-2025", "x y"]),
    "time": st.integers(-2 * 10**15, 4 * 10**15).map(lambda us: f"{np.datetime64(us, 'us')}Z") | st.just("2025-03-04 06:00:00Z"),
}


ROLES = [["time", "id"], ["id"], ["time"], [], ["id", "lot"], ["time", "product"], ["time", "id", "lot", "product"]]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_reader_of_files_finds_the_same(data: Any) -> None:
    columns = data.draw(st.lists(NAME.filter(lambda name: name not in CELLS), min_size=3, max_size=5, unique=True))
    head = data.draw(st.permutations([*columns, *data.draw(st.sampled_from(ROLES))]))
    number = data.draw(st.sampled_from([PLAIN, PLAIN, PLAIN, ODD]))
    rows = data.draw(st.lists(st.tuples(*(CELLS.get(name, number) for name in head)), min_size=1, max_size=6))
    subgroup = data.draw(st.sampled_from(["lot", "lot", ""]))
    text = "\n".join([",".join(head), *map(",".join, rows)]) + "\n"
    try:
        event("read at once" if checked(text, tuple(columns), subgroup=subgroup) is not None else "left to the reader")
    except Complaint as wrong:
        raise AssertionError(f"{wrong}: {text!r}") from wrong
