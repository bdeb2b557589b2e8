"""Which records brought which objects of partners' documents, so that an erasure forgets their digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the table; of objects that came before it nothing tells whose they are."""
    op.create_table(
        "partner_object_records",
        sa.Column("agency", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("record_id", sa.Text(), primary_key=True),
    )
    op.create_index("partner_objects_by_record", "partner_object_records", ["agency", "record_id"])
