"""Run lengths and limits of Crosier's MCUSUM chart, by the integral equation with an atom at zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.runlength.asked import checked, limit_for
from spc.runlength.chain import Chain, RunLength
from spc.runlength.nodes import ball, lasting, legendre, spread
from spc.runlength.sizes import coarser, sizes

_ATOM = 16  # radii within the reference value


@dataclass(frozen=True)
class Mcusum:
    """The chart of ‖s‖ with s ← (s + z)·(1 − k/‖s + z‖), or 0 where ‖s + z‖ ≤ k; known parameters, s = 0 at first (Crosier 1988).

    p: variables; k: the reference value, about half of the shift that matters. A row alarms when ‖s‖ > h. In control the length of s is
    a chain by itself, with a lump of probability at 0; with a shift the part of s along it counts, too.

    >>> round(Mcusum(2, 0.5).limit(200.0), 4)
    5.4912
    >>> round(Mcusum(2, 0.5).run_length(5.5).arl, 1)
    201.5
    """

    p: int
    k: float = 0.5

    def __post_init__(self) -> None:
        checked(self.p)
        if not 0.01 <= self.k <= 10.0:
            raise BadRecipe(f"k = {self.k:g} is not a reference value.", cure="Give a number from 0.01 to 10; 0.5 is usual.")

    def limit(self, arl0: float) -> float:
        """The limit with this mean number of good rows between false alarms."""
        return limit_for(arl0, lambda h: self._chain(h, 0.0, self._sizes(h, 0.0)).mean(), 1e-6, 1.0)

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
            quiet = np.concatenate([quiet[:1], spread(quiet[1:], self.p, fine[1])])
        return chain.run_length(rough, quiet)

    def _sizes(self, limit: float, shift: float) -> tuple[int, int]:
        return sizes(limit, self.p, shift)

    def _chain(self, limit: float, shift: float, size: tuple[int, int]) -> Chain:
        """States: 0, then the nodes of s. Where s + z lands is integrated over the ball of radius k and over the shell around it."""
        r, w = legendre(size[0], 0.0, limit)
        stand = ball(self.p, (r, w), size[1])
        shell = ball(self.p, (r + self.k, w), size[1])
        core = ball(self.p, legendre(_ATOM, 0.0, self.k), 0 if size[1] == 0 else 2 if self.p == 1 else _ATOM)
        along = None if stand.along is None else np.concatenate([[0.0], stand.along]) + shift
        beside = np.concatenate([[0.0], stand.beside])
        zero: Floats = core.density(along, beside, 1.0) @ core.weight
        move = np.column_stack([zero, shell.density(along, beside, 1.0) * shell.weight])
        begin = np.zeros(len(move))
        begin[0] = 1.0
        return Chain(move, begin)
