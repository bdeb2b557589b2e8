"""Which deliveries of later versions wait for a member, found along an index of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the index."""
    condition = sa.text("state = 'waiting' AND version > 1")
    op.create_index(
        "deliveries_uncollected",
        "deliveries",
        ["member", "position"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
