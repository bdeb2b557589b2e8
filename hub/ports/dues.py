"""What falls due with records, and what was decided and told about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.entries import Delivery, KeepingRow, OutboxEntry, RecordRow, ReminderRow


class DueRecords(Protocol):
    """Records by the moment at which something falls due with them.

    `what` is a column of the row: `reply_due_at`, `confirm_by`, `review_at`, `tear_due_at` or `retain_until`.
    Only rows that still wait for it are found: a reply that came, or a version that was superseded, is due
    no more.
    """

    def due(
        self, what: str, *, before: datetime, after: tuple[datetime, int] | None = None, limit: int
    ) -> Sequence[RecordRow]:
        """Return rows due before a moment, the earliest first, those above (moment, position) `after`."""
        ...

    def unacknowledged(self, *, after: int, limit: int) -> Sequence[OutboxEntry]:
        """Return entries of our own later versions that no receipt has come for, above a position."""
        ...

    def uncollected(self, *, after: tuple[str, int], limit: int) -> Sequence[Delivery]:
        """Return deliveries of later versions that wait for a member or are held from it.

        They are above (member, position).
        """
        ...

    def put_off(self, originator: str, record_id: str, what: str, until: datetime | None) -> None:
        """Set the moment for all versions of a record; None for never."""
        ...

    def keeping(self, originator: str, record_id: str) -> KeepingRow | None:
        """Return the latest decision to keep a record longer; a unit of work keeps it for itself."""
        ...

    def put_keeping(self, row: KeepingRow) -> None:
        """Store a decision to keep a record longer, in place of an earlier one."""
        ...

    def told(self, what: str, record_ids: Sequence[str]) -> Mapping[tuple[str, str, datetime], int]:
        """Return the highest level at which people were told, by (originator, record_id, due_at)."""
        ...

    def tell(self, rows: Sequence[ReminderRow]) -> None:
        """Store that people were told; a repeat changes nothing."""
        ...
