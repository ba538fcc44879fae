"""What goes into files and onto the screen: whole files or none, one JSON object and nothing else, progress only for people."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from spc.errors import BadModel, Complaint

if TYPE_CHECKING:
    from spc.nouns import Finding, Model, ProductModels

Progress = Callable[[float, str], None]


@contextmanager
def written(path: str) -> Iterator[TextIO]:
    """A text file that appears whole or not at all: written beside its place, flushed to disk, then renamed. `-` is stdout."""
    if path == "-":
        yield sys.stdout
        return
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise Complaint(f"{path} is a directory.", cure="Name a file in it.")
    try:
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8", newline="") as device:  # /dev/null, a named pipe: nothing to rename over
                yield device
        else:
            yield from _replaced(target)
    except BrokenPipeError:
        raise
    except OSError as failed:
        raise OSError(failed.errno, failed.strerror, path) from failed


def _replaced(target: Path) -> Iterator[TextIO]:
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
    handle, part = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def table_path(path: str) -> Path:
    """The path of a table to read; a missing file and a directory are complaints."""
    found = Path(path)
    if found.is_dir():
        raise Complaint(f"{path} is a directory.", cure="Name a CSV file in it.")
    if not found.exists():
        raise Complaint(f"There is no file {path}.", cure="Check the path.")
    return found


def load_model(path: str) -> Model | ProductModels:
    """The model, or the models by product, of a JSON file."""
    from spc.nouns import load_model as read

    cure = "Write one with `spc fit REFERENCE.csv -o MODEL.json`."
    try:
        return read(table_path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as broken:
        raise BadModel(f"{path} is not a model file: it is not text.", cure=cure) from broken
    except RecursionError as broken:
        raise BadModel(f"{path} is not a model file: it is nested too deeply.", cure=cure) from broken


def listed(rows: Sequence[int], most: int = 20) -> str:
    """Row numbers for a person.

    >>> listed([3, 17, 18, 19, 40])
    '3, 17-19, 40'
    """
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][-1] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    said = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(said[:most]) + (f" and {len(said) - most} more" if len(said) > most else "")


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on stdout; never a NaN."""
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def print_findings(findings: Sequence[Finding]) -> None:
    """Each finding as a line: its severity, what was seen, the cure."""
    for finding in findings:
        typer.echo(f"{finding.severity:>5}: {finding.text}" + (f" {finding.cure}" if finding.cure else ""))


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """A bar on stderr while a person watches; nothing at all in a script."""
    if not sys.stderr.isatty():
        yield lambda share, what: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda share, what: bar.update(task, completed=share, description=what or label)
