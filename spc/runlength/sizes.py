"""How many nodes a run length needs: by how many standard deviations of one row's step fit between the centre and the limit."""

from __future__ import annotations

import math

_MOST = 2400  # nodes in two dimensions: the equations of twice as many would take eight times as long


def sizes(width: float, p: int, shift: float) -> tuple[int, int]:
    """Radii and angles; no angles in control.

    >>> sizes(10.0, 4, 0.0), sizes(10.0, 4, 1.0)
    ((50, 0), (21, 36))
    """
    if shift == 0.0:
        return min(20 + math.ceil(3.0 * width), 1200), 0
    if p == 1:
        return min(20 + math.ceil(3.0 * width), 600), 2
    radii, turns = 8 + math.ceil(1.3 * width), 8 + 2.8 * width
    shrink = min(1.0, math.sqrt(_MOST / (radii * turns)))
    return math.ceil(radii * shrink), 2 * math.ceil(turns * shrink / 2)


def coarser(size: tuple[int, int]) -> tuple[int, int]:
    """Half as many nodes.

    >>> coarser((50, 0)), coarser((24, 56))
    ((25, 0), (17, 40))
    """
    if size[1] <= 2:
        return math.ceil(size[0] / 2), size[1]
    return math.ceil(size[0] / math.sqrt(2.0)), 2 * math.ceil(size[1] / math.sqrt(8.0))
