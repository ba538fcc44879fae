"""The first ledger: references, models, lines, rows, points, signals, alarms, the outbox and jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "reference",
    "model",
    "line",
    "activation",
    "row_schema",
    "row",
    "point",
    "alarm",
    "signal",
    "alarm_event",
    "outbox",
    "position",
    "memory",
    "job",
    "event",
)


def upgrade() -> None:
    _records()
    _lines()
    _alarms()
    _work()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)


def _records() -> None:
    op.create_table(
        "reference",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("roles_json", sa.Text, nullable=False),
        sa.Column("facts_json", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
    )
    op.create_table(
        "model",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reference_id", sa.String(40), sa.ForeignKey("reference.id"), nullable=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )


def _lines() -> None:
    op.create_table(
        "line",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "activation",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), nullable=False),
        sa.Column("model_id", sa.String(40), sa.ForeignKey("model.id"), nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("after_seq", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "row_schema",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("names_json", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "row",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, nullable=True, unique=True),
        sa.Column("at", sa.BigInteger, nullable=True),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("part", sa.Text, nullable=True),
        sa.Column("quality", sa.String(12), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("schema_id", sa.Integer, sa.ForeignKey("row_schema.id"), nullable=False),
        sa.Column("x", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "point",
        sa.Column("line", sa.String(80), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("chart", sa.String(40), primary_key=True),
        sa.Column("value", sa.Double, nullable=True),
        sa.Column("ucl", sa.Double, nullable=True),
        sa.Column("out", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("activation_id", sa.Integer, sa.ForeignKey("activation.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("activation_of_line", "activation", ["line", "id"])


def _alarms() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("priority", sa.String(10), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("first_row", sa.BigInteger, nullable=False),
        sa.Column("last_row", sa.BigInteger, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("acknowledged", sa.Boolean, nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("facts_json", sa.Text, nullable=False),
        sa.Column("rows_out", sa.BigInteger, nullable=False),
        sa.Column("worst", sa.Double, nullable=False),
        sa.Column("returned_at", sa.BigInteger, nullable=True),
        sa.Column("acknowledged_by", sa.Text, nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger, nullable=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("shelved_until", sa.BigInteger, nullable=True),
        sa.Column("shelved_by", sa.Text, nullable=False),
        sa.Column("shelve_reason", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
    )
    op.create_table(
        "signal",
        sa.Column("line", sa.String(80), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("chart", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=True),
        sa.Column("ucl", sa.Double, nullable=True),
        sa.Column("alarm_id", sa.String(40), sa.ForeignKey("alarm.id"), nullable=True),
        sa.Column("facts_json", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarm_event",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("alarm_id", sa.String(40), sa.ForeignKey("alarm.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("alarm_id", sa.String(40), sa.ForeignKey("alarm.id"), nullable=False),
        sa.Column("event_id", sa.Integer, sa.ForeignKey("alarm_event.id"), nullable=False),
        sa.Column("notifier", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("message_json", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=True),
        sa.Column("lease_of", sa.Text, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=True),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_index("alarm_by_time", "alarm", ["opened_at"])
    op.create_index("alarm_of_line", "alarm", ["line", "kind", "opened_at"])
    op.create_index("alarm_open", "alarm", ["active", "acknowledged"])
    op.create_index("alarm_event_of", "alarm_event", ["alarm_id", "id"])
    op.create_index("outbox_due", "outbox", ["state", "due_at"])
    op.create_index("outbox_of_alarm", "outbox", ["alarm_id", "notifier", "event_id"])


def _work() -> None:
    op.create_table(
        "position",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("position_json", sa.Text, nullable=False),
    )
    op.create_table(
        "memory",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("activation_id", sa.Integer, sa.ForeignKey("activation.id"), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("memory_json", sa.Text, nullable=False),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("request_json", sa.Text, nullable=False),
        sa.Column("result_json", sa.Text, nullable=True),
        sa.Column("error_json", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("facts_json", sa.Text, nullable=False),
    )
