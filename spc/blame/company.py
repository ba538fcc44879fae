"""Who else was shifted: once a row has signalled, a further variable is believed with less than it takes to signal by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spc.blame.named import Laws
from spc.blame.sets import Rest
from spc.nouns import Floats, Scatter

_BESIDE = 0.02  # probability with which one of the good variables beside a shifted one is further out, given the others
_OUT = 2.5  # standard deviations that each of those named together is out by itself: who is not has broken no level
_MEASURE = 0.6  # how much of the largest shift a further one must have: what moves together moves by about as much

More = Callable[[tuple[int, ...], Rest], bool]


def company(laws: Laws, scatter: Scatter, x: Floats, whole: Rest) -> More:
    """Whether the variable of the rest that is furthest out was shifted together with the chosen ones, in a row x (p,) that has signalled.

    A rest within its limit is no proof that nothing else has moved: of two unrelated variables that are four standard deviations out one
    is often enough to bring T² back. A further variable belongs to the chosen when, given the others, it is further out than one of so
    many good ones is in one signal of fifty, when it and the chosen are out by themselves, too, and when it has moved, in standard
    deviations, by at least six tenths of the largest of them: the best guess of the shifts is (P_AA)⁻¹ u_A. Noise beside a large
    shift is out as well, now and then, but not by as much.
    """
    sd = scatter.sd
    own = np.abs(x - scatter.center) / sd
    unit = scatter.conditional_scale / sd

    def more(chosen: tuple[int, ...], rest: Rest) -> bool:
        q = rest.count
        if whole.d2 <= laws.limit(whole.count) or q == 0:
            return False
        among = [*chosen, rest.best()]
        if float(own[among].min()) < _OUT or not laws.term(float(rest.gains[among[-1]]), q - 1) * q < _BESIDE:
            return False
        shifts = np.abs(np.linalg.lstsq(whole.precision[np.ix_(among, among)], whole.u[0, among])[0]) * unit[among]
        return bool(shifts[-1] >= _MEASURE * shifts.max())

    return more
