"""Known causes of a line, and the incidents that people gave them to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "known_cause",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger, nullable=True),
        sa.Column("withdrawn_by", sa.Text, nullable=False),
    )
    op.create_index("known_cause_of_line", "known_cause", ["line", "id"])
    op.create_table(
        "cause_case",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("cause_id", sa.Integer, sa.ForeignKey("known_cause.id"), nullable=True),
        sa.Column("alarm_id", sa.String(40), sa.ForeignKey("alarm.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("model_id", sa.String(40), nullable=False),
        sa.Column("shift_json", sa.Text, nullable=False),
    )
    op.create_index("cause_case_of_alarm", "cause_case", ["alarm_id", "id"])
    op.create_index("cause_case_of_cause", "cause_case", ["cause_id", "id"])


def downgrade() -> None:
    op.drop_table("cause_case")
    op.drop_table("known_cause")
