"""Lines, which model is active on them, and what a line must remember between blocks."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from spc.errors import NotFound
from spc.ledger.quick import Quick
from spc.ledger.schema import activation, block, line, memory, position


@dataclass(frozen=True, slots=True)
class Activation:
    """From the row after `after_seq` on, `line` is judged by `model_id`; by none when that is None.

    One for a `product` judges the rows of that product only; the one for "" judges all that have none of their own.
    """

    id: int
    line: str
    model_id: str | None
    at: int
    after_seq: int
    by: str
    reason: str
    product: str = ""


_ACTIVATION = (
    activation.c.id,
    activation.c.line,
    activation.c.model_id,
    activation.c.at,
    activation.c.after_seq,
    activation.c.made_by,
    activation.c.reason,
    activation.c.product,
)

# asked for every block: built once
_CURRENT = select(*_ACTIVATION).where(activation.c.line == bindparam("name")).order_by(activation.c.id.desc()).limit(1)
_LAST = select(block.c.last_seq).where(block.c.line == bindparam("name")).order_by(block.c.first_seq.desc()).limit(1)
_HERE = (position.c.line == bindparam("of_line")) & (position.c.source == bindparam("of_source"))
_FORCE = Quick(
    select(*_ACTIVATION)
    .where(
        activation.c.id.in_(select(func.max(activation.c.id)).where(activation.c.line == bindparam("name")).group_by(activation.c.product))
    )
    .order_by(activation.c.product)
)
_MOVE = Quick(update(position).where(_HERE).values(position_json=bindparam("json"), at=bindparam("now")))
_RECALL = Quick(
    select(memory.c.memory_json).where(memory.c.line == bindparam("of_line"), memory.c.activation_id == bindparam("activation"))
)
_REMEMBER = Quick(
    update(memory)
    .where(memory.c.line == bindparam("of_line"), memory.c.activation_id == bindparam("activation"))
    .values(seq=bindparam("last"), memory_json=bindparam("json"))
)


def put_line(connection: Connection, name: str, title: str, now: int) -> None:
    """Makes the line known, or gives it another title."""
    if connection.execute(update(line).where(line.c.name == name).values(title=title)).rowcount == 0:
        connection.execute(insert(line).values(name=name, title=title, created_at=now))


def lines(connection: Connection) -> dict[str, str]:
    """The titles of all lines by name."""
    found = connection.execute(select(line.c.name, line.c.title).order_by(line.c.name))
    return {one.name: one.title for one in found}


def need_line(connection: Connection, name: str) -> None:
    """Raises NotFound when there is no such line."""
    if connection.execute(select(line.c.name).where(line.c.name == name)).first() is None:
        known = ", ".join(lines(connection)) or "none"
        raise NotFound(f"There is no line {name!r}.", cure=f"Lines: {known}.")


def current(connection: Connection, name: str) -> Activation | None:
    """The activation that was made last, if a model was ever activated."""
    found = connection.execute(_CURRENT, {"name": name}).first()
    return Activation(*found) if found else None


def in_force(connection: Connection, name: str) -> dict[str, Activation]:
    """The activations in force, by product; "" is that for all products that have none of their own."""
    return {one.product: one for one in (Activation(*found) for found in _FORCE.all(connection, {"name": name}))}


def activations(connection: Connection, name: str) -> list[Activation]:
    """Every activation of a line, oldest first: the vertical lines in its charts."""
    query = select(*_ACTIVATION).where(activation.c.line == name).order_by(activation.c.id)
    return [Activation(*one) for one in connection.execute(query)]


def add_activation(
    connection: Connection, name: str, model_id: str | None, now: int, by: str, reason: str, product: str = ""
) -> Activation:
    """Moves the pointer; the line sees it at its next block."""
    after = last_seq(connection, name)
    values = {"line": name, "model_id": model_id, "at": now, "after_seq": after, "made_by": by, "reason": reason, "product": product}
    id = connection.execute(insert(activation).values(**values).returning(activation.c.id)).scalar_one()
    return Activation(int(id), name, model_id, now, after, by, reason, product)


def last_seq(connection: Connection, name: str) -> int:
    """The number of the line's newest row; 0 when it has none."""
    return int(connection.execute(_LAST, {"name": name}).scalar() or 0)


def last_received(connection: Connection, name: str) -> int | None:
    """When the line's newest row came in."""
    query = select(block.c.received_at).where(block.c.line == name).order_by(block.c.first_seq.desc()).limit(1)
    return connection.execute(query).scalar()


def put_position(connection: Connection, name: str, source: str, where: Any, now: int) -> None:
    """How far the source has been read: the next one starts behind it."""
    text = json.dumps(where)
    if _MOVE.change(connection, {"of_line": name, "of_source": source, "json": text, "now": now}) == 0:
        connection.execute(insert(position).values(line=name, source=source, position_json=text, at=now))


def get_position(connection: Connection, name: str, source: str) -> Any:
    """What `put_position` kept, or None."""
    text = connection.execute(select(position.c.position_json).where(_HERE), {"of_line": name, "of_source": source}).scalar()
    return None if text is None else json.loads(text)


def put_memory(connection: Connection, name: str, activation_id: int, seq: int, what: str) -> None:
    """The charts' and the watch's memory after row `seq`, as JSON text."""
    told = {"of_line": name, "activation": activation_id, "last": seq, "json": what}
    if _REMEMBER.change(connection, told) == 0:
        connection.execute(insert(memory).values(line=name, activation_id=activation_id, seq=seq, memory_json=what))


def get_memory(connection: Connection, name: str, activation_id: int) -> dict[str, Any] | None:
    """The memory kept under this activation; None when there is none, or when it belongs to an earlier model."""
    text = memory_text(connection, name, activation_id)
    return None if text is None else json.loads(text)


def memory_text(connection: Connection, name: str, activation_id: int) -> str | None:
    """The same as it was written."""
    text: str | None = _RECALL.scalar(connection, {"of_line": name, "activation": activation_id})
    return text


def forget(connection: Connection, name: str, but: Collection[int] = ()) -> None:
    """Drops a line's memories, those of some activations excepted."""
    connection.execute(delete(memory).where(memory.c.line == name, memory.c.activation_id.not_in(but)))
