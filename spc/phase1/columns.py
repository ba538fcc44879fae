"""Which columns are charted, and which have no variance of their own and become guards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.nouns import Finding, Floats, Guard

_EXACT = 1e-6  # a column whose residual on the others has a smaller share of its own standard deviation is a copy of them


@dataclass(frozen=True)
class Split:
    """The positions of the charted columns, the guards, and what was found on the way."""

    charted: tuple[int, ...]
    guards: tuple[Guard, ...]
    findings: tuple[Finding, ...]


def split(x: Floats, names: tuple[str, ...], watched: frozenset[str] = frozenset()) -> Split:
    """Charted columns and guards of complete rows x (n, p): constants, `watched` columns, and copies of columns that stand before them.

    A linear relation that holds in every row carries no scatter, but its breaking is news: the later column becomes a guard that must
    stay equal to its equation. A column that a person wants watched rather than charted must stay in the range it has here.
    """
    constant = [j for j in range(x.shape[1]) if _constant(x[:, j])]
    ranged = [j for j in range(x.shape[1]) if names[j] in watched and j not in constant]
    guards = [Guard(names[j], float(x[0, j]), max(1e-9 * abs(float(x[0, j])), 1e-12)) for j in constant]
    guards += [_range(names[j], x[:, j]) for j in ranged]
    findings = [_constant_finding(names[j], float(x[0, j]), len(x)) for j in constant]
    charted: list[int] = []
    rest = [j for j in range(x.shape[1]) if j not in constant and j not in ranged]
    basis = np.empty((len(x), 0))
    for j in rest:
        column = x[:, j] - x[:, j].mean()
        column = column / np.linalg.norm(column)
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)  # twice is enough
        size = float(np.linalg.norm(left))
        if size > _EXACT or len(charted) + 1 >= len(x):
            basis = np.column_stack([basis, left / size]) if len(charted) + 1 < len(x) else basis
            charted.append(j)
        else:
            guard = _copy(x, names, j, charted)
            guards.append(guard)
            findings.append(_copy_finding(guard, len(x)))
    return Split(tuple(charted), tuple(guards), tuple(findings))


def _constant(column: Floats) -> bool:
    return bool(np.ptp(column) <= 1e-12 * max(abs(float(column[0])), np.finfo(float).tiny))


def _range(name: str, column: Floats) -> Guard:
    """A guard that is out when the column leaves the range it has in the reference (by more than rounding)."""
    low, high = float(column.min()), float(column.max())
    return Guard(name, 0.5 * (low + high), 0.5 * (high - low) * (1.0 + 1e-9))


def _copy(x: Floats, names: tuple[str, ...], j: int, charted: list[int]) -> Guard:
    """The equation of column j in the charted columns before it; terms that do not matter are left out."""
    center, scale = x.mean(axis=0), x.std(axis=0)
    others = (x[:, charted] - center[charted]) / scale[charted]
    weights = np.linalg.lstsq(others, (x[:, j] - center[j]) / scale[j], rcond=None)[0]
    kept = [k for k, weight in enumerate(weights) if abs(weight) > 1e-4]
    weights = np.linalg.lstsq(others[:, kept], (x[:, j] - center[j]) / scale[j], rcond=None)[0]
    slopes = [float(w * scale[j] / scale[charted[k]]) for w, k in zip(weights, kept, strict=True)]
    level = float(center[j] - sum(s * center[charted[k]] for s, k in zip(slopes, kept, strict=True)))
    residual = x[:, j] - level - x[:, [charted[k] for k in kept]] @ np.array(slopes)
    tolerance = max(10.0 * float(np.max(np.abs(residual))), 1e-5 * float(scale[j]))
    return Guard(names[j], level, tolerance, tuple((names[charted[k]], s) for k, s in zip(kept, slopes, strict=True)))


def _constant_finding(name: str, level: float, n: int) -> Finding:
    return Finding(
        "guard",
        "amber",
        f"{name} is {level:.6g} in all {n} rows: it has no place in the scatter and is watched as a guard, which is out when it moves.",
        "Mark it as ignored if it does not matter, or check the sensor.",
        (name,),
    )


def _copy_finding(guard: Guard, n: int) -> Finding:
    right = " + ".join(f"{slope:.6g}·{name}" for name, slope in guard.slopes)
    level = f" {'+' if guard.level > 0 else '-'} {abs(guard.level):.6g}" if abs(guard.level) > guard.tolerance else ""
    return Finding(
        "guard",
        "amber",
        f"{guard.name} = {right}{level} in all {n} rows: it brings nothing of its own and is watched as a guard, which is out when the "
        "equation breaks.",
        "Ignore one of these columns if they are one measurement in two units.",
        (guard.name, *(name for name, _ in guard.slopes)),
    )
