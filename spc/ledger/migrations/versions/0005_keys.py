"""The index of row keys is made anew: keys that follow each other, as times and serial numbers do, have numbers that do so too."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

NONE = -(2**63)  # "no time", as in the arrays
AT_ONCE = 50  # blocks whose keys are written together: of a slow line each has one row


def upgrade() -> None:
    connection = op.get_bind()
    server = connection.dialect.name == "postgresql"
    connection.exec_driver_sql("truncate row_key" if server else "delete from row_key")
    columns = "line, first_seq, last_seq, month, at, labels_json"
    query = f"select {columns} from block order by line, first_seq"  # noqa: S608 - no word of a person's
    with connection.execute(sa.text(query).execution_options(yield_per=AT_ONCE)) as found:
        for some in found.partitions(AT_ONCE):
            values = sorted((one for each in some for one in _keys(each)), key=lambda one: int(one["hash"]))
            if values:
                connection.execute(sa.text("insert into row_key (hash, seq, month) values (:hash, :seq, :month)"), values)


def downgrade() -> None:
    raise NotImplementedError("keys are not given their earlier numbers again: restore a backup")


def _keys(one: Any) -> Iterator[dict[str, int]]:
    """The keys of a block: of a row its part number, if it has one, else its time; of one that has neither, none."""
    moments = np.frombuffer(one.at, dtype="<i8").tolist()
    parts = json.loads(one.labels_json).get("part") or [None] * len(moments)
    for i, (part, moment) in enumerate(zip(parts, moments, strict=True)):
        if part:
            yield {"hash": _of_part(one.line, part), "seq": one.first_seq + i, "month": one.month}
        elif moment != NONE:
            yield {"hash": _signed(_base(f"{one.line} at") + moment), "seq": one.first_seq + i, "month": one.month}


def _of_part(line: str, part: str) -> int:
    digits = min(len(part) - len(part.rstrip("0123456789")), 18)
    if not digits:
        return _signed(_base(f"{line} id {part}"))
    return _signed(_base(f"{line} id {part[:-digits]} {digits}") + int(part[-digits:]))


def _signed(whole: int) -> int:
    whole %= 2**64
    return whole - 2**64 if whole >= 2**63 else whole


@lru_cache(maxsize=4096)
def _base(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
