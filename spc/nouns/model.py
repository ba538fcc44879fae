"""What a fit leaves behind: limits, guards, and the model that judges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from spc.errors import BadModel
from spc.nouns.dynamics import Dynamics
from spc.nouns.reference import Exclusion, Finding
from spc.nouns.scatter import Scatter
from spc.nouns.subgroups import Subgroups

MODEL_VERSION = 1


@dataclass(frozen=True, slots=True)
class Limit:
    """A control limit with its promise: the value, the false-alarm probability per point, and the law in words."""

    value: float
    alpha: float
    law: str

    def to_dict(self) -> dict[str, Any]:
        return {"ucl": self.value, "law": self.law, "alpha": self.alpha}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Limit:
        return cls(float(d["ucl"]), float(d["alpha"]), str(d["law"]))


@dataclass(frozen=True, slots=True)
class Guard:
    """A column that has no variance of its own, so that any movement is news.

    A constant column must stay at `level`; a copy of other columns must stay at level + Σ slope·column. `tolerance` is in the
    column's own unit; |x − expected| above it is out.
    """

    name: str
    level: float
    tolerance: float
    slopes: tuple[tuple[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "level": self.level, "tolerance": self.tolerance, "slopes": dict(self.slopes)}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Guard:
        return cls(d["name"], float(d["level"]), float(d["tolerance"]), tuple((k, float(v)) for k, v in d["slopes"].items()))


@dataclass(frozen=True, eq=False)
class Model:
    """What a fit found, immutable and versioned; which model is *active* on a line is a pointer in the ledger, not a field.

    `names` are the p charted variables. `new_limits["t2"][q - 1]` is the limit for a new row on which q variables were observed;
    `reference_limits["t2"]` the one for a reference row. `tails["t2"]` are pairs (alpha, value) of the law of a new row in which all
    variables were observed, from which p-values are read. With `subgroup` the scatter is that within subgroups and what is judged is a
    subgroup's mean: T² is k times the squared distance of the mean of k rows, and the limits are for subgroups of `subgroup.size` rows.
    `pooled_dof` are the degrees of freedom of a scatter that was pooled over products. With `dynamics` the charted variables are made of
    a row and those before it, and `inputs` are the columns that rows bring. `digest` covers the data, the recipe and the numbers found.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    scatter: Scatter
    guards: tuple[Guard, ...]
    alpha: float
    new_limits: Mapping[str, tuple[Limit, ...]]
    reference_limits: Mapping[str, Limit]
    tails: Mapping[str, tuple[tuple[float, float], ...]]
    estimator: str
    recipe: Mapping[str, Any]
    n: int
    outliers: tuple[int, ...]
    excluded: tuple[Exclusion, ...]
    findings: tuple[Finding, ...]
    time_column: str | None
    id_column: str | None
    reference_digest: str
    code_version: str
    version: int = MODEL_VERSION
    subgroup: Subgroups | None = None
    pooled_dof: int | None = None
    dynamics: Dynamics | None = None

    @property
    def p(self) -> int:
        return len(self.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column a row must bring: those of the charted variables, then the guards."""
        return self.inputs + tuple(g.name for g in self.guards)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that what is charted is made of: the charted variables themselves, unless rows are seen with those before them."""
        return self.names if self.dynamics is None else self.dynamics.names

    @property
    def arl0(self) -> float:
        """Rows between false alarms, on average, while the process is in control."""
        return 1.0 / self.alpha

    @property
    def dof(self) -> int:
        """Degrees of freedom of a classical scatter: one is spent on each centre (of rows, subgroups or products) and coefficient."""
        if self.pooled_dof is not None:
            return self.pooled_dof
        return self.n - (self.subgroup.groups if self.subgroup is not None else 1) - self._regressors

    @property
    def lift(self) -> float:
        """How much wider a new point scatters about the estimated centre than about the true one: 1 + k/n for the mean of k rows.

        For residuals 1 + (p + 1)/n on average, in units of a scatter whose divisor is n − 1.
        """
        points = 1 + self._regressors if self.subgroup is None else self.subgroup.size
        return (1.0 + points / self.n) * ((self.n - 1) / self.dof if self._regressors and self.dof > 0 else 1.0)

    @property
    def _regressors(self) -> int:
        """Coefficients that were estimated for each variable."""
        return self.p if self.dynamics is not None and self.dynamics.coefficients is not None else 0

    def sized(self, k: int) -> Model:
        """The model that judges the mean of k rows as if it were a row: scatter S/k, and the limits for k rows.

        A limit without a slope, such as that of a chart with memory, is the same for every k: means are whitened with their own scatter.
        A limit that is kept for each number of rows is the one for k, or the usual one where the chart does not judge k rows.
        Of a model without subgroups k = 1 is the model itself; other sizes raise ValueError.
        """
        if self.subgroup is None:
            if k != 1:
                raise ValueError("this model judges single rows")
            return self
        new_limits = {name: tuple(self._limit(name, q, k) for q in range(1, len(own) + 1)) for name, own in self.new_limits.items()}
        ratio = {name: limits[-1].value / self.new_limits[name][-1].value for name, limits in new_limits.items()}
        return replace(
            self,
            scatter=Scatter(self.scatter.center, self.scatter.factor / np.sqrt(k), self.scatter.n),
            new_limits=new_limits,
            tails={name: tuple((alpha, value * ratio[name]) for alpha, value in pairs) for name, pairs in self.tails.items()},
            subgroup=replace(self.subgroup, size=k),
        )

    def _limit(self, chart: str, q: int, k: int) -> Limit:
        """The limit for q observed variables and a subgroup of k rows."""
        nominal, asked = self.new_limits[chart][q - 1], self.subgroup
        own = None if asked is None else asked.limit_of(chart, k)
        if asked is not None and own is not None and k != asked.size:
            return Limit(own, nominal.alpha, f"{nominal.law}; that for {k} rows")
        if asked is None or k == asked.size or chart not in asked.slopes:
            return nominal
        value = nominal.value + asked.slopes[chart][q - 1] * (k - asked.size)
        return Limit(value, nominal.alpha, f"{nominal.law}; on its straight line from {asked.size} rows to {k}")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything in the model, so that a stored model can be shown to be the one that judged."""
        return hashlib.sha256(json.dumps(self._body(), sort_keys=True, allow_nan=False).encode()).hexdigest()

    def _body(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "code_version": self.code_version,
            "names": list(self.names),
            "units": list(self.units),
            "n": self.n,
            "p": self.p,
            "estimator": self.estimator,
            "alpha": self.alpha,
            "arl0": self.arl0,
            "charts": {name: limits[-1].to_dict() for name, limits in self.new_limits.items()},
            "new_limits": {name: [one.to_dict() for one in limits] for name, limits in self.new_limits.items()},
            "reference_limits": {name: one.to_dict() for name, one in self.reference_limits.items()},
            "tails": {name: [list(pair) for pair in pairs] for name, pairs in self.tails.items()},
            "scatter": self.scatter.to_dict(),
            "guards": [g.to_dict() for g in self.guards],
            "outliers": list(self.outliers),
            "excluded": [e.to_dict() for e in self.excluded],
            "findings": [f.to_dict() for f in self.findings],
            "time_column": self.time_column,
            "id_column": self.id_column,
            "recipe": dict(self.recipe),
            "reference_digest": self.reference_digest,
            **({} if self.subgroup is None else {"subgroup": self.subgroup.to_dict()}),
            **({} if self.dynamics is None else {"dynamics": self.dynamics.to_dict()}),
            **({} if self.pooled_dof is None else {"pooled_dof": self.pooled_dof}),
        }

    def to_json(self) -> str:
        """The model as JSON text: every number with all its digits, so that reading it back gives the same bits."""
        return json.dumps({**self._body(), "digest": self.digest}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """The model of a JSON text; raises BadModel when it is damaged, altered, or of another version."""
        try:
            d = json.loads(text)
            found = d["version"]
            if found != MODEL_VERSION:
                raise BadModel(
                    f"This model has version {found}; this program reads version {MODEL_VERSION}.",
                    cure="Fit it again from its reference.",
                )
            model = cls(
                names=tuple(d["names"]),
                units=tuple(d["units"]),
                scatter=Scatter.from_dict(d["scatter"]),
                guards=tuple(Guard.from_dict(g) for g in d["guards"]),
                alpha=float(d["alpha"]),
                new_limits={k: tuple(Limit.from_dict(one) for one in v) for k, v in d["new_limits"].items()},
                reference_limits={k: Limit.from_dict(v) for k, v in d["reference_limits"].items()},
                tails={k: tuple((float(a), float(u)) for a, u in v) for k, v in d["tails"].items()},
                estimator=d["estimator"],
                recipe=d["recipe"],
                n=int(d["n"]),
                outliers=tuple(d["outliers"]),
                excluded=tuple(Exclusion.from_dict(e) for e in d["excluded"]),
                findings=tuple(Finding.from_dict(f) for f in d["findings"]),
                time_column=d["time_column"],
                id_column=d["id_column"],
                reference_digest=d["reference_digest"],
                code_version=d["code_version"],
                subgroup=Subgroups.from_dict(d["subgroup"]) if d.get("subgroup") else None,
                pooled_dof=d.get("pooled_dof"),
                dynamics=Dynamics.from_dict(d["dynamics"]) if d.get("dynamics") else None,
            )
            promised = d["digest"]
        except (ValueError, KeyError, TypeError, AttributeError) as broken:
            raise BadModel(
                f"This is not a model file: {type(broken).__name__} {broken}.", cure="Write one with `spc fit … -o MODEL.json`."
            ) from broken
        if model.digest != promised:
            raise BadModel(
                "The model's numbers do not match its digest: the file was changed after it was written.",
                cure="Fit it again from its reference.",
            )
        return model
