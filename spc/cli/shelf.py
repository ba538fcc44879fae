"""Where the terminal keeps results of simulations: a folder of files in the user's cache directory, which may be emptied at any time."""

from __future__ import annotations

import os
import tempfile
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

MOST_BYTES = 256 * 1024**2
_ENDING = ".sim"


class Files:
    """A store for simulated results (`spc.limits.cache`). A folder that cannot be used is as good as an empty one."""

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        self.folder, self._most = folder, most

    @classmethod
    def usual(cls) -> Files:
        """$XDG_CACHE_HOME/spc, or .cache/spc in the user's home."""
        asked = os.environ.get("XDG_CACHE_HOME", "")
        return cls((Path(asked) if asked.startswith("/") else Path("~/.cache").expanduser()) / "spc")

    def get(self, key: str) -> bytes | None:
        """What was kept under this key, or None."""
        with suppress(OSError):
            return (self.folder / f"{key}{_ENDING}").read_bytes()
        return None

    def put(self, key: str, value: bytes, error: float) -> None:
        """A whole file or none, also when two processes write the same one; the oldest go when there is too much."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._room(len(value))
            handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(value)
                Path(part).replace(self.folder / f"{key}{_ENDING}")
            finally:
                Path(part).unlink(missing_ok=True)

    def _room(self, wanted: int) -> None:
        found = sorted((one.stat().st_mtime, one.stat().st_size, one) for one in self.folder.glob(f"*{_ENDING}"))
        total = wanted + sum(size for _, size, _ in found)
        for _, size, one in found:
            if total <= self._most:
                break
            one.unlink(missing_ok=True)
            total -= size


def kept(use: bool) -> AbstractContextManager[None]:
    """While this lasts, what is simulated is kept in the usual folder and looked for there, unless that is not wanted."""
    from spc.limits.cache import caching

    return caching(Files.usual()) if use else nullcontext()
