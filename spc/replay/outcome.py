"""What came of a replay: the alarms of each candidate, its rates with their intervals, and where two candidates disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spc.replay.intervals import Interval
from spc.replay.labels import Found

SECOND = 1_000_000


def iso(at: np.datetime64) -> str | None:
    """A time in UTC as the interface writes it; None for a row without one.

    >>> iso(np.datetime64("2025-03-04")), iso(np.datetime64("2025-03-04T06:00:00.25"))
    ('2025-03-04T00:00:00Z', '2025-03-04T06:00:00.250000Z')
    """
    if np.isnat(at):
        return None
    fine = at.astype("datetime64[us]")
    whole = fine == fine.astype("datetime64[s]")
    return f"{np.datetime_as_string(fine, unit='s' if whole else 'us')}Z"


@dataclass(frozen=True, slots=True)
class Raised:
    """One alarm of a replay: from the row that raised it until every chart had come back, with what it would have said.

    `since` is the first row of the run that led to it, `ended` the row on which it was over (None: it was not over at the end), `worst`
    the largest statistic / limit. `bad` says whether it stood while a row was truly bad; None when nobody said which rows were.
    """

    row: int
    since: int
    at: np.datetime64
    id: str | None
    charts: tuple[str, ...]
    sentence: str
    ended: int | None
    rows_out: int
    worst: float
    bad: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "since": self.since,
            "time": iso(self.at),
            "id": self.id,
            "charts": list(self.charts),
            "sentence": self.sentence,
            "ended": self.ended,
            "rows_out": self.rows_out,
            "worst": self.worst,
            "bad": self.bad,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one candidate made of the rows.

    `rate` is rows out per judged row with the exact interval for independent rows, `clustered` the same where rows that follow each other
    count for less (`effect` of them are worth one), `per_row` alarms per judged row and `per_day` alarms per day of the rows' own times.
    `asked` is the rate that the model promises. When the truth is known, `found` holds it against the rows, and `rate` and its companions
    are those of the good rows alone.
    """

    name: str
    n: int
    judged: int
    in_part: int
    not_judged: Mapping[str, int]
    rows_out: int
    by_chart: Mapping[str, int]
    alarms: int
    told: tuple[Raised, ...]
    asked: float
    rate: Interval
    clustered: Interval
    effect: float
    runs: int
    per_row: Interval
    per_day: Interval | None
    found: Found | None
    picture: tuple[tuple[int, ...], tuple[int, ...], tuple[float | None, ...]]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        rows, at, ratio = self.picture
        return {
            "name": self.name,
            "n": self.n,
            "judged": self.judged,
            "in_part": self.in_part,
            "not_judged": dict(self.not_judged),
            "rows_out": self.rows_out,
            "by_chart": dict(self.by_chart),
            "alarms": self.alarms,
            "told": [one.to_dict() for one in self.told],
            "asked": self.asked,
            "rate": self.rate.to_dict(),
            "clustered": self.clustered.to_dict(),
            "effect": self.effect,
            "runs": self.runs,
            "per_row": self.per_row.to_dict(),
            "per_day": None if self.per_day is None else self.per_day.to_dict(),
            "found": None if self.found is None else self.found.to_dict(),
            "picture": {
                "rows": list(rows),
                "times": [None if one < -(2**62) else one // 1000 for one in at],  # ms UTC
                "ratio": list(ratio),
            },
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row on which one candidate is out and the other is not, with both ratios of statistic and limit."""

    row: int
    at: np.datetime64
    id: str | None
    out: str
    ratios: tuple[float, float]
    bad: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        said = {"row": self.row, "time": iso(self.at), "id": self.id, "out": self.out, "ratios": list(self.ratios)}
        return {**said, "bad": self.bad}


@dataclass(frozen=True, slots=True)
class Compared:
    """A challenger beside the champion, over the `n` rows that both judged: rows out on both, on one alone, on none.

    `runs` counts the stretches on which the one alone, or the other alone, is out; `p_value` is that of an exact sign test between the two
    numbers: rows of one stretch know of each other, stretches hardly do. `rows` are the first rows on which they disagree.
    """

    champion: str
    challenger: str
    n: int
    both: int
    only_champion: int
    only_challenger: int
    neither: int
    runs: tuple[int, int]
    p_value: float
    rows: tuple[Disagreement, ...]
    sentence: str

    @property
    def agreement(self) -> float | None:
        """The share of rows on which they say the same."""
        return (self.both + self.neither) / self.n if self.n else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "n": self.n,
            "both": self.both,
            "only_champion": self.only_champion,
            "only_challenger": self.only_challenger,
            "neither": self.neither,
            "agreement": self.agreement,
            "runs": list(self.runs),
            "p_value": self.p_value,
            "rows": [one.to_dict() for one in self.rows],
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Replayed:
    """Rows played through candidates: how many, their first and last number and time, each outcome, the first against each other."""

    n: int
    first: int
    last: int
    since: np.datetime64
    until: np.datetime64
    rule: str
    outcomes: tuple[Outcome, ...]
    compared: tuple[Compared, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "n": self.n,
            "first": self.first,
            "last": self.last,
            "since": iso(self.since),
            "until": iso(self.until),
            "rule": self.rule,
            "outcomes": [one.to_dict() for one in self.outcomes],
            "compared": [one.to_dict() for one in self.compared],
        }
