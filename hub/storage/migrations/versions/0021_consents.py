"""To whom originators let their records be passed on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "consents",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("consent_id", sa.Text(), primary_key=True),
        sa.Column("pass_to", sa.Text(), primary_key=True),
        sa.Column("consent_version", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
    )
