"""Numbers for what goes to each recipient and comes from each originator, and what compares them.

Of what was queued before, what has not been accepted yet gets the first numbers, in its order: it is
still to be carried, and recipients take nothing without a number any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NUMBER = """
    UPDATE outbox SET number = waiting.number FROM (
        SELECT position AS at, row_number() OVER (PARTITION BY recipient ORDER BY position) AS number
        FROM outbox WHERE origin IS NULL AND state <> 'accepted') AS waiting
    WHERE outbox.position = waiting.at
"""
_LAST = """
    INSERT INTO numbering (recipient, last)
    SELECT recipient, max(number) FROM outbox WHERE number IS NOT NULL GROUP BY recipient
"""


def upgrade() -> None:
    """Make the columns and tables, and number what is on its way."""
    for name, kind in (("digest", sa.LargeBinary()), ("number", sa.BigInteger()), ("statement", sa.Text())):
        op.add_column("outbox", sa.Column(name, kind))
    for name, kind in (("number", sa.BigInteger()), ("statement", sa.Text())):
        op.add_column("inbox", sa.Column(name, kind))
    op.create_table(
        "numbering",
        sa.Column("recipient", sa.Text(), primary_key=True),
        sa.Column("last", sa.BigInteger(), nullable=False),
    )
    op.execute(_NUMBER)
    op.execute(_LAST)
    _unique("outbox_by_number", "outbox", ["recipient", "number"])
    _unique("inbox_by_number", "inbox", ["originator", "number"])
    op.create_table(
        "statements",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "unadmitted",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("envelope_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary()),
    )
    op.create_table(
        "gaps",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("first", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "gaps_checked",
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("to", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "reconciliations",
        sa.Column("reconciliation_id", sa.Text(), primary_key=True),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("compared", sa.BigInteger(), nullable=False),
        sa.Column("differences", sa.BigInteger(), nullable=False),
        sa.Column("period_from", sa.BigInteger()),
        sa.Column("period_to", sa.BigInteger()),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("statements", sa.Text(), nullable=False),
    )
    op.create_index("reconciliations_by_partner", "reconciliations", ["partner", "by", "at"])
    op.create_table(
        "duties",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
    )


def _unique(name: str, table: str, columns: list[str]) -> None:
    condition = sa.text("number IS NOT NULL")
    op.create_index(name, table, columns, unique=True, sqlite_where=condition, postgresql_where=condition)
