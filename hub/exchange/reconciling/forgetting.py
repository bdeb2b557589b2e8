"""Let go what comparisons of books leave behind that found nothing, once it is old.

Nothing is lost that proves anything: of each number that such a statement sums up the originator's signed
transfer statement and the recipient's signed receipt are kept with the envelope, and the log keeps the
statement's digest. What differed is kept for good, with all that both sides signed in that comparison.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from hub.audit.events import Act
from hub.exchange.broker import Broker
from hub.records.times import as_text

_AT_ONCE: Final = 1000


def forget_books(broker: Broker) -> int:
    """Delete statements and comparisons older than `reconcile_keep_s`, some at once; return how many."""
    at = broker.clock.now()
    before = at - timedelta(seconds=broker.limits.reconcile_keep_s)
    with broker.store.work() as work:
        gone = work.books.forget_books(before, limit=_AT_ONCE)
        if gone:
            details = {"forgotten": str(gone), "before": as_text(before)}
            work.stage([broker.event(Act.RECONCILED, broker.itself, broker.agency, at, **details)])
        work.commit()
    return gone
