"""What a monitor is told about the books: that a person should look, and not with whom."""

from __future__ import annotations

from typing import Final

from hub.exchange.broker import Broker

_GAPS_MAX: Final = 100


def books_warnings(broker: Broker) -> tuple[str, ...]:
    """Return `books-differ` and `numbers-missing` where they are so; neither stops anything."""
    with broker.store.read() as view:
        differ = any(row.differences for row in view.books.newest_reconciliations(broker.agency).values())
        missing = any(gap.told for gap in view.books.gaps(limit=_GAPS_MAX))
    return (*(("books-differ",) if differ else ()), *(("numbers-missing",) if missing else ()))
