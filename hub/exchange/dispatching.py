"""claim → permit again → carry → verify receipt: one pass over one partner's lane.

The lane is claimed with a fencing token and worked outside any transaction: a slow partner holds a claim,
never a lock. Each batch costs one durable commit here: settling it claims the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hub.entries import Lane, OutboxEntry, PartnerRow
from hub.envelope.vault import unlock
from hub.errors import HubError, IntegrityFailure, PeerFault
from hub.exchange.broker import Broker
from hub.exchange.claiming import Claimed, claim, claimed_until, equip, rest
from hub.exchange.recipients import question_of_row
from hub.exchange.refusing import refusals
from hub.exchange.weighing import Settled, happened, hold, try_again, weigh
from hub.policy.decision import Deny
from hub.ports import Transfer
from hub.records.kinds import Action

#: How often it is looked whether an attachment has arrived: every second at first, later more seldom.
_LOOK_FIRST_S: Final = 1.0
_LOOK_LAST_S: Final = 30.0

#: Tells whether an entry's attachments are at the partner; raises what moving them has failed with.
Ready = Callable[[PartnerRow, OutboxEntry], bool]


def work_lane(
    broker: Broker,
    partner: str,
    *,
    ready: Ready = lambda _partner, _entry: True,
    running: Callable[[], bool] = lambda: True,
    holding: Callable[[Lane], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Carry everything that is due for one partner; return how many entries it settled.

    Entries whose attachments are not `ready` wait. `running` is asked between batches, and the block that
    `holding` opens around each carry keeps the lane's claim from running out.
    """
    at = broker.clock.now()
    done = 0
    with broker.store.work() as work:
        lane = work.outbox.claim_lane(partner, at=at, until=claimed_until(broker, at))
        if lane is None:
            return 0
        claimed = claim(broker, work, lane, at=at)
        work.commit()
    while claimed.entries:
        with holding(claimed.lane):
            with broker.store.read() as view:
                equipped = equip(broker, view, claimed)
            settled = carry(broker, equipped, ready=ready)
            tell_origins(broker, equipped, settled)
        done += len(settled.entries)
        claimed = settle(broker, claimed, settled, go_on=running() and settled.failure is None)
    return done


def carry(broker: Broker, claimed: Claimed, *, ready: Ready) -> Settled:
    """Permit each entry again, hand over those that pass, weigh what came back; no transaction is open."""
    at = broker.clock.now()
    settled = Settled()
    partner = claimed.standing.partners.get(claimed.lane.partner)
    if partner is None or not partner.active:
        state = "unknown" if partner is None else "suspended"
        for entry in claimed.entries:
            hold(broker, settled, entry, at, f"partner-{state}")
        return settled
    going = [
        entry
        for entry in permit_again(broker, claimed, settled, at)
        if not entry.attachments or _is_ready(broker, settled, partner.row, entry, ready, at)
    ]
    transfers = list(transfers_of(broker, claimed, going, settled, at))
    if transfers:
        _hand_over(broker, claimed, partner.row, transfers, settled)
    return settled


def tell_origins(broker: Broker, claimed: Claimed, settled: Settled) -> None:
    """Add a refusal of our own for each relayed entry that stopped here without a word of its recipient."""
    settled.onward += refusals(
        broker,
        claimed.standing,
        settled.entries,
        claimed.bodies.get,
        at=broker.clock.now(),
        answered=settled.onward,
    )


def _is_ready(
    broker: Broker, settled: Settled, partner: PartnerRow, entry: OutboxEntry, ready: Ready, at: datetime
) -> bool:
    """Tell whether an entry can go; else it waits for its attachments, or backs off where they failed."""
    try:
        if ready(partner, entry):
            return True
    except HubError as failure:
        try_again(broker, settled, entry, at, failure.code)
        return False
    age_s = (at - entry.created_at).total_seconds()
    wait_s = min(max(_LOOK_FIRST_S, age_s / 10), _LOOK_LAST_S)
    settled.entries.append(replace(entry, next_at=at + timedelta(seconds=wait_s), reason=None))
    return False


def transfers_of(
    broker: Broker, claimed: Claimed, going: Sequence[OutboxEntry], settled: Settled, at: datetime
) -> Iterator[tuple[OutboxEntry, Transfer]]:
    """Yield the bytes of each entry, one at a time; hold what does not open any more, past the others."""
    for entry in going:
        try:
            sealed = unlock(claimed.bodies[entry.body_id], master_key=broker.keyring.master_key())
        except IntegrityFailure as failure:
            hold(broker, settled, entry, at, failure.code)
        else:
            yield entry, Transfer(sealed=sealed, hops=(*entry.hops, broker.agency))


def permit_again(broker: Broker, claimed: Claimed, settled: Settled, at: datetime) -> Sequence[OutboxEntry]:
    """Return the entries that may still go; hold the others, each with its reason."""
    going: list[OutboxEntry] = []
    for entry in claimed.entries:
        reason = _denied(broker, claimed, entry, at)
        if reason is None:
            going.append(entry)
        else:
            hold(broker, settled, entry, at, reason)
    return going


def _hand_over(
    broker: Broker,
    claimed: Claimed,
    partner: PartnerRow,
    transfers: Sequence[tuple[OutboxEntry, Transfer]],
    settled: Settled,
) -> None:
    settled.carried = True
    try:
        outcomes = broker.carrier.carry(partner, [transfer for _entry, transfer in transfers])
    except PeerFault as fault:
        # The lane rests, not its entries: when the partner is back all of them are due at once.
        settled.failure = fault
        settled.entries += [replace(e, retries=e.retries + 1, reason=fault.code) for e, _ in transfers]
        return
    at = broker.clock.now()
    for (entry, transfer), outcome in zip(transfers, outcomes, strict=True):
        weigh(broker, claimed.standing, settled, entry, transfer, outcome, at)


def settle(broker: Broker, claimed: Claimed, settled: Settled, *, go_on: bool) -> Claimed:
    """Store what a batch came to and claim the next one, in one durable commit."""
    at = broker.clock.now()
    lane = claimed.lane
    failures = lane.failures
    if settled.carried:
        failures = 0 if settled.failure is None else failures + 1
    with broker.store.work() as work:
        work.receipts.add(settled.receipts)
        work.receipts.queue(settled.onward)
        ended = work.outbox.settle(lane, settled.entries)
        work.stage(event for event in settled.events if happened(event, ended))
        if go_on and work.outbox.extend_lane(lane, until=claimed_until(broker, at)):
            following = claim(broker, work, replace(lane, failures=failures), at=at)
        else:
            rest(broker, work, lane, failures=failures, failure=settled.failure, at=at)
            following = replace(claimed, entries=())
        work.commit()
    return following


def _denied(broker: Broker, claimed: Claimed, entry: OutboxEntry, at: datetime) -> str | None:
    """Return why an entry may not go now: agreements and standings change between release and delivery."""
    if entry.body_id not in claimed.bodies:
        return "not-found"
    recipient = claimed.standing.partners.get(entry.recipient)
    if recipient is None or not recipient.active:
        return "partner-suspended"
    if entry.record_id is None or entry.version is None:
        origin = claimed.standing.partners.get(entry.origin or "")
        allowed = origin is not None and origin.active and entry.recipient in origin.row.relay_for
        return None if allowed else "relay-refused"
    row = claimed.rows.get((broker.agency, entry.record_id, entry.version))
    if row is None:
        return "not-found"
    if row.action == Action.WITHDRAWAL.value:
        decision = claimed.standing.recall(entry.recipient)
    else:
        question = question_of_row(row, counterparty=entry.recipient, agency=broker.agency, at=at)
        decision = claimed.standing.permit(question)
    return decision.reasons[0].code if isinstance(decision, Deny) else None
