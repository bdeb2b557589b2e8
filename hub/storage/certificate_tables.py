"""The tables about certificates: ours as they were issued, and what is known of others' revocation."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text, text

from hub.storage.columns import Moment, Words
from hub.storage.tables import METADATA

#: Said as text for the same reason as the other partial indexes.
REVOKED: Final = text("certificates.revoked_at IS NOT NULL")

certificates: Final = Table(
    "certificates",
    METADATA,
    Column("thumbprint", Text, primary_key=True),
    Column("authority", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_by", Text),
    Column("reason", Text),
    Index("certificates_by_serial", "authority", "serial", unique=True),
    Index("certificates_by_end", "not_after"),
    Index("certificates_by_issue", "issued_at"),
    Index(
        "certificates_revoked",
        "authority",
        "not_after",
        sqlite_where=text("revoked_at IS NOT NULL"),
        postgresql_where=text("revoked_at IS NOT NULL"),
    ),
)

enrolments: Final = Table(
    "enrolments",
    METADATA,
    Column("enrolment_id", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Words, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Column("thumbprint", Text),
    Index("enrolments_by_state", "state", "requested_at"),
)

#: Which alarms were given before a certificate's end.
expiry_alarms: Final = Table(
    "expiry_alarms",
    METADATA,
    Column("thumbprint", Text, primary_key=True),
    Column("days", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
)

#: The newest answer on each authority's certificates, or on one of them.
revocations: Final = Table(
    "revocations",
    METADATA,
    Column("authority", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("serial", Text, primary_key=True),
    Column("this_update", Moment, nullable=False),
    Column("next_update", Moment, nullable=False),
    Column("fetched_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("digest", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("good", Boolean, nullable=False),
    Column("revoked", Boolean, nullable=False),
)

revocation_rules: Final = Table(
    "revocation_rules",
    METADATA,
    Column("agency", Text, primary_key=True),
    Column("policy", Text),
    Column("crl", Words, nullable=False),
    Column("ocsp", Words, nullable=False),
    Column("set_at", Moment, nullable=False),
    Column("set_by", Text, nullable=False),
)
