"""Models: the text that `Model.to_json` wrote, kept as it is. A model is never changed; which one is active is an activation."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from spc.errors import NotFound
from spc.ledger.schema import model
from spc.nouns import Model


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model's record without its numbers."""

    id: str
    digest: str
    reference_id: str | None
    created_at: int
    created_by: str
    note: str


_COLUMNS = tuple(model.c[name] for name in ("id", "digest", "reference_id", "created_at", "created_by", "note"))


def put_model(connection: Connection, one: Model, *, reference_id: str | None, by: str, now: int, note: str = "") -> str:
    """Stores a model and returns its id, the first 16 digits of its digest. The same model twice is one model."""
    digest = one.digest
    id = digest[:16]
    if connection.execute(select(model.c.id).where(model.c.id == id)).first() is None:
        values = {"id": id, "digest": digest, "reference_id": reference_id, "body": one.to_json()}
        connection.execute(insert(model).values(**values, created_at=now, created_by=by, note=note))
    return id


def get_model(connection: Connection, id: str) -> Model:
    """The model with every bit of its numbers; raises NotFound, or BadModel when the ledger was tampered with."""
    return Model.from_json(model_json(connection, id))


def model_json(connection: Connection, id: str) -> str:
    """The stored text; raises NotFound."""
    body = connection.execute(select(model.c.body).where(model.c.id == id)).scalar()
    if body is None:
        raise NotFound(f"There is no model {id!r}.", cure="Fit one from a reference.")
    return str(body)


def model_record(connection: Connection, id: str) -> StoredModel:
    """Who made the model, when, from what; raises NotFound."""
    found = connection.execute(select(*_COLUMNS).where(model.c.id == id)).first()
    if found is None:
        raise NotFound(f"There is no model {id!r}.", cure="Fit one from a reference.")
    return StoredModel(*found)


def models(connection: Connection, limit: int = 100) -> list[StoredModel]:
    """The newest models first."""
    query = select(*_COLUMNS).order_by(model.c.created_at.desc(), model.c.id).limit(limit)
    return [StoredModel(*one) for one in connection.execute(query)]
