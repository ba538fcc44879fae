"""The past played again: rows through several candidates side by side, their alarms, their rates, and where they disagree."""

from __future__ import annotations

from spc.replay.intervals import Interval, clustered_share, count_per, share
from spc.replay.labels import Found
from spc.replay.needs import Needs
from spc.replay.outcome import Compared, Disagreement, Outcome, Raised, Replayed
from spc.replay.player import Candidate
from spc.replay.sentence import Telling
from spc.replay.verb import BLOCK, replay

__all__ = [
    "BLOCK",
    "Candidate",
    "Compared",
    "Disagreement",
    "Found",
    "Interval",
    "Needs",
    "Outcome",
    "Raised",
    "Replayed",
    "Telling",
    "clustered_share",
    "count_per",
    "replay",
    "share",
]
