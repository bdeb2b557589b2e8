"""pull → open → interpret → permit → admit once → store → acknowledge, for a partner without a hub.

A parcel comes again until it is acknowledged, and it is acknowledged only after what came of it is durable.
So a cut between any two steps loses nothing; and because a parcel is admitted once, by its id and its bytes,
none doubles anything: what comes again gets the verdict that it got.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, Delivery, Direction, IntakeRow, Priority, ProfileRow, RecordRow
from hub.envelope.canonical import digest
from hub.envelope.vault import lock
from hub.errors import HubError, IntegrityFailure, OurFault, Refused
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import lock_content
from hub.exchange.hubless.unplaced import words_of
from hub.exchange.preparing import row_of
from hub.exchange.recipients import question_of_record
from hub.exchange.routing import route
from hub.exchange.settling import mark_answered, supersede, tied
from hub.exchange.switch import refuse_suspended
from hub.policy.decision import Deny
from hub.ports import Parcel, Read, UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id
from hub.records.kinds import Action
from hub.records.lifecycle import RecordState
from hub.records.record import Record, load_record

log = logging.getLogger("hub.parcels")

#: Codes that are about this hub and its profile, not about what came: it waits until they are put right.
_OURS: Final = frozenset({"adapter-invalid", "adapter-unknown", "partner-suspended"})


@dataclass(frozen=True, kw_only=True)
class _Admitted:
    """One parcel with all rows that it becomes; without a record it was refused, or brought nothing new."""

    intake: IntakeRow
    bodies: tuple[Body, ...]
    events: tuple[AuditEvent, ...]
    row: RecordRow | None = None
    deliveries: tuple[Delivery, ...] = ()
    read: Read | None = None


def take_parcels(broker: Broker, partner: ProfileRow) -> int:
    """Take what waits at one partner; return how many parcels were acknowledged.

    What fails for a reason of ours is not acknowledged and comes again; the others are not held up by it.
    Raises Refused `quota-exceeded`, and takes nothing, while too many that were refused are kept.
    """
    refuse_while_full(broker, partner)
    done = 0
    for parcel in broker.adapting.pull(partner, limit=broker.limits.batch_max_envelopes):
        try:
            intake = take(broker, partner, parcel)
        except HubError as error:
            log.warning("a parcel waits", extra={"code": error.code, "lane": partner.agency})
            continue
        broker.adapting.acknowledge(partner, parcel.parcel_id, code=intake.code, sentence=intake.sentence)
        with broker.store.work() as work:
            work.hubless.acknowledge_intake(intake, broker.clock.now())
            work.commit()
        done += 1
    return done


def refuse_while_full(broker: Broker, partner: ProfileRow) -> None:
    """Raise Refused `quota-exceeded` while too many parcels of a partner that were refused are kept."""
    most = broker.limits.parcels_held_max
    with broker.store.read() as view:
        held = view.hubless.held_count(partner.agency, most=most)
    if held >= most:
        raise Refused(
            "quota-exceeded",
            f"{held} refused parcels of {partner.agency} are kept; discard some with `hub parcel discard`.",
        )


def take(broker: Broker, partner: ProfileRow, parcel: Parcel) -> IntakeRow:
    """Admit one parcel, once; return what came of it, now or when it came before.

    Raises what is about us and not about the parcel, and Refused `partner-suspended`; nothing was stored.
    """
    seen = digest(parcel.content)
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        refuse_suspended(standing, partner.agency)
        before = view.hubless.intakes_by_id(partner.agency, parcel.parcel_id)
    for row in before:
        if row.digest == seen:
            return row
    admitted = _weigh(broker, standing, partner, parcel, reused=bool(before))
    with broker.store.work() as work:
        refuse_suspended(broker.standings.of(work), partner.agency)
        if not work.hubless.admit_intake(admitted.intake):
            return next(
                row
                for row in work.hubless.intakes_by_id(partner.agency, parcel.parcel_id)
                if row.digest == seen
            )
        _store(broker, work, admitted)
        work.commit()
    return admitted.intake


def _weigh(
    broker: Broker, standing: Standing, partner: ProfileRow, parcel: Parcel, *, reused: bool
) -> _Admitted:
    """Return what a parcel comes to: a record, or its refusal. What is temporary, or ours, is raised."""
    at = broker.clock.now()
    try:
        if reused:
            raise IntegrityFailure(
                "envelope-id-reused", "A parcel with this id came before with other bytes."
            )
        return _admit(broker, standing, partner, parcel, at)
    except OurFault:
        raise
    except HubError as error:
        if error.code in TEMPORARY or error.code in _OURS:
            raise
        return _refused(broker, partner, parcel, error, at)


def _admit(
    broker: Broker, standing: Standing, partner: ProfileRow, parcel: Parcel, at: datetime
) -> _Admitted:
    read = broker.adapting.read(
        partner,
        parcel.content,
        record_id=new_id(),
        at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    record = load_record(read.record, max_bytes=broker.limits.record_max_bytes)
    if record.originator != partner.agency:
        raise IntegrityFailure(
            "originator-mismatch", "The document names another originator than its sender."
        )
    body_id, unknown_id = new_id(), new_id() if read.unknown else None
    body, content = lock_content(broker, record, body_id=body_id)
    row = row_of(
        record,
        body_id=body_id,
        digest=digest(content),
        recipients=(broker.agency,),
        priority=Priority.ROUTINE,
        author=record.originator,
        direction=Direction.IN,
    )
    with broker.store.read() as view:
        _refuse_changed(view, partner, read)
        _refuse_denied(broker, standing, view, record, at)
        stored, deliveries = _placed(broker, standing, view, row, at)
    intake, raw = _kept(broker, partner, parcel, at)
    bodies = [raw]
    if stored is not None:
        bodies.append(body)
    if unknown_id is not None:
        bodies.append(
            lock(words_of(read.unknown), body_id=unknown_id, master_key=broker.keyring.master_key())
        )
    return _Admitted(
        intake=replace(
            intake,
            record_id=record.id,
            version=record.version,
            unknown_id=unknown_id,
            dialect=read.dialect,
            signer=read.signer,
        ),
        bodies=tuple(bodies),
        events=(_admitted_event(broker, partner, parcel, row, read, at),),
        row=stored,
        deliveries=deliveries,
        read=read,
    )


def _refuse_changed(view: View, partner: ProfileRow, read: Read) -> None:
    """Raise IntegrityFailure where an object came before under the same name with other content."""
    known = view.hubless.objects(partner.agency, list(read.versions))
    changed = [name for name, told in read.versions.items() if known.get(name, told) != told]
    if changed:
        raise IntegrityFailure(
            "partner-document-ambiguous",
            f"The partner's document is held, not applied: {len(changed)} of its objects changed without a "
            "new version.",
        )


def _refuse_denied(broker: Broker, standing: Standing, view: View, record: Record, at: datetime) -> None:
    here = view.records.get(record.id, originator=record.originator) is not None
    if record.action is Action.WITHDRAWAL and here:
        decision = standing.recall(record.originator)
    else:
        question = question_of_record(
            record, counterparty=record.originator, direction=Direction.IN, agency=broker.agency, at=at
        )
        decision = standing.permit(question)
    if isinstance(decision, Deny):
        raise Refused("policy-denied", " ".join(reason.sentence for reason in decision.reasons))


def _placed(
    broker: Broker, standing: Standing, view: View, row: RecordRow, at: datetime
) -> tuple[RecordRow | None, tuple[Delivery, ...]]:
    """Return the row among the versions that came before, and its deliveries; no row for one that is here.

    Raises Refused `conflict` for a version that came before with other content.
    """
    newest = view.records.get(row.record_id, originator=row.originator)
    if newest is not None:
        same = view.records.get(row.record_id, row.version, originator=row.originator)
        if same is not None and same.digest == row.digest:
            return None, ()
        if same is not None:
            raise Refused("conflict", f"Version {row.version} came before in another parcel.")
        if newest.version > row.version:
            withdrawn = newest.action == Action.WITHDRAWAL.value
            state = RecordState.WITHDRAWN if withdrawn else RecordState.SUPERSEDED
            return replace(row, state=state), ()
    holders = frozenset[str]()
    if row.action == Action.WITHDRAWAL.value:
        got = view.deliveries.of_record(row.record_id)
        holders = frozenset(one.member for one in got if one.originator == row.originator)
    return row, route(standing, row, agency=broker.agency, at=at, holders=holders)


def _kept(broker: Broker, partner: ProfileRow, parcel: Parcel, at: datetime) -> tuple[IntakeRow, Body]:
    """Return the row of a parcel and its bytes, encrypted under a key of their own."""
    body = lock(parcel.content, body_id=new_id(), master_key=broker.keyring.master_key())
    row = IntakeRow(
        agency=partner.agency,
        parcel_id=parcel.parcel_id,
        digest=digest(parcel.content),
        received_at=at,
        body_id=body.body_id,
    )
    return row, body


def _admitted_event(
    broker: Broker, partner: ProfileRow, parcel: Parcel, row: RecordRow, read: Read, at: datetime
) -> AuditEvent:
    told = {
        "parcel": parcel.parcel_id,
        "digest": digest(parcel.content).hex(),
        "version": str(row.version),
        "kind": row.kind,
        "originator": row.originator,
        "dialect": read.dialect,
        "profile": partner.digest,
    }
    if read.signer is not None:
        told["signer"] = read.signer
    return broker.event(Act.ADMITTED, _actor(partner), row.record_id, at, **told)


def _refused(broker: Broker, partner: ProfileRow, parcel: Parcel, error: HubError, at: datetime) -> _Admitted:
    intake, raw = _kept(broker, partner, parcel, at)
    told = {"code": error.code, "operation": "parcel", "parcel": parcel.parcel_id}
    return _Admitted(
        intake=replace(intake, code=error.code, sentence=error.sentence),
        bodies=(raw,),
        events=(broker.event(Act.REFUSED, _actor(partner), partner.agency, at, **told),),
    )


def _actor(partner: ProfileRow) -> Actor:
    return Actor(kind=ActorKind.PARTNER, id=partner.agency, agency=partner.agency)


def _store(broker: Broker, work: UnitOfWork, admitted: _Admitted) -> None:
    """Put all that one parcel becomes into one transaction."""
    work.bodies.add(admitted.bodies)
    rows: Sequence[RecordRow] = () if admitted.row is None else (admitted.row,)
    work.records.add(rows)
    work.deliveries.add(admitted.deliveries)
    if admitted.read is not None:
        work.hubless.add_objects(admitted.intake.agency, admitted.read.versions)
    for row in rows:
        if row.version > 1:
            supersede(work, row)
    work.stage(admitted.events)
    for _answer, asked in mark_answered(work, rows):
        work.stage([tied(broker, admitted.events[0], asked)])
