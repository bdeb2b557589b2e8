"""approve → permit → translate → sign → seal → queue: the second decision, and all that follows from it.

Signing and sealing happen before the transaction opens: the write lock is held for rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.entries import (
    Body,
    Delivery,
    OutboxEntry,
    ParcelRow,
    RecordRow,
    Release,
    changed,
)
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u
from hub.envelope.manifest import Approval, AttachmentSecret
from hub.errors import Refused
from hub.exchange.abreast import Way, alone
from hub.exchange.attachments import secrets_for
from hub.exchange.broker import Broker, Standing
from hub.exchange.checks import answered, asked_of
from hub.exchange.contents import find_row, read_content
from hub.exchange.denying import log_denial
from hub.exchange.drafting import basis, described
from hub.exchange.dues.scheduling import scheduled
from hub.exchange.enveloping import enveloping, translate
from hub.exchange.hubless.asking import PartnerAnswer, answered_partners, refuse_other_losses
from hub.exchange.hubless.translating import (
    Prepared,
    judged,
    losses_digest,
    parcel,
    prepare_all,
    refuse_untranslated,
)
from hub.exchange.log.stalling import refuse_stalled
from hub.exchange.lowering import lowered, lowering
from hub.exchange.preparing import Drafted
from hub.exchange.recipients import judge_all, refuse_denied
from hub.exchange.settling import mark_answered, supersede, tied
from hub.exchange.witness.holding import refuse_unwitnessed
from hub.policy.checks import Answered
from hub.policy.decision import require
from hub.policy.four_eyes import may_approve
from hub.ports import UnitOfWork
from hub.records.actor import Actor
from hub.records.ids import new_id
from hub.records.kinds import Action
from hub.records.lifecycle import DeliveryState, RecordState
from hub.records.record import Record


@dataclass(frozen=True, kw_only=True)
class Queued:
    """All rows of one released record, ready for one transaction."""

    row: RecordRow
    release: Release
    bodies: tuple[Body, ...]
    entries: tuple[OutboxEntry, ...]
    deliveries: tuple[Delivery, ...]
    event: AuditEvent
    parcels: tuple[ParcelRow, ...] = ()
    also: tuple[AuditEvent, ...] = ()


def approve(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    digest: bytes,
    recipients: Sequence[str],
    lowered_because: str | None = None,
    answers: Sequence[Answered] = (),
    losses: bytes | None = None,
    partner_answers: Sequence[PartnerAnswer] = (),
) -> Release:
    """Release a draft: the second officer names the digest and the recipients that were read.

    `lowered_because` says why the label asks for less than that of the version before, where it does.
    `answers` are given to the checks that the agreements ask for, `partner_answers` to what the rules of
    partners without a hub ask; they are logged with the release. `losses` is the digest of the loss report
    that was read, where there are such partners.

    Raises Refused `label-lowered`, `check-unanswered`, `check-failed`, `losses-unseen`, `four-eyes`,
    `role-missing`, `policy-denied`, `transition-invalid`, and `conflict` when the draft is no longer the one
    that was read. Every refusal is logged. Raises OurFault `log-stalled`, and Refused `quorum-missing` for
    all but a withdrawal, which must reach everyone.
    """
    refuse_stalled(broker)
    at = broker.clock.now()
    try:
        queued = _prepare_release(
            broker,
            actor,
            record_id,
            seen=digest,
            recipients=recipients,
            reason=lowered_because,
            answers=answers,
            losses=losses,
            partner_answers=partner_answers,
            at=at,
        )
    except Refused as refusal:
        log_denial(broker, actor, refusal, operation="approve", subject=record_id)
        raise
    with broker.store.work() as work:
        current = find_row(work, record_id)
        if current.version != queued.row.version:
            raise Refused("conflict", "The draft was changed while it was being released.")
        work.records.replace(queued.row, expected_revision=queued.row.revision)
        queue(broker, work, [queued])
        work.commit()
    wake(broker, [queued])
    return queued.release


def _prepare_release(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    seen: bytes,
    recipients: Sequence[str],
    reason: str | None,
    answers: Sequence[Answered],
    losses: bytes | None,
    partner_answers: Sequence[PartnerAnswer],
    at: datetime,
) -> Queued:
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, record_id)
        _require_another_officer(actor, row)
        if row.state is not RecordState.DRAFT:
            raise Refused(
                "transition-invalid", f"Only a draft is released; this record is {row.state.value}."
            )
        if row.digest != seen or tuple(sorted(recipients)) != row.recipients:
            raise Refused(
                "conflict", "The draft or its recipients are not those that were read; read it again."
            )
        record = read_content(broker, view, row)
        secrets = secrets_for(view, broker, record)
        parts = lowered(view, row)
    also = lowering(broker, actor, row, parts, reason=reason, at=at)
    if row.action != Action.WITHDRAWAL.value:
        refuse_unwitnessed(broker)
    prepared = prepare_all(broker, standing, record, row.recipients, at=at)
    verdicts = judge_all(standing, record, row.recipients, agency=broker.agency, at=at)
    verdicts = judged(verdicts, prepared)
    if row.version == 1:
        # What corrects or recalls must not wait for one partner that is denied: its entry is held instead.
        refuse_denied(verdicts)
    asked = asked_of(standing, record, row.recipients, agency=broker.agency, at=at)
    also += answered(broker, actor, row, asked, answers, at=at)
    refuse_untranslated(prepared)
    refuse_other_losses(prepared, losses)
    also += answered_partners(broker, actor, row, prepared, partner_answers, at=at)
    queued = release(broker, standing, record, row, approver=actor, at=at, secrets=secrets, prepared=prepared)
    return replace(queued, also=tuple(also))


def _require_another_officer(actor: Actor, row: RecordRow) -> None:
    """Raise Refused `four-eyes` or `role-missing` unless a releaser who never wrote in it decides."""
    for author in {row.author, *row.editors}:
        require(may_approve(actor, author))


def reject(broker: Broker, actor: Actor, record_id: str, *, reason: str) -> None:
    """Send a draft back to its author with a reason; without one, Refused `justification-missing`."""
    why, at = justified(reason), broker.clock.now()
    with broker.store.work() as work:
        row = find_row(work, record_id)
        _require_another_officer(actor, row)
        work.records.advance(row, to=RecordState.REJECTED)
        work.stage([broker.event(Act.REJECTED, actor, record_id, at, justification=why)])
        work.commit()


def release(
    broker: Broker,
    standing: Standing,
    record: Record,
    row: RecordRow,
    *,
    approver: Actor,
    at: datetime,
    secrets: tuple[AttachmentSecret, ...] = (),
    prepared: Sequence[Prepared] = (),
) -> Queued:
    """Translate, sign and seal a permitted record for its recipients; touches no store."""
    return alone(
        releasing(broker, standing, record, row, approver=approver, at=at, secrets=secrets, prepared=prepared)
    )


def releasing(
    broker: Broker,
    standing: Standing,
    record: Record,
    row: RecordRow,
    *,
    approver: Actor,
    at: datetime,
    secrets: tuple[AttachmentSecret, ...] = (),
    drafted: Drafted | None = None,
    prepared: Sequence[Prepared] = (),
) -> Way[Queued]:
    """Take the steps of `release`.

    `prepared` is what it was translated to for those of them that have no hub.

    `drafted` is given where the draft is not stored yet: its body goes with the rest.
    """
    document = translate(record)
    approval = Approval(by=str(approver), at=at, digest=b64u(row.digest))
    content = canonical(document) if drafted is None else drafted.content
    sealed = yield from enveloping(
        broker,
        standing,
        row,
        document,
        content,
        recipients=row.recipients,
        approval=approval,
        secrets=secrets,
        at=at,
    )
    yield
    parcels = [parcel(broker, row, one, approval=approval, at=at) for one in prepared]
    envelope_ids = tuple(one.body.body_id for one in sealed)
    bodies = [
        *(() if drafted is None else (drafted.body,)),
        *(one.body for one in sealed),
        *(body for one in parcels for body in one.bodies),
    ]
    losses = losses_digest(prepared)
    return Queued(
        row=changed(
            scheduled(standing, row, record, agency=broker.agency, at=at),
            state=RecordState.RELEASED,
            envelope_id=envelope_ids[0] if envelope_ids else None,
        ),
        release=Release(
            originator=row.originator,
            record_id=row.record_id,
            version=row.version,
            digest=row.digest,
            recipients=row.recipients,
            approver=str(approver),
            at=at,
            envelope_ids=envelope_ids,
        ),
        bodies=tuple(bodies),
        entries=(*(entry for one in sealed for entry in one.entries), *(one.entry for one in parcels)),
        parcels=tuple(one.row for one in parcels),
        deliveries=tuple(
            delivery_of(row, member=member, at=at) for member in row.recipients if member in standing.members
        ),
        event=broker.event(
            Act.RELEASED,
            approver,
            row.record_id,
            at,
            justification=basis(row),
            envelopes=",".join(envelope_ids),
            envelope_digests=",".join(one.digest.hex() for one in sealed),
            agreement=standing.in_force.get(row.agreement, row.agreement),
            **({} if losses is None else _parcels_told(losses, [one.row for one in parcels])),
            **described(row),
        ),
    )


def _parcels_told(losses: bytes, parcels: Sequence[ParcelRow]) -> dict[str, str]:
    """Return what a release says of its parcels; the digest of the losses goes when the record is erased."""
    return {"losses": losses.hex(), "parcels": ",".join(one.parcel_id for one in parcels)}


def delivery_of(row: RecordRow, *, member: str, at: datetime, envelope_id: str | None = None) -> Delivery:
    """Return the delivery of a record to one member."""
    return Delivery(
        delivery_id=new_id(),
        member=member,
        originator=row.originator,
        record_id=row.record_id,
        version=row.version,
        kind=row.kind,
        state=DeliveryState.WAITING,
        at=at,
        envelope_id=envelope_id,
    )


def queue(broker: Broker, work: UnitOfWork, items: Sequence[Queued]) -> None:
    """Put all that a release made into the transaction: envelopes, entries, deliveries and the leaf."""
    work.bodies.add([body for item in items for body in item.bodies])
    work.records.add_releases([item.release for item in items])
    work.hubless.add_parcels([one for item in items for one in item.parcels])
    work.outbox.queue([entry for item in items for entry in item.entries])
    work.deliveries.add([delivery for item in items for delivery in item.deliveries])
    for item in items:
        if item.row.version > 1:
            supersede(work, item.row)
    work.stage([event for item in items for event in (item.event, *item.also)])
    for answer, asked in mark_answered(work, [item.row for item in items]):
        event = next(item.event for item in items if item.row is answer)
        work.stage([tied(broker, event, asked)])


def wake(broker: Broker, items: Sequence[Queued]) -> None:
    """Tell the dispatcher which lanes have something new."""
    for lane in {entry.lane for item in items for entry in item.entries}:
        broker.wake(lane)
