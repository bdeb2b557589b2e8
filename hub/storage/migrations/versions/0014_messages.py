"""Messages that hubs send one another by way of relays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_WAITS = sa.text("state = 'waiting'")
_ANSWERS = sa.text("answers IS NOT NULL")


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), primary_key=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("next", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("hops", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
    )
    for name, columns, where in (
        ("messages_waiting", ["next", "at", "message_id"], _WAITS),
        ("messages_waiting_of", ["peer"], _WAITS),
        ("messages_answering", ["answers", "at"], _ANSWERS),
    ):
        op.create_index(name, "messages", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("messages_expiring", "messages", ["expires_at"])
