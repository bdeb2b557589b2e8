"""Compare our books with those of a partner that can be called, and keep what came out.

The order in which the two sides' extents are read makes traffic that goes on meanwhile no difference; what
differs is looked at a second time at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, PartnerStatus, ReconciliationRow
from hub.envelope.reconciliation import FOUND_MAX, Conclusion, Found, Period
from hub.errors import HubError, Refused
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.messages.asking import Pause
from hub.exchange.reconciling.comparing import Difference
from hub.exchange.reconciling.ledgers import extent_of
from hub.exchange.reconciling.messages import Comparison, exchange
from hub.exchange.reconciling.walking import confirm, look_at_gaps, walk
from hub.policy.decision import require
from hub.policy.four_eyes import may_operate
from hub.records.actor import Actor


def reconcile(
    broker: Broker,
    actor: Actor,
    agency: str,
    *,
    period: Period | None = None,
    tell: Callable[[Sequence[Difference]], None] | None = None,
    pause: Pause = time.sleep,
) -> tuple[ReconciliationRow, Sequence[Difference]]:
    """Compare our books with a partner's over a period, or in whole; store what differs.

    Every difference is given to `tell`, a page at a time; returned are the first, `reconcile_differences_max`
    at most, beside the row that counts all. A partner behind a relay is asked by messages, and `pause` waits
    for their answers. What breaks off after something differed is stored as far as it came, and raised.
    Raises Refused `partner-unknown`, `partner-suspended`, and `books-unreachable` for a partner that cannot
    be called; PeerFault `partner-unreachable` and `partner-misbehaved`, and what `verify_books` raises.
    """
    partner = broker.standing().partner(agency)
    refuse_uncallable(partner)
    run = Comparison(broker=broker, partner=partner, actor=actor, period=period, pause=pause)
    if tell is not None:
        run.tell = tell
    try:
        _compare(run)
    except HubError:
        run.turn_page()  # what was not looked at again may be settled; the next comparison tells
        if run.differences:
            _store(run)
        raise
    return conclude(run), run.kept


def _compare(run: Comparison) -> None:
    """Look for what differs, in an order in which traffic that goes on meanwhile does not."""
    broker, agency, period = run.broker, run.agency, run.period
    with broker.store.read() as view:
        # Read before they state what they sent: all that has come was sent by then.
        came = extent_of(view, agency, period).received
    theirs = exchange(run).extent
    with broker.store.read() as view:
        # Read after they stated what has come: all of it was sent by now.
        ours = extent_of(view, agency, period)
    open_ended = period is None or period.end is None
    walk(run, Direction.OUT, ours.first, max(ours.last, theirs.received if open_ended else 0))
    walk(run, Direction.IN, theirs.first, max(theirs.last, came if open_ended else 0))
    look_at_gaps(run, theirs)
    confirm(run)


def number_on(broker: Broker, actor: Actor, agency: str) -> tuple[int, int]:
    """Go on numbering above what a partner has received; return the last number before and the one now.

    For a hub whose database was set back: the numbers it would give are taken, and its partner refuses
    them. What it sent under them is lost here, and stays a difference.
    """
    require(may_operate(actor))
    partner = broker.standing().partner(agency)
    refuse_uncallable(partner)
    theirs = exchange(Comparison(broker=broker, partner=partner, actor=actor, period=None)).extent
    with broker.store.work() as work:
        before = work.books.number_on(agency, theirs.received)
        last = max(before, theirs.received)
        details = {"numbers_before": str(before), "numbers_last": str(last)}
        at = broker.clock.now()
        work.stage([broker.event(Act.RECONCILED, actor, agency, at, **details)])
        work.commit()
    return before, last


def refuse_uncallable(partner: Counterparty) -> None:
    """Raise Refused unless we can ask a partner for its books."""
    agency, row = partner.row.agency, partner.row
    if row.status is not PartnerStatus.ACTIVE:
        raise Refused("partner-suspended", f"{agency} is suspended here; resume it first.")
    if row.url is None and row.via is None:
        raise Refused(
            "books-unreachable",
            f"{agency} cannot be called from here: its hub polls ours, and compares the books by itself. "
            "`hub partner show` tells what it found.",
        )


def conclude(run: Comparison) -> ReconciliationRow:
    """Tell the partner what came out, and store it with what became of the numbers that are missing."""
    found = tuple(
        Found(difference=one.kind.value, sender=one.sender, number=one.number) for one in run.kept[:FOUND_MAX]
    )
    exchange(run, outcome=Conclusion(compared=run.compared, differences=run.differences, found=found))
    return _store(run)


def _store(run: Comparison) -> ReconciliationRow:
    broker = run.broker
    row = ReconciliationRow(
        reconciliation_id=run.run,
        partner=run.agency,
        by=broker.agency,
        at=broker.clock.now(),
        compared=run.compared,
        differences=run.differences,
        period_from=run.period.start if run.period else None,
        period_to=run.period.end if run.period else None,
        found=tuple(one.as_document() for one in run.kept[:FOUND_MAX]),
        statements=tuple(run.statements),
    )
    with broker.store.work() as work:
        work.books.note(list(run.notes.values()))
        work.books.add_reconciliation(row)
        if row.differences:
            work.books.keep_run(run.run)
        work.stage([concluded(broker, run.actor, row, run=run.run)])
        work.commit()
    return row


def concluded(broker: Broker, actor: Actor, row: ReconciliationRow, *, run: str) -> AuditEvent:
    """Build the leaf of a comparison's end."""
    return broker.event(
        Act.RECONCILED,
        actor,
        row.partner,
        row.at,
        run=run,
        by=row.by,
        compared=str(row.compared),
        differences=str(row.differences),
    )
