"""Phase II charts: statistics on whitened rows. Each is a frozen dataclass with `start(p)` and `step(state, z) -> (state, values)`.

A chart is listed in CHARTS or named `module:Class` in the settings; `check` is the contract that every one of them must pass. Memories
are plain dictionaries of numbers, so that the ledger can keep them.
"""

from __future__ import annotations

from spc.charts.contract import Chart, check
from spc.charts.t2 import T2

CHARTS: dict[str, type[Chart]] = {"t2": T2}

__all__ = ["CHARTS", "T2", "Chart", "check"]
