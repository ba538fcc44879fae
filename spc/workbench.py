"""Reading an upload and fitting a model beside the server: in a process of its own, with an end to its memory and its time.

A file that comes from outside may be anything. Whatever reading it does, the server goes on: the child reads, the parent waits for
lines of JSON and ends the child when it takes too long.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from spc import errors
from spc.errors import Complaint, Refused

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a child may take: address space in bytes, time on the clock in seconds."""

    memory: int = 4 * 1024**3
    seconds: float = 300.0


class Workbench:
    """Starts children and can end them all, when the server stops. Both verbs block: call them from a thread."""

    def __init__(self, bounds: Bounds = Bounds()) -> None:
        self._bounds = bounds
        self._running: set[subprocess.Popen[str]] = set()
        self._guard = threading.Lock()
        self._closed = False

    def read(self, path: Path, *, name: str, roles: Mapping[str, str], timezone: str) -> dict[str, Any]:
        """What `facts` says of a table file. Raises the Complaint of the reader, or Refused when it takes too much."""
        task = {"verb": "read", "path": str(path), "name": name, "roles": dict(roles), "timezone": timezone}
        return self._do(task, lambda share, stage: None)

    def fit(self, path: Path, *, name: str, roles: Mapping[str, str], timezone: str, recipe: Mapping[str, Any], report: Progress) -> str:
        """The JSON text of the model of a table file. Raises a Complaint as `read` does; `report` hears how far it is."""
        task = {"verb": "fit", "path": str(path), "name": name, "roles": dict(roles), "timezone": timezone, "recipe": dict(recipe)}
        return str(self._do(task, report)["model"])

    def close(self) -> None:
        """Ends what is still running."""
        with self._guard:
            self._closed = True
            for child in self._running:
                child.kill()

    def _do(self, task: dict[str, Any], report: Progress) -> dict[str, Any]:
        with self._guard:
            if self._closed:
                raise Refused("The server is stopping.", cure="Try again when it is back.", status=503)
            child = subprocess.Popen(
                [sys.executable, "-m", "spc.workbench"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
            )
            self._running.add(child)
        assert child.stdin is not None  # noqa: S101 - it was asked for in the line above
        assert child.stdout is not None  # noqa: S101
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        clock = threading.Timer(self._bounds.seconds, end)
        clock.start()
        try:
            return self._listen(child.stdin, child.stdout, {**task, "memory": self._bounds.memory}, report, late)
        finally:
            clock.cancel()
            child.kill()
            with child:  # closes the pipes and waits
                pass
            with self._guard:
                self._running.discard(child)

    def _listen(
        self, to_child: IO[str], from_child: IO[str], task: dict[str, Any], report: Progress, late: threading.Event
    ) -> dict[str, Any]:
        with contextlib.suppress(BrokenPipeError), to_child:  # if it died before it listened, what follows says so
            to_child.write(json.dumps(task))
        for text in from_child:
            said = json.loads(text)
            if "progress" in said:
                report(float(said["progress"]), str(said["stage"]))
            elif "complaint" in said:
                raise _complaint(said["complaint"])
            else:
                return dict(said["done"])
        took = f"{self._bounds.seconds:g} seconds" if late.is_set() else f"{self._bounds.memory // 1024**2} MiB of memory"
        raise Refused(f"This table needs more than {took}.", cure="Use fewer rows or columns, or fit it in a terminal: spc fit.")


def _complaint(said: Mapping[str, Any]) -> Complaint:
    """The child's complaint, of the same kind here as there."""
    kind = getattr(errors, str(said["kind"]), Complaint)
    if kind is Refused:
        return Refused(said["text"], cure=said["cure"], status=int(said["status"]))
    if not (isinstance(kind, type) and issubclass(kind, Complaint)):
        kind = Complaint
    made: Complaint = kind(said["text"], cure=said["cure"], row=said["row"], column=said["column"])
    return made


def _kind(complaint: Complaint) -> str:
    """The name of the complaint's class, or of the nearest ancestor that `spc.errors` knows."""
    return str(next(one.__name__ for one in type(complaint).__mro__ if getattr(errors, one.__name__, None) is one))


# ------------------------------------------------------------------------------------------------------------- the child's side


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what, allow_nan=False) + "\n")
    sys.stdout.flush()


def _work(task: Mapping[str, Any]) -> dict[str, Any]:
    # Loaded before the limit is set: a numerical library that starts without memory waits for it instead of failing.
    from spc.export import reference_summary  # noqa: PLC0415 - the server's side of this file needs none of it
    from spc.phase1 import Recipe, fit  # noqa: PLC0415
    from spc.reference import read  # noqa: PLC0415

    _limit(int(task["memory"]))
    table = read(Path(task["path"]), name=task["name"], roles=task["roles"], timezone=task["timezone"])
    if task["verb"] == "read":
        return reference_summary(table)
    fitted = fit(table, Recipe.from_dict(task["recipe"]), lambda share, stage: _say(progress=share, stage=stage))
    return {"model": fitted.model.to_json()}


def _limit(memory: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:  # pragma: no cover
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main() -> None:
    task = json.load(sys.stdin)
    try:
        _say(done=_work(task))
    except Complaint as wrong:
        said = {"text": wrong.text, "cure": wrong.cure, "row": wrong.row, "column": wrong.column}
        _say(complaint={"kind": _kind(wrong), "status": wrong.status, **said})
    except MemoryError:
        text = f"This table needs more than {int(task['memory']) // 1024**2} MiB of memory."
        _say(complaint={"kind": "Refused", "status": 413, "text": text, "cure": "Use fewer rows or columns.", "row": None, "column": None})


if __name__ == "__main__":
    _main()
