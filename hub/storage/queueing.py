"""The queue's writing: new entries, their steps, heads of conversations and counters.

All of it is done in the commit step, under the lock on positions, and no other code writes these rows.
So two units of work that touch the same conversation never miss one another: the second sees what the
first has queued or settled. And neither waits for the other while it holds what the other needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Final

from sqlalchemy import and_, bindparam, case, func, insert, select, update

from hub.entries import OutboxEntry
from hub.errors import Refused
from hub.records.lifecycle import ENTRY_STEPS, EntryState, step
from hub.storage import tables, upsert
from hub.storage.lanes import Lanes
from hub.storage.session import Session

_T: Final = tables.outbox
_C: Final = _T.c
_E: Final = EntryState
_LIVE: Final = frozenset({_E.PENDING, _E.CARRIED, _E.HELD})

_this = and_(tables.LIVE, _C.lane == bindparam("of_lane"), _C.conversation == bindparam("of_conversation"))
_ADD: Final = insert(_T).values(head=~select(_C.position).where(_this).exists())
_STANDING: Final = select(
    _C.position, _C.entry_id, _C.lane, _C.conversation, _C.state, _C.retries, _C.created_at
).where(_C.entry_id.in_(bindparam("which", expanding=True)))
_SETTLE: Final = update(_T).where(_C.position == bindparam("which"))

# For each entry that left, the lowest live one of its conversation becomes the head.
_gone = _T.alias("gone")
_follower = (
    select(func.min(_C.position))
    .where(tables.LIVE, _C.lane == _gone.c.lane, _C.conversation == _gone.c.conversation)
    .correlate(_gone)
    .scalar_subquery()
)
_PROMOTE: Final = (
    update(_T)
    .where(_C.position.in_(select(_follower).where(_gone.c.position.in_(bindparam("which", expanding=True)))))
    .values(head=True)
)
# An entry that comes back may go before one that was the head meanwhile.
_lowest = select(func.min(_C.position)).where(_this).correlate(None).scalar_subquery()
_REORDER: Final = update(_T).where(_this).values(head=_C.position == _lowest)

_numbering = tables.numbering
_more = upsert.insert(_numbering)
_NUMBER: Final = _more.on_conflict_do_update(
    index_elements=[_numbering.c.recipient],
    set_={"last": _numbering.c.last + _more.excluded.last},
).returning(_numbering.c.recipient, _numbering.c.last)

_ATTACH: Final = upsert.insert(tables.outbox_attachments).on_conflict_do_nothing()

_counts = tables.outbox_counts
_new = upsert.insert(_counts)
_COUNT: Final = _new.on_conflict_do_update(
    index_elements=[_counts.c.lane, _counts.c.state],
    set_={
        "count": _counts.c.count + _new.excluded["count"],
        "retries": _counts.c.retries + _new.excluded.retries,
        "first_at": case(
            (_new.excluded.first_at < _counts.c.first_at, _new.excluded.first_at), else_=_counts.c.first_at
        ),
    },
)


class Queueing:
    """What one unit of work has still to write about the queue."""

    def __init__(self, session: Session, lanes: Lanes) -> None:
        self._session = session
        self._lanes = lanes
        self._entries: list[OutboxEntry] = []
        self._steps: list[tuple[OutboxEntry, bool]] = []

    def add(self, entries: Sequence[OutboxEntry]) -> None:
        """Keep new entries."""
        self._entries.extend(entries)

    def settle(self, entries: Sequence[OutboxEntry], *, by_worker: bool) -> tuple[bool, frozenset[str]]:
        """Keep steps that are possible as things stand; the commit step asks again.

        Return whether one of them changes a state, for a further try is bookkeeping, and the ids of entries
        that were ended meanwhile. A worker's steps are looked at under the lock, so that this is final.
        """
        last = {entry.entry_id: entry for entry in entries}  # of one that is named twice
        self.flush_if(lambda kept: kept.entry_id in last)
        if by_worker:
            self._session.lock()
        steps = [(entry, by_worker) for entry in last.values()]
        possible = self._possible(steps)
        self._steps.extend(steps)
        ended = frozenset(last) - {entry.entry_id for _, entry in possible}
        return any(row.state is not entry.state for row, entry in possible), ended

    def flush_if(self, asked: Callable[[OutboxEntry], bool]) -> None:
        """Write what was kept back if it has an entry that is asked for; else it waits for the end."""
        settled = (entry for entry, _ in self._steps)
        if any(asked(entry) for entry in (*self._entries, *settled)):
            self.flush()

    def waiting(self) -> int:
        """Return how many positions the entries kept back need."""
        return len(self._entries)

    def flush(self) -> None:
        """Write what was kept back."""
        if not self._entries and not self._steps:
            return
        self._session.lock()
        counts = _Counts()
        if self._entries:
            self._write_entries(counts)
        if self._steps:
            self._write_steps(counts)
        if changed := counts.rows():
            self._session.run(_COUNT, changed)
        self._entries, self._steps = [], []

    def _possible(self, steps: Sequence[tuple[OutboxEntry, bool]]) -> list[tuple[Any, OutboxEntry]]:
        """Return the steps with the rows they change; raise where a row is missing or a step impossible."""
        which = {"which": [entry.entry_id for entry, _ in steps]}
        standing = {row.entry_id: row for row in self._session.rows(_STANDING, which)}
        possible = []
        for entry, by_worker in steps:
            row = standing.get(entry.entry_id)
            if row is None:
                raise Refused("not-found", f"There is no queue entry {entry.entry_id}.")
            if by_worker and row.state is not _E.PENDING and not _still_ends(row.state, entry.state):
                continue  # it was ended while it was carried
            if row.state is not entry.state:
                step(ENTRY_STEPS, row.state, entry.state)
            possible.append((row, entry))
        return possible

    def _write_entries(self, counts: _Counts) -> None:
        entries = self._entries
        self._lanes.open(entry.lane for entry in entries)
        first = self._session.take(len(entries))
        numbers = self._number()
        rows = [
            {
                **vars(entry),
                "position": n,
                "number": None if entry.origin else next(numbers[entry.recipient]),
                "of_lane": entry.lane,
                "of_conversation": entry.conversation,
            }
            for n, entry in enumerate(entries, first)
        ]
        self._session.run(_ADD, rows)
        carried = [
            {"digest": digest, "lane": entry.lane, "entry_id": entry.entry_id}
            for entry in entries
            for digest in entry.attachments
        ]
        if carried:
            self._session.run(_ATTACH, carried)
        for entry in entries:
            counts.add(entry.lane, entry.state, 1, entry.retries, entry.created_at)

    def _number(self) -> Mapping[str, Iterator[int]]:
        """Return the next numbers for each recipient of what starts here.

        Under the lock that is held, and rolled back with all else: none is left out, and what has a higher
        one is seen later.
        """
        wanted = Counter(entry.recipient for entry in self._entries if entry.origin is None)
        if not wanted:
            return {}
        asked = [{"recipient": recipient, "last": wanted[recipient]} for recipient in sorted(wanted)]
        given = self._session.rows(_NUMBER, asked)
        return {row.recipient: count(row.last - wanted[row.recipient] + 1) for row in given}

    def _write_steps(self, counts: _Counts) -> None:
        changes, gone, back = [], [], set()
        for row, entry in self._possible(self._steps):
            change = {"which": row.position, "state": entry.state, "next_at": entry.next_at}
            change |= {"attempts": entry.attempts, "retries": entry.retries, "reason": entry.reason}
            changes.append(change)
            counts.add(row.lane, row.state, -1, -row.retries, row.created_at)
            counts.add(row.lane, entry.state, 1, entry.retries, row.created_at)
            if row.state in _LIVE and entry.state not in _LIVE:
                gone.append(row.position)
            elif entry.state in _LIVE and row.state not in _LIVE:
                back.add((row.lane, row.conversation))
        if changes:
            self._session.run(_SETTLE, changes)
        if gone:
            self._session.run(_PROMOTE, {"which": gone})
        if back:
            reordered = [{"of_lane": lane, "of_conversation": which} for lane, which in sorted(back)]
            self._session.run(_REORDER, reordered)


def _still_ends(stored: EntryState, told: EntryState) -> bool:
    """Tell whether what a carry came to still counts for an entry that others have settled meanwhile.

    A receipt may yet prove that what was given up was accepted; a failed try does not bring it back.
    """
    return told is not _E.PENDING and told in ENTRY_STEPS[stored]


class _Counts:
    """How the counters of lanes and states change."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, EntryState], dict[str, Any]] = {}

    def add(self, lane: str, state: EntryState, count: int, retries: int, at: datetime) -> None:
        change = self._changes.get((lane, state))
        if change is None:
            change = {"lane": lane, "state": state, "count": 0, "retries": 0, "first_at": at}
            self._changes[lane, state] = change
        change["count"] += count
        change["retries"] += retries
        change["first_at"] = min(change["first_at"], at)

    def rows(self) -> list[dict[str, Any]]:
        return list(self._changes.values())
