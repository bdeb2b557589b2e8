"""claim: the next batch of a partner's lane, bounded in entries and in bytes, with what carrying it takes.

Under the lock of the transaction that claims it only queue rows are read; bodies and records come after.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

from hub.entries import Body, Lane, OutboxEntry, PassageRow, Priority, RecordRow
from hub.errors import HubError, PeerFault
from hub.exchange.backoff import breaker_until
from hub.exchange.broker import Broker, Standing
from hub.ports import UnitOfWork, View
from hub.records.kinds import Kind

#: Parts of a batch each priority is sure of; what one does not use the others take, flash first.
SHARES: Final[Mapping[Priority, float]] = {
    Priority.FLASH: 0.6,
    Priority.URGENT: 0.3,
    Priority.ROUTINE: 0.1,
}

_RANDOM: Final = random.SystemRandom()


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A claimed lane and a batch of its due entries; `bodies` and `rows` are there once it was equipped."""

    lane: Lane
    entries: tuple[OutboxEntry, ...]
    standing: Standing
    bodies: Mapping[str, Body] = field(default_factory=dict, repr=False)
    rows: Mapping[tuple[str, str, int], RecordRow] = field(default_factory=dict, repr=False)
    passages: Mapping[tuple[str, str], PassageRow] = field(default_factory=dict, repr=False)
    statements: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def claim(broker: Broker, work: UnitOfWork, lane: Lane, *, at: datetime) -> Claimed:
    """Return the next due entries of a claimed lane; give the lane back when there are none."""
    claimed = _next(broker, work, lane, broker.standings.of(work), broker.limits.batch_max_envelopes, at)
    if not claimed.entries:
        work.outbox.release_lane(lane, failures=lane.failures, open_until=None)
    return claimed


def look_ahead(broker: Broker, view: View, under_way: Claimed) -> Claimed:
    """Return the entries that are due after a batch that is under way; no conversation is in both."""
    size, at = broker.limits.batch_max_envelopes, broker.clock.now()
    besides = frozenset(entry.position for entry in under_way.entries)
    standing = broker.standings.of(view)
    return equip(broker, view, _next(broker, view, under_way.lane, standing, size, at, besides=besides))


def claim_for_mailbox(
    broker: Broker,
    view: View,
    standing: Standing,
    partner: str,
    *,
    size: int,
    due: datetime | None = None,
    besides: Collection[int] = (),
) -> Claimed:
    """Return the next due entries of a partner that fetches them itself; its lane stays unclaimed.

    They are those that are `due` now, or then; positions in `besides` are left out.
    """
    lane, at = view.outbox.lane(partner), due or broker.clock.now()
    return equip(broker, view, _next(broker, view, lane, standing, size, at, besides=besides))


def _next(
    broker: Broker,
    view: View,
    lane: Lane,
    standing: Standing,
    size: int,
    at: datetime,
    *,
    besides: Collection[int] = (),
) -> Claimed:
    entries = view.outbox.claim(
        lane, at=at, shares=shares(size), max_bytes=broker.limits.batch_max_bytes, besides=besides
    )
    return Claimed(lane=lane, entries=tuple(entries), standing=standing)


def shares(size: int, *, roll: float | None = None) -> Mapping[Priority, int]:
    """Return how many entries of a batch each priority is sure of: together as many as it holds.

    In a batch of one or two entries the last place is drawn, so that no priority waits for ever; `roll` in
    [0, 1) replaces the dice in tests.
    """
    sure = dict.fromkeys(SHARES, 0)
    if size >= len(SHARES):
        sure |= {priority: max(1, int(size * part)) for priority, part in SHARES.items()}
        return sure | {Priority.FLASH: size - sure[Priority.URGENT] - sure[Priority.ROUTINE]}
    first, others = list(SHARES)[: size - 1], list(SHARES)[size - 1 :]
    parts = list(accumulate(SHARES[one] for one in others))
    drawn = parts[-1] * (_RANDOM.random() if roll is None else roll)
    last = others[min(bisect_right(parts, drawn), len(others) - 1)]
    return sure | dict.fromkeys([*first, last], 1)


def equip(broker: Broker, view: View, claimed: Claimed) -> Claimed:
    """Return a batch with its sealed bytes and with what its records say, to permit and carry it."""
    if not claimed.entries:
        return claimed
    keys = [
        (broker.agency, e.record_id, e.version)
        for e in claimed.entries
        if e.record_id is not None and e.version is not None
    ]
    rows = view.records.get_many(keys) if keys else {}
    passed = [(broker.agency, one.record_id) for one in rows.values() if one.kind == Kind.PASSAGE.value]
    return replace(
        claimed,
        bodies=view.bodies.get_many([e.body_id for e in claimed.entries]),
        rows=rows,
        passages=view.passages.get_many(passed) if passed else {},
        statements=view.books.statements([e.statement for e in claimed.entries if e.statement]),
    )


def rest(
    broker: Broker, work: UnitOfWork, lane: Lane, *, failures: int, failure: HubError | None, at: datetime
) -> None:
    """Give a lane back; after failures it rests, for as long as the partner asked for if it did."""
    told = {} if failure is None else failure.details
    until = breaker_until(failures, at=at, limits=broker.limits, told=told)
    work.outbox.release_lane(lane, failures=failures, open_until=until)


def note_call(broker: Broker, partner: str, *, failure: PeerFault | None) -> None:
    """Have a lane rest, or rest no more, after a call beside it; a worker who has it now finds out itself."""
    at = broker.clock.now()
    with broker.store.work() as work:
        lane = work.outbox.claim_lane(partner, at=at, until=claimed_until(broker, at))
        if lane is not None:
            failures = lane.failures + 1 if failure is not None else 0
            rest(broker, work, lane, failures=failures, failure=failure, at=at)
            work.commit()


def claimed_until(broker: Broker, at: datetime) -> datetime:
    """Return when a claim made or renewed now runs out."""
    return at + timedelta(seconds=broker.limits.lane_claim_s)
