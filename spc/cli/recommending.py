"""`spc recommend`: what a reference asks for before anything is fitted, with the reason of each change."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from spc.cli import files

if TYPE_CHECKING:
    from spc.phase1 import Recipe

NAME = "recommend"
SHORT = "The estimator, variables and charts that a reference asks for."
EXAMPLE = ("spc recommend data/demo_circuit_boards/phase1_reference.csv",)


def command(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE.csv", help="Rows of the process in control.")],
    alpha: Annotated[float, typer.Option(help="False alarms per point.")] = 0.0027,
    ignore: Annotated[str, typer.Option(metavar="COL,…", help="Columns to leave out.")] = "",
    time: Annotated[str | None, typer.Option(metavar="COL", help="The column with the time.")] = None,
    id: Annotated[str | None, typer.Option(metavar="COL", help="The column with the part or serial number.")] = None,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Look at all rows and tell what a fit should do other than usual, and why; `spc fit --recommended` does it. The person decides."""
    from spc.cli import asked
    from spc.phase1 import Recipe, recommend
    from spc.reference import read

    with files.progress("reading"):
        table = read(files.table_path(reference), roles=asked.roles(ignore, time, id), timezone=timezone)
        found = recommend(table, Recipe(alpha=alpha))
    if json:
        files.print_json({"recipe": found.recipe.to_dict(), "reasons": [one.to_dict() for one in found.reasons]})
        return
    for one in found.reasons:
        typer.echo(f"{one.text} {one.cure}")
    if not found.reasons:
        typer.echo("The usual fit will do.")
    typer.echo(f"  {_fit(reference, found.recipe, ignore)}")


def _fit(reference: str, recipe: Recipe, ignore: str) -> str:
    """The command that fits it."""
    left_out = ",".join([*([ignore] if ignore else []), *recipe.ignore])
    words = ["spc", "fit", reference, "-o", "model.json", "--estimator", recipe.estimator.name, "--alpha", f"{recipe.alpha:g}"]
    words += ["--charts", ",".join(recipe.charts)] if set(recipe.charts) != {"t2"} else []
    words += ["--ignore", left_out] if left_out else []
    return shlex.join(words)
