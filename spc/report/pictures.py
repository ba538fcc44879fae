"""The pictures of a fit beside its T² chart: which there are, what each shows, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spc import blame, distances
from spc.figures import cells as cell_figures
from spc.figures import correlation as correlation_figures
from spc.figures import ellipses as ellipse_figures
from spc.figures import qq as qq_figures
from spc.figures import scree as scree_figures
from spc.figures.cells import Cell
from spc.figures.ellipses import Pair
from spc.figures.frame import Figure
from spc.figures.rows import Axis, Kind
from spc.figures.theme import Theme
from spc.figures.words import number, plain
from spc.inspect.qq import qq
from spc.nouns import Floats, Scatter
from spc.report.law import OwnLaw
from spc.report.reviewed import Reviewed
from spc.report.told import count_words, values
from spc.scatter import Cells, Cellwise

PICTURES: Final = {
    "qq": "Q–Q of the distances",
    "ellipses": "Tolerance ellipses",
    "scree": "Scree",
    "correlation": "Correlations",
    "cells": "Single values",
}
MATRIX: Final = ellipse_figures.MATRIX  # variables up to which all pairs are drawn at once
LEVEL: Final = 0.975  # of the ellipses: usual since Rousseeuw & Van Driessen 1999
BAND: Final = 0.95
_ODD: Final = 3.0  # standard deviations, given the other variables, from which a single value is called off


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its name, its title, and what it shows in one or two sentences."""

    name: str
    title: str
    figure: Figure
    words: str


@dataclass(frozen=True, slots=True)
class _Asked:
    theme: Theme
    seen: Reviewed
    axis: Axis
    kinds: Sequence[Kind]
    pair: tuple[int, int] | None
    picked: Sequence[int]

    @property
    def titles(self) -> list[str]:
        model = self.seen.model
        pairs = zip(model.names, model.units, strict=True)
        return [f"{plain(name)} [{plain(unit)}]" if unit else plain(name) for name, unit in pairs]

    @property
    def names(self) -> list[str]:
        return [plain(name) for name in self.seen.model.names]

    @property
    def classical(self) -> Scatter | None:
        """The classical estimate when it is another one than the model's own."""
        return self.seen.classical if self.seen.robust else None

    @property
    def own(self) -> str:
        return self.seen.model.estimator.upper() if self.classical is not None else "estimate"


def offered(seen: Reviewed) -> dict[str, str]:
    """The pictures that make sense for a model: {name: title}."""
    few = ("qq",) if seen.model.p == 1 else tuple(PICTURES)
    if seen.model.subgroup is not None:  # these two are of single rows, which are not judged
        few = tuple(name for name in few if name not in ("qq", "cells"))
    odd = bool(seen.outlying) or seen.model.estimator == Cellwise.name or bool(np.isnan(seen.x).any())
    return {name: PICTURES[name] for name in few if name != "cells" or odd}


def picture(
    name: str,
    theme: Theme,
    seen: Reviewed,
    axis: Axis,
    kinds: Sequence[Kind],
    *,
    pair: tuple[int, int] | None = None,
    picked: Sequence[int] = (),
) -> Picture:
    """One picture; `pair` chooses two variables (from 0) for the ellipses, which otherwise show all pairs of up to 8."""
    figure, words = _MADE[name](_Asked(theme, seen, axis, kinds, pair, picked))
    return Picture(name, PICTURES[name], figure, words)


def correlations(scatter: Scatter) -> Floats:
    """The correlation matrix (p, p)."""
    length = np.linalg.norm(scatter.factor, axis=1)
    unit = scatter.factor / length[:, None]
    return np.asarray(np.clip(unit @ unit.T, -1.0, 1.0))


def _qq(asked: _Asked) -> tuple[Figure, str]:
    seen = asked.seen
    law = OwnLaw(seen.model)
    places = np.flatnonzero(seen.fitted & ~np.isnan(seen.x).any(axis=1))
    places = places[np.argsort(seen.t2[places], kind="stable")]
    found = qq(seen.t2[places], law, BAND)
    told = qq_figures.Quantiles(*(part.tolist() for part in (found.theoretical, found.observed, found.low, found.high, places)))
    limit = seen.limit
    figure = qq_figures.qq(
        asked.theme, asked.axis, told, asked.kinds, limit=limit.value, law=limit.law.partition(":")[0], picked=asked.picked
    )
    inside = found.observed <= limit.value
    off = int(np.sum(inside & ((found.observed > found.high) | (found.observed < found.low))))
    beyond = int(np.sum(~inside))
    words = (
        f"{_first(count_words(beyond))} of {len(places)} beyond the limit. Of the others, {off or 'none'} {'lies' if off == 1 else 'lie'} "
        f"outside the {100 * BAND:g} % band of the law ({round((1 - BAND) * len(places))} would by chance); a curve that leaves it over a "
        "long stretch says that the rows are not normal, and then the limit does not hold its promise."
    )
    return figure, words


def _ellipses(asked: _Asked) -> tuple[Figure, str]:
    p = asked.seen.model.p
    words = _inflated(asked)
    if asked.pair is None and p <= ellipse_figures.MATRIX:
        pairs = {(i, j): _pair(asked, j, i) for i in range(p) for j in range(i)}
        return ellipse_figures.matrix(
            asked.theme, asked.axis, asked.titles, pairs, asked.kinds, level=LEVEL, own=asked.own, picked=asked.picked
        ), words
    one = asked.pair or telling(asked.seen)
    return ellipse_figures.ellipse(
        asked.theme, asked.axis, _pair(asked, *one), asked.kinds, level=LEVEL, own=asked.own, picked=asked.picked
    ), words


def telling(seen: Reviewed) -> tuple[int, int]:
    """The pair whose two correlations differ most; the most correlated one when there is only one estimate."""
    own = correlations(seen.model.scatter)
    apart = np.abs(own - correlations(seen.classical)) if seen.robust and seen.classical is not None else np.abs(own)
    lower = np.tril(apart, -1)
    i, j = np.unravel_index(int(np.argmax(lower)), lower.shape)
    return int(j), int(i)


def _pair(asked: _Asked, j: int, i: int) -> Pair:
    """Variable j along x, i along y."""
    lines = [
        None if one is None else [(float(a), float(b)) for a, b in distances.ellipse(one, j, i, level=LEVEL, points=73)]
        for one in (asked.seen.model.scatter, asked.classical)
    ]
    x = asked.seen.x
    return Pair((asked.titles[j], asked.titles[i]), values(x[:, j]), values(x[:, i]), lines[0] or [], lines[1])


def _inflated(asked: _Asked) -> str:
    if asked.classical is None:
        return f"Each mark is a row; the line holds {100 * LEVEL:g} % of good rows of the pair."
    own, other = (np.linalg.norm(one.factor, axis=1) for one in (asked.seen.model.scatter, asked.classical))
    ratio = other / own
    worst = int(np.argmax(ratio))
    words = f"The classical standard deviation is {number(float(ratio[worst]), 2)} × the robust one in {asked.seen.model.names[worst]}"
    rest = "the outliers have inflated it, and hide in the larger ellipse." if ratio[worst] > 1.2 else "the two agree."
    return f"{words}: {rest}"


def _scree(asked: _Asked) -> tuple[Figure, str]:
    own = _eigenvalues(asked.seen.model.scatter)
    other = None if asked.classical is None else _eigenvalues(asked.classical)
    p = len(own)
    enough = int(np.searchsorted(np.cumsum(own) / p, 0.9) + 1)
    words = f"The first of {p} components carries {100 * own[0] / p:.0f} % of the variance"
    words += f" (classical {100 * other[0] / p:.0f} %)" if other is not None else ""
    words += f"; {enough} carry 90 %."
    if own[-1] < 1e-3:
        words += " The smallest is nearly 0: some variables are nearly a combination of others."
    return scree_figures.scree(asked.theme, own.tolist(), None if other is None else other.tolist(), name=asked.own), words


def _eigenvalues(scatter: Scatter) -> Floats:
    length = np.linalg.norm(scatter.factor, axis=1)
    return np.asarray(np.linalg.svd(scatter.factor / length[:, None], compute_uv=False) ** 2)


def _correlation(asked: _Asked) -> tuple[Figure, str]:
    names = asked.seen.model.names
    own = correlations(asked.seen.model.scatter)
    other = None if asked.classical is None else correlations(asked.classical)
    figure = correlation_figures.correlation(
        asked.theme, asked.names, own.tolist(), None if other is None else other.tolist(), name=_first(asked.own)
    )
    j, i = telling(asked.seen)
    pair = f"{names[j]} and {names[i]}"
    if other is None:
        return figure, f"The strongest correlation is that of {pair}: {own[i, j]:.2f}."
    marked = len(correlation_figures.different(own.tolist(), other.tolist()))
    words = f"The largest difference is that of {pair}: {own[i, j]:.2f} in the model, {other[i, j]:.2f} classical."
    return (
        figure,
        f"{words} {marked or 'No'} {'pair differs' if marked == 1 else 'pairs differ'} by more than {correlation_figures.DIFFERENT}.",
    )


def _cells(asked: _Asked) -> tuple[Figure, str]:
    seen = asked.seen
    if seen.cells is not None:
        rows, found = _flagged(seen, seen.cells)
        what = "flagged: the estimate rests on the others"
    else:
        rows, found = _odd(seen)
        what = f"more than {_ODD:g} σ from what the row's other values imply"
    off = sum(word in ("high", "low") for line in found for word in line)
    gone = sum(word == "missing" for line in found for word in line)
    words = f"{off or 'No'} single {'value is' if off == 1 else 'values are'} {what}"
    return cell_figures.cells(asked.theme, asked.names, rows, found), f"{words}{f'; {gone} missing' if gone else ''}."


def _odd(seen: Reviewed) -> tuple[list[int], list[list[Cell]]]:
    """The outlying rows and those with gaps: which of their values do not go with the row's others, by the model's scatter."""
    rows = sorted({*seen.outlying, *(np.flatnonzero(np.isnan(seen.x).any(axis=1)) + 1).tolist()})
    x = seen.x[[row - 1 for row in rows]]
    return rows, _marked(x, blame.blame(seen.model, x).given, np.full(x.shape, _ODD))


def _flagged(seen: Reviewed, told: Cells) -> tuple[list[int], list[list[Cell]]]:
    """The cells that a cellwise estimate did not rest on, in all rows that it was asked about."""
    places = np.flatnonzero(seen.fitted)
    x = seen.x[places]
    off = np.where(told.flagged[places], np.sign(x - told.expected[places]), 0.0)
    return (places + 1).tolist(), _marked(x, off, np.full(x.shape, 0.5))


def _marked(x: Floats, off: Floats, limit: Floats) -> list[list[Cell]]:
    """A word for each cell: missing, or too high or too low by more than a limit."""
    kind = np.where(np.isnan(x), 3, np.where(off > limit, 1, np.where(off < -limit, 2, 0)))
    words: tuple[Cell, ...] = ("", "high", "low", "missing")
    return [[words[k] for k in line] for line in kind.tolist()]


def _first(words: str) -> str:
    return words[0].upper() + words[1:]


_MADE: Final[dict[str, Callable[[_Asked], tuple[Figure, str]]]] = {
    "qq": _qq,
    "ellipses": _ellipses,
    "scree": _scree,
    "correlation": _correlation,
    "cells": _cells,
}
