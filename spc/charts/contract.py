"""What every chart promises, and the check that it keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeGuard

import numpy as np
from scipy.linalg import solve_triangular

from spc.errors import BadRecipe
from spc.nouns import Floats, Ints

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


class Binding(Chart, Protocol):
    """A chart that depends on the scatter by which rows were whitened, and judges once it is bound to it."""

    def bound(self, factor: Floats) -> Chart:
        """The chart for rows whitened by the lower factor (p, p) of a scatter, or, side by side, by B of them (B, p, p)."""
        ...


def binds(chart: Chart) -> TypeGuard[Binding]:
    """Whether a chart must be bound to a scatter. Most need not: they are functions on the sphere, the same for any scatter."""
    return callable(getattr(chart, "bound", None))


def bound(chart: Chart, factor: Floats) -> Chart:
    """The chart that judges rows whitened by a lower factor (p, p), or by B of them (B, p, p) side by side."""
    return chart.bound(factor) if binds(chart) else chart


class Together(Chart, Protocol):
    """A chart that judges the rows of a subgroup together, and takes no single rows."""

    def of(self, z: Floats) -> float:
        """The statistic of the whitened rows z (k, p) of a subgroup."""
        ...


def takes_together(chart: Chart) -> TypeGuard[Together]:
    """Whether a chart judges the rows of a subgroup together."""
    return callable(getattr(chart, "of", None)) and not binds(chart)


def check(chart: Chart) -> None:
    """Raise AssertionError when a chart breaks a promise.

    A block has the bits of its rows one by one, rows and memory that were given are left alone, side by side is as one after the other,
    and rotating z changes nothing. A chart that is bound to a scatter need not stand a rotation of z, but other units and another order
    of the columns. Of a chart that takes the rows of a subgroup together, neither their order nor their mean nor a rotation may change
    anything.
    """
    rng = np.random.default_rng(7)
    z = rng.standard_normal((50, 4))
    if takes_together(chart):
        _check_together(chart, z, rng)
        return
    free, factor = chart, np.tril(rng.standard_normal((4, 4)), -1) + 2.0 * np.eye(4)
    chart = bound(chart, factor)
    given = z.copy()
    whole = chart.step(chart.start(4), z)[1]
    assert (z == given).all(), "the rows that were given were changed"
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
    if binds(free):
        order, scale = np.array([2, 0, 3, 1]), np.array([1e-3, 1.0, 20.0, 1e4])
        lower, turned = _turned(factor, z, order, scale)
        assert np.allclose(bound(free, lower).step(chart.start(4), turned)[1], whole, rtol=1e-9), "units or order of columns matter"
        return
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    assert np.allclose(chart.step(chart.start(4), z @ turn)[1], whole, rtol=1e-9), "the statistic is not one on a sphere"


def _check_together(chart: Together, z: Floats, rng: np.random.Generator) -> None:
    value, before = chart.of(z), z.copy()
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    assert (z == before).all(), "the rows that were given were changed"
    assert not chart.start(4), "a chart of subgroups has no memory"
    for other in (z[::-1], z + rng.standard_normal(4), z @ turn):
        assert np.isclose(chart.of(other), value, rtol=1e-9), "the order of the rows, their mean or a rotation matters"
    assert chart.of(2.0 * z) > value, "a wider spread is not seen"
    try:
        chart.step({}, z)
    except BadRecipe:
        return
    raise AssertionError("single rows are not refused")


def _turned(factor: Floats, z: Floats, order: Ints, scale: Floats) -> tuple[Floats, Floats]:
    """The lower factor and the whitened rows of the same rows with their columns in another order and in other units."""
    rows = factor[order] * scale[:, None]
    upper = np.asarray(np.linalg.qr(rows.T, mode="r"))
    lower = (upper * np.where(np.diag(upper) < 0.0, -1.0, 1.0)[:, None]).T
    return lower, np.asarray(solve_triangular(lower, rows @ z.T, lower=True).T)
