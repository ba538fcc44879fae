"""The arithmetic of an SPE: the standardised row, the axes, what is left, and lines of Python that give the number."""

from __future__ import annotations

import numpy as np

from spc.charts import Spe
from spc.charts.believed import LARGEST
from spc.nouns import Floats, Model
from spc.phase2.arithmetic import Arithmetic, said


def arithmetic_of_spe(model: Model, x: Floats, chart: Spe) -> Arithmetic:
    """The arithmetic of the SPE of a complete row x (p,) in the model's order.

    >>> from spc.nouns import Limit, Scatter
    >>> limits = {"t2": (Limit(9.0, 0.01, ""),) * 2, "spe": (Limit(2.5, 0.01, ""),)}
    >>> words = ("a", "b"), ("", ""), Scatter(np.zeros(2), np.array([[1.0, 0.0], [0.8, 0.6]]), 90), (), 0.01, limits, {}, {}, "known"
    >>> shown = arithmetic_of_spe(Model(*words, {}, 90, (), (), (), None, None, "", ""), np.array([2.0, -2.0]), Spe())
    >>> round(shown.value, 6), shown.formula
    (8.0, 'SPE = ‖u − P Pᵀu‖² with u = (x − m)/s and P the first 1 of 2 axes of the correlation matrix: 8 − 0 = 8')
    """
    bound = chart.bound(model.scatter.factor)
    value = min(float(bound.step({}, model.scatter.whiten(x[None]))[1][0]), LARGEST)
    with np.errstate(over="ignore"):
        u = (x - model.scatter.center) / np.sqrt(np.diag(model.scatter.covariance))
        length, k = min(float(u @ u), LARGEST), bound.components
    formula = (
        f"SPE = ‖u − P Pᵀu‖² with u = (x − m)/s and P the first {k} of {model.p} axes of the correlation matrix: "
        f"{said(length)} − {_plain(length - value, length)} = {said(value)}"
    )
    rows = ",\n              ".join(str(row) for row in model.scatter.factor.tolist())
    snippet = (
        f"import numpy as np\n\nx = np.array({x.tolist()})\nm = np.array({model.scatter.center.tolist()})\n"
        f"L = np.array([{rows}])  # S = L @ L.T\ns = np.linalg.norm(L, axis=1)\n"
        "axes, _, _ = np.linalg.svd(L / s[:, None])  # of the correlation matrix\n"
        f"outside = axes[:, {k}:]\nprint(float(np.sum((outside.T @ ((x - m) / s)) ** 2)))\n"
    )
    inputs = {f"x: {name}": f"{v:.10g}" for name, v in zip(model.names, x, strict=True)} | {
        "u = (x − m)/s": ", ".join(f"{v:.6g}" for v in u),
        "variance outside": ", ".join(f"{v:.6g}" for v in bound.outside.weight),
    }
    law = f"centre and scatter: {model.estimator}; {k} of {model.p} axes inside"
    return Arithmetic("SPE of this row", value, formula, inputs, law, "Jackson & Mudholkar 1979", snippet)


def _plain(value: float, length: float) -> str:
    """A difference without the dust of rounding."""
    return "0" if abs(value) <= 1e-12 * length else f"{value:.6g}"
