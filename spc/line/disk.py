"""Room on the ledger's disk: a reserve that is kept for the day on which it is full, and a word before that day."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MB = 1 << 20
RESERVE = 64 * MB
SHARE = 0.02  # of a small disk the reserve is no more than this
LOW = 4  # times the reserve: below it there is little room


@dataclass(frozen=True, slots=True)
class Room:
    """How much is free, in bytes, and what that means: "enough", "low", or "full" (the reserve was given up)."""

    free: int
    state: Literal["enough", "low", "full"]

    @property
    def words(self) -> str:
        """
        >>> Room(3_000_000_000, "enough").words, Room(120_000_000, "low").words
        ('3.0 GB free', 'only 120 MB free')
        """
        size = f"{self.free / 1e9:.1f} GB" if self.free >= 1e9 else f"{self.free / 1e6:.0f} MB"
        return f"{size} free" if self.state == "enough" else f"only {size} free"


class Disk:
    """Watches the disk that a file is on. Beside the file lies a ballast, real bytes that nobody needs.

    When the disk is full even deleting rows needs a little room, and people need some hours: the ballast is then thrown off. It is taken
    on again when there is room for it.
    """

    def __init__(self, file: Path, reserve: int = RESERVE) -> None:
        self.ballast = file.with_name(f"{file.name}.ballast")
        self.reserve = min(reserve, int(SHARE * shutil.disk_usage(file.parent).total))

    def look(self) -> Room:
        """How the disk is now; throws the ballast off, or takes it on."""
        free = shutil.disk_usage(self.ballast.parent).free
        if self.ballast.exists():
            if free >= self.reserve // 4:
                return Room(free, "low" if free < LOW * self.reserve else "enough")
            self.ballast.unlink()
            return Room(shutil.disk_usage(self.ballast.parent).free, "full")
        if free < 2 * self.reserve:
            return Room(free, "full" if free < self.reserve else "low")
        self._take_on()
        free = shutil.disk_usage(self.ballast.parent).free
        return Room(free, "low" if free < LOW * self.reserve else "enough")

    def _take_on(self) -> None:
        """Bytes, not a hole in a file: a sparse one would be there and weigh nothing."""
        file = os.open(self.ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file, 0, max(self.reserve, 1))
            else:
                os.write(file, b"\0" * self.reserve)
        finally:
            os.close(file)
