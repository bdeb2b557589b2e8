"""Compare our books with those of a partner that can be called, message by message.

First sums over ranges are exchanged, and what is equal is done with. A range that differs is cut into parts;
of the parts that differ both sides tell their rows. What differs is looked at a second time at the end,
because traffic goes on meanwhile. Memory is bounded by one message, and by the differences that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, PartnerStatus, ReconciliationRow, StatementRow, Unadmitted
from hub.envelope.canonical import digest
from hub.envelope.reconciliation import (
    FOUND_MAX,
    BooksStatement,
    Conclusion,
    Extent,
    Found,
    Period,
    Range,
    state_books,
    verify_books,
)
from hub.errors import PeerFault, Refused
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.reconciling.comparing import GIVEN_UP, Difference, Kind, compare
from hub.exchange.reconciling.ledgers import Ledger, extent_of
from hub.policy.decision import require
from hub.policy.four_eyes import may_operate
from hub.records.actor import Actor
from hub.records.ids import new_id

#: Lines of ours in one range of sums, and how many ranges go in one message.
_CHUNK: Final = 2048
_CHUNKS: Final = 8
#: Lines of ours in one range whose rows are told, and how many ranges go in one message.
_PART: Final = 128
_PARTS: Final = 4
_GAPS_MAX: Final = 256
_SINGLES: Final = 32


@dataclass(kw_only=True)
class Comparison:
    """One comparison under way."""

    broker: Broker
    partner: Counterparty
    actor: Actor
    period: Period | None
    run: str = field(default_factory=new_id)
    compared: int = 0
    messages: int = 0
    found: dict[tuple[str, int, Kind], Difference] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    notes: dict[int, Unadmitted] = field(default_factory=dict)

    @property
    def agency(self) -> str:
        """Return the partner's agency."""
        return self.partner.row.agency

    def ledger(self, direction: Direction) -> Ledger:
        """Return our side of one direction."""
        return Ledger(store=self.broker.store, partner=self.agency, direction=direction)


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


def exchange(
    run: Comparison,
    *,
    sent: Sequence[Range] = (),
    received: Sequence[Range] = (),
    rows: bool = False,
    outcome: Conclusion | None = None,
) -> BooksStatement:
    """State our books over some ranges, and return what the partner states; both are stored."""
    broker, partner = run.broker, run.partner
    run.messages += 1
    if run.messages > broker.limits.reconcile_messages_max:
        raise PeerFault(
            "partner-misbehaved", f"After {run.messages - 1} messages {run.agency} still tells other numbers."
        )
    with broker.store.read() as view:
        extent = extent_of(view, run.agency, run.period)
    at = broker.clock.now()
    statement = BooksStatement(
        by=broker.agency,
        to=run.agency,
        run=run.run,
        issued_at=at,
        extent=extent,
        sent=tuple(sent),
        received=tuple(received),
        rows=rows,
        period=run.period,
        outcome=outcome,
    )
    raw = state_books(statement, keys=broker.keyring.signing(), suite=partner.suite)
    answer_raw = broker.carrier.reconcile(partner.row, raw)
    answer = verify_books(answer_raw, by=partner.public, to=broker.agency, allowed=partner.allowed)
    if answer.answers != digest(raw).hex() or answer.run != run.run:
        raise PeerFault("partner-misbehaved", f"{run.agency} answered another message about its books.")
    _need_answers(run, sent, answer.received)
    _need_answers(run, received, answer.sent)
    rows_kept = [
        StatementRow(digest=digest(one).hex(), signer=signer, at=at, raw=one)
        for signer, one in ((broker.agency, raw), (run.agency, answer_raw))
    ]
    run.statements += [row.digest for row in rows_kept]
    with broker.store.work() as work:
        work.books.add_statements(rows_kept)
        work.stage([_event(run, *[row.digest for row in rows_kept])])
        work.commit()
    return answer


def _event(run: Comparison, request: str, answer: str) -> AuditEvent:
    return run.broker.event(
        Act.RECONCILED,
        run.actor,
        run.agency,
        run.broker.clock.now(),
        run=run.run,
        request=request,
        answer=answer,
    )


def _need_answers(run: Comparison, asked: Sequence[Range], told: Sequence[Range]) -> None:
    fit = len(asked) == len(told) and all(
        one.first == other.first and other.last <= one.last for one, other in zip(asked, told, strict=True)
    )
    if not fit:
        raise PeerFault("partner-misbehaved", f"{run.agency} told of other numbers than it was asked for.")


def walk(run: Comparison, direction: Direction, first: int, last: int) -> None:
    """Compare one direction from one number to another: sums of large ranges, of small ones, then rows."""
    ledger = run.ledger(direction)
    chunks = ledger.cuts(first, last, _CHUNK)
    while batch := list(islice(chunks, _CHUNKS)):
        for chunk in _differing(run, ledger, batch):
            parts = ledger.cuts(*chunk, _PART)
            while group := list(islice(parts, _CHUNKS)):
                tell_rows(run, ledger, _differing(run, ledger, group))
                if _full(run):
                    return


def _full(run: Comparison) -> bool:
    return len(run.found) >= run.broker.limits.reconcile_differences_max


def _differing(run: Comparison, ledger: Ledger, ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Exchange sums and return the ranges that differ; count what is equal."""
    todo, differing = list(ranges), []
    most = run.broker.limits.reconcile_lines_max
    while todo:
        ours = [ledger.sum(first, last, most=most) for first, last in todo]
        todo = []
        for mine, theirs in zip(ours, _ask(run, ledger, ours, rows=False), strict=True):
            if theirs.last < mine.last:  # they have more here than they add up at once
                todo.append((theirs.last + 1, mine.last))
                mine = ledger.sum(mine.first, theirs.last, most=most)
            if (mine.count, mine.digest) == (theirs.count, theirs.digest):
                run.compared += mine.count
            else:
                differing.append((theirs.first, theirs.last))
    return differing


def _ask(run: Comparison, ledger: Ledger, ours: Sequence[Range], *, rows: bool) -> Sequence[Range]:
    if ledger.direction is Direction.OUT:
        return exchange(run, sent=ours, rows=rows).received
    return exchange(run, received=ours, rows=rows).sent


def tell_rows(run: Comparison, ledger: Ledger, ranges: Iterable[tuple[int, int]]) -> None:
    """Exchange the rows of some ranges and keep the differences."""
    todo = list(ranges)
    while todo and not _full(run):
        batch, todo = todo[:_PARTS], todo[_PARTS:]
        for difference in _rows(run, ledger, batch, left=todo):
            run.found[difference.key] = difference


def _rows(
    run: Comparison, ledger: Ledger, ranges: Sequence[tuple[int, int]], *, left: list[tuple[int, int]]
) -> Iterator[Difference]:
    """Exchange the rows of a few ranges; what does not fit into one message is added to `left`."""
    ours = [ledger.rows(first, last, most=_PART) for first, last in ranges]
    left += [(mine.last + 1, last) for mine, (_, last) in zip(ours, ranges, strict=True) if mine.last < last]
    outward = ledger.direction is Direction.OUT
    for mine, theirs in zip(ours, _ask(run, ledger, ours, rows=True), strict=True):
        if theirs.lines is None:
            left.append((mine.first, mine.last))
            continue
        if theirs.last < mine.last:
            left.append((theirs.last + 1, mine.last))
        here = tuple(line for line in mine.lines or () if line.number <= theirs.last)
        if outward:
            sent, received, sender, recipient = here, theirs.lines, run.broker.agency, run.agency
        else:
            sent, received, sender, recipient = theirs.lines, here, run.agency, run.broker.agency
            _note(run, {line.number for line in here}, theirs)
        run.compared += len({line.number for line in (*sent, *received)})
        yield from compare(sent, received, sender=sender, recipient=recipient)


def _note(run: Comparison, here: set[int], theirs: Range) -> None:
    """Remember what the partner says became of numbers that have not come, so that they are no gaps."""
    at = run.broker.clock.now()
    for line in theirs.lines or ():
        if line.state in GIVEN_UP and line.number not in here:
            run.notes[line.number] = Unadmitted(
                originator=run.agency,
                number=line.number,
                envelope_id=line.envelope_id,
                state=line.state,
                reason=line.reason,
                at=at,
                digest=bytes.fromhex(line.digest) if line.digest else None,
            )


def look_at_gaps(run: Comparison, theirs: Extent) -> None:
    """Ask what became of the numbers that are missing here; sums are equal where neither side has them."""
    ledger = run.ledger(Direction.IN)
    with run.broker.store.read() as view:
        gaps = view.books.gaps(run.agency, limit=_GAPS_MAX)
    ranges = [
        (max(gap.first, theirs.first), min(gap.last, theirs.last))
        for gap in gaps
        if gap.first <= theirs.last and gap.last >= theirs.first
    ]
    for first, last in ranges:
        todo = [(first, last)]
        while todo and not _full(run):
            here, later = todo.pop(0), list[tuple[int, int]]()
            ours = ledger.rows(*here, most=_PART)
            (told,) = _ask(run, ledger, [ours], rows=True)
            if told.lines is None:
                raise PeerFault(
                    "partner-misbehaved", f"{run.agency} told no rows when it was asked for them."
                )
            if told.last < here[1]:
                later.append((told.last + 1, here[1]))
            mine = [line for line in ours.lines or () if line.number <= told.last]
            _note(run, {line.number for line in mine}, told)
            _keep_missing(run, told, {line.number for line in (*mine, *told.lines)})
            for one in compare(told.lines, mine, sender=run.agency, recipient=run.broker.agency):
                run.found[one.key] = one
            todo += later


def _keep_missing(run: Comparison, told: Range, known: set[int]) -> None:
    """Keep the numbers that neither side knows, although the partner says that it went beyond them."""
    most = run.broker.limits.reconcile_differences_max
    unknown = (number for number in range(told.first, told.last + 1) if number not in known)
    for number in islice(unknown, most - len(run.found)):
        difference = Difference(
            kind=Kind.IN_NEITHER, sender=run.agency, recipient=run.broker.agency, number=number
        )
        run.found[difference.key] = difference


def confirm(run: Comparison) -> None:
    """Look again at each number that differs: what traffic has put right meanwhile is no difference."""
    before, run.found = run.found, {}
    compared = run.compared
    for direction, sender in ((Direction.OUT, run.broker.agency), (Direction.IN, run.agency)):
        numbers = [d.number for d in before.values() if d.sender == sender and d.kind is not Kind.IN_NEITHER]
        singles = [(number, number) for number in sorted(set(numbers))]
        while singles:
            batch, singles = singles[:_SINGLES], singles[_SINGLES:]
            for one in _rows(run, run.ledger(direction), batch, left=singles):
                if one.key in before:
                    run.found[one.key] = one
    run.found |= {key: one for key, one in before.items() if one.kind is Kind.IN_NEITHER}
    run.compared = compared


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
