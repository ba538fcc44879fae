"""The server's side: starts a child for each task, listens to it, and ends it when its time is over or when it was cancelled."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spc import errors
from spc.errors import Complaint, Conflict, Refused
from spc.limits.cache import Cache
from spc.workbench.starter import Child, Starter, usual

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a child may take: address space in bytes, time on the clock in seconds."""

    memory: int = 4 * 1024**3
    seconds: float = 300.0


class Cancelled(Conflict):
    """Somebody did not want it any more."""


class Ticket:
    """The right to end one task, from any thread, before it begins or while it runs."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._child: Child | None = None
        self._why = ""

    def cancel(self) -> None:
        """The child is killed; who waits for it gets Cancelled."""
        self.end("cancelled")

    def end(self, why: str) -> None:
        """For the first reason that is given."""
        with self._guard:
            self._why = self._why or why
            if self._child is not None:
                self._child.kill()

    def hold(self, child: Child | None) -> None:
        """The child that is to be killed; killed at once when the end came before it."""
        with self._guard:
            self._child = child
            if child is not None and self._why:
                child.kill()

    def check(self, bounds: Bounds) -> None:
        """Raises what there is to say when the task was ended."""
        if self._why == "cancelled":
            raise Cancelled("This was cancelled.", cure="Start it again if it is wanted after all.")
        if self._why == "closed":
            raise Refused("The server is stopping.", cure="Try again when it is back.", status=503)
        if self._why == "late":
            raise _too_much(f"{bounds.seconds:g} seconds")


class Workbench:
    """Does tasks in children and can end them all, when the server stops. Its verbs block: call them from a thread."""

    def __init__(self, bounds: Bounds = Bounds(), starter: Starter | None = None, cache: Cache | None = None) -> None:
        """`cache` keeps what is simulated, so that no child has to simulate it again."""
        self._bounds = bounds
        self._cache = cache
        self._starter = starter or usual()
        self._open: set[Ticket] = set()
        self._guard = threading.Lock()
        self._closed = False

    def warm(self) -> None:
        """Loads beforehand what the first task would have to wait for; returns at once."""
        self._starter.warm()

    def read(self, path: Path, *, name: str, roles: Mapping[str, str], timezone: str, ticket: Ticket | None = None) -> dict[str, Any]:
        """What `facts` says of a table file. Raises the Complaint of the reader, Refused when it takes too much, or Cancelled."""
        task = {"verb": "read", "path": str(path), "name": name, "roles": dict(roles), "timezone": timezone}
        return self._do(task, lambda share, stage: None, ticket or Ticket())

    def fit(
        self,
        path: Path,
        *,
        name: str,
        roles: Mapping[str, str],
        timezone: str,
        recipe: Mapping[str, Any],
        report: Progress,
        ticket: Ticket | None = None,
        products: bool = False,
    ) -> str:
        """The JSON text of the model of a table file. Raises as `read` does; `report` hears how far it is.

        With `products` a recipe that names a column of products gives a model for each, as one text.
        """
        task = {
            "verb": "products" if products and recipe.get("product") else "fit",
            "path": str(path),
            "name": name,
            "roles": dict(roles),
            "timezone": timezone,
            "recipe": dict(recipe),
        }
        return str(self._do(task, report, ticket or Ticket())["model"])

    def stability(
        self,
        path: Path,
        *,
        name: str,
        roles: Mapping[str, str],
        timezone: str,
        asked: Mapping[str, Any],
        report: Progress,
        ticket: Ticket | None = None,
    ) -> dict[str, Any]:
        """Whether a table file is stable, by `spc.phase1.stability` with the words in `asked`. Raises as `read` does."""
        task = {"verb": "stability", "path": str(path), "name": name, "roles": dict(roles), "timezone": timezone, "asked": dict(asked)}
        return dict(self._do(task, report, ticket or Ticket())["answer"])

    def close(self) -> None:
        """Ends what is still running, and the warm process."""
        with self._guard:
            self._closed = True
            for ticket in self._open:
                ticket.end("closed")
        self._starter.close()

    def _do(self, task: dict[str, Any], report: Progress, ticket: Ticket) -> dict[str, Any]:
        with self._guard:
            if self._closed:
                ticket.end("closed")
            self._open.add(ticket)
        clock = threading.Timer(self._bounds.seconds, ticket.end, ["late"])
        clock.daemon = True
        clock.start()
        try:
            ticket.check(self._bounds)
            return self._done(self._starter.child(), task, report, ticket)
        finally:
            clock.cancel()
            with self._guard:
                self._open.discard(ticket)

    def _done(self, child: Child, task: dict[str, Any], report: Progress, ticket: Ticket) -> dict[str, Any]:
        ticket.hold(child)
        try:
            child.send({**task, "memory": self._bounds.memory, "seconds": self._bounds.seconds, "cache": self._cache is not None})
            for said in _answers(child):
                if "progress" in said:
                    report(float(said["progress"]), str(said["stage"]))
                elif self._cache is not None and "want" in said:
                    found = self._cache.get(str(said["want"]))
                    child.send({"value": None if found is None else base64.b64encode(found).decode()})
                elif self._cache is not None and "keep" in said:
                    self._cache.put(str(said["keep"]), base64.b64decode(said["value"]), float(said["error"]))
                elif "complaint" in said:
                    raise _complaint(said["complaint"])
                else:
                    return dict(said["done"])
        finally:
            ticket.hold(None)
            child.end()
        ticket.check(self._bounds)
        raise _too_much(f"{self._bounds.memory // 1024**2} MiB of memory")


def _answers(child: Child) -> Iterator[dict[str, Any]]:
    """Line by line until the child ends, be it in the middle of a line."""
    with contextlib.suppress(ConnectionResetError, ValueError):
        for text in child.answers:
            yield json.loads(text)


def _too_much(took: str) -> Refused:
    return Refused(f"This table needs more than {took}.", cure="Use fewer rows or columns, or fit it in a terminal: spc fit.")


def _complaint(said: Mapping[str, Any]) -> Complaint:
    """The child's complaint, of the same kind here as there."""
    kind = getattr(errors, str(said["kind"]), Complaint)
    if kind is Refused:
        return Refused(said["text"], cure=said["cure"], status=int(said["status"]))
    if not (isinstance(kind, type) and issubclass(kind, Complaint)):
        kind = Complaint
    made: Complaint = kind(said["text"], cure=said["cure"], row=said["row"], column=said["column"])
    return made
