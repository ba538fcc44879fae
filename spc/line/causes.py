"""Alarms of a period by who was to blame, and two periods of a line side by side."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection

from spc.blame.compare import Comparison, Group, compare, group
from spc.blame.pareto import Bar, By, Incident, pareto
from spc.errors import Complaint, NotFound, TooFewRows
from spc.ledger.alarms import alarms_during
from spc.ledger.models import get_model
from spc.ledger.rows import span
from spc.line.seen import GetModel, Seen, seen
from spc.nouns import Alarm

Of = Literal["variable", "cause"]
MOST_ROWS = 100_000  # of a period that is compared: more would not change a mean


def causes(
    connection: Connection, since: int, until: int, now: int, *, line: str = "", of: Of = "variable", by: By = "alarms"
) -> tuple[Bar, ...]:
    """The Pareto of the alarms that were open between two times (µs UTC): of the variables that they named, or of the causes recorded.

    An alarm's rows are all that it counted; its time is the part of it that lies in the period. With all lines a variable is told with
    its line.
    """
    found = alarms_during(connection, since, until, line=line)
    return pareto((_incident(one, since, min(until, now), now, of, many=not line) for one in found), by)


def _incident(alarm: Alarm, since: int, until: int, now: int, of: Of, *, many: bool) -> Incident:
    end = alarm.returned_at if alarm.returned_at is not None and not alarm.active else now
    seconds = max(0, min(end, until) - max(alarm.opened_at, since)) / 1e6
    if of == "cause":
        return Incident(alarm.cause or "no cause recorded", alarm.rows_out, seconds)
    return Incident(f"{alarm.line}: {blamed(alarm)}" if many else blamed(alarm), alarm.rows_out, seconds)


def blamed(alarm: Alarm) -> str:
    """The variable or guard that an alarm named; what else it was when it named none."""
    if alarm.kind == "no data":
        return "no data"
    if alarm.kind == "disk":
        return "disk nearly full"
    if alarm.kind == "stuck":
        return f"{alarm.facts.get('culprit', 'sensor')} stuck"
    culprit = alarm.facts.get("culprit")
    if culprit:
        return str(culprit)
    chart = str(alarm.facts.get("chart", ""))
    return f"no single variable ({chart})" if chart else "no single variable"


def rows_of(connection: Connection, line: str, since: int, until: int, get: GetModel = get_model) -> Seen:
    """The rows of a period, the newest when there are very many. Raises NotFound when there is none, Complaint without a model."""
    first, last = span(connection, line, since, until)
    if last < first:
        raise NotFound("There is no row in this period.", cure="Choose another: the page says when the last row came.")
    found = seen(connection, line, max(first, last - MOST_ROWS + 1), last, get)
    if found.model is None:
        raise Complaint("No row of this period was judged.", cure="Activate a model, or choose another period.")
    return found.some(found.size > 1 if found.model.subgroup is not None else found.size == 1)  # of what the newest model judges


def compared(
    connection: Connection, line: str, after: tuple[int, int], before: tuple[int, int] | None = None, get: GetModel = get_model
) -> Comparison:
    """A period of a line against another, or against the reference of its model when `before` is None. Raises Complaint.

    Of a line that is judged by subgroups their means are compared, each as it is: a mean of fewer rows scatters wider.
    """
    new = rows_of(connection, line, *after, get)
    if before is None and new.model is not None:
        reference, grouped = new.scatter or new.model.scatter, new.model.subgroup
        known = Group(reference.center, reference.covariance, new.model.n if grouped is None else grouped.groups)
        return compare(new.names, known, _grouped(new, "the period"))
    old = rows_of(connection, line, *(before or after), get)
    if old.names != new.names:
        raise Complaint("The two periods were judged by models with other variables.", cure="Compare periods under one model.")
    if _rows_of_a_point(old) != _rows_of_a_point(new):
        raise Complaint("The two periods were judged by means of different sizes.", cure="Compare periods under one model.")
    return compare(new.names, _grouped(old, "the period before"), _grouped(new, "the period after"))


def _rows_of_a_point(rows: Seen) -> int:
    return 1 if rows.model is None or rows.model.subgroup is None else rows.model.subgroup.size


def _grouped(rows: Seen, what: str) -> Group:
    try:
        return group(rows.x)
    except TooFewRows as few:
        raise TooFewRows(f"In {what}: {few.text[0].lower()}{few.text[1:]}", cure=few.cure) from few
