"""A long column of texts in little memory: blocks of bytes instead of one object per cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_BETWEEN = "\0"  # cannot occur in a cell: a file with such a byte is refused


def in_blocks(texts: Iterable[str], size: int = 100_000) -> Iterator[list[str]]:
    """Some texts, so many at a time: whoever goes through a column block by block needs no memory for the whole."""
    rest = iter(texts)
    while block := list(islice(rest, size)):
        yield block


def hashes(texts: Iterable[str]) -> NDArray[np.uint64]:
    """A number for each text, equal for equal texts and (but for one chance in 10¹⁹ a pair) for no others."""
    blocks = [pd.util.hash_array(np.array(block, dtype=object), categorize=False) for block in in_blocks(texts)]
    return np.concatenate(blocks) if blocks else np.empty(0, dtype=np.uint64)


def different(values: NDArray[Any]) -> int:
    """How many different values there are; sorting beats NumPy's and pandas' hash tables in time and memory for long columns."""
    in_order = np.sort(values)
    return int(np.sum(in_order[1:] != in_order[:-1])) + 1 if len(in_order) else 0


class Packed(Sequence[str]):
    """Texts that are added block by block and read in order.

    >>> texts = Packed()
    >>> texts.add(["B1", "B2"]), texts.add(["", "B4"]), len(texts), texts[3], texts[1:3]
    (None, None, 4, 'B4', ['B2', ''])
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._ends: list[int] = []
        self._length = 0
        self._opened: tuple[int, list[str]] = (-1, [])

    def add(self, texts: list[str]) -> None:
        """Appends a block."""
        if texts:
            self._blocks.append(_BETWEEN.join(texts).encode("utf-8", "surrogatepass"))
            self._length += len(texts)
            self._ends.append(self._length)

    def cut(self, n: int) -> None:
        """Leaves out what comes after the first n texts."""
        self._length = min(n, self._length)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return islice(chain.from_iterable(self._open(k) for k in range(len(self._blocks))), self._length)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            start, stop, step = i.indices(self._length)
            return list(islice(self, start, stop, step))
        if not -self._length <= i < self._length:
            raise IndexError(i)
        i %= self._length
        k = next(k for k, end in enumerate(self._ends) if i < end)
        if self._opened[0] != k:
            self._opened = (k, self._open(k))
        return self._opened[1][i - (self._ends[k - 1] if k else 0)]

    def _open(self, k: int) -> list[str]:
        return self._blocks[k].decode("utf-8", "surrogatepass").split(_BETWEEN)
