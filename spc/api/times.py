"""Times as they are sent and answered: ISO 8601 text outside, whole microseconds UTC inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from spc.errors import Complaint
from spc.export import times

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us_of(text: str, zone: tzinfo) -> int:
    """Microseconds since 1970 of an ISO 8601 text; without an offset it is a time of `zone`. Raises Complaint.

    >>> us_of("2025-03-04T06:00:00.25+01:00", UTC), us_of("2025-03-04 05:00:00.25", UTC)
    (1741064400250000, 1741064400250000)
    """
    try:
        at = datetime.fromisoformat(text.strip())
        utc = (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Complaint(f"{text[:60]!r} is not a time.", cure="Write ISO 8601: 2025-03-04T06:00:00Z.") from wrong
    return (utc - _EPOCH) // timedelta(microseconds=1)


def iso(us: int | None) -> str | None:
    """
    >>> iso(1741064400250000), iso(None)
    ('2025-03-04T05:00:00.250000Z', None)
    """
    return None if us is None else times(np.array([us], dtype="datetime64[us]"))[0]
