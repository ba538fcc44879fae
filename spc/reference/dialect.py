"""How a file is written: which sign stands between the cells and which before the decimals. Judged on a sample, never on one cell."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest

from spc.reference.cells import clean, is_missing, number, other
from spc.reference.split import ALONE, BLANKS, Record, split
from spc.reference.stamps import looks_like_time

DELIMITERS = (",", ";", "\t", "|", BLANKS)
_SEPARATOR_LINE = re.compile(r'^"?sep=(?P<sign>.|\\t)"?\s*(\n|$)', re.IGNORECASE)
_CELLS = 30_000  # cells looked at to find the decimal mark
_SAMPLE = 100  # records looked at to choose a delimiter

WEAK = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}", re.ASCII)  # 1.234: a number with three decimals, or a thousand
_STRONG = re.compile(r"[+-]?(\d*)([.,])(\d*)([eE][+-]?\d+)?", re.ASCII)
_BOTH = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(\.)\d+|[+-]?\d{1,3}(?:\.\d{3})+(,)\d+", re.ASCII)
_MANY = re.compile(r"[+-]?\d{1,3}([.,])\d{3}(?:\1\d{3})+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """The decimal mark, and how sure that is: 2 seen for certain, 1 only in numbers such as 1,234, 0 nothing seen."""

    sign: str
    sure: int


def declared(text: str) -> tuple[str, str]:
    """The delimiter that a first line "sep=;" declares (or ""), and the rest of the text."""
    found = _SEPARATOR_LINE.match(text)
    if not found:
        return "", text
    sign = "\t" if found["sign"] == "\\t" else found["sign"]
    return sign, text[found.end() :]


def find_delimiter(text: str, last: bool = True) -> str:
    """The sign between the cells: the one under which most lines have the same number of cells, and the cells make sense.

    `last` says that the text ends where the file ends; else its last cell may go on.

    >>> find_delimiter("t;a;b\\n1;1,5;2,5\\n2;1,6;2,6\\n"), find_delimiter("x\\n1,5\\n1,6\\n")
    (';', '')
    """
    best, delimiter = _score_alone(text), ALONE
    for candidate in DELIMITERS:
        if candidate != BLANKS and candidate not in text:
            continue
        records, _ = split(text, candidate, 1, last)
        score = _score(records[: _SAMPLE + 30]) * (0.8 if candidate == BLANKS else 1.0)
        if score > best + 1e-9:
            best, delimiter = score, candidate
    return delimiter


def common_width(records: list[Record]) -> int:
    """The number of cells that most records have; the later ones count, since titles stand before the header."""
    widths = Counter(len(r.cells) for r in records[len(records) // 3 :])
    return max(widths, key=lambda w: (widths[w], w == len(records[0].cells), w))


def _score(records: list[Record]) -> float:
    if not records:
        return 0.0
    width = common_width(records)
    if width < 2:
        return 0.0
    first = next(i for i, r in enumerate(records) if len(r.cells) == width)
    body = records[first:]
    alike = sum(len(r.cells) == width for r in body) / len(body)
    header_lost = first > 0 and any(_sense(c) for c in body[0].cells) and not any(_sense(c) for c in records[first - 1].cells)
    return alike * (0.3 + _sensible(body[1 + len(body) // 3 :] or body)) * (0.7 if header_lost else 1.0)


def _score_alone(text: str) -> float:
    records, _ = split(text[:20_000], ALONE)
    return 0.9 * (0.3 + _sensible(records[1:_SAMPLE] or records)) if records else 0.0


def _sensible(records: list[Record]) -> float:
    cells = [cell for r in records[:40] for cell in r.cells[:60]]
    return sum(_sense(c) for c in cells) / max(1, len(cells))


def _sense(cell: str) -> bool:
    """A number under either mark, a missing word or a time."""
    return is_missing(cell) or number(cell)[0] not in ("text",) or looks_like_time(cell)


def find_mark(records: list[Record], delimiter: str) -> Mark:
    """The decimal mark of a sample of data records.

    >>> find_mark([Record(2, ["160,017", "1,6072"])], ";"), find_mark([Record(2, ["1,600.5"])], ",")
    (Mark(sign=',', sure=2), Mark(sign='.', sure=2))
    """
    strong: Counter[str] = Counter()
    weak: Counter[str] = Counter()
    for record in records[: max(20, _CELLS // max(1, len(records[0].cells) if records else 1))]:
        for cell in record.cells:
            if "," not in cell and "." not in cell:
                continue
            text = clean(cell)
            if found := _BOTH.fullmatch(text):
                strong[found[1] or found[2]] += 1
            elif found := _MANY.fullmatch(text):
                strong["," if found[1] == "." else "."] += 1
            elif found := WEAK.fullmatch(text):
                weak[found[1]] += 1
            elif (found := _STRONG.fullmatch(text)) and (found[1] or found[3]):
                strong[found[2]] += 1
    if strong:
        return Mark("," if strong[","] > strong["."] else ".", 2)
    if delimiter == ",":
        return Mark(".", 1 if weak else 0)
    if weak:
        sign = "." if weak["."] else ","
        return Mark(other(sign) if _groups_thousands(records, sign) else sign, 1)
    return Mark(".", 0)


def _groups_thousands(records: list[Record], sign: str) -> bool:
    """Whether a sign that only occurs as in 1.234 is one for the thousands: the numbers without it are whole, and end below 1000."""
    found = False
    for cells in zip_longest(*(r.cells for r in records[:400]), fillvalue=""):
        texts = [clean(c) for c in cells]
        if not any(sign in t and WEAK.fullmatch(t) for t in texts):
            continue
        whole = [int(t) for t in texts if t.isdecimal()]
        if not whole or max(whole) > 999 or max(whole) < 100:
            return False
        found = True
    return found
