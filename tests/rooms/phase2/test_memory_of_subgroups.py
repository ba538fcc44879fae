"""Charts with memory over the means of subgroups: each mean is whitened with its own scatter, and the limit is the same for every size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spc.charts import EwmaLogT2, Mewma
from spc.nouns import Limit, Model
from spc.phase2 import Monitor, cause_of
from tests.rooms.phase2.test_subgroups import EQUAL, UNEQUAL, rows

ENDS = {"1": (0, 4), "2": (4, 7), "3": (7, 11), "4": (11, 16), "5": (16, 19)}
LABELS = tuple("1111222333344444555")


def with_memory(plain: Model) -> Model:
    """The model with limits of its own for two charts with memory, whose limits have no slope in the number of rows."""
    more = {"mewma": (Limit(9.0, 0.0013, "simulated"),), "ewma_log_t2": (Limit(4.5, 0.0013, "simulated"),)}
    return replace(plain, new_limits={**plain.new_limits, **more})


def test_a_model_for_another_size_keeps_the_limits_of_charts_with_memory() -> None:
    made = with_memory(UNEQUAL)
    six = made.sized(6)
    assert six.new_limits["mewma"] == made.new_limits["mewma"]
    assert six.new_limits["ewma_log_t2"] == made.new_limits["ewma_log_t2"]
    assert six.new_limits["t2"] == UNEQUAL.sized(6).new_limits["t2"]
    assert six.new_limits["t2"][-1].value != UNEQUAL.new_limits["t2"][-1].value


@pytest.mark.parametrize("name, chart", [("mewma", Mewma()), ("ewma_log_t2", EwmaLogT2())])
def test_the_statistic_is_that_of_the_whitened_means(name: str, chart: Mewma | EwmaLogT2) -> None:
    made, block = with_memory(UNEQUAL), rows(LABELS)
    track = Monitor(made).judge(block, whole=True).tracks[name]
    z = [made.sized(end - start).scatter.whiten(block.x[start:end].mean(axis=0))[0] for start, end in ENDS.values()]
    _, expected = chart.step(chart.start(2), np.array(z))
    places = [end - 1 for _, end in ENDS.values()]
    assert track.value[places] == pytest.approx(expected, rel=1e-12)
    assert np.isnan(np.delete(track.value, places)).all()
    assert (track.ucl[places] == made.new_limits[name][-1].value).all()


@pytest.mark.parametrize("chart", ["mewma", "ewma_log_t2"])
def test_a_point_is_blamed_on_the_variable_that_moved(chart: str) -> None:
    made = with_memory(EQUAL)
    block = rows(tuple(f"g{i // 4}" for i in range(60)), seed=5)
    x = block.x.copy()
    x[20:, 1] += 2.5
    block, monitor = replace(block, x=x), Monitor(made)
    points = monitor.judge(block, whole=True)
    i = int(np.flatnonzero(points.tracks[chart].out)[-1])
    found = cause_of(monitor, block, points, i, chart)
    assert found is not None
    assert "b" in found.named
    assert found.value == pytest.approx(points.tracks[chart].value[i])
    assert float(found.share.sum()) == pytest.approx(found.value, rel=1e-9)
