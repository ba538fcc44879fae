"""The pictures of a Phase I review, under the name that the pages know."""

from __future__ import annotations

from spc.figures.around import Trend, around
from spc.figures.distances import distances
from spc.figures.rows import LOOKS, MOST, Axis, Kind, Look, Track, far, thinned
from spc.figures.t2 import SCALES, t2_review

__all__ = ["LOOKS", "MOST", "SCALES", "Axis", "Kind", "Look", "Track", "Trend", "around", "distances", "far", "t2_review", "thinned"]
