"""The tolerance ellipse of two variables."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spc.distances.said import Center, scatter
from spc.errors import BadRecipe
from spc.nouns import Floats


def ellipse(
    center: Center,
    i: int,
    j: int,
    covariance: ArrayLike | None = None,
    *,
    level: float | None = None,
    distance: float | None = None,
    points: int = 181,
) -> Floats:
    """The closed line (points, 2) on which variables i and j, taken alone, are at one Mahalanobis distance from the centre.

    Either `distance` (not squared), or `level`, the share of normal rows inside when the parameters are known: then the distance is
    √χ²₂(level) = √(−2·log(1 − level)). The default is level 0.975, as in the tolerance ellipses of the robust literature (Rousseeuw & Van
    Driessen 1999). In the units of the two columns. Raises BadRecipe for a variable or a level that is none.

    >>> ellipse([0.0, 0.0], 0, 1, [[4.0, 0.0], [0.0, 1.0]], distance=1.0, points=5).round(12).tolist()
    [[2.0, 0.0], [0.0, 1.0], [-2.0, 0.0], [-0.0, -1.0], [2.0, -0.0]]
    """
    known = scatter(center, covariance)
    for k in (i, j):
        if not 0 <= k < known.p:
            raise BadRecipe(f"There is no variable {k}.", cure=f"The scatter has {known.p}, numbered from 0.")
    if i == j:
        raise BadRecipe("An ellipse needs two different variables.", cure="Give two.")
    radius = _radius(level, distance)
    turn = np.linspace(0.0, 2.0 * np.pi, points)
    circle = radius * np.column_stack([np.cos(turn), np.sin(turn)])
    a, b = known.factor[i], known.factor[j]  # S_ij = a·b: the two rows of L, turned until the first is flat, are the factor of the block
    first = float(np.linalg.norm(a))
    along = float(a @ b) / first
    rest = float(np.linalg.norm(b - along * a / first))
    return np.asarray(circle @ np.array([[first, 0.0], [along, rest]]).T + known.center[[i, j]])


def _radius(level: float | None, distance: float | None) -> float:
    if level is not None and distance is not None:
        raise BadRecipe("A level and a distance were given.", cure="Give one of them.")
    if distance is not None:
        if not distance > 0.0:
            raise BadRecipe(f"distance = {distance} is not above 0.", cure="Give a distance, such as 2.716.")
        return float(distance)
    share = 0.975 if level is None else level
    if not 0.0 < share < 1.0:
        raise BadRecipe(f"level = {share} is not between 0 and 1.", cure="0.975 is usual.")
    return float(np.sqrt(-2.0 * np.log1p(-share)))
