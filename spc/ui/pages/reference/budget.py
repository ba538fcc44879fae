"""The budget of false alarms as it is typed, and what it means in all the ways to say it: before a fit about, after it exactly."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from spc.errors import BadRecipe
from spc.limits import lookup
from spc.nouns import Model, Reference
from spc.phase1.given import alpha_of
from spc.phase1.laws import Exact, Law
from spc.phase1.means import ExactMeans, MeanLaw
from spc.runlength.budget import Budget, duration, given_limit
from spc.scatter import Mcd, title
from spc.ui.pages.reference import estimators
from spc.ui.words import number

WAYS: Final = "0.0027, ARL₀ 370, 1 per week, or UCL 21.5"


def typed(text: Any) -> dict[str, str]:
    """The words of a budget as they were typed into one field: "0.0027", "370", "1 per week", "UCL 21.5", each perhaps with "every 45s" and
    "2 of 3".

    >>> typed("0,0027"), typed("ARL₀ 370, 2 of 3"), typed("UCL = 21.5")
    ({'alpha': '0,0027'}, {'watch': '2 of 3', 'arl0': '370'}, {'ucl': '21.5'})
    >>> typed("1 per week at one row every 45 s")
    {'every': '45 s', 'false_alarms': '1 per week'}
    """
    left, found = str(text).strip().lower(), dict[str, str]()
    for word, pattern in (
        ("watch", r"[,;]?\s*(\d+ *(?:out )?of *\d+)(?: points?| rows?)?"),
        ("every", r"[,;]?\s*(?:at )?(?:one (?:row|subgroup) )?every (\d\S* *[a-z]*)"),
    ):
        if there := re.search(pattern, left):
            found[word] = there.group(1)
            left = (left[: there.start()] + left[there.end() :]).strip(" ,;")
    number_of = re.fullmatch(r"(?:(arl ?[0₀]?|α|alpha|ucl|limit)\s*=?\s*)?([-+.,\d]+(?:e[-+]?\d+)?)", left)
    if number_of is None:
        return {**found, "false_alarms" if re.search(r"\d", left) else "alpha": left}
    name, value = number_of.group(1) or "", number_of.group(2)
    if name in ("ucl", "limit"):
        return {**found, "ucl": value}
    small = re.fullmatch(r"[-+]?0*[.,]?\d*|.*e-.*|-.*", value) and not _at_least_one(value)
    way = "arl0" if name.startswith("arl") or (not name and not small) else "alpha"
    return {**found, way: value}


def _at_least_one(text: str) -> bool:
    try:
        return float(text.replace(",", ".")) >= 1.0
    except ValueError:
        return False


def words_of(text: Any) -> dict[str, str]:
    """The same; raises BadRecipe when nothing was typed."""
    if not str(text).strip():
        raise BadRecipe("How many false alarms are accepted is not said.", cure=f"Write for instance {WAYS}.")
    return typed(text)


def asked(text: Any, interval: float | None, point: str) -> dict[str, Any]:
    """What a recipe keeps of a budget that was typed: alpha, the words of other ways, or ucl. Raises BadRecipe."""
    said = words_of(text)
    if (ucl := given_limit(said)) is not None:
        return {"ucl": ucl, **{word: said[word] for word in ("every", "watch") if word in said}}
    made = Budget.of(said, interval, point=point)
    return {"alpha": made.alpha} | ({"budget": made.to_dict()} if set(made.to_dict()) != {"alpha"} else {})


def said_before(model: Model) -> str:
    """The budget as it was typed for a model, its limit where this was given, or its alpha.

    The time between rows is said again only where it is a part of the budget.
    """
    said = model.recipe.get("budget") or {}
    way = next((f"ARL₀ {said[w]:g}" if isinstance(said.get(w), float) else str(said[w]) for w in ("arl0", "false_alarms") if w in said), "")
    ucl = model.recipe.get("ucl")
    way = way or (f"UCL {ucl:.12g}" if ucl is not None else number(model.alpha, 6))
    every = f" every {said['every']}" if "every" in said else ""
    rule = f", {said['watch']}" if "watch" in said else ""
    return f"{way}{every}{rule}"


def promise(
    text: Any,
    interval: float | None = None,
    model: Model | None = None,
    table: Reference | None = None,
    *,
    estimator: str = estimators.AS_BEFORE,
    subgroup: str = "",
    memory: Sequence[str] = (),
    dynamics: str = "",
) -> str:
    """What a budget means on the line, in all the ways to say it, with the limit of T² that it gives; or what a limit means.

    For the fitted `model`, and for what is chosen for the next fit of `table`: an estimator's key, the column of subgroups, charts beside
    T². `interval` is the time between points, in seconds. Raises BadRecipe in words for what makes no sense.

    >>> promise("0.0027")
    'α 0.0027 · ARL₀ 370: one false alarm in 370 rows'
    """
    said, point = words_of(text), "subgroup" if subgroup else "row"
    law = _law(model, table, estimator, subgroup, memory, dynamics)
    if (ucl := given_limit(said)) is not None:
        if memory:
            text = "A given UCL is that of T² alone, and charts beside it would share its false alarms."
            raise BadRecipe(text, cure="Say how many false alarms all of them may have, or take T² alone.")
        if law is None:
            return f"UCL {number(ucl)} · what it means is known after the fit"
        step = duration(said["every"]) if "every" in said else interval
        meant = Budget.of({"alpha": law.alpha(ucl), "watch": said.get("watch")}, step, point=point)
        return f"UCL {number(ucl)} · {law.words('α', law.same(meant.alpha))} {number(meant.alpha)} · {_rest(meant)}"
    made = Budget.of(said, interval, point=point)
    told = f"α {number(made.alpha)} · {_rest(made)}"
    if law is None:
        return told if table is None and model is None else f"{told} · UCL known after the fit"
    return f"{told} · {law.told(made.alpha)}"


def _rest(made: Budget) -> str:
    timed = made.every is not None and "false_alarms" not in dict(made.asked)
    return f"ARL₀ {number(made.arl0)}{' · ' if timed else ': '}{made.words}"


@dataclass(frozen=True)
class _Guess:
    """T² before or after a fit: `limit` from its alpha and `alpha` from its limit; the `share` of the line's alpha that is T²'s, with
    `most` when no more than that is known; and the alpha, `at`, at which the model's limit is exact.
    """

    limit: Callable[[float], float | None]
    alpha: Callable[[float], float]
    share: float = 1.0
    most: int = 0
    at: float | None = None

    def same(self, alpha: float) -> bool:
        """Whether the model itself has this alpha."""
        return self.at is not None and math.isclose(alpha * self.share, self.at, rel_tol=1e-9)

    def words(self, what: str, sure: bool) -> str:
        """ "UCL", "UCL about", "UCL before the fit about"."""
        return what if sure else f"{what} about" if self.at is not None else f"{what} before the fit about"

    def told(self, alpha: float) -> str:
        """The limit in words."""
        value = self.limit(alpha * self.share)
        if value is None:
            return "UCL known after the fit"
        if self.most:
            return f"UCL of T² at most about {number(value)}: {self.most} charts share the false alarms; exact after the fit"
        return f"{self.words('UCL of T²' if self.share < 1.0 else 'UCL', self.same(alpha))} {number(value)}"


def _law(
    model: Model | None, table: Reference | None, estimator: str, subgroup: str, memory: Sequence[str], dynamics: str = ""
) -> _Guess | None:
    """What can be said of T²: by the law that the model keeps, when the next fit asks for the same one, else by the table's size."""
    charts = {"t2", *memory}
    alike = model is not None and (_grouped(model), str(model.recipe.get("dynamics", ""))) == (subgroup, dynamics)
    if model is not None and alike and estimator in (estimators.AS_BEFORE, estimators.of(model)[0]):
        limit = model.new_limits["t2"][-1]
        same = charts == set(model.new_limits)
        share, most = (limit.alpha / model.alpha, 0) if same else (1.0 / len(charts), len(charts) if len(charts) > 1 else 0)
        return _of_model(model, share, most)
    found = None if table is None or dynamics else _sketch(table, estimator, subgroup)
    if found is None:
        return None
    law, p = found
    many = len(charts) if len(charts) > 1 else 0
    return _Guess(lambda alpha: law.new_row(alpha, p).value, lambda ucl: alpha_of(law, ucl, p), 1.0 / len(charts), many)


def _grouped(model: Model) -> str:
    return str(model.recipe.get("subgroup", ""))


def _of_model(model: Model, share: float, most: int) -> _Guess:
    limit = model.new_limits["t2"][-1]
    pairs = sorted({**dict(model.tails["t2"]), limit.alpha: limit.value}.items())
    alphas, values = (np.array(column) for column in zip(*pairs, strict=True))

    def value(alpha: float) -> float | None:
        if math.isclose(alpha, limit.alpha, rel_tol=1e-9):
            return limit.value
        return float(np.interp(np.log(alpha), np.log(alphas), values)) if alphas[0] <= alpha <= alphas[-1] else None

    def back(ucl: float) -> float:
        if ucl == limit.value:
            return limit.alpha
        if not values[-1] <= ucl <= values[0]:
            cure = f"Give one from {number(values[-1])} to {number(values[0])}."
            raise BadRecipe(f"What a UCL of {number(ucl)} would mean is not worked out here.", cure=cure)
        return float(np.exp(np.interp(ucl, values[::-1], np.log(alphas[::-1]))))

    return _Guess(value, back, share, most, limit.alpha)


def _sketch(table: Reference, estimator: str, subgroup: str) -> tuple[Law, int] | None:
    """The law for the rows and measurements that a fit will find, as far as it is known without one: classical, or from the table."""
    x = table.x
    whole = ~np.isnan(x).any(axis=1)
    n, p = int(whole.sum()), int(np.sum(np.ptp(x[whole], axis=0) > 0.0)) if whole.any() else 0
    if n <= p + 1 or not p:
        return None
    if subgroup:
        sizes = np.unique(np.array(table.rows.subgroup)[whole], return_counts=True)[1]
        k = int(np.median(sizes))
        return (MeanLaw(ExactMeans(n, len(sizes), p), k, k), p) if len(sizes) > 1 and n - len(sizes) > p else None
    asked = estimators.OFFERS[estimator].asked if estimator in estimators.OFFERS else {}
    if asked.get("name") == "mcd":
        made = Mcd(h=float(asked["h"]))
        return lookup("mcd", float(asked["h"]), title(made), n, p) or Exact(n, p), p
    return Exact(n, p), p
