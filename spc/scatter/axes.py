"""The principal axes of a correlation matrix, and what of a row lies outside the first of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.nouns.scatter import _product


@dataclass(frozen=True, eq=False)
class Outside:
    """What of standardised rows (x − m)/s lies outside the first principal axes of a correlation matrix, or of B of them.

    axes (…, p, r): the other r axes, each of length one; weight (…, r): their eigenvalues, the variance of good rows along them; rest
    (…, r, p): takes a whitened row z = L⁻¹(x − m) to its coordinates on these axes. Their squared length is SPE, and weight @ z² has its
    law while the parameters are known.
    """

    axes: Floats
    weight: Floats
    rest: Floats

    @classmethod
    def of(cls, factor: Floats, components: int) -> Outside:
        """From lower factors L (…, p, p) of scatters S = L Lᵀ: the axes of D⁻¹SD⁻¹ are the left singular vectors of D⁻¹L.

        So the smallest eigenvalues keep all their digits. Raises BadRecipe unless 1 ≤ components < p.

        >>> two = Outside.of(np.array([[1.0, 0.0], [0.8, 0.6]]), 1)
        >>> two.weight.round(12).tolist(), np.abs(two.axes).round(4).tolist()
        ([0.2], [[0.7071], [0.7071]])
        """
        p = factor.shape[-1]
        if not 1 <= components < p:
            raise BadRecipe(
                f"SPE is what lies outside some of the axes of the variables; of {p} variables it cannot leave out {components}.",
                cure="Take fewer components than variables." if p > 1 else "Chart two variables or more, or t2 alone.",
            )
        left, singular, right = np.linalg.svd(_standardised(factor))
        beyond = singular[..., components:]
        return cls(left[..., :, components:], beyond**2, beyond[..., None] * right[..., components:, :])

    def along(self, z: Floats) -> Floats:
        """The coordinates (n, r) on these axes of whitened rows z (n, p), with the same bits in any block; of one scatter."""
        return _product(z, np.ascontiguousarray(self.rest.T))


def settled(factor: Floats, components: int | None, explained: float) -> int:
    """How many axes are left out of SPE: as many as were asked for, or as hold a share of the variance."""
    return enough(factor, explained) if components is None else int(components)


def even_precision(factor: Floats, components: int) -> Floats:
    """The inverse (p, p) of the correlation matrix when the variance outside the first axes is the same in all directions there.

    That is the matrix of probabilistic principal components (Tipping & Bishop 1999, eq. 3.7 and 3.8), from its axes.

    >>> even_precision(np.array([[1.0, 0.0], [0.8, 0.6]]), 1).round(4).tolist()
    [[2.7778, -2.2222], [-2.2222, 2.7778]]
    """
    left, singular, _ = np.linalg.svd(_standardised(factor))
    weight = singular**2
    weight[components:] = weight[components:].mean()
    return np.asarray((left / weight) @ left.T)


def enough(factor: Floats, explained: float) -> int:
    """How many axes hold the share `explained` (0 to 1) of the variance of the standardised variables: 1 to p − 1, so that one is left.

    factor (p, p): the lower factor of the scatter. Raises BadRecipe for a single variable.

    >>> enough(np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]]), 0.9)
    2
    """
    if len(factor) < 2:
        raise BadRecipe("One variable has no relations to break, so it has no SPE.", cure="Chart two variables or more, or t2 alone.")
    weight = np.linalg.svd(_standardised(factor), compute_uv=False) ** 2
    held = np.cumsum(weight) / weight.sum()
    return min(int(np.searchsorted(held, explained - 1e-12)) + 1, len(factor) - 1)


def _standardised(factor: Floats) -> Floats:
    """D⁻¹L with the standard deviations D: every row has length one."""
    return np.asarray(factor / np.linalg.norm(factor, axis=-1, keepdims=True))
