"""One writing process per ledger: the memories of the charts live in it, and a second one would not know of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from spc.errors import LedgerError

if sys.platform != "win32":
    import fcntl


class Lock:
    """A lock that the system lets go of when the process ends, however it ends."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = os.read(self._file, 32).decode(errors="replace").strip()
            os.close(self._file)
            raise LedgerError(
                f"Another process (number {other or 'unknown'}) already writes the ledger {Path(path).with_suffix('')}. "
                "Stop it first, or talk to it through its HTTP interface."
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
