"""What one parcel of a partner without a hub becomes: interpreted, permitted, and all its rows at once.

The steps are `hub.exchange.hubless.taking`'s, and `retrying`'s for what was refused and is weighed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, Delivery, Direction, IntakeRow, Priority, ProfileRow, RecordRow
from hub.envelope.canonical import digest
from hub.envelope.vault import lock
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import lock_content
from hub.exchange.dues.scheduling import scheduled
from hub.exchange.hubless.continuing import record_of, refuse_named
from hub.exchange.hubless.unplaced import words_of
from hub.exchange.preparing import row_of
from hub.exchange.recipients import question_of_record
from hub.exchange.routing import route
from hub.exchange.settling import mark_answered, supersede, tied
from hub.policy.decision import Deny
from hub.ports import Parcel, Read, UnitOfWork, View
from hub.ports.taxii import FORGOTTEN
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id
from hub.records.kinds import Action
from hub.records.lifecycle import RecordState
from hub.records.record import Record


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """One parcel with all rows that it becomes; without a record it was refused, or brought nothing new."""

    intake: IntakeRow
    bodies: tuple[Body, ...]
    events: tuple[AuditEvent, ...]
    row: RecordRow | None = None
    deliveries: tuple[Delivery, ...] = ()
    read: Read | None = None


def admit(
    broker: Broker,
    standing: Standing,
    partner: ProfileRow,
    parcel: Parcel,
    at: datetime,
    *,
    came_at: datetime | None = None,
) -> Admitted:
    """Return the record that a parcel becomes, with all its rows; nothing is stored.

    `came_at` is when it came, if that was before.

    Raises what says why it is refused, Refused `content-erased` for what was erased here among it.
    """
    read = broker.adapting.read(
        partner,
        parcel.content,
        record_id=new_id(),
        at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    if not all(map(_is_storable, [*read.versions, read.named or "-"])):
        raise PeerFault("partner-document-malformed", "An object in the document has no name that is text.")
    with broker.store.read() as view:
        record = record_of(broker, view, partner, read, came_at=came_at)
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
    keep_by = broker.adapting.keep_by(partner, record.document, came=True)
    row = scheduled(standing, row, record, agency=broker.agency, at=at, keep_by=keep_by)
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
    return Admitted(
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
    changed = [name for name, told in read.versions.items() if known.get(name, told) not in (told, FORGOTTEN)]
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

    Raises Refused `conflict` for a version that came before with other content, and `content-erased` for one
    that was erased, or is older than what was.
    """
    newest = view.records.get(row.record_id, originator=row.originator)
    if newest is not None:
        if row.version <= newest.version and not view.bodies.get_many([newest.body_id]):
            raise Refused("content-erased", "The content of this record was erased here.")
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
        "record_digest": row.digest.hex(),
        "version": str(row.version),
        "kind": row.kind,
        "originator": row.originator,
        "dialect": read.dialect,
        "profile": partner.digest,
    }
    if read.signer is not None:
        told["signer"] = read.signer
    return broker.event(Act.ADMITTED, partner_actor(partner), row.record_id, at, **told)


def refused(broker: Broker, partner: ProfileRow, parcel: Parcel, error: HubError, at: datetime) -> Admitted:
    """Return a parcel as it is refused: kept, with the code."""
    intake, raw = _kept(broker, partner, parcel, at)
    told = {"code": error.code, "operation": "parcel", "parcel": parcel.parcel_id}
    return Admitted(
        intake=replace(intake, code=error.code, sentence=_storable(error.sentence)),
        bodies=(raw,),
        events=(broker.event(Act.REFUSED, partner_actor(partner), partner.agency, at, **told),),
    )


def _is_storable(name: str) -> bool:
    return "\0" not in name and name.isprintable()


def _storable(sentence: str) -> str:
    """Return a sentence as every database takes it: it may name what the partner's document names."""
    return sentence.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def partner_actor(partner: ProfileRow) -> Actor:
    """Return a partner without a hub as who acts."""
    return Actor(kind=ActorKind.PARTNER, id=partner.agency, agency=partner.agency)


def store(broker: Broker, work: UnitOfWork, admitted: Admitted) -> None:
    """Put all that one parcel becomes into one transaction."""
    if admitted.read is not None and admitted.read.named is not None and admitted.row is not None:
        refuse_named(work, admitted.intake.agency, admitted.read.named, admitted.row)
    work.bodies.add(admitted.bodies)
    rows: Sequence[RecordRow] = () if admitted.row is None else (admitted.row,)
    work.records.add(rows)
    work.deliveries.add(admitted.deliveries)
    if admitted.read is not None:
        record_id = admitted.intake.record_id or ""
        work.hubless.add_objects(admitted.intake.agency, admitted.read.versions, record_id=record_id)
        if admitted.read.named is not None:
            work.hubless.name_record(admitted.intake.agency, admitted.read.named, record_id)
    for row in rows:
        if row.version > 1:
            supersede(work, row)
    work.stage(admitted.events)
    for _answer, asked in mark_answered(work, rows):
        work.stage([tied(broker, admitted.events[0], asked)])
