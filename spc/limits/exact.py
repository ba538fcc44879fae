"""The laws of T² that are known in closed form, for normal rows and the classical mean and covariance.

Phase I asks about a row that helped to make the estimate, Phase II about a new one: the first follows a beta law, the second an F law,
and the two differ a lot when rows are few. Chi-squared is for parameters that are known, not estimated.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betainc, betaincinv, chdtrc, chdtri, fdtrc, fdtri

from spc.errors import BadRecipe, TooFewRows
from spc.nouns import Limit


def checked_alpha(alpha: float) -> float:
    """A false-alarm probability strictly between 0 and 1; raises BadRecipe otherwise."""
    if not 0.0 < alpha < 1.0:
        raise BadRecipe(f"alpha = {alpha} is not a probability between 0 and 1.", cure="0.0027 is one false alarm in 370 rows.")
    return float(alpha)


@dataclass(frozen=True)
class NewRow:
    """T² of a new row against the mean and covariance of n rows: q(n+1)(n−1)/(n(n−q)) · F(q, n−q).

    q is the number of variables observed on that row. Raises TooFewRows when n ≤ q. Source: Tracy, Young & Mason 1992.

    >>> limit = NewRow(50, 8).limit(0.0027)
    >>> round(limit.value, 4), limit.law
    (34.5986, '9.52 · F(8, 42)')
    """

    n: int
    q: int

    def __post_init__(self) -> None:
        if self.n <= self.q:
            raise TooFewRows(
                f"{self.n} rows give no limit for {self.q} variables.",
                cure=f"At least {self.q + 1} are needed; {5 * self.q} is a good start.",
            )

    @property
    def factor(self) -> float:
        return self.q * (self.n + 1) * (self.n - 1) / (self.n * (self.n - self.q))

    def limit(self, alpha: float) -> Limit:
        # The upper tail is asked for as 1 − alpha: below 1e-9 that would lose digits, so the symmetric beta form is used.
        value = self.factor * _f_upper(self.q, self.n - self.q, checked_alpha(alpha))
        return Limit(value, alpha, f"{self.factor:.4g} · F({self.q}, {self.n - self.q})")

    def tail(self, value: float) -> float:
        """P(T² > value)."""
        return float(fdtrc(self.q, self.n - self.q, value / self.factor))


def _f_upper(a: float, b: float, alpha: float) -> float:
    """The upper alpha point of F(a, b), accurate for small alpha: F = b/a · (1 − y)/y with y ~ Beta(b/2, a/2) at its *lower* alpha."""
    y = float(betaincinv(b / 2.0, a / 2.0, alpha))
    if 0.0 < y < 1.0:
        return b / a * (1.0 - y) / y
    return float(fdtri(a, b, 1.0 - alpha))


@dataclass(frozen=True)
class ReferenceRow:
    """T² of a row that is itself among the n of the fit: (n−1)²/n · Beta(p/2, (n−p−1)/2).

    Raises TooFewRows when n ≤ p + 1. Source: Tracy, Young & Mason 1992; Gnanadesikan & Kettenring 1972.

    >>> limit = ReferenceRow(20, 5).limit(0.0027)
    >>> round(limit.value, 4), limit.law
    (12.5592, '18.05 · Beta(2.5, 7)')
    """

    n: int
    p: int

    def __post_init__(self) -> None:
        if self.n <= self.p + 1:
            raise TooFewRows(f"{self.n} rows give no Phase I limit for {self.p} variables.", cure=f"At least {self.p + 2} are needed.")

    @property
    def factor(self) -> float:
        return (self.n - 1) ** 2 / self.n

    def limit(self, alpha: float) -> Limit:
        a, b = self.p / 2.0, (self.n - self.p - 1) / 2.0
        value = self.factor * (1.0 - float(betaincinv(b, a, checked_alpha(alpha))))
        return Limit(value, alpha, f"{self.factor:.4g} · Beta({a:g}, {b:g})")

    def tail(self, value: float) -> float:
        """P(T² > value)."""
        share = min(max(value / self.factor, 0.0), 1.0)
        return float(betainc((self.n - self.p - 1) / 2.0, self.p / 2.0, 1.0 - share))


@dataclass(frozen=True)
class KnownParameters:
    """T² of a row when centre and covariance are known: χ²(q). The chart is then a "χ² chart" (ISO 7870-7).

    >>> round(KnownParameters(2).limit(0.0027).value, 4)
    11.829
    """

    q: int

    def limit(self, alpha: float) -> Limit:
        return Limit(float(chdtri(self.q, checked_alpha(alpha))), alpha, f"χ²({self.q})")

    def tail(self, value: float) -> float:
        """P(T² > value)."""
        return float(chdtrc(self.q, value))
