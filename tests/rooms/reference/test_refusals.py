"""What is no table, or too much of one: refused at once, with the cure."""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spc.errors import BadTable, ColumnMismatch, Complaint, NotFound, Refused, TooFewRows
from spc.reference import ReadLimits, read, read_rows


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "a,b\n1,2\n")
    return file.getvalue()


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "empty"),
        (b"\n\n  \n", "blank lines"),
        (b"\xef\xbb\xbf", "blank lines"),
        (zipped("table.csv"), "zip archive"),
        (zipped("xl/workbook.xml"), "Excel workbook"),
        (gzip.compress(b"a,b\n1,2\n" * 100, mtime=0), "gzip"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
        (b"PAR1" + bytes(100), "Parquet"),
        (b"SQLite format 3\0" + bytes(100), "SQLite"),
        (b"<html><body><table><tr><td>1</td></tr></table></body></html>", "web page"),
        ("\ufeff<!DOCTYPE html><html>".encode("utf-16"), "web page"),
        (b'<?xml version="1.0"?>\n<rows><row a="1"/></rows>', "XML"),
        (b'{"a": [1, 2, 3]}', "JSON"),
        (b'[{"a": 1}, {"a": 2}]', "JSON"),
        (b"[[1, 2], [3, 4]]", "JSON"),
        (bytes(range(256)) * 40, "NUL"),
        (bytes([1, 2, 3, 4, 5, 6, 14, 15, 16]) * 400, "control characters"),
        (b"a,b\n1,2\n" + b"\x81\x8d\xff\n", "neither UTF-8 nor Windows-1252"),
        (b"1,2," * 400_000, "longer than 1 MB"),
        (b"a,b,c\n", "no rows"),
        (b"name,town\nAna,Ulm\nBen,Bonn\nCy,Rom\n", "None of the columns holds measurements"),
        (b"just some words\nand some more of them\nwithout a number\n", "None of the columns holds measurements"),
        (b"x,y\n1,2\n3,4\n5,6,7\n", "Line 4 has 3 cells"),
        (b"x,y\n1,2\n1,2,3\n", "Line 3 has 3 cells"),
        (b"1,2\n" * 3 + b"1,2,3\n" * 30, "Line 1 has 2 cells"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "opened in line 2 is never closed"),
    ],
)
def test_what_is_no_table(content: bytes, said: str) -> None:
    begun = time.thread_time()
    with pytest.raises(Complaint) as refused:
        read(content)
    assert said in str(refused.value)
    assert refused.value.cure
    assert time.thread_time() - begun < 30  # a hundredth of a second here; a pattern that goes back over all of it needs hours


def test_two_thousand_columns_are_read_and_five_thousand_refused() -> None:
    rng = np.random.default_rng(0)

    def table(p: int) -> bytes:
        lines = [",".join(f"v{j}" for j in range(p)), *(",".join(f"{v:.4f}" for v in rng.normal(size=p)) for _ in range(8))]
        return "\n".join(lines).encode()

    assert len(read(table(2000)).names) == 2000
    begun = time.thread_time()
    with pytest.raises(Refused, match="5000 columns of numbers; at most 2000"):
        read(table(5000))
    assert time.thread_time() - begun < 60


def test_limits_of_bytes_and_rows() -> None:
    content = b"a,b\n" + b"1.5,2.5\n" * 1000
    with pytest.raises(Refused, match="larger than"):
        read(content, limits=ReadLimits(max_bytes=1000))
    with pytest.raises(Refused, match="larger than"):
        read(io.BytesIO(content), limits=ReadLimits(max_bytes=1000))
    with pytest.raises(Refused, match="more than 500 rows"):
        read(content, limits=ReadLimits(max_rows=500))


def test_a_line_that_never_ends_later_in_the_file() -> None:
    with pytest.raises(BadTable, match="longer than 8 MB"):
        read(b"a,b\n" + b"1.5,2.5\n" * 200_000 + b"1" * (9 << 20))


def test_paths(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"missing\.csv"):
        read(tmp_path / "missing.csv")
    with pytest.raises(NotFound):
        read("\0")
    with pytest.raises(BadTable, match="folder"):
        read(tmp_path)
    file = tmp_path / "boards.csv"
    file.write_bytes(b"a,b\n1,2\n2,3\n4,4\n")
    assert read(str(file)).name == "boards.csv"
    with file.open("rb") as opened:
        assert read(opened).digest == read(file).digest
    with file.open() as as_text, pytest.raises(BadTable, match="binary mode"):
        read(as_text)  # type: ignore[arg-type]


def test_roles_that_do_not_fit() -> None:
    table = b"part,length_mm,note\nB1,1.5,good\nB2,2.5,poor\nB3,2.0,good\n"
    with pytest.raises(ColumnMismatch, match="Did you mean length_mm"):
        read(table, roles={"lenght_mm": "ignore"})
    with pytest.raises(BadTable, match="no role 'measure'"):
        read(table, roles={"length_mm": "measure"})  # type: ignore[dict-item]
    with pytest.raises(BadTable) as refused:
        read(table, roles={"note": "measurement"})
    assert (refused.value.row, refused.value.column) == (1, "note")


def test_rows_without_the_models_columns() -> None:
    with pytest.raises(ColumnMismatch) as refused:
        read_rows(b"lenght_mm,b\n1,2\n", columns=("length_mm", "b"))
    assert refused.value.column == "length_mm"
    assert "perhaps lenght_mm" in refused.value.cure
    with pytest.raises(BadTable) as words:
        read_rows(b"a,b\nx,2\ny,3\n", columns=("a", "b"))
    assert (words.value.row, words.value.column) == (1, "a")
    with pytest.raises(ColumnMismatch):
        read_rows(b"1,2\n3,4\n", columns=("a", "b"))


def test_an_empty_frame() -> None:
    with pytest.raises(TooFewRows):
        read(pd.DataFrame({"a": []}))
