"""Scraps that somebody asks whoever runs their line to take again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "scrap_request",
        sa.Column("scrap_id", sa.Integer, sa.ForeignKey("scrap.id"), primary_key=True, autoincrement=False),
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=True),
        sa.Column("refused", sa.Text, nullable=False),
    )
    op.create_index("scrap_request_of_line", "scrap_request", ["line", "refused"])


def downgrade() -> None:
    op.drop_table("scrap_request")
