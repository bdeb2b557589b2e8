"""The entry of a directory that shows each partner's pinned card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table, empty: the next refresh of the directory fills it."""
    op.create_table(
        "partner_statements",
        sa.Column("agency", sa.Text(), primary_key=True),
        sa.Column("statement", sa.Text(), nullable=False),
    )
