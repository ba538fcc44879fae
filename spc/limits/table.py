"""Calibrated limits that were worked out beforehand, so that an everyday fit does not simulate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from spc.limits.calibrated import TAIL_GRID
from spc.limits.exact import NewRow, ReferenceRow, checked_alpha
from spc.nouns import Floats, Limit


@dataclass(frozen=True, eq=False)
class Tabled:
    """The calibration of an estimator for n rows of p variables, read from the shipped table.

    The table keeps the ratio of the calibrated limit to the classical one on a grid of n and alpha. Between its entries the logarithm of
    the ratio is interpolated (monotone cubics) in 1/n, where it tends to 0 with 1/n, and in log alpha.
    """

    title: str
    n: int
    p: int
    alphas: Floats
    new: Floats  # (p, alphas): log ratios at this n
    own_alphas: Floats
    own: Floats  # (own alphas,)

    def new_row(self, alpha: float, q: int | None = None) -> Limit:
        """The limit for a new row with q variables observed (all p when None)."""
        q = q or self.p
        ratio = _at(self.alphas, self.new[q - 1], checked_alpha(alpha))
        seen = f"p = {self.p}" if q == self.p else f"{q} of {self.p} variables observed"
        return Limit(
            NewRow(self.n, q).limit(alpha).value * ratio, alpha, f"calibrated for {self.title}: n = {self.n}, {seen}, from the table"
        )

    def reference_row(self, alpha: float) -> Limit:
        """The limit for a row that is itself in the table; the (larger) one for a new row when alpha is below the table's."""
        if alpha < self.own_alphas.min():
            new = self.new_row(alpha)
            return Limit(new.value, alpha, f"{new.law}, taken for a new row: on the safe side for a reference row")
        ratio = _at(self.own_alphas, self.own, checked_alpha(alpha))
        words = f"calibrated for {self.title}: reference rows, n = {self.n}, p = {self.p}, from the table"
        return Limit(ReferenceRow(self.n, self.p).limit(alpha).value * ratio, alpha, words)

    def tails(self) -> tuple[tuple[float, float], ...]:
        """Pairs (alpha, value) of the law of a new row."""
        inside = [alpha for alpha in TAIL_GRID if self.alphas.min() <= alpha <= self.alphas.max()]
        return tuple((alpha, self.new_row(alpha).value) for alpha in inside)


def lookup(estimator: str, h: float, title: str, n: int, p: int) -> Tabled | None:
    """The tabled calibration, or None when the table does not cover this estimator, share h, n or p."""
    body = _body()
    rows = [cell for cell in body["cells"] if cell["h"] == h and cell["p"] == p] if body["estimator"] == estimator else []
    if not rows or n < min(cell["n"] for cell in rows):
        return None
    rows.sort(key=lambda cell: -int(cell["n"]))
    at = np.array([0.0, *(1.0 / cell["n"] for cell in rows)])
    new = np.log(np.array([cell["new"] for cell in rows]))  # (cells, p, alphas)
    own = np.log(np.array([cell["own"] for cell in rows]))
    return Tabled(title, n, p, np.array(body["alphas"]), _in_n(at, new, n), np.array(body["own_alphas"]), _in_n(at, own, n))


def covers(alpha: float) -> bool:
    """Whether the table reaches this alpha."""
    alphas = _body()["alphas"]
    return bool(min(alphas) <= alpha <= max(alphas))


def _in_n(at: Floats, log_ratio: Floats, n: int) -> Floats:
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - takes long to load, and not every process fits

    full = np.concatenate([np.zeros((1, *log_ratio.shape[1:])), log_ratio])
    return np.asarray(PchipInterpolator(at, full, axis=0)(1.0 / n))


def _at(alphas: Floats, log_ratio: Floats, alpha: float) -> float:
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - as above

    order = np.argsort(alphas)
    return float(np.exp(PchipInterpolator(np.log(alphas[order]), log_ratio[order])(np.log(alpha))))


@cache
def _body() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resources.files("spc.limits").joinpath("mcd.json").read_text(encoding="utf-8"))
    return loaded
