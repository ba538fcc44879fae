"""The compiled steps of the MCD search, when they were built; without them numpy takes the same steps.

`make` compiles kernel.c beside this file with the machine's C compiler, if there is one. SPC_KERNEL=off leaves it aside.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache

import numpy as np

from spc.nouns import Bools, Floats

_VERSION = 1  # of kernel.c: a library of another version is left aside
_WIDE = 40  # variables from which BLAS on whole tables is faster than loops over rows


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernel, or None when it was not built, is of another version, or is switched off."""
    if os.environ.get("SPC_KERNEL") == "off":
        return None
    try:
        found = ctypes.CDLL(__file__.replace("kernel.py", "_kernel.so"))
        return found if found.spc_version() == _VERSION else None
    except (OSError, AttributeError):
        return None


def suits(p: int) -> bool:
    """Whether the kernel is there and p is in the range where it is the faster way."""
    return p <= _WIDE and library() is not None


class Compiled:
    """The steps of csteps.py and exchange.py on one standardised table z (n, p), taken by the kernel."""

    def __init__(self, z: Floats) -> None:
        self.z = np.ascontiguousarray(z)

    def grow(self, member: Bools, h: int) -> Bools:
        """The h rows nearest each of k subsets of any size."""
        after = _bytes(member)
        self._call("spc_grow", h, len(after), after)
        return after.view(bool)

    def converge(self, member: Bools, h: int, steps: int = 0) -> tuple[Bools, Floats]:
        """C-steps on k subsets until none changes (or for `steps` steps): the subsets reached and their log determinants."""
        after, logdet = _bytes(member), np.empty(len(member))
        self._call("spc_converge", h, len(after), steps, after, logdet)
        return after.view(bool), logdet

    def polish(self, member: Bools, h: int) -> Bools:
        """The subset after exchanges, each followed by C-steps, until no exchange lowers its determinant."""
        after = _bytes(member)
        self._call("spc_polish", h, after)
        return after.view(bool)

    def _call(self, name: str, h: int, *asked: int | np.ndarray) -> None:
        n, p = self.z.shape
        args = [one if isinstance(one, int) else ctypes.c_void_p(one.ctypes.data) for one in asked]
        if not getattr(library(), name)(ctypes.c_void_p(self.z.ctypes.data), n, p, h, *args):
            raise MemoryError("the kernel found no memory for its scratch")


def _bytes(member: Bools) -> np.ndarray:
    return np.array(member, dtype=np.uint8, order="C")
