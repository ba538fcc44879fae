"""The upper tail of a quadratic form in normal or Student vectors: what T² of a new row is, once a reference has been fitted.

For a fit (m, S) and a new row x ~ N(0, I), T² = (x − m)ᵀS⁻¹(x − m) = Σ λ_j (z_j − b_j)², with λ the eigenvalues of S⁻¹ and b the centre
in its eigenvectors. Its tail is smooth, so limits for one false alarm in ten million rows need no simulated rows at all.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from spc.nouns import Floats

_STEP = 0.2  # of the trapezoid rule along the path: leaves a relative error of 1e-9, and half of it would leave 1e-15
_NODES = 45


def tail(value: Floats | float, weight: Floats, shift2: Floats, spread2: float = 1.0, dof: float = np.inf) -> Floats:
    """P(Σ λ_j (√spread2 · t_j − b_j)² > value) for k forms at once, t a standard Student vector with `dof` degrees of freedom.

    weight λ (k, p) > 0, shift2 b² (k, p), value a number or (k,); dof = ∞ is the normal case. Returns (k,). The *relative* error is below
    1e-5 for tails under 0.1 and 1e-7 under 0.005, however small; it grows to some per cent for tails near 1.

    Method: with t = z / √(V/ν), V ~ χ²(ν), the event is D = Σ λ_j (√spread2 · z_j − b_j √(V/ν))² − value · V/ν > 0, whose moment
    generating function is M(s) = Π(1 − 2sλ_j spread2)^(−½) · (1 + 2s(value − B(s))/ν)^(−ν/2), B(s) = Σ λ_j b_j²/(1 − 2sλ_j spread2).
    The tail is ∫ M(s)/s ds / 2πi, taken upwards through the point of the real axis where the integrand is smallest. The path bends to
    the right, where the integrand dies away; a trapezoid rule in a stretched coordinate converges geometrically (Rice 1980).

    >>> from scipy.special import chdtrc, fdtrc
    >>> bool(abs(tail(40.0, np.ones((1, 4)), np.zeros((1, 4)))[0] / chdtrc(4, 40.0) - 1) < 1e-8)
    True
    >>> bool(abs(tail(40.0, np.ones((1, 4)), np.zeros((1, 4)), dof=9)[0] / fdtrc(4, 9, 10.0) - 1) < 1e-8)
    True
    """
    k, p = weight.shape
    value = np.broadcast_to(np.asarray(value, dtype=float), (k,))
    if p == 1 and np.isinf(dof):
        root, b = np.sqrt(value / weight[:, 0]), np.sqrt(shift2[:, 0])
        return np.asarray(ndtr((b - root) / np.sqrt(spread2)) + ndtr(-(root + b) / np.sqrt(spread2)))
    form = _Form(value, weight * spread2, shift2 / spread2, dof)
    s = form.saddle()
    _, second, third = form.derivatives(s)
    second, third = second + 1.0 / s**2, third - 2.0 / s**3
    bend = np.maximum(third, 0.0) / (6.0 * second)
    stretch = 1.0 / np.sqrt(second)
    total = np.zeros(k)
    for node in range(_NODES + 1):
        y, dy = stretch * np.sinh(node * _STEP), stretch * np.cosh(node * _STEP)
        path = s + bend * y**2 + 1j * y
        part = np.imag(np.exp(form.cumulant(path)) / path * (2.0 * bend * y + 1j)) * dy
        total += part * (0.5 if node == 0 else 1.0)
        if np.all(np.abs(part) <= 1e-11 * np.abs(total)):
            break
    return np.asarray(np.clip(total * _STEP / np.pi, 0.0, 1.0))


class _Form:
    """The logarithm of M(s), its derivatives, and the point where M(s)/s is smallest."""

    def __init__(self, value: Floats, weight: Floats, shift2: Floats, dof: float) -> None:
        self.value, self.weight, self.shift2, self.dof = value, weight, shift2, dof

    def cumulant(self, s: np.ndarray) -> np.ndarray:
        left = 1.0 - 2.0 * s[:, None] * self.weight
        inner = s * (self.value - np.sum(self.weight * self.shift2 / left, axis=1))
        outer = -inner if np.isinf(self.dof) else -0.5 * self.dof * np.log(1.0 + 2.0 * inner / self.dof)
        return np.asarray(outer - 0.5 * np.sum(np.log(left), axis=1))

    def derivatives(self, s: Floats) -> tuple[Floats, Floats, Floats]:
        """The first three derivatives of the cumulant at a real s."""
        w, b = self.weight, self.weight * self.shift2
        left = 1.0 - 2.0 * s[:, None] * w
        # inner(s) = s·value − Σ sb/left and its derivatives; (s/left)' = 1/left², (1/left²)' = 4w/left³
        i0 = s * self.value - np.sum(s[:, None] * b / left, axis=1)
        i1 = self.value - np.sum(b / left**2, axis=1)
        i2, i3 = -np.sum(4.0 * w * b / left**3, axis=1), -np.sum(24.0 * w**2 * b / left**4, axis=1)
        first, second, third = np.sum(w / left, axis=1), np.sum(2.0 * w**2 / left**2, axis=1), np.sum(8.0 * w**3 / left**3, axis=1)
        if np.isinf(self.dof):
            return np.asarray(first - i1), np.asarray(second - i2), np.asarray(third - i3)
        g = 1.0 / (1.0 + 2.0 * i0 / self.dof)
        c = 2.0 / self.dof
        slope = first - g * i1
        curve = second - g * i2 + c * g**2 * i1**2
        return np.asarray(slope), np.asarray(curve), np.asarray(third - g * i3 + 3.0 * c * g**2 * i1 * i2 - 2.0 * c**2 * g**3 * i1**3)

    def finite(self, s: Floats) -> np.ndarray:
        """Whether the moment generating function exists at a real s: with few degrees of freedom it ends before 1/(2 max λ)."""
        if np.isinf(self.dof):
            return np.ones(s.shape, dtype=bool)
        left = 1.0 - 2.0 * s[:, None] * self.weight
        return np.asarray(1.0 + 2.0 * s * (self.value - np.sum(self.weight * self.shift2 / left, axis=1)) / self.dof > 0.0)

    def saddle(self) -> Floats:
        """The s with K'(s) = 1/s, in (0, 1/(2 max λ)) and where M(s) is finite: Newton inside a shrinking bracket."""
        top = 0.5 / np.max(self.weight, axis=1)
        low, high = np.zeros_like(top), top * (1.0 - 1e-12)
        s = 0.5 * top
        with np.errstate(divide="ignore", invalid="ignore"):  # the bracket may touch the end of the function's domain
            for _ in range(60):
                first, second, _ = self.derivatives(s)
                over = ~(first <= 1.0 / s) | ~self.finite(s)
                high, low = np.where(over, s, high), np.where(over, low, s)
                step = s - (first - 1.0 / s) / (second + 1.0 / s**2)
                after = np.where((step > low) & (step < high), step, 0.5 * (low + high))
                if np.all(np.abs(after - s) <= 1e-6 * top):  # any nearby crossing will do: the path, not its start, carries the accuracy
                    return np.asarray(after)
                s = after
        return np.asarray(s)
