"""What every chart promises, and the check that it keeps it."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from spc.nouns import Floats


class Chart(Protocol):
    """A statistic on whitened rows, with a memory that may be empty."""

    name: ClassVar[str]

    @property
    def alpha(self) -> float | None: ...

    def start(self, p: int) -> dict[str, Any]: ...

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]: ...


def check(chart: Chart) -> None:
    """Raise AssertionError when a chart breaks a promise: a block equals its rows one by one, and rotating z changes nothing."""
    rng = np.random.default_rng(7)
    z = rng.standard_normal((50, 4))
    whole = chart.step(chart.start(4), z)[1]
    state, single = chart.start(4), []
    for row in z:
        state, value = chart.step(state, row[None])
        single.append(float(value[0]))
    assert np.allclose(whole, single, rtol=1e-12), "a block differs from its rows one by one"
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    assert np.allclose(chart.step(chart.start(4), z @ turn)[1], whole, rtol=1e-9), "the statistic is not one on a sphere"
