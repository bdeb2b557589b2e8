"""The audit log: a leaf and a secret for each event, the tree's tables, signed checkpoints.

Events of before get a salt and a leaf here, so that they become the log's first entries. Reading them
back goes through the code of leaves, version 1, whose form is fixed.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from hub.audit.events import SECRET_DETAILS, Act, AuditEvent
from hub.audit.leaves import leaf_entry
from hub.records.actor import Actor, ActorKind, Role

revision = "0002"
down_revision = "0001"

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_PAGE: Final = 1000
_ONLY_ADDED: Final = ("log_entries", "log_tiles", "checkpoints")

_POSTGRESQL: Final = (
    """CREATE FUNCTION refuse_all_but_erasure() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF OLD.secret IS NOT NULL AND NEW.secret IS NULL THEN
           OLD.secret := NULL;
           IF NEW IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF;
         END IF;
         RAISE EXCEPTION 'audit events are only added; of one that is there, only the secret is erased';
       END $$""",
    """CREATE TRIGGER events_erase_only BEFORE UPDATE ON events
       FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure()""",
    """CREATE TRIGGER events_append_only BEFORE DELETE OR TRUNCATE ON events
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    *(
        f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
        for table in _ONLY_ADDED
    ),
)
_KEPT: Final = ("position", "event_id", "at", "act", "actor", "subject", "event", "leaf")
_ERASURE: Final = "OLD.secret IS NOT NULL AND NEW.secret IS NULL" + "".join(
    f" AND NEW.{column} IS OLD.{column}" for column in _KEPT
)
_SQLITE: Final = (
    f"""CREATE TRIGGER events_no_update BEFORE UPDATE ON events WHEN NOT ({_ERASURE}) BEGIN SELECT
        RAISE(ABORT, 'audit events are only added; of one that is there, only the secret is erased'); END""",
    """CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT
       RAISE(ABORT, 'audit events are only added, never deleted'); END""",
    *(
        f"""CREATE TRIGGER {table}_no_{change} BEFORE {change} ON {table} BEGIN SELECT
            RAISE(ABORT, 'the audit log is only added to, never changed'); END"""
        for table in _ONLY_ADDED
        for change in ("update", "delete")
    ),
)


def upgrade() -> None:
    """Make the log's tables, and events with leaves."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.rename_table("events", "events_before")
    if on_postgresql:
        op.execute("ALTER INDEX events_pkey RENAME TO events_before_pkey")
    events = op.create_table(
        "events",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.Text()),
    )
    _take_over(events)
    op.create_index("events_by_id", "events", ["event_id"], unique=True)
    op.create_index("events_by_actor", "events", ["actor", "position"])
    op.create_index("events_by_time", "events", ["at"])
    op.create_index("events_by_subject", "events", ["subject", "position"])
    op.create_table(
        "log_entries",
        sa.Column("index", POSITION, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
    )
    op.create_index("log_entries_by_position", "log_entries", ["position"], unique=True)
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("index", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("number", POSITION, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
    )
    op.create_index("checkpoints_by_size", "checkpoints", ["size", "number"])
    op.drop_table("events_before")  # with its triggers, whose names are free again
    for statement in _POSTGRESQL if on_postgresql else _SQLITE:
        op.execute(statement)


def _take_over(events: sa.Table) -> None:
    """Copy the events of before, page by page, each with a salt and a leaf."""
    connection = op.get_bind()
    page = sa.text(
        "SELECT position, event_id, at, act, subject, event FROM events_before"
        " WHERE position > :after ORDER BY position LIMIT :most"
    )
    after = 0
    while rows := connection.execute(page, {"after": after, "most": _PAGE}).all():
        connection.execute(sa.insert(events), [_with_leaf(dict(row._mapping)) for row in rows])
        after = rows[-1].position


def _with_leaf(row: dict[str, Any]) -> dict[str, Any]:
    document = json.loads(row["event"])
    salt = os.urandom(32)
    actor = document["actor"]
    event = AuditEvent(
        event_id=document["id"],
        at=datetime.fromisoformat(document["at"]),
        act=Act(document["act"]),
        actor=Actor(
            kind=ActorKind(actor["kind"]),
            id=actor["id"],
            agency=actor["agency"],
            roles=frozenset(Role(role) for role in actor["roles"]),
        ),
        subject=document["subject"],
        details=document["details"],
        justification=document.pop("justification", None),
        salt=salt,
    )
    document.pop("salt", None)
    secret: dict[str, Any] = {"salt": b64encode(salt).decode("ascii")}
    if hidden := {
        name: document["details"].pop(name) for name in SECRET_DETAILS & document["details"].keys()
    }:
        secret["details"] = hidden
    if event.justification is not None:
        secret["justification"] = event.justification
    return row | {
        "actor": str(event.actor),
        "event": _encode(document),
        "leaf": leaf_entry(event),
        "secret": _encode(secret),
    }


def _encode(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
