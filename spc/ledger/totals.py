"""Totals of a line that are asked for again and again: each time only what is new is counted."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from spc.ledger.schema import judged, rollup


def judged_rows_after(connection: Connection, line: str, seq: int) -> tuple[int, int]:
    """How many rows after row `seq` a model has judged, and the last of them (`seq` when there is none): (last, rows).

    From the beginning (`seq` 0) those in the archive count, too, as the hours have them: rows without any point are not among these.
    """
    query = select(func.max(judged.c.last_seq), func.sum(judged.c.last_seq - judged.c.first_seq + 1))
    last, n = connection.execute(query.where(judged.c.line == line, judged.c.first_seq > seq)).one()
    return int(last or seq), int(n or 0) + (0 if seq else _archived(connection, line))


def _archived(connection: Connection, line: str) -> int:
    hours = select(func.max(rollup.c.points).label("points")).where(rollup.c.line == line).group_by(rollup.c.hour).subquery()
    return int(connection.execute(select(func.sum(hours.c.points))).scalar() or 0)
