"""What the beginning of a growing file says about its columns, without a look at what its numbers are like."""

from __future__ import annotations

from dataclasses import dataclass

from spc.errors import BadTable
from spc.nouns import Column, Role
from spc.reference.layout import offset_of
from spc.reference.read import refuse_without_numbers
from spc.reference.source import ORDINARY, source_of
from spc.reference.tables import read_table, understand


@dataclass(frozen=True, slots=True)
class Beginning:
    """The names of the measured columns, all columns with their roles, and how many bytes stand before the first row."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    header_bytes: int

    def column(self, role: Role) -> str | None:
        """The first column with this role."""
        return next((one.name for one in self.columns if one.role == role), None)


def beginning(head: bytes, timezone: str = "UTC") -> Beginning:
    """The columns of a file that begins with these complete lines, as `read` finds them. Raises the complaints of `read`.

    >>> one = beginning(b"board_id;length_mm\\nB1;160,25\\nB2;160,5\\n")
    >>> one.names, one.column("id"), one.header_bytes
    (('length_mm',), 'board_id', 19)
    """
    table, layout, _ = read_table(source_of(head, "", ORDINARY), {}, (), ORDINARY)
    if layout.encoding.startswith(("utf-16", "utf-32")):
        raise BadTable("A growing file in UTF-16 cannot be followed.", cure="Let the program write it as UTF-8.")
    n = table.n
    reading, _ = understand(table, {}, layout.mark.sign, timezone)
    refuse_without_numbers(reading.rows.names, n)
    return Beginning(reading.rows.names, reading.columns, offset_of(head, layout.first_line))
