"""What a benchmark answers with: a table for a terminal, and the sentences below it that say how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A title that names the units, the heads of the columns, the rows, and notes."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        """
        >>> print(Table("Speed", ("who", "rows/s"), (("we", "20"), ("they", "4")), ("One thread.",)))
        Speed
          who  | rows/s
          -----+-------
          we   |     20
          they |      4
          One thread.
        """
        grid = [self.heads, *self.rows]
        wide = [max(len(row[j]) for row in grid) for j in range(len(self.heads))]
        lines = [
            " | ".join(cell.ljust(w) if j == 0 else cell.rjust(w) for j, (cell, w) in enumerate(zip(row, wide, strict=True)))
            for row in grid
        ]
        rule = "-+-".join("-" * w for w in wide)
        return "\n  ".join([self.title, lines[0], rule, *lines[1:], *self.notes])


def number(value: float, digits: int = 3) -> str:
    """A number with so many digits that matter, and no exponent.

    >>> number(12345.6), number(0.012345), number(99.96), number(0.0)
    ('12346', '0.0123', '100', '0')
    """
    if value == 0:
        return "0"
    text = f"{value:.{digits}g}"
    if "e" in text or abs(value) >= 10**digits:
        return f"{value:.0f}" if abs(value) >= 1 else f"{value:.12f}".rstrip("0")
    return text


def times(ratio: float) -> str:
    """How many times as fast: "6.2 x".

    >>> times(6.23), times(0.4)
    ('6.23 x', '0.4 x')
    """
    return f"{number(ratio)} x"
