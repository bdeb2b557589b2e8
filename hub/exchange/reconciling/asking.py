"""Compare our books with those of a partner that can be called, and keep what came out.

The order in which the two sides' extents are read makes traffic that goes on meanwhile no difference; what
differs is looked at a second time at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, PartnerStatus, ReconciliationRow
from hub.envelope.reconciliation import FOUND_MAX, Conclusion, Found, Period
from hub.errors import Refused
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.reconciling.comparing import Difference
from hub.exchange.reconciling.ledgers import extent_of
from hub.exchange.reconciling.messages import Comparison, exchange
from hub.exchange.reconciling.walking import confirm, look_at_gaps, walk
from hub.policy.decision import require
from hub.policy.four_eyes import may_operate
from hub.records.actor import Actor


def reconcile(
    broker: Broker, actor: Actor, agency: str, *, period: Period | None = None
) -> tuple[ReconciliationRow, Sequence[Difference]]:
    """Compare our books with a partner's over a period, or in whole; store and return what differs.

    Raises Refused `partner-unknown`, `partner-suspended`, and `books-unreachable` for a partner that cannot
    be called; PeerFault `partner-unreachable` and `partner-misbehaved`, and what `verify_books` raises.
    """
    partner = broker.standing().partner(agency)
    refuse_uncallable(partner)
    run = Comparison(broker=broker, partner=partner, actor=actor, period=period)
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
    return conclude(run), list(run.found.values())


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
    if row.via is not None:
        raise Refused(
            "books-unreachable",
            f"{agency} is reached by way of {row.via}, and only the two hubs themselves can compare their "
            "books. Its gaps are still seen: `hub queue missing`.",
        )
    if row.url is None:
        raise Refused(
            "books-unreachable",
            f"{agency} cannot be called from here: its hub polls ours, and compares the books by itself. "
            "`hub partner show` tells what it found.",
        )


def conclude(run: Comparison) -> ReconciliationRow:
    """Tell the partner what came out, and store it with what became of the numbers that are missing."""
    broker = run.broker
    found = list(run.found.values())
    exchange(
        run,
        outcome=Conclusion(
            compared=run.compared,
            differences=len(found),
            found=tuple(
                Found(difference=one.kind.value, sender=one.sender, number=one.number)
                for one in found[:FOUND_MAX]
            ),
        ),
    )
    row = ReconciliationRow(
        reconciliation_id=run.run,
        partner=run.agency,
        by=broker.agency,
        at=broker.clock.now(),
        compared=run.compared,
        differences=len(found),
        period_from=run.period.start if run.period else None,
        period_to=run.period.end if run.period else None,
        found=tuple(one.as_document() for one in found[:FOUND_MAX]),
        statements=tuple(run.statements[-FOUND_MAX:]),
    )
    with broker.store.work() as work:
        work.books.note(list(run.notes.values()))
        work.books.add_reconciliation(row)
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
