"""The tables of the ledger. Times are whole microseconds UTC since 1970; texts named `..._json` hold JSON; sequences count per line from 1.

The migrations make these tables; this file only tells the queries about them, and a test holds the two together. The same tables live in
SQLite and in PostgreSQL; there `block`, `judged` and `row_key` are cut by month, and the month is part of their keys.
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
    Column("product", Text, nullable=False, server_default=""),  # the rows that it judges; "" all that have none of their own
    Index("activation_of_line", "line", "id"),
)

row_schema = Table(
    "row_schema",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("names_json", Text, nullable=False, unique=True),
)

block = Table(  # rows as they were taken together: one row by itself on a slow line, thousands when a backlog comes in
    "block",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("month", Integer, nullable=False),  # of the receipt, 202503: PostgreSQL's partitions
    Column("received_at", BigInteger, nullable=False),
    Column("at_min", BigInteger, nullable=False),  # of the rows' own times; a row without one has that of its receipt
    Column("at_max", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("schema_id", Integer, ForeignKey("row_schema.id"), nullable=False),
    Column("at", LargeBinary, nullable=False),  # int64 µs, little-endian; the smallest of all is "none"
    Column("x", LargeBinary, nullable=False),  # float64, little-endian, row by row in the order of the schema's names
    Column("codes", LargeBinary, nullable=True),  # uint8 a value, what it is worth; none when all are good
    Column("labels_json", Text, nullable=False),  # part, quality, subgroup, product, raw: a list each, where any row has one
    Index("block_by_time", "line", "at_max"),
    sqlite_with_rowid=False,
)

row_key = Table(  # what makes a row itself, as a number: where to look whether it is a repeat
    "row_key",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("month", Integer, nullable=False),
    sqlite_with_rowid=False,
)

judged = Table(  # the points of a block of rows that one model judged
    "judged",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("month", Integer, nullable=False),
    Column("activation_id", Integer, ForeignKey("activation.id"), nullable=False),
    Column("charts_json", Text, nullable=False),
    Column("values", LargeBinary, nullable=False),  # float64, rows × charts × (value, limit); NaN: could not be judged, a note says why
    Column("out", LargeBinary, nullable=False),  # uint8, rows × charts
    Column("rows_out", Integer, nullable=False),  # rows with a point beyond its limit
    Column("notes_json", Text, nullable=False),  # {"position in the block": "note"}
    sqlite_with_rowid=False,
)

out_point = Table(  # points beyond their limit whose rows went to the archive: they stay at hand for ever
    "out_point",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("chart", String(40), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("ucl", Double, nullable=False),
    Column("part", Text, nullable=True),
    Column("note", Text, nullable=False),
    sqlite_with_rowid=False,
)

rollup = Table(  # an hour of a chart in a few numbers, once its rows are in the archive
    "rollup",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("chart", String(40), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),  # its beginning, µs
    Column("points", BigInteger, nullable=False),
    Column("out", BigInteger, nullable=False),
    Column("low", Double, nullable=True),
    Column("middle", Double, nullable=True),  # the mean
    Column("high", Double, nullable=True),
    Column("ucl", Double, nullable=True),  # the largest limit
    sqlite_with_rowid=False,
)

archived = Table(  # a closed day of a line as a file
    "archived",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),  # 20250304, of the receipt
    Column("at_min", BigInteger, nullable=False),
    Column("at_max", BigInteger, nullable=False),
    Column("path", Text, nullable=False),  # relative to the archive's folder
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Index("archived_by_time", "line", "at_max"),
    sqlite_with_rowid=False,
)

lease = Table(  # who runs a line: nobody else may judge it until the time is up
    "lease",
    metadata,
    Column("line", String(80), ForeignKey("line.name"), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("epoch", BigInteger, nullable=False),  # counts the holders: what an earlier one still has in hand is refused
    Column("until", BigInteger, nullable=False),
    Column("told", Text, nullable=False),  # host and process, for people
)

turn = Table(  # who wrote last: of use in PostgreSQL only, where nothing else says whether it was somebody else; see postgres.py
    "turn",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1
    Column("owner", String(64), nullable=False),
)

gap = Table(  # times in which rows are known to be missing
    "gap",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("line", String(80), ForeignKey("line.name"), nullable=False),
    Column("after_seq", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=True),  # none: it goes on
    Column("source", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("gap_of_line", "line", "after_seq"),
)

scrap = Table(  # what a source sent and no row could be made of: kept, counted, shown, and taken again when someone says so
    "scrap",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("line", String(80), ForeignKey("line.name"), nullable=False),
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("state", String(12), nullable=False),  # waiting, taken, discarded
    Column("handled_at", BigInteger, nullable=True),
    Column("handled_by", Text, nullable=False),
    Index("scrap_of_line", "line", "state", "id"),
)

scrap_request = Table(  # somebody asks whoever runs the line to take a scrap again: gone as soon as the scrap is taken or discarded
    "scrap_request",
    metadata,
    Column("scrap_id", Integer, ForeignKey("scrap.id"), primary_key=True, autoincrement=False),
    Column("line", String(80), ForeignKey("line.name"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("payload", LargeBinary, nullable=True),  # what to read in its place, when it was corrected
    Column("refused", Text, nullable=False),  # why it was not taken; empty while it waits
    Index("scrap_request_of_line", "line", "refused"),
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
    Column("activation_id", Integer, ForeignKey("activation.id"), primary_key=True),
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
