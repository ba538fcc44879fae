"""The arithmetic of a subgroup's point: T² of the mean of its rows."""

from __future__ import annotations

import numpy as np

from spc.nouns import Floats, Model
from spc.phase2.arithmetic import Arithmetic, arithmetic_of_point

_CELLS = 240  # numbers of the rows up to which they are written out


def arithmetic_of_mean(model: Model, rows: Floats) -> Arithmetic:
    """The arithmetic of T² of the mean of the rows (k, p) of a subgroup, in the model's order; rows with gaps have no part in it.

    >>> from spc.nouns import Scatter, Subgroups
    >>> kept = Subgroups("lot", 2, 2, 30, {"t2": (0.0, 0.0)}, {"t2": 0.0})
    >>> words = ("a", "b"), ("", ""), Scatter(np.zeros(2), np.eye(2), 60), (), 0.01, {}, {}, {}, "known", {}, 60, (), (), ()
    >>> shown = arithmetic_of_mean(Model(*words, None, None, "", "", subgroup=kept), np.array([[1.0, 2.0], [3.0, 0.0]]))
    >>> round(shown.value, 6), shown.formula
    (10.0, 'T² = k (x̄ − m)ᵀ S⁻¹ (x̄ − m) = k ‖L⁻¹(x̄ − m)‖² = 2 · 5 = 10')
    """
    whole = rows[~np.isnan(rows).any(axis=1)]
    if not len(whole):
        return arithmetic_of_point(model, np.asarray(np.nanmean(rows, axis=0)))
    k, mean = len(whole), whole.mean(axis=0)
    z = model.scatter.whiten(mean[None])[0]
    square = float(z @ z)
    value = k * square
    formula = f"T² = k (x̄ − m)ᵀ S⁻¹ (x̄ − m) = k ‖L⁻¹(x̄ − m)‖² = {k} · {square:.6g} = {value:.6g}"
    inputs = {
        "k": f"{k} rows",
        **{f"x̄: {name}": f"{v:.10g}" for name, v in zip(model.names, mean, strict=True)},
        "m": ", ".join(f"{v:.6g}" for v in model.scatter.center),
        "S": f"{model.p} × {model.p}, within subgroups, S = L Lᵀ; `covariance` and `factor` in the model file",
    }
    told = whole.tolist() if whole.size <= _CELLS else [mean.tolist()]
    some = "" if whole.size <= _CELLS else f"  # the mean of the {k} rows"
    lines = (
        "import numpy as np\nfrom scipy.linalg import solve_triangular\n\n"
        f"k, rows = {k}, np.array({_lines(told)}){some}\nm = np.array({model.scatter.center.tolist()})\n"
        f"L = np.array({_lines(model.scatter.factor.tolist())})  # S = L @ L.T\n"
        "z = solve_triangular(L, rows.mean(axis=0) - m, lower=True)\nprint(float(k * (z @ z)))\n"
    )
    law = f"centre, and scatter within subgroups: {model.estimator}"
    return Arithmetic(
        "T² of the mean of this subgroup", value, formula, inputs, law, "Hotelling 1947; Montgomery 2020, section 11.3", lines
    )


def _lines(rows: list[list[float]]) -> str:
    return "[" + ",\n    ".join(str(row) for row in rows) + "]"
