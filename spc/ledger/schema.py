"""The tables of the ledger. Times are whole microseconds UTC since 1970; texts named `..._json` hold JSON; sequences count per line from 1.

The migrations make these tables; this file only tells the queries about them, and a test holds the two together. Plain SQL types and
no SQLite-only words, so that the same tables can live in PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

reference = Table(
    "reference",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the bytes as they came
    Column("content", LargeBinary, nullable=False),  # those bytes, zlib
    Column("roles_json", Text, nullable=False),
    Column("facts_json", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

model = Table(
    "model",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("reference_id", String(40), ForeignKey("reference.id"), nullable=True),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("note", Text, nullable=False),
)

line = Table(
    "line",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

activation = Table(
    "activation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("line", String(80), ForeignKey("line.name"), nullable=False),
    Column("model_id", String(40), ForeignKey("model.id"), nullable=True),  # none: monitoring was switched off
    Column("at", BigInteger, nullable=False),
    Column("after_seq", BigInteger, nullable=False),  # the last row that was judged by the model before
    Column("made_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("activation_of_line", "line", "id"),
)

row_schema = Table(
    "row_schema",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("names_json", Text, nullable=False, unique=True),
)

row = Table(
    "row",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=True, unique=True),  # what makes the row itself, see rows.keys_of; none when the sender gave nothing
    Column("at", BigInteger, nullable=True),
    Column("received_at", BigInteger, nullable=False),
    Column("part", Text, nullable=True),
    Column("quality", String(12), nullable=False),
    Column("source", Text, nullable=False),
    Column("schema_id", Integer, ForeignKey("row_schema.id"), nullable=False),
    Column("x", LargeBinary, nullable=False),  # float64, little-endian, in the order of the schema's names
    sqlite_with_rowid=False,
)

point = Table(
    "point",
    metadata,
    Column("line", String(80), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("chart", String(40), primary_key=True),
    Column("value", Double, nullable=True),  # none: could not be judged, and `note` says why
    Column("ucl", Double, nullable=True),
    Column("out", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("activation_id", Integer, ForeignKey("activation.id"), nullable=False),
    sqlite_with_rowid=False,
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("line", String(80), ForeignKey("line.name"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("priority", String(10), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("first_row", BigInteger, nullable=False),
    Column("last_row", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("acknowledged", Boolean, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("facts_json", Text, nullable=False),
    Column("rows_out", BigInteger, nullable=False),
    Column("worst", Double, nullable=False),
    Column("returned_at", BigInteger, nullable=True),
    Column("acknowledged_by", Text, nullable=False),
    Column("acknowledged_at", BigInteger, nullable=True),
    Column("note", Text, nullable=False),
    Column("shelved_until", BigInteger, nullable=True),
    Column("shelved_by", Text, nullable=False),
    Column("shelve_reason", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Index("alarm_by_time", "opened_at"),
    Index("alarm_of_line", "line", "kind", "opened_at"),
    Index("alarm_open", "active", "acknowledged"),
)

signal = Table(
    "signal",
    metadata,
    Column("line", String(80), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("chart", String(40), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("value", Double, nullable=True),
    Column("ucl", Double, nullable=True),
    Column("alarm_id", String(40), ForeignKey("alarm.id"), nullable=True),
    Column("facts_json", Text, nullable=False),
    sqlite_with_rowid=False,
)

alarm_event = Table(
    "alarm_event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("alarm_id", String(40), ForeignKey("alarm.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("what", String(20), nullable=False),  # opened, again, returned, acknowledged, shelved, unshelved, cause
    Column("made_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("seq", BigInteger, nullable=True),
    Index("alarm_event_of", "alarm_id", "id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(40), primary_key=True),  # the stable id that the receiver sees
    Column("alarm_id", String(40), ForeignKey("alarm.id"), nullable=False),
    Column("event_id", Integer, ForeignKey("alarm_event.id"), nullable=False),
    Column("notifier", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message_json", Text, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, told, dead
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("lease_until", BigInteger, nullable=True),
    Column("lease_of", Text, nullable=False),
    Column("told_at", BigInteger, nullable=True),
    Column("error", Text, nullable=False),
    Index("outbox_due", "state", "due_at"),
    Index("outbox_of_alarm", "alarm_id", "notifier", "event_id"),
)

position = Table(
    "position",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("position_json", Text, nullable=False),
)

memory = Table(
    "memory",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("activation_id", Integer, ForeignKey("activation.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),  # the last row that is in this memory
    Column("memory_json", Text, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("state", String(10), nullable=False),  # waiting, running, done, failed, cancelled
    Column("progress", Double, nullable=False),
    Column("stage", Text, nullable=False),
    Column("request_json", Text, nullable=False),
    Column("result_json", Text, nullable=True),
    Column("error_json", Text, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

calibration = Table(
    "calibration",
    metadata,
    Column("key", String(64), primary_key=True),  # a digest of all that the result depends on, the program included
    Column("value", LargeBinary, nullable=False),
    Column("error", Double, nullable=False),  # relative, of the false-alarm probability
    Column("made_at", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)

known_cause = Table(
    "known_cause",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("line", String(80), ForeignKey("line.name"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("withdrawn_at", BigInteger, nullable=True),
    Column("withdrawn_by", Text, nullable=False),
    Index("known_cause_of_line", "line", "id"),
)

cause_case = Table(  # never changed: what was said of an alarm last is what holds
    "cause_case",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("cause_id", Integer, ForeignKey("known_cause.id"), nullable=True),  # none: it turned out to be no known cause
    Column("alarm_id", String(40), ForeignKey("alarm.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("model_id", String(40), nullable=False),
    Column("shift_json", Text, nullable=False),  # {} when the incident had no direction
    Index("cause_case_of_alarm", "alarm_id", "id"),
    Index("cause_case_of_cause", "cause_id", "id"),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("what", String(40), nullable=False),
    Column("about", Text, nullable=False),  # "model:3f0c…", "line:smt-2"
    Column("why", Text, nullable=False),
    Column("facts_json", Text, nullable=False),
)
