"""A file whose layout is known: its further lines are read at once when nothing in them could change what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from spc.errors import Complaint
from spc.nouns import Floats, Rows
from spc.reference.cells import LARGEST, clean, is_missing, numbers
from spc.reference.places import Place
from spc.reference.plan import Plan, plan_of
from spc.reference.split import split
from spc.reference.stamped import Stamped

_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])
_FIGURES = dict.fromkeys(map(ord, "0123456789+-.eE "))


@dataclass(frozen=True, slots=True)
class Settled:
    """How the lines of a file are read once its beginning has shown everything about it.

    `rows` gives the very rows that `read_rows` finds when it reads the lines behind that beginning, or None when it would have to look:
    another number of cells, a word where numbers stood, a sign that could be another decimal mark.

    >>> one = Settled.of(b"id;a;b\\nB1;1,5;2\\nB2;1,6;3\\n", ("a", "b"), id="id")
    >>> one.rows([b"B3;1,75;4\\n"]).x.tolist(), one.rows([b"B3;1.75;4\\n"])
    ([[1.75, 4.0]], None)
    """

    plan: Plan
    stamped: Stamped | None

    @classmethod
    def of(
        cls,
        head: bytes,
        columns: Sequence[str],
        *,
        time: str | None = None,
        id: str | None = None,
        subgroup: str = "",
        product: str = "",
        timezone: str = "UTC",
    ) -> Settled | None:
        """What this beginning of a file, its header and some rows, leaves no doubt about; None when it leaves any."""
        try:
            plan = plan_of(head, columns, (time, id, subgroup, product or None), timezone)
            stamped = Stamped.of(plan, timezone) if plan is not None and plan.time else None
        except Complaint:
            return None
        return None if plan is None or (plan.time and stamped is None) else cls(plan, stamped)

    def rows(self, lines: Sequence[bytes]) -> Rows | None:
        """The rows of complete lines, none of them blank; None when they must be read with the beginning of the file before them."""
        columns = self._columns(lines)
        if columns is None:
            return None
        x = self._x(columns)
        if x is None or not all(place.takes(columns[place.at], self.plan.mark) for place in self.plan.others):
            return None
        at = np.full(len(lines), np.datetime64("NaT", "us")) if self.stamped is None else self.stamped.times(columns)
        if at is None:
            return None
        labels = {role: self._labels(columns, self.plan.place(role)) for role in ("subgroup", "product")}
        return Rows(self.plan.names, x, at, self._ids(columns, len(lines)), (), labels["subgroup"], labels["product"])

    def _columns(self, lines: Sequence[bytes]) -> list[tuple[str, ...]] | None:
        """The cells of each column; None when a line has more or fewer cells, or goes on in the next one."""
        try:
            text = b"".join(lines).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
            cells = self._cells(text)
        except (UnicodeDecodeError, Complaint):
            return None
        if len(text.translate(_CONTROL)) < len(text) or len(cells) != len(lines) or {len(one) for one in cells} != {self.plan.width}:
            return None
        return list(zip(*cells, strict=True))

    def _cells(self, text: str) -> list[list[str]]:
        if '"' in text:
            return [one.cells for one in split(text, self.plan.delimiter)[0]]
        return [line.split(self.plan.delimiter) for line in text.removesuffix("\n").split("\n") if not line.isspace()]

    def _x(self, columns: list[tuple[str, ...]]) -> Floats | None:
        """The values (n, p); None when a cell is neither a plain number nor missing, or could say more about the decimal mark."""
        plan = self.plan
        flat = list(chain.from_iterable(columns[j] for j in plan.needed))
        values = _plain(" ".join(flat), plan.mark)
        if values is None or len(values) != len(flat):
            values, odd = numbers(flat, plan.mark, 0)
            if any(one.kind != "missing" for one in odd):
                return None
        return np.ascontiguousarray(values.reshape(len(plan.needed), -1).T) if plan.keeps_its_mark(columns) else None

    def _ids(self, columns: list[tuple[str, ...]], n: int) -> tuple[str | None, ...]:
        place = self.plan.place("id")
        return (None,) * n if place is None else tuple([clean(one) or None for one in columns[place.at]])

    @staticmethod
    def _labels(columns: list[tuple[str, ...]], place: Place | None) -> tuple[str, ...]:
        return () if place is None else tuple(["" if is_missing(one) else clean(one) for one in columns[place.at]])


def _plain(cells: str, mark: str) -> Floats | None:
    """Numbers with a blank between each, at once; None when something among them is no plain number."""
    if mark == ",":
        if "." in cells:
            return None
        cells = cells.replace(",", ".")
    if cells.translate(_FIGURES):
        return None
    try:
        values = np.array(list(map(float, cells.split(" "))))
    except ValueError:
        return None
    return values if bool(np.all(np.abs(values) <= LARGEST)) else None
