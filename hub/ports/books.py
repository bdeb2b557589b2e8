"""The numbers on both sides: what was sent and received under which, and what came of comparing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from hub.entries import Gap, Line, ReconciliationRow, StatementRow, Unadmitted

#: No number is higher: they are whole numbers that JSON holds exactly.
NUMBER_MAX: Final = 2**53 - 1


class Books(Protocol):
    """What went to each recipient and came from each originator, by number. All pages ascend."""

    def add_statements(self, rows: Sequence[StatementRow]) -> None:
        """Store signed statements; one that is there is left as it is. Bookkeeping."""
        ...

    def keep_run(self, run: str) -> None:
        """Keep the statements of a comparison for good. Bookkeeping."""
        ...

    def forget_books(self, before: datetime, *, limit: int) -> int:
        """Delete what comparisons in which nothing differed have left from before a time; return how many.

        Of the comparisons with each partner the last stays.
        """
        ...

    def statements(self, digests: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bytes of those statements that exist, by their digests."""
        ...

    def sent(self, recipient: str, *, first: int, last: int, limit: int) -> Sequence[Line]:
        """Return what started here for a recipient, from one number to another."""
        ...

    def received(self, originator: str, *, first: int, last: int, limit: int) -> Sequence[Line]:
        """Return what was admitted from an originator, from one number to another."""
        ...

    def last_sent(self, recipient: str) -> int:
        """Return the last number given for a recipient; 0 when there is none."""
        ...

    def last_received(self, originator: str) -> int:
        """Return the highest number admitted from an originator; 0 when there is none."""
        ...

    def number_on(self, recipient: str, last: int) -> int:
        """Give the next envelope a number above `last`; return the last number given before."""
        ...

    def first_sent_at(self, recipient: str, at: datetime) -> int:
        """Return the first number that was queued at a time or later, else the one to be given next.

        Looks at a few entries: numbers are given in the order of time, but for moments.
        """
        ...

    def arrivals(
        self, originator: str, *, after: int, last: int = NUMBER_MAX, limit: int
    ) -> Sequence[tuple[int, datetime]]:
        """Return the numbers above one, and up to another, that came, whatever came of them, and when."""
        ...

    def note(self, rows: Sequence[Unadmitted]) -> None:
        """Store why numbers came to nothing here; what is told later replaces what was told before."""
        ...

    def noted(self, originator: str, *, first: int, last: int, limit: int) -> Sequence[Unadmitted]:
        """Return what is known of numbers that came to nothing."""
        ...

    def gaps(self, originator: str | None = None, *, after: int = 0, limit: int) -> Sequence[Gap]:
        """Return the gaps of an originator that begin after a number, or those of all."""
        ...

    def replace_gaps(self, gone: Sequence[Gap], come: Sequence[Gap]) -> None:
        """Remove gaps and store others. Bookkeeping."""
        ...

    def gap_counts(self) -> Mapping[str, int]:
        """Return how many gaps each originator has that has any."""
        ...

    def checked_to(self, originator: str) -> int:
        """Return up to which number gaps were looked for."""
        ...

    def check_to(self, originator: str, number: int) -> None:
        """Note up to which number gaps were looked for. Bookkeeping."""
        ...

    def add_reconciliation(self, row: ReconciliationRow) -> None:
        """Store what a comparison came to."""
        ...

    def newest_reconciliations(self, us: str, partner: str | None = None) -> Mapping[str, ReconciliationRow]:
        """Return the last comparison with each partner, or with one.

        Of our last and the partner's last it is ours that found differences, else the partner's that did,
        else the later: what a partner claims never takes away what we have found.
        """
        ...

    def take_duty(self, name: str, *, at: datetime, until: datetime) -> bool:
        """Take a task that is due, so that nobody else does it `until` then; tell whether it was due.

        What has never been taken is due. Bookkeeping.
        """
        ...

    def due(self, name: str) -> datetime | None:
        """Return when a task is due again, once it was taken."""
        ...
