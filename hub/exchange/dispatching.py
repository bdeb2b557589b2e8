"""claim → permit again → carry → verify receipt: one pass over one partner's lane.

The lane is claimed with a fencing token and worked outside any transaction: a slow partner holds a claim,
never a lock. Each batch costs one durable commit here: settling it claims the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, Lane, OutboxEntry, PartnerRow, Priority, ReceiptRow, RecordRow
from hub.envelope.canonical import digest
from hub.envelope.receipts import Statement, verify_receipt
from hub.envelope.suites import Suite
from hub.envelope.vault import unlock
from hub.errors import HubError, IntegrityFailure, PeerFault
from hub.exchange.backoff import TEMPORARY, breaker_until, retry_at
from hub.exchange.broker import Broker, Standing
from hub.exchange.recipients import question_of_row
from hub.policy.decision import Deny
from hub.ports import Outcome, Transfer, UnitOfWork, View
from hub.records.kinds import Action
from hub.records.lifecycle import EntryState, ReceiptStatus

#: Parts of a batch each priority is sure of; what one does not use the others take, flash first.
SHARES: Mapping[Priority, float] = {Priority.FLASH: 0.6, Priority.URGENT: 0.3, Priority.ROUTINE: 0.1}


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A claimed lane and the batch of due entries read with it."""

    lane: Lane
    entries: tuple[OutboxEntry, ...]
    bodies: Mapping[str, Body]
    rows: Mapping[tuple[str, str, int], RecordRow]
    standing: Standing


@dataclass(kw_only=True)
class Settled:
    """What one batch came to, gathered for one transaction."""

    entries: list[OutboxEntry] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    onward: list[ReceiptRow] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)
    failed: bool = False


def work_lane(
    broker: Broker,
    partner: str,
    *,
    ready: Callable[[PartnerRow, OutboxEntry], bool] = lambda _partner, _entry: True,
    running: Callable[[], bool] = lambda: True,
) -> int:
    """Carry everything that is due for one partner; return how many entries it settled.

    `ready` tells whether an entry's attachments are at the partner already; those that are not wait.
    `running` is asked between batches.
    """
    at = broker.clock.now()
    done = 0
    with broker.store.work() as work:
        lane = work.outbox.claim_lane(partner, at=at, until=_until(broker, at))
        if lane is None:
            return 0
        claimed = claim(broker, work, lane, at=at)
        work.commit()
    while claimed.entries:
        settled = carry(broker, claimed, ready=ready)
        done += len(settled.entries)
        claimed = settle(broker, claimed, settled, go_on=running() and not settled.failed)
    return done


def claim(broker: Broker, work: UnitOfWork, lane: Lane, *, at: datetime) -> Claimed:
    """Read the next due entries of a claimed lane with what is needed to permit and carry them."""
    entries = tuple(work.outbox.claim(lane, at=at, shares=shares(broker.limits.batch_max_envelopes)))
    if not entries:
        work.outbox.release_lane(lane, failures=lane.failures, open_until=None)
    return _with_what_is_needed(broker, lane, entries, work, broker.standings.of(work))


def claimed_for_mailbox(
    broker: Broker, view: View, standing: Standing, partner: str, *, size: int
) -> Claimed:
    """Read the next due entries of a partner that fetches them itself; its lane stays unclaimed."""
    lane = view.outbox.lane(partner)
    entries = tuple(view.outbox.claim(lane, at=broker.clock.now(), shares=shares(size)))
    return _with_what_is_needed(broker, lane, entries, view, standing)


def shares(size: int) -> Mapping[Priority, int]:
    """Return how many entries of a batch each priority is sure of."""
    return {priority: max(1, int(size * part)) for priority, part in SHARES.items()}


def _with_what_is_needed(
    broker: Broker, lane: Lane, entries: tuple[OutboxEntry, ...], view: View, standing: Standing
) -> Claimed:
    keys = [
        (broker.agency, e.record_id, e.version)
        for e in entries
        if e.record_id is not None and e.version is not None
    ]
    return Claimed(
        lane=lane,
        entries=entries,
        bodies=view.bodies.get_many([e.body_id for e in entries]) if entries else {},
        rows=view.records.get_many(keys) if keys else {},
        standing=standing,
    )


def carry(broker: Broker, claimed: Claimed, *, ready: Callable[[PartnerRow, OutboxEntry], bool]) -> Settled:
    """Permit each entry again, hand over those that pass, weigh what came back; no transaction is open."""
    at = broker.clock.now()
    settled = Settled()
    partner = claimed.standing.partners.get(claimed.lane.partner)
    if partner is None or not partner.active:
        state = "unknown" if partner is None else "suspended"
        for entry in claimed.entries:
            _hold(broker, settled, entry, at, f"partner-{state}")
        return settled
    going: list[OutboxEntry] = []
    for entry in permit_again(broker, claimed, settled, at):
        if entry.attachments and not ready(partner.row, entry):
            settled.entries.append(replace(entry, next_at=at + timedelta(seconds=1), reason=None))
        else:
            going.append(entry)
    transfers = list(transfers_of(broker, claimed, going, settled, at))
    if transfers:
        _hand_over(broker, claimed, partner.row, transfers, settled)
    return settled


def transfers_of(
    broker: Broker, claimed: Claimed, going: Sequence[OutboxEntry], settled: Settled, at: datetime
) -> Iterator[tuple[OutboxEntry, Transfer]]:
    """Yield the bytes of each entry, one at a time; hold what does not open any more, past the others."""
    for entry in going:
        try:
            sealed = unlock(claimed.bodies[entry.body_id], master_key=broker.keyring.master_key())
        except IntegrityFailure as failure:
            _hold(broker, settled, entry, at, failure.code)
        else:
            yield entry, Transfer(sealed=sealed, hops=(*entry.hops, broker.agency))


def permit_again(broker: Broker, claimed: Claimed, settled: Settled, at: datetime) -> Sequence[OutboxEntry]:
    """Return the entries that may still go; hold the others, each with its reason."""
    going: list[OutboxEntry] = []
    for entry in claimed.entries:
        reason = _denied(broker, claimed, entry, at)
        if reason is None:
            going.append(entry)
        else:
            _hold(broker, settled, entry, at, reason)
    return going


def _hand_over(
    broker: Broker,
    claimed: Claimed,
    partner: PartnerRow,
    transfers: Sequence[tuple[OutboxEntry, Transfer]],
    settled: Settled,
) -> None:
    try:
        outcomes = broker.carrier.carry(partner, [transfer for _entry, transfer in transfers])
    except PeerFault as fault:
        # The lane rests, not its entries: when the partner is back all of them are due at once.
        settled.failed = True
        settled.entries += [replace(e, retries=e.retries + 1, reason=fault.code) for e, _ in transfers]
        return
    at = broker.clock.now()
    for (entry, transfer), outcome in zip(transfers, outcomes, strict=True):
        _weigh(broker, claimed.standing, settled, entry, transfer, outcome, at)


def _weigh(
    broker: Broker,
    standing: Standing,
    settled: Settled,
    entry: OutboxEntry,
    transfer: Transfer,
    outcome: Outcome,
    at: datetime,
) -> None:
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
            _again(broker, settled, entry, at, error.code)
            return
        _settle_receipt(broker, settled, entry, statement, outcome.receipt, at)
    elif outcome.relayed:
        settled.entries.append(replace(entry, state=EntryState.CARRIED, reason=None))
        settled.events.append(_entry_event(broker, Act.CARRIED, entry, at, via=entry.lane))
    elif outcome.code in TEMPORARY or outcome.code is None:
        _again(broker, settled, entry, at, outcome.code or "partner-misbehaved")
    else:
        settled.entries.append(replace(entry, state=EntryState.REFUSED, reason=outcome.code))
        settled.events.append(_entry_event(broker, Act.REFUSED, entry, at, code=outcome.code))


def check_receipt(
    standing: Standing, raw: bytes, *, entry: OutboxEntry, sealed_digest: bytes | None, us: str
) -> Statement:
    """Return what a receipt states once its signature, its signer and the envelope it names are right.

    Raises IntegrityFailure `receipt-invalid` or a signature code, Refused `partner-unknown`.
    """
    recipient = standing.partner(entry.recipient)
    # With which suites the two ends speak is for them to pin, not for a relay between them.
    allowed = recipient.allowed if entry.origin is None else frozenset(Suite)
    statement = verify_receipt(raw, by=recipient.public, allowed=allowed)
    if (
        statement.envelope_id != entry.envelope_id
        or statement.by != entry.recipient
        or (sealed_digest is not None and statement.envelope_digest != sealed_digest.hex())
        or (entry.origin is None and statement.to != us)
    ):
        raise IntegrityFailure(
            "receipt-invalid", "The receipt is not about the envelope it came for, or not from its recipient."
        )
    return statement


def _settle_receipt(
    broker: Broker,
    settled: Settled,
    entry: OutboxEntry,
    statement: Statement,
    raw: bytes,
    at: datetime,
) -> None:
    refused = statement.status is ReceiptStatus.REFUSED
    state = EntryState.REFUSED if refused else EntryState.ACCEPTED
    settled.entries.append(replace(entry, state=state, reason=statement.reason))
    row = receipt_row(statement, raw, record_id=entry.record_id)
    if entry.origin is None:
        settled.receipts.append(row)
    else:
        settled.onward.append(replace(row, to=entry.origin))
    settled.events.append(
        _entry_event(
            broker,
            Act.RECEIPT_VERIFIED,
            entry,
            at,
            status=statement.status.value,
            receipt=statement.receipt_id,
            receipt_digest=digest(raw).hex(),
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


def settle(broker: Broker, claimed: Claimed, settled: Settled, *, go_on: bool) -> Claimed:
    """Store what a batch came to and claim the next one, in one durable commit."""
    at = broker.clock.now()
    lane = claimed.lane
    failures = lane.failures + 1 if settled.failed else 0
    with broker.store.work() as work:
        work.receipts.add(settled.receipts)
        work.receipts.queue(settled.onward)
        ended = work.outbox.settle(lane, settled.entries)
        work.stage(event for event in settled.events if _happened(event, ended))
        if go_on and work.outbox.extend_lane(lane, until=_until(broker, at)):
            following = claim(broker, work, replace(lane, failures=failures), at=at)
        else:
            until = breaker_until(failures, at=at, limits=broker.limits)
            work.outbox.release_lane(lane, failures=failures, open_until=until)
            following = replace(claimed, entries=())
        work.commit()
    return following


def note_call(broker: Broker, partner: str, *, failed: bool) -> None:
    """Have a lane rest, or rest no more, after a call beside it; a worker who has it now finds out itself."""
    at = broker.clock.now()
    with broker.store.work() as work:
        lane = work.outbox.claim_lane(partner, at=at, until=_until(broker, at))
        if lane is not None:
            failures = lane.failures + 1 if failed else 0
            until = breaker_until(failures, at=at, limits=broker.limits)
            work.outbox.release_lane(lane, failures=failures, open_until=until)
            work.commit()


def _happened(event: AuditEvent, ended: frozenset[str]) -> bool:
    """Tell whether a step was taken: one of an entry that was ended meanwhile was not, but its receipt is."""
    return event.act is Act.RECEIPT_VERIFIED or event.details["entry"] not in ended


def _denied(broker: Broker, claimed: Claimed, entry: OutboxEntry, at: datetime) -> str | None:
    """Return why an entry may not go now: agreements and standings change between release and delivery."""
    if entry.body_id not in claimed.bodies:
        return "not-found"
    recipient = claimed.standing.partners.get(entry.recipient)
    if recipient is None or not recipient.active:
        return "partner-suspended"
    if entry.record_id is None or entry.version is None:
        origin = claimed.standing.partners.get(entry.origin or "")
        allowed = origin is not None and origin.active and entry.recipient in origin.row.relay_for
        return None if allowed else "relay-refused"
    row = claimed.rows.get((broker.agency, entry.record_id, entry.version))
    if row is None:
        return "not-found"
    if row.action == Action.WITHDRAWAL.value:
        decision = claimed.standing.recall(entry.recipient)
    else:
        question = question_of_row(row, counterparty=entry.recipient, agency=broker.agency, at=at)
        decision = claimed.standing.permit(question)
    return decision.reasons[0].code if isinstance(decision, Deny) else None


def _hold(broker: Broker, settled: Settled, entry: OutboxEntry, at: datetime, reason: str) -> None:
    settled.entries.append(replace(entry, state=EntryState.HELD, reason=reason))
    settled.events.append(_entry_event(broker, Act.HELD, entry, at, code=reason))


def _again(broker: Broker, settled: Settled, entry: OutboxEntry, at: datetime, code: str) -> None:
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


def _entry_event(broker: Broker, act: Act, entry: OutboxEntry, at: datetime, **details: str) -> AuditEvent:
    return broker.event(
        act, broker.itself, entry.envelope_id, at, recipient=entry.recipient, entry=entry.entry_id, **details
    )


def _until(broker: Broker, at: datetime) -> datetime:
    return at + timedelta(seconds=broker.limits.lane_claim_s)
