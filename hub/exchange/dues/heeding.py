"""Who has not followed a correction or a withdrawal: partners without a receipt, members that were not told.

So with partners that have a record of ours through another hub, which tells us of their receipts.

A partner's hub takes the earlier version out of force in the step in which it acknowledges, and a member's
system is told by collecting. What stands here has therefore not reached them, or waits for them to act, or
for a person here where a policy holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from hub.audit.events import Act
from hub.entries import RecordRow, ReminderRow
from hub.exchange.broker import Broker
from hub.exchange.dues.reminding import Level
from hub.exchange.passing.reported import awaited
from hub.limits import Limits
from hub.ports import View
from hub.records.kinds import Action
from hub.records.lifecycle import RecordState

_PAGE: Final = 200
_FOLLOWED: Final = frozenset({Action.CORRECTION.value, Action.WITHDRAWAL.value})
_OVERTAKEN: Final = frozenset({RecordState.SUPERSEDED, RecordState.WITHDRAWN})


@dataclass(frozen=True, kw_only=True)
class Unheeded:
    """One correction or withdrawal that somebody who had the record has not followed.

    `stands` is the state of its entry in the queue, or of its delivery to a member; `via` who passed the
    record on to them, where it was not us: then it was `passed-on` there, or not yet (`not-passed-on`).
    """

    originator: str
    record_id: str
    version: int
    action: str
    kind: str
    who: str
    since: datetime
    stands: str
    reason: str | None
    level: Level
    via: str | None = None


def unheeded(view: View, limits: Limits, *, agency: str, at: datetime) -> Sequence[Unheeded]:
    """Return what has not been followed, the oldest first; `agency` is whose hub this is.

    Versions that others overtook do not count.
    """
    found = (
        _partners(view, limits, agency, at),
        _onward(view, limits, agency, at),
        _members(view, limits, at),
    )
    return [one for each in found for one in sorted(each, key=lambda one: one.since)]


def tell_unheeded(broker: Broker, at: datetime) -> int:
    """Log what was not followed in time, once when it is late and once when it is long overdue."""
    with broker.store.read() as view:
        late = [
            one
            for one in unheeded(view, broker.limits, agency=broker.agency, at=at)
            if one.level > Level.SOON
        ]
        new = _untold(view, broker.limits, late)
    if new:
        with broker.store.work() as work:
            work.dues.tell([_reminder(broker.limits, one, at) for one in new])
            work.stage(
                broker.event(
                    Act.REMINDED,
                    broker.itself,
                    one.record_id,
                    at,
                    what=one.action,
                    due=_due(broker.limits, one).isoformat(),
                    level=one.level.name.lower(),
                    originator=one.originator,
                    version=str(one.version),
                    to=one.who,
                    **({} if one.via is None else {"via": one.via}),
                )
                for one in new
            )
            work.commit()
    return len(new)


def _partners(view: View, limits: Limits, agency: str, at: datetime) -> Iterator[Unheeded]:
    after = 0
    while rows := view.dues.unacknowledged(after=after, limit=_PAGE):
        after = rows[-1].position
        keys = [(agency, row.record_id or "", row.version or 0) for row in rows]
        known = view.records.get_many(keys)
        for key, entry in zip(keys, rows, strict=True):
            record = known.get(key)
            if record is None or not _to_be_followed(record):
                continue
            who, stands = entry.recipient, entry.state.value
            yield _of(record, who, entry.created_at, stands, entry.reason, limits=limits, at=at)


def _onward(view: View, limits: Limits, agency: str, at: datetime) -> Iterator[Unheeded]:
    after = ""
    while passages := view.passages.awaited(agency, after=after, limit=_PAGE):
        after = passages[-1].passage_id
        for one in (each for passage in passages for each in awaited(view, passage)):
            stands = "passed-on" if one.told else "not-passed-on"
            late = _of(one.row, one.who, one.since, stands, None, limits=limits, at=at)
            yield replace(late, via=one.via)


def _members(view: View, limits: Limits, at: datetime) -> Iterator[Unheeded]:
    after = ("", 0)
    while rows := view.dues.uncollected(after=after, limit=_PAGE):
        after = rows[-1].member, rows[-1].position
        keys = [(row.originator, row.record_id, row.version) for row in rows]
        known = view.records.get_many(keys)
        for key, delivery in zip(keys, rows, strict=True):
            record = known.get(key)
            if record is None or not _to_be_followed(record):
                continue
            who, stands = delivery.member, delivery.state.value
            yield _of(record, who, delivery.at, stands, delivery.reason, limits=limits, at=at)


def _of(
    record: RecordRow,
    who: str,
    since: datetime,
    stands: str,
    reason: str | None,
    *,
    limits: Limits,
    at: datetime,
) -> Unheeded:
    return Unheeded(
        originator=record.originator,
        record_id=record.record_id,
        version=record.version,
        action=record.action,
        kind=record.kind,
        who=who,
        since=since,
        stands=stands,
        reason=reason,
        level=_level(limits, since, at),
    )


def _to_be_followed(record: RecordRow) -> bool:
    """Tell whether a correction or withdrawal is in force: the draft of a next one overtakes nothing."""
    return record.action in _FOLLOWED and record.state not in _OVERTAKEN


def _level(limits: Limits, since: datetime, at: datetime) -> Level:
    age_s = (at - since).total_seconds()
    if age_s >= limits.heed_remind_s + limits.overdue_escalate_s:
        return Level.OVERDUE
    return Level.DUE if age_s >= limits.heed_remind_s else Level.SOON


def _due(limits: Limits, one: Unheeded) -> datetime:
    return one.since + timedelta(seconds=limits.heed_remind_s)


def _what(one: Unheeded) -> str:
    way = "" if one.via is None else f" by way of {one.via}"
    return f"{one.action} to {one.who}{way}"


def _untold(view: View, limits: Limits, late: Sequence[Unheeded]) -> list[Unheeded]:
    """Return those that people were not told of at their level yet; a page of those of one who a question."""
    new: list[Unheeded] = []
    ordered = sorted(late, key=_what)
    for what, group in groupby(ordered, key=_what):
        items = list(group)
        for start in range(0, len(items), _PAGE):
            part = items[start : start + _PAGE]
            told = view.dues.told(what, [one.record_id for one in part])
            new += [
                one
                for one in part
                if told.get((one.originator, one.record_id, _due(limits, one)), 0) < one.level
            ]
    return new


def _reminder(limits: Limits, one: Unheeded, at: datetime) -> ReminderRow:
    return ReminderRow(
        what=_what(one),
        originator=one.originator,
        record_id=one.record_id,
        due_at=_due(limits, one),
        level=one.level,
        told_at=at,
    )
