"""Deliveries that a policy holds from their member: why, and that they wait for people as others do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the column, and have the index of what waits find what is held."""
    op.add_column("deliveries", sa.Column("reason", sa.Text()))
    condition = sa.text("state IN ('waiting', 'held') AND version > 1")
    op.drop_index("deliveries_uncollected", table_name="deliveries")
    op.create_index(
        "deliveries_uncollected",
        "deliveries",
        ["member", "position"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
