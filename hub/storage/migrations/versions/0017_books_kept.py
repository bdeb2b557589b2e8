"""Which statements belong to a comparison of books, so that they can be let go when it is long settled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_OF_RUN = sa.text("run IS NOT NULL")
_EQUAL = sa.text("differences = 0")


def upgrade() -> None:
    """Add the column; statements that are there already belong to none, and are kept."""
    op.add_column("statements", sa.Column("run", sa.Text(), nullable=True))
    for name, table, columns, where in (
        ("statements_of_run", "statements", ["run"], _OF_RUN),
        ("statements_of_books", "statements", ["at"], _OF_RUN),
        ("reconciliations_equal", "reconciliations", ["at"], _EQUAL),
    ):
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
