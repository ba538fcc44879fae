"""The minimum covariance determinant without a search, where that is possible: one variable, or few enough subsets to try them all."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from spc.nouns import Bools, Floats
from spc.scatter.csteps import Features


def shortest(z: Floats, h: int) -> Bools:
    """The exact univariate answer: of all runs of h neighbours in order, the one with the smallest variance (Rousseeuw & Leroy 1987)."""
    order = np.argsort(z, kind="stable")
    y = z[order]
    s1 = np.concatenate([[0.0], np.cumsum(y)])
    s2 = np.concatenate([[0.0], np.cumsum(y * y)])
    starts = np.arange(len(z) - h + 1)
    variance = (s2[starts + h] - s2[starts]) / h - ((s1[starts + h] - s1[starts]) / h) ** 2
    member = np.zeros(len(z), dtype=bool)
    first = int(np.argmin(variance))
    member[order[first : first + h]] = True
    return member


def enumerated(z: Floats, h: int) -> Bools:
    """The best of all h-subsets of z (n, p), each tried."""
    members = np.zeros((math.comb(len(z), h), len(z)), dtype=bool)
    chosen = np.array(list(combinations(range(len(z)), h)))
    np.put_along_axis(members, chosen, True, axis=1)
    features = Features.of(z)
    _, logdet = features.distances(*features.moments(members))
    return np.asarray(members[int(np.argmin(logdet))])
