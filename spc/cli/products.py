"""`spc fit --product`: a model for each product of a reference, and whether their scatters agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import typer

from spc.cli import files

if TYPE_CHECKING:
    from spc.nouns import Model, ProductModels, Reference
    from spc.phase1 import ProductFits


def put(fitted: ProductFits, table: Reference, output: str | None, rows: str | None, json: bool) -> None:
    """Writes what was asked for: the models, a line per reference row, one JSON object, or words."""
    models = fitted.models
    if rows is not None:
        _write_rows(rows, table, fitted)
    if output is not None:
        with files.written(output) as out:
            out.write(models.to_json() + "\n")
    if json:
        from spc.export import products_summary

        files.print_json(products_summary(models))
    elif "-" not in (output, rows):
        _tell(models)
        typer.echo(f"Models written to {output}." if output is not None else "The models were not kept: name a file with -o.")


def _write_rows(path: str, table: Reference, fitted: ProductFits) -> None:
    from spc.export import review_table, write_csv

    n = len(table)
    t2, ucl, out, used = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    for product, review in fitted.reviews.items():
        place = np.array(fitted.rows[product]) - 1
        t2[place], ucl[place], out[place], used[place] = review.t2, review.ucl, review.out, review.used
    with files.written(path) as to:
        write_csv(review_table(table, t2, ucl, out, used), to)


def _tell(models: ProductModels) -> None:
    for product, model in models.models.items():
        limit = model.new_limits["t2"][-1]
        typer.echo(f"{product}: {_taken(model)} of {model.p} variables, {model.estimator}; t2 UCL {limit.value:.4g} ({limit.law}).")
        if model.outliers:
            typer.echo(f"  Outliers: rows {files.listed(model.outliers)}.")
        if model.excluded:
            typer.echo(f"  Not in the fit: rows {files.listed([one.row for one in model.excluded])}.")
        files.print_findings(model.findings)
    files.print_findings(models.findings)


def _taken(model: Model) -> str:
    return f"{model.n} rows" + ("" if model.subgroup is None else f" in {model.subgroup.groups} subgroups")
