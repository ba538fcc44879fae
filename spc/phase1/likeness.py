"""What simulated references are to be like, for estimators whose limits depend on more than the numbers of rows and variables."""

from __future__ import annotations

import numpy as np

from spc.limits import Like
from spc.nouns import Floats, Scatter
from spc.scatter import Estimator

_ENOUGH = 3  # rows per variable whose covariance is worth more than a regularised one


def likeness(estimator: Estimator, scatter: Scatter, x: Floats) -> Like:
    """The scatter that references like x (n, p), which was fitted, are drawn with, and its gaps.

    That is the fitted scatter. But an estimator that mixes it with a target, so much that no variance is far smaller than another, would
    be asked about tables that are rounder than the one at hand, mix less, and get limits that are far too wide. For such a one it is the
    covariance of the rows that it rests on, when there are three per variable, with a spectrum that is neither as wide as theirs nor
    as narrow as that of the best shrunk one (`true_spectrum`). Its size does not matter: limits are the same at any.
    """
    gaps = np.isnan(x)
    if gaps.any():
        return Like(scatter.factor, gaps)
    if not getattr(estimator, "regularised", False) or scatter.used is None or scatter.used.sum() < _ENOUGH * scatter.p:
        return Like(scatter.factor)
    rows = x[scatter.used]
    spread = rows.std(axis=0, ddof=1)
    z = (rows - rows.mean(axis=0)) / spread
    _, singular, axes = np.linalg.svd(z / np.sqrt(len(z) - 1), full_matrices=False)
    if singular[-1] <= 1e-9 * singular[0]:
        return Like(scatter.factor)
    upper = np.asarray(np.linalg.qr(np.sqrt(true_spectrum(singular**2, len(z) - 1))[:, None] * axes, mode="r"))
    lower = (upper * np.where(np.diag(upper) < 0.0, -1.0, 1.0)[:, None]).T
    return Like(np.ascontiguousarray(lower * spread[:, None]))


def rounder(like: Like, dof: int) -> Like:
    """The same with a spectrum, of standardised variables, as narrow as the true one may be: an estimate has `dof` degrees of freedom.

    What matters of it is how clearly the axes stand apart, and an estimate always overstates that: with the estimate itself for the truth,
    simulated fits would miss the axes by too little. `true_spectrum` is right to first order; it is taken twice.
    """
    spread = np.linalg.norm(like.factor, axis=1)
    axes, singular, _ = np.linalg.svd(like.factor / spread[:, None])
    weight = true_spectrum(true_spectrum(singular**2, dof), dof)
    upper = np.asarray(np.linalg.qr(np.sqrt(weight)[:, None] * axes.T, mode="r"))
    lower = (upper * np.where(np.diag(upper) < 0.0, -1.0, 1.0)[:, None]).T
    return Like(np.ascontiguousarray(lower * spread[:, None]), like.gaps)


def true_spectrum(eigenvalues: Floats, dof: int) -> Floats:
    """The eigenvalues that a covariance may have whose estimate with `dof` degrees of freedom has these (p,), all above 0.

    An estimate's eigenvalues spread more widely than the true ones. The best ones to go with its eigenvectors (quadratic shrinkage, Ledoit
    & Wolf 2022) spread less, to first order in p/dof by as much: the true ones lie in the middle, their geometric mean.

    >>> rng = np.random.default_rng(1)
    >>> seen = np.linalg.eigvalsh(np.cov(rng.standard_normal((20, 400))))
    >>> guessed = true_spectrum(seen, 399)
    >>> bool(seen[-1] > 1.4 and 1.0 < guessed[-1] < 1.25)
    True
    """
    p, inverse = len(eigenvalues), 1.0 / eigenvalues
    c = p / dof
    smooth = min(c**2, 1.0 / c**2) ** 0.35 / p**0.35
    apart = inverse[None, :] - inverse[:, None]
    below = apart**2 + (smooth * inverse[None, :]) ** 2
    stein = np.mean(inverse[None, :] * apart / below, axis=1)
    conjugate = np.mean(smooth * inverse[None, :] ** 2 / below, axis=1)
    shrunk = 1.0 / (inverse * ((1.0 - c) ** 2 + 2.0 * c * (1.0 - c) * stein + c**2 * (stein**2 + conjugate**2)))
    return np.asarray(np.sqrt(eigenvalues * shrunk * np.sum(eigenvalues) / np.sum(shrunk)))
