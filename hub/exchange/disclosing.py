"""disclose: content of deliveries to their member, as the rules of this moment permit, and logged first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, Delivery, RecordRow
from hub.errors import Refused
from hub.exchange.access import Compartments, confined, permit_collecting
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import open_content
from hub.exchange.drafting import basis
from hub.exchange.recipients import permit_member
from hub.exchange.showing import let_out
from hub.policy.decision import Deny, Reason
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.lifecycle import RecordState
from hub.records.record import Record


@dataclass(frozen=True, kw_only=True)
class Collected:
    """One delivery with its record's content, as a member's system gets it.

    `withheld` says why the rules of this moment keep the content back.
    """

    delivery: Delivery
    row: RecordRow
    record: Record | None
    withheld: tuple[Reason, ...] = ()


def disclose(
    broker: Broker,
    member: str,
    deliveries: Sequence[Delivery],
    *,
    told: Mapping[str, Mapping[str, str]] | None = None,
) -> Sequence[Collected]:
    """Return a member's deliveries with their content, as many of the first as one answer takes.

    Each is permitted again: what the member may not have now, and what was withdrawn or erased meanwhile,
    comes with no more than its kind and state. Disclosures, and what was withheld, are logged before content
    leaves; `told` is what an entry says beside, by delivery. What is erased while it is opened makes all of
    it a Refused `conflict`. It holds no more bytes than a batch, and at least one delivery.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        rows = view.records.get_many([record_of(delivery) for delivery in deliveries])
        pairs = [(delivery, rows[record_of(delivery)]) for delivery in deliveries]
        pairs = pairs[: _how_many_fit(view, [row for _delivery, row in pairs], broker.limits.batch_max_bytes)]
        bodies = view.bodies.get_many([row.body_id for _delivery, row in pairs])
        groups = confined(view, [row.record_id for _delivery, row in pairs])
    found = [_collected(broker, standing, delivery, row, bodies, groups, at) for delivery, row in pairs]
    if telling := [one for one in found if one.record is not None or one.withheld]:
        events = [
            _logged(broker, member, one, at, (told or {}).get(one.delivery.delivery_id, {}))
            for one in telling
        ]
        with broker.store.work() as work:
            shown = [one for one in telling if one.record is not None]
            _refuse_erased(work, shown)
            let_out(work, shown, events)
    return found


def record_of(delivery: Delivery) -> tuple[str, str, int]:
    """Return which version of which record a delivery is of."""
    return delivery.originator, delivery.record_id, delivery.version


def _refuse_erased(work: UnitOfWork, shown: Sequence[Collected]) -> None:
    """Raise Refused `conflict` when a record was erased since it was opened: its digest is then gone too."""
    now = work.records.get_many([record_of(one.delivery) for one in shown]) if shown else {}
    if any(now[record_of(one.delivery)].digest != one.row.digest for one in shown):
        raise Refused("conflict", "A record was erased while it was opened; ask again.")


def _how_many_fit(view: View, rows: Sequence[RecordRow], max_bytes: int) -> int:
    """Return how many of the first records one answer takes, at least one: memory is bounded by bytes."""
    sizes = view.bodies.sizes([row.body_id for row in rows])
    fit = bisect_right(list(accumulate(sizes.get(row.body_id, 0) for row in rows)), max_bytes)
    return max(1, fit)


def _collected(
    broker: Broker,
    standing: Standing,
    delivery: Delivery,
    row: RecordRow,
    bodies: Mapping[str, Body],
    groups: Compartments,
    at: datetime,
) -> Collected:
    decision = permit_member(standing, row, delivery.member, agency=broker.agency, at=at)
    if not isinstance(decision, Deny):
        system = _system(delivery.member)
        decision = permit_collecting(broker, standing, row, system, compartments=groups)
    if isinstance(decision, Deny):
        return Collected(delivery=delivery, row=row, record=None, withheld=decision.reasons)
    body = None if row.state is RecordState.WITHDRAWN else bodies.get(row.body_id)
    record = None if body is None else open_content(broker, row, body)
    return Collected(delivery=delivery, row=row, record=record)


def _system(member: str) -> Actor:
    return Actor(kind=ActorKind.SYSTEM, id=member, agency=member)


def _logged(
    broker: Broker, member: str, one: Collected, at: datetime, beside: Mapping[str, str]
) -> AuditEvent:
    actor = _system(member)
    told = {"version": str(one.row.version), "delivery": one.delivery.delivery_id, **beside}
    if one.withheld:
        return broker.event(Act.WITHHELD, actor, one.row.record_id, at, code=one.withheld[0].code, **told)
    return broker.event(
        Act.DISCLOSED,
        actor,
        one.row.record_id,
        at,
        justification=basis(one.row),
        recipients=member,
        **told,
    )
