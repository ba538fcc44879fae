"""The arithmetic of a subgroup's dispersion: its covariance, against the scatter within subgroups of the reference."""

from __future__ import annotations

import numpy as np

from spc.charts import Dispersion
from spc.nouns import Floats, Model
from spc.phase2.arithmetic import Arithmetic, arithmetic_of_limit

_CELLS = 240  # numbers of the rows up to which they are written out


def arithmetic_of_dispersion(model: Model, rows: Floats) -> list[Arithmetic]:
    """The arithmetic of the dispersion of the rows (k, p) of a subgroup and of its limit, for each such chart that the model has.

    Rows with gaps have no part in it; nothing for a number of rows that is not judged.

    >>> from spc.nouns import Limit, Scatter, Subgroups
    >>> kept = Subgroups("lot", 4, 4, 30, {"t2": (0.0, 0.0)}, {"t2": 0.0}, {"dispersion": ((3, 18.0), (4, 16.0))})
    >>> limit = {"dispersion": (Limit(16.0, 0.01, ""),)}
    >>> words = ("a", "b"), ("", ""), Scatter(np.zeros(2), np.eye(2), 60), (), 0.01, limit, {}, {}, "known", {}, 60, (), (), ()
    >>> model = Model(*words, None, None, "", "", subgroup=kept)
    >>> shown, limit = arithmetic_of_dispersion(model, np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    >>> shown.formula
    'ν (tr Σ₀⁻¹S − log det Σ₀⁻¹S − p) with ν = k − 1: 3 (3.33333 − (0.575364) − 2) = 2.27391'
    >>> limit.what
    'UCL of dispersion for a new subgroup of 4 rows'
    """
    whole = rows[~np.isnan(rows).any(axis=1)]
    found: list[Arithmetic] = []
    for name in model.subgroup.by_size if model.subgroup is not None else ():
        if model.subgroup is not None and model.subgroup.limit_of(name, len(whole)) is not None:
            found += [_point(model, name, whole), arithmetic_of_limit(model, name, size=len(whole))]
    return found


def _point(model: Model, name: str, rows: Floats) -> Arithmetic:
    k, p = rows.shape
    chart, z = Dispersion(), model.scatter.whiten(rows)
    c = chart.covariance(z)
    trace, log, value = float(np.trace(c)), float(np.linalg.slogdet(c)[1]), chart.of(z)
    formula = f"ν (tr Σ₀⁻¹S − log det Σ₀⁻¹S − p) with ν = k − 1: {k - 1} ({trace:.6g} − ({log:.6g}) − {p}) = {value:.6g}"
    spread = np.atleast_2d(np.cov(rows.T))
    given = f"S = np.cov(np.array({_lines(rows)}), rowvar=False)" if rows.size <= _CELLS else f"S = np.array({_lines(spread)})"
    lines = (
        "import numpy as np\n\n"
        f"{given}\nS = np.atleast_2d(S)\nL = np.array({_lines(model.scatter.factor)})  # Σ₀ = L @ L.T\n"
        "C = np.linalg.solve(L, np.linalg.solve(L, S).T)\n"
        f"print(float({k - 1} * (np.trace(C) - np.linalg.slogdet(C)[1] - len(C))))\n"
    )
    inputs = {
        "k": f"{k} rows",
        **{f"sd: {one}": f"{s:.6g}" for one, s in zip(model.names, np.sqrt(np.diag(spread)), strict=True)},
        "Σ₀": f"{p} × {p}, within subgroups, Σ₀ = L Lᵀ; `covariance` and `factor` in the model file",
    }
    law = f"scatter within subgroups: {model.estimator}"
    return Arithmetic(f"{name} of this subgroup", value, formula, inputs, law, "Korin 1968; Alt 1985", lines)


def _lines(rows: Floats) -> str:
    return "[" + ",\n    ".join(str(row) for row in rows.tolist()) + "]"
