"""Makes the demo: a reference of 200 circuit boards with 10 bad rows hidden in it, and a stream of 500 with six kinds of trouble.

Synthetic and our own work. `python data/demo_circuit_boards/make_boards.py FOLDER` writes the four files, byte for byte the same each time.
"""

from __future__ import annotations

import csv
import datetime
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAMES = ("length_mm", "width_mm", "thickness_mm", "hole_pitch_mm", "warp_mm", "copper_um")
MEANS = np.array([160.00, 100.00, 1.600, 152.40, 0.350, 35.0])
SDS = np.array([0.050, 0.035, 0.020, 0.045, 0.060, 1.20])
DECIMALS = (3, 3, 4, 3, 3, 2)
CORRELATION = np.array(
    [
        [1, 0.82, 0.10, 0.85, 0.05, 0.00],
        [0.82, 1, 0.08, 0.74, 0.05, 0.00],
        [0.10, 0.08, 1, 0.06, -0.25, 0.45],
        [0.85, 0.74, 0.06, 1, 0.02, 0.00],
        [0.05, 0.05, -0.25, 0.02, 1, -0.15],
        [0, 0, 0.45, 0, -0.15, 1],
    ]
)
ROOT = np.linalg.cholesky(CORRELATION)
SLIPS = ("typing slip: thickness x10", "warp gauge not zeroed (0.000)", "length and width swapped")
WRONG_LOT = "wrong panel lot (length long, width short)"
STREAM = (
    *(("ok", 120), ("spike", 1), ("ok", 29), ("lot", 12), ("ok", 58), ("shift", 40), ("ok", 40)),
    *(("wear", 60), ("ok", 40), ("noise", 25), ("ok", 40), ("gauge", 10), ("ok", 25)),
)


def reference(rng: np.random.Generator, n: int = 200, share: float = 0.05) -> tuple[Floats, list[str]]:
    """n boards of which a share is bad: most from a wrong lot that no single measurement shows, the rest slips."""
    x = MEANS + (rng.standard_normal((n, 6)) @ ROOT.T) * SDS
    labels = ["ok"] * n
    bad = round(share * n)
    where = rng.choice(n, bad, replace=False)
    lot = max(1, int(0.7 * bad))
    z = rng.standard_normal((lot, 6)) @ ROOT.T * 0.6
    z[:, 0] += 1.6
    z[:, 1] -= 1.6
    z[:, 3] += 0.4
    x[where[:lot]] = MEANS + z * SDS
    for i in where[:lot]:
        labels[i] = WRONG_LOT
    for i in where[lot:]:
        kind = int(rng.integers(0, 3))
        labels[i] = SLIPS[kind]
        if kind == 0:
            x[i, 2] *= 10
        elif kind == 1:
            x[i, 4] = 0.0
        else:
            x[i, [0, 1]] = x[i, [1, 0]]
    return x, labels


def stream(rng: np.random.Generator) -> tuple[Floats, list[str]]:
    """Good boards with stretches of trouble between them."""
    parts, labels = [], []
    for kind, n in STREAM:
        z, label = _trouble(kind, rng.standard_normal((n, 6)) @ ROOT.T, rng)
        parts.append(MEANS + z * SDS)
        labels += [label] * n
    return np.vstack(parts), labels


def _trouble(kind: str, z: Floats, rng: np.random.Generator) -> tuple[Floats, str]:
    ramp = np.linspace(0, 2.6, len(z))
    if kind == "lot":
        z = z * 0.8
        z[:, 0] += 1.7
        z[:, 1] -= 1.7
        return z, WRONG_LOT
    if kind == "shift":
        return z + np.array([0.9, -0.3, 0, 0.9, 0, 0]), "small sustained shift (router re-zeroed wrongly)"
    if kind == "wear":
        z[:, 2] += ramp
        z[:, 5] -= ramp
        return z, "press wear drift (thickness up, copper down)"
    if kind == "noise":
        return z * 1.9, "loose clamp (variance up)"
    if kind == "spike":
        z[:, 4] += 6.5
        return z, "single warped board"
    if kind == "gauge":
        z[:, 4] = -MEANS[4] / SDS[4] + 0.05 * rng.standard_normal(len(z))
        return z, "warp gauge stuck near zero"
    return z, "ok"


def write(folder: Path, name: str, x: Floats, start: datetime.datetime, first_id: int) -> None:
    """One board per line, one every 45 seconds."""
    with (folder / name).open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["timestamp", "board_id", *NAMES])
        for i, row in enumerate(x):
            at = start + datetime.timedelta(seconds=45 * i)
            cells = [repr(float(np.round(value, k))) for value, k in zip(row, DECIMALS, strict=True)]
            lines.writerow([f"{at:%Y-%m-%d %H:%M:%S}", f"B{first_id + i:05d}", *cells])


def write_truth(folder: Path, name: str, header: tuple[str, str, str], labels: list[str], first_id: int) -> None:
    """Which boards are bad, and why."""
    with (folder / name).open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(header)
        for i, label in enumerate(labels):
            lines.writerow([f"B{first_id + i:05d}", int(label != "ok"), label])


def main(folder: Path) -> None:
    """The four files of the demo."""
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    x, labels = reference(rng)
    write(folder, "phase1_reference.csv", x, datetime.datetime(2025, 3, 3, 6, tzinfo=datetime.UTC), 1)
    write_truth(folder, "phase1_truth.csv", ("board_id", "contaminated", "reason"), labels, 1)
    x, labels = stream(rng)
    write(folder, "phase2_stream.csv", x, datetime.datetime(2025, 3, 4, 6, tzinfo=datetime.UTC), 201)
    write_truth(folder, "phase2_truth.csv", ("board_id", "defect", "defect_type"), labels, 201)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
