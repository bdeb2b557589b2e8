"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_VERSION = ["record_id", "originator", "version"]

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_POSTGRESQL_APPEND_ONLY = (
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'audit events are only added, never changed'; END $$""",
    """CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)
_SQLITE_APPEND_ONLY = tuple(
    f"CREATE TRIGGER events_no_{change} BEFORE {change} ON events"
    " BEGIN SELECT RAISE(ABORT, 'audit events are only added, never changed'); END"
    for change in ("update", "delete")
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "bodies",
        sa.Column("body_id", sa.Text(), primary_key=True),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "records",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("originator", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("in_reply_to", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("editors", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("body_id", sa.Text(), nullable=False),
        sa.Column("reply_due_at", sa.BigInteger()),
        sa.Column("retain_until", sa.BigInteger()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("envelope_id", sa.Text()),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.body_id"]),
    )
    op.create_index("records_by_conversation", "records", ["conversation", "position"])
    op.create_index("records_by_kind", "records", ["kind", "position"])
    op.create_index("records_by_state", "records", ["state", "position"])
    op.create_index("records_by_version", "records", ["record_id", "originator", "version"], unique=True)
    op.create_table(
        "releases",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("originator", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("envelope_ids", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(_VERSION, [f"records.{name}" for name in _VERSION]),
    )
    op.create_index("releases_by_record", "releases", ["record_id", "position"])
    op.create_table(
        "outbox",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("envelope_id", sa.Text(), nullable=False),
        sa.Column("body_id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text()),
        sa.Column("version", sa.Integer()),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("hops", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text()),
        sa.Column("attachments", sa.Text(), nullable=False),
        sa.Column("head", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.body_id"]),
    )
    op.create_index("outbox_by_entry", "outbox", ["entry_id"], unique=True)
    op.create_index("outbox_by_envelope", "outbox", ["envelope_id"])
    op.create_index("outbox_by_lane", "outbox", ["lane", "position"])
    op.create_index("outbox_by_record", "outbox", ["record_id"])
    _partial(
        "outbox_due", "outbox", ["lane", "priority", "next_at", "position"], "state = 'pending' AND head"
    )
    _partial("outbox_expiring", "outbox", ["expires_at"], "state IN ('pending', 'carried', 'held')")
    _partial(
        "outbox_live",
        "outbox",
        ["lane", "conversation", "position"],
        "state IN ('pending', 'carried', 'held')",
    )
    _partial(
        "outbox_relayed",
        "outbox",
        ["origin"],
        "state IN ('pending', 'carried', 'held') AND origin IS NOT NULL",
    )
    _partial("outbox_unfinished", "outbox", ["state", "lane", "position"], "state <> 'accepted'")
    op.create_table(
        "outbox_attachments",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("lane", sa.Text(), primary_key=True),
        sa.Column("entry_id", sa.Text(), primary_key=True),
    )
    op.create_table(
        "outbox_counts",
        sa.Column("lane", sa.Text(), primary_key=True),
        sa.Column("state", sa.Text(), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "lanes",
        sa.Column("partner", sa.Text(), primary_key=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger()),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("open_until", sa.BigInteger()),
    )
    op.create_table(
        "inbox",
        sa.Column("envelope_id", sa.Text(), primary_key=True),
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text()),
        sa.Column("version", sa.Integer()),
        sa.Column("body_id", sa.Text()),
        sa.Column("hops", sa.Text(), nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("receipt_id", sa.Text(), primary_key=True),
        sa.Column("envelope_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("member", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("record_id", sa.Text()),
        sa.Column("waiting", sa.Boolean(), nullable=False),
    )
    op.create_index("receipts_by_envelope", "receipts", ["envelope_id", "at"])
    _partial("receipts_by_record", "receipts", ["record_id", "at"], "record_id IS NOT NULL")
    _partial("receipts_waiting", "receipts", ["to", "at", "receipt_id"], "waiting")
    op.create_table(
        "deliveries",
        sa.Column("member", sa.Text(), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("originator", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("envelope_id", sa.Text()),
        sa.ForeignKeyConstraint(_VERSION, [f"records.{name}" for name in _VERSION]),
    )
    op.create_index("deliveries_by_id", "deliveries", ["delivery_id"], unique=True)
    op.create_index("deliveries_by_kind", "deliveries", ["member", "kind", "position"])
    op.create_index("deliveries_by_record", "deliveries", ["record_id"])
    op.create_table(
        "delivery_positions",
        sa.Column("member", sa.Text(), primary_key=True),
        sa.Column("last", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "partners",
        sa.Column("agency", sa.Text(), primary_key=True),
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("suites", sa.Text(), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("pinned_at", sa.BigInteger(), nullable=False),
        sa.Column("pinned_by", sa.Text(), nullable=False),
        sa.Column("via", sa.Text()),
        sa.Column("relay_for", sa.Text(), nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("agency", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("certificate_thumbprint", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "officers",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("totp_body_id", sa.Text(), nullable=False),
        sa.Column("totp_wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("totp_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("totp_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("last_totp_step", sa.BigInteger(), nullable=False),
        sa.Column("failed_logins", sa.BigInteger(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "login_failures",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("address", sa.Text(), primary_key=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "agreements",
        sa.Column("agreement_id", sa.Text(), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("adopted_at", sa.BigInteger(), nullable=False),
        sa.Column("adopted_by", sa.Text(), nullable=False),
    )
    op.create_table(
        "attachments",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("upload_id", sa.Text()),
        sa.Column("plain_digest", sa.Text()),
        sa.Column("secret_body_id", sa.Text()),
        sa.Column("let_go_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["secret_body_id"], ["bodies.body_id"]),
    )
    _partial("attachments_by_content", "attachments", ["plain_digest"], "plain_digest IS NOT NULL")
    _partial("attachments_by_upload", "attachments", ["upload_id"], "upload_id IS NOT NULL")
    _partial("attachments_unused", "attachments", ["created_at"], "NOT used")
    op.create_table(
        "attachment_names",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("originator", sa.Text(), primary_key=True),
        sa.Column("record_id", sa.Text(), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.create_index("attachment_names_by_record", "attachment_names", ["record_id", "originator", "version"])
    op.create_table(
        "attachment_usage",
        sa.Column("owner", sa.Text(), primary_key=True),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "replays",
        sa.Column("client", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("replays_by_time", "replays", ["at"])
    op.create_table(
        "events",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
    )
    op.execute("INSERT INTO counters (name, value) VALUES ('position', 0), ('directory', 0)")
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _POSTGRESQL_APPEND_ONLY if on_postgresql else _SQLITE_APPEND_ONLY:
        op.execute(statement)


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
