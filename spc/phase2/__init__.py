"""Phase II: new rows against a model, each by itself or as the means of their subgroups."""

from __future__ import annotations

from spc.phase2.blamed import blamed, cause_of
from spc.phase2.monitor import BLOCK, KEPT, Monitor
from spc.phase2.products import ProductMonitor, to_explain
from spc.phase2.subgroups import Closed

__all__ = ["BLOCK", "KEPT", "Closed", "Monitor", "ProductMonitor", "blamed", "cause_of", "to_explain"]
