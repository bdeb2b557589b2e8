"""claim → permit again → carry → verify receipt: one pass over one partner's lane.

The lane is claimed with a fencing token and worked outside any transaction: a slow partner holds a claim,
never a lock. Each batch costs one durable commit here: settling it goes on to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.entries import Lane, OutboxEntry, PartnerRow, RecordRow
from hub.envelope.vault import unlock
from hub.errors import HubError, IntegrityFailure, OurFault, PeerFault
from hub.exchange.abreast import abreast
from hub.exchange.broker import Broker, Standing
from hub.exchange.claiming import Claimed, claim, claimed_until, equip, look_ahead, rest
from hub.exchange.custody import waits_for_token
from hub.exchange.numbering import state_numbers
from hub.exchange.passing.reporting import told_on
from hub.exchange.recipients import question_of_row
from hub.exchange.refusing import refusals
from hub.exchange.relying import stage_relying
from hub.exchange.weighing import SUSPENDED, Settled, happened, hold, try_again, weigh
from hub.policy.decision import Deny
from hub.ports import Outcome, Transfer
from hub.records.kinds import Action
from hub.records.lifecycle import EntryState

#: How often it is looked whether an attachment has arrived: every second at first, later more seldom.
_LOOK_FIRST_S: Final = 1.0
_LOOK_LAST_S: Final = 30.0

#: What a partner said of each transfer, or why there was no answer.
Answer = Sequence[Outcome] | PeerFault | OurFault

#: Tells whether an entry's attachments are at the partner; raises what moving them has failed with.
Ready = Callable[[PartnerRow, OutboxEntry], bool]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A claimed batch that was permitted again: what goes to the partner, and what is settled without it.

    Where our own keys cannot be used nothing goes: `stopped` says why, and `waiting` are its entries.
    """

    claimed: Claimed
    settled: Settled = field(default_factory=Settled)
    transfers: Sequence[tuple[OutboxEntry, Transfer]] = ()
    stopped: OurFault | None = None
    waiting: Sequence[OutboxEntry] = ()


def work_lane(
    broker: Broker,
    partner: str,
    *,
    ready: Ready = lambda _partner, _entry: True,
    running: Callable[[], bool] = lambda: True,
    holding: Callable[[Lane], AbstractContextManager[object]] = nullcontext,
    wires: Executor | None = None,
) -> int:
    """Carry everything that is due for one partner; return how many entries it settled.

    One batch is on the wire at a time, in a thread of `wires`. Meanwhile the one before it is settled and the
    next made ready, so that neither side waits for the other's work. Entries whose attachments are not
    `ready` wait. `running` is asked between batches, and the block that `holding` opens keeps the lane's
    claim from running out.
    """
    at = broker.clock.now()
    done = 0
    with broker.store.work() as work:
        lane = work.outbox.claim_lane(partner, at=at, until=claimed_until(broker, at))
        if lane is None:
            return 0
        claimed = claim(broker, work, lane, at=at)
        work.commit()
    with ThreadPoolExecutor(1) if wires is None else nullcontext(wires) as wire:
        under_way: Future[Answer] | None = None
        while claimed.entries:
            with holding(claimed.lane):
                if under_way is None:
                    with broker.store.read() as view:
                        batch = make_ready(broker, equip(broker, view, claimed), ready=ready)
                    under_way = wire.submit(carry, broker, batch)
                with broker.store.read() as view:
                    ahead = make_ready(broker, look_ahead(broker, view, batch.claimed), ready=ready)
                answer = under_way.result()
                standing = broker.standing()
                go_on = running() and not isinstance(answer, HubError)
                # What was made ready under an older standing is asked for again.
                current = standing.generation == ahead.claimed.standing.generation
                start = go_on and current and bool(ahead.claimed.entries)
                under_way = wire.submit(carry, broker, ahead) if start else None
                weigh_all(broker, batch, answer, standing)
                done += len(batch.settled.entries)
                claimed = settle(broker, batch, go_on=go_on, ahead=ahead.claimed if start else None)
                batch = replace(ahead, claimed=claimed)
    return done


def make_ready(broker: Broker, claimed: Claimed, *, ready: Ready) -> Batch:
    """Permit each entry again; return those that pass with their bytes, and the others settled."""
    at = broker.clock.now()
    settled = Settled()
    partner = claimed.standing.partners.get(claimed.lane.partner)
    if partner is None or not partner.active:
        state = "unknown" if partner is None else "suspended"
        for entry in claimed.entries:
            hold(broker, settled, entry, at, f"partner-{state}")
        return Batch(claimed=claimed, settled=settled)
    going = [
        entry
        for entry in permit_again(broker, claimed, settled, at)
        if not entry.attachments or _is_ready(broker, settled, partner.row, entry, ready, at)
    ]
    try:
        transfers = transfers_of(broker, claimed, going, settled, at)
    except OurFault as fault:
        if not waits_for_token(fault):
            raise
        done = {entry.entry_id for entry in settled.entries}
        waiting = [entry for entry in going if entry.entry_id not in done]
        return Batch(claimed=claimed, settled=settled, stopped=fault, waiting=waiting)
    return Batch(claimed=claimed, settled=settled, transfers=transfers)


def carry(broker: Broker, batch: Batch) -> Answer:
    """Carry what goes to the partner; return what it said of each, or why none of it could be carried."""
    if batch.stopped is not None:
        return batch.stopped
    if not batch.transfers:
        return ()
    partner = batch.claimed.standing.partner(batch.claimed.lane.partner)
    try:
        return broker.carrier.carry(partner.row, [transfer for _entry, transfer in batch.transfers])
    except PeerFault as fault:
        return fault


def weigh_all(broker: Broker, batch: Batch, answer: Answer, standing: Standing) -> None:
    """Add to a batch what its entries came to, as partners stand since the answer came."""
    settled = batch.settled
    settled.carried = bool(batch.transfers)
    if isinstance(answer, OurFault):
        settled.failure = answer
        settled.entries += [replace(entry, reason=answer.code) for entry in batch.waiting]
    elif isinstance(answer, PeerFault):
        # The lane rests, not its entries: when the partner is back all of them are due at once.
        settled.failure = answer
        settled.entries += [
            replace(entry, retries=entry.retries + 1, reason=answer.code) for entry, _ in batch.transfers
        ]
    else:
        at = broker.clock.now()
        abreast(
            weigh(broker, batch.claimed.standing, settled, entry, transfer, outcome, at)
            for (entry, transfer), outcome in zip(batch.transfers, answer, strict=True)
        )
    quarantine(broker, batch, standing, broker.clock.now())
    tell_origins(broker, batch.claimed, settled)


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
    # What failed before is still shown; but what the partner lost is lost, and pushed again, only once.
    reason = None if entry.reason == "attachment-missing" else entry.reason
    settled.entries.append(replace(entry, next_at=at + timedelta(seconds=wait_s), reason=reason))
    return False


def transfers_of(
    broker: Broker, claimed: Claimed, going: Sequence[OutboxEntry], settled: Settled, at: datetime
) -> Sequence[tuple[OutboxEntry, Transfer]]:
    """Return the bytes of each entry with its number; hold what does not open any more, past the others."""
    opened = unlocked(broker, claimed, going, settled, at)
    return state_numbers(broker, claimed.standing, opened, kept=claimed.statements, at=at)


def unlocked(
    broker: Broker, claimed: Claimed, going: Sequence[OutboxEntry], settled: Settled, at: datetime
) -> Iterator[tuple[OutboxEntry, Transfer]]:
    """Yield the sealed bytes of each entry; hold what does not open any more."""
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


def settle(broker: Broker, batch: Batch, *, go_on: bool, ahead: Claimed | None) -> Claimed:
    """Store what a batch came to and return the next one, in one durable commit.

    The next is the one `ahead` that is under way already; without it, the next is claimed here.
    """
    at = broker.clock.now()
    settled, lane = batch.settled, batch.claimed.lane
    settled.onward += told_on(broker, batch.claimed, settled.receipts, at=at)
    failures = lane.failures
    if settled.carried:
        failures = 0 if settled.failure is None else failures + 1
    with broker.store.work() as work:
        work.receipts.add(settled.receipts)
        work.receipts.queue(settled.onward)
        ended = work.outbox.settle(lane, settled.entries)
        events = [event for event in settled.events if happened(event, ended)]
        partners = batch.claimed.standing.partners.values()
        stage_relying(broker, work, partners, events, leaves=settled.leaves)
        if go_on and work.outbox.extend_lane(lane, until=claimed_until(broker, at)):
            lane = replace(lane, failures=failures)
            following = claim(broker, work, lane, at=at) if ahead is None else replace(ahead, lane=lane)
        else:
            rest(broker, work, lane, failures=failures, failure=settled.failure, at=at)
            following = replace(batch.claimed, entries=())
        work.commit()
    return following


def quarantine(broker: Broker, batch: Batch, standing: Standing, at: datetime) -> None:
    """Hold what was carried when its partner was suspended, and would be tried again."""
    if standing.generation == batch.claimed.standing.generation:
        return
    settled = batch.settled
    entries, settled.entries = settled.entries, []
    for entry in entries:
        stopped = standing.suspended(entry.recipient) or standing.suspended(entry.lane)
        if stopped and entry.state is EntryState.PENDING:
            hold(broker, settled, entry, at, SUSPENDED)
        else:
            settled.entries.append(entry)


def _consent_ended(claimed: Claimed, row: RecordRow, entry: OutboxEntry, at: datetime) -> bool:
    """Tell whether a passage would go to somebody for the first time whom no consent names any more.

    Its next versions go to those who have it, whatever day has passed.
    """
    passage = claimed.passages.get((row.originator, row.record_id))
    if passage is None or row.version > 1:
        return False
    on = at.astimezone(UTC).date()
    return not claimed.standing.consented(passage.originator, passage.record_id, entry.recipient, on=on)


def _denied(broker: Broker, claimed: Claimed, entry: OutboxEntry, at: datetime) -> str | None:
    """Return why an entry may not go now: agreements and standings change between release and delivery."""
    if entry.body_id not in claimed.bodies:
        return "not-found"
    if claimed.standing.suspended(entry.recipient):
        return SUSPENDED
    if entry.record_id is None or entry.version is None:
        origin = claimed.standing.partners.get(entry.origin or "")
        allowed = origin is not None and origin.active and entry.recipient in origin.row.relay_for
        return None if allowed else "relay-refused"
    row = claimed.rows.get((broker.agency, entry.record_id, entry.version))
    if row is None:
        return "not-found"
    if row.action == Action.WITHDRAWAL.value:
        decision = claimed.standing.recall(entry.recipient)
    elif (passage := claimed.passages.get((row.originator, row.record_id))) is not None and (
        passage.originator == entry.recipient
    ):
        decision = claimed.standing.report(entry.recipient)
    elif _consent_ended(claimed, row, entry, at):
        return "consent-ended"
    else:
        question = question_of_row(row, counterparty=entry.recipient, agency=broker.agency, at=at)
        decision = claimed.standing.permit(question)
    return decision.reasons[0].code if isinstance(decision, Deny) else None
