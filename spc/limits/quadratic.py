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
    """The logarithm of M(s), its derivatives, and the point where M(s)/s is smallest; variables run along the first axis: numpy adds
    long rows far quicker than short ones."""

    def __init__(self, value: Floats, weight: Floats, shift2: Floats, dof: float) -> None:
        self.value, self.dof = value, dof
        self.weight, self.product = np.ascontiguousarray(weight.T), np.ascontiguousarray((weight * shift2).T)

    def some(self, which: np.ndarray) -> _Form:
        """Only these of the forms."""
        few = object.__new__(_Form)
        few.value, few.dof, few.weight, few.product = self.value[which], self.dof, self.weight[:, which], self.product[:, which]
        return few

    def cumulant(self, s: np.ndarray) -> np.ndarray:
        left = 1.0 - (2.0 * s) * self.weight
        inner = s * (self.value - np.sum(self.product / left, axis=0))
        outer = -inner if np.isinf(self.dof) else -0.5 * self.dof * np.log(1.0 + 2.0 * inner / self.dof)
        # logarithms are dear: two at a time. The angle of a factor is from −π to 0, so that of two, turned by π, misses the cut
        turned = 0.0 - left[:-1:2] * left[1::2]
        logs = np.sum(np.log(turned), axis=0) - 1j * np.pi * len(turned) + (np.log(left[-1]) if len(left) % 2 else 0.0)
        return np.asarray(outer - 0.5 * logs)

    def derivatives(self, s: Floats) -> tuple[Floats, Floats, Floats]:
        """The first three derivatives of the cumulant at a real s."""
        w, b = self.weight, self.product
        over = 1.0 / (1.0 - 2.0 * s * w)
        part, once = w * over, b * over
        # inner(s) = s·value − Σ sb/left and its derivatives; (s/left)' = 1/left², (1/left²)' = 4w/left³
        twice = once * over
        i0 = s * (self.value - np.sum(once, axis=0))
        i1 = self.value - np.sum(twice, axis=0)
        thrice = twice * part
        i2, i3 = -4.0 * np.sum(thrice, axis=0), -24.0 * np.sum(thrice * part, axis=0)
        square = part * part
        first, second, third = np.sum(part, axis=0), 2.0 * np.sum(square, axis=0), 8.0 * np.sum(square * part, axis=0)
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
        inner = s * (self.value - np.sum(self.product / (1.0 - 2.0 * s * self.weight), axis=0))
        return np.asarray(1.0 + 2.0 * inner / self.dof > 0.0)

    def saddle(self) -> Floats:
        """The s with K'(s) = 1/s, in (0, 1/(2 max λ)) and where M(s) is finite: Newton inside a shrinking bracket.

        Any nearby crossing will do: the path, not its start, carries the accuracy. Forms that are done are set aside.
        """
        top = 0.5 / np.max(self.weight, axis=0)
        found = 0.5 * top
        left, form = np.arange(len(top)), self
        low, high = np.zeros_like(top), top * (1.0 - 1e-12)
        with np.errstate(divide="ignore", invalid="ignore"):  # the bracket may touch the end of the function's domain
            for _ in range(60):
                s = found[left]
                first, second, _ = form.derivatives(s)
                over = ~(first <= 1.0 / s) | ~form.finite(s)
                high, low = np.where(over, s, high), np.where(over, low, s)
                step = s - (first - 1.0 / s) / (second + 1.0 / s**2)
                after = np.where((step > low) & (step < high), step, 0.5 * (low + high))
                found[left] = after
                going = np.abs(after - s) > 1e-4 * np.minimum(after, top[left] - after)
                if not going.any():
                    break
                left, form, low, high = left[going], form.some(going), low[going], high[going]
        return np.asarray(found)
