"""Run lengths and limits of the MEWMA chart, by the integral equation on Gauss–Legendre nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.runlength.asked import NotComputed, checked, limit_for
from spc.runlength.chain import Chain, RunLength
from spc.runlength.nodes import Nodes, ball, lasting, legendre, spread
from spc.runlength.sizes import coarser, sizes

_SETTLED = 1e-7  # the exact variance is taken for the asymptotic one when it is this near to it

_LONG = 2e8  # numbers in all the matrices of the rows before that: about ten seconds


@dataclass(frozen=True)
class Mewma:
    """The chart of ‖y‖²·(2−λ)/λ with y ← λz + (1−λ)y, known parameters, y = 0 at first (Lowry, Woodall, Champ & Rigdon 1992).

    p: variables; lam: λ in (0, 1]; exact: divide by the exact variance λ/(2−λ)·(1−(1−λ)^(2t)) of row t, which alarms sooner at first and
    has a limit of its own. In control: Rigdon 1995, Knoth 2017; with a shift: Runger & Prabhu 1996, on nodes instead of cells.

    >>> chart = Mewma(3, 0.1)
    >>> round(chart.limit(1000.0), 2)
    14.76
    >>> found = Mewma(4, 0.1).run_length(12.73, shift=1.0)
    >>> round(found.arl, 2), found.quantiles[0.9]
    (12.15, 19)
    """

    p: int
    lam: float = 0.1
    exact: bool = False

    def __post_init__(self) -> None:
        checked(self.p)
        if not 0.005 <= self.lam <= 1.0:
            raise BadRecipe(f"λ = {self.lam:g} is not a weight for a MEWMA chart.", cure="Give a number from 0.005 to 1; 0.1 is usual.")

    def limit(self, arl0: float) -> float:
        """The limit with this mean number of good rows between false alarms."""
        high = float(chdtri(self.p, min(1.0 / arl0, 0.5))) if arl0 > 0 else 1.0
        return limit_for(arl0, lambda h: self._chain(h, 0.0, self._sizes(h, 0.0)).mean(), 1e-3 * high, high)

    def run_length(self, limit: float, shift: float = 0.0) -> RunLength:
        """The run length when the mean has moved by `shift` (Mahalanobis length, 0: in control) since the first row.

        `steady` is the mean when the process had long been in control, without an alarm, before the shift.
        """
        checked(self.p, limit, shift)
        fine = self._sizes(limit, shift)
        chain = self._chain(limit, shift, fine)
        rough = self._chain(limit, shift, coarser(fine)).mean()
        quiet = lasting(self._chain(limit, 0.0, (fine[0], 0)).move)
        if shift:
            quiet = spread(quiet, self.p, fine[1])
        return chain.run_length(rough, quiet)

    def _sizes(self, limit: float, shift: float) -> tuple[int, int]:
        return sizes(self._edge(limit, None) / self.lam, self.p, shift)

    def _edge(self, limit: float, row: int | None) -> float:
        """The largest length of y without an alarm in a row, None: in the long run."""
        early = 1.0 if row is None or not self.exact else -math.expm1(2 * row * math.log1p(-self.lam)) if self.lam < 1.0 else 1.0
        return math.sqrt(limit * self.lam / (2.0 - self.lam) * early)

    def _nodes(self, edge: float, size: tuple[int, int]) -> Nodes:
        return ball(self.p, legendre(size[0], 0.0, edge), size[1])

    def _move(self, here: Nodes, there: Nodes, shift: float) -> Floats:
        along = None if here.along is None else (1.0 - self.lam) * here.along + self.lam * shift
        return there.density(along, (1.0 - self.lam) * here.beside, self.lam) * there.weight

    def _chain(self, limit: float, shift: float, size: tuple[int, int]) -> Chain:
        rows = 1
        if self.exact and self.lam < 1.0:
            rows = math.ceil(0.5 * math.log(_SETTLED) / math.log1p(-self.lam))
            if rows * (size[0] * max(size[1], 1)) ** 2 > _LONG:
                text = f"A run length after a shift is not computed for the exact variance with λ = {self.lam:g} and this limit."
                raise NotComputed(text, cure="Give a larger λ, or ask for the asymptotic form.")
        nodes = Nodes(self.p, None if size[1] == 0 else np.zeros(1), np.zeros(1), np.ones(1))
        mass, head = np.ones(1), []
        for row in range(1, rows + 1):
            head.append(float(mass.sum()))
            there = self._nodes(self._edge(limit, row), size)
            mass = mass @ self._move(nodes, there, shift)
            nodes = there
            if mass.sum() < 1e-13:
                break
        last = self._nodes(self._edge(limit, None), size)
        return Chain(self._move(last, last, shift), mass, np.array(head))
