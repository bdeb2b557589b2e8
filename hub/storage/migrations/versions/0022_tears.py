"""Which records were derived from which, with parts left out, and which of them are to be derived anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_WHERE = "tear_due_at IS NOT NULL AND state IN ('released', 'received', 'opened', 'answered')"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("records", sa.Column("tear_due_at", sa.BigInteger()))
    condition = sa.text(_WHERE)
    op.create_index(
        "records_tear_due_at",
        "records",
        ["tear_due_at", "position"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
    op.create_table(
        "tears",
        sa.Column("record_id", sa.Text(), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("master_id", sa.Text(), nullable=False),
        sa.Column("master_version", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("may_stay", sa.Text(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
    )
    op.create_index("tears_by_master", "tears", ["master_id", "record_id"])
