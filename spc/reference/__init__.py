"""Reading: bytes of a CSV become a Reference, or a complaint that names row and column; new rows are read by the same rules."""

from spc.reference.parser import RowParser
from spc.reference.read import read
from spc.reference.rows import read_rows
from spc.reference.source import ReadLimits
from spc.reference.stream import row_blocks

__all__ = ["ReadLimits", "RowParser", "read", "read_rows", "row_blocks"]
