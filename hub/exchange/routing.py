"""route to members → opened → answered: from the hub to the people and systems it serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.audit.events import Act
from hub.entries import Delivery, Direction, PartnerStatus, RecordRow
from hub.envelope.receipts import Statement, issue
from hub.errors import Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import find_row, read_content
from hub.exchange.dispatching import receipt_row
from hub.policy.decision import Deny
from hub.policy.four_eyes import may
from hub.policy.permission import Question
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id
from hub.records.lifecycle import (
    DELIVERY_STEPS,
    RECORD_STEPS,
    DeliveryState,
    ReceiptStatus,
    RecordState,
    step,
)
from hub.records.record import Record

_RECEIPT_OF = {
    DeliveryState.DELIVERED: ReceiptStatus.DELIVERED,
    DeliveryState.OPENED: ReceiptStatus.OPENED,
    DeliveryState.ACTIONED: ReceiptStatus.ACTIONED,
}


def route(
    standing: Standing, record: Record, row: RecordRow, *, agency: str, at: datetime
) -> tuple[Delivery, ...]:
    """Return the deliveries of a received record: members that collect its kind and may have it.

    The originator's label and the agreement with the member decide; what no member may have stays with
    the hub's own officers.
    """
    deliveries = []
    for member in standing.members.values():
        if member.status is not PartnerStatus.ACTIVE or not collects(member.scopes, row.kind):
            continue
        question = Question(
            kind=record.kind,
            purpose=row.purpose,
            language=row.language,
            label=record.label,
            originator=record.originator,
            counterparty=member.agency,
            direction=Direction.OUT,
            agreement=None,
            at=at,
            our_agency=agency,
        )
        if isinstance(standing.permit(question), Deny):
            continue
        deliveries.append(
            Delivery(
                delivery_id=new_id(),
                member=member.agency,
                originator=row.originator,
                record_id=row.record_id,
                version=row.version,
                kind=row.kind,
                state=DeliveryState.WAITING,
                at=at,
                envelope_id=row.envelope_id,
            )
        )
    return tuple(deliveries)


def collects(scopes: Sequence[str], kind: str) -> bool:
    """Tell whether a member's scopes let it collect a kind."""
    return "collect:*" in scopes or f"collect:{kind}" in scopes


@dataclass(frozen=True, kw_only=True)
class Collected:
    """One delivery with its record's content, as a member's system gets it."""

    delivery: Delivery
    row: RecordRow
    record: Record | None


def collect(
    broker: Broker,
    member: str,
    *,
    after: int,
    limit: int,
    covered: Callable[[str], bool] = lambda kind: True,
) -> Sequence[Collected]:
    """Return a member's deliveries above a position with their content, lowest first.

    `covered` tells which kinds the caller's token may collect; others stay for another token. The
    disclosure is logged before content leaves. What was withdrawn or erased meanwhile comes with no more
    than its kind and state, so that the member can withdraw it too.
    """
    at = broker.clock.now()
    actor = Actor(kind=ActorKind.SYSTEM, id=member, agency=member)
    with broker.store.read() as view:
        deliveries = _covered(view, member, after, limit, covered)
        rows = view.records.get_many([(d.originator, d.record_id, d.version) for d in deliveries])
        found = [
            Collected(delivery=d, row=row, record=_content_in_force(broker, view, row))
            for d in deliveries
            if (row := rows.get((d.originator, d.record_id, d.version))) is not None
        ]
    if found:
        with broker.store.work() as work:
            work.stage(
                broker.event(
                    Act.CONSULTED,
                    actor,
                    c.row.record_id,
                    at,
                    justification="collected by the member's system",
                    version=str(c.row.version),
                    delivery=c.delivery.delivery_id,
                )
                for c in found
            )
            work.commit()
    return found


def _covered(
    view: View, member: str, after: int, limit: int, covered: Callable[[str], bool]
) -> Sequence[Delivery]:
    """Return the deliveries of the first page that has any of a covered kind."""
    while page := view.deliveries.page(member, after=after, limit=limit):
        wanted = [delivery for delivery in page if covered(delivery.kind)]
        if wanted:
            return wanted
        after = page[-1].position
    return []


def _content_in_force(broker: Broker, view: View, row: RecordRow) -> Record | None:
    if row.state is RecordState.WITHDRAWN or not view.bodies.get_many([row.body_id]):
        return None
    return read_content(broker, view, row)


def acknowledge(
    broker: Broker, actor: Actor, delivery_ids: Sequence[str], status: DeliveryState
) -> Sequence[Delivery]:
    """Note what a member did with deliveries, and tell each originator by a signed receipt.

    A repeat changes nothing. Raises Refused `not-found` for a delivery of another member.
    """
    at = broker.clock.now()
    changed: list[Delivery] = []
    hops: set[str] = set()
    with broker.store.work() as work:
        standing = broker.standings.of(work)
        for delivery_id in delivery_ids:
            delivery = work.deliveries.get(delivery_id)
            if delivery is None or delivery.member != actor.agency:
                raise Refused("not-found", f"There is no delivery {delivery_id} for {actor.agency}.")
            if delivery.state is status:
                continue
            step(DELIVERY_STEPS, delivery.state, status)
            work.deliveries.advance(delivery_id, to=status)
            row = find_row(work, delivery.record_id, delivery.version, originator=delivery.originator)
            hops |= tell_originator(
                broker, work, standing, row, _RECEIPT_OF[status], member=delivery.member, at=at
            )
            work.stage(
                [
                    broker.event(
                        Act.DELIVERED,
                        actor,
                        delivery.record_id,
                        at,
                        status=status.value,
                        delivery=delivery_id,
                        version=str(delivery.version),
                    )
                ]
            )
            changed.append(delivery)
        work.commit()
    for hop in hops:
        broker.wake(hop)
    return changed


def read_record(
    broker: Broker, actor: Actor, record_id: str, version: int | None = None, *, justification: str
) -> Record:
    """Return a record's content to an officer; the read is logged, with its reason, before content leaves.

    The first opening of a received record advances it to OPENED and tells the originator. Raises Refused
    `role-missing`, `request-invalid` for an empty justification, `not-found`.
    """
    decision = may(actor, Role.READER)
    if isinstance(decision, Deny):
        raise Refused("role-missing", decision.reasons[0].sentence)
    if len(justification.strip()) < 3:
        raise Refused("request-invalid", "Reading content takes a justification of a few words.")
    at = broker.clock.now()
    with broker.store.work() as work:
        row = find_row(work, record_id, version)
        record = read_content(broker, work, row)
        work.stage(
            [
                broker.event(
                    Act.CONSULTED,
                    actor,
                    record_id,
                    at,
                    justification=justification.strip(),
                    version=str(row.version),
                )
            ]
        )
        hops: set[str] = set()
        if row.direction is Direction.IN and RecordState.OPENED in RECORD_STEPS[row.state]:
            work.records.advance(row, to=RecordState.OPENED)
            hops = tell_originator(broker, work, broker.standings.of(work), row, ReceiptStatus.OPENED, at=at)
        work.commit()
    for hop in hops:
        broker.wake(hop)
    return record


def tell_originator(
    broker: Broker,
    work: UnitOfWork,
    standing: Standing,
    row: RecordRow,
    status: ReceiptStatus,
    *,
    at: datetime,
    member: str | None = None,
) -> set[str]:
    """Queue a signed receipt to a received record's originator; return the lanes to wake.

    A record of our own needs none.
    """
    if row.direction is Direction.OUT or row.envelope_id is None:
        return set()
    came = work.inbox.seen([(row.originator, row.envelope_id)])[row.originator, row.envelope_id]
    originator = standing.partner(row.originator)
    statement = Statement(
        receipt_id=new_id(),
        envelope_id=row.envelope_id,
        envelope_digest=came.digest.hex(),
        by=broker.agency,
        to=row.originator,
        status=status,
        at=at,
        record_id=row.record_id,
        member=member,
    )
    raw = issue(statement, broker.keyring.signing(), originator.suite)
    queued = receipt_row(statement, raw, record_id=row.record_id)
    work.receipts.queue([replace(queued, to=originator.lane)])
    return {originator.lane}
