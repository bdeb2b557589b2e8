"""A parcel whose time to live has passed goes out again: the same bytes under the same id, a new life."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hub.audit.events import Act
from hub.entries import OutboxEntry
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.records.actor import Actor
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState

_MOVING = frozenset({EntryState.PENDING, EntryState.CARRIED, EntryState.ACCEPTED})


def queue_again(
    broker: Broker, actor: Actor, entry: OutboxEntry, at: datetime, *, justification: str | None = None
) -> OutboxEntry:
    """Queue a parcel anew, beside the entry that is over; nothing is sealed again, for it names no end.

    Raises Refused `transition-invalid` where it is on its way, or was accepted, already.
    """
    renewed = replace(
        entry,
        entry_id=new_id(),
        state=EntryState.PENDING,
        created_at=at,
        next_at=at,
        expires_at=at + timedelta(seconds=broker.limits.time_to_live_s),
        attempts=0,
        retries=0,
        reason=None,
        number=None,
        position=0,
    )
    with broker.store.work() as work:
        if entry.record_id is not None:  # who queues it anew meanwhile is waited for, and read
            work.records.held_state(find_row(work, entry.record_id, entry.version))
        if any(
            one.state in _MOVING and one.entry_id != entry.entry_id
            for one in work.outbox.of_envelope(entry.envelope_id)
        ):
            raise Refused("transition-invalid", "It is on its way, or was accepted, already.")
        work.outbox.queue([renewed])
        told = {"entry": renewed.entry_id, "recipient": entry.recipient, "was": entry.state.value}
        work.stage(
            [broker.event(Act.RESUMED, actor, entry.envelope_id, at, justification=justification, **told)]
        )
        work.commit()
    broker.wake(renewed.lane)
    return renewed
