"""How far each partner knows of our card, and which of its cards wait for a custodian."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table, empty: cards are exchanged anew."""
    op.create_table(
        "introductions",
        sa.Column("agency", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("knows", sa.Text(), nullable=False),
        sa.Column("waiting", sa.LargeBinary(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
    )
