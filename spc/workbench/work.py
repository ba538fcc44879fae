"""What a child does: one task, from a line of JSON to lines of JSON. Importing this file loads all that a task needs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

from spc import errors
from spc.errors import Complaint
from spc.export import reference_summary
from spc.limits.cache import caching
from spc.phase1 import Recipe, fit, fit_products, stability
from spc.reference import read

Say = Callable[..., None]


def work(tasks: IO[str], answers: IO[str]) -> None:
    """Does the one task; a Complaint is an answer like another."""
    text = tasks.readline()
    if not text:
        return  # nobody wants it any more
    task = json.loads(text)
    memory = int(task["memory"])
    _limit(memory, float(task["seconds"]))

    def say(**what: Any) -> None:
        answers.write(json.dumps(what, allow_nan=False) + "\n")
        answers.flush()

    try:
        with caching(_Asked(tasks, say)) if task.get("cache") else nullcontext():
            done = _done(task, say)
        say(done=done)
    except Complaint as wrong:
        said = {"text": wrong.text, "cure": wrong.cure, "row": wrong.row, "column": wrong.column}
        say(complaint={"kind": _kind(wrong), "status": wrong.status, **said})
    except MemoryError:
        text = f"This table needs more than {memory // 1024**2} MiB of memory."
        say(complaint={"kind": "Refused", "status": 413, "text": text, "cure": "Use fewer rows or columns.", "row": None, "column": None})
    except Exception as mistake:
        text = f"This is a mistake of the program ({type(mistake).__name__}: {mistake}), not of the table."
        say(complaint={"kind": "Complaint", "status": 500, "text": text, "cure": "Tell who maintains it.", "row": None, "column": None})
        raise


def _done(task: Mapping[str, Any], say: Say) -> dict[str, Any]:
    table = read(Path(task["path"]), name=task["name"], roles=task["roles"], timezone=task["timezone"])
    if task["verb"] == "read":
        return reference_summary(table)
    if task["verb"] == "stability":
        return {"answer": stability(table, **task["asked"]).to_dict()}
    recipe = Recipe.from_dict(task["recipe"], table.rows.between(bool(task["recipe"].get("subgroup"))))
    if task["verb"] == "products":
        return {"model": fit_products(table, recipe, lambda share, stage: say(progress=share, stage=stage)).models.to_json()}
    fitted = fit(table, recipe, lambda share, stage: say(progress=share, stage=stage))
    return {"model": fitted.model.to_json()}


class _Asked:
    """The server's store of simulated results (`spc.limits.cache`), asked over the same wire."""

    def __init__(self, tasks: IO[str], say: Say) -> None:
        self._tasks, self._say = tasks, say

    def get(self, key: str) -> bytes | None:
        self._say(want=key)
        found = json.loads(self._tasks.readline() or "{}").get("value")
        return None if found is None else base64.b64decode(found)

    def put(self, key: str, value: bytes, error: float) -> None:
        self._say(keep=key, value=base64.b64encode(value).decode(), error=error)


def _limit(memory: int, seconds: float) -> None:
    """An end to memory, and to processor time in case that nobody is left who looks at the clock."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:  # pragma: no cover
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 5, int(seconds) + 5))


def _kind(complaint: Complaint) -> str:
    """The name of the complaint's class, or of the nearest ancestor that `spc.errors` knows."""
    return str(next(one.__name__ for one in type(complaint).__mro__ if getattr(errors, one.__name__, None) is one))
