"""The law of how far from the centre a normal point lands: the density of a noncentral chi variable, without overflow."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, hyp0f1, i0e, ive

from spc.nouns import Floats

_NEAR = 30.0  # below it the series in z² is exact and cannot underflow, above it the scaled Bessel function is


def radius(s: Floats, m: Floats, d: int) -> Floats:
    """Density at s (>= 0) of the length of a standard normal vector in d dimensions around a mean of length m; s and m broadcast.

    f(s | m) = s (s/m)^(d/2-1) exp(-(s² + m²)/2) I_{d/2-1}(s m), with I the modified Bessel function (Rice 1945; Johnson, Kotz &
    Balakrishnan 1995, chapter 29).

    >>> [round(float(one), 6) for one in radius(np.array([1.0, 2.0, 50.0]), np.array([0.0, 1.0, 49.0]), 4)]
    [0.303265, 0.52227, 0.249377]
    """
    s, m = np.broadcast_arrays(np.asarray(s, float), np.asarray(m, float))
    if d == 1:
        folded = np.exp(-0.5 * (s - m) ** 2) + np.exp(-0.5 * (s + m) ** 2)
        return np.asarray(folded / np.sqrt(2.0 * np.pi))
    nu = d / 2.0 - 1.0
    z = s * m
    if d == 2:
        return np.asarray(s * np.exp(-0.5 * (s - m) ** 2) * i0e(z))
    if d == 3:
        with np.errstate(under="ignore"):
            bend = np.where(z > 1e-9, -np.expm1(-2.0 * z) / np.maximum(z, 1e-9), 2.0)
            return np.asarray(s * s * np.exp(-0.5 * (s - m) ** 2) * bend / np.sqrt(2.0 * np.pi))
    found = np.zeros(z.shape)
    near = z < _NEAR
    a, b = s[near], m[near]
    with np.errstate(divide="ignore", under="ignore"):
        central = (d - 1) * np.log(a) - nu * np.log(2.0) - gammaln(d / 2.0) - 0.5 * (a * a + b * b)
        found[near] = np.exp(central) * hyp0f1(d / 2.0, 0.25 * z[near] ** 2)
        a, b = s[~near], m[~near]
        found[~near] = np.exp((nu + 1.0) * np.log(a) - nu * np.log(b) - 0.5 * (a - b) ** 2) * ive(nu, z[~near])
    return found
