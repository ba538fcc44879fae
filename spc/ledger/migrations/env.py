"""Runs the migrations on the connection that the ledger hands over; there is no ini file and no second database address."""

from __future__ import annotations

from alembic import context

from spc.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
