"""Count the ledger from the rows of a period: kinds, outcomes and times; nothing is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.entries import Direction, RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.ledger.figures import Quarter, Reciprocity, Requests
from hub.ports import View
from hub.records.kinds import Action, Kind
from hub.records.lifecycle import RecordState

_PAGE: Final = 500
_FINAL: Final = frozenset({"full", "partial", "refused", "forwarded"})


@dataclass(kw_only=True)
class _Side:
    """What is counted of the requests that one side made of one partner."""

    numbers: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    days: list[float] = field(default_factory=list)

    def done(self) -> Requests:
        return Requests(refused=dict(sorted(self.refused.items())), days=tuple(self.days), **self.numbers)


@dataclass(kw_only=True)
class _Page:
    sent: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    asked: _Side = field(default_factory=_Side)
    asked_of_us: _Side = field(default_factory=_Side)


def ledger(broker: Broker, quarter: Quarter, *, partner: str | None = None) -> Sequence[Reciprocity]:
    """Return the ledger of a quarter, partner by partner; records count by the day they were made.

    It reads every row of the period: for reports, not for each record. How requests were answered is told as
    it stands now, also by answers of after the period.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        known = {*standing.partners, *standing.hubless}
        wanted = sorted(known) if partner is None else [partner]
        if partner is not None and partner not in known:
            raise Refused("partner-unknown", f"{partner} is not a partner of this hub.")
        pages = {name: _Page() for name in wanted}
        for rows in _rows(view, quarter):
            _count(pages, rows)
            _weigh(view, pages, rows, at)
        for lane, waiting in view.ledger.undelivered(start=quarter.start, end=quarter.end).items():
            if lane in pages:
                pages[lane].numbers["undelivered"] += waiting
    return [
        Reciprocity(
            partner=name,
            sent=dict(sorted(page.sent.items())),
            received=dict(sorted(page.received.items())),
            asked=page.asked.done(),
            asked_of_us=page.asked_of_us.done(),
            **page.numbers,
        )
        for name, page in pages.items()
    ]


def _rows(view: View, quarter: Quarter) -> Iterator[Sequence[RecordRow]]:
    after = 0
    while rows := view.ledger.made(start=quarter.start, end=quarter.end, after=after, limit=_PAGE):
        yield rows
        after = rows[-1].position


def _partners(row: RecordRow, pages: Mapping[str, _Page]) -> list[str]:
    """Return those partners of the ledger that a record went to, or came from."""
    others = row.recipients if row.direction is Direction.OUT else (row.originator,)
    return [name for name in others if name in pages]


def _count(pages: Mapping[str, _Page], rows: Sequence[RecordRow]) -> None:
    for row in rows:
        ours = row.direction is Direction.OUT
        for name in _partners(row, pages):
            page = pages[name]
            if row.version == 1:
                (page.sent if ours else page.received)[row.kind] += 1
            elif row.action == Action.WITHDRAWAL.value:
                page.numbers["recalled_sent" if ours else "recalled_received"] += 1


def _weigh(view: View, pages: Mapping[str, _Page], rows: Sequence[RecordRow], at: datetime) -> None:
    """Add what has come of the requests among some rows."""
    requests = [r for r in rows if r.kind == Kind.ASSISTANCE_REQUEST.value and r.version == 1]
    if not requests:
        return
    newest = view.records.newest([row.record_id for row in requests])
    answers = _answers(view, requests)
    for row in requests:
        current = newest.get((row.originator, row.record_id), row)
        for name in _partners(row, pages):
            side = pages[name].asked if row.direction is Direction.OUT else pages[name].asked_of_us
            given = answers.get(_key(row, name), [])
            _weigh_one(side, current, given, at)


def _key(row: RecordRow, partner: str) -> tuple[str, str, str]:
    """Name one partner's part of a request: which it is, and who would answer whom."""
    ours = row.direction is Direction.OUT
    return row.record_id, row.conversation, partner if ours else "us"


def _answers(
    view: View, requests: Sequence[RecordRow]
) -> Mapping[tuple[str, str, str], list[tuple[datetime, RecordRow]]]:
    """Return the answers to some requests with when they came or went, by `_key`, in their order."""
    rows = view.ledger.in_conversations([row.conversation for row in requests])
    answers = [r for r in rows if r.in_reply_to and r.kind == Kind.ASSISTANCE_ANSWER.value]
    came = view.inbox.seen(
        [(r.originator, r.envelope_id) for r in answers if r.direction is Direction.IN and r.envelope_id]
    )
    found: dict[tuple[str, str, str], list[tuple[datetime, RecordRow]]] = {}
    for row in answers:
        entry = came.get((row.originator, row.envelope_id or ""))
        when = entry.received_at if entry is not None else row.created_at
        who = row.originator if row.direction is Direction.IN else "us"
        found.setdefault((row.in_reply_to or "", row.conversation, who), []).append((when, row))
    return found


def _weigh_one(
    side: _Side, request: RecordRow, answers: Sequence[tuple[datetime, RecordRow]], at: datetime
) -> None:
    side.numbers["made"] += 1
    if request.state is RecordState.WITHDRAWN or request.action == Action.WITHDRAWAL.value:
        side.numbers["withdrawn"] += 1
        return
    final = next(((when, row) for when, row in answers if row.outcome in _FINAL), None)
    if final is None:
        side.numbers["postponed"] += any(row.outcome == "postponed" for _, row in answers)
        side.numbers["outstanding"] += 1
        side.numbers["overdue"] += request.reply_due_at is not None and request.reply_due_at < at
        return
    when, answer = final
    if answer.outcome == "refused":
        side.refused[answer.ground or "other"] += 1
    else:
        side.numbers[str(answer.outcome)] += 1
    side.days.append((when - request.created_at).total_seconds() / 86400)
    if request.reply_due_at is not None:
        side.numbers["in_time" if when <= request.reply_due_at else "late"] += 1
