"""The laws of T² of a subgroup's mean, T² = k (x̄ − m)ᵀ S⁻¹ (x̄ − m), for subgroups of equal and of unequal sizes.

With N rows in m groups, S the pooled covariance within groups has ν = N − m degrees of freedom, is independent of every mean, and x̄ − m
scatters by Σ(1/k + 1/N) for a new subgroup of k rows and by Σ(1/k − 1/N) for one that is itself in the grand mean. So T² is (1 ± k/N) times
a Hotelling variable with ν degrees of freedom, whatever the other sizes are. With equal sizes these are the laws of the textbooks
(Montgomery 2020, section 11.3; Ryan 2011, section 9.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betainc, betaincinv, fdtrc, fdtri

from spc.errors import TooFewRows
from spc.limits.exact import checked_alpha
from spc.nouns import Limit


@dataclass(frozen=True)
class _Hotelling:
    """(spread) · qν/(ν − q + 1) · F(q, ν − q + 1)."""

    n: int
    groups: int
    k: int
    q: int

    def __post_init__(self) -> None:
        if self.dof < self.q:
            raise TooFewRows(
                f"{self.n} rows in {self.groups} groups leave {self.dof} degrees of freedom: no limit for {self.q} variables.",
                cure=f"At least {self.groups + self.q} rows in so many groups are needed.",
            )

    @property
    def dof(self) -> int:
        """ν = N − m."""
        return self.n - self.groups

    @property
    def spread(self) -> float:
        raise NotImplementedError

    @property
    def factor(self) -> float:
        return self.spread * self.q * self.dof / (self.dof - self.q + 1)

    def limit(self, alpha: float) -> Limit:
        """The value above which T² of a good subgroup lies with probability alpha."""
        a, b = self.q, self.dof - self.q + 1
        # the symmetric beta form keeps its digits for small alpha: F = b/a · (1 − y)/y with y ~ Beta(b/2, a/2)
        y = float(betaincinv(b / 2.0, a / 2.0, checked_alpha(alpha)))
        point = b / a * (1.0 - y) / y if 0.0 < y < 1.0 else float(fdtri(a, b, 1.0 - alpha))
        return Limit(self.factor * point, alpha, f"{self.factor:.4g} · F({a}, {b})")

    def tail(self, value: float) -> float:
        """P(T² > value)."""
        return float(fdtrc(self.q, self.dof - self.q + 1, value / self.factor))


@dataclass(frozen=True)
class NewSubgroup(_Hotelling):
    """T² of the mean of k new rows: (1 + k/N) · qν/(ν − q + 1) · F(q, ν − q + 1), ν = N − m.

    n = N rows in `groups` = m subgroups; q variables observed. Raises TooFewRows when ν < q.

    >>> limit = NewSubgroup(n=240, groups=30, k=8, q=3).limit(0.0027)
    >>> round(limit.value, 4), limit.law
    (15.2453, '3.13 · F(3, 208)')
    """

    @property
    def spread(self) -> float:
        return 1.0 + self.k / self.n


@dataclass(frozen=True)
class ReferenceSubgroup(_Hotelling):
    """T² of one of the reference's own subgroups: (1 − k/N) · qν/(ν − q + 1) · F(q, ν − q + 1), ν = N − m.

    >>> round(ReferenceSubgroup(n=240, groups=30, k=8, q=3).limit(0.0027).value, 4)
    14.2618
    """

    @property
    def spread(self) -> float:
        return 1.0 - self.k / self.n


@dataclass(frozen=True)
class NewRowPooled(_Hotelling):
    """T² of a new row against the centre of its own group of k rows and the scatter pooled over groups: (1 + 1/k) · Hotelling(ν).

    With one group this is the law of a new row: ν = N − 1 and (1 + 1/N).

    >>> from spc.limits.exact import NewRow
    >>> bool(abs(NewRowPooled(50, 1, 50, 8).limit(0.0027).value - NewRow(50, 8).limit(0.0027).value) < 1e-9)
    True
    """

    @property
    def spread(self) -> float:
        return 1.0 + 1.0 / self.k


@dataclass(frozen=True)
class ReferenceRowPooled:
    """T² of one of the k rows of its own group, against its centre and the scatter pooled over groups: ν(1 − 1/k) · Beta(p/2, (ν − p)/2).

    The residual has scatter Σ(1 − 1/k) and is itself in S, hence a beta law (Tracy, Young & Mason 1992 for one group).

    >>> from spc.limits.exact import ReferenceRow
    >>> bool(abs(ReferenceRowPooled(20, 1, 20, 5).limit(0.0027).value - ReferenceRow(20, 5).limit(0.0027).value) < 1e-9)
    True
    """

    n: int
    groups: int
    k: int
    p: int

    def __post_init__(self) -> None:
        if self.n - self.groups <= self.p:
            raise TooFewRows(
                f"{self.n} rows in {self.groups} groups give no Phase I limit for {self.p} variables.",
                cure=f"At least {self.groups + self.p + 1} are needed.",
            )

    @property
    def factor(self) -> float:
        return (self.n - self.groups) * (1.0 - 1.0 / self.k)

    def limit(self, alpha: float) -> Limit:
        a, b = self.p / 2.0, (self.n - self.groups - self.p) / 2.0
        value = self.factor * (1.0 - float(betaincinv(b, a, checked_alpha(alpha))))
        return Limit(value, alpha, f"{self.factor:.4g} · Beta({a:g}, {b:g})")

    def tail(self, value: float) -> float:
        """P(T² > value)."""
        share = min(max(value / self.factor, 0.0), 1.0)
        return float(betainc((self.n - self.groups - self.p) / 2.0, self.p / 2.0, 1.0 - share))
