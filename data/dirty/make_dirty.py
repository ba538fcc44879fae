"""Makes small damaged tables from the first 40 boards of the demo: what engineers really upload. Our own work.

`python data/dirty/make_dirty.py FOLDER` writes them, byte for byte the same each time. `tests/rooms/reference/test_dirty.py` says what must
come out of each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

DEMO = Path(__file__).parent.parent / "demo_circuit_boards" / "phase1_reference.csv"
TABLE = [line.split(",") for line in DEMO.read_text().splitlines()[:41]]
HEADER, ROWS = TABLE[0], TABLE[1:]
Rows = list[list[str]]


def text(header: list[str], rows: Rows, delimiter: str = ",", end: str = "\n") -> str:
    """A table as lines."""
    return end.join(delimiter.join(cells) for cells in [header, *rows]) + end


def comma(cell: str) -> str:
    """A number with a decimal comma."""
    return cell.replace(".", ",")


def european() -> Rows:
    """Day before month, decimal commas."""
    return [[f"{r[0][8:10]}.{r[0][5:7]}.{r[0][:4]} {r[0][11:]}", r[1], *map(comma, r[2:])] for r in ROWS]


def american(cell: str) -> str:
    """2025-03-03 14:05:00 as 3/3/2025 2:05:00 PM."""
    hour = int(cell[11:13])
    return f"{int(cell[5:7])}/{int(cell[8:10])}/{cell[:4]} {hour % 12 or 12}{cell[13:]} {'PM' if hour > 11 else 'AM'}"


def put(cells: dict[tuple[int, int], str]) -> Rows:
    """The rows with some cells replaced: (row from 1, column from 0)."""
    rows = [list(r) for r in ROWS]
    for (row, column), cell in cells.items():
        rows[row - 1][column] = cell
    return rows


def thousands() -> Rows:
    """Micrometres with a comma for the thousands, in quotation marks as a spreadsheet writes them."""
    return [[*r[:2], *(f'"{float(c) * 1000:,.1f}"' for c in r[2:4]), *r[4:]] for r in ROWS]


def serial_days() -> Rows:
    """The day numbers of a spreadsheet instead of dates."""
    return [[f"{45719 + (int(r[0][11:13]) * 3600 + int(r[0][14:16]) * 60 + int(r[0][17:])) / 86400:.10f}", *r[1:]] for r in ROWS]


def two_columns_of_time() -> str:
    """Date and time of day side by side."""
    return text(["Datum", "Uhrzeit", *HEADER[1:]], [[*r[0].split(" "), *r[1:]] for r in ROWS], ";").replace(".", ",")


FILES: dict[str, Callable[[], bytes]] = {
    "semicolon_decimal_comma.csv": lambda: text(HEADER, european(), ";", "\r\n").encode(),
    "tabs_utf16.txt": lambda: text(HEADER, [[*r[:2], *map(comma, r[2:])] for r in ROWS], "\t", "\r\n").encode("utf-16"),
    "utf16_without_mark.csv": lambda: text(HEADER, ROWS).encode("utf-16-le"),
    "pipes.csv": lambda: text(HEADER, ROWS, "|").encode(),
    "blanks.txt": lambda: text(HEADER[1:], [r[1:] for r in ROWS], "   ").encode(),
    "quoted.csv": lambda: text([f'"{c}"' for c in HEADER], [[f'"{c}"' for c in r] for r in ROWS]).encode(),
    "old_mac.csv": lambda: text(HEADER, ROWS, end="\r").encode(),
    "cp1252.csv": lambda: text(["Zeit", "Prüfling", "Länge [µm]", *HEADER[3:]], ROWS).encode("cp1252"),
    "bom.csv": lambda: text(HEADER, ROWS).encode("utf-8-sig"),
    "titles.csv": ("sep=,\nReport,SMT-2\n\nexported by,M. Muster\n\n" + text(HEADER, ROWS)).encode,
    "units_row.csv": lambda: text(HEADER, [["", "-", *["[mm]"] * 5, "[µm]"], *ROWS]).encode(),
    "units_and_words.csv": lambda: text(HEADER, [["", "", *["mm"] * 5, "um"], ["when", "which", *["caliper"] * 6], *ROWS]).encode(),
    "units_in_cells.csv": lambda: text(HEADER, [[*r[:2], *(f"{c} mm" for c in r[2:7]), f"{r[7]}µm"] for r in ROWS]).encode(),
    "missing.csv": lambda: text(
        HEADER,
        put({(3, 2): "Bad", (5, 3): "I/O Timeout", (7, 4): "#DIV/0!", (9, 5): "1.#QNAN", (11, 6): "NULL", (13, 7): "--", (15, 7): ""}),
    ).encode(),
    "infinite.csv": lambda: text(HEADER, put({(4, 6): "inf", (8, 6): "1e400", (12, 7): "-1.#INF"})).encode(),
    "words_in_numbers.csv": lambda: text(HEADER, put({(4, 6): "see note", (8, 6): "0.3x"})).encode(),
    "thousands.csv": lambda: text(HEADER, thousands()).encode(),
    "american_dates.csv": lambda: text(HEADER, [[american(r[0]), *r[1:]] for r in ROWS]).encode(),
    "date_and_time.csv": lambda: two_columns_of_time().encode(),
    "serial_days.csv": lambda: text(HEADER, serial_days()).encode(),
    "duplicate_names.csv": lambda: text([*HEADER[:3], "length_mm", "", *HEADER[5:]], ROWS).encode(),
    "no_header.csv": lambda: text(ROWS[0], ROWS[1:]).encode(),
    "empty_ends.csv": (text([*HEADER, "", ""], [[*r, "", ""] for r in ROWS]) + ",,,,,,,,,\n" * 3 + "\n").encode,
    "text_columns.csv": lambda: text(
        [*HEADER, "operator", "product", "lot"],
        [[*r, "Ana" if i % 3 else "Ben", "Type A" if i < 25 else "Type B", f"L{1 + i // 10}"] for i, r in enumerate(ROWS)],
    ).encode(),
    "formulas.csv": lambda: text(HEADER, put({(2, 1): "=cmd|' /C calc'!A0", (3, 1): "@SUM(1+1)"})).encode(),
    "header_again.csv": (text(HEADER, ROWS[:20]) + text(HEADER, ROWS[20:])).encode,
    "short_row.csv": (text(HEADER, ROWS[:-1]) + ",".join(ROWS[-1][:4])).encode,
    "footer.csv": (text(HEADER, ROWS) + "\nEnd of report\n").encode,
    "back_in_time.csv": lambda: text(HEADER, ROWS[:30] + ROWS[10:15] + ROWS[30:]).encode(),
    "rescaled.csv": lambda: text(
        HEADER, [[*r[:4], f"{float(r[4]) * 1000:.1f}" if i >= 20 else r[4], *r[5:]] for i, r in enumerate(ROWS)]
    ).encode(),
    "stuck.csv": lambda: text(HEADER, [[*r[:7], "34.71" if 20 <= i < 34 else r[7]] for i, r in enumerate(ROWS)]).encode(),
    "mixed_marks.csv": lambda: text(HEADER, [[*r[:2], *map(comma, r[2:])] if i == 11 else r for i, r in enumerate(ROWS)], ";").encode(),
    "comma_in_commas.csv": lambda: text(HEADER, [[*r[:2], *map(comma, r[2:])] for r in ROWS]).encode(),
    "ragged.csv": lambda: text(HEADER, [[*r, "9"] if i == 16 else r for i, r in enumerate(ROWS)]).encode(),
    "many_short.csv": lambda: text(HEADER, [r[:6] if i % 4 == 0 else r for i, r in enumerate(ROWS)]).encode(),
    "open_quote.csv": lambda: text(HEADER, put({(6, 1): '"B00006'})).encode(),
    "nul.csv": lambda: text(HEADER, put({(9, 3): "99\0"})).encode(),
    "web_page.csv": lambda: b"<!DOCTYPE html>\n<html><head><title>Login</title></head><body><form>...</form></body></html>\n",
    "answer.json": lambda: b'{"rows": [{"length_mm": 160.017}, {"length_mm": 159.973}]}\n',
    "header_only.csv": (",".join(HEADER) + "\n").encode,
    "too_few_rows.csv": lambda: text(HEADER, ROWS[:6]).encode(),
}


def main(folder: Path) -> None:
    """Every file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
