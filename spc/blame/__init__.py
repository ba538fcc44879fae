"""Which variable, and which relation: a signal taken apart, and the sentence that a person reads."""

from __future__ import annotations

from spc.blame.myt import Explanation, Term, explain, p_value
from spc.blame.shapley import blame
from spc.blame.smallest import smallest_set
from spc.blame.words import sentence

__all__ = ["Explanation", "Term", "blame", "explain", "p_value", "sentence", "smallest_set"]
