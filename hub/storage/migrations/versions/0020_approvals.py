"""Officers' own signing keys, and what they approved with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "approvals",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("record_id", sa.Text(), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("by", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body_id", sa.Text(), sa.ForeignKey("bodies.body_id"), nullable=False),
        sa.Column("kid", sa.Text()),
    )
    op.create_table(
        "officer_keys",
        sa.Column("kid", sa.Text(), primary_key=True),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("x", sa.Text(), nullable=False),
        sa.Column("y", sa.Text(), nullable=False),
        sa.Column("custody", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("body_id", sa.Text(), sa.ForeignKey("bodies.body_id")),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("revoked_by", sa.Text()),
    )
    op.create_index("officer_keys_by_officer", "officer_keys", ["officer"])
