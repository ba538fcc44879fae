"""The nouns: frozen values that the rooms hand to each other. No files, no SQL, no web, no plotting here.

A table of rows is a *block*: arrays, one entry per row. A live row is a block of one, so that watching a line and replaying a year
are the same code. Missing values are NaN in `x`; unknown times are NaT in `at`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from spc.errors import BadModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Times = NDArray[np.datetime64]  # datetime64[us], UTC, NaT where unknown

Role = Literal["measurement", "guard", "time", "id", "product", "subgroup", "ignore"]
Severity = Literal["red", "amber", "note"]

MODEL_VERSION = 1
_BLOCK = 2048  # rows whitened at a time: a block of float64 at p = 50 stays in the second-level cache
_TILE = 32  # rows in every single matrix product: see _product


# ---------------------------------------------------------------------------------------------------------------- Phase I


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know about a reference before limits are drawn from it.

    `severity` red: must be answered before a model is fitted in the page; amber: look at it; note: for the record.
    `rows` are data rows from 1. `text` says what was seen and what follows from it, `cure` what to do.
    """

    kind: str
    severity: Severity
    text: str
    cure: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "severity": self.severity,
            "columns": list(self.columns),
            "rows": list(self.rows),
            "text": self.text,
            "cure": self.cure,
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Finding:
        return cls(d["kind"], d["severity"], d["text"], d.get("cure", ""), tuple(d["columns"]), tuple(d["rows"]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file as it was found: its role (guessed, and changeable), unit and a few facts for the column table."""

    name: str
    role: Role
    unit: str = ""
    missing: int = 0
    distinct: int = 0
    minimum: float | None = None
    median: float | None = None
    maximum: float | None = None
    why: str = ""  # why this role was guessed: "text in 200 of 200 rows"

    def to_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file was written: found by the reader, shown to the person, kept for the record."""

    encoding: str
    delimiter: str
    decimal: str
    thousands: str = ""
    units_row: bool = False
    time_format: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A reference row that a person took out of the fit (`row` counts data rows from 1), and why."""

    row: int
    reason: str
    note: str = ""
    by: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"row": self.row, "reason": self.reason, "note": self.note, "by": self.by}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Exclusion:
        return cls(int(d["row"]), str(d["reason"]), str(d.get("note", "")), str(d.get("by", "")))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A block of rows: `x` (n, p) in the columns' own units, `names` its p columns, `at` (n,) times, `ids` (n,) part numbers.

    `quality` is "good", "uncertain", "bad", "stale", "missing" or "late" for each row, or empty when all are good.
    """

    names: tuple[str, ...]
    x: Floats
    at: Times
    ids: tuple[str | None, ...]
    quality: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def part(self, where: slice) -> Rows:
        """The rows of a slice, as a block."""
        return Rows(self.names, self.x[where], self.at[where], self.ids[where], self.quality[where])

    @classmethod
    def of(cls, x: Floats, names: tuple[str, ...] | None = None) -> Rows:
        """Rows from a bare array, without times or part numbers."""
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        names = names or tuple(f"x{j + 1}" for j in range(x.shape[1]))
        return cls(names, x, np.full(len(x), np.datetime64("NaT"), dtype="datetime64[us]"), (None,) * len(x))


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A Phase I table that could be read: the rows of its measurement and guard columns, and all that was noticed on the way.

    `rows.x` (n, p) holds the columns whose role is measurement or guard, in file order. `digest` is the SHA-256 of the bytes.
    """

    rows: Rows
    columns: tuple[Column, ...]
    dialect: Dialect
    findings: tuple[Finding, ...]
    digest: str
    name: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return self.rows.names

    @property
    def x(self) -> Floats:
        return self.rows.x

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, role: Role) -> str | None:
        """The name of the first column with this role, if any."""
        return next((c.name for c in self.columns if c.role == role), None)


def _product(rows: Floats, matrix: Floats, center: Floats | float = 0.0) -> Floats:
    """(rows − center) @ matrix, always in products of the same shape.

    BLAS sums in an order that depends on the shape of the product, so the same row in another block would differ in its last bit. In
    tiles of 32 rows a row taken alone and in a block of a million gives the same bits.
    """
    n, p = rows.shape
    full = -(-n // _TILE) * _TILE
    padded = np.empty((full, p))
    np.subtract(rows, center, out=padded[:n])
    padded[n:] = 0.0
    return np.asarray((padded.reshape(-1, _TILE, p) @ matrix).reshape(full, p)[:n])


@dataclass(frozen=True, eq=False)
class Scatter:
    """A centre and the lower Cholesky factor L of a scatter matrix S = L Lᵀ. Nothing in the house ever inverts S.

    center (p,), factor (p, p) lower triangular, both in the columns' own units; n rows were offered to the fit, `used` (n,) says which
    entered the final estimate; h and objective (log det of the h-subset's covariance, divisor h) for estimators that have them.
    """

    center: Floats
    factor: Floats
    n: int
    used: Bools | None = None
    h: int | None = None
    objective: float | None = None

    @property
    def p(self) -> int:
        return int(self.center.shape[0])

    @property
    def rank(self) -> int:
        return self.p

    @cached_property
    def covariance(self) -> Floats:
        """S = L Lᵀ, (p, p), in products of the columns' units."""
        return np.asarray(self.factor @ self.factor.T)

    @cached_property
    def logdet(self) -> float:
        """log det S = 2 Σ log L_jj."""
        return float(2.0 * np.sum(np.log(np.diag(self.factor))))

    @cached_property
    def _whitener(self) -> Floats:
        """L⁻ᵀ, contiguous: what centred rows are multiplied by."""
        inverse, info = lapack.dtrtri(self.factor, lower=1)
        if info:  # pragma: no cover - a Scatter is only ever built from a factor with a positive diagonal
            raise ValueError("the factor has a zero on its diagonal")
        return np.ascontiguousarray(inverse.T)

    def whiten(self, x: Floats) -> Floats:
        """z = L⁻¹(x − m) for each row of x (n, p): uncorrelated, unit variance, no unit.

        >>> s = Scatter(np.array([10.0, 5.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=50)
        >>> s.whiten(np.array([[12.0, 7.0]])).tolist()
        [[1.0, 1.0]]
        """
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        return _product(x, self._whitener, self.center)

    def solve(self, x: Floats) -> Floats:
        """S⁻¹(x − m) for each row of x (n, p), in one over the columns' units: the gradient of half the squared distance.

        >>> s = Scatter(np.array([10.0, 5.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=50)
        >>> s.solve(np.array([[12.0, 7.0]])).tolist()
        [[0.0, 1.0]]
        """
        return _product(self.whiten(x), self._whitener.T)

    @cached_property
    def conditional_scale(self) -> Floats:
        """The standard deviation (p,) of each variable when the others are given: 1 / √[S⁻¹]_jj, in the column's unit."""
        return np.asarray(1.0 / np.sqrt(np.sum(self._whitener**2, axis=1)))

    def d2(self, x: Floats) -> Floats:
        """The *squared* distance (x − m)ᵀ S⁻¹ (x − m) = ‖L⁻¹(x − m)‖² of each row of x (n, p).

        >>> s = Scatter(np.array([10.0, 5.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=50)
        >>> s.d2(np.array([[12.0, 7.0]])).tolist()
        [2.0]
        """
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        out = np.empty(x.shape[0])
        for start in range(0, x.shape[0], _BLOCK):
            z = self.whiten(x[start : start + _BLOCK])
            np.einsum("ij,ij->i", z, z, out=out[start : start + _BLOCK])
        return out

    def part(self, seen: Bools) -> Scatter:
        """The scatter of a subset of the variables, `seen` (p,): its block of S, factored anew.

        >>> whole = Scatter(np.array([0.0, 1.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=9)
        >>> whole.part(np.array([False, True])).covariance.round(12).tolist()
        [[2.0]]
        """
        if bool(np.all(seen)):
            return self
        block = self.covariance[np.ix_(seen, seen)]
        length = np.sqrt(np.diag(block))
        lower, info = lapack.dpotrf(block / np.outer(length, length), lower=1, clean=1)
        if info:  # pragma: no cover - a principal block of a positive definite matrix is positive definite
            raise ArithmeticError("a part of the scatter has no factor")
        return Scatter(self.center[seen], lower * length[:, None], self.n)

    def to_dict(self) -> dict[str, Any]:
        return {
            "center": self.center.tolist(),
            "covariance": self.covariance.tolist(),
            "factor": self.factor.tolist(),
            "logdet": self.logdet,
            "n": self.n,
            "h": self.h,
            "objective": self.objective,
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Scatter:
        return cls(np.array(d["center"]), np.array(d["factor"]), int(d["n"]), None, d.get("h"), d.get("objective"))


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
    variables were observed, from which p-values are read. `digest` covers the data, the recipe and the numbers found.
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

    @property
    def p(self) -> int:
        return len(self.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column a row must bring: the charted variables, then the guards."""
        return self.names + tuple(g.name for g in self.guards)

    @property
    def arl0(self) -> float:
        """Rows between false alarms, on average, while the process is in control."""
        return 1.0 / self.alpha

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


# --------------------------------------------------------------------------------------------------------------- Phase II


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One chart over a block of rows: value, ucl (n,) and out (n,). A value that could not be judged is NaN, and is not out."""

    value: Floats
    ucl: Floats
    out: Bools


@dataclass(frozen=True, slots=True)
class Point:
    """One dot on one chart."""

    row: int
    at: np.datetime64
    id: str | None
    chart: str
    value: float
    ucl: float
    out: bool
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The judgement of a block of rows: a Track per chart, the row numbers (n,), and a note where a row could not be judged in full."""

    rows: Ints
    at: Times
    ids: tuple[str | None, ...]
    tracks: Mapping[str, Track]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def point(self, i: int, chart: str = "t2") -> Point:
        """The i-th row's dot on one chart."""
        track = self.tracks[chart]
        return Point(
            int(self.rows[i]),
            self.at[i],
            self.ids[i],
            chart,
            float(track.value[i]),
            float(track.ucl[i]),
            bool(track.out[i]),
            self.notes[i],
        )

    def __iter__(self) -> Iterator[Point]:
        return (self.point(i, chart) for i in range(len(self)) for chart in self.tracks)


@dataclass(frozen=True, slots=True, eq=False)
class Blame:
    """Whose doing a T² is, for a block of rows over the model's p variables; NaN where a value is missing.

    share (n, p): the signed Shapley share of each variable, in units of T², summing to it. sigma (n, p): each variable's own distance
    from the centre, in standard deviations. given (n, p): its distance from what the other observed variables imply, in standard
    deviations of that prediction.
    """

    names: tuple[str, ...]
    share: Floats
    sigma: Floats
    given: Floats


@dataclass(frozen=True, slots=True)
class Signal:
    """A change of state of a line, never a state: it went out of control, or it came back. With its reason and the point that did it.

    kind "out" or "in"; `since` is the row number of the first point of the run that led to it; `index` the position in the block.
    """

    kind: Literal["out", "in"]
    chart: str
    reason: str
    point: Point
    since: int
    index: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """One incident that a person must answer. *Active* and *acknowledged* are two memories, never one state (ISA-18.2).

    Times are UTC microseconds since 1970. `rows_out` counts the points beyond the limit so far, `worst` is the largest value / limit.
    """

    id: str
    line: str
    kind: str  # "process": one of the line's charts; "no data": nothing came
    priority: Literal["critical", "high", "medium", "low"]
    opened_at: int
    updated_at: int
    first_row: int
    last_row: int
    active: bool
    acknowledged: bool
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)  # chart, value, ucl, row, part id, at, blame, sigma, given, model
    rows_out: int = 1
    worst: float = 1.0
    returned_at: int | None = None
    acknowledged_by: str = ""
    acknowledged_at: int | None = None
    note: str = ""
    shelved_until: int | None = None
    shelved_by: str = ""
    shelve_reason: str = ""
    cause: str = ""

    @property
    def state(self) -> str:
        """One word for a person: unacknowledged, acknowledged, returned, shelved or normal.

        "normal" is an alarm that has both returned and been acknowledged: it is closed.
        """
        if self.shelved_until is not None:
            return "shelved"
        if self.active:
            return "acknowledged" if self.acknowledged else "unacknowledged"
        return "normal" if self.acknowledged else "returned"
