"""Which characters the bytes stand for: UTF-8, UTF-16 (with or without its mark) or Windows-1252."""

from __future__ import annotations

import codecs

from spc.errors import BadTable
from spc.nouns import Finding
from spc.reference.source import Walk

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8 with byte-order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
)
_UNUSED_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


def find_encoding(walk: Walk) -> tuple[str, int, str, list[Finding]]:
    """(codec, bytes of its mark to skip, name for a person, findings); raises BadTable for bytes that are no text."""
    for mark, codec, title in _MARKS:
        if walk.head.startswith(mark):
            if codec == "utf-8":
                if walk.nul_line is not None:
                    raise _nul(walk.nul_line)
                if not walk.utf8:
                    raise BadTable("The file says it is UTF-8 but has bytes that are not.", cure="Export it again as UTF-8.")
            return codec, len(mark), title, []
    unmarked = _utf16_without_mark(walk.head)
    if unmarked:
        return unmarked, 0, f"{unmarked} without byte-order mark", []
    if walk.nul_line is not None:
        raise _nul(walk.nul_line)
    if walk.utf8:
        return "utf-8", 0, "utf-8", []
    if _UNUSED_IN_CP1252.intersection(walk.head):
        raise BadTable("The bytes are neither UTF-8 nor Windows-1252 text.", cure="Export the table again as UTF-8.")
    finding = Finding(
        "encoding",
        "note",
        "The file is not UTF-8; it was read as Windows-1252 (Western European). The numbers do not depend on it, names may.",
        "Look at the column names; if a letter is wrong, save the file as UTF-8.",
    )
    return "cp1252", 0, "windows-1252", [finding]


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 text of a table has a NUL in nearly every second byte, always on the same side."""
    sample = head[:4096]
    half = len(sample) // 2
    if half < 4:
        return None
    even, odd = sample[0 : 2 * half : 2].count(0), sample[1 : 2 * half : 2].count(0)
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _nul(line: int) -> BadTable:
    return BadTable(
        f"There is a NUL byte in line {line}: the file is damaged or is not text.",
        cure="Export it again; a logger that lost power often leaves such bytes at the end.",
    )
