"""What a file is when it is not a table: each kind by its first bytes, with the cure."""

from __future__ import annotations

import re

from spc.errors import BadTable

_EXPORT = "Open it in the program that made it and save it as CSV."
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive", "Unpack it first (gunzip), then upload the CSV inside."),
    (b"BZh", "a bzip2 archive", "Unpack it first, then upload the CSV inside."),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it first, then upload the CSV inside."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first, then upload the CSV inside."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it first, then upload the CSV inside."),
    (b"Rar!", "a RAR archive", "Unpack it first, then upload the CSV inside."),
    (b"%PDF", "a PDF document", "Export the table itself as CSV."),
    (b"\xd0\xcf\x11\xe0", "an old Office document (.xls, .doc)", "Open it in a spreadsheet and save the sheet as CSV."),
    (b"PAR1", "a Parquet file", "Convert it to CSV, or read it with pandas and hand over the DataFrame."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"\x89HDF", "an HDF5 file", "Export the table as CSV."),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file", "Export the table with writetable(...)."),
    (b"TDSm", "a TDMS measurement file", _EXPORT),
    (b"\x89PNG", "a picture (PNG)", "Upload the table, not a picture of it."),
    (b"\xff\xd8\xff", "a picture (JPEG)", "Upload the table, not a picture of it."),
    (b"GIF8", "a picture (GIF)", "Upload the table, not a picture of it."),
    (b"\x7fELF", "a program", _EXPORT),
    (b"{\\rtf", "an RTF document", _EXPORT),
)
_MARKUP = re.compile(rb"\s*(<!doctype\s+html|<html|<head|<body|<table|<!--|<\?xml|<svg|<[a-z!?])", re.IGNORECASE)
_JSON = re.compile(rb'\s*(\{\s*(["}]|\Z)|\[\s*([\[{"\]]|-?\d|null|true|false|\Z))')
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1b\x7f]")


def refuse_what_is_no_table(head: bytes, size: int) -> None:
    """Raise BadTable when the first bytes say that this is a document, an archive, a picture, markup or JSON."""
    if size == 0:
        raise BadTable("The file is empty (0 bytes).", cure="Export it again; the export may have been interrupted.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if b"xl/" in head[:65536] or b"[Content_Types].xml" in head[:4096]:
            raise BadTable("This is an Excel workbook (.xlsx), not a CSV file.", cure="Open it and save the sheet as CSV (UTF-8).")
        raise BadTable("This is a zip archive, not a CSV file.", cure="Unpack it first, then upload the CSV inside.")
    for magic, what, cure in _MAGIC:
        if head.startswith(magic):
            raise BadTable(f"This is {what}, not a CSV file.", cure=cure)
    text = head.lstrip(b"\xef\xbb\xbf")
    if _MARKUP.match(text) and b">" in text[:4096]:
        html = re.search(rb"<(!doctype html|html|head|body|table)", text[:4096], re.IGNORECASE)
        what = "a web page (HTML)" if html else "an XML document"
        raise BadTable(
            f"This is {what}, not a CSV file.",
            cure="Probably the page around the download was saved, or you were logged out: download the data itself.",
        )
    if _JSON.match(text) and _looks_like_json(text):
        raise BadTable("This is a JSON document, not a CSV file.", cure="Send it to the HTTP interface, or convert it to CSV.")


def refuse_binary(head: bytes) -> None:
    """Raise BadTable when a text file's bytes are full of control characters."""
    sample = head[:65536]
    found = len(_CONTROL.findall(sample))
    if found > max(2, len(sample) // 200):
        raise BadTable("This is not text: it is full of control characters.", cure=_EXPORT)


def _looks_like_json(text: bytes) -> bool:
    start = text.lstrip()[:4096]
    if start[:1] == b"{":
        return b":" in start or start[1:].strip() == b"}"
    first = start.split(b"\n", 1)[0]
    return b"{" in start or b"[" in start[1:] or start.rstrip().endswith(b"]") or first.strip() == b"["
