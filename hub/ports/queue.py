"""Where what is on its way out waits, lane by lane."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.entries import EntryCount, Lane, OutboxEntry, Priority
from hub.records.lifecycle import EntryState


class Outbox(Protocol):
    """The queue: one lane per partner, order within a conversation, priorities that share."""

    def queue(self, entries: Sequence[OutboxEntry]) -> None:
        """Append entries."""
        ...

    def lanes_due(self, at: datetime) -> Sequence[str]:
        """Return the lanes that have due entries, whose breaker is not open and that nobody works."""
        ...

    def claim_lane(self, partner: str, *, at: datetime, until: datetime) -> Lane | None:
        """Take a lane that nobody works and whose breaker lets through, with a higher token; else None."""
        ...

    def extend_lane(self, lane: Lane, *, until: datetime) -> bool:
        """Hold a claimed lane longer; return False when its token was overtaken, or it was released."""
        ...

    def release_lane(self, lane: Lane, *, failures: int, open_until: datetime | None) -> None:
        """Give the lane back and set its breaker; does nothing when the token was overtaken."""
        ...

    def claim(
        self,
        lane: Lane,
        *,
        at: datetime,
        shares: Mapping[Priority, int],
        max_bytes: int | None = None,
        besides: Collection[int] = (),
    ) -> Sequence[OutboxEntry]:
        """Return due entries of a claimed lane, at most the sum of `shares`, besides those at positions.

        Each priority gets its share and what others leave over, flash first. Only the head of each
        conversation in this lane is returned: the lowest position that is PENDING, CARRIED or HELD.
        Their bodies come to `max_bytes` together, or to one body; the first of each priority is asked first.
        Entries are not marked; the lane's claim is what excludes others.
        """
        ...

    def settle(
        self, lane: Lane | None, entries: Sequence[OutboxEntry], *, yielding: bool = False
    ) -> frozenset[str]:
        """Store new state, next_at, attempts, retries and reason of entries.

        Raises Refused `conflict` when the lane's token was overtaken, `transition-invalid` for a step that
        ENTRY_STEPS does not have (the same state again is allowed, and is bookkeeping). Where another unit
        of work settled an entry meanwhile, `transition-invalid` may come at commit. A worker (who has a
        lane, or is `yielding`) leaves what a receipt, a person or time has ended meanwhile as it is, unless
        a receipt now proves that it was accepted; the ids of what it left are returned.
        """
        ...

    def get(self, entry_id: str) -> OutboxEntry | None:
        """Return one entry."""
        ...

    def of_envelope(self, envelope_id: str) -> Sequence[OutboxEntry]:
        """Return the entries that carry an envelope, one per recipient."""
        ...

    def of_record(self, record_id: str) -> Sequence[OutboxEntry]:
        """Return the entries that carry any version of a record."""
        ...

    def relayed_waiting(self, origin: str, *, most: int) -> int:
        """Return how many PENDING, CARRIED and HELD entries came from an agency; it counts up to `most`."""
        ...

    def of_attachment(self, digest: str, lane: str) -> bool:
        """Tell whether an entry for this lane carries the attachment."""
        ...

    def page(
        self, *, after: int, limit: int, lane: str | None = None, state: EntryState | None = None
    ) -> Sequence[OutboxEntry]:
        """Return entries with a position above `after`, lowest first."""
        ...

    def expired(self, at: datetime, limit: int) -> Sequence[OutboxEntry]:
        """Return PENDING, CARRIED and HELD entries whose time to live has passed."""
        ...

    def counts(self) -> Sequence[EntryCount]:
        """Return how many entries are in each state, lane by lane, from counters kept with each change."""
        ...

    def lane(self, partner: str) -> Lane:
        """Return a lane as it stands."""
        ...
