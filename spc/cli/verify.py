"""`spc verify`: is everything that was stored whole, and does every point come out of its row and its model again, to the last bit?"""

from __future__ import annotations

import gc
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spc.cli import files
from spc.cli.archive import CONFIG, FOLDER, LEDGER, opened, settled
from spc.errors import Complaint, LedgerError

if TYPE_CHECKING:
    from spc.ledger import Ledger
    from spc.line.reproduced import Difference, Reproduced

NAME = "verify"
SHORT = "Is what was stored whole and right?"
EXAMPLE = ("spc verify --ledger run.db", "spc verify --ledger run.db --line smt-2 --since 2026-11-01 --json")


def command(
    ledger: Annotated[str | None, LEDGER] = None,
    line: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this line; may be said more than once.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only rows made from then on, in the plant's time.")] = None,
    archive: Annotated[str | None, FOLDER] = None,
    config: Annotated[str, CONFIG] = "config",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Check the database, the archive's files and the models, then judge all stored rows again and compare every value and limit.

    0: all is well. 1: something differs; it is said what and where. Lines may run meanwhile.
    """
    settings = settled(ledger, archive, config)
    start = None if since is None else _us(since, settings.zone)
    with opened(settings) as book, files.progress("checking") as tell:
        tell(0.0, "checking the database")
        gc.freeze()  # what is loaded is not garbage: to look through it again and again takes half of the time
        troubles = _whole(book)
        wanted = _lines(book, line)
        sizes = [_size(book, one) for one in wanted]
        found: list[Reproduced] = []
        for k, one in enumerate(wanted):
            before = sum(sizes[:k])
            found += _proved(book, one, start, troubles, lambda done, before=before, one=one: tell(_share(before + done, sizes), one))
    good = not troubles and not any(one.differing for one in found)
    if json:
        files.print_json({"good": good, "troubles": troubles, "lines": [_told(one) for one in found]})
    else:
        _print(troubles, found, good)
    if not good:
        raise typer.Exit(1)


def _us(said: str, zone: Any) -> int:
    """A time as µs UTC."""
    from datetime import datetime

    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise Complaint(f"{said!r} is no time.", cure="Write it as 2026-01-31 or 2026-01-31T06:00.") from None
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1e6)


def _whole(ledger: Ledger) -> list[str]:
    """What is wrong with the database, the archive and the models."""
    from spc.errors import BadModel
    from spc.ledger import models
    from spc.ledger.archive import check_files

    troubles = ledger.check()
    with ledger.read() as connection:
        troubles += check_files(connection)
        for one in models.models(connection, limit=1_000_000):
            try:
                whole = models.get_model(connection, one.id).digest == one.digest
            except BadModel as bad:
                troubles.append(f"model {one.id}: {bad.text}")
            else:
                troubles += [] if whole else [f"model {one.id} is not the one that was stored"]
    return troubles


def _lines(ledger: Ledger, wanted: list[str] | None) -> list[str]:
    from spc.ledger import lines

    with ledger.read() as connection:
        for one in wanted or ():
            lines.need_line(connection, one)
        return list(wanted) if wanted else list(lines.lines(connection))


def _size(ledger: Ledger, line: str) -> int:
    from spc.line.reproduced import size

    return size(ledger, line)


def _share(done: int, sizes: list[int]) -> float:
    return min(1.0, done / max(1, sum(sizes)))


def _proved(ledger: Ledger, line: str, since: int | None, troubles: list[str], tell: Any) -> list[Reproduced]:
    """What came of a line; a damaged file or model that stands in the way is a trouble."""
    from spc.errors import BadModel
    from spc.line.reproduced import reproduce

    try:
        return [reproduce(ledger, line, since, tell)]
    except (LedgerError, BadModel) as broken:
        troubles.append(f"line {line} could not be judged again: {broken}")
        return []


def _told(one: Reproduced) -> dict[str, Any]:
    worst = one.worst if one.worst < float("inf") else None
    first = [asdict(each) for each in one.differences]
    return {
        "line": one.line,
        "first": one.first,
        "rows": one.rows,
        "points": one.points,
        "differing": one.differing,
        "worst": worst,
        "differences": first,
    }


def _print(troubles: list[str], found: list[Reproduced], good: bool) -> None:
    for said in troubles:
        typer.echo(f"wrong: {said}")
    for one in found:
        again = f"{one.line}: {one.rows} rows judged again, {one.points} points compared"
        if not one.differing:
            typer.echo(f"{again}, all the same to the last bit.")
            continue
        far = f"by up to {one.worst:.1e} of their size" if 0.0 < one.worst < float("inf") else "not in the last digits only"
        typer.echo(f"{again}, {one.differing} numbers differ ({far}):")
        for each in one.differences:
            typer.echo(f"  {_said(each)}")
        if one.differing > len(one.differences):
            typer.echo(f"  and {one.differing - len(one.differences)} more")
    typer.echo("All is well." if good else "Something differs.")


def _said(one: Difference) -> str:
    if one.what == "memory":
        return f"after row {one.row} the charts remember {one.found}; the ledger has {one.stored}"
    if one.what in ("judged", "not judged"):
        chart, stored = f", {one.chart}" if one.chart else "", f"judged {one.stored}" if one.stored else "not judged"
        return f"row {one.row}{chart}: stored as {stored}, found {one.found or 'not judged'}"
    return f"row {one.row}, {one.chart}: the {one.what} is stored as {one.stored!r}, found {one.found!r}"
