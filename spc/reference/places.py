"""Columns of a file that are not measured: which further cells can change nothing about what such a column is for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from spc.nouns import Role
from spc.reference.cells import is_missing, number, numbers, suffix
from spc.reference.fields import Field
from spc.reference.guess import facts_of, role_of_texts
from spc.reference.stamps import looks_like_time
from spc.reference.words import ID_NAME, PRODUCT_NAME, STAMP_NAME

Shape = Literal["number", "digits", "text", "named"]  # what the cells are: "named" is text for the column's name, digits or not

_DIGITS = re.compile(r"(?:0|[1-9]\d{0,14})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]*\d+", re.ASCII)  # no number, no word for a missing one, and no unit behind a number
_BARE = re.compile(r"[\w-]*", re.ASCII)
_SIGNS = ",;\t|"  # what could stand between cells
_FIGURES = ("number", "grouped", "other_mark", "infinite")


@dataclass(frozen=True, slots=True)
class Place:
    """A column: where it stands, its name, what it is for ("ignore": for nothing), what its cells are, and those of the beginning.

    `guessed` when nobody said that it is the product; `timeless` when a cell that looks like a time could become the row's.
    """

    at: int
    name: str
    role: Role
    shape: Shape
    known: tuple[str, ...]
    guessed: bool = False
    timeless: bool = False

    def takes(self, cells: Sequence[str], mark: str) -> bool:
        """Whether the column stays what it is with these cells behind those of the beginning."""
        if self.shape == "number":
            plain = all(one.kind == "missing" for one in numbers(cells, mark, 0)[1])
            return plain and not any(one[:1] == "0" and one[1:2].isdigit() for one in cells)
        if self.shape == "digits":
            return all(map(_DIGITS.fullmatch, cells))
        if self.shape == "named" and all(map(_BARE.fullmatch, cells)):
            return True
        if not self.guessed and not self.timeless and all(map(_WORD.fullmatch, cells)):
            return True
        return all(self._is_text(one, mark) for one in set(cells)) and (not self.guessed or self._stays_product(cells))

    def _is_text(self, cell: str, mark: str) -> bool:
        """Neither a number in any way of writing it, nor one with its unit; and where it matters, no time."""
        if is_missing(cell):
            return True
        if any(sign in cell for sign in _SIGNS) or ("." in cell and not cell[0].isalpha()) or number(cell, mark)[0] != "text":
            return False
        return suffix(cell) is None and not ((self.guessed or self.timeless) and looks_like_time(cell))

    def _stays_product(self, cells: Sequence[str]) -> bool:
        texts = [*self.known[:-1], *cells, *self.known[-1:]]
        one = Field(self.name, "", "text", texts=texts)
        return role_of_texts(one, facts_of(one, len(texts)), len(texts))[0] == "product"


def chosen_place(one: Field, at: int, role: Role, known: tuple[str, ...], mark: str) -> Place | None:
    """The place of the part number or of a label; None when the cells are of several kinds."""
    shape = _shape(one, known, mark)
    return None if shape is None or shape == "number" else Place(at, one.name, role, shape, known)


def spare_place(one: Field, at: int, settled: Collection[Role], known: tuple[str, ...], mark: str) -> Place | None:
    """The place of a column that nobody asked for; None when more rows could make it something that is not `settled` yet."""
    shape = _shape(one, known, mark)
    if shape is None or "id" not in settled or (one.storage == "number" and STAMP_NAME.fullmatch(one.name)):
        return None
    timeless = "time" not in settled
    if shape in ("number", "digits"):
        return Place(at, one.name, "ignore", "number", known)
    if shape == "named":
        return None if timeless else Place(at, one.name, "ignore", shape, known)
    guessed = "product" not in settled and PRODUCT_NAME.fullmatch(one.name) is not None
    made = Place(at, one.name, "product" if guessed else "ignore", shape, known, guessed, timeless)
    sure = not (guessed or timeless) or all(made._is_text(cell, mark) for cell in known)
    return made if sure and (not guessed or made._stays_product(())) else None


def _shape(one: Field, known: Sequence[str], mark: str) -> Shape | None:
    if one.suffix:
        return None
    if one.storage == "number":
        if any(one.count(kind) for kind in ("grouped", "other_mark", "infinite", "text")):
            return None
        return "digits" if all(map(_DIGITS.fullmatch, known)) else "number"
    if ID_NAME.fullmatch(one.name):
        return "named"
    seen = [cell for cell in known if not is_missing(cell)]
    return "text" if seen and not any(number(cell, mark)[0] in _FIGURES for cell in seen) else None
