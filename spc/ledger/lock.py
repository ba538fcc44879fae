"""Which processes have a ledger's file open: the first one may take over what a process that died had in hand."""

from __future__ import annotations

import os
import sys

if sys.platform != "win32":
    import fcntl


class Lock:
    """A shared lock that the system lets go of when the process ends, however that is. `alone`: nobody else had it at the start."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.alone = True
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.alone = False
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
