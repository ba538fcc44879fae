"""How to get the same numbers again: the command, the rows it needs, the versions and the digests."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from spc.nouns import Model, Reference
from spc.phase1 import Recipe
from spc.report.markup import Html, facts, tag

EXCLUDED = "excluded.csv"
KNOWN = "parameters.json"
_OPTIONS = (
    *("alpha", "budget", "ucl", "limit", "ignore", "exclusions", "seed", "subgroup", "product", "pool", "dynamics"),
    *("guarantee", "overall"),
)


def command(reference: Reference, model: Model) -> str:
    """The `spc fit` that gives this model again.

    Rows that a person excluded stand in excluded.csv, known parameters in parameters.json.
    """
    recipe = model.recipe
    words = ["spc", "fit", reference.name or "REFERENCE.csv", "-o", "model.json", *_estimator(dict(recipe.get("estimator", {})))]
    words += [*_promised(model), "--charts", ",".join(recipe.get("charts", ["t2"]))]
    words += ["--limit", str(recipe.get("limit", "auto")), "--seed", str(recipe.get("seed", 0))]
    for option in ("guarantee", "overall"):
        words += [f"--{option}", repr(recipe[option])] if recipe.get(option) is not None else []
    left_out = [*recipe.get("ignore", ()), *(c.name for c in reference.columns if c.role == "ignore")]
    roles = {"--ignore": ",".join(dict.fromkeys(left_out)), "--time": model.time_column, "--id": model.id_column}
    for option, value in {**roles, "--subgroup": recipe.get("subgroup"), "--dynamics": recipe.get("dynamics")}.items():
        if value:
            words += [option, value]
    if recipe.get("exclusions"):
        words += ["--exclude", EXCLUDED]
    return shlex.join(words)


def _promised(model: Model) -> list[str]:
    """The false alarms as they were said, or the limit that was given."""
    recipe = model.recipe
    said = {**({"ucl": recipe["ucl"]} if recipe.get("ucl") is not None else {}), **(recipe.get("budget") or {})} or {"alpha": model.alpha}
    told = {word: value if isinstance(value, str) else repr(value) for word, value in said.items()}
    return [part for word, value in told.items() for part in (f"--{word.replace('_', '-')}", value)]


def _estimator(asked: dict[str, Any]) -> list[str]:
    name = str(asked.get("name", "mcd"))
    if name == "known":
        return ["--known", KNOWN]
    h = asked.get("h")
    return ["--estimator", name, *(["--h", repr(h)] if h is not None else [])]


def _has_words(recipe: Mapping[str, Any]) -> bool:
    """Whether the options of `spc fit` say all that was asked: of the estimator its name, h and known parameters, of charts their names."""
    asked = dict(recipe.get("estimator", {}))
    estimator = {key: asked[key] for key in ("name", "h", "center", "covariance") if asked.get(key) is not None}
    plain = {key: value for key, value in recipe.items() if key in _OPTIONS}
    return Recipe.from_dict({**plain, "estimator": estimator, "charts": list(recipe.get("charts", ["t2"]))}) == Recipe.from_dict(recipe)


def excluded_csv(exclusions: list[Mapping[str, Any]]) -> str:
    """The rows that a person excluded, as `spc fit --exclude` reads them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["row", "reason", "note"])
    writer.writerows([one["row"], one["reason"], one.get("note", "")] for one in exclusions)
    return out.getvalue()


def again(reference: Reference, model: Model) -> list[Html]:
    """The section of the report."""
    words = {
        "Program": f"spc {model.code_version}, model format {model.version}, numpy {np.__version__}",
        "Digest of the model": tag("code", model.digest),
        "Digest of the data": tag("code", reference.digest),
        "Seed": model.recipe.get("seed", 0),
        "T² of a row": "(x − m)ᵀ S⁻¹ (x − m), by the Cholesky factor of S, with m and S as above",
        "p-value of a row": "the law of a new row, read from the model's grid of (α, value)",
    }
    parts = [facts(words), tag("p", "The command:"), tag("pre", command(reference, model))]
    if model.recipe.get("exclusions"):
        parts += [tag("p", f"with these rows in {EXCLUDED}:"), tag("pre", excluded_csv(list(model.recipe["exclusions"])))]
    if model.recipe.get("estimator", {}).get("name") == "known":
        parts.append(tag("p", f"with the names, the centre and the covariance above in {KNOWN}."))
    if not _has_words(model.recipe):
        asked = json.dumps(dict(model.recipe), ensure_ascii=False)
        code = f"spc.fit(spc.read({reference.name!r}), spc.Recipe.from_dict(json.loads({asked!r})))"
        parts += [tag("p", "The terminal has no words for all that was asked; from Python:"), tag("pre", code)]
    parts.append(tag("p", "The same file and the same command give the same digest; `spc fit … --json` prints it."))
    return parts
