"""Rows to store, each complete and different from the last; what a test is about it says itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import (
    AgreementRow,
    Body,
    Delivery,
    Direction,
    InboxEntry,
    MemberRow,
    OfficerRow,
    OutboxEntry,
    PartnerRow,
    PartnerStatus,
    Priority,
    ReceiptRow,
    RecordRow,
    Release,
)
from hub.errors import HubError
from hub.ports import Store, UnitOfWork
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id
from hub.records.lifecycle import DeliveryState, EntryState, ReceiptStatus, RecordState

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
AIGUL = Actor(
    kind=ActorKind.OFFICER, id="aigul", agency="kz-knb", roles=frozenset({Role.DRAFTER, Role.READER})
)
_numbers = count(1)


def at(seconds: float = 0) -> datetime:
    """Return a time some seconds after the tests' day began."""
    return START + timedelta(seconds=seconds)


def event(**told: Any) -> AuditEvent:
    """Return an audit event."""
    values = {"event_id": new_id(), "at": at(), "act": Act.CARRIED, "actor": AIGUL, "subject": "s"}
    values["salt"] = os.urandom(32)
    return AuditEvent(**{**values, **told})


def body(**told: Any) -> Body:
    """Return a body."""
    values = {"body_id": new_id(), "wrapped_key": b"k" * 40, "nonce": b"n" * 12, "ciphertext": b"c" * 100}
    return Body(**{**values, **told})


def record(body_id: str, **told: Any) -> RecordRow:
    """Return a record whose content is in a body."""
    values = {
        "record_id": new_id(),
        "version": 1,
        "kind": "designation",
        "action": "new",
        "direction": Direction.OUT,
        "originator": "kz-knb",
        "state": RecordState.DRAFT,
        "label": {"classification": "restricted", "handling": ["H1"]},
        "digest": b"d" * 32,
        "conversation": new_id(),
        "in_reply_to": None,
        "language": "kk",
        "purpose": "prevention",
        "agreement": "cis-1999",
        "recipients": ("cis-atc", "sco-rats"),
        "priority": Priority.ROUTINE,
        "author": "aigul",
        "created_at": at(next(_numbers)),
        "body_id": body_id,
    }
    return RecordRow(**{**values, **told})


def release(row: RecordRow, **told: Any) -> Release:
    """Return the release of a record."""
    values = {
        "originator": row.originator,
        "record_id": row.record_id,
        "version": row.version,
        "digest": row.digest,
        "recipients": row.recipients,
        "approver": "dauren",
        "at": at(),
        "envelope_ids": (new_id(), new_id()),
    }
    return Release(**{**values, **told})


def entry(body_id: str, **told: Any) -> OutboxEntry:
    """Return a queue entry to cis-atc, due at once."""
    values = {
        "entry_id": new_id(),
        "lane": "cis-atc",
        "recipient": told.get("lane", "cis-atc"),
        "envelope_id": new_id(),
        "body_id": body_id,
        "record_id": None,
        "version": None,
        "conversation": new_id(),
        "priority": Priority.ROUTINE,
        "state": EntryState.PENDING,
        "created_at": at(),
        "next_at": at(),
        "expires_at": at(86400),
    }
    return OutboxEntry(**{**values, **told})


def admitted(**told: Any) -> InboxEntry:
    """Return an inbox entry from cis-atc."""
    values = {
        "originator": "cis-atc",
        "envelope_id": new_id(),
        "digest": b"e" * 32,
        "peer": "cis-atc",
        "received_at": at(),
        "receipt": b"receipt",
    }
    return InboxEntry(**{**values, **told})


def receipt(**told: Any) -> ReceiptRow:
    """Return a receipt by cis-atc to us."""
    values = {
        "receipt_id": new_id(),
        "envelope_id": new_id(),
        "by": "cis-atc",
        "to": "kz-knb",
        "status": ReceiptStatus.ACCEPTED,
        "at": at(next(_numbers)),
        "raw": b"raw",
    }
    return ReceiptRow(**{**values, **told})


def delivery(row: RecordRow, **told: Any) -> Delivery:
    """Return the delivery of a record to kz-mvd."""
    values = {
        "delivery_id": new_id(),
        "member": "kz-mvd",
        "originator": row.originator,
        "record_id": row.record_id,
        "version": row.version,
        "kind": row.kind,
        "state": DeliveryState.WAITING,
        "at": at(),
    }
    return Delivery(**{**values, **told})


def partner(**told: Any) -> PartnerRow:
    """Return a partner."""
    values = {
        "agency": "cis-atc",
        "card": b"card",
        "fingerprint": "f" * 64,
        "status": PartnerStatus.ACTIVE,
        "suites": ("hybrid-1", "classic-1"),
        "url": "https://127.0.0.1:8444",
        "pinned_at": at(),
        "pinned_by": "aigul",
    }
    return PartnerRow(**{**values, **told})


def member(**told: Any) -> MemberRow:
    """Return a member."""
    values = {
        "agency": "kz-mvd",
        "name": "Ministry",
        "certificate_thumbprint": "a" * 64,
        "scopes": ("designation:in",),
        "status": PartnerStatus.ACTIVE,
        "added_at": at(),
    }
    return MemberRow(**{**values, **told})


def officer(**told: Any) -> OfficerRow:
    """Return an officer's account."""
    values = {
        "name": "aigul",
        "roles": frozenset({Role.DRAFTER, Role.READER}),
        "password_hash": "hash",
        "totp": body(),
        "active": True,
        "added_at": at(),
    }
    return OfficerRow(**{**values, **told})


def agreement(**told: Any) -> AgreementRow:
    """Return a version of an agreement."""
    values = {
        "agreement_id": "cis-1999",
        "version": 1,
        "source": "[agreement]",
        "digest": b"g" * 32,
        "adopted_at": at(),
        "adopted_by": "aigul",
    }
    return AgreementRow(**{**values, **told})


@contextmanager
def fails(code: str) -> Iterator[None]:
    """Expect the block to fail with a code."""
    with pytest.raises(HubError) as failed:
        yield
    assert failed.value.code == code


@contextmanager
def audited(store: Store) -> Iterator[UnitOfWork]:
    """Open a unit of work, stage one event, and commit at the end."""
    with store.work() as work:
        yield work
        work.stage([event()])
        work.commit()


def save_records(store: Store, number: int = 1, **told: Any) -> list[RecordRow]:
    """Store records with bodies; return them as stored."""
    bodies = [body() for _ in range(number)]
    rows = [record(b.body_id, **told) for b in bodies]
    with audited(store) as work:
        work.bodies.add(bodies)
        work.records.add(rows)
    with store.read() as view:
        found = view.records.get_many([(row.originator, row.record_id, row.version) for row in rows])
    return [found[row.originator, row.record_id, row.version] for row in rows]


def queue(store: Store, *told: dict[str, Any]) -> list[OutboxEntry]:
    """Queue one entry for each set of changes; return them as stored, in order."""
    one = body()
    entries = [entry(one.body_id, **changes) for changes in told]
    with audited(store) as work:
        work.bodies.add([one])
        work.outbox.queue(entries)
    with store.read() as view:
        return [found for e in entries if (found := view.outbox.get(e.entry_id))]


def ids(entries: Sequence[OutboxEntry]) -> list[str]:
    """Return the ids of entries."""
    return [e.entry_id for e in entries]
