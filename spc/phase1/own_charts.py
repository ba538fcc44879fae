"""Limits of charts with memory from the reference's own rows: what they showed on rows that the fits had not seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spc.charts import Chart, bound
from spc.limits.crossfit import Scored
from spc.limits.paretotail import ParetoTail
from spc.nouns import Floats, Limit

_RUN_IN = 20  # rows of each block that only fill the memory, or a quarter of a short block
_COUNTED = 10  # rows beyond a limit, from which on their share is counted and not extrapolated


def own_shares(charts: Mapping[str, Chart], scored: Scored, alpha: float) -> tuple[float, dict[str, Limit]]:
    """The share of rows that each chart may call out, so that alpha of them are by any, and limits for the charts with memory.

    Each block of the reference is followed by the charts as a new process would be, with the fit that had not seen it. The share of rows
    that any chart calls out is counted where there are rows enough; in the far tail the charts are taken to alarm at different rows,
    which errs on the safe side.
    """
    values = {name: _followed(chart, scored) for name, chart in charts.items()}
    tails = {name: ParetoTail.of(value) for name, value in values.items()}
    rate = alpha / len(charts)
    if alpha * len(scored.t2) >= _COUNTED and len(charts) > 1:
        rate = _counted(values, tails, alpha)
    words = f"{' and '.join(charts)} together {alpha:.3g} of the rows, blocked cross-fit, {scored.blocks} blocks"
    limits = {name: Limit(tails[name].quantile(rate), rate, f"{_how(tails[name], rate)}; {words}") for name in charts if name != "t2"}
    return rate, limits


def _counted(values: Mapping[str, Floats], tails: Mapping[str, ParetoTail], alpha: float) -> float:
    low, high = np.log(alpha / len(values)), np.log(alpha)
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        rate = float(np.exp(middle))
        out = np.mean(np.any([values[name] > tails[name].quantile(rate) for name in values], axis=0))
        low, high = (low, middle) if out > alpha else (middle, high)
    return float(np.exp(0.5 * (low + high)))


def _followed(chart: Chart, scored: Scored) -> Floats:
    found = []
    for k in np.unique(scored.block):
        z = scored.white[scored.block == k]
        _, values = bound(chart, scored.factor[k]).step(chart.start(z.shape[1]), z)
        found.append(values[min(_RUN_IN, len(z) // 4) :])
    return np.concatenate(found)


def _how(tail: ParetoTail, rate: float) -> str:
    return "quantile as counted" if rate >= tail.share else f"generalised Pareto tail (shape {tail.shape:.2g})"
