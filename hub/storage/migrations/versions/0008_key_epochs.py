"""Changes of keys: which sets of keys sign the log from where on, and how far bodies were wrapped anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; what says which keys signed the log is only added to."""
    op.create_table(
        "log_epochs",
        sa.Column("number", POSITION, primary_key=True, autoincrement=False),
        sa.Column("checkpoint", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sets", sa.Text(), nullable=False),
    )
    op.create_table(
        "rewraps",
        sa.Column("number", POSITION, primary_key=True, autoincrement=False),
        sa.Column("master", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("pass_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("rewrapped", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """CREATE TRIGGER log_epochs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_epochs
               FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
        )
        return
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER log_epochs_no_{change} BEFORE {change} ON log_epochs"
            " BEGIN SELECT RAISE(ABORT, 'the audit log is only added to, never changed'); END"
        )
