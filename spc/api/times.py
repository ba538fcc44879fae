"""Times as they are sent and answered: ISO 8601 text outside, whole microseconds UTC inside."""

from __future__ import annotations

import numpy as np

from spc.export import times
from spc.sources.payload import us_of

__all__ = ["iso", "us_of"]


def iso(us: int | None) -> str | None:
    """
    >>> iso(1741064400250000), iso(None)
    ('2025-03-04T05:00:00.250000Z', None)
    """
    return None if us is None else times(np.array([us], dtype="datetime64[us]"))[0]
