"""Which variable, and which relation: a signal taken apart, and the sentence that a person reads."""

from __future__ import annotations

from spc.blame.myt import Explanation, Term, explain, p_value
from spc.blame.shapley import blame
from spc.blame.smallest import Step, eliminated, smallest_set
from spc.blame.whose import cause
from spc.blame.words import sentence

__all__ = ["Explanation", "Step", "Term", "blame", "cause", "eliminated", "explain", "p_value", "sentence", "smallest_set"]
