"""The arithmetic of any limit and any point: formula, numbers, law, source, and lines of Python that give the same number."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spc.charts import Spe, charts_of
from spc.charts.believed import LARGEST
from spc.errors import BadRecipe, TooFewRows
from spc.limits import KnownParameters, NewRow, ReferenceRow, lookup
from spc.limits.subgroups import NewSubgroup, ReferenceSubgroup
from spc.nouns import Floats, Limit, Model
from spc.phase2.before import made_of

_INLINE = 12  # variables up to which centre and factor are written out
_TRACY = "Tracy, Young & Mason 1992"


@dataclass(frozen=True)
class Arithmetic:
    """How one number came about: its formula with the numbers put in, its inputs, its law, where that is from, and Python for it.

    `snippet` uses public calls only and prints the number.
    """

    what: str
    value: float
    formula: str
    inputs: Mapping[str, str]
    law: str
    source: str
    snippet: str

    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers."""
        return {
            "what": self.what,
            "value": self.value if np.isfinite(self.value) else None,
            "formula": self.formula,
            "inputs": dict(self.inputs),
            "law": self.law,
            "source": self.source,
            "snippet": self.snippet,
        }


def said(value: float) -> str:
    """A statistic in six digits, or that it is more than a number holds.

    >>> said(4.75), said(LARGEST)
    ('4.75', 'more than 1e300')
    """
    return "more than 1e300" if value >= 1e300 else f"{value:.6g}"


def arithmetic_of_limit(
    model: Model, chart: str = "t2", q: int | None = None, *, reference: bool = False, size: int | None = None
) -> Arithmetic:
    """The arithmetic of a chart's limit for a new row with q variables observed (all when None), or for a row of the reference.

    Of a model with subgroups it is the limit for the mean of `size` rows, the usual number when None.
    Raises BadRecipe for a chart that the model does not have.
    """
    if chart == "guard" and model.guards:
        return _guard_limit(model)
    if chart not in model.new_limits:
        raise BadRecipe(f"The model has no chart called '{chart}'.", cure=f"It has: {', '.join(model.new_limits)}.")
    q = q or model.p
    if not 1 <= q <= model.p:
        raise BadRecipe(f"The model has 1 to {model.p} variables, not {q}.", cure="Give how many were observed on the row.")
    if reference and chart not in model.reference_limits:
        raise BadRecipe(f"The chart '{chart}' has no limit of its own for reference rows.", cure="Ask for the one for new rows.")
    point = "row" if model.subgroup is None else f"subgroup of {size or model.subgroup.size} rows"
    q = model.p if len(model.new_limits[chart]) == 1 else q  # a chart with memory has one limit, for whole rows
    limit = model.reference_limits[chart] if reference else model.new_limits[chart][q - 1 - model.p]
    if model.subgroup is not None and size is not None and size != model.subgroup.size:
        more = model.subgroup.own_slopes.get(chart, 0.0) * (size - model.subgroup.size)
        value = model.subgroup.limit_of(chart, size) or limit.value + more
        own = {**model.reference_limits, chart: replace(limit, value=value)} if reference else model.reference_limits
        model = replace(model.sized(size), reference_limits=own)
        limit = model.reference_limits[chart] if reference else model.new_limits[chart][q - 1 - model.p]
    seen = "" if q == model.p else f" with {q} of {model.p} variables observed"
    what = f"UCL of {chart} for {f'a {point} of the reference' if reference else f'a new {point}{seen}'}"
    known = (_given, _chi2, _f, _beta, _tabled, _simulated) if model.subgroup is None else (_chi2, _mean)
    for one in known if chart == "t2" else ():
        if (made := one(model, limit, q, reference, what)) is not None:
            return made
    return _refitted(model, limit, chart, q, reference, what)


def arithmetic_of_point(model: Model, x: Floats, chart: str = "t2", raw: Floats | None = None) -> Arithmetic:
    """The arithmetic of a row's value on a chart; x (p,) is in the model's order, NaN where a value is missing.

    For a model with dynamics x is what is charted, and `raw` (k, p) the rows it is made of: the row's own values last, those before it
    above, oldest first. Without them the arithmetic begins with x.

    For a model with subgroups x is the mean of a subgroup and `model` the one of `Model.sized`. A chart with memory follows from all rows
    before: its lines of Python judge the whole file.
    """
    x = np.asarray(x, dtype=np.float64).reshape(-1)
    if chart != "t2":
        return _of_spe(model, x, chart) or _judged(model, chart)
    seen = ~np.isnan(x)
    q = int(seen.sum())
    if q == 0:
        raise BadRecipe("The row has no value for any variable.", cure="Choose a row that was judged.")
    part = model.scatter.part(seen)
    value = min(float(part.d2(x[seen])[0]), LARGEST)
    names = [name for name, there in zip(model.names, seen, strict=True) if there]
    inline = q <= _INLINE
    inputs = {f"x: {name}": f"{v:.10g}" for name, v in zip(names, x[seen], strict=True)} if inline else {"x": f"{q} values"}
    center = ", ".join(f"{v:.6g}" for v in part.center) if inline else "`center` in the model file"
    inputs |= {"m": center, "S": f"{q} × {q}, S = L Lᵀ; `covariance` and `factor` in the model file", "n": str(model.n)}
    small = model.subgroup is not None
    made = made_of(model.dynamics, raw) if model.dynamics is not None and raw is not None and len(raw) > 1 else None
    inputs = inputs if made is None else {**made.inputs, **inputs}
    before = "" if made is None else made.formula
    formula = f"{before}T² = {'k (x̄ − m)ᵀ S⁻¹ (x̄ − m)' if small else '(x − m)ᵀ S⁻¹ (x − m)'} = ‖L⁻¹(x − m)‖² = {said(value)}"
    source = "Hotelling 1947" if made is None else f"Hotelling 1947; {made.source}"
    snippet = _of_point(model, x) if made is None else made.snippet(model)
    return Arithmetic("T² of this row", value, formula, inputs, f"centre and scatter: {model.estimator}", source, snippet)


def _of_point(model: Model, x: Floats) -> str:
    seen = ~np.isnan(x)
    part = model.scatter.part(seen)
    if int(seen.sum()) > _INLINE:
        known = f"seen = ~np.isnan(x)\nmodel = spc.Model.from_json(Path('model.json').read_text())  # digest {model.digest[:16]}"
        sized = f"\nmodel = model.sized({model.subgroup.size})" if model.subgroup is not None else ""
        row = f"x = np.array({x.tolist()}, dtype=float)".replace("nan", "np.nan")
        return (
            f"from pathlib import Path\n\nimport numpy as np\nimport spc\n\n{row}\n{known}{sized}\n"
            "print(float(model.scatter.part(seen).d2(x[seen])[0]))\n"
        )
    rows = ",\n              ".join(str(row) for row in part.factor.tolist())
    return (
        "import numpy as np\nfrom scipy.linalg import solve_triangular\n\n"
        f"x = np.array({x[seen].tolist()})\n"
        f"m = np.array({part.center.tolist()})\n"
        f"L = np.array([{rows}])  # S = L @ L.T\n"
        "z = solve_triangular(L, x - m, lower=True)\nprint(float(z @ z))\n"
    )


def _inputs(model: Model, limit: Limit, q: int, **more: str) -> dict[str, str]:
    return {"n": str(model.n), "p": str(q), "α": f"{limit.alpha:.10g}", "estimator": model.estimator, **more}


def _given(model: Model, limit: Limit, q: int, reference: bool, what: str) -> Arithmetic | None:
    """A limit that was given stands for itself: what is worked out is its α."""
    if reference or q != model.p or limit.value != model.recipe.get("ucl"):
        return None
    n, value = model.n, limit.value
    if model.estimator == "known" and KnownParameters(q).tail(value) == limit.alpha:
        law, source = "χ² law, parameters known", "Hotelling 1947; ISO 7870-7"
        formula = f"α = P(χ²({q}) > {value:.10g})"
        call = f"from scipy.special import chdtrc\n\nprint(float(chdtrc({q}, {value!r})))\n"
    elif n > q and NewRow(n, q).tail(value) == limit.alpha:
        law, source = f"F law of a new row, mean and covariance of {n} normal rows", _TRACY
        formula = f"α = P(F({q}, {n - q}) > UCL · n(n − p)/(p(n + 1)(n − 1)) = {value / NewRow(n, q).factor:.6g})"
        call = (
            f"from scipy.special import fdtrc\n\nn, p, ucl = {n}, {q}, {value!r}\n"
            "print(float(fdtrc(p, n - p, ucl * n * (n - p) / (p * (n + 1) * (n - 1)))))\n"
        )
    else:
        return None
    inputs = {"UCL": f"{value!r}, as it was given", **_inputs(model, limit, q)}
    return Arithmetic(f"α of the given {what}", limit.alpha, f"{formula} = {limit.alpha:.6g}", inputs, law, source, call)


def _f(model: Model, limit: Limit, q: int, reference: bool, what: str) -> Arithmetic | None:
    n = model.n
    if reference or n <= q or NewRow(n, q).limit(limit.alpha).value != limit.value:
        return None
    formula = (
        f"UCL = p(n + 1)(n − 1)/(n(n − p)) · F(1 − α; p, n − p)"
        f" = {q}·{n + 1}·{n - 1}/({n}·{n - q}) · F({1 - limit.alpha:.10g}; {q}, {n - q})"
        f" = {NewRow(n, q).factor:.6g} · {limit.value / NewRow(n, q).factor:.6g} = {limit.value:.6g}"
    )
    snippet = (
        f"from scipy.special import betaincinv\n\nn, p, alpha = {n}, {q}, {limit.alpha!r}\n"
        "y = betaincinv((n - p) / 2, p / 2, alpha)  # F = (n - p)/p (1 - y)/y: no digit is lost for a small alpha\n"
        "F = (n - p) / p * (1 - y) / y\nprint(float(p * (n + 1) * (n - 1) / (n * (n - p)) * F))\n"
    )
    law = f"F law of a new row, mean and covariance of {n} normal rows"
    return Arithmetic(what, limit.value, formula, _inputs(model, limit, q), law, _TRACY, snippet)


def _beta(model: Model, limit: Limit, q: int, reference: bool, what: str) -> Arithmetic | None:
    n = model.n
    if not reference or n <= q + 1 or ReferenceRow(n, q).limit(limit.alpha).value != limit.value:
        return None
    formula = (
        f"UCL = (n − 1)²/n · Beta(1 − α; p/2, (n − p − 1)/2) = {n - 1}²/{n} · Beta({1 - limit.alpha:.10g}; {q / 2:g}, {(n - q - 1) / 2:g})"
        f" = {limit.value:.6g}"
    )
    snippet = (
        f"from scipy.special import betaincinv\n\nn, p, alpha = {n}, {q}, {limit.alpha!r}\n"
        "print(float((n - 1) ** 2 / n * (1 - betaincinv((n - p - 1) / 2, p / 2, alpha))))\n"
    )
    law = f"beta law of a row that is itself among the {n} of the fit"
    return Arithmetic(what, limit.value, formula, _inputs(model, limit, q), law, f"Gnanadesikan & Kettenring 1972; {_TRACY}", snippet)


def _chi2(model: Model, limit: Limit, q: int, reference: bool, what: str) -> Arithmetic | None:
    if KnownParameters(q).limit(limit.alpha).value != limit.value:
        return None
    formula = f"UCL = χ²(1 − α; p) = χ²({1 - limit.alpha:.10g}; {q}) = {limit.value:.6g}"
    snippet = f"from scipy.special import chdtri\n\np, alpha = {q}, {limit.alpha!r}\nprint(float(chdtri(p, alpha)))\n"
    return Arithmetic(
        what, limit.value, formula, _inputs(model, limit, q), "χ² law, parameters known", "Hotelling 1947; ISO 7870-7", snippet
    )


def _mean(model: Model, limit: Limit, q: int, reference: bool, what: str) -> Arithmetic | None:
    """The mean of k of the rows that n rows in m subgroups foretell: F with ν = n − m."""
    if model.subgroup is None or model.n - model.subgroup.groups < q:
        return None
    n, m, k = model.n, model.subgroup.groups, model.subgroup.size
    law = ReferenceSubgroup(n, m, k, q) if reference else NewSubgroup(n, m, k, q)
    if not math.isclose(law.limit(limit.alpha).value, limit.value, rel_tol=1e-11):
        return None
    sign, v = "−" if reference else "+", n - m
    formula = (
        f"UCL = (1 {sign} k/n) · pν/(ν − p + 1) · F(1 − α; p, ν − p + 1), ν = n − m"
        f" = (1 {sign} {k}/{n}) · {q}·{v}/{v - q + 1} · F({1 - limit.alpha:.10g}; {q}, {v - q + 1})"
        f" = {law.factor:.6g} · {limit.value / law.factor:.6g} = {limit.value:.6g}"
    )
    snippet = (
        f"from scipy.special import betaincinv\n\nn, m, k, p, alpha = {n}, {m}, {k}, {q}, {limit.alpha!r}\n"
        "nu, b = n - m, n - m - p + 1\ny = betaincinv(b / 2, p / 2, alpha)\nF = b / p * (1 - y) / y\n"
        f"print(float((1 {'-' if reference else '+'} k / n) * p * nu / b * F))\n"
    )
    inputs = _inputs(model, limit, q, subgroups=str(m), k=f"{k} rows")
    source = "Montgomery 2020, section 11.3; Alt 1985"
    return Arithmetic(what, limit.value, formula, inputs, f"F law of the mean of {k} rows, scatter within {m} subgroups", source, snippet)


def _tabled(model: Model, limit: Limit, q: int, reference: bool, what: str) -> Arithmetic | None:
    h = model.recipe.get("estimator", {}).get("h")
    if not isinstance(h, float) or not limit.law.startswith("calibrated for "):
        return None
    name = limit.law.removeprefix("calibrated for ").partition(":")[0]
    try:
        known = lookup(model.estimator, h, name, model.n, model.p)
        found = None if known is None else known.reference_row(limit.alpha) if reference else known.new_row(limit.alpha, q)
    except (TooFewRows, BadRecipe):
        return None
    if found is None or found.value != limit.value:
        return None
    plain = ReferenceRow(model.n, model.p).limit(limit.alpha).value if reference else NewRow(model.n, q).limit(limit.alpha).value
    classical = "beta" if reference else "F"
    formula = (
        f"UCL = r(estimator, n, p, α) · UCL of the {classical} law = {limit.value / plain:.6g} · {plain:.6g} = {limit.value:.6g}; "
        "r from the shipped table, log r interpolated in 1/n and log α"
    )
    call = f"reference_row({limit.alpha!r})" if reference else f"new_row({limit.alpha!r}, {q})"
    snippet = (
        f"from spc.limits import lookup\n\ntable = lookup({model.estimator!r}, {h!r}, {name!r}, n={model.n}, p={model.p})\n"
        f"print(table.{call}.value)\n"
    )
    inputs = _inputs(model, limit, model.p, h=f"{h:g}", observed=str(q))
    return Arithmetic(what, limit.value, formula, inputs, limit.law, _SIMULATED, snippet)


_SIMULATED = f"simulated fits, each one's tail exact (Basu 1955; Rice 1980), against {_TRACY}"


def _simulated(model: Model, limit: Limit, q: int, reference: bool, what: str) -> Arithmetic | None:
    found = re.fullmatch(
        r"calibrated for ([^:]*): (?:reference rows, )?n = (\d+), (?:p = \d+|\d+ of \d+ variables observed), (\d+) simulated references",
        limit.law,
    )
    if found is None:
        return None
    asked, seed = dict(model.recipe["estimator"]), int(model.recipe.get("seed", 0))
    call = f"reference_row({limit.alpha!r})" if reference else f"new_row({limit.alpha!r}, {q})"
    snippet = (
        f"import spc\nfrom spc.limits import calibrate\n\nestimator = spc.Recipe.from_dict({{'estimator': {asked!r}}}).estimator\n"
        f"calibration = calibrate(estimator, {found.group(1)!r}, n={model.n}, p={model.p}, seed={seed})\n"
        f"print(calibration.{call}.value)\n"
    )
    formula = f"UCL: mean over {found.group(3)} simulated references of P(T² > UCL | fit) = α = {limit.alpha:.10g}; UCL = {limit.value:.6g}"
    inputs = _inputs(model, limit, model.p, observed=str(q), seed=str(seed))
    return Arithmetic(what, limit.value, formula, inputs, limit.law, _SIMULATED, snippet)


def _refitted(model: Model, limit: Limit, chart: str, q: int, reference: bool, what: str) -> Arithmetic:
    """Any other law: its words, and the fit done again."""
    sized = "" if model.subgroup is None else f"sized({model.subgroup.size})."
    place = f"reference_limits[{chart!r}]" if reference else f"{sized}new_limits[{chart!r}][{q - 1 - model.p}]"
    label = None if model.subgroup is None else model.subgroup.column
    roles = {name: role for name, role in ((model.time_column, "time"), (model.id_column, "id"), (label, "subgroup")) if name}
    snippet = (
        "import spc\n\n"
        f"reference = spc.read('reference.csv', roles={roles!r})  # the file with SHA-256 {model.reference_digest[:16]}…\n"
        f"model = spc.fit(reference, spc.Recipe.from_dict({dict(model.recipe)!r}))\n"
        f"print(model.{place}.value)\n"
    )
    inputs = _inputs(model, limit, model.p, observed=str(q), reference=f"SHA-256 {model.reference_digest}")
    formula = f"UCL = {limit.value:.6g}: {limit.law}"
    return Arithmetic(what, limit.value, formula, inputs, limit.law, "worked out from this reference and this recipe", snippet)


def _guard_limit(model: Model) -> Arithmetic:
    formula = "guard = max |value − expected| / tolerance, UCL = 1"
    inputs = {one.name: f"expected {_expected(one.level, one.slopes)}, tolerance {one.tolerance:.6g}" for one in model.guards}
    law = "the range, or the equation, that every row of the reference kept; no probability"
    return Arithmetic("UCL of guard", 1.0, formula, inputs, law, "the reference", "print(1.0)\n")


def _expected(level: float, slopes: tuple[tuple[str, float], ...]) -> str:
    return " + ".join([f"{level:.10g}", *(f"{slope:.10g}·{name}" for name, slope in slopes)])


def _of_spe(model: Model, x: Floats, chart: str) -> Arithmetic | None:
    """A value that follows from this row alone; nothing for another chart, and where there are too many numbers to write out."""
    from spc.phase2.outside import arithmetic_of_spe  # noqa: PLC0415 - it is written in terms of this module

    made = charts_of(dict(model.recipe.get("charts", {})), [chart])[chart] if chart in model.new_limits else None
    plain = model.dynamics is None and model.p <= _INLINE and not np.isnan(x).any()
    return arithmetic_of_spe(model, x, made) if isinstance(made, Spe) and plain else None


def _judged(model: Model, chart: str) -> Arithmetic:
    """A value that follows from all rows so far."""
    if chart not in model.new_limits and not (chart == "guard" and model.guards):
        raise BadRecipe(f"The model has no chart called '{chart}'.", cure=f"It has: {', '.join(model.new_limits)}.")
    snippet = (
        "from pathlib import Path\n\nimport pandas as pd\nimport spc\n\n"
        f"model = spc.Model.from_json(Path('model.json').read_text())  # digest {model.digest[:16]}\n"
        f"points = spc.judge(model, pd.read_csv('rows.csv'))\nprint(points[{chart!r}].tolist())\n"
    )
    words = dict(model.recipe.get("charts", {})).get(chart, {})
    inputs = {"n": str(model.n), "p": str(model.p), **{str(k): str(v) for k, v in dict(words).items()}}
    from_what = {"spe": "this row alone", "dispersion": "the covariance of the subgroup's rows"}
    formula = f"{chart} follows from {from_what.get(str(words.get('name', chart)), 'all rows since its start')}"
    return Arithmetic(f"{chart} of this row", float("nan"), formula, inputs, f"centre and scatter: {model.estimator}", "the chart", snippet)
