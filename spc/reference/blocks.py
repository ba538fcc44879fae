"""Blocks of complete lines, and the fast way to turn one into columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from spc.errors import BadTable
from spc.reference.fields import Storage
from spc.reference.layout import Layout
from spc.reference.split import ALONE, BLANKS

_LONGEST = 8 << 20  # a line longer than this is no row of a table


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks that end with a line, every end of line a single line feed."""
    rest = b""
    for block in blocks:
        block = rest + block
        held = block[-1:] == b"\r"  # perhaps half of \r\n
        text = (block[:-1] if held else block).replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block
        end = text.rfind(b"\n") + 1
        rest = text[end:] + (b"\r" if held else b"")
        if len(rest) > _LONGEST:
            raise BadTable(
                "A line is longer than 8 MB: this is not a table with a row per line.", cure="Export it again, one row per line."
            )
        if end:
            yield text[:end]
    if rest.strip(b"\r"):
        yield rest.rstrip(b"\r") + b"\n"


def from_line(blocks: Iterable[bytes], first: int) -> Iterator[tuple[bytes, int]]:
    """The blocks from a line on, each with the number of its first line."""
    line = 1
    for block in blocks:
        skip = max(0, first - line)
        at = 0
        for _ in range(skip):
            at = block.find(b"\n", at) + 1
            line += 1
            if not at:
                raise AssertionError("the header goes beyond the first block")  # pragma: no cover - the sample is in the first block
            if at == len(block):
                break
        if at < len(block):
            yield block[at:], line
            line += block.count(b"\n", at)


def regular(block: bytes, delimiter: str, width: int) -> tuple[int, bool]:
    """How many lines are blank, and whether every other line has `width` cells."""
    bytes_ = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(bytes_ == 10)
    lengths = np.diff(ends, prepend=-1) - 1
    if delimiter == ALONE:
        return int(np.sum(lengths == 0)), b" " not in block and b"\t" not in block
    if delimiter == BLANKS:
        blank = (bytes_ == 32) | (bytes_ == 9) | (bytes_ == 10)
        marks = np.flatnonzero(~blank & np.concatenate(([True], blank[:-1])))
        wanted = width
    else:
        marks, wanted = np.flatnonzero(bytes_ == ord(delimiter)), width - 1
    counts = np.diff(np.searchsorted(marks, ends), prepend=0)
    return int(np.sum(lengths == 0)), bool(np.all(counts[lengths > 0] == wanted))


def parse_block(block: bytes, layout: Layout, storages: list[Storage]) -> pd.DataFrame:
    """A block of regular lines as a frame of the kept columns; ValueError when a cell of a number column is none."""
    h = layout.header
    kinds: dict[int, Any] = {j: np.float64 if storage == "number" else object for j, storage in zip(h.kept, storages, strict=True)}
    of_numbers: Any = {j: [""] for j, kind in kinds.items() if kind is np.float64}
    # pandas 3.1 rounds correctly by itself: the same bits as float(), which reads live rows (a test holds it to that)
    frame: pd.DataFrame = pd.read_csv(
        io.BytesIO(block),
        sep={BLANKS: r"\s+", ALONE: "\x1f"}.get(layout.delimiter, layout.delimiter),
        header=None,
        names=range(h.width),
        usecols=list(h.kept),
        index_col=False,
        dtype=kinds,
        keep_default_na=False,
        na_values=of_numbers,
        decimal=layout.mark.sign,
        quoting=csv.QUOTE_NONE,
        skipinitialspace=True,
        low_memory=False,
        engine="c",
        encoding="utf-8",
    )
    return frame
