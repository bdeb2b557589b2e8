"""permit → translate → sign → seal: all rows of a released record, ready for one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, Delivery, OutboxEntry, ParcelRow, PassageRow, RecordRow, Release, changed
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u
from hub.envelope.manifest import Approval, AttachmentSecret
from hub.exchange import approving
from hub.exchange.abreast import Way, alone
from hub.exchange.approving import Given
from hub.exchange.broker import Broker, Standing
from hub.exchange.drafting import basis, described
from hub.exchange.dues.scheduling import scheduled
from hub.exchange.enveloping import enveloping, translate
from hub.exchange.hubless.translating import Prepared, kept_by_all, losses_digest, parcel
from hub.exchange.preparing import Drafted
from hub.exchange.routing import delivery_of
from hub.records.actor import Actor
from hub.records.lifecycle import RecordState
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
    passage: PassageRow | None = None


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
    given: Sequence[Given] = (),
) -> Queued:
    """Translate, sign and seal a permitted record for its recipients; touches no store.

    `given` are the approvals of officers; without any it is a rule that approves.
    """
    return alone(
        releasing(
            broker,
            standing,
            record,
            row,
            approver=approver,
            at=at,
            secrets=secrets,
            prepared=prepared,
            given=given,
        )
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
    given: Sequence[Given] = (),
) -> Way[Queued]:
    """Take the steps of `release`.

    `prepared` is what it was translated to for those of them that have no hub.

    `drafted` is given where the draft is not stored yet: its body goes with the rest.
    """
    document = translate(record)
    ruled = Approval(by=str(approver), at=at, digest=b64u(row.digest))
    content = canonical(document) if drafted is None else drafted.content
    sealed = yield from enveloping(
        broker,
        standing,
        row,
        document,
        content,
        recipients=row.recipients,
        approvals=lambda agencies: tuple(one.shown_to(agencies) for one in given) or (ruled,),
        secrets=secrets,
        at=at,
    )
    yield
    parcels = [parcel(broker, row, one, approval=ruled, at=at) for one in prepared]
    envelope_ids = tuple(one.body.body_id for one in sealed)
    bodies = [
        *(() if drafted is None else (drafted.body,)),
        *(one.body for one in sealed),
        *(body for one in parcels for body in one.bodies),
    ]
    losses = losses_digest(prepared)
    return Queued(
        row=changed(
            scheduled(standing, row, record, agency=broker.agency, at=at, keep_by=kept_by_all(prepared)),
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
            **(approving.described(given) if given else {}),
        ),
    )


def _parcels_told(losses: bytes, parcels: Sequence[ParcelRow]) -> dict[str, str]:
    """Return what a release says of its parcels; the digests go when the record is erased."""
    return {
        "losses": losses.hex(),
        "parcels": ",".join(one.parcel_id for one in parcels),
        "parcel_digests": ",".join(one.digest.hex() for one in parcels),
    }
