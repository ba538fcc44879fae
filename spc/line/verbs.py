"""What people do, for the page, the interface and the terminal alike: each is one transaction that also writes who, when and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from spc import alarms
from spc.errors import BadSettings, Complaint, Conflict
from spc.ledger import Ledger, causes, events, jobs, lines, models, references
from spc.ledger import alarms as book
from spc.line.known import SHIFT
from spc.nouns import Alarm, Model
from spc.phase2 import Monitor
from spc.settings import LineSettings

LONGEST_TITLE = 120
LONGEST_CAUSE = 200


def save_reference(
    ledger: Ledger,
    content: bytes,
    *,
    name: str,
    by: str,
    now: int,
    roles: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """Keeps an upload's bytes with the answered column roles and what was found; returns its id."""

    packed = references.Packed.of(content)

    def job(connection: Connection) -> str:
        id = references.put_reference(connection, packed, name=name, roles=roles or {}, facts=facts or {}, by=by, now=now)
        events.note_event(connection, now, by, "reference saved", f"reference:{id}", facts={"name": name, "bytes": len(content)})
        return id

    return ledger.write(job)


def save_model(ledger: Ledger, model: Model, *, reference_id: str | None, by: str, now: int, note: str = "") -> str:
    """Keeps a fitted model, which judges nothing until it is activated; returns its id."""

    return ledger.write(lambda connection: add_model(connection, model, reference_id=reference_id, by=by, now=now, note=note))


def add_model(connection: Connection, model: Model, *, reference_id: str | None, by: str, now: int, note: str = "") -> str:
    """The same as part of a larger change: with it, or not at all."""
    if reference_id is not None:
        references.get_reference(connection, reference_id)
    id = models.put_model(connection, model, reference_id=reference_id, by=by, now=now, note=note)
    events.note_event(connection, now, by, "model saved", f"model:{id}", note, {"reference": reference_id, "digest": model.digest})
    return id


def add_line(ledger: Ledger, name: str, title: str, by: str, now: int) -> LineSettings:
    """Makes a line that no settings file names; returns its settings. Raises BadSettings (a bad name), Conflict (there is one already)."""
    made = LineSettings(name, title.strip())
    if len(made.title) > LONGEST_TITLE or not made.title.isprintable():
        raise BadSettings(f"This title will not do: {made.title[:40]!r}.", cure=f"Use one line of at most {LONGEST_TITLE} characters.")

    def job(connection: Connection) -> LineSettings:
        if name in lines.lines(connection):
            raise Conflict(f"There is a line {name!r} already.", cure="Choose it from the list, or take another name.")
        lines.put_line(connection, name, made.title, now)
        events.note_event(connection, now, by, "line added", f"line:{name}", facts={"title": made.title})
        return made

    return ledger.write(job)


def activate(ledger: Ledger, line: str, model_id: str, reason: str, by: str, now: int, *, product: str = "") -> lines.Activation:
    """From its next row on the line is judged by this model: all of it, or the rows of one product.

    Raises NotFound, Conflict (active already), Complaint (no reason).
    """
    _said(reason, by)
    product = _product(product)

    def job(connection: Connection) -> lines.Activation:
        lines.need_line(connection, line)
        models.model_record(connection, model_id)
        before = lines.in_force(connection, line).get(product)
        if before is not None and before.model_id == model_id:
            raise Conflict(f"This model is already active on {_where(line, product)}.", cure="Nothing needs to be done.")
        made = lines.add_activation(connection, line, model_id, now, by, reason, product)
        told = {"model": model_id, "before": before.model_id if before else None, "after_seq": made.after_seq}
        told |= {"product": product} if product else {}
        events.note_event(connection, now, by, "activated", f"line:{line}", reason, told)
        return made

    return ledger.write(job)


def deactivate(ledger: Ledger, line: str, reason: str, by: str, now: int, *, product: str = "") -> lines.Activation:
    """From its next row on the line's rows (or those of one product) are kept and not judged.

    Raises NotFound, and Conflict when nothing is active.
    """
    _said(reason, by)
    product = _product(product)

    def job(connection: Connection) -> lines.Activation:
        lines.need_line(connection, line)
        before = lines.in_force(connection, line).get(product)
        if before is None or before.model_id is None:
            raise Conflict(f"No model is active on {_where(line, product)}.", cure="Nothing needs to be done.")
        made = lines.add_activation(connection, line, None, now, by, reason, product)
        events.note_event(connection, now, by, "deactivated", f"line:{line}", reason, {"before": before.model_id})
        return made

    return ledger.write(job)


def _product(product: str) -> str:
    """A product's name without blanks around it; raises Complaint for one that cannot be a label."""
    product = product.strip()
    if len(product) > LONGEST_TITLE or not product.isprintable():
        raise Complaint(f"This is no name of a product: {product[:40]!r}.", cure=f"Use one line of at most {LONGEST_TITLE} characters.")
    return product


def _where(line: str, product: str) -> str:
    return f"{line} for product {product!r}" if product else line


def cancel_job(ledger: Ledger, job_id: str, by: str, now: int) -> jobs.Job:
    """Nobody wants this job's result any more. Raises NotFound, and Conflict when it is over already."""

    def job(connection: Connection) -> jobs.Job:
        made = jobs.cancel_job(connection, job_id, now)
        events.note_event(connection, now, by, "job cancelled", f"job:{job_id}", facts={"kind": made.kind})
        return made

    return ledger.write(job)


def acknowledge(ledger: Ledger, alarm_id: str, by: str, note: str, now: int) -> Alarm:
    """A person has seen the alarm. Raises NotFound, and Conflict the second time."""
    return _change(ledger, alarm_id, "acknowledged", by, note, now, lambda alarm: alarms.acknowledge(alarm, by, note, now))


def shelve(ledger: Ledger, alarm_id: str, by: str, reason: str, until: int, now: int) -> Alarm:
    """Out of sight until a time (µs UTC). Raises NotFound, Conflict, Complaint."""
    return _change(ledger, alarm_id, "shelved", by, reason, now, lambda alarm: alarms.shelve(alarm, by, reason, until, now))


def unshelve(ledger: Ledger, alarm_id: str, by: str, now: int) -> Alarm:
    """Back in sight before its time. Raises NotFound, and Conflict when it is not shelved."""
    return _change(ledger, alarm_id, "unshelved", by, "", now, lambda alarm: alarms.unshelve(alarm, now))


def cause(ledger: Ledger, alarm_id: str, by: str, what: str, now: int, *, name: str | None = "", action: str = "", note: str = "") -> Alarm:
    """What it was. With the cause found, charts with memory begin anew at the next row. Raises NotFound, Complaint.

    The incident is kept under the cause's `name` (`what`, when not given), with what was done about it: later ones that go the same way
    look like it. With None it is kept under no name: nothing was wrong, or nobody knows. Said again, only what was said last holds.
    """

    def then(connection: Connection, alarm: Alarm) -> None:
        if alarm.kind == "process":
            _keep_case(connection, alarm, name if name != "" else what if is_name(what) else None, by, now, action, note)
            _begin_anew(connection, alarm.line, by, now)

    told = f"{what}. Done: {action.strip()}" if action.strip() else what
    return _change(ledger, alarm_id, "cause", by, told, now, lambda alarm: alarms.cause(alarm, by, what, now), then)


def _keep_case(connection: Connection, alarm: Alarm, name: str | None, by: str, now: int, action: str, note: str) -> None:
    if name is None or not name.strip():
        if causes.has_case(connection, alarm.id):
            causes.add_case(connection, None, alarm.id, now, by, action=action, note=note)
        return
    _need_name(name)
    shift = {word: alarm.facts[word] for word in (*SHIFT, "since_change") if word in alarm.facts}
    kept = causes.put_cause(connection, alarm.line, name, by, now)
    model_id = str(alarm.facts.get("model") or "")
    causes.add_case(connection, kept, alarm.id, now, by, action=action.strip(), note=note.strip(), model_id=model_id, shift=shift)


def rename_cause(ledger: Ledger, line: str, id: int, name: str, by: str, reason: str, now: int) -> causes.KnownCause:
    """Another name for a known cause. Raises NotFound, Conflict (withdrawn, or the name is taken), Complaint (no reason, a bad name)."""
    _said(reason, by)
    _need_name(name)

    def job(connection: Connection) -> causes.KnownCause:
        before = _standing(connection, line, id)
        if any(one.id != id and one.name.casefold() == " ".join(name.split()).casefold() for one in causes.known_causes(connection, line)):
            raise Conflict(f"There is a cause {name!r} on {line} already.", cure="Take another name, or withdraw one of the two.")
        causes.rename_cause(connection, id, name)
        events.note_event(connection, now, by, "cause renamed", f"cause:{line}/{id}", reason, {"before": before.name, "name": name})
        return causes.get_cause(connection, line, id)

    return ledger.write(job)


def withdraw_cause(ledger: Ledger, line: str, id: int, by: str, reason: str, now: int) -> causes.KnownCause:
    """From now on nothing looks like this cause; its incidents stay. Raises NotFound, Conflict (the second time), Complaint."""
    _said(reason, by)

    def job(connection: Connection) -> causes.KnownCause:
        before = _standing(connection, line, id)
        causes.withdraw_cause(connection, id, by, now)
        told = {"name": before.name, "incidents": [one.alarm_id for one in before.cases]}
        events.note_event(connection, now, by, "cause withdrawn", f"cause:{line}/{id}", reason, told)
        return causes.get_cause(connection, line, id)

    return ledger.write(job)


def _standing(connection: Connection, line: str, id: int) -> causes.KnownCause:
    found = causes.get_cause(connection, line, id)
    if found.withdrawn_at is not None:
        raise Conflict(f"The cause {found.name!r} was withdrawn by {found.withdrawn_by}.", cure="Nothing needs to be done.")
    return found


def is_name(text: str) -> bool:
    """Whether a text may be the name of a cause: one line that is not too long."""
    return bool(text.strip()) and len(text) <= LONGEST_CAUSE and text.strip().isprintable()


def _need_name(name: str) -> None:
    if not is_name(name):
        raise Complaint(f"This name of a cause will not do: {name[:40]!r}.", cure=f"Use one line of at most {LONGEST_CAUSE} characters.")


def _begin_anew(connection: Connection, line: str, by: str, now: int) -> None:
    """What the faulty rows left in the charts' memories would go on signalling after the cause is gone."""
    seq, begun = lines.last_seq(connection, line), False
    for active in lines.in_force(connection, line).values():
        kept = lines.get_memory(connection, line, active.id)
        if active.model_id is None or kept is None:
            continue
        monitor = Monitor(models.get_model(connection, active.model_id))
        if monitor.remembers:
            begun = True
            anew = json.dumps({**kept, "monitor": monitor.anew(kept["monitor"])}, allow_nan=False)
            lines.put_memory(connection, line, active.id, seq, anew)
    if begun:
        events.note_event(connection, now, by, "charts begin anew", f"line:{line}", "the cause was found", {"after": seq})


def _change(
    ledger: Ledger,
    alarm_id: str,
    what: str,
    by: str,
    note: str,
    now: int,
    change: Any,
    then: Callable[[Connection, Alarm], None] | None = None,
) -> Alarm:
    def job(connection: Connection) -> Alarm:
        alarm: Alarm = change(book.get_alarm(connection, alarm_id))
        book.put_alarm(connection, alarm)
        book.add_event(connection, alarm_id, now, what, by=by, note=note)
        if then is not None:
            then(connection, alarm)
        return alarm

    return ledger.write(job)


def _said(reason: str, by: str) -> None:
    if not reason.strip():
        raise Complaint("A reason is missing.", cure="Say why: it is kept with the change.")
    if not by.strip():
        raise Complaint("Nobody's name was given.", cure="Say who you are, so that the others know.")
