"""Find what differs between two books: sums over ranges first, and rows where the sums differ.

What is equal is done with after one sum. A range that differs is cut into parts; of the parts that differ
both sides tell their rows, and each number that differs is looked at again before it is told. Every
difference is told, a page at a time; memory is bounded by one message and one page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

from hub.entries import Direction, Gap, Unadmitted
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
_GAPS_PAGE: Final = 256
#: Numbers whose rows are asked for again in one message, and in how many ranges.
_AGAIN: Final = 256
_AGAIN_RANGES: Final = 32


def walk(run: Comparison, direction: Direction, first: int, last: int) -> None:
    """Compare one direction from one number to another: sums of large ranges, of small ones, then rows."""
    ledger = run.ledger(direction)
    chunks = ledger.cuts(first, last, _CHUNK)
    while batch := list(islice(chunks, _CHUNKS)):
        for chunk in _differing(run, ledger, batch):
            parts = ledger.cuts(*chunk, _PART)
            while group := list(islice(parts, _CHUNKS)):
                tell_rows(run, ledger, _differing(run, ledger, group))


def _differing(run: Comparison, ledger: Ledger, ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Exchange sums and return the ranges that differ; count what is equal."""
    todo, differing = list(ranges), []
    most = run.broker.limits.reconcile_lines_max
    while todo:
        ours = [ledger.sum(first, last, most=most) for first, last in todo]
        run.walked += sum(mine.count for mine in ours)
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
    while todo:
        batch, todo = todo[:_PARTS], todo[_PARTS:]
        for difference in _rows(run, ledger, batch, left=todo):
            run.found[difference.key] = difference
        if run.is_page():
            confirm(run)


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
    after = 0
    while gaps := _gaps(run, after):
        after = gaps[-1].first
        for gap in gaps:
            first, last = max(gap.first, theirs.first), min(gap.last, theirs.last)
            while first <= last:
                first = _look_at_gap(run, first, last) + 1
                if run.is_page():
                    confirm(run)


def _gaps(run: Comparison, after: int) -> Sequence[Gap]:
    with run.broker.store.read() as view:
        return view.books.gaps(run.agency, after=after, limit=_GAPS_PAGE)


def _look_at_gap(run: Comparison, first: int, last: int) -> int:
    """Ask for the rows of a gap and return the number up to which the partner told them.

    What it has sent, and says that we accepted, makes the sums differ and was found by them.
    """
    ledger = run.ledger(Direction.IN)
    ours = ledger.rows(first, last, most=_PART)
    (told,) = _ask(run, ledger, [ours], rows=True)
    if told.lines is None:
        raise PeerFault("partner-misbehaved", f"{run.agency} told no rows when it was asked for them.")
    mine = {line.number for line in ours.lines or () if line.number <= told.last}
    _note(run, mine, told)
    _keep_missing(run, told, mine | {line.number for line in told.lines})
    return told.last


def _keep_missing(run: Comparison, told: Range, known: set[int]) -> None:
    """Keep the numbers that neither side knows, although the partner says that it went beyond them."""
    edges = [told.first - 1, *sorted(known), told.last + 1]
    for before, after in pairwise(edges):
        if after - before > 1:
            difference = Difference(
                kind=Kind.IN_NEITHER,
                sender=run.agency,
                recipient=run.broker.agency,
                number=before + 1,
                last=after - 1 if after - before > 2 else None,
            )
            run.found[difference.key] = difference


def confirm(run: Comparison) -> None:
    """Look again at each number that differs and tell what still does.

    What traffic has put right meanwhile is no difference.
    """
    still: dict[tuple[str, int, Kind], Difference] = {}
    compared = run.compared
    for direction, sender in ((Direction.OUT, run.broker.agency), (Direction.IN, run.agency)):
        found = [one for one in run.found.values() if one.sender == sender]
        numbers = {one.number for one in found if one.kind is not Kind.IN_NEITHER}
        todo = list(_ranges(sorted(numbers)))
        while todo:
            batch, todo = _few(todo)
            for one in _rows(run, run.ledger(direction), batch, left=todo):
                if one.key in run.found:
                    still[one.key] = one
    still |= {key: one for key, one in run.found.items() if one.kind is Kind.IN_NEITHER}
    run.found, run.compared = still, compared
    run.turn_page()


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield ranges of numbers that follow one another, none longer than a part."""
    first = last = None
    for number in numbers:
        if first is not None and last is not None and (number != last + 1 or last - first + 1 >= _PART):
            yield first, last
            first = None
        first, last = number if first is None else first, number
    if first is not None and last is not None:
        yield first, last


def _few(ranges: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the ranges whose rows are asked for in one message, and those that are left."""
    count = numbers = 0
    for first, last in ranges[:_AGAIN_RANGES]:
        numbers += last - first + 1
        if count and numbers > _AGAIN:
            break
        count += 1
    return ranges[:count], ranges[count:]
