"""A table larger than memory, as numbers on the disk that an estimator reads as it needs them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from spc.errors import BadTable
from spc.nouns import Floats


def spooled(chunks: Iterable[Floats], path: Path | str) -> Floats:
    """Writes blocks of rows (k, p) one after the other to a file of float64 and returns them as one table (n, p) mapped from the disk.

    `spc.scatter.Mcd` looks at such a table in blocks and never copies it: it needs memory for some numbers per row, not for the row.
    Raises BadTable when there is no row, or when a block has another number of columns.

    >>> import tempfile
    >>> blocks = (np.full((2, 3), float(k)) for k in range(2))
    >>> spooled(blocks, Path(tempfile.mkdtemp()) / "rows.f64")[:, 0].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    rows, p = 0, None
    with Path(path).open("wb") as file:
        for chunk in chunks:
            block = np.ascontiguousarray(chunk, dtype=np.float64)
            if block.ndim != 2 or (p is not None and block.shape[1] != p):
                raise BadTable(
                    f"A block of shape {block.shape} does not continue a table of {p} columns.",
                    cure="Give every block the same columns.",
                    row=rows + 1,
                )
            p = block.shape[1]
            rows += len(block)
            block.tofile(file)
    if p is None or not rows:
        raise BadTable("There is no row to keep.", cure="Check where the blocks come from.")
    return np.memmap(path, dtype=np.float64, mode="r", shape=(rows, p))
