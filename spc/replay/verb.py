"""The verb: rows of the past played through candidates side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from spc.errors import BadRecipe, BadTable
from spc.nouns import Floats, Rows
from spc.replay.intervals import clustered_share, count_per, share
from spc.replay.outcome import Outcome, Replayed
from spc.replay.player import Candidate, Player
from spc.replay.said import outcome_sentence
from spc.replay.sentence import Telling
from spc.replay.sides import Pair
from spc.watch import Watch

BLOCK = 4096  # rows judged at a time
MOST = 1000  # alarms, and rows of disagreement, that are kept; all are counted
DAY = np.timedelta64(86_400_000_000, "us")


def replay(
    rows: Rows | Iterable[Rows],
    candidates: Sequence[Candidate],
    watch: Watch = Watch(),
    *,
    truth: Floats | Callable[[Rows], Floats] | None = None,
    telling: Telling = Telling(),
    first_row: int = 1,
    most: int = MOST,
) -> Replayed:
    """Plays rows, a table or its blocks, through each candidate as the line would have judged them; compares the first with the others.

    A row is out when any chart or guard of its candidate is; an alarm lasts from the signal that raised it (after the `watch` rule) until
    every chart is back in. `truth` (n,), or a function that gives it for the next block, says which rows are bad: 1 bad, 0 good, NaN
    unknown. Blocks of any size give the same answer, and memory does not grow with the rows.

    Raises BadRecipe without candidates or when two have one name, BadTable when there is no row or
    when `truth` is of another length, ColumnMismatch when the rows lack a column.

    >>> from spc.nouns import Limit, Model, Scatter
    >>> limit = Limit(10.0, 0.0016, "chi-square(1)")
    >>> told = dict(units=("mm",), guards=(), alpha=0.0016, reference_limits={}, tails={}, estimator="known", recipe={}, n=100)
    >>> told |= dict(outliers=(), excluded=(), findings=(), time_column=None, id_column=None, reference_digest="", code_version="")
    >>> wide, narrow = (Model(("a",), scatter=Scatter(np.zeros(1), np.eye(1) * sd, n=100), new_limits={"t2": (limit,)}, **told)
    ...                 for sd in (1.0, 0.5))
    >>> rows = Rows.of(np.array([[0.1], [2.0], [-0.2], [0.3], [0.1], [9.0]]), ("a",))
    >>> found = replay(rows, [Candidate("wide", wide), Candidate("narrow", narrow)])
    >>> [(one.rows_out, one.alarms) for one in found.outcomes], found.compared[0].only_challenger
    ([(1, 1), (2, 2)], 1)
    """
    _check(candidates)
    players = [Player(one, watch, telling, most=most, labelled=truth is not None) for one in candidates]
    pairs = [Pair(candidates[0].name, one.name, watch.back, most) for one in candidates[1:]]
    span = _Span()
    n = 0
    for block in _blocks(rows):
        told = _labels(truth, block, n)
        verdicts = [player.take(block, first_row + n, told) for player in players]
        for pair, verdict in zip(pairs, verdicts[1:], strict=True):
            pair.take(block, first_row + n, verdicts[0], verdict, told)
        span.take(block)
        n += len(block)
    if not n:
        raise BadTable("There are no rows to play.", cure="Choose another stretch, or another file.")
    if isinstance(truth, np.ndarray) and len(truth) != n:
        raise BadTable(f"{len(truth)} labels for {n} rows.", cure="Give one label for each row.")
    outcomes = tuple(_outcome(player, span) for player in players)
    compared = tuple(pair.compared(outcomes[0], one) for pair, one in zip(pairs, outcomes[1:], strict=True))
    return Replayed(n, first_row, first_row + n - 1, span.first, span.last, watch.rule, outcomes, compared)


def _labels(truth: Floats | Callable[[Rows], Floats] | None, block: Rows, n: int) -> Floats | None:
    if truth is None:
        return None
    told = np.asarray(truth(block) if callable(truth) else truth[n : n + len(block)], dtype=np.float64)
    if len(told) < len(block):
        raise BadTable(f"{n + len(told)} labels for more rows.", cure="Give one label for each row.")
    return told


class _Span:
    """The earliest and latest time among the rows."""

    def __init__(self) -> None:
        self.first = self.last = np.datetime64("NaT", "us")

    def take(self, rows: Rows) -> None:
        at = rows.at[~np.isnat(rows.at)]
        if len(at):
            self.first, self.last = np.fmin(self.first, at.min()), np.fmax(self.last, at.max())


def _check(candidates: Sequence[Candidate]) -> None:
    if not candidates:
        raise BadRecipe("There is no candidate to play the rows through.", cure="Name at least one model.")
    names = [one.name for one in candidates]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadRecipe(f"Two candidates are called {twice!r}.", cure="Give each its own name.")


def _blocks(rows: Rows | Iterable[Rows]) -> Iterator[Rows]:
    for table in (rows,) if isinstance(rows, Rows) else rows:
        for start in range(0, len(table), BLOCK):
            yield table if len(table) <= BLOCK else table.part(slice(start, start + BLOCK))


def _outcome(player: Player, span: _Span) -> Outcome:
    told, clumps = player.finish(), player.clumps
    days = 0.0 if np.isnat(span.first) else float((span.last - span.first) / DAY)
    rows, at, ratio = player.picture.dots()
    made = Outcome(
        name=player.candidate.name,
        n=player.n,
        judged=player.judged,
        in_part=player.in_part,
        not_judged=dict(player.not_judged),
        rows_out=player.rows_out,
        by_chart=dict(player.by_chart),
        alarms=player.alarms,
        told=told,
        asked=player.candidate.asked,
        rate=share(clumps.hits, clumps.n),
        clustered=clustered_share(clumps.hits, clumps.n, clumps.effect),
        effect=clumps.effect,
        runs=clumps.runs,
        per_row=count_per(player.alarms, player.judged),
        per_day=count_per(player.alarms, days) if days > 0 else None,
        found=None if player.tally is None else player.tally.found(),
        picture=(tuple(rows), tuple(at), tuple(ratio)),
        sentence="",
    )
    return replace(made, sentence=outcome_sentence(made))
