"""draft, its first part: what was handed in is filled in, checked, given its recipients and locked.

Nothing here touches a store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.entries import Body, Direction, Priority, RecordRow
from hub.envelope.canonical import digest
from hub.errors import Refused
from hub.exchange.abreast import Way, alone
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import lock_content
from hub.exchange.recipients import expand
from hub.records.actor import Actor
from hub.records.ids import new_id
from hub.records.lifecycle import RecordState
from hub.records.record import Record, load_record


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """A record checked and locked, not yet stored."""

    record: Record
    row: RecordRow
    body: Body
    content: bytes


def prepare(
    broker: Broker,
    standing: Standing,
    actor: Actor,
    document: Mapping[str, object],
    *,
    recipients: Sequence[str],
    priority: Priority,
    at: datetime,
) -> Drafted:
    """Fill in, check, expand and lock a document; touches no store."""
    return alone(
        preparing(broker, standing, actor, document, recipients=recipients, priority=priority, at=at)
    )


def preparing(
    broker: Broker,
    standing: Standing,
    actor: Actor,
    document: Mapping[str, object],
    *,
    recipients: Sequence[str],
    priority: Priority,
    at: datetime,
) -> Way[Drafted]:
    """Take the steps of `prepare`."""
    filled = fill_in(document, agency=broker.agency, at=at)
    record = load_record(filled, max_bytes=broker.limits.record_max_bytes)
    if record.originator != broker.agency:
        raise Refused("record-invalid", f"originator: a record drafted here is from {broker.agency}.")
    who = expand(standing, recipients, agency=broker.agency, max_recipients=broker.limits.recipients_max)
    yield
    body_id = new_id()
    body, content = lock_content(broker, record, body_id=body_id)
    yield
    row = row_of(
        record,
        body_id=body_id,
        digest=digest(content),
        recipients=who,
        priority=priority,
        author=str(actor),
    )
    return Drafted(record=record, row=row, body=body, content=content)


def new_identity(document: Mapping[str, object]) -> Mapping[str, object]:
    """Return the document of a new record: whoever hands it in cannot make it a version of another one.

    Raises Refused `record-invalid`. An id may be chosen, and must then be unknown here (`refuse_known`).
    """
    for name, only in (("version", 1), ("action", "new")):
        if document.get(name, only) != only:
            raise Refused(
                "record-invalid",
                f"{name}: a new record has {only}; the next version is made by correcting or withdrawing.",
            )
    return dict(document) | {"version": 1, "action": "new"}


def fill_in(document: Mapping[str, object], *, agency: str, at: datetime) -> dict[str, object]:
    """Return the document with what the hub itself knows filled in where it is absent."""
    known: dict[str, object] = {
        "version": 1,
        "action": "new",
        "originator": agency,
        "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **document,
    }
    for name in ("id", "conversation"):
        if name not in known:
            known[name] = new_id()
    return known


def row_of(
    record: Record,
    *,
    body_id: str,
    digest: bytes,
    recipients: tuple[str, ...],
    priority: Priority,
    author: str,
    direction: Direction = Direction.OUT,
    envelope_id: str | None = None,
    expires_at: datetime | None = None,
) -> RecordRow:
    """Return the row of a record: what is needed to list, permit and route it without its content."""
    return RecordRow(
        record_id=record.id,
        version=record.version,
        kind=record.kind.value,
        action=record.action.value,
        direction=direction,
        originator=record.originator,
        state=RecordState.DRAFT if direction is Direction.OUT else RecordState.RECEIVED,
        label=record.label.as_document(),
        digest=digest,
        conversation=record.conversation,
        in_reply_to=record.in_reply_to,
        language=record.language,
        purpose=record.purpose.value,
        agreement=record.legal_basis.agreement,
        articles=record.legal_basis.articles,
        recipients=recipients,
        priority=priority,
        author=author,
        created_at=record.created_at,
        body_id=body_id,
        reply_due_at=record.reply_due_at,
        expires_at=expires_at,
        envelope_id=envelope_id,
    )
