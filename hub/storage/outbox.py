"""The queue's reading, and its face to use cases; `queueing` writes it, `lanes` guards who works it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, case, exists, func, select, union_all

from hub.entries import EntryCount, Lane, OutboxEntry, Priority
from hub.records.lifecycle import EntryState
from hub.storage import tables
from hub.storage.lanes import Lanes
from hub.storage.queueing import Queueing
from hub.storage.session import Session, Shape

_T: Final = tables.outbox
_C: Final = _T.c
_SHAPE: Final = Shape(OutboxEntry, _T)
_ALL: Final = _SHAPE.select().order_by(_C.position)


def _heads(priority: Priority) -> Select[Any]:
    """Return the query for the due heads of a lane that have one priority, those longest due."""
    due = (
        select(_C.priority, _C.next_at, _C.position)
        .where(
            tables.PENDING,
            _C.lane == bindparam("of_lane"),
            _C.priority == priority,
            _C.next_at <= bindparam("at"),
        )
        .order_by(_C.next_at, _C.position)
        .limit(bindparam("most"))
        .subquery(priority.value)
    )
    return select(due.c.priority, due.c.next_at, due.c.position)


_DUE: Final = union_all(*map(_heads, Priority))
_AT: Final = _SHAPE.select().where(_C.position.in_(bindparam("which", expanding=True)))
_SIZES: Final = (
    select(_C.position, func.length(tables.bodies.c.ciphertext).label("size"))
    .join(tables.bodies, tables.bodies.c.body_id == _C.body_id)
    .where(_C.position.in_(bindparam("which", expanding=True)))
)
_GET: Final = _SHAPE.select().where(_C.entry_id == bindparam("which"))
_OF_ENVELOPE: Final = _ALL.where(_C.envelope_id == bindparam("which"))
_OF_RECORD: Final = _ALL.where(_C.record_id == bindparam("which"))
_EXPIRED: Final = (
    _SHAPE.select()
    .where(tables.LIVE, _C.expires_at <= bindparam("at"))
    .order_by(_C.expires_at, _C.position)
    .limit(bindparam("most"))
)
_some = select(_C.position).where(tables.RELAYED, _C.origin == bindparam("which")).limit(bindparam("most"))
_RELAYED: Final = select(func.count()).select_from(_some.subquery())
_carried = tables.outbox_attachments.c
_CARRIES: Final = select(
    exists().where(_carried.digest == bindparam("digest"), _carried.lane == bindparam("lane"))
)

_count = tables.outbox_counts.c
# Nothing leaves ACCEPTED, so the first that came is still the oldest; elsewhere the index knows.
_oldest = (
    select(_C.created_at)
    .where(tables.UNFINISHED, _C.state == _count.state, _C.lane == _count.lane)
    .order_by(_C.position)
    .limit(1)
    .correlate(tables.outbox_counts)
    .scalar_subquery()
)
_COUNTS: Final = (
    select(
        _count.lane,
        _count.state,
        _count.count,
        case((_count.state == EntryState.ACCEPTED, _count.first_at), else_=_oldest).label("oldest_at"),
        _count.retries,
    )
    .where(_count.count > 0)
    .order_by(_count.lane, _count.state)
)


class OutboxStore:
    """Implements `hub.ports.Outbox`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lanes = Lanes(session)
        self._queueing = Queueing(session, self._lanes)
        self.waiting = self._queueing.waiting
        self.flush = self._queueing.flush

    def queue(self, entries: Sequence[OutboxEntry]) -> None:
        """Append entries, at the latest at commit."""
        self._session.change(audited=bool(entries))
        self._queueing.add(entries)

    def lanes_due(self, at: datetime) -> Sequence[str]:
        """Return the lanes that have due heads, whose breaker is not open and that nobody works."""
        self.flush()
        return self._lanes.due(at)

    def claim_lane(self, partner: str, *, at: datetime, until: datetime) -> Lane | None:
        """Take a lane that nobody works and whose breaker lets through, with a higher token; else None."""
        self._session.change(audited=False)
        return self._lanes.claim(partner, at=at, until=until)

    def release_lane(self, lane: Lane, *, failures: int, open_until: datetime | None) -> None:
        """Give the lane back and set its breaker; does nothing when the token was overtaken."""
        self._session.change(audited=False)
        self._lanes.release(lane, failures=failures, open_until=open_until)

    def claim(
        self,
        lane: Lane,
        *,
        at: datetime,
        shares: Mapping[Priority, int],
        max_bytes: int | None = None,
        besides: Collection[int] = (),
    ) -> Sequence[OutboxEntry]:
        """Return due heads of a claimed lane, flash first, longest due first within a priority."""
        self.flush()
        most = sum(shares.values())
        asked = {"of_lane": lane.partner, "at": at, "most": most + len(besides)}
        heads = self._session.rows(_DUE, asked) if most else []
        due: dict[Priority, list[int]] = {priority: [] for priority in Priority}
        for head in sorted(heads, key=lambda head: (head.next_at, head.position)):
            if head.position not in besides and len(due[head.priority]) < most:
                due[head.priority].append(head.position)
        taken = _share(due, shares)
        if max_bytes is not None and len(taken) > 1:
            sizes = {row.position: row.size for row in self._session.rows(_SIZES, {"which": taken})}
            fitting = _within(max_bytes, due, taken, sizes)
            taken = [position for position in taken if position in fitting]
        rows = self._session.rows(_AT, {"which": taken}) if taken else []
        entries = {entry.position: entry for entry in _SHAPE.load(rows)}
        return [entries[position] for position in taken]

    def extend_lane(self, lane: Lane, *, until: datetime) -> bool:
        """Hold a claimed lane longer; return False when its token was overtaken, or it was released."""
        self._session.change(audited=False)
        return self._lanes.extend(lane, until=until)

    def settle(
        self, lane: Lane | None, entries: Sequence[OutboxEntry], *, yielding: bool = False
    ) -> frozenset[str]:
        """Store new state, next_at, attempts, retries and reason; nothing unless every step is possible."""
        self._session.change(audited=False)
        if lane is not None:
            self._lanes.fence(lane)
        if not entries:
            return frozenset()
        changed, ended = self._queueing.settle(entries, by_worker=yielding or lane is not None)
        if changed:
            self._session.change()
        return ended

    def get(self, entry_id: str) -> OutboxEntry | None:
        """Return one entry."""
        self._queueing.flush_if(lambda kept: kept.entry_id == entry_id)
        return _SHAPE.load_one(self._session.row(_GET, {"which": entry_id}))

    def of_envelope(self, envelope_id: str) -> Sequence[OutboxEntry]:
        """Return the entries that carry an envelope, one per recipient."""
        self._queueing.flush_if(lambda kept: kept.envelope_id == envelope_id)
        return _SHAPE.load(self._session.rows(_OF_ENVELOPE, {"which": envelope_id}))

    def of_record(self, record_id: str) -> Sequence[OutboxEntry]:
        """Return the entries that carry any version of a record."""
        self._queueing.flush_if(lambda kept: kept.record_id == record_id)
        return _SHAPE.load(self._session.rows(_OF_RECORD, {"which": record_id}))

    def relayed_waiting(self, origin: str, *, most: int) -> int:
        """Return how many PENDING, CARRIED and HELD entries came from an agency; it counts up to `most`."""
        self.flush()
        row = self._session.row(_RELAYED, {"which": origin, "most": most})
        return 0 if row is None else int(row[0])

    def of_attachment(self, digest: str, lane: str) -> bool:
        """Tell whether an entry for this lane carries the attachment."""
        self.flush()
        row = self._session.row(_CARRIES, {"digest": digest, "lane": lane})
        return row is not None and bool(row[0])

    def page(
        self, *, after: int, limit: int, lane: str | None = None, state: EntryState | None = None
    ) -> Sequence[OutboxEntry]:
        """Return entries with a position above `after`, lowest first."""
        self.flush()
        query = _ALL.where(_C.position > after).limit(limit)
        if lane is not None:
            query = query.where(_C.lane == lane)
        if state is not None:
            query = query.where(_C.state == state)
        if state is not None and state is not EntryState.ACCEPTED:
            query = query.where(tables.UNFINISHED)
        return _SHAPE.load(self._session.built(query))

    def expired(self, at: datetime, limit: int) -> Sequence[OutboxEntry]:
        """Return PENDING, CARRIED and HELD entries whose time to live has passed."""
        self.flush()
        return _SHAPE.load(self._session.rows(_EXPIRED, {"at": at, "most": limit}))

    def counts(self) -> Sequence[EntryCount]:
        """Return how many entries are in each state, lane by lane, from counters kept with each change."""
        self.flush()
        return [EntryCount(**row._asdict()) for row in self._session.rows(_COUNTS)]

    def lane(self, partner: str) -> Lane:
        """Return a lane as it stands."""
        return self._lanes.get(partner) or Lane(partner=partner)


def _share(due: Mapping[Priority, Sequence[int]], shares: Mapping[Priority, int]) -> list[int]:
    """Return what each priority gets: its share, then of what others leave over, flash first."""
    parts = {priority: min(len(found), shares.get(priority, 0)) for priority, found in due.items()}
    left = sum(shares.values()) - sum(parts.values())
    for priority, found in due.items():
        more = min(left, len(found) - parts[priority])
        parts[priority] += more
        left -= more
    return [position for priority, found in due.items() for position in found[: parts[priority]]]


def _within(
    max_bytes: int,
    due: Mapping[Priority, Sequence[int]],
    taken: Sequence[int],
    sizes: Mapping[int, int],
) -> set[int]:
    """Return what fits: the first of each priority, then in order until one is too much; at least one."""
    firsts = [found[0] for found in due.values() if found and found[0] in taken]
    fitting: set[int] = set()
    left = max_bytes
    for position in dict.fromkeys((*firsts, *taken)):
        left -= sizes.get(position, 0)
        if fitting and left < 0:
            break
        fitting.add(position)
    return fitting
