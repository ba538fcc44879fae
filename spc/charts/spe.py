"""The squared prediction error (Q): what of a row lies outside the main relations of the variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from spc.charts.contract import Lanes
from spc.errors import BadRecipe
from spc.limits.outside import box
from spc.nouns import Floats
from spc.scatter.axes import Outside, settled

_USUAL = 0.0027  # the false-alarm probability of the approximate limit in which SPE of different scatters is compared


@dataclass(frozen=True)
class Spe:
    """SPE = ‖(I − PPᵀ)u‖² of the standardised row u = (x − m)/s, P the first principal axes of its correlation (Jackson & Mudholkar 1979).

    components: how many axes; None takes as many as hold the share `explained` of the variance, and one less than there are variables at
    the most. alpha: false alarms per row; None takes the recipe's. It has no memory. What it measures depends on the scatter, so it must
    be `bound` to one before it judges. Raises BadRecipe for numbers that make no SPE.

    >>> related = np.array([[1.0, 0.0], [0.8, 0.6]])  # two variables with correlation 0.8
    >>> along, across = np.linalg.solve(related, np.array([[2.0, 2.0], [2.0, -2.0]]).T).T
    >>> Spe().bound(related).step({}, np.array([along, across]))[1].round(12).tolist()
    [0.0, 8.0]
    """

    components: int | None = None
    explained: float = 0.9
    alpha: float | None = None
    name: ClassVar[str] = "spe"
    title: ClassVar[str] = "SPE"

    def __post_init__(self) -> None:
        if self.components is not None and (isinstance(self.components, bool) or self.components != int(self.components)):
            raise BadRecipe(f"{self.components!r} is not a number of axes.", cure="Give a whole number, or leave it out.")
        if self.components is not None and self.components < 1:
            raise BadRecipe(f"SPE cannot leave out {self.components} axes.", cure="Give 1 or more, or leave it out.")
        if not 0.0 < self.explained < 1.0:
            raise BadRecipe(
                f"A share of {self.explained:g} of the variance leaves no SPE.", cure="Use a share between 0 and 1, such as 0.9."
            )

    def bound(self, factor: Floats) -> BoundSpe:
        """The chart for rows whitened by the lower factor (p, p) of a scatter."""
        return BoundSpe.of(factor, settled(factor, self.components, self.explained), self.alpha)

    def start(self, p: int) -> dict[str, Any]:
        """The chart's memory before the first row: none."""
        return {}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """Not without a scatter: raises TypeError."""
        raise TypeError("SPE depends on the relations of the variables: bind the chart to a scatter first")

    def lanes(self, count: int, p: int) -> Lanes:
        """Not without a scatter: raises TypeError."""
        raise TypeError("SPE depends on the relations of the variables: bind the chart to a scatter first")


@dataclass(frozen=True, eq=False)
class BoundSpe:
    """SPE of rows whitened by one scatter, or by B of them side by side; with `components` axes left out of it, in the unit `unit`."""

    outside: Outside
    components: int
    unit: Floats | float = 1.0
    alpha: float | None = None
    name: ClassVar[str] = Spe.name
    title: ClassVar[str] = Spe.title

    @classmethod
    def of(cls, factor: Floats, components: int, alpha: float | None = None) -> BoundSpe:
        """For one lower factor (p, p); for B of them (B, p, p) SPE is in units of each one's usual limit, so that they can be compared."""
        outside = Outside.of(factor, components)
        return cls(outside, components, 1.0 if factor.ndim == 2 else box(outside.weight, _USUAL), alpha)

    def bound(self, factor: Floats) -> BoundSpe:
        """The same, with as many axes, for other scatters."""
        return BoundSpe.of(factor, self.components, self.alpha)

    @property
    def about(self) -> tuple[str, int, float | None, float]:
        """What its limit depends on beside the scatters that references have: a key for what was simulated."""
        return self.name, self.components, self.alpha, float(np.sum(self.usual))

    @property
    def usual(self) -> Floats:
        """The approximate limit (…,) of each scatter for parameters that are known: the unit in which scatters are compared."""
        return box(self.outside.weight, _USUAL)

    def start(self, p: int) -> dict[str, Any]:
        """The chart's memory before the first row: none."""
        return {}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """SPE of each whitened row z (n, p)."""
        e = self.outside.along(z)
        return state, np.asarray(np.einsum("ij,ij->i", e, e))

    def lanes(self, count: int, p: int) -> Lanes:
        """The same for `count` processes side by side, as many of them with each scatter."""
        rest, unit = self.outside.rest, np.atleast_1d(self.unit)
        rest = np.swapaxes(rest.reshape(-1, *rest.shape[-2:]), -1, -2)

        def advance(z: Floats) -> Floats:
            e = z.reshape(len(rest), -1, p) @ rest
            return np.asarray((np.einsum("kij,kij->ki", e, e) / unit[:, None]).reshape(-1))

        return advance
