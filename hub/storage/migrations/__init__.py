"""Alembic's migrations, run by `hub.storage.schema`."""
