"""The articles that a record cites, so that they are asked for again without opening it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; of what is there already none are known, and none are asked for."""
    op.add_column("records", sa.Column("articles", sa.Text(), nullable=False, server_default="[]"))
