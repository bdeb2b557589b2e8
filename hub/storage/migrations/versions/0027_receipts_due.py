"""When a receipt that a partner did not take is offered to it again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the columns; what waits is due."""
    op.add_column("receipts", sa.Column("offers", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("receipts", sa.Column("due_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_index("receipts_waiting", table_name="receipts")
    where = sa.text("waiting")
    columns = ["to", "due_at", "at", "receipt_id"]
    op.create_index("receipts_waiting", "receipts", columns, sqlite_where=where, postgresql_where=where)
