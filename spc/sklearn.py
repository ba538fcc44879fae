"""The robust estimators and their calibrated limits as scikit-learn outlier detectors. scikit-learn is an extra: nothing else needs it.

Two names for one thing: `RobustCovariance` begins with the MCD, `HotellingT2` with the mean and covariance. Where scikit-learn's
EllipticEnvelope is told a share of bad rows, these are told a false-alarm probability, and the limit that holds it follows from the
estimator, n and p by the laws of `spc.fit`.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from spc.errors import Complaint
from spc.limits import Like, checked_alpha
from spc.nouns import Bools, Floats, Ints, Limit, Scatter
from spc.phase1.laws import law
from spc.phase1.recipe import LIMITS, made
from spc.scatter import ESTIMATORS, Estimator

try:
    from sklearn.base import BaseEstimator, OutlierMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as missing:
    raise ImportError("spc.sklearn needs scikit-learn, which is not installed: pip install scikit-learn") from missing

__all__ = ["HotellingT2", "RobustCovariance"]


class RobustCovariance(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Rows far from a robust centre, told with a promise: a good new row is called an outlier with probability `alpha`.

    estimator: a name ("mcd", "classical", …; see spc.scatter.ESTIMATORS) or an estimator such as spc.scatter.Mcd(h=0.5). alpha: false
    alarms per new row; one in twenty by default, since scikit-learn's own checks expect that some of 300 ordinary rows are called
    outliers; a control chart wants 0.0027. limit: "auto" (exact for the classical estimator, calibrated for the others), "f",
    "calibrated". random_state: the seed of what is simulated when no table has the estimator's limit; the same seed gives the same limit.
    For n and p outside of the tables a fit then takes seconds.

    After `fit`: location_ (p,), covariance_ (p, p), scatter_ (a Scatter), limit_ (a Limit: value, alpha, law in words), offset_ = −limit,
    support_ (n,): the rows that the estimate rests on. Distances are squared, as in scikit-learn. Errors of the data are ValueErrors that
    say the cure.

    >>> x = np.random.default_rng(1).normal(size=(100, 2))
    >>> found = RobustCovariance(alpha=0.0027).fit(np.vstack([x, [[8.0, -8.0]] * 5]))
    >>> found.predict([[0.1, 0.2], [8.0, -8.0]]).tolist()
    [1, -1]
    """

    location_: Floats
    covariance_: Floats
    scatter_: Scatter
    limit_: Limit
    offset_: float
    support_: Bools

    def __init__(
        self, estimator: str | Estimator = "mcd", *, alpha: float = 0.05, limit: str = "auto", random_state: int | None = 0
    ) -> None:
        self.estimator = estimator
        self.alpha = alpha
        self.limit = limit
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Estimate centre, scatter and limit from the rows X (n, p). `y` is not looked at."""
        x = np.asarray(validate_data(self, X, dtype=np.float64, ensure_min_samples=2))
        n, p = x.shape
        try:
            chosen: Estimator = made("estimator", self.estimator, ESTIMATORS) if isinstance(self.estimator, str) else self.estimator
            if self.limit not in LIMITS:
                raise ValueError(f"limit = {self.limit!r} is not one of {', '.join(LIMITS)}.")
            alpha = checked_alpha(self.alpha)
            scatter = chosen(x)
            found = law(chosen, self.limit, n, p, alpha, self.random_state or 0, like=Like(scatter.factor)).new_row(alpha, p)
        except Complaint as wrong:
            raise ValueError(f"{wrong} (n_samples = {n}, n_features = {p})") from wrong
        self.scatter_, self.limit_ = scatter, found
        self.location_, self.covariance_ = scatter.center, scatter.covariance
        self.support_ = np.ones(n, dtype=bool) if scatter.used is None else scatter.used
        self.offset_ = -found.value
        return self

    def mahalanobis(self, X: ArrayLike) -> Floats:
        """The *squared* distances (n,) of the rows X (n, p): T²."""
        check_is_fitted(self)
        return self.scatter_.d2(np.asarray(validate_data(self, X, dtype=np.float64, reset=False)))

    def score_samples(self, X: ArrayLike) -> Floats:
        """−T² (n,): the higher, the more ordinary."""
        return -self.mahalanobis(X)

    def decision_function(self, X: ArrayLike) -> Floats:
        """limit − T² (n,): below 0 for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> Ints:
        """1 for rows within the limit, −1 for outliers (n,)."""
        return np.where(self.decision_function(X) < 0.0, -1, 1)


class HotellingT2(RobustCovariance):
    """Hotelling's T² with the mean and covariance of the rows, and the exact F limit for a new row (Tracy, Young & Mason 1992).

    The parameters are those of RobustCovariance.

    >>> x = np.random.default_rng(1).normal(size=(50, 8))
    >>> round(-HotellingT2(alpha=0.0027).fit(x).offset_, 4)
    34.5986
    """

    def __init__(
        self, estimator: str | Estimator = "classical", *, alpha: float = 0.05, limit: str = "auto", random_state: int | None = 0
    ) -> None:
        super().__init__(estimator, alpha=alpha, limit=limit, random_state=random_state)
