"""Weigh a parcel again that was refused and kept: agreement, profile or adapter may be another now."""

from __future__ import annotations

from dataclasses import replace

from hub.audit.events import AuditEvent
from hub.audit.justification import justified
from hub.entries import IntakeRow
from hub.envelope.vault import unlock
from hub.errors import HubError, OurFault, Refused
from hub.exchange.broker import Broker
from hub.exchange.hubless.admitting import admit, refused, store
from hub.exchange.hubless.pinning import find_profile
from hub.exchange.switch import refuse_suspended
from hub.policy.decision import require
from hub.policy.four_eyes import may_operate
from hub.ports import Parcel
from hub.records.actor import Actor


def retry_parcel(broker: Broker, actor: Actor, agency: str, parcel_id: str, *, why: str) -> IntakeRow:
    """Weigh the newest refused parcel of an id again, as if its bytes had come now; return what came of it.

    The partner has its refusal, which no carrier takes back: tell it otherwise. Where it sends the same bytes
    again, it is told that they are taken. Raises Refused `justification-missing`, `role-missing`,
    `partner-unknown`, `partner-suspended`, `not-found` where none is kept, and why it is refused again,
    once that is committed to the log.
    """
    require(may_operate(actor))
    reason, at = justified(why), broker.clock.now()
    with broker.store.read() as view:
        standing, partner = broker.standings.of(view), find_profile(view, agency)
        refuse_suspended(standing, agency)
        rows = [row for row in view.hubless.intakes_by_id(agency, parcel_id) if not row.taken]
        kept = view.bodies.get_many([row.body_id for row in rows])
    before = next((row for row in reversed(rows) if row.body_id in kept), None)
    if before is None:
        raise Refused("not-found", f"No refused parcel {parcel_id} of {agency} is kept.")
    content = unlock(kept[before.body_id], master_key=broker.keyring.master_key())
    parcel, failed = Parcel(parcel_id=parcel_id, content=content), None
    try:
        admitted = admit(broker, standing, partner, parcel, at, came_at=before.received_at)
    except OurFault:
        raise
    except HubError as error:
        admitted, failed = refused(broker, partner, parcel, error, at), error
    anew = admitted.intake.body_id  # its bytes are kept already, under the id of before
    admitted = replace(
        admitted,
        bodies=tuple(body for body in admitted.bodies if body.body_id != anew),
        events=tuple(_by(actor, reason, event) for event in admitted.events),
    )
    with broker.store.work() as work:
        refuse_suspended(broker.standings.of(work), agency)
        if not work.hubless.reconsider_intake(before, admitted.intake):
            raise Refused("conflict", "Somebody else weighed this parcel again just now; look at it.")
        store(broker, work, admitted)
        work.commit()
    if failed is not None:
        raise failed
    return replace(admitted.intake, body_id=before.body_id, received_at=before.received_at)


def _by(actor: Actor, reason: str, event: AuditEvent) -> AuditEvent:
    """Return an entry as of a person who had a parcel weighed again."""
    details = {**event.details, "again": "parcel-retry"}
    return replace(event, actor=actor, justification=reason, details=details)
