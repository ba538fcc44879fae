"""Lines: rows in, judged and written in one transaction; the plant that runs them; the bell; and what people do.

`Line.take` for rows, `Plant` for everything that runs by itself, `ring` for what people must be told, and the verbs `add_line` (of a
running plant: `Plant.add_line`), `activate`, `cancel_job`, `acknowledge`, `shelve`, `unshelve`, `cause`, `rename_cause`,
`withdraw_cause`, `take_again` and `discard` for scraps, `save_reference`, `save_model` (as part of a larger change: `add_model`).
"""

from spc.line.again import discard, take_again
from spc.line.bell import ring
from spc.line.plant import Plant
from spc.line.receipt import Receipt, Refusal
from spc.line.sources import SourceState
from spc.line.take import Line
from spc.line.verbs import (
    acknowledge,
    activate,
    add_line,
    add_model,
    cancel_job,
    cause,
    deactivate,
    rename_cause,
    save_model,
    save_reference,
    shelve,
    unshelve,
    withdraw_cause,
)

__all__ = [
    "Line",
    "Plant",
    "Receipt",
    "Refusal",
    "SourceState",
    "acknowledge",
    "activate",
    "add_line",
    "add_model",
    "cancel_job",
    "cause",
    "deactivate",
    "discard",
    "rename_cause",
    "ring",
    "save_model",
    "save_reference",
    "shelve",
    "take_again",
    "unshelve",
    "withdraw_cause",
]
