"""The compiled steps of the MCD search and of smoothing, when they were built; without them numpy takes the same steps.

`make` compiles kernel.c beside this file with the machine's C compiler, if there is one. SPC_KERNEL=off leaves it aside.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from functools import cache

import numpy as np

from spc.nouns import Bools, Floats, Ints
from spc.scatter.kicks import Kicks, hopeless

_VERSION = 9  # of kernel.c: a library of another version is left aside
_I64, _I32, _AT = ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p
_STRIP, _COLUMNS, _ROWS = 32, 32, 4096  # rows that the kernel takes together down the columns of a small table, and the largest such


class _Table(ctypes.Structure):
    _fields_ = (("x", _AT), ("shift", _AT), ("rate", _AT), ("columns", _AT), ("n", _I64), ("p", _I32))


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernel, or None when it was not built, is of another version, or is switched off."""
    if os.environ.get("SPC_KERNEL") == "off":
        return None
    try:
        found = ctypes.CDLL(__file__.replace("kernel.py", "_kernel.so"))
        if found.spc_version() != _VERSION:
            return None
    except (OSError, AttributeError):
        return None
    found.spc_ranked.restype = ctypes.c_double
    return found


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return _AT(array.ctypes.data)


class Compiled:
    """The steps of csteps.py, exchange.py and large.py on one table x (n, p) used as (x − shift)·rate, taken by the kernel."""

    def __init__(self, x: Floats, shift: Floats | None = None, rate: Floats | None = None) -> None:
        self.x = np.ascontiguousarray(x)
        n, p = self.x.shape
        self.shift = np.zeros(p) if shift is None else np.ascontiguousarray(shift)
        self.rate = np.ones(p) if rate is None else np.ascontiguousarray(rate)
        self._columns = _columns(self.x) if shift is None and rate is None and n <= _ROWS and p <= _COLUMNS else None
        columns = None if self._columns is None else _at(self._columns)
        self._table = _Table(_at(self.x), _at(self.shift), _at(self.rate), columns, n, p)

    def grow(self, member: Bools, h: int) -> Bools:
        """The h rows nearest each of k subsets of any size."""
        after = _bytes(member)
        self._call("spc_grow", _I64(h), _I32(len(after)), _at(after))
        return after.view(bool)

    def converge(self, member: Bools, h: int, steps: int = 0) -> tuple[Bools, Floats]:
        """C-steps on k subsets until none changes (or for `steps` steps): the subsets reached and their log determinants."""
        after, logdet = _bytes(member), np.empty(len(member))
        self._call("spc_converge", _I64(h), _I32(len(after)), _I32(steps), _at(after), _at(logdet))
        return after.view(bool), logdet

    def polish(self, member: Bools, h: int) -> tuple[Bools, float]:
        """The subset after exchanges, each followed by C-steps, until no exchange lowers its determinant; with its log determinant."""
        after, logdet = _bytes(member), ctypes.c_double()
        self._call("spc_polish", _I64(h), _at(after), ctypes.byref(logdet))
        return after.view(bool), logdet.value

    def kick(self, member: Bools, h: int, kicks: Kicks) -> tuple[Bools, float]:
        """A polished subset after kicks, each kept when it led to a lower determinant; with its log determinant."""
        after, logdet = _bytes(member), ctypes.c_double()
        plan = _I32(len(kicks.size)), _at(kicks.size), _at(kicks.width), _at(kicks.draws), ctypes.c_double(hopeless(h))
        self._call("spc_kick", _I64(h), *plan, _at(after), ctypes.byref(logdet))
        return after.view(bool), logdet.value

    def sums(self, rows: Ints | None, origin: Floats) -> tuple[Floats, Floats]:
        """Sum (p,) and sums of products (p, p) of some rows (of all when None) about an origin."""
        p = self.x.shape[1]
        total, cross = np.empty(p), np.empty((p, p))
        self._call("spc_sums", *self._rows(rows), _at(origin), _at(total), _at(cross))
        return total, cross

    def distances(self, rows: Ints | None, mean: Floats, inverse: Floats) -> Floats:
        """Squared distances of some rows (of all when None) from a mean, by the inverse of a covariance's lower Cholesky factor."""
        d2 = np.empty(len(self.x) if rows is None else len(rows))
        self._call("spc_distances", *self._rows(rows), _at(mean), _at(np.ascontiguousarray(inverse)), _at(d2))
        return d2

    def _rows(self, rows: Ints | None) -> tuple[ctypes.c_void_p | None, ctypes.c_int64]:
        return (None, _I64(len(self.x))) if rows is None else (_at(rows), _I64(len(rows)))

    def _call(self, name: str, *asked: object) -> None:
        if not getattr(library(), name)(ctypes.byref(self._table), *asked):
            raise MemoryError("the kernel found no memory for its scratch")


def rank_value(values: Floats, rank: int) -> float:
    """The value of a rank (from 0) among some values."""
    found = library()
    if found is None:
        return float(np.partition(values, rank)[rank])
    values, scratch = np.ascontiguousarray(values), np.empty(2 * len(values))
    return float(found.spc_ranked(_at(values), _I64(len(values)), _I64(rank), _at(scratch)))


def medians(series: Floats) -> tuple[Floats, Floats]:
    """Median and median absolute deviation of each row of a table (k, n)."""
    found = library()
    if found is None:
        center = np.median(series, axis=1)
        return center, np.median(np.abs(series - center[:, None]), axis=1)
    series = np.ascontiguousarray(series)
    median, deviation = np.empty(len(series)), np.empty(len(series))
    if not found.spc_medians(_at(series), _I64(series.shape[1]), _I32(len(series)), _at(median), _at(deviation)):
        raise MemoryError("the kernel found no memory for its scratch")
    return median, deviation


def smoothed(z: Floats, before: Floats, weight: float, keep: float) -> Floats | None:
    """y (n, p) with y ← weight z + keep y along the rows of z (n, p), from y = before (p,): bit for bit what numpy gives; None without."""
    found = library()
    if found is None or not _rounds_alike():
        return None
    return _smoothed(found, z, before, weight, keep)


def _smoothed(found: ctypes.CDLL, z: Floats, before: Floats, weight: float, keep: float) -> Floats:
    z, before = np.ascontiguousarray(z, dtype=np.float64), np.ascontiguousarray(before, dtype=np.float64)
    y, (n, p) = np.empty(z.shape), z.shape
    found.spc_smoothed(_at(z), _I64(n), _I32(p), ctypes.c_double(weight), ctypes.c_double(keep), _at(before), _at(y))
    return y


@cache
def _rounds_alike() -> bool:
    """Whether the compiler left products and sums apart: a compiler that draws them together has another last bit."""
    found, x = library(), np.sqrt(np.arange(2.0, 202.0)).reshape(10, 20)
    if found is None:
        return False
    alike = 0.1 * x[1:] + 0.9 * x[:-1]
    return all(np.array_equal(_smoothed(found, x[i + 1 : i + 2], x[i], 0.1, 0.9)[0], alike[i]) for i in range(9))


def side_by_side(columns: Sequence[Floats]) -> Floats | None:
    """Columns (n,), p of them, as rows (n, p); None when there is no kernel."""
    found = library()
    if found is None or not columns:
        return None
    columns = [np.ascontiguousarray(one, dtype=np.float64) for one in columns]
    x = np.empty((len(columns[0]), len(columns)))
    found.spc_side_by_side((_AT * len(columns))(*(one.ctypes.data for one in columns)), _I64(len(x)), _I32(len(columns)), _at(x))
    return x


def _bytes(member: Bools) -> np.ndarray:
    return np.array(member, dtype=np.uint8, order="C")


def _columns(x: Floats) -> Floats:
    """The columns of x (n, p), each begun on a cache line and filled with zeros to whole strips and one more line."""
    n, p = x.shape
    stride = -(-n // _STRIP) * _STRIP + 8
    room = np.zeros(p * stride + 7)
    start = -room.ctypes.data // 8 % 8
    columns = room[start : start + p * stride].reshape(p, stride)
    columns[:, :n] = x.T
    return columns
