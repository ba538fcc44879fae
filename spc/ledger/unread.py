"""Texts that nobody has looked at yet: of a hundred thousand archived part numbers few are ever read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

Made = Callable[[], tuple[str | None, ...]]


class Unread(Sequence[str | None]):
    """A stretch of the texts that `made` gives, which is asked when somebody looks at one; otherwise as a tuple of them would be.

    >>> some = Unread(lambda: ("B1", "B2", None, "B4"), range(4))
    >>> len(some[1:]), some[1:][0], some[1:] == ("B2", None, "B4")
    (3, 'B2', True)
    """

    __slots__ = ("_here", "_made")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, made: Made, here: range) -> None:
        self._made, self._here = made, here

    def __len__(self) -> int:
        return len(self._here)

    @overload
    def __getitem__(self, which: int) -> str | None: ...
    @overload
    def __getitem__(self, which: slice) -> Unread: ...
    def __getitem__(self, which: int | slice) -> str | Unread | None:
        return Unread(self._made, self._here[which]) if isinstance(which, slice) else self._made()[self._here[which]]

    def __iter__(self) -> Iterator[str | None]:
        made, here = self._made(), self._here
        return iter(made[here.start : here.stop] if here.step == 1 else [made[i] for i in here])

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, tuple | Unread) else NotImplemented

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)  # another process gets the texts
