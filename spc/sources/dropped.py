"""Which files of a folder were taken: what is remembered of them, as a position of bounded size."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEPT = 400  # files that are remembered one by one
MORE = 100  # so many more before some are forgotten


@dataclass(frozen=True, slots=True)
class Sight:
    """A file as it lies in the folder. `changed` is when the file system last put it there or changed it; nobody can set it back."""

    name: str
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Sight:
        """Raises OSError."""
        about = path.stat()
        return cls(path.name, about.st_size, about.st_mtime_ns, about.st_ctime_ns)

    @property
    def mark(self) -> list[Any]:
        return [self.name, self.size, self.modified, self.changed]


@dataclass(slots=True)
class Memory:
    """The files that were taken last, each with the digest of its bytes; `before` is the time up to which older ones were forgotten.

    `open` is the file that is being taken: its digest and how many bytes of it are on disk. `old` are those in the folder
    that were forgotten, or lay there at the start and are no newer than such: they were taken once, while one that comes later is new
    whatever its time says.
    """

    taken: dict[tuple[Any, ...], str] = field(default_factory=dict)
    before: int = 0
    open: tuple[str, int] | None = None
    old: frozenset[Sight] = frozenset()

    @classmethod
    def of(cls, position: Any) -> Memory:
        """What a position says."""
        if position is None:
            return cls()
        begun = position.get("open")
        taken = {tuple(one[:4]): one[4] for one in position["taken"]}
        return cls(taken, int(position["before"]), (begun["digest"], int(begun["offset"])) if begun else None)

    def position(self) -> dict[str, Any]:
        begun = {"open": {"digest": self.open[0], "offset": self.open[1]}} if self.open else {}
        return {"taken": [[*mark, digest] for mark, digest in self.taken.items()], "before": self.before, **begun}

    def knows(self, sight: Sight) -> bool:
        """True when this very file was taken."""
        return tuple(sight.mark) in self.taken or sight in self.old

    def has(self, digest: str) -> bool:
        """True when a file with the same bytes was taken."""
        return digest in self.taken.values()

    def start(self, there: list[Sight]) -> None:
        """What lies in the folder at the start."""
        self.old = frozenset(one for one in there if one.changed <= self.before and tuple(one.mark) not in self.taken)

    def add(self, sight: Sight, digest: str, there: list[Sight]) -> None:
        """The file was taken."""
        self.taken[tuple(sight.mark)] = digest
        self.open = None
        if len(self.taken) > KEPT + MORE:
            self._forget(there)

    def _forget(self, there: list[Sight]) -> None:
        """Down to the newest, but none of those in the folder is forgotten that is newer than a file that still waits."""
        here = {tuple(one.mark): one for one in there}
        waits = min((one.changed for one in there if not self.knows(one)), default=None)
        gone = []
        for mark in list(self.taken)[: len(self.taken) - KEPT]:
            one = here.get(mark)
            if one is not None and waits is not None and one.changed >= waits:
                continue
            del self.taken[mark]
            if one is not None:
                gone.append(one)
                self.before = max(self.before, one.changed)
        self.old |= frozenset(gone)


def sights(folder: Path, pattern: str) -> list[Sight]:
    """The files of a folder that may be taken: not those that are hidden or still being written, by their names."""
    found = []
    with os.scandir(folder) as entries:
        for one in entries:
            path = Path(one.path)
            if one.name.startswith(".") or one.name.lower().endswith((".tmp", ".part", "~")) or not path.match(pattern):
                continue
            try:
                if one.is_file():
                    found.append(Sight.of(path))
            except OSError:  # it went away just now
                continue
    return found
