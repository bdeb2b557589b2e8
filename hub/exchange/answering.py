"""Receipts that come later than the answer to a carry: taken from partners, and given to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, OutboxEntry, PartnerRow, ReceiptRow
from hub.envelope.canonical import digest
from hub.envelope.documents import peek_document
from hub.envelope.receipts import RECEIPT_TYPE, Statement
from hub.envelope.vault import unlock
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from hub.exchange.backoff import TEMPORARY, offered_again_at
from hub.exchange.broker import Broker, Standing
from hub.exchange.claiming import note_call
from hub.exchange.passing.reported import Proof, check_report, note_awaited
from hub.exchange.passing.reporting import acknowledged, reports
from hub.exchange.refusing import for_good, refusals
from hub.exchange.relying import relied_on, stage_relying
from hub.exchange.switch import refuse_suspended
from hub.exchange.weighing import check_receipt, receipt_row
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.lifecycle import ENTRY_STEPS, EntryState, ReceiptStatus


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A verified receipt and the entry it answers; `onward` is what the agency that it came from is told.

    `relied` names what its signer, and who handed it over, were trusted by. `proof` is what shows that
    somebody acknowledged what was passed on, where the receipt says that.
    """

    entry: OutboxEntry
    statement: Statement
    row: ReceiptRow
    onward: tuple[ReceiptRow, ...] = ()
    relied: Mapping[str, str] = field(default_factory=dict)
    proof: Proof | None = None


def take_receipts(
    broker: Broker,
    peer: str,
    raws: Sequence[bytes],
    *,
    taken: Sequence[str] = (),
    leaf: bytes | None = None,
) -> Sequence[str | None]:
    """Verify and store receipts a peer hands over; return a failure code or None for each, in order.

    `taken` are the ids of our own receipts that the peer got from its mailbox. A receipt for an envelope
    we relayed is handed on to where the envelope came from. `leaf` is the certificate (DER) that the peer
    showed. Signatures are verified before the transaction.
    """
    at = broker.clock.now()
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    if max(len(raws), len(taken)) > broker.limits.batch_max_envelopes:
        raise Refused("request-invalid", f"{len(raws)} receipts in one request are more than the limit.")
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        standing.partner(peer)
        refuse_suspended(standing, peer)
        results = [_check(broker, view, standing, peer, raw, leaf) for raw in raws]
        mine = _handed_out(view, peer, taken)
        told_on = _told_on(broker, view, standing, results, at)
    checked = [one for one in results if isinstance(one, Checked)]
    codes = [one.code if isinstance(one, HubError) else None for one in results]
    if results or mine:
        with broker.store.work() as work:
            refuse_suspended(broker.standings.of(work), peer)
            events = [_take(broker, work, actor, one, at) for one in checked]
            relied = relied_on(standing.partner(peer), leaf=leaf)
            events += [
                broker.event(Act.REFUSED, actor, peer, at, code=code, **relied)
                for code in codes
                if code is not None
            ]
            stage_relying(
                broker, work, standing.partners.values(), events, leaves=() if leaf is None else (leaf,)
            )
            work.receipts.sent(mine)
            work.receipts.queue(told_on)
            work.commit()
    told = [name for one in checked for name in (one.entry.lane, one.entry.origin) if name]
    for lane in {*told, *(row.to for row in told_on)}:
        broker.wake(lane)
    return codes


def _told_on(
    broker: Broker,
    view: View,
    standing: Standing,
    results: Sequence[Checked | HubError],
    at: datetime,
) -> Sequence[ReceiptRow]:
    """Return what the originators of records that we pass on are told of receipts that are new."""
    new = [
        one
        for one in results
        if isinstance(one, Checked)
        and one.entry.origin is None
        and one.entry.state is not EntryState.ACCEPTED
    ]
    keys = [(broker.agency, one.entry.record_id) for one in new if one.entry.record_id is not None]
    passages = view.passages.get_many(keys) if keys else {}
    found = acknowledged(broker.agency, passages, (one.entry for one in new), (one.row for one in new))
    return reports(broker, view, standing, found, at=at)


def _handed_out(view: View, peer: str, taken: Sequence[str]) -> list[str]:
    """Return those of the receipts a peer confirms that wait for it; it confirms no others."""
    if not taken:
        return []
    waiting = view.receipts.unsent_among(peer, taken)
    return [receipt_id for receipt_id in taken if receipt_id in waiting]


def _check(
    broker: Broker, view: View, standing: Standing, peer: str, raw: bytes, leaf: bytes | None
) -> Checked | HubError:
    proof = None
    try:
        told = peek_document(raw, RECEIPT_TYPE)
        entries = [
            entry
            for entry in view.outbox.of_envelope(str(told.get("envelope_id")))
            if told.get("by") in (entry.recipient, entry.lane) and peer in (entry.recipient, entry.lane)
        ]
        refuse_suspended(standing, str(told.get("by")))
        if not entries:
            raise IntegrityFailure(
                "receipt-invalid", "The receipt is about no envelope of ours that this peer got."
            )
        bodies = view.bodies.get_many([entry.body_id for entry in entries])
        digests = {body_id: _digest(broker, body) for body_id, body in bodies.items()}
        # Two originators behind one relay may use the same id: the digest tells whose envelope it was.
        meant = [e for e in entries if digests.get(e.body_id, b"").hex() == told.get("envelope_digest")]
        entry = (meant or entries)[0]
        sealed_digest = digests.get(entry.body_id)
        statement = check_receipt(standing, raw, entry=entry, sealed_digest=sealed_digest, us=broker.agency)
        if statement.passed is not None and entry.origin is None:
            proof = check_report(view, standing, statement)
    except HubError as error:
        return error
    row = receipt_row(statement, raw, record_id=entry.record_id)
    onward: Sequence[ReceiptRow] = ()
    if entry.origin is not None and statement.by == entry.recipient:
        onward = [replace(row, to=entry.origin)]
    elif entry.origin is not None:  # a relay after us: each tells the one before it in its own name
        stopped = replace(entry, state=EntryState.REFUSED, reason=statement.reason)
        onward = refusals(broker, standing, [stopped], bodies.get, at=broker.clock.now())
    relied = relied_on(standing.partner(statement.by), standing.partner(peer), leaf=leaf)
    return Checked(
        entry=entry, statement=statement, row=row, onward=tuple(onward), relied=relied, proof=proof
    )


def _digest(broker: Broker, body: Body) -> bytes:
    return digest(unlock(body, master_key=broker.keyring.master_key()))


def _take(
    broker: Broker,
    work: UnitOfWork,
    actor: Actor,
    checked: Checked,
    at: datetime,
) -> AuditEvent:
    entry = work.outbox.get(checked.entry.entry_id) or checked.entry
    if entry.origin is not None:
        work.receipts.queue(checked.onward)
    else:
        work.receipts.add([checked.row])
        if (passed := checked.statement.passed) is not None:
            note_awaited(work, checked.statement.by, passed.passage)
    after = entry_after(entry, checked.statement)
    if after is not entry:
        work.outbox.settle(None, [after])
    return _verified(broker, actor, entry, checked, at)


def entry_after(entry: OutboxEntry, statement: Statement) -> OutboxEntry:
    """Return the entry as a receipt leaves it: any statement but a refusal proves that it was accepted.

    A relay that waits with it has said why, and the entry goes on being carried.
    """
    refused = statement.status is ReceiptStatus.REFUSED
    if refused and statement.by != entry.recipient and not for_good(statement.reason):
        waits = entry.state is EntryState.CARRIED
        return replace(entry, reason=statement.reason) if waits else entry
    state = EntryState.REFUSED if refused else EntryState.ACCEPTED
    if state not in ENTRY_STEPS[entry.state]:
        return entry
    return replace(entry, state=state, reason=statement.reason)


def _verified(
    broker: Broker,
    actor: Actor,
    entry: OutboxEntry,
    checked: Checked,
    at: datetime,
) -> AuditEvent:
    statement = checked.statement
    return broker.event(
        Act.RECEIPT_VERIFIED,
        actor,
        entry.envelope_id,
        at,
        status=statement.status.value,
        recipient=entry.recipient,
        receipt=statement.receipt_id,
        receipt_digest=digest(checked.row.raw).hex(),
        **_passed(statement, checked.proof),
        **checked.relied,
    )


def _passed(statement: Statement, proof: Proof | None) -> Mapping[str, str]:
    """Return what an entry says of somebody who has our record through another hub."""
    if statement.passed is None or proof is None:
        return {}
    told = statement.passed
    return {
        "passed_to": str(statement.member),
        "passage": told.passage,
        "passage_version": str(told.version),
        "proof": proof.value,
    }


def put_off(broker: Broker, rows: Sequence[ReceiptRow], at: datetime) -> Mapping[str, datetime]:
    """Return when receipts that a partner has not taken now are offered to it again."""
    return {row.receipt_id: offered_again_at(row.offers, at=at, limits=broker.limits) for row in rows}


def send_receipts(broker: Broker, partner: PartnerRow, *, taken: Sequence[str] = ()) -> int:
    """Hand our waiting receipts to a partner that can be called; return how many it is done with.

    A receipt it refuses for good is not offered again, and leaves a leaf that says so. One that it may take
    later is offered again after a while, and keeps none of the others. A partner that does not answer rests
    as its lane does, for receipts and envelopes alike.
    """
    at, most = broker.clock.now(), broker.limits.batch_max_envelopes
    with broker.store.read() as view:
        lane = view.outbox.lane(partner.agency)
        rests = lane.open_until is not None and lane.open_until > at
        rows = [] if rests else view.receipts.unsent(partner.agency, most, due=at)
    if not rows and not taken:
        return 0
    try:
        codes = broker.carrier.carry_receipts(partner, [row.raw for row in rows], taken=taken)
        if len(codes) != len(rows):
            raise PeerFault("partner-misbehaved", f"{len(codes)} answers came for {len(rows)} receipts.")
    except PeerFault as fault:
        note_call(broker, partner.agency, failure=fault)
        raise
    if lane.failures:
        note_call(broker, partner.agency, failure=None)
    final = [(row, code) for row, code in zip(rows, codes, strict=True) if code not in TEMPORARY]
    later = [row for row, code in zip(rows, codes, strict=True) if code in TEMPORARY]
    if rows:
        with broker.store.work() as work:
            work.receipts.put_off(put_off(broker, later, at))
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
