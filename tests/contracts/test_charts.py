"""Every registered chart keeps the promises of its kind."""

from __future__ import annotations

from typing import Any

import pytest

from spc.charts import CHARTS, check


@pytest.mark.parametrize("chart", CHARTS.values())
def test_the_charts_contract(chart: Any) -> None:
    check(chart())
