"""verify receipt: what a partner said of an envelope becomes its next state, its receipt and its leaf."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import OutboxEntry, ReceiptRow, changed
from hub.envelope.canonical import digest
from hub.envelope.documents import peek_document
from hub.envelope.receipts import RECEIPT_TYPE, Statement, verify_receipt
from hub.errors import HubError, IntegrityFailure
from hub.exchange.abreast import Way
from hub.exchange.backoff import TEMPORARY, retry_at
from hub.exchange.broker import Broker, Standing
from hub.exchange.relying import relied_on
from hub.ports import Outcome, Transfer
from hub.records.lifecycle import EntryState, ReceiptStatus

log = logging.getLogger("hub.dispatch")

#: Why an entry is held whose partner, or relay, is suspended; `hub partner resume` takes up these alone.
SUSPENDED: Final = "partner-suspended"
#: Why an entry is held that this hub's policy keeps from its recipient; `hub record deliver` takes it up.
KEPT: Final = frozenset({"policy-forbids", "policy-denies", "policy-undecided", "policy-unusable"})


@dataclass(kw_only=True)
class Settled:
    """What one batch came to, gathered for one transaction.

    `leaves` are the certificates with which the partner answered. `carried` tells that the partner was asked,
    `failure` why the whole of it failed.
    """

    entries: list[OutboxEntry] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    onward: list[ReceiptRow] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)
    leaves: set[bytes] = field(default_factory=set)
    carried: bool = False
    failure: HubError | None = None


def weigh(
    broker: Broker,
    standing: Standing,
    settled: Settled,
    entry: OutboxEntry,
    transfer: Transfer,
    outcome: Outcome,
    at: datetime,
) -> Way[None]:
    """Turn one outcome into the entry's next state. A receipt that does not verify proves nothing."""
    if outcome.receipt is not None:
        try:
            statement = check_receipt(
                standing,
                outcome.receipt,
                entry=entry,
                sealed_digest=digest(transfer.sealed),
                us=broker.agency,
            )
        except HubError as error:
            log.warning("a receipt was refused", extra={"code": error.code, "lane": entry.lane})
            try_again(broker, settled, entry, at, error.code)
            return
        yield
        if outcome.leaf is not None:
            settled.leaves.add(outcome.leaf)
        relied = relied_on(standing.partner(statement.by), standing.partner(entry.lane), leaf=outcome.leaf)
        _settle_receipt(broker, settled, entry, statement, outcome.receipt, relied, at)
    elif outcome.relayed:
        settled.entries.append(changed(entry, state=EntryState.CARRIED, reason=None))
        settled.events.append(entry_event(broker, Act.CARRIED, entry, at, via=entry.lane))
    elif outcome.code in TEMPORARY or outcome.code is None:
        try_again(broker, settled, entry, at, outcome.code or "partner-misbehaved")
    else:
        settled.entries.append(changed(entry, state=EntryState.REFUSED, reason=outcome.code))
        settled.events.append(entry_event(broker, Act.REFUSED, entry, at, code=outcome.code))


def check_receipt(
    standing: Standing, raw: bytes, *, entry: OutboxEntry, sealed_digest: bytes | None, us: str
) -> Statement:
    """Return what a receipt states once its signature, its signer and the envelope it names are right.

    The recipient states anything; the relay that got the envelope, only that it does not hand it on. Raises
    IntegrityFailure `receipt-invalid` or a signature code, Refused `partner-unknown`.
    """
    signer = standing.partner(_signer(raw, entry))
    by_relay = signer.row.agency != entry.recipient
    # With which suites the two ends speak is for them to pin, not for a relay between them: it takes what
    # the signer's card offers, and so nothing that the signer never spoke.
    allowed = signer.allowed if entry.origin is None or by_relay else signer.offered
    statement = verify_receipt(raw, by=signer.public, allowed=allowed)
    if (
        statement.envelope_id != entry.envelope_id
        or (by_relay and statement.status is not ReceiptStatus.REFUSED)
        or (sealed_digest is not None and statement.envelope_digest != sealed_digest.hex())
        or (entry.origin is None and statement.to != us)
    ):
        raise IntegrityFailure(
            "receipt-invalid", "The receipt is not about the envelope it came for, or not from its recipient."
        )
    return statement


def _signer(raw: bytes, entry: OutboxEntry) -> str:
    """Return whose keys a receipt is verified with: the recipient's, or its relay's if that is named."""
    if entry.lane != entry.recipient and peek_document(raw, RECEIPT_TYPE).get("by") == entry.lane:
        return entry.lane
    return entry.recipient


def _settle_receipt(
    broker: Broker,
    settled: Settled,
    entry: OutboxEntry,
    statement: Statement,
    raw: bytes,
    relied: Mapping[str, str],
    at: datetime,
) -> None:
    refused = statement.status is ReceiptStatus.REFUSED
    state = EntryState.REFUSED if refused else EntryState.ACCEPTED
    settled.entries.append(changed(entry, state=state, reason=statement.reason))
    row = receipt_row(statement, raw, record_id=entry.record_id)
    if entry.origin is None:
        settled.receipts.append(row)
    elif statement.by == entry.recipient:
        settled.onward.append(changed(row, to=entry.origin))
    settled.events.append(
        entry_event(
            broker,
            Act.RECEIPT_VERIFIED,
            entry,
            at,
            status=statement.status.value,
            receipt=statement.receipt_id,
            receipt_digest=digest(raw).hex(),
            **relied,
        )
    )


def receipt_row(statement: Statement, raw: bytes, *, record_id: str | None) -> ReceiptRow:
    """Return the row of a verified receipt."""
    return ReceiptRow(
        receipt_id=statement.receipt_id,
        envelope_id=statement.envelope_id,
        by=statement.by,
        to=statement.to,
        status=statement.status,
        at=statement.at,
        raw=raw,
        member=statement.member,
        reason=statement.reason,
        record_id=record_id,
    )


def hold(broker: Broker, settled: Settled, entry: OutboxEntry, at: datetime, reason: str) -> None:
    """Hold an entry until a person resumes it."""
    settled.entries.append(changed(entry, state=EntryState.HELD, reason=reason))
    settled.events.append(entry_event(broker, Act.HELD, entry, at, code=reason))


def try_again(broker: Broker, settled: Settled, entry: OutboxEntry, at: datetime, code: str) -> None:
    """Keep an entry pending and try later; a retry is bookkeeping and leaves no leaf."""
    attempts = entry.attempts + 1
    settled.entries.append(
        replace(
            entry,
            attempts=attempts,
            retries=entry.retries + 1,
            reason=code,
            next_at=retry_at(attempts, at=at, limits=broker.limits),
        )
    )


def happened(event: AuditEvent, ended: frozenset[str]) -> bool:
    """Tell whether a step was taken: one of an entry that was ended meanwhile was not, but its receipt is."""
    return event.act is Act.RECEIPT_VERIFIED or event.details["entry"] not in ended


def entry_event(broker: Broker, act: Act, entry: OutboxEntry, at: datetime, **details: str) -> AuditEvent:
    """Build the leaf of a queue entry's step."""
    return broker.event(
        act, broker.itself, entry.envelope_id, at, recipient=entry.recipient, entry=entry.entry_id, **details
    )
