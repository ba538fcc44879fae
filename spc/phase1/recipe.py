"""What is asked of a reference: the estimator, the charts, the promise."""

from __future__ import annotations

import difflib
import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from spc.charts import CHARTS, T2, Chart
from spc.errors import BadRecipe
from spc.limits import checked_alpha, checked_confidence
from spc.nouns import Exclusion
from spc.phase1 import dynamic
from spc.runlength.budget import ALL_WORDS, DEFAULT_ALPHA, Budget, duration, given_limit, watched
from spc.scatter import ESTIMATORS, Estimator, Mcd

LIMITS = ("auto", "f", "chi2", "calibrated", "crossfit", "bootstrap", "kde")


@dataclass(frozen=True)
class Recipe:
    """What was asked: estimator, charts, false alarms per row (alpha), the law of the limit, columns to leave out, rows taken out.

    `limit` "auto" takes the exact F law for classical estimates, the calibrated law for robust ones, χ² for known parameters, and the
    reference's own cross-fit distances ("crossfit") where rows that are not normal or not independent would break such a law.
    `subgroup` names the column whose label makes rational subgroups: their means are judged, against the scatter within them. `product`
    names the column that says which product a row is (see `fit_products`), and `pool` asks for one scatter for all of them. `budget` are
    the words from which alpha came, when it was said otherwise (see `Budget`): {"false_alarms": "1 per week", "every": "45s"}.
    `guarantee` 0.9 asks for limits for new rows that keep to alpha with 90 % confidence for this very reference, not on average over
    references (see `spc.limits.guaranteed`); limits for the reference's own rows stay as they are.
    `overall` 0.01 asks for a limit for the reference's own rows that 1 % of clean references exceed anywhere. `ucl` gives the limit of T²
    for a new row itself: alpha then follows from it, and what is said here as alpha is not looked at. `dynamics` "lagged 1" … "lagged 5"
    judges rows together with the rows before them, "residual" what the row before does not imply (see `spc.nouns.Dynamics`). Raises
    BadRecipe for an alpha outside 0 … 1 or an unknown limit.
    """

    estimator: Estimator = field(default_factory=Mcd)
    charts: Mapping[str, Chart] = field(default_factory=lambda: {"t2": T2()})
    alpha: float = 0.0027
    limit: str = "auto"
    ignore: tuple[str, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    seed: int = 0
    subgroup: str = ""
    product: str = ""
    pool: bool = False
    budget: Mapping[str, str | float] = field(default_factory=dict)
    guarantee: float | None = None
    overall: float | None = None
    ucl: float | None = None
    dynamics: str = ""

    def __post_init__(self) -> None:
        checked_alpha(self.alpha)
        self._checked_ucl()
        self._checked_guarantee()
        if self.overall is not None:
            checked_alpha(self.overall)
            self._refuse_groups("An overall rate")
        if self.limit not in LIMITS:
            raise BadRecipe(
                f"There is no limit called '{self.limit}'.", cure=f"{_near(self.limit, LIMITS)}Choose one of {', '.join(LIMITS)}."
            )
        dynamic.checked(
            self.dynamics,
            groups=bool(self.subgroup or self.product or self.pool),
            promises=self.guarantee is not None or self.overall is not None,
        )
        if not self.charts:
            raise BadRecipe("No chart was asked for.", cure=f"Choose from {', '.join(sorted(CHARTS))}.")
        if "t2" not in self.charts:
            raise BadRecipe("The charts lack t2.", cure="Name it, too: t2,mewma. It is what explains an alarm.")

    def _checked_guarantee(self) -> None:
        if self.guarantee is None:
            return
        checked_confidence(self.guarantee)
        self._refuse_groups("A guarantee")

    def _checked_ucl(self) -> None:
        """A limit that is given leaves nothing to share, to widen or to pool."""
        if self.ucl is None:
            return
        given_limit({"ucl": self.ucl})
        if set(self.charts) != {"t2"}:
            others = ", ".join(name for name in self.charts if name != "t2")
            raise BadRecipe(
                f"A given ucl is the limit of T² alone, and {others} would share its false alarms.",
                cure="Fit with this ucl and the chart t2 alone; it tells the arl0 that this is: then ask for that arl0 with all charts.",
            )
        if self.charts["t2"].alpha is not None:
            raise BadRecipe("The ucl and the alpha of chart t2 say the same thing in different ways.", cure="Give one of them.")
        if self.guarantee is not None:
            raise BadRecipe(
                "A given ucl is not moved by a guarantee.",
                cure="Leave one out: an alpha with a guarantee gives the limit; a ucl gives its alpha on average over references.",
            )
        if self.pool:
            raise BadRecipe("A given ucl is not for a pooled scatter.", cure="Give alpha or arl0, or fit each product without pooling.")

    def _refuse_groups(self, what: str) -> None:
        if set(self.charts) != {"t2"} or self.subgroup or self.pool:
            raise BadRecipe(
                f"{what} is for T² of single rows, against a scatter of their own.",
                cure="Take the chart t2 alone, without subgroups and pooling, or leave it out.",
            )

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain words and numbers; `Recipe.from_dict` reads it back."""
        return {
            "estimator": _asked(self.estimator),
            "charts": {name: _asked(chart) for name, chart in self.charts.items()},
            **({"alpha": self.alpha} if self.ucl is None else {"ucl": self.ucl}),
            "limit": self.limit,
            "ignore": list(self.ignore),
            "exclusions": [one.to_dict() for one in self.exclusions],
            "seed": self.seed,
            **{word: value for word in ("subgroup", "product", "pool", "dynamics") if (value := getattr(self, word))},
            **({"budget": dict(self.budget)} if self.budget else {}),
            **{word: value for word, value in (("guarantee", self.guarantee), ("overall", self.overall)) if value is not None},
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any], interval: float | None = None) -> Recipe:
        """A recipe from plain words; raises BadRecipe naming the nearest known word for one that it does not know.

        In place of alpha it takes arl0, or false_alarms with `every` (for want of which `interval`, the seconds seen between points, is
        taken), or ucl; and for each the rule `watch` of the signals; see `Budget.of`.

        >>> Recipe.from_dict({"estimator": "mcd", "alpha": 0.001}).estimator
        Mcd(h=0.75, seed=0, basin='lowest')
        """
        known = list(dict.fromkeys([*(f.name for f in fields(cls)), *ALL_WORDS]))
        for word in d:
            if word not in known:
                raise BadRecipe(f"A recipe has no '{word}'.", cure=f"{_near(word, known)}It has: {', '.join(known)}.")
        alpha, budget = _promised(d, interval)
        try:
            charts = d.get("charts", {"t2": {}})
            return cls(
                estimator=made("estimator", d.get("estimator", "mcd"), ESTIMATORS),
                charts={
                    name: made("chart", {"name": name, **asked}, CHARTS)
                    for name, asked in (charts.items() if isinstance(charts, Mapping) else ((c, {}) for c in charts))
                },
                alpha=alpha,
                limit=str(d.get("limit", "auto")),
                ignore=tuple(str(name) for name in d.get("ignore", ())),
                exclusions=tuple(Exclusion.from_dict(one) for one in d.get("exclusions", ())),
                seed=int(d.get("seed", 0)),
                subgroup=str(d.get("subgroup", "")),
                product=str(d.get("product", "")),
                pool=bool(d.get("pool", False)),
                budget=budget,
                guarantee=None if d.get("guarantee") is None else float(d["guarantee"]),
                overall=None if d.get("overall") is None else float(d["overall"]),
                ucl=given_limit(d),
                dynamics=str(d.get("dynamics") or ""),
            )
        except (TypeError, ValueError, KeyError, AttributeError) as wrong:
            raise BadRecipe(
                f"The recipe cannot be read: {wrong}.", cure="Numbers must be numbers, and every exclusion needs row and reason."
            ) from wrong


def _promised(d: Mapping[str, Any], interval: float | None) -> tuple[float, dict[str, str | float]]:
    """The alpha that the words of a recipe ask for, and the words to keep when they are others than alpha."""
    point = "subgroup" if d.get("subgroup") else "row"
    if given_limit(d) is not None:
        return DEFAULT_ALPHA, _beside_ucl(d, interval)
    asked = [word for word in ALL_WORDS if word != "alpha" and d.get(word) is not None]
    kept = d.get("budget") or {}
    if kept and (asked or not isinstance(kept, Mapping)):
        raise BadRecipe("The recipe says its false alarms twice: as a budget and in other words.", cure="Leave the budget out.")
    if asked:
        made = Budget.of(d, interval, point=point)
        return made.alpha, made.to_dict()
    if not kept:
        return Budget.of({"alpha": d.get("alpha")}).alpha, {}
    made = Budget.of(kept, interval, point=point)
    if d.get("alpha") is not None and not math.isclose(Budget.of({"alpha": d["alpha"]}).alpha, made.alpha, rel_tol=1e-9):
        raise BadRecipe(f"alpha {d['alpha']} is not that of the budget: {made.words}.", cure="Leave one of the two out.")
    return made.alpha, made.to_dict()


def _beside_ucl(d: Mapping[str, Any], interval: float | None) -> dict[str, str | float]:
    """What a given limit leaves to say: the time between points and the rule of the watch, in which its rate is then told."""
    kept = {**(d.get("budget") or {}), **{word: d[word] for word in ("every", "watch") if d.get(word) is not None}}
    step = interval if kept.get("every") is None else duration(kept["every"])
    return {**({} if step is None else {"every": f"{step:.12g}s"}), **({"watch": str(watched(kept["watch"]))} if kept.get("watch") else {})}


def made(kind: str, asked: str | Mapping[str, Any], registry: Mapping[str, Any]) -> Any:
    """The estimator or chart of a name in the registry or "module:Class", with its parameters."""
    words: dict[str, Any] = {"name": asked} if isinstance(asked, str) else dict(asked)
    name = str(words.pop("name", ""))
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            maker = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as missing:
            raise BadRecipe(f"The {kind} '{name}' cannot be loaded: {missing}.", cure="Write it as module:Class.") from missing
    elif name in registry:
        maker = registry[name]
    else:
        raise BadRecipe(
            f"There is no {kind} called '{name}'.", cure=f"{_near(name, list(registry))}Choose from {', '.join(sorted(registry))}."
        )
    for key, value in words.items():
        if isinstance(value, list):
            words[key] = tuple(tuple(v) if isinstance(v, list) else v for v in value)
    try:
        return maker(**words)
    except TypeError as wrong:
        known = [one.name for one in fields(maker)] if is_dataclass(maker) else []
        odd = [word for word in words if word not in known]
        raise BadRecipe(
            f"The {kind} '{name}' does not take {', '.join(odd or words)}.",
            cure=f"{_near(odd[0], known) if odd else ''}It takes: {', '.join(known) or 'nothing'}." if known or odd else str(wrong),
        ) from wrong


def _asked(thing: Any) -> dict[str, Any]:
    listed: dict[str, Any] = {**ESTIMATORS, **CHARTS}
    name = thing.name if listed.get(thing.name) is type(thing) else f"{type(thing).__module__}:{type(thing).__qualname__}"
    return {"name": name, **({f.name: getattr(thing, f.name) for f in fields(thing)} if is_dataclass(thing) else {})}


def _near(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean '{near[0]}'? " if near else ""
