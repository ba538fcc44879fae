"""The estimators that the page offers, in words: what each bears, what it costs, when to take it; and which one a table asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from spc.errors import Complaint
from spc.inspect import Measured
from spc.nouns import Model, Reference, Rows
from spc.phase1.recipe import made
from spc.phase1.recommend import advised
from spc.report.told import estimator_words
from spc.scatter import ESTIMATORS

AS_BEFORE: Final = "as before"


@dataclass(frozen=True, slots=True)
class Offer:
    """One choice: its words in the list, its help below, and what the recipe says."""

    words: str
    help: str
    asked: Mapping[str, Any] = field(default_factory=dict)


OFFERS: Final[Mapping[str, Offer]] = {
    "mcd": Offer(
        "MCD, h = 0.75: bears 25 % bad rows",
        "Bears up to 25 % bad rows and shows them all. The usual choice: a robust fit that is still precise. Needs more than 2 rows per "
        "variable; 5 are better.",
        {"name": "mcd", "h": 0.75},
    ),
    "mcd50": Offer(
        "MCD, h = 0.5: bears nearly 50 %",
        "Bears nearly half of the rows being bad. Less precise: its limit is higher on the same rows. For a reference that nobody trusts.",
        {"name": "mcd", "h": 0.5},
    ),
    "mm": Offer(
        "MM: bears nearly 50 %, most precise",
        "Bears nearly half of the rows being bad when they are far off, and is nearly as precise as the classical estimate on good ones. "
        "Bad rows close to the good ones pull it more than they pull MCD. Needs more than 3 rows per variable.",
        {"name": "mm"},
    ),
    "s": Offer(
        "S: bears nearly 50 %, smooth",
        "Bears nearly half of the rows being bad, without a sharp line between good and bad: small changes of the data change it little. "
        "Precise with many variables, less so with two or three. Needs more than 3 rows per variable.",
        {"name": "s"},
    ),
    "cellwise": Offer(
        "Cellwise: single bad values, fits gaps",
        "Sets single values aside instead of whole rows, and fits rows with gaps. For many variables of which each fails now and then: "
        "20 % bad values in each column are borne. Needs 5 rows per variable; rows that are bad as a whole are better left to MCD.",
        {"name": "cellwise"},
    ),
    "ogk": Offer(
        "OGK: quick, many variables",
        "Made of pairs of variables, without a search: quick with a hundred variables. Bears bad rows that are far off; close ones pull it "
        "more than they pull MCD. Needs more than 2 rows per variable.",
        {"name": "ogk"},
    ),
    "mrcd": Offer(
        "MRCD: more variables than rows",
        "Bears up to 25 % bad rows with any number of variables, also with more variables than rows. Correlations are drawn towards none "
        "as far as it must: what the rows cannot tell is not seen later either.",
        {"name": "mrcd"},
    ),
    "componentwise": Offer(
        "Componentwise: median and robust scale",
        "Each variable by itself, then the correlations. Bears bad values in up to half of each column, but no row that is odd only in "
        "how its values go together. A plain fallback, also with more variables than rows.",
        {"name": "componentwise"},
    ),
    "ledoit_wolf": Offer(
        "Ledoit–Wolf: shrunk, rows must be good",
        "The classical estimate with its correlations shrunk as the rows ask for. Bears no bad rows. For clean references with few rows "
        "per variable, also with more variables than rows.",
        {"name": "ledoit_wolf"},
    ),
    "oas": Offer(
        "OAS: shrunk, rows must be good and normal",
        "As Ledoit–Wolf, with the share of shrinking that is best for normal rows. Bears no bad rows.",
        {"name": "oas"},
    ),
    "modified_cholesky": Offer(
        "Modified Cholesky: chains of variables",
        "Each variable explained by a few others. Bears no bad rows. For many variables in a chain, such as sensors along a line; also "
        "with more variables than rows.",
        {"name": "modified_cholesky"},
    ),
    "successive_differences": Offer(
        "Successive differences: steps and drifts",
        "The scatter from one row to the next, so that a step or a slow drift of the reference does not widen the limit. Bears no single "
        "bad rows, and is too narrow when neighbouring rows are alike.",
        {"name": "successive_differences"},
    ),
    "classical": Offer(
        "Classical: every row must be good",
        "Mean and covariance of all rows, with exact limits: the most precise for clean, normal rows. Bears none that is bad: several bad "
        "rows can hide one another.",
        {"name": "classical"},
    ),
}

QUICK: Final = ("mcd", "mcd50", "classical")  # their limits are in the shipped table or exact
SIMULATED: Final = "The limit is simulated for this table: seconds, with many variables or gaps minutes."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An estimator that fits a table better than the usual one, and why."""

    key: str
    why: str


def suggested(table: Reference, excluded: Iterable[int] = (), ignored: Iterable[str] = ()) -> Suggestion | None:
    """What to take instead of the usual MCD, for the rows and measurements that a fit would see; None when MCD will do."""
    names, left = set(ignored), np.ones(len(table), dtype=bool)
    measured = {c.name for c in table.columns if c.role == "measurement"} or set(table.names)
    left[[row - 1 for row in excluded]] = False
    kept = [j for j, name in enumerate(table.names) if name in measured - names]
    advice = advised(Measured.of(Rows.of(table.x[left][:, kept], tuple(table.names[j] for j in kept)), ()))
    return None if advice is None else Suggestion(advice.estimator, advice.why)


def of(model: Model | None, suggestion: Suggestion | None = None) -> tuple[str, dict[str, str]]:
    """Which choice a model's estimator is, and all choices; one that the page does not offer stays as it is.

    Without a model, what the table asks for.
    """
    words = {key: one.words for key, one in OFFERS.items()}
    if model is None:
        return (suggestion.key if suggestion else "mcd"), words
    asked = _asked(model.recipe.get("estimator", {}))
    for key, one in OFFERS.items():
        if asked is not None and asked == _asked(one.asked):
            return key, words
    return AS_BEFORE, {AS_BEFORE: f"{estimator_words(model)}, as before", **words}


def _asked(said: Any) -> Any:
    """The estimator of a recipe's words, whatever group of rows it settled on and whatever its seed; None when there is none."""
    try:
        return made("estimator", {key: value for key, value in dict(said).items() if key not in ("basin", "seed")}, ESTIMATORS)
    except Complaint:
        return None


def help_of(key: str) -> str:
    """What an estimator bears, what it costs, when to take it."""
    if key in OFFERS:
        return OFFERS[key].help if key in QUICK else f"{OFFERS[key].help} {SIMULATED}"
    return "The estimator of the model that is under review, with all its settings."
