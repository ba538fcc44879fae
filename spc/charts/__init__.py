"""Phase II charts: statistics on whitened rows. Each is a frozen dataclass with `start(p)` and `step(state, z) -> (state, values)`.

A chart that depends on the scatter itself has a method `bound(factor)` that gives the chart which judges. The dispersion is the one
chart that takes the rows of a subgroup together, and has a method `of(z)` instead.

A chart is listed in CHARTS or named `module:Class` in the settings; `check` is the contract that every one of them must pass. Memories
are plain dictionaries of numbers, so that the ledger can keep them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from spc.charts.contract import Chart, Lanes, binds, bound, check
from spc.charts.dispersion import Dispersion, of_subgroups
from spc.charts.ewma_log_t2 import EwmaLogT2
from spc.charts.mcusum import Mcusum
from spc.charts.mewma import Mewma
from spc.charts.mewmc import Mewmc
from spc.charts.spe import BoundSpe, Spe
from spc.charts.t2 import T2

CHARTS: dict[str, type[Chart]] = {
    "t2": T2,
    "mewma": Mewma,
    "mcusum": Mcusum,
    "ewma_log_t2": EwmaLogT2,
    "mewmc": Mewmc,
    "spe": Spe,
    "dispersion": Dispersion,
}


def charts_of(asked: Mapping[str, Any], names: Iterable[str]) -> dict[str, Chart]:
    """The charts of these names as a recipe's `charts` asked for them, with its parameters; with their usual ones where it says nothing.

    >>> charts_of({"mewma": {"name": "mewma", "lam": 0.2}}, ["t2", "mewma"])["mewma"]
    Mewma(lam=0.2, exact=False, alpha=None)
    """
    made: dict[str, Chart] = {}
    for name in names:
        words = asked.get(name, {})
        kind = CHARTS.get(str(words.get("name", name)), CHARTS.get(name, T2))
        made[name] = kind(**{word: value for word, value in words.items() if word != "name"})
    return made


def titled(name: str) -> str:
    """What people call a chart of a model.

    >>> titled("ewma_log_t2"), titled("guard")
    ('EWMA of log T²', 'guard')
    """
    return CHARTS[name].title if name in CHARTS else name


__all__ = [
    "CHARTS",
    "T2",
    "BoundSpe",
    "Chart",
    "Dispersion",
    "EwmaLogT2",
    "Lanes",
    "Mcusum",
    "Mewma",
    "Mewmc",
    "Spe",
    "binds",
    "bound",
    "charts_of",
    "check",
    "of_subgroups",
    "titled",
]
