"""`spc fit`: a reference becomes a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spc.cli import files
from spc.errors import BadRecipe

if TYPE_CHECKING:
    from spc.nouns import Model, Reference
    from spc.phase1 import Recipe, Review

_ESTIMATORS = (  # spelled out: `spc fit --help` must not wait for numpy
    "mcd",
    "classical",
    "s",
    "mm",
    "cellwise",
    "ogk",
    "mrcd",
    "componentwise",
    "ledoit_wolf",
    "oas",
    "modified_cholesky",
    "successive_differences",
)
NAME = "fit"
SHORT = "A reference becomes a model."
EXAMPLE = (
    "spc fit data/demo_circuit_boards/phase1_reference.csv -o model.json",
    'spc fit data/demo_circuit_boards/phase1_reference.csv -o strict.json --false-alarms "1 per week" --every 45s --rows fitted.csv',
    "spc fit data/demo_circuit_boards/phase1_reference.csv -o model.json --report report.html",
)


def command(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE.csv", help="Rows of the process in control.")],
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="MODEL.json", help="Where the model is written.")] = None,
    estimator: Annotated[
        str, typer.Option(metavar='NAME or "NAME word=value …"', help=f"How centre and scatter are found: {', '.join(_ESTIMATORS)}.")
    ] = "mcd",
    h: Annotated[str | None, typer.Option(metavar="H", help="For mcd, mrcd, cellwise: the share of rows or cells to rest on.")] = None,
    alpha: Annotated[float | None, typer.Option(help="False alarms per point, 0.0027 when nothing is said.")] = None,
    arl0: Annotated[float | None, typer.Option(help="The same as rows between false alarms: 370.")] = None,
    false_alarms: Annotated[str | None, typer.Option(metavar="BUDGET", help='The same as a budget: "1 per week".')] = None,
    ucl: Annotated[float | None, typer.Option(metavar="T²", help="Or the limit itself: what it means is then told.")] = None,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time between rows, or between subgroups, when it is not that of the file: 45s.")
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(metavar='"K of N"', help="The line's rule for a signal, of which there are as few as asked. [default: 1 of 1]"),
    ] = None,
    charts: Annotated[str, typer.Option(metavar="NAME,…", help="Charts to draw.")] = "t2",
    limit: Annotated[str, typer.Option(help="The law of the limit: auto, f, chi2, calibrated, crossfit, bootstrap or kde.")] = "auto",
    guarantee: Annotated[
        float | None,
        typer.Option(metavar="CONFIDENCE", help="Limits that keep to alpha with this confidence for this very reference: 0.9."),
    ] = None,
    overall: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="Outliers of the reference: this share of clean references shows any, as 0.01."),
    ] = None,
    dynamics: Annotated[
        str, typer.Option(metavar="WORDS", help='Rows depend on those before: "lagged 1" … "lagged 5" (dynamic T²), or residual (VAR(1)).')
    ] = "",
    recommended: Annotated[
        bool,
        typer.Option("--recommended", help="As `spc recommend` says, for what is not said here: estimator, charts, columns to leave out."),
    ] = False,
    known: Annotated[
        str | None, typer.Option(metavar="PARAMETERS.json", help='Declare {"center": […], "covariance": [[…]]} known: a chi-squared chart.')
    ] = None,
    ignore: Annotated[str, typer.Option(metavar="COL,…", help="Columns to leave out.")] = "",
    time: Annotated[str | None, typer.Option(metavar="COL", help="The column with the time.")] = None,
    id: Annotated[str | None, typer.Option(metavar="COL", help="The column with the part or serial number.")] = None,
    subgroup: Annotated[str | None, typer.Option(metavar="COL", help="The column with the subgroup: means are judged.")] = None,
    product: Annotated[str | None, typer.Option(metavar="COL", help="The column with the product: a model for each.")] = None,
    pool: Annotated[bool, typer.Option("--pool", help="With --product: one scatter for all products, a centre each.")] = False,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The zone of times that do not say theirs.")] = "UTC",
    exclude: Annotated[
        str | None, typer.Option(metavar="ROWS.csv", help="Rows to leave out of the fit: columns row, reason and perhaps note.")
    ] = None,
    rows: Annotated[str | None, typer.Option(metavar="FITTED.csv", help="Write t2, ucl, out, used for every reference row.")] = None,
    report: Annotated[
        str | None, typer.Option(metavar="REPORT.html", help="Write a report to keep: one file with every table and picture.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is simulated.")] = 0,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Keep what is simulated, for the next fit of this kind.")] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Fit a model to a reference: its centre and scatter, its limits with their laws, its outliers."""
    if product is None and pool:
        raise BadRecipe("--pool is for several products.", cure="Name their column with --product.")
    if product is not None and report is not None:
        raise BadRecipe("--report is for one product.", cure="Write one file per product and report each.")
    if (json, output, rows, report).count("-") + json > 1:
        raise BadRecipe("Two things on stdout would mix.", cure="Name a file.")
    from spc import phase1
    from spc.cli import asked, shelf
    from spc.reference import read

    with files.progress("reading") as progress, shelf.kept(cache):
        table = read(files.table_path(reference), roles=asked.roles(ignore, time, id, subgroup, product), timezone=timezone)
        recipe = asked.recipe(
            table,
            estimator=estimator,
            h=h,
            known=known,
            charts=charts,
            budget=(alpha, arl0, false_alarms, every),
            limit=limit,
            ignore=ignore,
            seed=seed,
            exclude=exclude,
            subgroup=subgroup,
            product=product,
            pool=pool,
            watch=watch,
            guarantee=guarantee,
            overall=overall,
            ucl=ucl,
            dynamics=dynamics,
        )
        if recommended:
            recipe = _recommended(table, recipe)
        progress(0.0, "fitting")
        if product is not None:
            from spc.cli import products

            products.put(phase1.fit_products(table, recipe, progress), table, output, rows, json)
            return
        fitted = phase1.fit(table, recipe, progress)
    if rows is not None:
        _write_rows(rows, table, fitted.review)
    if report is not None:
        from spc.report.page import report as told

        with files.written(report) as out:
            out.write(told(table, fitted.model, timezone=timezone))
    if output is not None:
        with files.written(output) as out:
            out.write(fitted.model.to_json() + "\n")
    if json:
        from spc.export import model_summary

        files.print_json(model_summary(fitted.model))
    elif "-" not in (output, rows, report):
        _tell(fitted.model, output)


def _recommended(table: Reference, recipe: Recipe) -> Recipe:
    """The recipe with what the reference asks for; the reasons go to stderr, where they are in nobody's way."""
    from spc.phase1 import recommend

    found = recommend(table, recipe)
    for one in found.reasons:
        typer.echo(f"{one.text} {one.cure}", err=True)
    return found.recipe


def _write_rows(path: str, table: Reference, review: Review) -> None:
    from spc.export import review_table, write_csv

    with files.written(path) as out:
        write_csv(review_table(table, review.t2, review.ucl, review.out, review.used), out)


def _tell(model: Model, output: str | None) -> None:
    from spc.runlength.budget import Budget

    taken = "" if model.subgroup is None else f" in {model.subgroup.groups} subgroups"
    typer.echo(f"{model.n} rows{taken} of {model.p} variables, {model.estimator}: {', '.join(model.names)}.")
    what = "rows" if model.subgroup is None else f"subgroups of {model.subgroup.size}"
    promised = Budget.kept(model)
    rule = "" if promised.watch.n == 1 else f", when a signal is {promised.watch} points beyond"
    most = "at most " if model.recipe.get("guarantee") else ""
    points = "rows" if model.subgroup is None else "subgroups"
    for name, limits in model.new_limits.items():
        typer.echo(
            f"{name}: UCL {limits[-1].value:.4g} for new {what} ({limits[-1].law}), "
            f"{most}one false alarm in {promised.arl0:.4g} {points}{rule}."
        )
    if model.recipe.get("ucl") is not None:
        typer.echo(f"This limit means α {model.alpha:.4g}, ARL₀ {promised.arl0:.4g}: {promised.words}.")
    if model.outliers:
        typer.echo(f"Outliers: rows {files.listed(model.outliers)}.")
    if model.excluded:
        typer.echo(f"Not in the fit: rows {files.listed([one.row for one in model.excluded])}.")
    if model.guards:
        typer.echo(f"Guards, which signal by themselves when they move: {', '.join(guard.name for guard in model.guards)}.")
    files.print_findings(model.findings)
    typer.echo(f"Model written to {output}." if output is not None else "The model was not kept: name a file with -o.")
