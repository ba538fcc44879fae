"""Rows inside the limit that are of one kind with rows outside it."""

from __future__ import annotations

import numpy as np

from spc.phase1.kin import kin


def test_a_weak_member_of_a_cluster_is_found_and_a_lone_large_row_is_not() -> None:
    rng = np.random.default_rng(2)
    z = rng.standard_normal((100, 6)) * 0.9
    towards = np.array([1.0, -1.0, 0.4, 0.0, 0.0, 0.0]) / np.sqrt(2.16)
    z[:6] = 6.0 * towards + 0.3 * rng.standard_normal((6, 6))
    z[6] = 4.0 * towards  # inside the limit, same direction
    z[7] = [0.0, 0.0, 0.0, 4.0, 0.0, 1.0]  # inside the limit, a direction of its own
    length2 = np.sum(z**2, axis=1)
    found = kin(z, length2 > 22.0, length2 > 12.0)
    assert found[6]
    assert not found[7]
    assert found.sum() == 1


def test_good_rows_are_hardly_ever_called_kin() -> None:
    rng = np.random.default_rng(3)
    called = rows = 0
    for _ in range(300):
        z = rng.standard_normal((200, 4))
        z[:10] *= 5.0  # outliers in ten directions
        length2 = np.sum(z**2, axis=1)
        out, aside = length2 > 17.0, length2 > 11.0
        called += int(kin(z, out, aside).sum())
        rows += int(np.sum(~out))
    assert called / rows < 1e-4


def test_without_outliers_there_is_no_kin() -> None:
    z = np.random.default_rng(4).standard_normal((50, 3))
    none = np.zeros(50, dtype=bool)
    assert not kin(z, none, ~none).any()
