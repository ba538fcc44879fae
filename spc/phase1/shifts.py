"""A forward search for shifts in a sequence of scores: the one that explains most first, then the next within what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spc.nouns import Bools, Floats, Ints

SHORTEST = 5  # a step needs more rows or subgroups than this on each side
_NOTHING = 1e-8

Kind = Literal["step", "isolated"]


@dataclass(frozen=True, eq=False)
class Found:
    """`totals` (most,): what the first k shifts explain together; `shifts`: kind and position of each, as they were found."""

    totals: Floats
    shifts: tuple[tuple[Kind, int], ...]


def forward(sums: Floats, sizes: Ints, most: int, *, isolated: bool) -> Found:
    """Up to `most` shifts in the subgroup sums (m, p) of scores with unit variance, sizes (m,).

    A step splits a stretch in two, an isolated subgroup is taken out of its stretch; the gain is n₁n₂/(n₁ + n₂) · ‖mean₁ − mean₂‖².
    """
    out = np.zeros(len(sums), dtype=bool)
    stretches = [(0, len(sums), *_best(sums, sizes, 0, len(sums), out, isolated))]
    totals, shifts = np.zeros(most), list[tuple[Kind, int]]()
    for k in range(most):
        best = max(range(len(stretches)), key=lambda i: stretches[i][2])
        start, end, gain, kind, at = stretches[best]
        if gain < _NOTHING:
            totals[k:] = totals[k - 1] if k else 0.0
            break
        totals[k] = gain + (totals[k - 1] if k else 0.0)
        shifts.append((kind, at))
        if kind == "isolated":
            out[at] = True
            parts = [(start, end)]
        else:
            parts = [(start, at), (at, end)]
        stretches[best : best + 1] = [(a, b, *_best(sums, sizes, a, b, out, isolated)) for a, b in parts]
    return Found(totals, tuple(shifts))


def gains(sums: Floats, sizes: Ints, *, isolated: bool) -> Floats:
    """What one shift that begins at each position (m,) would explain; 0 where no step may begin."""
    found = np.zeros(len(sums))
    step = _step(sums, sizes)
    found[SHORTEST + 1 : len(sums) - SHORTEST] = step
    return np.maximum(found, _isolated(sums, sizes)) if isolated else found


def _best(sums: Floats, sizes: Ints, start: int, end: int, out: Bools, isolated: bool) -> tuple[float, Kind, int]:
    """The shift that explains most in one stretch: gain, kind and position."""
    where = np.arange(start, end)[~out[start:end]]
    best: tuple[float, Kind, int] = (0.0, "step", start)
    s, c = sums[where], sizes[where]
    if len(where) > 2 * SHORTEST + 1:
        step = _step(s, c)
        k = int(np.argmax(step))
        best = (float(step[k]), "step", int(where[k + SHORTEST + 1]))
    if isolated and len(where) > 1:
        alone = _isolated(s, c)
        k = int(np.argmax(alone))
        if alone[k] > best[0]:
            best = (float(alone[k]), "isolated", int(where[k]))
    return best


def _step(sums: Floats, sizes: Ints) -> Floats:
    """The gain of a step that begins at positions 6 … m − 6 of a stretch."""
    m = len(sums)
    left = np.cumsum(sums, axis=0)
    n1 = np.cumsum(sizes)
    total, n = left[-1], float(n1[-1])
    part = slice(SHORTEST, m - SHORTEST - 1)
    n1 = n1[part]
    apart = left[part] - total * (n1 / n)[:, None]
    return np.asarray(np.einsum("ij,ij->i", apart, apart) * (n / (n1 * (n - n1))))


def _isolated(sums: Floats, sizes: Ints) -> Floats:
    """The gain of each subgroup standing alone."""
    total, n = sums.sum(axis=0), float(sizes.sum())
    apart = sums - total * (sizes / n)[:, None]
    return np.asarray(np.einsum("ij,ij->i", apart, apart) * (n / (sizes * (n - sizes))))
