"""Every card that was ever pinned, for evidence about what it signed: a renewed pin replaces it elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_REFUSED = "RAISE(ABORT, 'cards that were pinned are kept as they were')"


def upgrade() -> None:
    """Make the table, begin it with the cards that are pinned now, and let nothing in it change."""
    op.create_table(
        "cards",
        sa.Column("agency", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.Text(), primary_key=True),
        sa.Column("pinned_at", sa.BigInteger(), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=False),
    )
    op.execute(
        "INSERT INTO cards (agency, fingerprint, pinned_at, card)"
        " SELECT agency, fingerprint, pinned_at, card FROM partners"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """CREATE TRIGGER cards_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cards
               FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
        )
        return
    for change in ("update", "delete"):
        op.execute(f"CREATE TRIGGER cards_no_{change} BEFORE {change} ON cards BEGIN SELECT {_REFUSED}; END")
