"""Scraps of CSV files: kept with the header of their file, so that people and programs can read them again, corrected or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from spc.errors import BadTable, Complaint
from spc.nouns import Rows
from spc.sources.batch import Scrap
from spc.sources.lines import PAYLOAD, Layout
from spc.sources.payload import Form, read_payload, runs

CURE = "Correct what was sent and take that."


def headed(scraps: Sequence[Scrap], layout: Layout) -> tuple[Scrap, ...]:
    """The scraps with the header of their file before their lines. One that is no UTF-8 would hide lines that are text: it is left out."""
    header = layout.start[: layout.header_bytes]
    try:
        header.decode()
    except UnicodeDecodeError:
        return tuple(scraps)
    return tuple(replace(one, payload=header + one.payload) for one in scraps)


def read_again(payload: bytes, file: Layout | None, of: Callable[[bytes], Layout | None], timezone: str) -> list[Rows]:
    """The rows of a scrap, corrected or not; raises BadTable when a line of it is still no row.

    Lines under the header of the `file` that it came from are read as that file is; under another header as a file of their own (`of`
    finds how). Lines without a header are taken for lines of the file. JSON is read as rows are sent over HTTP.
    """
    if payload.lstrip()[:1] in (b"{", b"["):
        sent, wrong = read_payload(payload, Form(zone=ZoneInfo(timezone)))
        if wrong:
            raise BadTable(wrong[0].reason, cure=CURE)
        return runs(sent)
    if len(payload) == PAYLOAD:
        raise BadTable("Only its first megabyte was kept.", cure="Correct the file itself and let it be read once more.")
    text = payload if payload.endswith((b"\n", b"\r")) else payload + b"\n"
    layout = file if file is not None and _begins(text, file) else _own(text, of) or file
    if layout is None:
        raise BadTable(
            "There is no file any more that says which column is which.",
            cure="Put the line with the names of the columns before it, or write it as JSON.",
        )
    rows, refused = layout.rows(text)  # which passes over the header
    if refused or not len(rows):
        raise BadTable(refused[0].reason if refused else "There is no row in it.", cure=CURE)
    return [rows]


def _begins(text: bytes, file: Layout) -> bool:
    """Whether the text begins with the file's own header; a browser has its own ends of lines."""
    header = file.start[: file.header_bytes].splitlines()
    return bool(header) and [one.strip() for one in text.splitlines()[: len(header)]] == [one.strip() for one in header]


def _own(text: bytes, of: Callable[[bytes], Layout | None]) -> Layout | None:
    """How a text is read that begins with names of columns, else None: a line with other names would be passed over as one of words."""
    try:
        found = of(text)
    except Complaint:
        return None
    return found if found is not None and found.header_bytes else None
