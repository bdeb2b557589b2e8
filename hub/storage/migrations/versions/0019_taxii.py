"""Collections that partners read and write by TAXII."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the tables, empty."""
    op.create_table(
        "taxii_collections",
        sa.Column("collection_id", sa.Text(), primary_key=True),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("taxii_collections_of", "taxii_collections", ["agency", "label", "writes"], unique=True)
    op.create_table(
        "taxii_objects",
        sa.Column("collection_id", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("stamped", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
    )
    op.create_index(
        "taxii_objects_version",
        "taxii_objects",
        ["collection_id", "object_id", "version"],
        unique=True,
    )
    op.create_table(
        "taxii_parts",
        sa.Column("parcel_id", sa.Text(), primary_key=True),
        sa.Column("place", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("collection_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
    )
    op.create_index("taxii_parts_of", "taxii_parts", ["collection_id", "number"])
    op.create_table(
        "taxii_laid",
        sa.Column("parcel_id", sa.Text(), primary_key=True),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Text(), nullable=False),
        sa.Column("body_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("laid_at", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
        sa.Column("thumbprint", sa.Text(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
    )
    unsettled = sa.text("taxii_laid.fetched_at IS NOT NULL AND NOT taxii_laid.settled")
    op.create_index(
        "taxii_laid_unsettled",
        "taxii_laid",
        ["agency", "laid_at"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_table(
        "taxii_posts",
        sa.Column("post_id", sa.Text(), primary_key=True),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Text(), nullable=False),
        sa.Column("objects", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
    )
    unanswered = sa.text("taxii_posts.answered_at IS NULL")
    op.create_index(
        "taxii_posts_unanswered",
        "taxii_posts",
        ["agency", "posted_at"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )
