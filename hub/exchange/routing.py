"""route to members → opened → answered: from the hub to the people and systems it serves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import Delivery, Direction, PartnerStatus, ReceiptRow, RecordRow
from hub.errors import Refused
from hub.exchange.access import Said, refuse_access, refuse_passed
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import find_row, read_content
from hub.exchange.disclosing import Collected, disclose, record_of
from hub.exchange.recipients import permit_showing
from hub.exchange.showing import let_out
from hub.exchange.stating import Told, state_all
from hub.policy.access import Doing
from hub.policy.decision import Deny
from hub.policy.four_eyes import may
from hub.ports import View
from hub.records.actor import Actor, Role
from hub.records.ids import new_id
from hub.records.kinds import Action, Kind, Purpose
from hub.records.lifecycle import (
    DELIVERY_STEPS,
    RECORD_STEPS,
    DeliveryState,
    ReceiptStatus,
    RecordState,
    step,
)
from hub.records.record import Record

_RECEIPT_OF: Final = {
    DeliveryState.DELIVERED: ReceiptStatus.DELIVERED,
    DeliveryState.OPENED: ReceiptStatus.OPENED,
    DeliveryState.ACTIONED: ReceiptStatus.ACTIONED,
}

#: Tells of a kind whether the caller's token covers it.
Covered = Callable[[str], bool]


def everything(_kind: str) -> bool:
    """Cover every kind."""
    return True


def route(
    standing: Standing, row: RecordRow, *, agency: str, at: datetime, holders: Collection[str] = ()
) -> tuple[Delivery, ...]:
    """Return the deliveries of a received record: members that collect its kind and may have it.

    The originator's label and the agreement with the member decide; what no member may have stays with
    the hub's own officers. `holders` are the members that got an earlier version: a withdrawal reaches them
    whatever agreement has ended, and of the others those alone that may have the record.
    """
    if row.kind == Kind.PASSAGE.value:
        return ()  # what it holds is delivered as its originator's
    deliveries = []
    for member in standing.members.values():
        if member.status is not PartnerStatus.ACTIVE:
            continue
        recalled = row.action == Action.WITHDRAWAL.value and member.agency in holders
        if not recalled:
            if not collects(member.scopes, row.kind):
                continue
            if isinstance(permit_showing(standing, row, member.agency, agency=agency, at=at), Deny):
                continue
        deliveries.append(delivery_of(row, member=member.agency, at=at))
    return tuple(deliveries)


def delivery_of(row: RecordRow, *, member: str, at: datetime) -> Delivery:
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
        envelope_id=row.envelope_id,
    )


def collects(scopes: Sequence[str], kind: str) -> bool:
    """Tell whether a member's scopes let it collect a kind."""
    return "collect:*" in scopes or f"collect:{kind}" in scopes


def collect(
    broker: Broker, member: str, *, after: int, limit: int, covered: Covered = everything
) -> Sequence[Collected]:
    """Return a member's deliveries above a position with their content, lowest first.

    `covered` tells which kinds the caller's token may collect; others stay for another token. A page may be
    shorter than `limit`: it holds no more bytes than a batch; the last is the one without any.
    """
    kinds = [kind.value for kind in Kind if covered(kind.value)]
    with broker.store.read() as view:
        page = view.deliveries.page(
            member, after=after, limit=limit, kinds=None if len(kinds) == len(Kind) else kinds
        )
    return disclose(broker, member, page)


def acknowledge(
    broker: Broker,
    actor: Actor,
    delivery_ids: Sequence[str],
    status: DeliveryState,
    *,
    covered: Covered = everything,
) -> Sequence[Delivery]:
    """Note what a member did with deliveries, and tell each originator by a signed receipt.

    A repeat changes nothing. Raises Refused `not-found` for a delivery of another member, `scope-missing`
    for a kind that is not covered.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        # In one order for all, so that no two requests wait for one another.
        deliveries = [_own(view, actor, name, covered) for name in sorted(set(delivery_ids))]
        fresh = [delivery for delivery in deliveries if delivery.state is not status]
        rows = view.records.get_many([record_of(delivery) for delivery in fresh])
        told = [Told(row=rows[record_of(delivery)], member=delivery.member) for delivery in fresh]
        receipts = state_all(broker, view, standing, told, _RECEIPT_OF[status], at=at)
    changed: list[Delivery] = []
    queued: list[ReceiptRow] = []
    with broker.store.work() as work:
        for delivery, receipt in zip(fresh, receipts, strict=True):
            now = work.deliveries.get(delivery.delivery_id) or delivery
            if now.state is status:
                continue
            step(DELIVERY_STEPS, now.state, status)
            work.deliveries.advance(delivery.delivery_id, to=status)
            changed.append(delivery)
            queued += [receipt] if receipt is not None else []
        work.receipts.queue(queued)
        work.stage(
            broker.event(
                Act.DELIVERED,
                actor,
                delivery.record_id,
                at,
                status=status.value,
                delivery=delivery.delivery_id,
                version=str(delivery.version),
            )
            for delivery in changed
        )
        work.commit()
    for lane in {receipt.to for receipt in queued}:
        broker.wake(lane)
    return changed


def _own(view: View, actor: Actor, delivery_id: str, covered: Covered) -> Delivery:
    delivery = view.deliveries.get(delivery_id)
    if delivery is None or delivery.member != actor.agency:
        raise Refused("not-found", f"There is no delivery {delivery_id} for {actor.agency}.")
    if not covered(delivery.kind):
        raise Refused("scope-missing", f"The token's scopes do not include collect:{delivery.kind}.")
    return delivery


def read_record(
    broker: Broker,
    actor: Actor,
    record_id: str,
    version: int | None = None,
    *,
    justification: str | None,
    purpose: Purpose | None = None,
    originator: str | None = None,
) -> Record:
    """Return a record's content to an officer; the read is logged, with its reason, before content leaves.

    `purpose` is what the officer states to read it for, where a policy asks for that. The first opening of a
    received record advances it to OPENED and tells the originator. Raises Refused `role-missing`,
    `justification-missing`, `clearance-missing`, `policy-forbids` and what else the rules answer,
    `not-found`, `content-erased`, `conflict` for what was revised or erased while it was opened, and for an
    id that several originators sent.
    """
    decision = may(actor, Role.READER)
    if isinstance(decision, Deny):
        raise Refused("role-missing", decision.reasons[0].sentence)
    why = justified(justification)
    said = Said(justification=why, purpose=purpose)
    at = broker.clock.now()
    with broker.store.read() as view:
        row = find_row(view, record_id, version, originator=originator)
        refuse_access(broker, view, row, actor, Doing.READ, said=said)
        record = read_content(broker, view, row)
        refuse_passed(broker, view, record, actor, Doing.READ, said=said)
        told = [Told(row=row)] if _opens(row) else []
        receipts = state_all(broker, view, broker.standings.of(view), told, ReceiptStatus.OPENED, at=at)
    queued: list[ReceiptRow] = []
    with broker.store.work() as work:
        now = find_row(work, record_id, row.version, originator=row.originator)
        if now.body_id != row.body_id or not work.bodies.get_many([now.body_id]):
            raise Refused("conflict", "The record was changed while it was opened; read it again.")
        refuse_access(broker, work, now, actor, Doing.READ, said=said)
        refuse_passed(broker, work, record, actor, Doing.READ, said=said)
        if _opens(now):
            work.records.advance(now, to=RecordState.OPENED)
            queued = [receipt for receipt in receipts if receipt is not None]
            work.receipts.queue(queued)
        told_of = {"version": str(row.version)} | ({"purpose": purpose.value} if purpose else {})
        event = broker.event(Act.CONSULTED, actor, record_id, at, justification=why, **told_of)
        (shown,) = let_out(work, [record], [event])
    for receipt in queued:
        broker.wake(receipt.to)
    return shown


def _opens(row: RecordRow) -> bool:
    """Tell whether a reading would be the first opening of a received record."""
    return row.direction is Direction.IN and RecordState.OPENED in RECORD_STEPS[row.state]
