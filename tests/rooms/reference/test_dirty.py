"""Every small damaged table in data/dirty: what must come out of it, or what must be said about it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from spc.errors import BadTable, Complaint, TooFewRows
from spc.nouns import Finding, Reference
from spc.reference import read

DATA = Path(__file__).parents[3] / "data"
DIRTY = DATA / "dirty"
CLEAN = read(DATA / "demo_circuit_boards" / "phase1_reference.csv")

# The same 40 boards, however they are written: numbers, times and part ids to the last bit.
SAME = (
    "semicolon_decimal_comma.csv tabs_utf16.txt utf16_without_mark.csv pipes.csv quoted.csv old_mac.csv cp1252.csv bom.csv titles.csv "
    "units_row.csv units_and_words.csv units_in_cells.csv american_dates.csv date_and_time.csv serial_days.csv duplicate_names.csv "
    "no_header.csv empty_ends.csv text_columns.csv header_again.csv footer.csv"
).split()


def kinds(reference: Reference) -> list[str]:
    return [f.kind for f in reference.findings]


def finding(reference: Reference, kind: str) -> Finding:
    found = [f for f in reference.findings if f.kind == kind]
    assert found, f"no finding {kind!r} among {kinds(reference)}"
    return found[0]


@pytest.mark.parametrize("name", SAME)
def test_the_same_boards_however_they_are_written(name: str) -> None:
    reference = read(DIRTY / name)
    assert np.array_equal(reference.x, CLEAN.x[:40])
    assert np.array_equal(reference.rows.at, CLEAN.rows.at[:40])
    assert reference.rows.ids == CLEAN.rows.ids[:40]


def test_blanks_between_the_columns() -> None:
    reference = read(DIRTY / "blanks.txt")
    assert np.array_equal(reference.x, CLEAN.x[:40])
    assert reference.dialect.delimiter == " "


def test_the_script_beside_the_files_makes_these_files(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_dirty", DIRTY / "make_dirty.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path)
    for made in sorted(tmp_path.iterdir()):
        assert made.read_bytes() == (DIRTY / made.name).read_bytes(), made.name


@pytest.mark.parametrize(
    "name, delimiter, decimal, encoding",
    [
        ("semicolon_decimal_comma.csv", ";", ",", "utf-8"),
        ("tabs_utf16.txt", "\t", ",", "utf-16-le"),
        ("utf16_without_mark.csv", ",", ".", "utf-16-le without byte-order mark"),
        ("cp1252.csv", ",", ".", "windows-1252"),
        ("bom.csv", ",", ".", "utf-8 with byte-order mark"),
        ("pipes.csv", "|", ".", "utf-8"),
    ],
)
def test_the_dialect_is_told(name: str, delimiter: str, decimal: str, encoding: str) -> None:
    found = read(DIRTY / name).dialect
    assert (found.delimiter, found.decimal, found.encoding) == (delimiter, decimal, encoding)


def test_names_keep_their_letters_and_lose_their_mark() -> None:
    assert read(DIRTY / "cp1252.csv").columns[2].name == "Länge [µm]"
    assert read(DIRTY / "bom.csv").columns[0].name == "timestamp"


def test_units_come_from_the_row_the_cells_or_the_name() -> None:
    for name in ("units_row.csv", "units_and_words.csv", "units_in_cells.csv", "bom.csv"):
        assert [c.unit.replace("µ", "u") for c in read(DIRTY / name).columns] == ["", "", "mm", "mm", "mm", "mm", "mm", "um"], name
    assert read(DIRTY / "cp1252.csv").columns[2].unit == "µm"
    assert read(DIRTY / "units_row.csv").dialect.units_row


@pytest.mark.parametrize(
    "name, kind, rows, said",
    [
        ("titles.csv", "preamble", (), "2 lines before the header"),
        ("units_and_words.csv", "header", (), "Line 3 holds words"),
        ("units_in_cells.csv", "unit_in_cells", (), "mm in length_mm"),
        ("missing.csv", "missing_words", (3, 5, 7, 9, 11, 13), "'I/O Timeout' (width_mm, row 5)"),
        ("missing.csv", "missing", (3, 5, 7, 9, 11, 13, 15), "7 rows of 40 are incomplete"),
        ("infinite.csv", "infinite", (4, 8), "'1e400' (row 8)"),
        ("words_in_numbers.csv", "text_cells", (4, 8), "'see note' (row 4)"),
        ("thousands.csv", "thousands", (), "'160,017.0' in row 1 of length_mm is 160017"),
        ("serial_days.csv", "time_format", (), "spreadsheet day number"),
        ("date_and_time.csv", "time", (), "Datum and Uhrzeit were put together"),
        ("duplicate_names.csv", "duplicate_names", (), "column 4 is a second length_mm and was named length_mm_2"),
        ("duplicate_names.csv", "header", (), "1 column without a name: named column_5"),
        ("no_header.csv", "header", (), "no header line; its 8 columns were named x1 to x8"),
        ("empty_ends.csv", "empty_columns", (), "9, 10"),
        ("empty_ends.csv", "empty_rows", (), "3 empty rows at the end"),
        ("text_columns.csv", "ignored", (), "operator (text in 40 of 40 rows)"),
        ("formulas.csv", "formula", (2, 3), "never evaluated"),
        ("header_again.csv", "header_again", (), "in line 22"),
        ("short_row.csv", "short_rows", (40,), "line 41"),
        ("footer.csv", "footer", (), "End of report"),
        ("back_in_time.csv", "time_backwards", (31,), "row 31"),
        ("back_in_time.csv", "duplicated_rows", (31, 32, 33, 34, 35), "row 31 as 11"),
        ("back_in_time.csv", "duplicate_ids", (31, 32, 33, 34, 35), "'B00011' in row 31"),
        ("rescaled.csv", "rescaled", tuple(range(21, 41)), "×1000 from row 21"),
        ("stuck.csv", "stuck", tuple(range(21, 35)), "34.71 for 14 rows"),
        ("too_few_rows.csv", "too_few_rows", (), "6 rows for 6 variables"),
        ("cp1252.csv", "encoding", (), "Windows-1252"),
    ],
)
def test_what_was_done_is_told(name: str, kind: str, rows: tuple[int, ...], said: str) -> None:
    found = [f for f in read(DIRTY / name).findings if f.kind == kind]
    assert any(f.rows == rows and said in f.text for f in found), found


@pytest.mark.parametrize(
    "name, complaint, row, column, said",
    [
        ("mixed_marks.csv", BadTable, 12, "length_mm", "160,012"),
        ("comma_in_commas.csv", BadTable, None, None, "decimal comma"),
        ("ragged.csv", BadTable, 17, None, "Line 18 has 9 cells"),
        ("many_short.csv", BadTable, 1, None, "10 of 40 rows have too few cells"),
        ("open_quote.csv", BadTable, None, None, "line 7 is never closed"),
        ("nul.csv", BadTable, None, None, "NUL byte in line 10"),
        ("web_page.csv", BadTable, None, None, "web page"),
        ("answer.json", BadTable, None, None, "JSON"),
        ("header_only.csv", TooFewRows, None, None, "no rows"),
    ],
)
def test_what_cannot_be_read_is_refused_with_place_and_cure(
    name: str, complaint: type[Complaint], row: int | None, column: str | None, said: str
) -> None:
    with pytest.raises(complaint) as refused:
        read(DIRTY / name)
    assert (refused.value.row, refused.value.column) == (row, column)
    assert said in str(refused.value)
    assert refused.value.cure


def test_formulas_are_kept_as_text() -> None:
    assert read(DIRTY / "formulas.csv").rows.ids[1] == "=cmd|' /C calc'!A0"


def test_roles_of_text_columns() -> None:
    roles = {c.name: c.role for c in read(DIRTY / "text_columns.csv").columns}
    assert (roles["operator"], roles["product"], roles["lot"]) == ("ignore", "product", "subgroup")


def test_thousands_are_numbers() -> None:
    x = read(DIRTY / "thousands.csv").x
    assert np.allclose(x[:, :2], 1000 * CLEAN.x[:40, :2])
    assert read(DIRTY / "thousands.csv").dialect.thousands == ","


def test_a_demo_reference_has_few_findings() -> None:
    assert kinds(CLEAN) == ["far", "sampling"]
