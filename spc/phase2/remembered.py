"""The arithmetic of a point on a chart with memory: what it remembered, what the row added, and lines of Python that give the number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spc.charts import EwmaLogT2, Mcusum, Mewma, Mewmc, charts_of, titled
from spc.charts.believed import judged, unbelieved
from spc.charts.mewmc import unpacked
from spc.errors import BadRecipe
from spc.nouns import Floats, Model
from spc.phase2.arithmetic import Arithmetic, arithmetic_of_point, said

_INLINE = 12  # variables up to which the numbers are written out

Worked = tuple[str, str, str, Mapping[str, str], str]  # formula, law, source, inputs, lines of Python after z


def arithmetic_of_memory(model: Model, rows: Floats, chart: str) -> Arithmetic:
    """The arithmetic of the last of some rows (n, p) in the model's order, the first of which is the chart's first.

    The chart passes over rows with gaps. Raises BadRecipe when the last row has one, and for a chart that the model does not have.

    >>> from spc.nouns import Limit, Scatter
    >>> limits = {"t2": (Limit(9.0, 0.01, ""), Limit(9.2, 0.01, "")), "mewma": (Limit(8.6, 0.01, ""),)}
    >>> words = ("a", "b"), ("", ""), Scatter(np.zeros(2), np.eye(2), 90), (), 0.01, limits, {}, {}, "known", {}, 90, (), (), ()
    >>> shown = arithmetic_of_memory(Model(*words, None, None, "", ""), np.array([[3.0, 4.0]]), "mewma")
    >>> round(shown.value, 4), shown.formula
    (4.75, 'MEWMA = ‖y‖²/v with y = λz + (1 − λ)y₋₁, v = λ/(2 − λ) = 0.05263: 0.25/0.05263 = 4.75')
    """
    if chart not in model.new_limits:
        raise BadRecipe(f"The model has no chart called '{chart}'.", cure=f"It has: {', '.join(model.new_limits)}.")
    rows = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    if np.isnan(rows[-1]).any():
        raise BadRecipe(f"{titled(chart)} passes over a row with gaps: it has no value there.", cure="Choose a row without gaps.")
    made = charts_of(dict(model.recipe.get("charts", {})), [chart])[chart]
    work = _WORK.get(type(made))
    if work is None or model.dynamics is not None or model.subgroup is not None or model.p > _INLINE:
        return arithmetic_of_point(model, rows[-1], chart)
    z = model.scatter.whiten(rows[~np.isnan(rows).any(axis=1)])
    before, _ = judged(made, made.start(model.p), z[:-1], unbelieved(z[:-1]))
    _, values = judged(made, before, z[-1:], unbelieved(z[-1:]))
    with np.errstate(over="ignore", invalid="ignore"):
        formula, law, source, inputs, lines = work(made, before, z[-1], float(values[0]))
    shown = {
        **{f"x: {name}": f"{v:.10g}" for name, v in zip(model.names, rows[-1], strict=True)},
        "z = L⁻¹(x − m)": _listed(z[-1]),
        **inputs,
        "rows remembered": str(len(z) - 1),
    }
    return Arithmetic(f"{titled(chart)} of this row", float(values[0]), formula, shown, law, source, f"{_whitened(model, rows[-1])}{lines}")


def _whitened(model: Model, x: Floats) -> str:
    factor = ",\n              ".join(str(row) for row in model.scatter.factor.tolist())
    return (
        "import numpy as np\nfrom scipy.linalg import solve_triangular\n\n"
        f"x = np.array({x.tolist()})\nm = np.array({model.scatter.center.tolist()})\nL = np.array([{factor}])  # S = L @ L.T\n"
        "z = solve_triangular(L, x - m, lower=True)\n"
    )


def _listed(values: Floats) -> str:
    return ", ".join(f"{v:.6g}" for v in values)


def _mewma(chart: Mewma, before: dict[str, Any], z: Floats, value: float) -> Worked:
    lam, t = chart.lam, int(before["t"]) + 1
    y = lam * z + (1.0 - lam) * np.array(before["y"])
    early = 1.0 - (1.0 - lam) ** (2.0 * t) if chart.exact else 1.0
    v = lam / (2.0 - lam) * early
    factor = "λ/(2 − λ)" + (f" · (1 − (1 − λ)^{2 * t})" if chart.exact else "")
    formula = f"MEWMA = ‖y‖²/v with y = λz + (1 − λ)y₋₁, v = {factor} = {v:.4g}: {float(y @ y):.4g}/{v:.4g} = {said(value)}"
    more = f" * (1 - (1 - lam) ** {2 * t})" if chart.exact else ""
    lines = (
        f"lam, before = {lam!r}, np.array({before['y']})  # y after the row before\n"
        f"y = lam * z + (1 - lam) * before\nprint(float(y @ y / (lam / (2 - lam){more})))\n"
    )
    inputs = {"λ": f"{lam:g}", "y₋₁": _listed(np.array(before["y"])), "y": _listed(y)}
    return formula, "moving average of whitened rows", "Lowry, Woodall, Champ & Rigdon 1992", inputs, lines


def _mcusum(chart: Mcusum, before: dict[str, Any], z: Floats, value: float) -> Worked:
    length = float(np.linalg.norm(np.array(before["s"]) + z))
    formula = f"MCUSUM = max(‖s₋₁ + z‖ − k, 0) = max({length:.6g} − {chart.k:g}, 0) = {said(value)}"
    known = f"k, before = {chart.k!r}, np.array({before['s']})  # s after the row before\n"
    lines = f"{known}print(max(float(np.linalg.norm(before + z)) - k, 0.0))\n"
    inputs = {"k": f"{chart.k:g}", "s₋₁": _listed(np.array(before["s"]))}
    return formula, "sum of whitened rows, drawn towards 0 by k in each row", "Crosier 1988", inputs, lines


def _ewma_log_t2(chart: EwmaLogT2, before: dict[str, Any], z: Floats, value: float) -> Worked:
    t2 = float(z @ z)
    formula = (
        f"EWMA = exp(e) with e = λ log T² + (1 − λ)e₋₁ = {chart.lam:g} · {np.log(t2):.6g} + {1 - chart.lam:g} · {before['e']:.6g}"
        f" = {np.log(value):.6g}; exp(e) = {said(value)}"
    )
    lines = (
        f"lam, before = {chart.lam!r}, {before['e']!r}  # e after the row before\n"
        "print(float(np.exp(lam * np.log(z @ z) + (1 - lam) * before)))\n"
    )
    inputs = {"λ": f"{chart.lam:g}", "T²": f"{t2:.6g}", "e₋₁": f"{before['e']:.6g}"}
    return formula, "moving average of log T²", "Roberts 1959, on log T²", inputs, lines


def _mewmc(chart: Mewmc, before: dict[str, Any], z: Floats, value: float) -> Worked:
    lam, earlier = chart.weight_for(len(z)), unpacked(np.array(before["C"]))
    c = lam * np.outer(z, z) + (1.0 - lam) * earlier
    trace, log = float(np.trace(c)), float(np.linalg.slogdet(c)[1])
    formula = f"MEWMC = tr C − log|C| − p with C = λzzᵀ + (1 − λ)C₋₁: {trace:.6g} − ({log:.6g}) − {len(z)} = {said(value)}"
    rows = ",\n                   ".join(str(row) for row in earlier.tolist())
    lines = (
        f"lam, before = {lam!r}, np.array([{rows}])  # C after the row before\n"
        "C = lam * np.outer(z, z) + (1 - lam) * before\nprint(float(np.trace(C) - np.linalg.slogdet(C)[1] - len(z)))\n"
    )
    inputs = {"λ": f"{lam:g}", "tr C": f"{trace:.6g}", "log|C|": f"{log:.6g}", "diagonal of C": _listed(np.diag(c))}
    return formula, "moving covariance of whitened rows, against I", "Hawkins & Maboudou-Tchao 2008", inputs, lines


_WORK: Mapping[type, Callable[..., Worked]] = {Mewma: _mewma, Mcusum: _mcusum, EwmaLogT2: _ewma_log_t2, Mewmc: _mewmc}
