"""Give up a parcel that was refused and kept: its bytes lose their key, what was said of it stays."""

from __future__ import annotations

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import IntakeRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.policy.decision import require
from hub.policy.four_eyes import may_operate
from hub.records.actor import Actor


def discard_parcels(
    broker: Broker, actor: Actor, agency: str, parcel_id: str, *, why: str
) -> list[IntakeRow]:
    """Destroy what is kept of the refused parcels that came from a partner under an id.

    They stay listed, and come again to the same refusal. Raises Refused `justification-missing`,
    `role-missing`, and `not-found` where none is kept.
    """
    require(may_operate(actor))
    reason, at = justified(why), broker.clock.now()
    with broker.store.work() as work:
        rows = [row for row in work.hubless.intakes_by_id(agency, parcel_id) if not row.taken]
        kept = work.bodies.get_many([row.body_id for row in rows])
        found = [row for row in rows if row.body_id in kept]
        if not found:
            raise Refused("not-found", f"No refused parcel {parcel_id} of {agency} is kept.")
        for row in found:
            work.bodies.erase(row.body_id)
        told = {"what": "parcel", "parcel": parcel_id, "parcels": str(len(found))}
        work.stage([broker.event(Act.ERASED, actor, agency, at, justification=reason, **told)])
        work.commit()
    return found
