"""What verifications relied on: cards, pins, certificates and revocation answers, under their digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_REFUSED = "RAISE(ABORT, 'what was trusted is kept as it was')"


def upgrade() -> None:
    """Make the table, and let nothing in it change."""
    op.create_table(
        "trust_items",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """CREATE TRIGGER trust_items_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trust_items
               FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
        )
        return
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER trust_items_no_{change} BEFORE {change} ON trust_items"
            f" BEGIN SELECT {_REFUSED}; END"
        )
