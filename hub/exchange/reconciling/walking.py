"""Find what differs between two books: sums over ranges first, and rows where the sums differ.

What is equal is done with after one sum. A range that differs is cut into parts; of the parts that differ
both sides tell their rows, and each number that differs is looked at again at the end. Memory is bounded by
one message, and by the differences that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from hub.entries import Direction, Unadmitted
from hub.envelope.reconciliation import Extent, Range
from hub.errors import PeerFault
from hub.exchange.reconciling.comparing import GIVEN_UP, Difference, Kind, compare
from hub.exchange.reconciling.ledgers import Ledger
from hub.exchange.reconciling.messages import Comparison, exchange

#: Lines of ours in one range of sums, and how many ranges go in one message.
_CHUNK: Final = 2048
_CHUNKS: Final = 8
#: Lines of ours in one range whose rows are told, and how many ranges go in one message.
_PART: Final = 128
_PARTS: Final = 4
_GAPS_MAX: Final = 256
_SINGLES: Final = 32


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
