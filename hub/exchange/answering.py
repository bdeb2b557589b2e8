"""Receipts that come later than the answer to a carry: taken from partners, and given to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import OutboxEntry, PartnerRow
from hub.envelope.canonical import digest
from hub.envelope.documents import peek_document
from hub.envelope.receipts import RECEIPT_TYPE, Statement
from hub.envelope.vault import unlock
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker, Standing
from hub.exchange.dispatching import check_receipt, receipt_row
from hub.ports import UnitOfWork
from hub.records.actor import Actor, ActorKind
from hub.records.lifecycle import ENTRY_STEPS, EntryState, ReceiptStatus


def take_receipts(
    broker: Broker, peer: str, raws: Sequence[bytes], *, taken: Sequence[str] = ()
) -> Sequence[str | None]:
    """Verify and store receipts a peer hands over; return a failure code or None for each, in order.

    `taken` are the ids of our own receipts that the peer got from its mailbox. A receipt for an envelope
    we relayed is handed on to where the envelope came from, unopened proof and all.
    """
    at = broker.clock.now()
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    codes: list[str | None] = []
    if len(raws) > broker.limits.batch_max_envelopes:
        raise Refused("request-invalid", f"{len(raws)} receipts in one request are more than the limit.")
    wake: set[str] = set()
    with broker.store.work() as work:
        standing = broker.standings.of(work)
        standing.partner(peer)
        for raw in raws:
            try:
                wake |= _take_one(broker, work, standing, peer, raw, actor, at)
                codes.append(None)
            except HubError as error:
                codes.append(error.code)
                work.stage([broker.event(Act.REFUSED, actor, peer, at, code=error.code)])
        mine = {row.receipt_id for row in work.receipts.unsent(peer, len(taken) + 1000)} if taken else set()
        work.receipts.sent([receipt_id for receipt_id in taken if receipt_id in mine])
        work.commit()
    for lane in wake:
        broker.wake(lane)
    return codes


def _take_one(
    broker: Broker,
    work: UnitOfWork,
    standing: Standing,
    peer: str,
    raw: bytes,
    actor: Actor,
    at: datetime,
) -> set[str]:
    told = peek_document(raw, RECEIPT_TYPE)
    entries = [
        entry
        for entry in work.outbox.of_envelope(str(told.get("envelope_id")))
        if entry.recipient == told.get("by") and peer in (entry.recipient, entry.lane)
    ]
    if not entries:
        raise IntegrityFailure(
            "receipt-invalid", "The receipt is about no envelope of ours that this peer got."
        )
    entry = entries[0]
    statement = check_receipt(
        standing, raw, entry=entry, sealed_digest=_sealed_digest(broker, work, entry), us=broker.agency
    )
    row = receipt_row(statement, raw, record_id=entry.record_id)
    if entry.origin is not None:
        work.receipts.queue([replace(row, to=entry.origin)])
    else:
        work.receipts.add([row])
    after = entry_after(entry, statement)
    if after is not entry:
        work.outbox.settle(None, [after])
    work.stage([_verified(broker, actor, entry, statement, raw, at)])
    return {entry.lane} | ({entry.origin} if entry.origin else set())


def entry_after(entry: OutboxEntry, statement: Statement) -> OutboxEntry:
    """Return the entry as a receipt leaves it: any statement but a refusal proves that it was accepted."""
    refused = statement.status is ReceiptStatus.REFUSED
    state = EntryState.REFUSED if refused else EntryState.ACCEPTED
    if state not in ENTRY_STEPS[entry.state]:
        return entry
    return replace(entry, state=state, reason=statement.reason)


def _sealed_digest(broker: Broker, work: UnitOfWork, entry: OutboxEntry) -> bytes | None:
    body = work.bodies.get_many([entry.body_id]).get(entry.body_id)
    return None if body is None else digest(unlock(body, master_key=broker.keyring.master_key()))


def _verified(
    broker: Broker, actor: Actor, entry: OutboxEntry, statement: Statement, raw: bytes, at: datetime
) -> AuditEvent:
    return broker.event(
        Act.RECEIPT_VERIFIED,
        actor,
        entry.envelope_id,
        at,
        status=statement.status.value,
        recipient=entry.recipient,
        receipt=statement.receipt_id,
        receipt_digest=digest(raw).hex(),
    )


def send_receipts(broker: Broker, partner: PartnerRow, *, taken: Sequence[str] = ()) -> int:
    """Hand our waiting receipts to a partner that can be called; return how many it took.

    A receipt it refuses for good is not offered again, and leaves a leaf that says so.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        rows = view.receipts.unsent(partner.agency, broker.limits.batch_max_envelopes)
    if not rows and not taken:
        return 0
    codes = broker.carrier.carry_receipts(partner, [row.raw for row in rows], taken=taken)
    if len(codes) != len(rows):
        raise PeerFault("partner-misbehaved", f"{len(codes)} answers came for {len(rows)} receipts.")
    final = [(row, code) for row, code in zip(rows, codes, strict=True) if code not in TEMPORARY]
    if final:
        with broker.store.work() as work:
            work.receipts.sent([row.receipt_id for row, _code in final])
            work.stage(
                broker.event(
                    Act.RECEIPT_ISSUED if code is None else Act.REFUSED,
                    broker.itself,
                    row.envelope_id,
                    at,
                    receipt=row.receipt_id,
                    status=row.status.value,
                    to=row.to,
                    **({} if code is None else {"code": code}),
                )
                for row, code in final
            )
            work.commit()
    return len(final)
