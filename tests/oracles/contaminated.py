"""Simulated references with every kind of contamination, the same on every machine: the tables that objectives are compared on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.nouns import Floats

SHAPES = ((100, 3), (200, 5), (400, 8), (1000, 10), (2000, 20), (10_000, 20))
KINDS = ("cluster", "tight", "point", "radial", "near")
SHARES = (0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True)
class Case:
    """n rows of p variables, a share of them bad in one of five ways."""

    n: int
    p: int
    kind: str
    share: float

    @property
    def name(self) -> str:
        return f"{self.n}x{self.p} {self.kind} {self.share:.0%}"

    def table(self) -> Floats:
        """The rows (n, p): bad ones a wide or a tight cluster, a point, ten times too far out, or a shift that is hardly seen."""
        rng = np.random.default_rng([self.n, self.p, KINDS.index(self.kind), round(100 * self.share)])
        x = rng.standard_normal((self.n, self.p))
        bad = round(self.share * self.n)
        axis = np.eye(self.p)[0]
        x[:bad] = {
            "cluster": 0.3 * x[:bad] + 5.0 * np.sqrt(self.p) * axis,
            "tight": 0.05 * x[:bad] + 5.0 * np.sqrt(self.p) * axis,
            "point": 1e-6 * x[:bad] + 20.0 * axis,
            "radial": 10.0 * x[:bad],
            "near": x[:bad] + 4.0 / np.sqrt(self.p),
        }[self.kind]
        return np.asarray((x @ rng.standard_normal((self.p, self.p)))[rng.permutation(self.n)] + 50.0)


CASES = [Case(n, p, kind, share) for n, p in SHAPES for kind in KINDS for share in SHARES]
