"""One cell of a file: a number, a word that means *missing*, an infinity, or text. Strict: what is not plainly a number is not one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spc.nouns import Bools, Floats

Kind = Literal["empty", "number", "grouped", "other_mark", "missing", "infinite", "text"]

# Historians (PI, IP.21, PHD), spreadsheets in several languages, C run-time libraries, databases and people. Compared without case.
MISSING = frozenset(
    """
    - -- --- – — _ ? ?? ??? * ** *** . .. ... / // na n/a n.a. n.a n/v n.v. k.a. #na #n/a #nv <na> (na) nan -nan +nan nan(ind) -nan(ind)
    1.#qnan -1.#qnan 1.#ind -1.#ind 1.#snan -1.#snan 1,#qnan -1,#qnan 1,#ind -1,#ind null (null) \\n nil none nd n.d. n/d missing mv
    #div/0! #value! #ref! #name? #num! #null! #getting_data #spill! #calc! #error! #wert! #bezug! #zahl! #name! #valeur! #nombre!
    #nom? #valor! #¡valor! #¡div/0! bad badvalue badinput nodata outofrange overrange underrange overflow underflow shutdown timeout stale
    uncertain invalid undefined undef unknown error err fail failed fault offline off-line disconnected notconnected void blank empty
    """.split()
) | frozenset(
    (
        "#n/a n/a", "#n/a!", "bad input", "bad quality", "bad data", "bad value", "bad comm", "bad tag", "no data", "no value", "no sample",
        "no result", "no good data", "no good data for calculation", "i/o timeout", "io timeout", "inp outrange", "inp out range",
        "input out of range", "out of range", "out of serv", "out of service", "over range", "under range", "pt created", "point created",
        "scan off", "scan timeout", "intf shut", "intf shutdown", "interface shutdown", "calc failed", "calc off", "calc timeout",
        "comm fail", "comm error", "comm lost", "not connect", "not connected", "not available", "not applicable", "not measured",
        "configure", "equip fail", "tag not found", "unit down", "arc off-line", "arc offline", "no lab data", "device failure",
        "sensor failure", "last known value", "non specific", "configuration error", "trace down", "snapshot bad", "under repair",
    )
)  # fmt: skip
_WORDS = MISSING | {""}
LARGEST = 1e150  # the square of a number beyond it is infinite: no measurement, and no scatter could hold it
_LONGEST = 60  # no word for a missing value is longer, blanks around it included
_INFINITE = re.compile(r"[+-]?(inf|infinity|infinite|∞|1[.,]#inf|1[.,]#infinity|unendlich)", re.IGNORECASE)
_HASHES = re.compile(r"#{2,}")  # what a spreadsheet shows when a column is too narrow
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "\ufeff": " "})

_EXPONENT = r"([eEdD][+-]?\d+)?"
_PLAIN = {mark: re.compile(rf"[+-]?(\d+{re.escape(mark)}?\d*|{re.escape(mark)}\d+){_EXPONENT}", re.ASCII) for mark in ".,"}
_GROUPED = {
    ".": re.compile(rf"[+-]?\d{{1,3}}(?:(,)\d{{3}}(?:,\d{{3}})*|(['’ ])\d{{3}}(?:\2\d{{3}})*)(\.\d*)?{_EXPONENT}", re.ASCII),
    ",": re.compile(rf"[+-]?\d{{1,3}}(?:(\.)\d{{3}}(?:\.\d{{3}})*|(['’ ])\d{{3}}(?:\2\d{{3}})*)(,\d*)?{_EXPONENT}", re.ASCII),
}
_SUFFIX = re.compile(r"(?P<number>[+-]?[\d.,' ]*\d)\s*(?P<unit>[A-Za-zµμ°Ω%‰][A-Za-zµμ°Ω%‰/²³0-9]{0,7})")


def clean(cell: str) -> str:
    """A cell without the blanks, exotic blanks and typographic minus signs around and in it."""
    return (cell if cell.isascii() else cell.translate(_BLANKS)).strip()


def is_missing(cell: str) -> bool:
    """Whether a cell is empty or a word by which historians and spreadsheets say "no value".

    >>> [is_missing(w) for w in ("", "Bad Input", "#DIV/0!", "-", "0")]
    [True, True, True, True, False]
    """
    if cell[:1].isdigit() and cell[-1:].isdigit():
        return False  # the usual cell, answered at once
    if len(cell) > _LONGEST:
        return not cell.strip()
    word = clean(cell).casefold()
    return not word or word in MISSING or (word[0] == "#" and _HASHES.fullmatch(word) is not None)


def which_missing(cells: Sequence[str]) -> Bools:
    """`is_missing` of many cells; most columns of texts have none, which is seen at once for a thousand of them."""
    lost = np.zeros(len(cells), dtype=bool)
    for start in range(0, len(cells), 1000):
        block = cells[start : start + 1000]
        text = "\0".join(["", *block, ""])
        words = set(text.casefold().split("\0")[1:-1])
        plain = text.isascii() and not any(sign in text for sign in ("\0 ", " \0", "\0#", "\t", "\n"))
        if not plain or not words.isdisjoint(_WORDS):
            lost[start : start + 1000] = [is_missing(cell) for cell in block]
    return lost


def other(mark: str) -> str:
    """The decimal mark that this is not."""
    return "," if mark == "." else "."


def number(cell: str, mark: str = ".") -> tuple[Kind, float]:
    """What a cell is when `mark` is the decimal mark, and its value (NaN when it has none).

    "grouped" is a number with thousands separators; "other_mark" one that is only a number under the other decimal mark.

    >>> number("1.5"), number("1,234.5"), number("1,5"), number("1 234,5", ",")
    (('number', 1.5), ('grouped', 1234.5), ('other_mark', nan), ('grouped', 1234.5))
    >>> number("1e400"), number("1_000"), number("Bad")
    (('infinite', nan), ('text', nan), ('missing', nan))
    """
    text = clean(cell)
    if not text:
        return "empty", math.nan
    if _PLAIN[mark].fullmatch(text):
        return _finite("number", text, mark)
    if is_missing(text):
        return "missing", math.nan
    if _INFINITE.fullmatch(text):
        return "infinite", math.nan
    if _GROUPED[mark].fullmatch(text):
        for separator in (other(mark), "'", "’", " "):
            text = text.replace(separator, "")
        return _finite("grouped", text, mark)
    if _PLAIN[other(mark)].fullmatch(text) or _GROUPED[other(mark)].fullmatch(text):
        return "other_mark", math.nan
    return "text", math.nan


def _finite(kind: Kind, text: str, mark: str) -> tuple[Kind, float]:
    value = float(text.replace(mark, ".").replace("d", "e").replace("D", "e"))
    return (kind, value) if abs(value) <= LARGEST else ("infinite", math.nan)


def suffix(cell: str) -> tuple[str, str] | None:
    """The number and the unit of a cell such as "12.5 mm", or None.

    >>> suffix("12.5 mm"), suffix("7%"), suffix("B00017")
    (('12.5', 'mm'), ('7', '%'), None)
    """
    found = _SUFFIX.fullmatch(clean(cell))
    return (found["number"], found["unit"]) if found else None


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell of a number column that is not a plain number: its data row, what it is, and its text."""

    row: int
    kind: Kind
    text: str


def numbers(cells: Sequence[str], mark: str, first_row: int, unit: str = "") -> tuple[Floats, list[Odd]]:
    """The values of a column's cells (NaN where there is none) and every cell that was not plainly a number or empty.

    `unit` is a word that all cells of the column carry behind the number; it is taken off.
    """
    values = np.full(len(cells), np.nan)
    odd: list[Odd] = []
    comma = mark == ","
    for i, cell in enumerate(cells):
        try:
            value = float(cell.replace(",", ".") if comma and "." not in cell else cell)
            if abs(value) <= LARGEST and "_" not in cell and cell.isascii() and not (comma and "." in cell):
                values[i] = value
                continue
        except ValueError:
            pass
        if unit and (parts := suffix(cell)) is not None and parts[1] == unit:
            cell = parts[0]
        kind, values[i] = number(cell, mark)
        if kind not in ("empty", "number"):
            odd.append(Odd(first_row + i, kind, cell.strip()))
    return values, odd
