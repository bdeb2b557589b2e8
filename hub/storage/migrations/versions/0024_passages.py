"""Which records were passed on, and by whom one came that its originator did not send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the table and the column."""
    op.add_column("records", sa.Column("via", sa.Text(), nullable=True))
    op.create_table(
        "passages",
        sa.Column("passer", sa.Text(), primary_key=True),
        sa.Column("passage_id", sa.Text(), primary_key=True),
        sa.Column("originator", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("behind", sa.Boolean(), nullable=False),
    )
    op.create_index("passages_by_record", "passages", ["record_id", "originator"])
    op.create_index("passages_by_consent", "passages", ["consent_id", "originator"])
    op.create_index(
        "passages_behind",
        "passages",
        ["passage_id"],
        sqlite_where=sa.text("behind"),
        postgresql_where=sa.text("behind"),
    )
