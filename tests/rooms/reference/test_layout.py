"""How files are laid out: cases that were met, each with what must come out."""

from __future__ import annotations

import numpy as np
import pytest

from spc.nouns import Reference
from spc.reference import read, read_rows

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(3, 0.1, (30, 2)), 4)
BIG = np.array([991, *RNG.integers(990, 1700, 29)])


def lines(*rows: object) -> bytes:
    return ("\n".join(map(str, rows)) + "\n").encode()


def kinds(reference: Reference) -> list[str]:
    return [f.kind for f in reference.findings]


@pytest.mark.parametrize(
    "content",
    [
        lines("a,b", *(f'"{v:,}",{x:.4f}' for v, x in zip(BIG, X[:, 0], strict=True))),
        lines("a;b", *(f"{v:,};{x:.4f}".replace(",", "X").replace(".", ",").replace("X", ".") for v, x in zip(BIG, X[:, 0], strict=True))),
        lines("a;b", *(f"{v:,};{x:.4f}".replace(",", "\u202f").replace(".", ",") for v, x in zip(BIG, X[:, 0], strict=True))),
        lines("a;b", *(f"{v:,};{i}".replace(",", ".") for i, v in enumerate(BIG))),
        lines("a\tb", *(f"{v:,}\t{i}" for i, v in enumerate(BIG))),
    ],
)
def test_thousands_are_known_and_told(content: bytes) -> None:
    reference = read(content, roles={"a": "measurement", "b": "measurement"})
    assert reference.x[:, 0].tolist() == BIG.tolist()
    assert "thousands" in kinds(reference)


def test_commas_that_may_be_either_are_told() -> None:
    reference = read(b"a;b\n160,017;100,026\n159,973;99,996\n159,963;99,976\n")
    assert reference.x[0].tolist() == [160.017, 100.026]
    assert "decimal_mark" in kinds(reference)


def test_a_decimal_mark_that_comes_late() -> None:
    rows = read_rows(b"a;b\n" + b"1;2\n3;4\n5;9\n" * 300 + b"1,5;2,25\n", columns=("a", "b"))
    assert rows.x[-1].tolist() == [1.5, 2.25]


@pytest.mark.parametrize(
    "content, names",
    [
        (lines("tablet,1100,1102,1104", *(f"T{i},{a},{b},{a}" for i, (a, b) in enumerate(X))), ("1100", "1102", "1104")),
        (lines('"a" "b"', *(f'"{i + 1}" {a} {b}' for i, (a, b) in enumerate(X))), ("a", "b")),
        (lines("a,b", *(f"r{i},{a},{b}" for i, (a, b) in enumerate(X))), ("a", "b")),
        (lines("| a | b |", "|---|---|", *(f"| {a} | {b} |" for a, b in X)), ("a", "b")),
        (lines("# logger 7", "# unit 2", "#n,a,b", *(f"{i},{a},{b}" for i, (a, b) in enumerate(X))), ("a", "b")),
        (lines("Station;Line 2", "Operator;Ana", "", "a;b", *(f"{a};{b}".replace(".", ",") for a, b in X)), ("a", "b")),
        (lines("sep=;", "a;b", *(f"{a};{b}" for a, b in X)), ("a", "b")),
        (lines('"a", "b"', *(f'"{a}", "{b}"' for a, b in X)), ("a", "b")),
        (lines("a,b,,", *(f"{a},{b},," for a, b in X)), ("a", "b")),
        (lines("a,b", *(f"{a},{b}," for a, b in X)), ("a", "b")),
        (lines("  a      b", *(f"  {a}   {b}" for a, b in X)), ("a", "b")),
    ],
)
def test_names_and_numbers(content: bytes, names: tuple[str, ...]) -> None:
    reference = read(content)
    assert reference.names == names
    assert np.array_equal(reference.x[:, :2], X)
    assert len(reference) == 30


def test_one_column_with_a_decimal_comma() -> None:
    assert read(b"thickness\n1,61\n1,62\n1,60\n").x[:, 0].tolist() == [1.61, 1.62, 1.60]


def test_rows_are_counted_as_data_rows() -> None:
    reference = read(b"title\n\na,b\nmm,mm\n\n1.5,2\n\n1.6,Bad\n,\n1.7,3\n")
    assert len(reference) == 4
    assert next(f.rows for f in reference.findings if f.kind == "missing") == (2, 3)


@pytest.mark.parametrize("rows", [700, 60_000])
def test_odd_cells_far_behind_the_sample(rows: int) -> None:
    body = [f"{i % 7}.5,{i % 11}.25,{i % 3}.125" for i in range(rows)]
    body[-2] = "oops,1.5,Bad"
    reference = read(lines("a,b,c", *body))
    found = {f.kind: f.rows for f in reference.findings}
    assert found["text_cells"] == (rows - 1,)
    assert found["missing_words"] == (rows - 1,)


def test_cells_with_line_ends_across_blocks() -> None:
    content = lines("id,a,note", *(f'"{i}",{i % 7}.5,"line one\nline ""two"" of {i}"' for i in range(120_000)))
    assert len(content) > 5_000_000
    reference = read(content)
    assert len(reference) == 120_000
    assert reference.rows.ids[-1] == "119999"
    assert reference.x[-1, 0] == 119_999 % 7 + 0.5


def test_a_few_rows_of_whole_numbers_are_measurements() -> None:
    assert read(b"a,b\n3,7\n4,8\n5,9\n").names == ("a", "b")
