"""Limits for the means of subgroups under any estimator: its fits are simulated for the very sizes of the reference's subgroups.

As for single rows, most of the chance is integrated out by hand. With all subgroups in control, the grand mean and the covariance of all
N rows are independent of the table whitened by them (Basu 1955). Seen from that table an affine equivariant fit is a centre b and a
scatter near the identity, and √k times the mean of k new rows is a Student vector with N − q degrees of freedom and spread
(1 + k/N)(N − 1)/(N − q): the tail of T² is that of a quadratic form, exact for each simulated fit. Of an estimator that mixtures of the
columns do change, tables are simulated at the scatter that was found, and the tail is that of a form in normal vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_triangular

from spc.errors import Degenerate
from spc.limits.calibrated import TAIL_GRID, Progress, root, whitened
from spc.limits.exact import checked_alpha
from spc.limits.packing import APART
from spc.limits.quadratic import tail
from spc.limits.strata import beyond, stratified
from spc.limits.subgroups import NewSubgroup, ReferenceSubgroup
from spc.nouns import Floats, Ints, Limit, Scatter

GroupFitter = Callable[[Floats, Ints], Scatter]  # rows (N, p) and the group of each -> the grand centre and the scatter within groups

_ROWS, _SUBGROUPS = 40_000, 8_000  # to simulate at least: some twenty subgroups then lie beyond the limit for alpha = 0.0027
_FEWEST, _MOST = 100, 500  # references that they may make up


@dataclass(frozen=True, eq=False)
class SubgroupFits:
    """Simulated fits to N normal rows in m subgroups, from which limits for every alpha and subgroup size follow.

    center (B, p) and factor (B, p, p) of the fits, made unbiased by `bias`, the mean variance that the estimator gives instead of 1;
    own (B·m,) ascending: T² of the simulated subgroups over 1 − k/N, with the weight that each stands for.
    """

    title: str
    n: int
    groups: int
    p: int
    center: Floats
    factor: Floats
    own: Floats
    weight: Floats
    bias: float
    whitened: bool
    answers: dict[str, float] = field(default_factory=dict, repr=False, metadata=APART)

    def new_subgroup(self, alpha: float, k: int, q: int) -> Limit:
        """The limit for the mean of k new rows on which q variables are observed."""
        seen = f"p = {self.p}" if q == self.p else f"{q} of {self.p} variables observed"
        value = self._quantile(checked_alpha(alpha), k, q)
        return Limit(value, alpha, f"calibrated for {self.title}: {self._words(k)}, {seen}, {len(self.center)} simulated references")

    def reference_subgroup(self, alpha: float, k: int) -> Limit:
        """The limit for one of the reference's own subgroups; the (larger) one for a new one when alpha is too small to simulate."""
        if checked_alpha(alpha) * len(self.own) < 20:
            new = self.new_subgroup(alpha, k, self.p)
            return Limit(new.value, alpha, f"{new.law}, taken for a new subgroup: on the safe side for one of the reference")
        value = (1.0 - k / self.n) * beyond(self.own, self.weight, alpha)
        words = f"calibrated for {self.title}: reference subgroups, {self._words(k)}, p = {self.p}, {len(self.center)} simulated references"
        return Limit(value, alpha, words)

    def tails(self, k: int, alphas: Sequence[float] = TAIL_GRID) -> tuple[tuple[float, float], ...]:
        """Pairs (alpha, value) of the law of a new subgroup of k rows."""
        return tuple((alpha, self._quantile(alpha, k, self.p)) for alpha in alphas)

    def _words(self, k: int) -> str:
        return f"subgroups of {k}, {self.groups} of them with {self.n} rows in the fit"

    def _tail(self, value: float, k: int, forms: tuple[Floats, Floats]) -> Floats:
        q = forms[0].shape[1]
        if not self.whitened:
            return tail(value, forms[0], k * forms[1])
        return tail(value, forms[0], k * forms[1], spread2=(1.0 + k / self.n) * (self.n - 1) / (self.n - q), dof=self.n - q)

    def _quantile(self, alpha: float, k: int, q: int) -> float:
        question = f"{alpha!r} {k} {q}"
        if question not in self.answers:
            self.answers[question] = self._found(alpha, k, q)
        return self.answers[question]

    def _found(self, alpha: float, k: int, q: int) -> float:
        left, singular, _ = np.linalg.svd(self.factor[:, :q, :q])
        forms = singular**-2.0, np.einsum("kab,ka->kb", left, self.center[:, :q]) ** 2

        def excess(value: float) -> float:
            return float(np.log(np.mean(self._tail(value, k, forms)) + 1e-300) - np.log(alpha))

        start = NewSubgroup(self.n, self.groups, k, q).limit(alpha).value
        return root(excess, start)


def calibrate_subgroups(
    fitter: GroupFitter,
    title: str,
    sizes: Sequence[int],
    p: int,
    *,
    truth: Floats | None = None,
    seed: int = 0,
    fits: int | None = None,
    progress: Progress | None = None,
) -> SubgroupFits:
    """Fit `fitter` to simulated tables of normal subgroups of these sizes and keep what limits need. The same arguments give the same bits.

    `truth` (p, p), a lower factor, for estimators that mixtures of columns change: the scatter at which tables are simulated.
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    size, n = np.array(sizes), len(group)
    rng = np.random.default_rng([seed, n, len(sizes), p])
    wanted = fits or int(np.clip(max(_ROWS / n, _SUBGROUPS / len(sizes)), _FEWEST, _MOST))
    centers: list[Floats] = []
    factors: list[Floats] = []
    own: list[Floats] = []
    classical: list[Floats] = []
    while len(centers) < wanted:
        table = _table(rng, n, p, truth)
        try:
            found = fitter(table, group)
        except Degenerate:  # normal rows that the estimator cannot answer: draw again, as a person would
            continue
        means = _means(table, group)
        own.append(size * found.d2(means) / (1.0 - size / n))
        classical.append(_classical(table, means, group) / (1.0 - size / n))
        centers.append(found.center)
        factors.append(found.factor)
        if progress is not None:
            progress(len(centers) / wanted)
    center, factor = np.array(centers), np.array(factors)
    if truth is not None:
        center = solve_triangular(truth, center.T, lower=True).T
        factor = np.array([solve_triangular(truth, one, lower=True) for one in factor])
    bias = float(np.mean(np.sum(factor**2, axis=(1, 2))) / p)
    t2 = np.concatenate(own) * bias
    order = np.argsort(t2, kind="stable")
    law = ReferenceSubgroup(n, len(sizes), 0, p)  # over 1 − k/N already
    weight = stratified(np.concatenate(classical), lambda alpha: law.limit(alpha).value)
    return SubgroupFits(title, n, len(sizes), p, center, factor / np.sqrt(bias), t2[order], weight[order], bias, truth is None)


def _table(rng: np.random.Generator, n: int, p: int, truth: Floats | None) -> Floats:
    x = rng.standard_normal((n, p))
    return whitened(x) if truth is None else np.asarray(x @ truth.T)


def _means(x: Floats, group: Ints) -> Floats:
    return np.column_stack([np.bincount(group, column) for column in x.T]) / np.bincount(group)[:, None]


def _classical(x: Floats, means: Floats, group: Ints) -> Floats:
    """T² of each group with the pooled covariance."""
    rest = x - means[group]
    lower = np.linalg.cholesky(rest.T @ rest / (len(x) - len(means)))
    z = solve_triangular(lower, (means - x.mean(axis=0)).T, lower=True)
    return np.asarray(np.bincount(group) * np.einsum("ji,ji->i", z, z))
