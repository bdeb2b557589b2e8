"""What a suspension does to what waits: it is held at once, and visibly, not only when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from hub.audit.events import Act
from hub.entries import Body, OutboxEntry
from hub.exchange.broker import Broker
from hub.exchange.refusing import refusals
from hub.ports import View
from hub.records.actor import Actor
from hub.records.lifecycle import EntryState

_AT_ONCE: Final = 200
_REASON: Final = "partner-suspended"


def hold_waiting(broker: Broker, actor: Actor, agency: str, *, via: str | None = None) -> int:
    """Hold all that is pending for an agency, in its lane and in that of its relay; return how many."""
    return sum(_hold_lane(broker, actor, agency, lane) for lane in (agency, via) if lane is not None)


def _hold_lane(broker: Broker, actor: Actor, agency: str, lane: str) -> int:
    """Hold in short transactions: what is carried meanwhile is left to the worker that carries it."""
    after = held = 0
    while True:
        at = broker.clock.now()
        with broker.store.read() as view:
            page = view.outbox.page(after=after, limit=_AT_ONCE, lane=lane, state=EntryState.PENDING)
            if not page:
                return held
            after = page[-1].position
            stopped = _stopped([entry for entry in page if agency in (entry.lane, entry.recipient)])
            told = refusals(
                broker,
                broker.standings.of(view),
                stopped,
                _bodies(view),
                at=at,
            )
        with broker.store.work() as work:
            ended = work.outbox.settle(None, stopped, yielding=True)
            done = [entry for entry in stopped if entry.entry_id not in ended]
            envelopes = {entry.envelope_id for entry in done}
            work.receipts.queue([receipt for receipt in told if receipt.envelope_id in envelopes])
            work.stage(
                broker.event(
                    Act.HELD,
                    actor,
                    entry.envelope_id,
                    at,
                    recipient=entry.recipient,
                    entry=entry.entry_id,
                    code=_REASON,
                )
                for entry in done
            )
            work.commit()
        held += len(done)


def _stopped(entries: Sequence[OutboxEntry]) -> list[OutboxEntry]:
    return [replace(entry, state=EntryState.HELD, reason=_REASON) for entry in entries]


def _bodies(view: View) -> Callable[[str], Body | None]:
    """Return what reads one body at a time: many at once would not fit into memory."""
    return lambda body_id: view.bodies.get_many([body_id]).get(body_id)
