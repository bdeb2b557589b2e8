"""Envelopes as hostile software would make them: signed with an agency's true keys, saying what it likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from hub.entries import Priority
from hub.envelope import sealing
from hub.envelope.canonical import digest
from hub.envelope.encoding import b64u
from hub.envelope.header import Header
from hub.envelope.manifest import Approval
from hub.envelope.reconciliation import BooksStatement, Extent, state_books
from hub.envelope.suites import Suite
from hub.envelope.transfers import Numbered, state_transfer
from hub.envelope.vault import unlock
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.enveloping import envelop
from hub.exchange.preparing import prepare
from hub.exchange.upkeep import trace
from hub.ports import Transfer
from hub.records.actor import Role
from hub.records.ids import new_id
from tests.exchange.hubs import document, officer


def craft(
    broker: Broker,
    *recipients: str,
    told: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    priority: Priority = Priority.ROUTINE,
) -> bytes:
    """Return the sealed bytes of a record that no store of this hub has seen."""
    made = at or broker.clock.now()
    who = officer("d", Role.DRAFTER, agency=broker.agency)
    drafted = prepare(
        broker,
        broker.standing(),
        who,
        document(**(told or {})),
        recipients=recipients,
        priority=priority,
        at=broker.clock.now(),
    )
    (sealed,) = envelop(
        broker,
        broker.standing(),
        drafted.row,
        drafted.record.document,
        drafted.content,
        recipients=drafted.row.recipients,
        approvals=lambda _: (Approval(by="r", at=made, digest=b64u(drafted.row.digest)),),
        secrets=(),
        at=made,
    )
    return unlock(sealed.body, master_key=broker.keyring.master_key())


def craft_stating(broker: Broker, other: Broker, **stated: Any) -> bytes:
    """Return sealed bytes whose manifest states what it likes about an honest record."""
    raw = craft(broker, other.agency)
    sealed = sealing.peek(raw, max_bytes=len(raw))
    opened = sealing.open(sealed, agency=other.agency, keys=other.keyring.decryption())
    manifest, content = sealing.read_again(opened)
    changed = replace(manifest, **stated)
    signed = sealing.sign(changed, content, broker.keyring.signing())
    return sealing.seal(signed, [other.keyring.public()]).raw


_numbers = count(1_000_000)


def stated(
    broker: Broker,
    *raws: bytes,
    to: str,
    hops: tuple[str, ...] = (),
    numbers: Sequence[int] = (),
    suite: Suite = Suite.HYBRID_1,
) -> list[Transfer]:
    """Return envelopes as their originator hands them over: with one statement that numbers all of them.

    What is no envelope comes without one.
    """
    given = iter(numbers or _numbers)
    headers = {raw: header for raw in raws if (header := _header(raw))}
    entries = {
        header.envelope_id: Numbered(
            number=next(given), envelope_id=header.envelope_id, digest=digest(raw).hex()
        )
        for raw, header in headers.items()
    }
    statement = state_transfer(
        list(entries.values()),
        sender=broker.agency,
        recipient=to,
        at=broker.clock.now(),
        keys=broker.keyring.signing(),
        suite=suite,
    )
    return [Transfer(sealed=raw, hops=hops, statement=statement) for raw in raws]


def stated_by_each(brokers: Mapping[str, Broker], *raws: bytes, to: str) -> list[Transfer]:
    """Return envelopes of several originators, each with its own statement."""
    made = []
    for raw in raws:
        header = _header(raw)
        sender = brokers.get(header.originator) if header else None
        made += stated(sender, raw, to=to) if sender else [Transfer(sealed=raw)]
    return made


def _header(raw: bytes) -> Header | None:
    try:
        return sealing.peek(raw, max_bytes=len(raw)).header
    except HubError:
        return None


def sealed_of(broker: Broker, record_id: str, number: int = 0) -> bytes:
    """Return the sealed bytes of a released record, as they wait for one of its recipients."""
    entry = trace(broker, record_id).entries[number]
    with broker.store.read() as view:
        body = view.bodies.get_many([entry.body_id])[entry.body_id]
    return unlock(body, master_key=broker.keyring.master_key())


def stated_books(by: Broker, to: str, /, *, suite: Suite = Suite.HYBRID_1, **told: Any) -> bytes:
    """Return a hub's statement of books in which there is nothing but what is told."""
    values: dict[str, Any] = {
        "by": by.agency,
        "to": to,
        "run": new_id(),
        "issued_at": by.clock.now(),
        "extent": Extent(first=1, last=0, received=0),
    }
    return state_books(BooksStatement(**{**values, **told}), keys=by.keyring.signing(), suite=suite)
