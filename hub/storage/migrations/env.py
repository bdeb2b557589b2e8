"""Runs migrations in the transaction that `hub.storage.schema` has begun."""

from __future__ import annotations

from alembic import context

from hub.storage.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
