"""Timing several ways of doing the same work, in turn, so that a busy neighbour disturbs all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median


def side_by_side(calls: Mapping[str, Callable[[], object]], *, rounds: int, least_s: float) -> dict[str, float]:
    """The median seconds of processor time of one call of each, over so many rounds in which all take their turn.

    A call that is shorter than `least_s` is repeated until that has passed. Processor time, not the time on the wall: with one thread the
    two are the same on a quiet machine, and on a busy one only the first still says something about the program.
    """
    repeats = {name: _repeats(call, least_s) for name, call in calls.items()}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    gc.collect()
    gc.disable()
    try:
        for k in range(rounds):
            turn = k % len(names)
            for name in names[turn:] + names[:turn]:
                taken[name].append(_once(calls[name], repeats[name]))
    finally:
        gc.enable()
    return {name: median(many) for name, many in taken.items()}


def _once(call: Callable[[], object], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def _repeats(call: Callable[[], object], least_s: float) -> int:
    call()  # the first call pays for what is loaded and cached
    repeats = 1
    while (taken := _once(call, repeats) * repeats) < least_s:
        repeats = max(2 * repeats, int(1.2 * repeats * least_s / max(taken, 1e-7)))
    return repeats


def quantile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed.

    >>> quantile([3.0, 1.0, 2.0, 4.0], 0.5), quantile([3.0, 1.0, 2.0, 4.0], 0.95)
    (2.0, 4.0)
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
