"""The upper tail of a quadratic form in normals: what is left of a robust limit once the reference has been fitted.

For a fit (m, S) and a new row x ~ N(0, I), T² = (x − m)ᵀS⁻¹(x − m) = Σ λ_j (z_j − b_j)², with λ the eigenvalues of S⁻¹ and b the centre
in its eigenvectors. Its tail is smooth, so limits for one false alarm in ten million rows need no simulated rows at all.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from spc.nouns import Floats

_NODES = 40  # of the trapezoid rule along the contour; its error falls like exp(-nodes), 40 leave about 1e-10
_REACH = 8.0  # standard deviations of the saddle over which the integrand has died away


def tail(value: Floats | float, weight: Floats, shift2: Floats) -> Floats:
    """P(Σ λ_j (z_j − b_j)² > value) for k forms at once.

    weight λ (k, p) > 0, shift2 b² (k, p), value a number or (k,). Returns (k,). The *relative* error is below 1e-5 for tails under 0.1
    and below 1e-8 under 0.005, however small; it grows to some per cent for tails near 1. Method: with K the cumulant function, the tail is ∫ exp(K(s) − s·value)/s ds / 2πi upwards through the saddle point
    of the integrand. The path is bent to the right into a parabola, along which the integrand dies like a normal density, and the
    trapezoid rule then converges geometrically (Rice 1980; Lugannani & Rice's formula is the first term).

    >>> from scipy.special import chdtrc
    >>> bool(abs(tail(40.0, np.ones((1, 4)), np.zeros((1, 4)))[0] / chdtrc(4, 40.0) - 1) < 1e-8)
    True
    """
    k, p = weight.shape
    value = np.broadcast_to(np.asarray(value, dtype=float), (k,))
    if p == 1:
        root, b = np.sqrt(value / weight[:, 0]), np.sqrt(shift2[:, 0])
        return np.asarray(ndtr(-(root - b)) + ndtr(-(root + b)))
    s = _saddle(value, weight, shift2)
    left = 1.0 - 2.0 * s[:, None] * weight
    second = np.sum(2.0 * weight**2 / left**2 + 4.0 * weight**2 * shift2 / left**3, axis=1) + 1.0 / s**2
    third = np.sum(8.0 * weight**3 / left**3 + 24.0 * weight**3 * shift2 / left**4, axis=1) - 2.0 / s**3
    bend = np.maximum(third, 0.0) / (6.0 * second)
    step = _REACH / _NODES / np.sqrt(second)
    total = np.zeros(k)
    for node in range(_NODES + 1):
        y = node * step
        path = s + bend * y**2 + 1j * y
        factor = 1.0 - 2.0 * path[:, None] * weight
        exponent = np.sum(path[:, None] * weight * shift2 / factor - 0.5 * np.log(factor), axis=1) - path * value
        part = np.imag(np.exp(exponent) / path * (2.0 * bend * y + 1j))
        total += part * (0.5 if node == 0 else 1.0)
    return np.asarray(np.clip(total * step / np.pi, 0.0, 1.0))


def _saddle(value: Floats, weight: Floats, shift2: Floats) -> Floats:
    """The s in (0, 1/(2 max λ)) with K'(s) − 1/s = value: where the integrand, pole included, is smallest on the real axis.

    Newton inside a shrinking bracket. The start is where the largest weight alone would put it.
    """
    top = 0.5 / np.max(weight, axis=1)
    low, high = np.zeros_like(top), top * (1.0 - 1e-12)
    s = 0.5 * top
    for _ in range(60):
        left = 1.0 - 2.0 * s[:, None] * weight
        first = np.sum(weight / left + weight * shift2 / left**2, axis=1) - 1.0 / s
        second = np.sum(2.0 * weight**2 / left**2 + 4.0 * weight**2 * shift2 / left**3, axis=1) + 1.0 / s**2
        over = first > value
        high, low = np.where(over, s, high), np.where(over, low, s)
        step = s - (first - value) / second
        after = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        if np.all(np.abs(after - s) <= 1e-6 * top):  # any nearby crossing will do: the path, not its start, carries the accuracy
            return after
        s = after
    return s
