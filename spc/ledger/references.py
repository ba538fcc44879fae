"""References: the bytes that a person uploaded, so that every model can be made again from what it was made of."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import Connection, insert, select

from spc.errors import NotFound
from spc.ledger.schema import reference

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredReference:
    """An upload: its name, the SHA-256 of its bytes, the column roles that were answered, and what was found when it was read."""

    id: str
    name: str
    digest: str
    roles: Mapping[str, str]
    facts: Mapping[str, Any]
    created_at: int
    created_by: str


_COLUMNS = tuple(reference.c[name] for name in ("id", "name", "digest", "roles_json", "facts_json", "created_at", "created_by"))


def _stored(one: Any) -> StoredReference:
    return StoredReference(one[0], one[1], one[2], json.loads(one[3]), json.loads(one[4]), one[5], one[6])


@dataclass(frozen=True, slots=True)
class Packed:
    """An upload ready to be stored. Packing a large one takes seconds, so it is done before the writing thread is asked for."""

    digest: str
    content: bytes  # compressed

    @classmethod
    def of(cls, content: bytes) -> Packed:
        return cls(hashlib.sha256(content).hexdigest(), zlib.compress(content, 6))


def put_reference(
    connection: Connection, packed: Packed, *, name: str, roles: Mapping[str, str], facts: Mapping[str, Any], by: str, now: int
) -> str:
    """Stores an upload and returns its id. The same bytes under the same name with the same roles are the same reference."""
    said = json.dumps(dict(roles), sort_keys=True)
    id = hashlib.sha256(f"{packed.digest}\n{name}\n{said}".encode()).hexdigest()[:16]
    if connection.execute(select(reference.c.id).where(reference.c.id == id)).first() is None:
        connection.execute(
            insert(reference).values(
                id=id,
                name=name,
                digest=packed.digest,
                content=packed.content,
                roles_json=said,
                facts_json=json.dumps(dict(facts)),
                created_at=now,
                created_by=by,
            )
        )
    return id


def get_reference(connection: Connection, id: str) -> StoredReference:
    """Raises NotFound."""
    found = connection.execute(select(*_COLUMNS).where(reference.c.id == id)).first()
    if found is None:
        raise NotFound(f"There is no reference {id!r}.", cure="Upload it again.")
    return _stored(found)


def reference_bytes(connection: Connection, id: str) -> bytes:
    """The bytes as they were uploaded; raises NotFound."""
    found = connection.execute(select(reference.c.content).where(reference.c.id == id)).scalar()
    if found is None:
        raise NotFound(f"There is no reference {id!r}.", cure="Upload it again.")
    return zlib.decompress(found)


def write_reference(connection: Connection, id: str, out: BinaryIO) -> None:
    """Writes the bytes as they were uploaded, block by block: a long file is never whole in memory. Raises NotFound."""
    found = connection.execute(select(reference.c.content).where(reference.c.id == id)).scalar()
    if found is None:
        raise NotFound(f"There is no reference {id!r}.", cure="Upload it again.")
    unpack, packed = zlib.decompressobj(), memoryview(found)
    for start in range(0, len(packed), _BLOCK):
        out.write(unpack.decompress(packed[start : start + _BLOCK]))
    out.write(unpack.flush())


def references(connection: Connection, limit: int = 100) -> list[StoredReference]:
    """The newest references first."""
    query = select(*_COLUMNS).order_by(reference.c.created_at.desc(), reference.c.id).limit(limit)
    return [_stored(one) for one in connection.execute(query)]
