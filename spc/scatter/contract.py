"""What every estimator promises, and the check that it keeps it."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

import numpy as np

from spc.nouns import Floats, Scatter

Equivariance = Literal["affine", "columns"]


class Estimator(Protocol):
    """A frozen question; called with a table (n, p), it answers with a Scatter.

    An estimator may also say `equivariance`: "affine" when any mixture of the columns changes no distance (its limits then depend on n
    and p alone), "columns" when units, shifts and the order of the columns change none, but mixtures may; and `missing = True` when it
    takes tables with NaN in them. Who says nothing is taken for "columns" and complete tables: the safe side.
    """

    name: ClassVar[str]
    robust: ClassVar[bool]

    def __call__(self, x: Floats) -> Scatter: ...

    def rows_needed(self, p: int) -> int: ...


_TITLES = {
    "ledoit_wolf": "Ledoit-Wolf",
    "successive_differences": "successive differences",
    "modified_cholesky": "modified Cholesky",
    "componentwise": "componentwise medians",
    "cellwise": "cellMCD",
    "classical": "classical",
}


def title(estimator: Estimator) -> str:
    """An estimator as a law or a page names it: "MCD(h = 0.75)"."""
    h = getattr(estimator, "h", None)
    return _TITLES.get(estimator.name, estimator.name.upper()) + (f"(h = {h:g})" if h is not None else "")


def equivariance(estimator: Estimator) -> Equivariance:
    """What an estimator says of itself, or the safe side."""
    said: Equivariance = getattr(estimator, "equivariance", "columns")
    return said


def takes_missing(estimator: Estimator) -> bool:
    """Whether an estimator fits tables in which cells are missing (NaN)."""
    return bool(getattr(estimator, "missing", False))


def check(estimator: Estimator) -> None:
    """Raise AssertionError when an estimator breaks a promise that all of them share.

    On one ordinary table: the answer is finite with a positive diagonal, asking twice gives the same bits, the table is left as it
    was, and neither units nor the order of the columns change a distance beyond rounding.
    """
    rng = np.random.default_rng(20)
    x = rng.standard_normal((60, 3)) @ np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.1, -0.3, 0.9]]).T
    before = x.copy()
    first, again = estimator(x), estimator(x)
    assert np.array_equal(x, before), "the table was changed"
    assert np.array_equal(first.factor, again.factor) and np.array_equal(first.center, again.center), "asked twice, two answers"
    assert np.all(np.isfinite(first.factor)) and np.all(np.diag(first.factor) > 0), "the factor is not one"
    d2 = first.d2(x)
    scale, shift = np.array([1e-6, 1.0, 1e6]), np.array([0.0, 50.0, -3e6])
    assert np.allclose(estimator(x * scale + shift).d2(x * scale + shift), d2, rtol=1e-6), "units change the distances"
    order = [2, 0, 1]
    assert np.allclose(estimator(x[:, order]).d2(x[:, order]), d2, rtol=1e-6), "the order of the columns changes the distances"
    if equivariance(estimator) == "affine":
        mixture = np.array([[1.0, 2.0, 0.0], [-1.0, 1.0, 4.0], [0.5, 0.0, 1.0]])
        assert np.allclose(estimator(x @ mixture).d2(x @ mixture), d2, rtol=1e-6), "a mixture of the columns changes the distances"
    if takes_missing(estimator):
        holes = x.copy()
        holes[::7, 1] = np.nan
        assert np.all(np.isfinite(estimator(holes).factor)), "a table with missing cells has no answer"
