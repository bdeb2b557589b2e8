"""claim → permit again → push: one pass over the lane of a partner without a hub.

What was pushed waits as carried until the partner's receipt comes (`confirming`); where its carrier never
brings any, it is unconfirmed, and that is all that will be known. What is cut off between the push and the
commit is pushed again: the same bytes under the same id, which changes nothing at the other end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from hub.audit.events import Act
from hub.entries import Lane, OutboxEntry, ProfileRow, changed
from hub.errors import HubError, OurFault, PeerFault
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker
from hub.exchange.claiming import Claimed, claim, claimed_until, equip
from hub.exchange.dispatching import Batch, permit_again, quarantine, settle, unlocked
from hub.exchange.weighing import Settled, entry_event, hold
from hub.ports import Parcel, Transfer
from hub.records.lifecycle import EntryState


def work_parcels(
    broker: Broker,
    agency: str,
    *,
    running: Callable[[], bool] = lambda: True,
    holding: Callable[[Lane], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Push everything that is due for one partner; return how many entries it settled."""
    at = broker.clock.now()
    with broker.store.work() as work:
        lane = work.outbox.claim_lane(agency, at=at, until=claimed_until(broker, at))
        if lane is None:
            return 0
        claimed = claim(broker, work, lane, at=at)
        work.commit()
    done = 0
    while claimed.entries:
        with holding(claimed.lane):
            with broker.store.read() as view:
                claimed = equip(broker, view, claimed)
            batch = Batch(claimed=claimed)
            _push_all(broker, batch, running)
            quarantine(broker, batch, broker.standing(), broker.clock.now())
            done += len(batch.settled.entries)
            go_on = running() and batch.settled.failure is None
            claimed = settle(broker, batch, go_on=go_on, ahead=None)
    return done


def _push_all(broker: Broker, batch: Batch, running: Callable[[], bool]) -> None:
    claimed, settled = batch.claimed, batch.settled
    partner = claimed.standing.hubless.get(claimed.lane.partner)
    going = _going(broker, claimed, settled)
    if partner is None:
        return
    settled.carried = bool(going)
    for entry, transfer in going:
        if not running():
            return
        if settled.failure is not None:
            # The lane rests, not its entries: when the carrier works again all of them are due at once.
            settled.entries.append(replace(entry, reason=settled.failure.code))
            continue
        _push(broker, settled, partner, entry, transfer)


def _going(broker: Broker, claimed: Claimed, settled: Settled) -> Sequence[tuple[OutboxEntry, Transfer]]:
    at = broker.clock.now()
    return list(unlocked(broker, claimed, permit_again(broker, claimed, settled, at), settled, at))


def _push(
    broker: Broker, settled: Settled, partner: ProfileRow, entry: OutboxEntry, transfer: Transfer
) -> None:
    try:
        broker.adapting.push(partner, Parcel(parcel_id=entry.envelope_id, content=transfer.sealed))
    except (PeerFault, OurFault) as fault:
        if fault.code not in TEMPORARY:
            hold(broker, settled, entry, broker.clock.now(), fault.code)
            return
        settled.failure = fault
        settled.entries.append(replace(entry, retries=entry.retries + 1, reason=fault.code))
    except HubError as error:
        # Other bytes have its id there, or its profile cannot be composed: a person decides.
        hold(broker, settled, entry, broker.clock.now(), error.code)
    else:
        state = EntryState.CARRIED if partner.receipts else EntryState.UNCONFIRMED
        at = broker.clock.now()
        settled.entries.append(changed(entry, state=state, reason=None, next_at=at))
        settled.events.append(entry_event(broker, Act.CARRIED, entry, at, via=partner.carrier))
