"""What falls due with a record, and what was decided and told about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_OPEN = "state IN ('released', 'received', 'opened', 'answered')"
_DUE = {
    "reply_due_at": "reply_due_at IS NOT NULL AND state IN ('released', 'received', 'opened')",
    "confirm_by": f"confirm_by IS NOT NULL AND {_OPEN}",
    "review_at": f"review_at IS NOT NULL AND {_OPEN}",
    "retain_until": "retain_until IS NOT NULL AND state NOT IN ('draft', 'rejected', 'discarded')",
}


def upgrade() -> None:
    """Add the columns and tables; of records that are there nothing falls due but their replies."""
    for name in ("confirm_by", "review_at"):
        op.add_column("records", sa.Column(name, sa.BigInteger()))
    for name in ("outcome", "ground"):
        op.add_column("records", sa.Column(name, sa.Text()))
    for column, where in _DUE.items():
        condition = sa.text(where)
        op.create_index(
            f"records_{column}",
            "records",
            [column, "position"],
            sqlite_where=condition,
            postgresql_where=condition,
        )
    op.create_table(
        "keepings",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("record_id", sa.Text(), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Text()),
        sa.Column("confirmed_at", sa.BigInteger()),
    )
    op.create_table(
        "reminders",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("record_id", sa.Text(), primary_key=True),
        sa.Column("what", sa.Text(), primary_key=True),
        sa.Column("due_at", sa.BigInteger(), primary_key=True),
        sa.Column("level", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
    )
