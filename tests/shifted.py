"""Simulated faults of one kind each, and four ways of naming the variables behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spc.blame import blame, cause, smallest_set
from spc.nouns import Dialect, Floats, Limit, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.scatter import Classical

FAULTS = ("one variable", "broken relation", "pair", "drift")
SIZES, TIES = (3, 6, 12, 30), (0.0, 0.5, 0.9)
METHODS = ("spc", "Shapley", "MYT", "z")
N = 500  # reference rows
LAM, SLOPE = 0.1, 0.05  # of the moving average that rings in a drift, and how far a variable drifts per row
MEWMA = {3: 12.3435, 6: 18.094, 12: 27.8743, 30: 53.2628}  # its limits at one false alarm in 370 rows


@dataclass(frozen=True)
class Cell:
    """A cell of the grid: the kind of fault, how many variables, how closely tied, and how far a variable is shifted, in sd."""

    fault: str
    p: int
    rho: float
    size: float = 6.0

    def __str__(self) -> str:
        return f"{self.fault} | {self.p} | {self.rho:g}"


def shares(cell: Cell, trials: int, seed: int = 0) -> dict[str, float]:
    """How often, of `trials` signals, each method names exactly the variables that were shifted."""
    rng = np.random.default_rng([seed, cell.p, int(10 * cell.rho), FAULTS.index(cell.fault)])
    root = np.linalg.cholesky(np.full((cell.p, cell.p), cell.rho) + (1.0 - cell.rho) * np.eye(cell.p))
    hits = np.zeros(len(METHODS))
    model = _model(rng, root)
    for trial in range(trials):
        if trial % 25 == 24:
            model = _model(rng, root)  # the reference is drawn anew: it is part of what is not known
        x, truth, remembered = _signal(rng, model, root, cell)
        hits += [set(named) == truth for named in _named(model, x, remembered)]
    return dict(zip(METHODS, hits / trials, strict=True))


def _model(rng: np.random.Generator, root: Floats) -> Model:
    x = rng.standard_normal((N, len(root))) @ root.T
    found = fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model
    return replace(found, new_limits={**found.new_limits, "mewma": (Limit(MEWMA[len(root)], 0.0027, "given"),)})


def _signal(rng: np.random.Generator, model: Model, root: Floats, cell: Cell) -> tuple[Floats, set[str], float | None]:
    """A row whose T² is out (or the moving average that rings), the names of the variables that are to blame, and the statistic."""
    while True:
        x, who, value = _drifted(rng, model, root) if cell.fault == "drift" else _faulty(rng, root, cell)
        if value is not None or model.scatter.d2(x[None])[0] > model.new_limits["t2"][-1].value:
            return x, {model.names[j] for j in who}, value


def _faulty(rng: np.random.Generator, root: Floats, cell: Cell) -> tuple[Floats, list[int], None]:
    x, p = root @ rng.standard_normal(cell.p), cell.p
    if cell.fault == "pair":
        who = rng.choice(p, 2, replace=False)
        x[who] += cell.size * rng.choice([-1.0, 1.0], 2)
        return x, who.tolist(), None
    j = int(rng.integers(p))
    if cell.fault == "broken relation":
        x[j] = -x[j]  # its own law stays what it was, and its correlations turn their sign
    else:
        x[j] += cell.size * rng.choice([-1.0, 1.0])
    return x, [j], None


def _drifted(rng: np.random.Generator, model: Model, root: Floats) -> tuple[Floats, list[int], float]:
    """The moving average (in the variables' units) at the row at which a MEWMA rings while one variable drifts off."""
    p, j = len(root), int(rng.integers(len(root)))
    limit, factor = model.new_limits["mewma"][-1].value, (2.0 - LAM) / LAM
    while True:
        y = np.zeros(p)
        x = rng.standard_normal((300, p)) @ root.T
        x[:, j] += SLOPE * np.arange(300)
        for z in model.scatter.whiten(x):
            y = LAM * z + (1.0 - LAM) * y
            value = float(y @ y) * factor
            if value > limit:
                return model.scatter.colour(y * np.sqrt(factor))[0], [j], value


def _named(model: Model, x: Floats, value: float | None) -> list[set[str]]:
    """What each method names: ours, all shares of at least 40 % of the largest, the elimination, and each |z| > 3."""
    if value is None:
        ours = cause(model, x=x)
    else:
        ours = cause(model, "mewma", remembered=model.scatter.whiten(x)[0], value=value)
    parts = blame(model, x)
    share, given = parts.share[0], np.abs(parts.given[0])
    names = np.array(model.names)
    eliminated = set(smallest_set(model, x)) or {str(names[int(np.argmax(given))])}
    large = {str(one) for one in names[share >= 0.4 * share.max()]}
    return [set(ours.named), large, eliminated, {str(one) for one in names[np.abs(parts.sigma[0]) > 3.0]}]


def grid(size: float = 6.0, faults: tuple[str, ...] = FAULTS) -> list[Cell]:
    """Every cell in which there is something to find: without correlation there is no relation to break."""
    cells = [Cell(fault, p, rho, size) for fault in faults for p in SIZES for rho in TIES]
    return [cell for cell in cells if not (cell.fault == "broken relation" and cell.rho == 0.0)]


def markdown(found: dict[Cell, dict[str, float]]) -> str:
    """The table as the manual has it, in percent."""
    lines = ["| fault | p | ρ | spc | Shapley | MYT | each \\|z\\| > 3 |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {cell} | {' | '.join(f'{100 * hit:.0f}' for hit in one.values())} |" for cell, one in found.items()]
    means = [float(np.mean([one[name] for one in found.values()])) for name in METHODS]
    return "\n".join([*lines, f"| all cells | | | {' | '.join(f'{100 * mean:.0f}' for mean in means)} |"])
