"""Rational subgroups as a model knows them: rows taken under the same conditions, judged by their mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Subgroups:
    """The subgroups of a fit: `groups` of them, mostly of `size` rows and of at most `full`, told apart by the labels in `column`.

    The model's limits are those for a subgroup of `size` rows. A limit is a straight line in the number of rows: the centre's own
    uncertainty counts the more, the surer the subgroup's mean. `slopes["t2"][q - 1]` is what one row more adds when q variables are
    observed; `own_slopes["t2"]` the same for the reference's own subgroups. The limit of a chart of the rows within a subgroup is no
    straight line: `by_size["dispersion"]` are pairs of a number of rows and the limit for it.
    """

    column: str
    size: int
    full: int
    groups: int
    slopes: Mapping[str, tuple[float, ...]]
    own_slopes: Mapping[str, float]
    by_size: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)

    def limit_of(self, chart: str, k: int) -> float | None:
        """The limit of a chart of the rows within a subgroup for k rows; None for a number of rows that it does not judge.

        >>> Subgroups("lot", 4, 4, 30, {}, {}, {"dispersion": ((3, 18.5), (4, 15.25))}).limit_of("dispersion", 4)
        15.25
        """
        return dict(self.by_size.get(chart, ())).get(k)

    def to_dict(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "size": self.size,
            "full": self.full,
            "groups": self.groups,
            "slopes": {name: list(values) for name, values in self.slopes.items()},
            "own_slopes": dict(self.own_slopes),
            **({"by_size": {name: [list(pair) for pair in pairs] for name, pairs in self.by_size.items()}} if self.by_size else {}),
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Subgroups:
        return cls(
            str(d["column"]),
            int(d["size"]),
            int(d["full"]),
            int(d["groups"]),
            {name: tuple(float(v) for v in values) for name, values in d["slopes"].items()},
            {name: float(v) for name, v in d["own_slopes"].items()},
            {name: tuple((int(k), float(v)) for k, v in pairs) for name, pairs in d.get("by_size", {}).items()},
        )
