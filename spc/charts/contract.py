"""What every chart promises, and the check that it keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import numpy as np

from spc.nouns import Floats

Lanes = Callable[[Floats], Floats]  # the next rows z (count, p) of processes side by side, to their statistics (count,)


class Chart(Protocol):
    """A statistic on whitened rows, with a memory that may be empty."""

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def alpha(self) -> float | None: ...

    def start(self, p: int) -> dict[str, Any]: ...

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]: ...

    def lanes(self, count: int, p: int) -> Lanes: ...


def check(chart: Chart) -> None:
    """Raise AssertionError when a chart breaks a promise.

    A block has the bits of its rows one by one, the given memory is left alone, side by side is as one after the other, and rotating z
    changes nothing.
    """
    rng = np.random.default_rng(7)
    z = rng.standard_normal((50, 4))
    whole = chart.step(chart.start(4), z)[1]
    state, single = chart.start(4), []
    for row in z:
        state, value = chart.step(state, row[None])
        single.append(float(value[0]))
    assert whole.tolist() == single, "a block differs from its rows one by one"
    begun = chart.start(4)
    chart.step(begun, z)
    assert begun == chart.start(4), "the memory that was given was changed"
    advance = chart.lanes(3, 4)
    beside = np.array([advance(np.array([row, 0.0 * row, -row])) for row in z])
    assert np.allclose(beside[:, 0], whole, rtol=1e-9), "processes side by side differ from one after the other"
    assert np.allclose(beside[:, 2], whole, rtol=1e-9), "processes side by side get into each other's way"
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    assert np.allclose(chart.step(chart.start(4), z @ turn)[1], whole, rtol=1e-9), "the statistic is not one on a sphere"
