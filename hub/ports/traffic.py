"""Where what came in is kept, with the receipts and what members collect."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.entries import Delivery, InboxEntry, ReceiptRow
from hub.records.lifecycle import DeliveryState


class Inbox(Protocol):
    """What came in, once."""

    def seen(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], InboxEntry]:
        """Return the entries that exist among (originator, envelope_id) keys."""
        ...

    def admit(self, entries: Sequence[InboxEntry]) -> frozenset[tuple[str, str]]:
        """Store entries; return the keys that were new, without those another worker stored first."""
        ...


class Receipts(Protocol):
    """Signed statements about envelopes."""

    def add(self, rows: Sequence[ReceiptRow]) -> None:
        """Store receipts; one that is there already (same receipt_id) is left as it is."""
        ...

    def of_envelope(self, envelope_id: str) -> Sequence[ReceiptRow]:
        """Return the receipts about an envelope, oldest first."""
        ...

    def of_record(self, record_id: str) -> Sequence[ReceiptRow]:
        """Return the receipts about any version of a record, oldest first."""
        ...

    def unsent(self, to: str, limit: int, *, due: datetime = ...) -> Sequence[ReceiptRow]:
        """Return our receipts that this partner has not been given yet, what it did not take last.

        With `due` they are those that are due by then; without it, all.
        """
        ...

    def unsent_among(self, to: str, receipt_ids: Collection[str]) -> Collection[str]:
        """Return those of some receipts that this partner has not been given yet."""
        ...

    def put_off(self, until: Mapping[str, datetime]) -> None:
        """Note that receipts were offered to the partner, and when each is due again."""
        ...

    def queue(self, rows: Sequence[ReceiptRow]) -> None:
        """Store our own receipts and mark them to be sent."""
        ...

    def sent(self, receipt_ids: Sequence[str]) -> None:
        """Mark receipts as taken by the partner."""
        ...

    def partners_waiting(self, *, due: datetime = ...) -> Sequence[str]:
        """Return the partners for whom receipts wait that are due by a time; without it, for whom any do."""
        ...


class Deliveries(Protocol):
    """Members' inboxes, and what is held from members: that is found by `held_back` alone."""

    def add(self, rows: Sequence[Delivery]) -> None:
        """Append deliveries; what is HELD has no place in its member's sequence."""
        ...

    def page(
        self, member: str, *, after: int, limit: int, kinds: Collection[str] | None = None
    ) -> Sequence[Delivery]:
        """Return a member's deliveries above a position, of some kinds or of all, lowest first."""
        ...

    def get(self, delivery_id: str) -> Delivery | None:
        """Return one delivery; in a unit of work nobody else changes it until the end."""
        ...

    def advance(self, delivery_id: str, *, to: DeliveryState) -> None:
        """Take one step of the lifecycle; what is let go comes last in its member's sequence."""
        ...

    def of_record(self, record_id: str) -> Sequence[Delivery]:
        """Return a record's deliveries that members can collect."""
        ...

    def held_back(self, record_id: str) -> Sequence[Delivery]:
        """Return a record's deliveries that are HELD or ended so; a unit of work keeps them for itself."""
        ...
