"""Clearances and compartments of officers, compartments of records, and the policy over both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the columns and tables; an account from before clearances is cleared for what it could read."""
    op.add_column("officers", sa.Column("clearance", sa.Text(), nullable=False, server_default="top-secret"))
    op.add_column("officers", sa.Column("compartments", sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "policies",
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.Text()),
        sa.Column("approved_at", sa.BigInteger()),
    )
    op.create_table(
        "confinements",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("record_id", sa.Text(), primary_key=True),
        sa.Column("compartment", sa.Text(), primary_key=True),
        sa.Column("confined_by", sa.Text(), nullable=False),
        sa.Column("confined_at", sa.BigInteger(), nullable=False),
        sa.Column("lift_by", sa.Text()),
        sa.Column("lift_at", sa.BigInteger()),
    )
