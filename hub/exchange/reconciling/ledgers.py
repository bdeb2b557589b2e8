"""Our side of the books: lines, sums over ranges of numbers, and which numbers a period means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.entries import Direction, Line
from hub.envelope.reconciliation import Extent, Period, Range, Summing
from hub.ports import Store, View

_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What went to a partner, or came from it. Each page is read from a snapshot of its own."""

    store: Store
    partner: str
    direction: Direction

    def lines(self, first: int, last: int, limit: int) -> list[Line]:
        """Return the lines from one number to another, lowest first."""
        if first > last:
            return []
        with self.store.read() as view:
            if self.direction is Direction.OUT:
                return list(view.books.sent(self.partner, first=first, last=last, limit=limit))
            return _received(view, self.partner, first, last, limit)

    def pages(self, first: int, last: int) -> Iterator[list[Line]]:
        """Yield all lines from one number to another, a page at a time."""
        while page := self.lines(first, last, _PAGE):
            yield page
            first = page[-1].number + 1

    def sum(self, first: int, last: int, *, most: int) -> Range:
        """Return the sum over a range, or over the part of it that has `most` lines."""
        summing, left = Summing(), most
        for page in self.pages(first, last):
            summing.add(page[:left])
            if len(page) > left:
                last = page[left].number - 1
                break
            left -= len(page)
        return Range(first=first, last=last, count=summing.count, digest=summing.digest)

    def rows(self, first: int, last: int, *, most: int) -> Range:
        """Return a range with its lines, or the part of it that has `most` of them."""
        lines = self.lines(first, last, most + 1)
        if len(lines) > most:
            last = lines[most].number - 1
        summing = Summing()
        summing.add(lines[:most])
        return Range(
            first=first, last=last, count=summing.count, digest=summing.digest, lines=tuple(lines[:most])
        )

    def cuts(self, first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
        """Yield ranges that follow one another from one number to another, with at most `size` lines each."""
        while first <= last:
            lines = self.lines(first, last, size + 1)
            end = lines[size].number - 1 if len(lines) > size else last
            yield first, end
            first = end + 1


def _received(view: View, partner: str, first: int, last: int, limit: int) -> list[Line]:
    """Return what was admitted, and what was refused and did not come again."""
    lines = {
        note.number: Line(
            number=note.number,
            envelope_id=note.envelope_id,
            digest=note.digest.hex() if note.digest else None,
            state=note.state,
            reason=note.reason,
        )
        for note in view.books.noted(partner, first=first, last=last, limit=limit)
    }
    admitted = view.books.received(partner, first=first, last=last, limit=limit)
    lines |= {line.number: line for line in admitted}
    return [lines[number] for number in sorted(lines)[:limit]]


def extent_of(view: View, partner: str, period: Period | None) -> Extent:
    """Return which numbers went to a partner in a period, and the highest that came from it."""
    last = view.books.last_sent(partner)
    first = 1
    if period is not None and period.start is not None:
        first = view.books.first_sent_at(partner, period.start)
    if period is not None and period.end is not None:
        last = min(last, view.books.first_sent_at(partner, period.end) - 1)
    received = view.books.last_received(partner)
    return Extent(first=first, last=max(last, first - 1), received=received)
