"""What people and time do to the queue: expire, resume, drop, and show what happened to a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import (
    Body,
    Delivery,
    Direction,
    EntryCount,
    InboxEntry,
    OutboxEntry,
    ReceiptRow,
    RecordRow,
    Release,
)
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u
from hub.envelope.manifest import Approval
from hub.errors import OurFault, Refused
from hub.exchange.approving import opened
from hub.exchange.attachments import secrets_for
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row, read_content
from hub.exchange.custody import waits_for_token
from hub.exchange.enveloping import envelop, translate
from hub.exchange.hubless.renewing import queue_again
from hub.exchange.refusing import refusals
from hub.exchange.switch import refuse_suspended
from hub.exchange.weighing import KEPT
from hub.policy.decision import require
from hub.policy.four_eyes import may_operate
from hub.ports import View
from hub.records.actor import Actor
from hub.records.lifecycle import ENTRY_STEPS, EntryState, step

_EXPIRE_AT_ONCE = 200
_STOPPED = frozenset({EntryState.HELD, EntryState.DEAD})


def expire(broker: Broker) -> int:
    """Give up entries whose time to live has passed, visibly; return how many.

    Of one that is relayed its origin is told with our signature: it waits while our token is away.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        passed = view.outbox.expired(at, _EXPIRE_AT_ONCE)
        dead = [replace(e, state=EntryState.DEAD, reason="time-to-live-passed") for e in passed]
        try:
            told = refusals(broker, broker.standings.of(view), dead, _bodies(view), at=at)
        except OurFault as fault:
            if not waits_for_token(fault):
                raise
            passed, told = [e for e in passed if e.origin is None], ()
    if not passed:
        return 0
    with broker.store.work() as work:
        current = [e for p in passed if (e := work.outbox.get(p.entry_id)) and e.state is p.state]
        work.outbox.settle(None, [_ended(e, "time-to-live-passed") for e in current])
        ended = {e.envelope_id for e in current}
        work.receipts.queue([receipt for receipt in told if receipt.envelope_id in ended])
        work.stage(
            broker.event(
                Act.DIED,
                broker.itself,
                e.envelope_id,
                at,
                entry=e.entry_id,
                recipient=e.recipient,
                code="time-to-live-passed",
            )
            for e in current
        )
        work.commit()
    return len(current)


def forget_replays(broker: Broker) -> int:
    """Forget the answers kept under idempotency keys whose life has passed; return how many."""
    before = broker.clock.now() - timedelta(seconds=broker.limits.idempotency_life_s)
    with broker.store.work() as work:
        forgotten = work.replays.forget_before(before)
        work.commit()
    return forgotten


def forget_messages(broker: Broker) -> int:
    """Forget messages whose life has passed; return how many. What they led to is logged, and stays."""
    with broker.store.work() as work:
        forgotten = work.messages.forget_expired(broker.clock.now())
        work.commit()
    return forgotten


def resume(broker: Broker, actor: Actor, entry_id: str) -> OutboxEntry:
    """Put a held, refused or dead entry back in its lane; the same sealed bytes go out.

    Raises Refused `role-missing`, `transition-invalid`, `partner-suspended`, as it would only be held again,
    and the code by which a policy keeps it from its recipient (`hub.exchange.delivering`).
    """
    require(may_operate(actor))
    with broker.store.read() as view:
        entry = _find(view.outbox.get(entry_id), entry_id)
    if entry.reason in KEPT and entry.state in _STOPPED:
        raise Refused(
            entry.reason,
            f"The policy of this hub keeps it from {entry.recipient}; who may release it there lets it go: "
            f"`hub record deliver {entry.record_id} --to {entry.recipient}`.",
        )
    return take_up(broker, actor, entry_id)


def take_up(
    broker: Broker,
    actor: Actor,
    entry_id: str,
    *,
    justification: str | None = None,
    told: Mapping[str, str] = MappingProxyType({}),
) -> OutboxEntry:
    """Put an entry back in its lane for whoever may decide that; `told` is what its event says beside.

    Where the time to live has passed the recipient would refuse those bytes: a new envelope with a new life
    is sealed for it instead, under the release that was given, and the old entry stays dead.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        entry = _find(view.outbox.get(entry_id), entry_id)
        refuse_suspended(broker.standings.of(view), entry.recipient, entry.lane)
        parcel = view.hubless.parcel(entry.envelope_id)
    if entry.expires_at <= at and parcel is not None:
        return queue_again(broker, actor, entry, at, justification=justification)
    if entry.expires_at <= at:
        return _seal_anew(broker, actor, entry, at, justification=justification)
    with broker.store.work() as work:
        entry = _find(work.outbox.get(entry_id), entry_id)
        step(ENTRY_STEPS, entry.state, EntryState.PENDING)
        resumed = replace(entry, state=EntryState.PENDING, attempts=0, next_at=at, reason=None)
        work.outbox.settle(None, [resumed])
        said = {"entry": entry_id, "was": entry.state.value, **told}
        work.stage(
            [broker.event(Act.RESUMED, actor, entry.envelope_id, at, justification=justification, **said)]
        )
        work.commit()
    broker.wake(entry.lane)
    return resumed


def _seal_anew(
    broker: Broker, actor: Actor, entry: OutboxEntry, at: datetime, *, justification: str | None
) -> OutboxEntry:
    """Seal a released version again for one recipient whose envelope's life has ended.

    Raises Refused `transition-invalid` for what we only relayed, or what is accepted or sealed anew already.
    """
    if entry.record_id is None or entry.version is None:
        raise Refused("transition-invalid", "Its time to live has passed; only its originator can renew it.")
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, entry.record_id, entry.version)
        release = next(r for r in view.records.releases(entry.record_id) if r.version == entry.version)
        given = opened(broker, view, row)
        record = read_content(broker, view, row)
        secrets = secrets_for(view, broker, record)
    document = translate(record)
    (sealed,) = envelop(
        broker,
        standing,
        row,
        document,
        canonical(document),
        recipients=[entry.recipient],
        # A rule's release, and one of before approvals were kept, has none.
        approvals=lambda agencies: (
            tuple(one.shown_to(agencies) for one in given)
            or (Approval(by=release.approver, at=release.at, digest=b64u(release.digest)),)
        ),
        secrets=secrets,
        at=at,
    )
    (renewed,) = sealed.entries
    with broker.store.work() as work:
        work.records.held_state(row)  # who seals it anew meanwhile is waited for, and read
        siblings = [
            e
            for e in work.outbox.of_record(entry.record_id)
            if (e.recipient, e.version) == (entry.recipient, entry.version)
        ]
        if any(e.expires_at > at or e.state is EntryState.ACCEPTED for e in siblings):
            raise Refused("transition-invalid", "It was accepted, or sealed anew, already.")
        work.bodies.add([sealed.body])
        work.outbox.queue([renewed])
        work.stage(
            [
                broker.event(
                    Act.RESUMED,
                    actor,
                    entry.envelope_id,
                    at,
                    justification=justification,
                    entry=renewed.entry_id,
                    recipient=entry.recipient,
                    was=entry.state.value,
                    envelope=renewed.envelope_id,
                    envelope_digest=sealed.digest.hex(),
                    record=entry.record_id,
                )
            ]
        )
        work.commit()
    broker.wake(renewed.lane)
    return renewed


def drop(broker: Broker, actor: Actor, entry_id: str, *, reason: str) -> OutboxEntry:
    """Give an entry up by a person's decision; it stays visible as dead and can be resumed."""
    require(may_operate(actor))
    why, at = justified(reason), broker.clock.now()
    with broker.store.read() as view:
        seen = _find(view.outbox.get(entry_id), entry_id)
        dead = replace(seen, state=EntryState.DEAD, reason="dropped")
        told = refusals(broker, broker.standings.of(view), [dead], _bodies(view), at=at)
    with broker.store.work() as work:
        entry = _find(work.outbox.get(entry_id), entry_id)
        step(ENTRY_STEPS, entry.state, EntryState.DEAD)
        dropped = _ended(entry, "dropped")
        work.outbox.settle(None, [dropped])
        work.receipts.queue(told)
        work.stage(
            [
                broker.event(
                    Act.DIED,
                    actor,
                    entry.envelope_id,
                    at,
                    justification=why,
                    entry=entry_id,
                    recipient=entry.recipient,
                    code="dropped",
                )
            ]
        )
        work.commit()
    return dropped


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A record's whole life at this hub; everything but content."""

    versions: tuple[RecordRow, ...]
    releases: tuple[Release, ...]
    entries: tuple[OutboxEntry, ...]
    receipts: tuple[ReceiptRow, ...]
    deliveries: tuple[Delivery, ...]
    inbox: tuple[InboxEntry, ...]


def trace(broker: Broker, record_id: str, *, originator: str | None = None) -> Trace:
    """Return what happened to a record; raise Refused `not-found`, or `conflict` as `find_row` does."""
    with broker.store.read() as view:
        row = find_row(view, record_id, originator=originator)
        ours = row.direction is Direction.OUT
        versions = tuple(view.records.versions(record_id, originator=row.originator))
        keys = [
            (v.originator, v.envelope_id)
            for v in versions
            if v.direction is Direction.IN and v.envelope_id is not None
        ]
        return Trace(
            versions=versions,
            releases=tuple(view.records.releases(record_id)) if ours else (),
            entries=tuple(view.outbox.of_record(record_id)) if ours else (),
            receipts=tuple(
                r for r in view.receipts.of_record(record_id) if (r.by == broker.agency) is not ours
            ),
            deliveries=tuple(
                one
                for one in (*view.deliveries.of_record(record_id), *view.deliveries.held_back(record_id))
                if one.originator == row.originator
            ),
            inbox=tuple(view.inbox.seen(keys).values()) if keys else (),
        )


def counts(broker: Broker) -> Mapping[str, Sequence[EntryCount]]:
    """Return how many entries are in each state, partner by partner."""
    with broker.store.read() as view:
        found: dict[str, list[EntryCount]] = {}
        for count in view.outbox.counts():
            found.setdefault(count.lane, []).append(count)
    return found


def _bodies(view: View) -> Callable[[str], Body | None]:
    """Return what reads one body at a time: many at once would not fit into memory."""
    return lambda body_id: view.bodies.get_many([body_id]).get(body_id)


def _ended(entry: OutboxEntry, reason: str) -> OutboxEntry:
    """Return an entry that is given up; what a policy kept from its recipient stays kept from it."""
    kept = entry.state in _STOPPED and entry.reason in KEPT
    return replace(entry, state=EntryState.DEAD, reason=entry.reason if kept else reason)


def _find(entry: OutboxEntry | None, entry_id: str) -> OutboxEntry:
    if entry is None:
        raise Refused("not-found", f"There is no queue entry {entry_id}.")
    return entry
