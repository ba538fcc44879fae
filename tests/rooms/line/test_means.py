"""Blame over time and comparisons on a line that is judged by the means of subgroups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spc.blame import blame
from spc.errors import Complaint
from spc.ledger import Ledger
from spc.line import Line, activate, save_model
from spc.line.causes import compared
from spc.line.means import means
from spc.line.seen import seen
from spc.nouns import Model, Rows, Subgroups
from spc.settings import LineSettings
from tests.small import CENTER, SD, FakeClock, model, rows

SLOPES = {"t2": (0.0, 0.0, 0.0)}
GROUPED = replace(model(), subgroup=Subgroups("lot", 4, 5, 50, SLOPES, {"t2": 0.0}))
LABELS = tuple("AAAABBBCCCCCDDDDEEFFFFF")  # full ones close by themselves, the others with the next label
WHERE = {5: (0, 4), 8: (4, 7), 12: (7, 12), 17: (12, 16), 19: (16, 18), 23: (18, 23)}  # the row that closes: first, and behind the last


class House:
    """A line with subgroups."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.clock = Ledger.open(f"sqlite:///{folder}/spc.db"), FakeClock()
        self.line = Line(self.ledger, LineSettings("press"), clock=self.clock)

    def activate(self, made: Model) -> None:
        id = save_model(self.ledger, made, reference_id=None, by="Ada", now=self.clock())
        activate(self.ledger, "press", id, "new lot", "Ada", self.clock())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


def noisy(n: int, first: int = 1, seed: int = 3, shift: float = 0.0) -> Rows:
    noise = np.random.default_rng(seed).standard_normal((n, 3))
    noise[:, 1] += shift
    return replace(rows(n, first=first), x=CENTER + SD * noise)


def test_each_subgroup_is_found_again_whether_its_last_row_closed_it_or_the_next_label(house: House) -> None:
    house.activate(GROUPED)
    block = replace(noisy(23), subgroup=LABELS)
    house.line.take(block)
    with house.ledger.read() as c:
        found = means(c, "press", GROUPED, 1, 23)
        part = means(c, "press", GROUPED, 10, 18)
    assert [(one.seq, one.k) for one in found] == [(row, end - start) for row, (start, end) in WHERE.items()]
    for one in found:
        start, end = WHERE[one.seq]
        assert one.x == pytest.approx(block.x[start:end].mean(axis=0), rel=1e-12)
    assert [(one.seq, one.k) for one in part] == [(12, 5), (17, 4)]
    assert part[0].x == pytest.approx(found[2].x)


def test_a_missing_value_and_rows_before_the_model_do_no_harm(house: House) -> None:
    house.line.take(noisy(3, seed=8))
    house.activate(GROUPED)
    block = noisy(8, first=4)
    x = block.x.copy()
    x[5, 2] = np.nan
    house.line.take(replace(block, x=x))  # without labels every four rows are counted
    with house.ledger.read() as c:
        found = means(c, "press", GROUPED, 1, 11)
    assert [(one.seq, one.k) for one in found] == [(7, 4), (11, 3)]
    assert found[1].x == pytest.approx(x[[4, 6, 7]].mean(axis=0))


def test_the_map_has_a_column_for_each_subgroup(house: House) -> None:
    house.activate(GROUPED)
    block = replace(noisy(23, shift=0.5), subgroup=LABELS)
    house.line.take(block)
    with house.ledger.read() as c:
        whole, part = seen(c, "press", 1, 23), seen(c, "press", 9, 23)
    assert whole.seq.tolist() == list(WHERE)
    assert whole.size.tolist() == [4, 3, 5, 4, 2, 5]
    assert whole.share.sum(axis=1) == pytest.approx(whole.t2, rel=1e-9)
    expected = blame(GROUPED.sized(4), block.x[0:4].mean(axis=0)).share[0]
    assert whole.share[0] == pytest.approx(expected, rel=1e-9)
    assert whole.sigma[0] == pytest.approx((block.x[0:4].mean(axis=0) - CENTER) / SD * 2.0, rel=1e-9)
    assert part.share == pytest.approx(whole.share[2:], rel=1e-12)


def test_rows_judged_one_by_one_before_stay_rows(house: House) -> None:
    house.activate(model())
    house.line.take(noisy(6))
    house.activate(GROUPED)
    house.line.take(noisy(8, first=7))
    with house.ledger.read() as c:
        found = seen(c, "press", 1, 14)
    assert found.seq.tolist() == [1, 2, 3, 4, 5, 6, 10, 14]
    assert found.size.tolist() == [1] * 6 + [4, 4]
    assert found.share.sum(axis=1) == pytest.approx(found.t2, rel=1e-9)


def test_means_are_compared_with_the_reference_and_with_another_period(house: House) -> None:
    house.activate(GROUPED)
    block = noisy(120)
    x = block.x.copy()
    x[60:, 1] += 1.0 * SD[1]
    house.line.take(replace(block, x=x))
    with house.ledger.read() as c:
        at = seen(c, "press", 1, 120).at
        old, new = (int(at[0]), int(at[14])), (int(at[15]), int(at[-1]))
        against = compared(c, "press", new)
        between = compared(c, "press", new, old)
    assert (against.n_after, against.n_before) == (15, 50)
    by_name = {one.name: one for one in against.changes}
    means_of_warp = x[60:, 1].reshape(15, 4).mean(axis=1)
    assert by_name["warp_mm"].after == pytest.approx(means_of_warp.mean(), rel=1e-12)
    assert by_name["warp_mm"].difference == pytest.approx((means_of_warp.mean() - CENTER[1]) / (SD[1] / 2.0), rel=1e-9)
    assert by_name["warp_mm"].moved
    assert (between.n_after, between.n_before) == (15, 15)
    assert next(one for one in between.changes if one.name == "warp_mm").moved


def test_rows_are_not_compared_with_means(house: House) -> None:
    house.activate(model())
    house.line.take(noisy(40))
    with house.ledger.read() as c:
        at = seen(c, "press", 1, 40).at
    house.activate(GROUPED)
    house.line.take(noisy(80, first=41))
    with house.ledger.read() as c, pytest.raises(Complaint, match="means of different sizes"):
        compared(c, "press", (int(at[-1]) + 1, 2**62), (int(at[0]), int(at[-1])))
