"""The audit entry of each step that a key took."""

from __future__ import annotations

from hub.audit.events import Act
from hub.exchange.broker import Broker
from hub.ports import Custody
from hub.records.actor import Actor
from hub.records.times import as_text


def log_steps(broker: Broker, custody: Custody, actor: Actor) -> int:
    """Stage the entry of each step that the audit log does not have yet; return how many there were."""
    steps = [key for key in custody.inventory() if not key.logged]
    if not steps:
        return 0
    at = broker.clock.now()
    with broker.store.work() as work:
        work.stage(
            broker.event(
                Act.KEY_CHANGED,
                actor,
                broker.agency,
                at,
                justification=key.why,
                step=f"key-{key.state}",
                purpose=key.purpose,
                key=key.key_id,
                since=as_text(key.since),
                **({} if key.kid is None else {"kid": key.kid}),
            )
            for key in steps
        )
        work.commit()
    custody.note_logged(steps)  # as they were logged: one may have taken another step meanwhile
    return len(steps)
