"""Which variance or which correlation moved, from a covariance that a chart remembered, or from that of a subgroup."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import chdtri, psi

from spc.blame.named import Laws
from spc.nouns import Cause, Floats, Model

_GREW = 3.0  # standard deviations from which a variance, or a correlation, is said to have moved
_MOST = 3  # relations that are told
_FEW = 4  # variables up to which others that could stand in their place are looked for
_CLOSE = 2.0 * np.log(5.0)  # what an alternative that is five times less likely loses of the statistic
_LOST = 1e-12  # eigenvalues below this share of the largest are rounding


def of_covariance(model: Model, chart: str, c: Floats, worth: float, value: float) -> Cause:
    """The cause "spread" of whitened rows whose covariance is c (p, p) instead of I, worth so many independent rows.

    The statistic tr C − log|C| − p is twice the Kullback-Leibler divergence of N(0, M) from N(0, S), M being C in the variables' own units
    and S the reference's covariance. It is the trace of f(S⁻¹M), f(x) = x − log x − 1, and the diagonal of that matrix are the shares:
    each axis u of the change, S⁻¹M u* = x u*, brings f(x), split as T² is, by u_j (S⁻¹u)_j. They sum to it, and neither order nor units
    of the columns matter. The named variables are the smallest set without which the others are as in the reference: setting variable j
    aside takes from the statistic (S⁻¹MS⁻¹)_jj/(S⁻¹)_jj − log((S⁻¹)_jj/(M⁻¹)_jj) − 1, the divergence of what j is given the others.
    """
    moved = _Moved(model, c, worth)
    named = moved.named(_alpha(model, chart))
    first = moved.axes[:, int(np.argmax(_f(moved.sizes)))]
    share = moved.share()
    total = float(share.sum())
    value = total if np.isnan(value) else value
    return Cause(
        chart=chart,
        kind="spread",
        names=model.names,
        value=value,
        share=share * (value / total) if total > 0.0 else share * 0.0,
        sigma=_score(moved.own, moved.dof),
        given=_score(moved.gains, moved.dof),
        named=tuple(model.names[j] for j in named),
        direction=first * np.sign(first[int(np.argmax(np.abs(first)))]),
        pairs=moved.pairs(named),
    )


class _Moved:
    """A covariance c of whitened rows seen in the variables' own coordinates: `now` and `was` (p, p), in the reference's sd."""

    def __init__(self, model: Model, c: Floats, worth: float) -> None:
        sizes, self.axes = np.linalg.eigh(c)
        self.sizes = np.maximum(sizes, _LOST * sizes[-1])
        self.names, self.reference = model.names, max(model.dof, 2)
        self.worth, self.dof = worth, 1.0 / (1.0 / worth + 1.0 / self.reference)
        self.sd = model.scatter.sd
        self.factor = model.scatter.factor / self.sd[:, None]
        lower = self.factor @ self.axes
        self.was, self.now = self.factor @ self.factor.T, (lower * self.sizes) @ lower.T
        self.own = np.diag(self.now).copy()
        self.gains = _gains(self.was, self.now)[0]

    def share(self) -> Floats:
        """The diagonal (p,) of f(S⁻¹M)."""
        dual = solve_triangular(self.factor, self.axes, lower=True, trans="T")
        return np.asarray((dual * (self.factor @ self.axes)) @ _f(self.sizes))

    def named(self, alpha: float) -> list[int]:
        """The smallest set without which the others are in order, and whoever could as well stand in it; at least one."""
        chosen: list[int] = []
        rest = list(range(len(self.own)))
        while rest:
            parts = self._parts(rest)
            if chosen and self._fine(float(parts[1]), len(rest), alpha):
                break
            chosen.append(rest.pop(int(np.argmax(parts[0]))))
        whole = self._parts(list(range(len(self.own))))[1]
        if len(chosen) > _FEW or self._fine(whole, len(self.own), alpha):
            return chosen
        return chosen + self._doubles(chosen, alpha)

    def _doubles(self, chosen: list[int], alpha: float) -> list[int]:
        found: list[int] = []
        for j in chosen:
            rest = [k for k in range(len(self.own)) if k == j or k not in chosen]
            gains, whole = self._parts(rest)
            least = gains[rest.index(j)] - _CLOSE / self.dof
            found += [
                k for k, gain in zip(rest, gains, strict=True)
                if k != j and k not in found and gain > least and self._fine(whole - float(gain), len(rest) - 1, alpha)
            ]  # fmt: skip
        return found

    def _parts(self, rest: list[int]) -> tuple[Floats, float]:
        """What setting each variable of `rest` aside takes from the statistic of these, and that statistic."""
        was, now = self.was[np.ix_(rest, rest)], self.now[np.ix_(rest, rest)]
        gains, own, other, log = _gains(was, now)
        lower = np.linalg.cholesky(was)
        half = solve_triangular(lower, now, lower=True)
        trace = float(np.trace(solve_triangular(lower, half.T, lower=True)))
        return gains - np.log(own / other) - 1.0, trace - len(rest) - log

    def _fine(self, value: float, q: int, alpha: float) -> bool:
        """Whether the statistic of q variables is one of chance: χ² with the mean that it has for so many rows (Bartlett 1937)."""
        if q == 0:
            return True
        dof, free = max(self.dof, q + 1.0), q * (q + 1) / 2
        mean = q * np.log(0.5 * dof) - float(np.sum(psi(0.5 * (dof - np.arange(q)))))
        return bool(value * free / mean <= float(chdtri(free, alpha)))

    def pairs(self, named: list[int]) -> tuple[tuple[str, str, float], ...]:
        """What moved, of the named variables: (a, a, how many times its spread is the reference's), (a, b, their correlation now)."""
        was, now = (np.clip(one / np.sqrt(np.outer(np.diag(one), np.diag(one))), -1 + 1e-9, 1 - 1e-9) for one in (self.was, self.now))
        change = np.abs(np.arctanh(now) - np.arctanh(was)) / np.sqrt(1.0 / max(self.worth - 2.0, 1.0) + 1.0 / self.reference)
        np.fill_diagonal(change, np.abs(_score(self.own, self.dof)))
        found = {(min(j, k), max(j, k)): float(change[j, k]) for j in named for k in range(len(self.own))}
        wide = sorted((one for one in found if one[0] == one[1] and found[one] >= _GREW), key=lambda one: -found[one])
        ties = sorted((one for one in found if one[0] != one[1] and found[one] >= _GREW), key=lambda one: -found[one])[:_MOST]
        told = wide + ties
        for j in named:  # whoever is named is named for something
            if not any(j in one for one in told):
                told.append(max((one for one in found if j in one), key=lambda one: found[one]))
        return tuple((self.names[j], self.names[k], round(float(np.sqrt(self.own[j]) if j == k else now[j, k]), 9) + 0.0) for j, k in told)


def _alpha(model: Model, chart: str) -> float:
    return model.new_limits[chart][-1].alpha if chart in model.new_limits else Laws(model).alpha


def _f(x: Floats) -> Floats:
    return np.asarray((x - 1.0) - np.log(x))


def _gains(was: Floats, now: Floats) -> tuple[Floats, Floats, Floats, float]:
    """(S⁻¹MS⁻¹)_jj/(S⁻¹)_jj, (S⁻¹)_jj, (M⁻¹)_jj (q,), and log|S⁻¹M|, of S = was and M = now (q, q)."""
    eye = np.eye(len(was))
    first, second = np.linalg.cholesky(was), np.linalg.cholesky(now)
    one, two = (solve_triangular(lower, eye, lower=True) for lower in (first, second))  # L⁻¹: S⁻¹ = L⁻ᵀ L⁻¹
    precision = one.T @ one
    own, other = np.diag(precision), np.sum(two**2, axis=0)
    gains = np.einsum("ij,jk,ki->i", precision, now, precision, optimize=True) / own
    return gains, own, other, 2.0 * float(np.sum(np.log(np.diag(second) / np.diag(first))))


def _score(ratio: Floats, dof: float) -> Floats:
    """How many standard deviations a variance, as a multiple of its own, is above what it is by chance (Wilson & Hilferty 1931)."""
    return np.asarray((np.cbrt(ratio) - (1.0 - 2.0 / (9.0 * dof))) / np.sqrt(2.0 / (9.0 * dof)))
