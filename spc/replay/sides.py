"""Two candidates side by side: the rows on which they disagree, and whether that is more than chance."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from spc.nouns import Floats, Rows
from spc.replay.counts import Clumps
from spc.replay.outcome import Compared, Disagreement, Outcome
from spc.replay.player import Verdict
from spc.replay.said import compared_sentence


class Pair:
    """Counts while the rows go by. `most` rows of disagreement are kept."""

    def __init__(self, champion: str, challenger: str, back: int, most: int) -> None:
        self._names, self._most = (champion, challenger), most
        self._both = self._neither = 0
        self._alone = (Clumps(back), Clumps(back))
        self._rows: list[Disagreement] = []

    def take(self, rows: Rows, first_row: int, one: Verdict, other: Verdict, truth: Floats | None) -> None:
        """The next block, as both judged it."""
        judged = one.judged & other.judged
        a, b = one.out[judged], other.out[judged]
        self._both += int((a & b).sum())
        self._neither += int((~a & ~b).sum())
        self._alone[0].take(a & ~b)
        self._alone[1].take(b & ~a)
        for i in np.flatnonzero(judged & (one.out != other.out)):
            if len(self._rows) >= self._most:
                break
            bad = None if truth is None or np.isnan(truth[i]) else bool(truth[i] > 0)
            ratios = (float(one.ratio[i]), float(other.ratio[i]))
            who = self._names[0] if one.out[i] else self._names[1]
            self._rows.append(Disagreement(first_row + int(i), rows.at[i], rows.ids[int(i)], who, ratios, bad))

    def compared(self, champion: Outcome, challenger: Outcome) -> Compared:
        """The comparison, once all rows have gone by."""
        mine, other = self._alone
        p = sign_test(mine.runs, other.runs)
        counts = (mine.n, self._both, mine.hits, other.hits, self._neither)
        made = Compared(*self._names, *counts, (mine.runs, other.runs), p, tuple(self._rows), "")
        return Compared(*self._names, *counts, (mine.runs, other.runs), p, tuple(self._rows), compared_sentence(made, champion, challenger))


def sign_test(one: int, other: int) -> float:
    """The exact two-sided p-value of two counts that would be equal on average.

    >>> round(sign_test(1, 8), 6), sign_test(3, 3), sign_test(0, 0)
    (0.039062, 1.0, 1.0)
    """
    low, n = min(one, other), one + other
    if 2 * low == n:
        return 1.0
    return float(2.0 * betainc(n - low, low + 1, 0.5))  # P(at most `low` of n) at 1/2, on both sides
