"""The tables of collections for TAXII: their objects, where content is, what was laid out and posted."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text, text
from sqlalchemy.sql.schema import SchemaItem

from hub.storage.columns import Moment
from hub.storage.tables import METADATA

UNSETTLED: Final = text("taxii_laid.fetched_at IS NOT NULL AND NOT taxii_laid.settled")
UNANSWERED: Final = text("taxii_posts.answered_at IS NULL")


def _text(name: str, *, optional: bool = False, key: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=optional, primary_key=key)


def _number(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=False, primary_key=key, autoincrement=False)


def _moment(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=optional)


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False)


def _partial(name: str, *columns: str, where: str) -> Index:
    condition = text(where)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, METADATA, *items)


#: `last` and `added_at` were given last: who gives the next ones has the row locked until it commits.
taxii_collections: Final = _table(
    "taxii_collections",
    _text("collection_id", key=True),
    _text("agency"),
    _text("label"),
    _flag("writes"),
    _number("last"),
    _moment("added_at"),
    _moment("opened_at"),
    Index("taxii_collections_of", "agency", "label", "writes", unique=True),
)

taxii_objects: Final = _table(
    "taxii_objects",
    _text("collection_id", key=True),
    _number("number", key=True),
    _text("object_id"),
    _text("sort"),
    _moment("version"),
    _flag("stamped"),
    _text("digest"),
    _moment("added_at"),
    _moment("fetched_at", optional=True),
    Index("taxii_objects_version", "collection_id", "object_id", "version", unique=True),
)

#: Where an object's content is; one may be in the bundles of several parcels, and outlives the first.
taxii_parts: Final = _table(
    "taxii_parts",
    _text("parcel_id", key=True),
    _number("place", key=True),
    _text("collection_id"),
    _number("number"),
    Index("taxii_parts_of", "collection_id", "number"),
)

taxii_laid: Final = _table(
    "taxii_laid",
    _text("parcel_id", key=True),
    _text("agency"),
    _text("collection_id"),
    _text("body_id"),
    Column("digest", LargeBinary, nullable=False),
    _moment("laid_at"),
    _moment("fetched_at", optional=True),
    _text("thumbprint", optional=True),
    _flag("settled"),
    _partial("taxii_laid_unsettled", "agency", "laid_at", where=UNSETTLED.text),
)

taxii_posts: Final = _table(
    "taxii_posts",
    _text("post_id", key=True),
    _text("agency"),
    _text("collection_id"),
    _number("objects"),
    _moment("posted_at"),
    _moment("answered_at", optional=True),
    _text("code", optional=True),
    _text("sentence"),
    _partial("taxii_posts_unanswered", "agency", "posted_at", where=UNANSWERED.text),
)
